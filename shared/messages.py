"""What a message says, and our own messages in the queues: the memory of attempts travels in them.

Both are versioned. A version that is not known here is dead-lettered and never guessed at.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.outcome import Reason, Tries

MOST_REQUEST_IDS = 20
"""Kept per message; the latest ones are what a support ticket needs."""


class Hint(str, Enum):
    """What may have happened to an account, or what a person asks for."""

    JOINED = "joined"
    MOVED = "moved"
    LEFT = "left"
    ENROL = "enrol"
    """By hand: also outside the scope."""
    CHECK = "check"
    """By hand: only prove, change nothing."""
    WITHDRAW = "withdraw"
    """By hand: although it is still a member."""

    def __str__(self) -> str:
        return self.value


FIRST_TRY = Tries()


@dataclass(frozen=True)
class AccountChanged:
    """Look at this account. Retries and redriven dead letters arrive as this too, with their history."""

    account_id: str
    hint: Hint
    event_id: str = ""
    event_name: str = "manual"
    tries: Tries = FIRST_TRY
    first_failed_at: str | None = None
    request_ids: tuple[str, ...] = ()
    original: Any = None
    """The event as it arrived (or its digest), for dead letters and replay; never read for decisions."""


class Strict(BaseModel):
    """Our own forms refuse what they do not know: a misspelt option must not be dropped in silence."""

    model_config = ConfigDict(extra="forbid")


class Message(Strict):
    """Our own message in the retry queue, and (with a reason) in the dead-letter queue."""

    version: Literal[1] = 1
    account_id: str = ""
    hint: Hint = Hint.JOINED
    event_id: str = ""
    event_name: str = ""
    attempt: int = Field(default=1, ge=1)
    not_ready: int = Field(default=0, ge=0)
    waited: bool = False
    first_failed_at: str | None = None
    original: Any = None
    request_ids: list[str] = Field(default_factory=list)


class DeadLetterMessage(Strict):
    """A message set aside for a person."""

    version: Literal[1] = 1
    reason: Reason
    detail: str
    attempts: int
    first_failed_at: str
    last_failed_at: str
    request_ids: list[str] = Field(default_factory=list)
    message: Any
    """The original message: a ``Message``, or whatever could not be read."""


def message(change: AccountChanged, tries: Tries, failed_at: str, request_ids: tuple[str, ...]) -> Message:
    """The message that brings ``change`` back for its next attempt, with its history."""
    return Message(
        account_id=change.account_id,
        hint=change.hint,
        event_id=change.event_id,
        event_name=change.event_name,
        attempt=tries.attempt,
        not_ready=tries.not_ready,
        waited=tries.waited,
        first_failed_at=change.first_failed_at or failed_at,
        original=change.original,
        request_ids=list(dict.fromkeys([*change.request_ids, *request_ids]))[-MOST_REQUEST_IDS:],
    )
