"""The file of users: which names may sign in, and whether a password is right.

Run as ``python -m ui.gate.users`` it asks for a password and prints a hash to use in the file.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rag.errors import SettingsError

REMEMBERED = 256  # right passwords that are cached, so that not every request costs a scrypt

_HASHED = re.compile(r"scrypt\$([0-9a-f]{32})\$([0-9a-f]{64})")


@dataclass(frozen=True)
class Users:
    """Names and passwords, as they are or as `hash_password` gives them. Safe among threads."""

    passwords: Mapping[str, str] = field(default_factory=dict, repr=False)
    _key: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)
    _right: dict[bytes, None] = field(default_factory=dict, repr=False)

    def __bool__(self) -> bool:
        return bool(self.passwords)

    def is_right(self, name: str, password: str) -> bool:
        """Slow (a tenth of a second) when a hashed password is met for the first time. An unknown
        name takes as long as a known one."""
        if self.is_remembered(name, password):
            return True
        known = self.passwords.get(name)
        against = next(iter(self.passwords.values()), "") if known is None else known
        if not _matches(password, against) or known is None:
            return False
        if len(self._right) < REMEMBERED:
            self._right[self._tag(name, password)] = None
        return True

    def is_remembered(self, name: str, password: str) -> bool:
        """Whether this password was found right before; that costs nothing."""
        return self._tag(name, password) in self._right

    def _tag(self, name: str, password: str) -> bytes:
        return hmac.digest(self._key, f"{name}:{password}".encode(errors="replace"), "sha256")


def read_users(path: Path) -> Users:
    """The users of a file with one ``name:password`` a line; lines that begin with # are passed
    over. Raises `SettingsError` for a file that others may read, or that holds anything else."""
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The file of users {path} cannot be read.", "Check its path and its permissions."
        ) from error
    if os.name == "posix" and mode & 0o077:
        raise SettingsError(
            f"Others may read the file of users {path}.", f"Close it to them: `chmod 600 {path}`."
        )
    passwords: dict[str, str] = {}
    for number, name, password in _entries(text):
        if not name or not password or name in passwords:
            raise SettingsError(
                f"Line {number} of the file of users {path} is not a new name and its password.",
                "Write one `name:password` a line.",
            )
        passwords[name] = password
    if not passwords:
        raise SettingsError(f"The file of users {path} names nobody.", "Write `name:password`.")
    return Users(passwords)


def _entries(text: str) -> Iterator[tuple[int, str, str]]:
    for number, entry in enumerate(text.splitlines(), 1):
        if entry.strip() and not entry.lstrip().startswith("#"):
            name, _, password = entry.partition(":")
            yield number, name.strip(), password.strip()


def hash_password(password: str) -> str:
    """A password as it may stand in the file without being read out of it."""
    salt = secrets.token_bytes(16)
    return f"scrypt${salt.hex()}${_scrypt(password, salt).hex()}"


def _scrypt(password: str, salt: bytes) -> bytes:
    return hashlib.scrypt(password.encode(errors="replace"), salt=salt, n=2**14, r=8, p=1, dklen=32)


def _matches(password: str, expected: str) -> bool:
    if found := _HASHED.fullmatch(expected):
        given = _scrypt(password, bytes.fromhex(found[1]))
        return hmac.compare_digest(given, bytes.fromhex(found[2]))
    given, right = (
        hashlib.sha256(each.encode(errors="replace")).digest() for each in (password, expected)
    )
    return hmac.compare_digest(given, right)


if __name__ == "__main__":
    from getpass import getpass

    print(hash_password(getpass()))
