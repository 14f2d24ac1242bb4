"""Tell people: once per dead letter, and once a night what waits for them. A webhook; plain JSON, or DingTalk.

Telling is never worth more than the work: nothing here raises, nothing is tried twice, and a webhook that hangs costs a
few seconds at most. What could not be told is in the dead-letter queue all the same, and in the next digest.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import logging
import os
import time
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote_plus

from shared.config import Config
from shared.deadline import Deadline
from shared.messages import DeadLetterMessage
from shared.wording import counted

SECONDS = 3.0
"""The longest that a webhook may take."""
MOST_TEXT = 4000
"""Characters of a DingTalk text (inferred; the page only limits the rate to 20 messages a minute)."""
MOST_ANSWER = 4096
"""Bytes of the webhook's answer that are read."""

log = logging.getLogger(__name__)


def dead_letter(letter: DeadLetterMessage, config: Config, deadline: Deadline) -> bool:
    """Tell of one message that was set aside; whether that succeeded."""
    original = letter.message if isinstance(letter.message, dict) else {}
    account = original.get("account_id") or ""
    document = {
        "kind": "dead_letter",
        "account_id": account,
        **letter.model_dump(mode="json", exclude={"version", "message"}, exclude_none=True),
    }
    lines = [
        f"Central backup needs you: {letter.reason}" + (f" (account {account})" if account else ""),
        letter.detail,
        f"{counted(letter.attempts, 'attempt')} since {letter.first_failed_at}",
        f"What to do: docs/operations.md, {letter.reason}",
    ]
    return _tell(document, lines, config, deadline)


def digest(findings: Mapping[str, Any], config: Config, deadline: Deadline) -> bool:
    """Tell once a night what waits for a person; ``findings`` are title → number or short text, worst first."""
    document = {"kind": "digest", **findings}
    lines = ["Central backup, last night", *(f"{title}: {_short(value)}" for title, value in findings.items())]
    return _tell(document, lines, config, deadline)


def too_wide(accounts: list[str], config: Config, deadline: Deadline) -> bool:
    """Tell at once, in one message, of accounts whose backup role let somebody else in."""
    document = {"kind": "trust_too_wide", "accounts": accounts}
    lines = [
        f"Central backup: the backup role of {counted(len(accounts), 'account')} trusts more than it should",
        ", ".join(accounts),
        "What to do: find out who changed it (ActionTrail of these accounts); see docs/operations.md",
    ]
    return _tell(document, lines, config, deadline)


def _short(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _tell(document: Mapping[str, Any], lines: list[str], config: Config, deadline: Deadline) -> bool:
    settings = config.notify
    url, secret = (os.environ.get(name, "") for name in (settings.url_variable, settings.secret_variable))
    if not url:
        return False
    if settings.kind == "dingtalk":
        url = signed(url, secret, round(time.time() * 1000)) if secret else url
        document = {"msgtype": "text", "text": {"content": "\n".join(lines)[:MOST_TEXT]}}
    refusal = _post(url, document, min(SECONDS, deadline.left / 2))
    if refusal:
        # Neither the address nor what came back: both may hold the webhook's key.
        log.warning("nobody was told: the webhook in %s failed: %s", settings.url_variable, refusal)
    return not refusal


def signed(url: str, secret: str, milliseconds: int) -> str:
    """The address with the signature of a DingTalk robot.

    HMAC-SHA256 of time, line feed and secret, keyed with the secret; base64; URL-encoded.
    Source: DingTalk open platform, page "Customize robot security settings"; the time may be wrong by an hour.
    """
    digested = hmac.new(secret.encode(), f"{milliseconds}\n{secret}".encode(), hashlib.sha256).digest()
    joined = "&" if "?" in url else "?"
    return f"{url}{joined}timestamp={milliseconds}&sign={quote_plus(base64.b64encode(digested))}"


def _post(url: str, document: Mapping[str, Any], seconds: float) -> str:
    """Send; return what went wrong, or nothing. DingTalk refuses with HTTP 200 and an ``errcode``."""
    from http.client import HTTPException  # noqa: PLC0415 - these are slow to import, and rarely needed
    from urllib.error import HTTPError  # noqa: PLC0415
    from urllib.request import Request, urlopen  # noqa: PLC0415

    if not url.startswith(("https://", "http://")):
        return "the address is not http or https"
    headers = {"Content-Type": "application/json; charset=utf-8"}
    data = json.dumps(document, ensure_ascii=False).encode(errors="replace")
    try:
        with urlopen(Request(url, data, headers), timeout=max(seconds, 0.1)) as answer:  # noqa: S310 - checked above
            told = answer.read(MOST_ANSWER)
    except HTTPError as error:
        return f"HTTP {error.code}"
    except (OSError, ValueError, HTTPException) as error:
        return type(error).__name__
    try:
        code = json.loads(told).get("errcode", 0)
    except (ValueError, AttributeError):
        return ""
    return f"errcode {code}" if code else ""
