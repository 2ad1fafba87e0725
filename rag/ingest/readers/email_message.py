"""Reads mails (.eml): subject, who wrote to whom and when, and the text."""

from __future__ import annotations

import email
import email.policy
from collections.abc import Iterator
from contextlib import suppress
from email.message import EmailMessage
from email.utils import parsedate_to_datetime

from rag.ingest.raw_source import RawSource, make_document, source_error
from rag.ingest.readers.html import extract_article
from rag.types import Document

_SHOWN = ("From", "To", "Cc", "Date", "Subject")


def read_email(raw: RawSource) -> list[Document]:
    message = email.message_from_bytes(raw.data, policy=email.policy.default)
    try:
        head = [f"{name}: {message[name]}" for name in _SHOWN if message[name]]
        body = _body(message)
        attached = [part.get_filename() or "one without a name" for part in _attachments(message)]
    except Exception as error:  # broken headers and encodings fail in many ways
        raise source_error(raw.name, "is damaged or no mail", "Save it again as .eml.") from error
    if not head or not body.strip():
        raise source_error(raw.name, "has no text or is no mail", "Save it again as .eml.")
    if attached:
        raw.warn(
            f"Attachments of {raw.name} were not read: {', '.join(attached)}.",
            "Save them beside it.",
        )
    published = None
    with suppress(ValueError, TypeError):
        published = parsedate_to_datetime(str(message["Date"])).date().isoformat()
    text = "\n".join(head) + f"\n\n{body.strip()}"
    return [make_document(raw, text, str(message["Subject"] or ""), published=published)]


def _body(message: EmailMessage) -> str:
    part = message.get_body(("plain", "html"))
    if part is None:
        return ""
    content = str(part.get_content()).replace("\r\n", "\n")
    if part.get_content_subtype() == "html":
        return extract_article(content).text
    return content


def _attachments(message: EmailMessage) -> Iterator[EmailMessage]:
    for part in message.iter_attachments():
        if isinstance(part, EmailMessage):
            yield part
