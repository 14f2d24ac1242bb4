"""One JSON line per invocation, and no secret in any line."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from typing import Any

NAMES = r"""(?:x-fc-security-token|x-acs-security-token|security[-_]?token|authorization|signature
    |access_?key_?secret|x-acs-accesskey-secret)"""
SECRETS = re.compile(
    rf"""(?ix)
    ({NAMES}\\*["']?\s*[:=]\s*\\*["']?)             # a name, perhaps in quotes, which JSON in JSON escapes
    [^\s,}}&"'\\]+(?:\s+[^\s,}}&"'\\]+)?            # its value: a scheme and a credential, or one word
    """
)
"""fc2 logs the headers of every failed request on the root logger, its security token among them."""
SECRET_NAME = re.compile(NAMES, re.IGNORECASE | re.VERBOSE)
TOKENS = re.compile(r"CAIS[A-Za-z0-9+/=%_.-]{16,}")
"""Security tokens begin so, which finds them where no name stands before them (seen in the vendor's examples)."""
BLOT = "***"


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
    """The same text with ``***`` for every value that follows the name of a secret, and for every security token."""
    return TOKENS.sub(BLOT, SECRETS.sub(rf"\1{BLOT}", text))


def redacted(document: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """The same document, redacted: texts under the name of a secret, and secrets within texts."""
    if isinstance(document, dict):
        return {name: BLOT if _is_secret(name, value) else redacted(value) for name, value in document.items()}
    if isinstance(document, list):
        return [redacted(item) for item in document]
    return redact(document) if isinstance(document, str) else document


def _is_secret(name: object, value: object) -> bool:
    return isinstance(value, str) and bool(value) and bool(SECRET_NAME.fullmatch(str(name)))


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
    text = json.dumps({name: value for name, value in fields.items() if value is not None}, default=str)
    logging.getLogger("cross_account_backup").info(text)
