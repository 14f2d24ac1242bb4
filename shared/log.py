"""One JSON line per message, and no secret in any line."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from typing import Any

NAMES = r"""(?:(?:security|access|refresh|id)[-_ ]?token|authorization|signature|(?<![a-z])sign
    |pass(?:word|wd|phrase)|secret|private[-_ ]?key|api[-_]?key|access[-_ ]?key[-_ ]?id)"""
"""How the names of secrets end. A webhook of DingTalk has its key under ``access_token`` and ``sign``."""
SECRETS = re.compile(
    rf"""(?ix)
    ({NAMES}(?:\\*["']|%22)?\s*(?:[:=>]|%3[AD])\s*)   # a name, perhaps in quotes, escaped where JSON is in JSON
    (?!(?:null|None)(?:[\s,)\]}}]|\Z))                # and its value, if there is one:
    (?:
        (?P<quote>["'])(?:(?!(?P=quote))[^\\]|\\.)+   # a text, to its end;
        |(?P<escaped>\\+["'])(?:[^\\"']|(?!(?P=escaped))\\+["']?)+   # a text of JSON in JSON, likewise;
        |[\[{{].*                                     # a list or an object, with the rest of the line;
        |[^\s,}}&"'\\<]+(?:[ \t]+[^\s,}}&"'\\<]+)?   # one word, or a scheme and a credential
    )
    """
)
"""fc2 logs the headers of every failed request on the root logger, its security token among them. No part of this is
tried again once it has matched, so that work grows with the text."""
SECRET_NAME = re.compile(rf"{NAMES}\Z", re.IGNORECASE | re.VERBOSE)
SHAPES = re.compile(
    r"""(?x)
    CAIS[A-Za-z0-9+/=_%.-]{16,}                       # security tokens (seen in the vendor's examples)
    |(?<![A-Za-z0-9])(?:LTAI|STS\.)[A-Za-z0-9]{12,}   # ids of access keys, of users and of sessions
    |-----BEGIN\ [A-Z ]*PRIVATE\ KEY-----[^-]*
    """
)
"""What is found by its look where no name stands before it."""
BLOT = "***"
NOTHING: tuple[Any, ...] = (None, "", [], {})


class _Redacted(logging.Formatter):
    """Writes what another formatter writes, with secrets blotted out, those in tracebacks included."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return redact(self._inner.format(record))


class _Factory:
    """Makes records as another factory makes them, and blots out secrets before any handler sees them.

    Some SDKs have handlers of their own (darabonba's prints whole requests where ``DEBUG`` is set).
    """

    def __init__(self, inner: Callable[..., logging.LogRecord]) -> None:
        self._inner = inner

    def __call__(self, *given: Any, **more: Any) -> logging.LogRecord:  # noqa: ANN401 - as logging calls it
        record = self._inner(*given, **more)
        try:
            text = record.getMessage()
        except (TypeError, ValueError, KeyError):
            # A message that does not fit its arguments: logging says so itself, when it writes.
            return record
        if (blotted := redact(text)) != text:
            record.msg, record.args = blotted, ()
        return record


def redact(text: str) -> str:
    """The same text with ``***`` for every value that follows the name of a secret, and for what looks like one."""
    return SHAPES.sub(BLOT, SECRETS.sub(_blotted, text))


def _blotted(found: re.Match[str]) -> str:
    return f"{found[1]}{found['quote'] or found['escaped'] or ''}{BLOT}"


def redacted(document: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """The same document, redacted: whatever is under the name of a secret, and secrets within texts."""
    if isinstance(document, dict):
        return {name: BLOT if _is_secret(name, value) else redacted(value) for name, value in document.items()}
    if isinstance(document, list):
        return [redacted(item) for item in document]
    return redact(document) if isinstance(document, str) else document


def _is_secret(name: object, value: object) -> bool:
    return value not in NOTHING and bool(SECRET_NAME.search(str(name)))


def protect() -> None:
    """Redact whatever is logged from now on, by whichever logger; idempotent."""
    if not isinstance(logging.getLogRecordFactory(), _Factory):
        logging.setLogRecordFactory(_Factory(logging.getLogRecordFactory()))
    # Tracebacks are made when a record is written.
    for handler in logging.getLogger().handlers:
        if not isinstance(handler.formatter, _Redacted):
            handler.setFormatter(_Redacted(handler.formatter or logging.Formatter()))


def line(**fields: object) -> None:
    """Log one JSON object."""
    known = {name: value for name, value in fields.items() if value is not None}
    text = json.dumps(redacted(known), default=str)
    logging.getLogger("cross_account_backup").info(text)
