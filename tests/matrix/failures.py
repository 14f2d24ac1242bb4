"""Every way in which one call can fail, as faults of the emulator (see docs/emulator.md) or as something beside it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

LASTING = {"count": None}
"""Until the end of the invocation, the short retries within it included."""
LATE_SECONDS = 0.1
"""The read timeout while answers are late."""
RETRY_AFTER_SECONDS = 700
WRONG_TYPES = {
    "Account": [],
    "Accounts": 1,
    "Credentials": 7,
    "Role": "text",
    "Policies": [],
    "Folders": 1,
    "CrossAccounts": "none",
    "Events": "none",
    "TotalCount": "many",
    "Success": "yes",
    "Code": 200,
    "RdAccountDeletionStatus": "text",
}


@dataclass(frozen=True)
class Failure:
    """One way to fail. ``fault`` is completed with the point at which it strikes."""

    name: str
    fault: dict[str, Any]
    reasons: frozenset[str] = field(default=frozenset())
    """The reasons with which a message may end in the dead-letter queue; elsewhere none may."""
    beside: str = ""
    """What happens while the call is held: ``again`` (the same event) or ``other`` (the flow's second worker)."""
    slow: bool = False
    """Whether our read timeout is lowered, so that a late answer is cheap to wait for."""
    waits: int = 0
    """The least delay (s) of a message that is sent because of it."""


FAILURES = (
    Failure("connection refused", {"effect": "refuse"}),
    Failure("dropped before it was processed", {"drop": True}),
    Failure("dropped before, again and again", {"drop": True, **LASTING}),
    Failure("processed, answer lost", {"phase": "after", "drop": True}),
    Failure("processed, every answer lost", {"phase": "after", "drop": True, **LASTING}),
    Failure("processed, answer too late", {"phase": "after", "latency_ms": 200}, slow=True),
    Failure("throttled", {"status": 429, "code": "Throttling.User", **LASTING}),
    Failure(
        "throttled, told when to come back",
        {"status": 400, "code": "Throttling.User", "headers": {"x-acs-retry-after": str(RETRY_AFTER_SECONDS * 1000)}},
        waits=RETRY_AFTER_SECONDS,
    ),
    Failure("500", {"status": 500}),
    Failure("502 with HTML", {"status": 502, "body": "<html><body><h1>502 Bad Gateway</h1></body></html>"}),
    Failure("503", {"status": 503, "code": "ServiceUnavailable", **LASTING}),
    Failure(
        "403 that goes away later",
        {"status": 403, "code": "NoPermission", **LASTING},
        reasons=frozenset({"access_denied"}),
    ),
    Failure(
        "200 with Success: false", {"status": 200, "body": {"Success": False, "Code": "Unheard.Of", "Message": "?"}}
    ),
    Failure("200 with an empty body", {"status": 200, "body": ""}),
    Failure("200 with wrong types", {"status": 200, "body": WRONG_TYPES}),
    Failure("200 with another document", {"status": 200, "body": "[1, 2]"}),
    Failure("token expired in the middle", {"effect": "expire"}),
    Failure("process killed before the call", {"effect": "gone"}),
    Failure("process killed after the call", {"effect": "gone", "phase": "after"}),
    Failure("the same event at that moment", {"effect": "hold"}, beside="again"),
    Failure("a second worker at that moment", {"effect": "hold"}, beside="other"),
)
BY_NAME = {failure.name: failure for failure in FAILURES}
