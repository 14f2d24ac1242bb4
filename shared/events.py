"""Bytes in, typed events out. Everything that can reach a door is understood here and nowhere else.

Envelopes are peeled first (batches, CloudEvents, queue and topic messages, failure records), then the payload is read.
An event is only a hint: what it claims about an account is never acted on, so the account's id and the kind of change
are all that is kept. ``read`` never raises; what cannot be understood becomes ``Unreadable`` with the reason.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import to_json

from shared import trail
from shared.forms import (
    FORMS,
    CloudEvent,
    FailureRecord,
    ManualRequest,
    QueueMessage,
    ReplayBody,
    SweepBody,
    TimerEvent,
    TopicMessage,
    TopicStream,
    TrailEvent,
)
from shared.messages import (
    LONGEST_DETAIL,
    LONGEST_ID,
    MOST_BODY_BYTES,
    AccountChanged,
    DeadLetterMessage,
    Hint,
    Message,
    Ours,
    Selection,
    digest,
    plain,
)
from shared.outcome import Reason, Tries

MOST_BYTES = 2_000_000
"""A batch of 16 messages of 64 KB with its envelopes is the largest thing that a trigger sends."""
MOST_NESTING = 12
"""Envelope in envelope: the failure record of a batch of retry messages, set aside and put back, needs eleven."""
WHOLE_EVENT_BYTES = 32_768
"""Up to here (as JSON) the original event travels whole in our messages, so that they stay below MNS's 64 KB in base64.
"""


@dataclass(frozen=True)
class SweepRequest:
    """Compare every member account with what is desired."""

    deep: bool = False
    everything: bool = False
    """Deep, and every account: not only the day's share."""


@dataclass(frozen=True)
class ReplayRequest:
    """Bring events back: a window of ActionTrail, dead letters, or the given events."""

    start: str | None = None
    end: str | None = None
    after: str | None = None
    """Where an earlier replay of a window stopped, as its answer said; start and end are in it."""
    events: tuple[Any, ...] = ()
    skip: int = 0
    """So many of the given events were dealt with before."""
    letters: Selection | None = None
    preview: bool = True
    most: int | None = None
    """Accounts to deal with before it stops, for whoever wants to see how it goes on."""


@dataclass(frozen=True)
class Ignored:
    """Nothing to do, and why."""

    why: str
    event_id: str = ""
    delivered: tuple[str, str] = ("", "")
    """As of an event that concerns us."""

    def shown(self) -> dict[str, Any]:
        """As the answer says it."""
        source, kind = self.delivered
        named = {"event_source": source, "event_type": kind} if source else {}
        return {"disposition": "ignored", "why": self.why, "source_event_id": self.event_id, **named}


@dataclass(frozen=True)
class Unreadable:
    """Not an event that we know. It is dead-lettered once, as it is."""

    detail: str
    original: Any
    reason: Reason = Reason.UNREADABLE
    earlier: int = 0
    """How often it was tried before it was last brought back."""
    first_failed_at: str | None = None


Event = AccountChanged | SweepRequest | ReplayRequest | Ignored | Unreadable


def read(raw: bytes | str) -> list[Event]:
    """All events in one invocation's payload, in their order; a batch gives several, everything else one."""
    if len(raw) > MOST_BYTES:
        return [Unreadable(f"larger than {MOST_BYTES} bytes", digest(raw))]
    return _read_text(raw, 0)


def _read_text(raw: bytes | str, depth: int) -> list[Event]:
    try:
        document = json.loads(raw.decode() if isinstance(raw, bytes) else raw)
    except (ValueError, RecursionError) as error:
        return [Unreadable(f"not JSON: {error}"[:LONGEST_DETAIL], _shown(raw))]
    return _read(document, depth)


