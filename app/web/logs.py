"""What the server writes into its log: when, where and what kind of fault, and nothing about a citizen."""

from __future__ import annotations

import logging
import re

from flask import Flask
from flask.logging import default_handler

FORMAT = "[%(asctime)s] %(levelname)s in %(module)s: %(message)s"
_LONG_NUMBER = re.compile(r"(?<![0-9a-f])\+?\d{9,}(?![0-9a-f])")  # an identity number, a phone; no part of a hash
# What Python's own errors, and pydantic's, quote of a value that they could not use. It stands behind the traceback.
_QUOTES_VALUES = re.compile(r"(?m)^(?:\w+\.)*(?:Value|Key|Lookup|Type|Unicode\w+)Error\b.*$")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")
_INPUT = re.compile(r"input_value=.*?(?=, input_type)")


class Discreet(logging.Formatter):
    """Leaves out what a fault's message quotes of somebody's record: the place in the code says what was wrong."""

    def format(self, record: logging.LogRecord) -> str:
        """The record, without long numbers."""
        said_by_another, record.exc_text = record.exc_text, None  # a handler before this one leaves its text there
        try:
            return _LONG_NUMBER.sub("…", super().format(record))
        finally:
            record.exc_text = said_by_another

    def formatException(self, ei: object) -> str:  # noqa: N802  logging's own name
        """The traceback, without the values that its last lines quote."""
        text = super().formatException(ei)  # type: ignore[arg-type]
        return _INPUT.sub("input_value=…", _QUOTES_VALUES.sub(lambda found: _QUOTED.sub("…", found[0]), text))


def register(app: Flask) -> None:
    """What the site logs is written so."""
    default_handler.setFormatter(Discreet(FORMAT))
    assert app.logger  # made now, with that handler where the server has none


def log_as_a_server(app: Flask) -> None:
    """What waitress and the libraries log too: one handler for all, before waitress makes its own."""
    handler = logging.StreamHandler()
    handler.setFormatter(Discreet(FORMAT))
    logging.basicConfig(handlers=[handler])
    app.logger.removeHandler(default_handler)
