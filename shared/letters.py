"""What a dead letter says: why it is there, which accounts it is about, how long it has to live. Pure."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from shared import events
from shared.messages import AccountChanged, DeadLetterMessage, Held, Selection
from shared.outcome import Reason

SOON_SECONDS = 172_800.0
"""A letter that has less than two days to live is reported: its queue forgets it then."""


@dataclass(frozen=True)
class Letter:
    """One dead letter, as it explains itself. Times are epoch seconds of the cloud's clock."""

    held: Held
    reason: Reason | str
    """Text where another release has a reason that is not known here."""
    detail: str
    account_ids: tuple[str, ...]
    age: float
    """Seconds in the queue."""
    left: float
    """Seconds until the queue forgets it."""
    body: Any
    """The parsed JSON, or the text where it is none."""
    event_names: tuple[str, ...] = ()
    attempts: int | None = None
    first_failed_at: str | None = None
    last_failed_at: str | None = None
    request_ids: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The queue's id of the message."""
        return self.held.id

    @property
    def ends_soon(self) -> bool:
        """Whether it will be lost within two days."""
        return self.left < SOON_SECONDS

    def shown(self) -> dict[str, Any]:
        """As JSON, without the message itself and without what is not known."""
        known = {
            "id": self.id,
            "reason": str(self.reason),
            "detail": self.detail,
            "accounts": list(self.account_ids),
            "events": list(self.event_names),
            "attempts": self.attempts,
            "first_failed_at": self.first_failed_at,
            "last_failed_at": self.last_failed_at,
            "request_ids": list(self.request_ids),
            "age_seconds": round(self.age),
            "seconds_left": round(self.left),
            "ends_soon": self.ends_soon,
        }
        return {name: value for name, value in known.items() if value not in (None, [])}


def read(held: Held, kept: float, now: float) -> Letter:
    """Read what lies in the queue: a letter of ours, or what EventBridge or Function Compute could not deliver.

    ``kept`` are the seconds for which the queue keeps a message: they count from when it was sent, and neither looking
    nor moving it resets them (page "Dead-letter queue" of Simple Message Queue).
    """
    said = events.read(held.body)
    changes = [event for event in said if isinstance(event, AccountChanged)]
    common: dict[str, Any] = {
        "held": held,
        "account_ids": tuple(dict.fromkeys(change.account_id for change in changes)),
        "event_names": tuple(dict.fromkeys(change.event_name for change in changes)),
        "age": max(now - held.enqueued_at, 0.0),
        "left": held.enqueued_at + kept - now,
    }
    try:
        body = json.loads(held.body)
    except (ValueError, RecursionError):
        body = held.body
    try:
        ours = DeadLetterMessage.model_validate(body)
    except ValidationError:
        unreadable = (event for event in said if isinstance(event, events.Unreadable))
        later = next((event for event in unreadable if event.reason is Reason.UNKNOWN_VERSION), None)
        detail = later.detail if later else "put here by the platform, which could not deliver it"
        return Letter(reason=later.reason if later else Reason.UNDELIVERED, detail=detail, body=body, **common)
    return Letter(
        reason=ours.reason,
        detail=ours.detail,
        body=body,
        attempts=ours.attempts,
        first_failed_at=ours.first_failed_at,
        last_failed_at=ours.last_failed_at,
        request_ids=tuple(ours.request_ids),
        **common,
    )


def matches(letter: Letter, selection: Selection) -> bool:
    """Whether the letter is chosen."""
    return (
        (not selection.ids or letter.id in selection.ids)
        and (not selection.reasons or letter.reason in selection.reasons)
        and (not selection.accounts or not selection.accounts.isdisjoint(letter.account_ids))
        and selection.older_than_seconds <= letter.age
        and (selection.newer_than_seconds is None or letter.age <= selection.newer_than_seconds)
    )


def waiting(letters: Sequence[Letter]) -> dict[str, Any]:
    """The letters in numbers: how many, for which reasons, how old, and how many will soon be lost."""
    return {
        "count": len(letters),
        "by_reason": dict(Counter(str(one.reason) for one in letters).most_common()),
        "oldest_age_seconds": round(max((one.age for one in letters), default=0)),
        "ending_soon": sum(one.ends_soon for one in letters),
    }
