"""Errors, each with what happened and what to do about it.

Every message is one sentence that says what happened and one that names the remedy. The command
line exits with `exit_code`.

    FootnoteError                      1
    ├── QuestionError                  3  empty, or too long to be a question
    ├── SourceError                    4  a path or file that cannot be read as a document
    ├── LibraryError                   5  the index cannot be opened, read or written
    │   ├── EmptyLibrary               6  nothing is indexed
    │   ├── LibraryBusy                7  another process is indexing
    │   ├── EmbedderMismatch           8  the index was made with another embedding model
    │   └── NoSuchDocument             9  no document has this id
    ├── ModelError                    10  the language model failed
    │   ├── ModelAuthError            11  the server refused the key
    │   ├── ModelUnreachable          12  no server answered
    │   ├── ModelTimeout              13  the server was too slow
    │   ├── ModelInterrupted          14  the reply broke off
    │   ├── ModelFileError            15  weights are missing, truncated or corrupt
    │   └── ModelRefused              16  the server answered with an error of its own
    ├── SettingsError                 17  a setting has no usable value
    ├── Cancelled                     18  somebody ended the question while it was answered
    └── ClusterError                  19  the Ray cluster cannot be reached, or its workers fail
"""

from __future__ import annotations

from typing import ClassVar


class FootnoteError(Exception):
    """`problem` says what happened, `remedy` what to do about it; both are full sentences."""

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, remedy: str) -> None:
        super().__init__(f"{problem} {remedy}")
        self.problem = problem
        self.remedy = remedy

    def __reduce__(self) -> tuple[type[FootnoteError], tuple[str, str]]:
        """As `pickle` wants it, so that an error of another process comes whole."""
        return type(self), (self.problem, self.remedy)


class QuestionError(FootnoteError):
    exit_code = 3


class SourceError(FootnoteError):
    exit_code = 4


class LibraryError(FootnoteError):
    exit_code = 5


class EmptyLibrary(LibraryError):
    exit_code = 6


class LibraryBusy(LibraryError):
    exit_code = 7


class EmbedderMismatch(LibraryError):
    exit_code = 8


class NoSuchDocument(LibraryError):
    exit_code = 9


class ModelError(FootnoteError):
    exit_code = 10


class ModelAuthError(ModelError):
    exit_code = 11


class ModelUnreachable(ModelError):
    exit_code = 12


class ModelTimeout(ModelError):
    exit_code = 13


class ModelInterrupted(ModelError):
    exit_code = 14


class ModelFileError(ModelError):
    exit_code = 15


class ModelRefused(ModelError):
    exit_code = 16


class SettingsError(FootnoteError):
    exit_code = 17


class Cancelled(FootnoteError):
    exit_code = 18


class ClusterError(FootnoteError):
    exit_code = 19


def printable_line(text: object) -> str:
    """Text from outside as one line for a message.

    Control and formatting characters become spaces, and any run of white space one space.
    """
    return " ".join("".join(c if c.isprintable() else " " for c in str(text)).split())
