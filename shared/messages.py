"""What a message says, and our own messages in the queues: the memory of attempts travels in them.

Both are versioned. A version that is not known here is dead-lettered and never guessed at.
"""

from __future__ import annotations

import base64
import hashlib
import json
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from shared.outcome import Reason, Tries

MOST_REQUEST_IDS = 20
"""Kept per message; the latest ones are what a support ticket needs."""
LONGEST_ID = 200
"""Characters kept of an id that comes from outside; the cloud's have 36."""
LONGEST_REQUEST_ID = 64
"""The same for ids that we were given by the cloud; there are many of them."""
LONGEST_DETAIL = 500
"""Characters kept of an explanation."""
MOST_BODY_BYTES = 49_152
"""A message of this size is 64 KB in base64, and a queue takes no more (page "Limits" of Simple Message Queue)."""
MOST_DENIAL_BYTES = 8192
"""Kept of an AccessDeniedDetail; its encoded message has a few hundred characters."""


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
    earlier: int = 0
    """How often it was tried before it was last brought back from the dead letters."""
    delivered: tuple[str, str] = ("", "")
    """Source and type under which EventBridge delivered it; only for the log, since no document says what they are."""

    @property
    def event_at(self) -> str | None:
        """When it happened, as ActionTrail's event says; only for the log, which tells from it how long it took."""
        at = self.original.get("eventTime") if isinstance(self.original, dict) else None
        return at if isinstance(at, str) and len(at) <= LONGEST_REQUEST_ID else None


ShortText = Annotated[str, StringConstraints(max_length=LONGEST_ID)]


class Strict(BaseModel):
    """What people and scripts ask for: a misspelt option must not be dropped in silence."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Ours(BaseModel):
    """What we write into the queues, and another release of ours may read, or have written.

    Within a version only what may be dropped without doing something else is added, so what is not known here is
    dropped (docs/decisions/0025-messages-between-releases.md).
    """

    model_config = ConfigDict(extra="ignore", defer_build=True)


class Message(Ours):
    """Our own message in the retry queue, and (with a reason) in the dead-letter queue."""

    version: Literal[1] = 1
    account_id: str = ""
    hint: Hint = Hint.JOINED
    event_id: ShortText = ""
    event_name: ShortText = ""
    attempt: int = Field(default=1, ge=1)
    not_ready: int = Field(default=0, ge=0)
    waited: bool = False
    turns: int = Field(default=0, ge=0)
    earlier: int = Field(default=0, ge=0)
    first_failed_at: ShortText | None = None
    original: Any = None
    request_ids: list[ShortText] = Field(default_factory=list, max_length=MOST_REQUEST_IDS)


class DeadLetterMessage(Ours):
    """A message set aside for a person."""

    version: Literal[1] = 1
    reason: Annotated[Reason | ShortText, Field(union_mode="left_to_right")]
    """Text where another release has a reason that is not known here."""
    detail: str
    attempts: int
    """All of them, those before it was brought back included."""
    first_failed_at: ShortText
    last_failed_at: ShortText
    request_ids: list[ShortText] = Field(default_factory=list, max_length=MOST_REQUEST_IDS)
    access_denied_detail: dict[str, Any] | None = None
    """As the cloud returned it, where a policy refused: which policy of whom, and the message to decode."""
    message: Any
    """The original message: a ``Message``, or whatever could not be read."""


@dataclass(frozen=True)
class Held:
    """A message that was received: hidden from others for a while, until it is deleted or handed back."""

    id: str
    handle: str
    body: str
    enqueued_at: float
    """Epoch seconds; its end of life counts from here, however often it is received."""
    hidden_until: float
    """Epoch seconds of the queue's clock, which need not be ours."""


@dataclass(frozen=True)
class Times:
    """A queue's attributes, in seconds."""

    kept: float
    """MessageRetentionPeriod: a message is forgotten so long after it was sent."""
    hidden: float
    """VisibilityTimeout: so long is a received message hidden from others."""


def plain(body: str) -> str:
    """A message's body as text, which may be base64: ours are, unless a trigger has decoded them."""
    if body.lstrip()[:1] in {"{", "["}:
        return body
    try:
        return base64.b64decode(body, validate=True).decode()
    except ValueError:
        return body


def digest(raw: bytes | str) -> dict[str, Any]:
    """A fingerprint by which something too large to carry can be recognised."""
    data = raw.encode(errors="replace") if isinstance(raw, str) else raw
    return {"sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def fitting(form: Message | DeadLetterMessage) -> dict[str, Any]:
    """The form as JSON that a queue takes. Too large, it goes without the original event, which is only for people."""
    text = form.model_dump_json()
    document: dict[str, Any] = json.loads(text)
    if len(text.encode()) > MOST_BODY_BYTES:
        inner = document
        # A letter of another version is set aside whole: it is a letter in a letter.
        while "original" not in inner and {"message", "original"} & _keys(inner.get("message")):
            inner = inner["message"]
        key = "original" if "original" in inner else "message"
        inner[key] = digest(json.dumps(inner.get(key)))
    return document


def _keys(document: Any) -> set[str]:  # noqa: ANN401 - JSON of any shape
    return set(document) if isinstance(document, dict) else set()


class Selection(Strict):
    """Which dead letters; what is empty does not choose."""

    ids: frozenset[str] = frozenset()
    reasons: frozenset[Reason] = frozenset()
    accounts: frozenset[str] = frozenset()
    older_than_seconds: float = 0.0
    """In the dead-letter queue, at least."""
    newer_than_seconds: float | None = None
    """At most."""


def message(change: AccountChanged, tries: Tries, failed_at: str | None, request_ids: tuple[str, ...]) -> Message:
    """The message that brings ``change`` back for its next attempt, with its history.

    ``failed_at``: when it failed just now; None where nothing failed, and it only waits.
    """
    known = [one[:LONGEST_REQUEST_ID] for one in dict.fromkeys([*change.request_ids, *request_ids])]
    return Message(
        account_id=change.account_id,
        hint=change.hint,
        event_id=change.event_id,
        event_name=change.event_name,
        attempt=tries.attempt,
        not_ready=tries.not_ready,
        waited=tries.waited,
        turns=tries.turns,
        earlier=change.earlier,
        first_failed_at=change.first_failed_at or failed_at,
        original=change.original,
        request_ids=known[-MOST_REQUEST_IDS:],
    )


def denial(detail: Any) -> dict[str, Any] | None:  # noqa: ANN401 - JSON of any shape
    """An AccessDeniedDetail as it travels in a dead letter: as it is, unless it is larger than any that was seen."""
    if not isinstance(detail, dict):
        return None
    short = {key: value for key, value in detail.items() if key != "EncodedDiagnosticMessage"}
    return next((one for one in (detail, short) if len(json.dumps(one)) <= MOST_DENIAL_BYTES), None)
