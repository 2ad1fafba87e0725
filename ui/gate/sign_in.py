"""Who a request comes from: a signed-in user, or a browser with a cookie of its own.

Without a file of users everybody may ask, and each browser is known by a random cookie. With one,
everybody gives a name and a password with every request (HTTP Basic), and is known by name.
`ui.gate.request_guard` applies this to every request.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from base64 import b64decode
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from rag.errors import FootnoteError
from ui.gate import users
from ui.gate.sign_in_limits import SignInLimits
from ui.gate.users import Users

COOKIE = "footnote_owner"
SHARED = "/shared/"  # begins the paths of shared conversations
Readers = Literal["users", "anyone", "nobody"]
COOKIE_AGE_S = 365 * 24 * 3600
OWNER_KEY = "footnote_owner"  # the owner's name in the state of a request
IS_NEW_KEY = "footnote_owner_is_new"  # beside it: whether the request had no cookie yet
LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


class UnknownOwner(FootnoteError):
    """A request whose owner the guard did not set."""


@dataclass(frozen=True)
class Access:
    """The access rules of one server. `hosts` are the names under which it may be addressed; empty:
    any. `root_path` is the prefix of its paths, or the whole public URL where a proxy serves it.
    `readers` may open shared conversations: who may use the page, also others, or nobody."""

    users: Users = field(default_factory=Users)
    hosts: frozenset[str] = LOOPBACK
    root_path: str = ""
    readers: Readers = "users"
    limits: SignInLimits = field(default_factory=SignInLimits, repr=False, compare=False)

    @classmethod
    def of(
        cls,
        host: str,
        auth_file: Path | None = None,
        root_path: str = "",
        readers: Readers = "users",
    ) -> Access:
        """The access of a server bound to `host`. Raises `SettingsError` over the file."""
        found = users.read_users(auth_file) if auth_file else Users()
        if not is_loopback(host):
            return cls(found, frozenset(), root_path, readers)
        public = urlsplit(root_path).hostname
        hosts = LOOPBACK | {host} | ({public} if public else set())
        return cls(found, hosts, root_path, readers)

    @property
    def shares(self) -> bool:
        """Whether conversations may be shared: others than this machine reach the server, and
        somebody may read them."""
        return self.readers != "nobody" and bool(not self.hosts or self.root_path or self.users)

    def is_open(self, path: str) -> bool:
        """Whether everybody may read what is at `path`, without a password."""
        return self.shares and self.readers == "anyone" and path.startswith(SHARED)

    @property
    def path(self) -> str:
        """The path under which a browser finds the page: "/", or such as "/footnote"."""
        return f"/{urlsplit(self.root_path).path.strip('/')}"

    @property
    def origin(self) -> str:
        """Host and port of the public URL; "" where there is none."""
        return urlsplit(self.root_path).netloc

    def owner(self, request: Any) -> str:
        """The owner of the conversations: ``user:NAME``, or ``browser:…`` from the cookie.

        `request` is Starlette's, or Gradio's around one. Raises `UnknownOwner`.
        """
        inner = getattr(request, "request", None) or request
        owner = getattr(inner.state, OWNER_KEY, "")
        if not owner:
            raise UnknownOwner("It is not known who asks.", "Reload the page.")
        return str(owner)

    def is_let_in(self, request: Any) -> bool:
        """False for a request that may learn nothing but that the server runs."""
        return bool(getattr(request.state, OWNER_KEY, ""))

    def answers_to(self, host: str) -> bool:
        """Whether the server may be addressed by the name in this Host header. A page of a foreign
        name that was pointed at this machine (DNS rebinding) may not."""
        name = hostname(host)
        return not self.hosts or name in self.hosts or is_loopback(name)

    def signed_in(self, authorization: str, address: str = "") -> str | None:
        """The user's name from an ``Authorization`` header, when the password is right.

        ``Basic …``, or ``Bearer name:password`` for clients that know keys only. `address` is where
        the request came from. Raises `TooManyAttempts` after too many wrong ones.
        """
        name, password = _credentials(authorization)
        if self.users.is_remembered(name, password):  # whoever guesses locks nobody out
            return name
        with self.limits.attempt(name, address) as succeed:
            if not self.users.is_right(name, password):
                return None
            succeed()
            return name


def is_loopback(host: str) -> bool:
    """True for a name or address that means this machine only."""
    from ipaddress import ip_address

    try:
        return host in LOOPBACK or ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def hostname(host: str) -> str:
    """The name in a Host header, in lower case and without its port; "" where there is none."""
    try:
        return (urlsplit(f"//{host}").hostname or "").rstrip(".")
    except ValueError:
        return ""


def new_cookie() -> str:
    """128 random bits in hexadecimal."""
    return secrets.token_hex(16)


def cookie_owner(value: str) -> str | None:
    """The owner that a cookie stands for; None where it cannot be one of ours. The history stores a
    hash, because the cookie itself is a secret."""
    if not re.fullmatch(r"[0-9a-f]{32}", value):
        return None
    return f"browser:{hashlib.sha256(value.encode()).hexdigest()[:32]}"


def user_owner(name: str) -> str:
    """The owner that a signed-in user is; no cookie's owner is ever equal to it."""
    return f"user:{name}"


def user_name(owner: str) -> str:
    """The name of the signed-in user that an owner is; "" for a browser."""
    kind, _, name = owner.partition(":")
    return name if kind == "user" else ""


def _credentials(authorization: str) -> tuple[str, str]:
    scheme, _, value = authorization.partition(" ")
    text = value.strip()
    if scheme.lower() == "basic":
        try:
            text = b64decode(text, validate=True).decode("utf-8")
        except ValueError:
            return "", ""
    elif scheme.lower() != "bearer":
        return "", ""
    name, _, password = text.partition(":")
    return name, password