def _read(document: Any, depth: int) -> list[Event]:  # noqa: ANN401 - JSON of any shape
    if depth > MOST_NESTING:
        return [Unreadable(f"more than {MOST_NESTING} envelopes inside each other", _kept(document))]
    if document == []:
        return [Ignored("an empty batch")]
    if isinstance(document, list):
        return [event for item in document for event in _read(item, depth + 1)]
    if not isinstance(document, dict):
        return [Unreadable(f"expected an object, found {type(document).__name__}", _kept(document))]
    form = next((form for keys, form in FORMS if keys <= document.keys()), None)
    if form is None:
        detail = f"no known form has the keys {sorted(document)[:8]}"
        return [Unreadable(detail[:LONGEST_DETAIL], _kept(document))]
    try:
        return _peel(form.model_validate(document), document, depth + 1)
    except ValidationError as error:
        return [_misshapen(form, error, document)]


def _misshapen(form: type[BaseModel], error: ValidationError, document: dict[str, Any]) -> Unreadable:
    first = error.errors(include_url=False, include_input=False)[0]
    where = ".".join(map(str, first["loc"]))
    reason = Reason.UNKNOWN_VERSION if where == "version" else Reason.UNREADABLE
    # What another release of ours wrote waits whole for that release; too large, it goes without its original event.
    most = MOST_BODY_BYTES if issubclass(form, Ours) else WHOLE_EVENT_BYTES
    return Unreadable(f"{form.__name__}.{where}: {first['msg']}"[:LONGEST_DETAIL], _kept(document, most=most), reason)


def _peel(form: BaseModel, document: dict[str, Any], depth: int) -> list[Event]:
    match form:
        case CloudEvent(source=source, type=kind, data=dict() as data) if _of_another(source, data):
            why = f"{kind or source} does not concern us"[:LONGEST_DETAIL]
            return [Ignored(why, form.id[:LONGEST_ID], form.names)]
        case CloudEvent(data=dict() | list() as data):
            return [_within(form, event) for event in _read(data, depth)]
        case CloudEvent(data=str() as text) | TopicMessage(Message=text) | TopicStream(body=text):
            return _read_text(text, depth)
        case FailureRecord(requestPayload=text):
            return _read_text(text, depth)
        case QueueMessage(messageBody=text):
            return _read_text(plain(text), depth)
        case DeadLetterMessage(message=message):
            return [_redriven(form, event) for event in _read(message, depth)]
        case TimerEvent(payload=text):
            return _read_text(text, depth) if text.strip() not in {"", "{}"} else [SweepRequest()]
        case _:
            return [_payload(form, document)]


def _of_another(source: str, data: dict[str, Any]) -> bool:
    """Whether a cloud service's own event (source ``acs.…``) has a form that is none of ours.

    A rule may match more than was meant: Resource Management has native events without ``eventName`` (page "Resource
    Management events").
    """
    return source.startswith("acs.") and not any(keys <= data.keys() for keys, _ in FORMS)


def _within(envelope: CloudEvent, event: Event) -> Event:
    """Give the event the names of its envelope, and the envelope's identity where it has none of its own."""
    if isinstance(event, AccountChanged) and not event.event_id:
        event = replace(event, event_id=_writable_text(f"{envelope.source}/{envelope.id}"[:LONGEST_ID]))
    # A queue's messages come under the names of the queue.
    if isinstance(event, AccountChanged | Ignored) and isinstance(envelope.data, dict) and "eventName" in envelope.data:
        return replace(event, delivered=envelope.names)
    return event


def _redriven(letter: DeadLetterMessage, event: Event) -> Event:
    """A dead letter that comes back starts a new budget and keeps its history."""
    match event:
        case AccountChanged():
            return replace(
                event,
                tries=Tries(waited=event.tries.waited),
                earlier=letter.attempts,
                first_failed_at=letter.first_failed_at,
                request_ids=tuple(dict.fromkeys([*event.request_ids, *letter.request_ids])),
            )
        case Unreadable():
            return replace(event, earlier=letter.attempts, first_failed_at=letter.first_failed_at)
        case _:
            return event


