"""One JSON line per invocation, and no secret in any line."""

from __future__ import annotations

import json
import logging
import re

SECRETS = re.compile(
    r"""(?ix)
    (["']?(?:x-fc-security-token|x-acs-security-token|security[-_]?token|authorization|signature
        |access_?key_?secret|x-acs-accesskey-secret)["']?\s*[:=]\s*)
    (["'][^"']*["']|[^\s,}&"']+(?:\s+[^\s,}&"']+)?)
    """
)
"""fc2 logs the headers of every failed request on the root logger, its security token among them."""


class _Redacted(logging.Formatter):
    """Writes what another formatter writes, with secrets blotted out, those in tracebacks included."""

    def __init__(self, inner: logging.Formatter) -> None:
        super().__init__()
        self._inner = inner

    def format(self, record: logging.LogRecord) -> str:
        return redact(self._inner.format(record))


def redact(text: str) -> str:
    """The same text with every value that follows the name of a secret replaced by ``***``."""
    return SECRETS.sub(r"\1***", text)


def protect() -> None:
    """Redact at the handlers of the root logger; idempotent.

    Filters of the root logger itself would not see the records of other loggers.
    """
    for handler in logging.getLogger().handlers:
        if not isinstance(handler.formatter, _Redacted):
            handler.setFormatter(_Redacted(handler.formatter or logging.Formatter()))


def line(**fields: object) -> None:
    """Log one JSON object."""
    text = json.dumps({name: value for name, value in fields.items() if value is not None}, default=str)
    logging.getLogger("cross_account_backup").info(text)
