"""Silences the loggers of the libraries: our errors say what is wrong with a file."""

from __future__ import annotations

import logging

_NAMES = ("pypdf", "trafilatura", "htmldate", "courlan", "justext", "charset_normalizer")


def silence_loggers() -> None:
    for name in _NAMES:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