def _payload(form: BaseModel, document: dict[str, Any]) -> Event:
    match form:
        case TrailEvent():
            return _account_event(form, document)
        case Message():
            return _account(
                AccountChanged(
                    form.account_id,
                    form.hint,
                    event_id=form.event_id,
                    event_name=form.event_name,
                    tries=Tries(form.attempt, form.not_ready, form.waited, form.turns),
                    first_failed_at=form.first_failed_at,
                    request_ids=tuple(form.request_ids),
                    original=_kept(form.original),
                    earlier=form.earlier,
                )
            )
        case ManualRequest():
            return _account(AccountChanged(form.accountId, form.do or Hint.ENROL, original=_kept(document)))
        case SweepBody():
            return SweepRequest(form.sweep == "deep", form.everything)
        case ReplayBody():
            return _replay(form)
        case _:
            return Unreadable(f"{type(form).__name__} holds nothing", _kept(document))


def _replay(body: ReplayBody) -> ReplayRequest:
    match body.replay:
        case ReplayBody.Window(start=start, end=end):
            return ReplayRequest(start, end, preview=body.preview, most=body.most)
        case ReplayBody.Further(after=after):
            return ReplayRequest(after=after, preview=body.preview, most=body.most)
        case ReplayBody.Letters(dead_letters=letters):
            return ReplayRequest(letters=letters, preview=body.preview, most=body.most)
        case list() as given:
            return ReplayRequest(events=tuple(given), skip=body.skip, preview=body.preview, most=body.most)


def _account_event(event: TrailEvent, document: dict[str, Any]) -> Event:
    event_id = _writable_text((event.eventId or "")[:LONGEST_ID])
    name = event.eventName[:LONGEST_ID]
    if why := trail.idle(event):
        return Ignored(f"{name} {why}"[:LONGEST_DETAIL], event_id)
    hint, find = trail.ACCOUNT_EVENTS[name]
    account_id = find(event)
    if account_id is None:
        return Ignored(f"{name} names no account (yet)", event_id)
    return _account(AccountChanged(str(account_id), hint, event_id, name, original=_kept(document, str(account_id))))


def _account(change: AccountChanged) -> AccountChanged | Unreadable:
    if trail.is_account_id(change.account_id):
        return change
    detail = f"expected an account id of 16 digits, found {change.account_id[:40]!r}"
    return Unreadable(detail, change.original, Reason.BAD_REQUEST)


def _kept(document: Any, account_id: str = "", most: int = WHOLE_EVENT_BYTES) -> Any:  # noqa: ANN401 - JSON of any shape
    """The document itself, or what identifies it where it is too large to travel in our messages.

    What cannot be written again (text that no encoding can carry, nesting without end) does not travel either.
    """
    if _writable(document, most):
        return document
    keys = ("eventId", "eventName", "eventTime", "id")
    known = {key: document[key] for key in keys if isinstance(document, dict) and key in document}
    if account_id:
        known["accountId"] = account_id
    return {key: _writable_text(str(value)[:LONGEST_ID]) for key, value in known.items()} | digest(_dumped(document))


def _writable(document: Any, most: int = WHOLE_EVENT_BYTES) -> bool:  # noqa: ANN401 - the same
    try:
        # In our messages it lies some levels deeper than here.
        return len(to_json([[[[document]]]])) <= most
    except ValueError:
        return False


def _dumped(document: Any) -> str:  # noqa: ANN401 - the same
    try:
        return json.dumps(document)
    except RecursionError:
        return repr(type(document))


def _writable_text(text: str) -> str:
    return text.encode(errors="replace").decode()


def _shown(raw: bytes | str) -> Any:  # noqa: ANN401 - text, or a digest
    text = raw.decode(errors="replace") if isinstance(raw, bytes) else _writable_text(raw)
    return text if _writable(text) else digest(raw)
