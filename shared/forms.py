"""The forms in which an event arrives: envelopes of the platform, our own messages, and requests of people.

Only shapes: what becomes of a document is decided in ``events``.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from shared.messages import LONGEST_ID, DeadLetterMessage, Hint, Message, Selection, Strict


class _Loose(BaseModel):
    """Envelopes of others may carry more than we read. A form that does not come is never built."""

    model_config = ConfigDict(extra="ignore", defer_build=True)


class CloudEvent(_Loose):
    """EventBridge's envelope (CloudEvents 1.0, page "Event overview")."""

    id: str
    source: str
    type: str = ""
    data: Any

    @property
    def names(self) -> tuple[str, str]:
        """Source and type."""
        return self.source[:LONGEST_ID], self.type[:LONGEST_ID]


class QueueMessage(_Loose):
    """``data`` of an MNS queue trigger's CloudEvent; alone where the event schema is RawData."""

    messageBody: str  # noqa: N815 - the wire's name


class TopicMessage(_Loose):
    """An MNS topic trigger with format JSON."""

    Message: str  # the wire's name
    TopicName: str


class TopicStream(_Loose):
    """An MNS topic trigger with format STREAM and message attributes."""

    body: str
    attrs: dict[str, Any]


class FailureRecord(_Loose):
    """What Function Compute sends to an asynchronous invocation's failure destination."""

    requestContext: dict[str, Any]  # noqa: N815
    requestPayload: str  # noqa: N815


class TimerEvent(_Loose):
    """A timer trigger; the payload is always text."""

    triggerName: str  # noqa: N815
    triggerTime: str  # noqa: N815
    payload: str = ""


class TrailEvent(_Loose):
    """An ActionTrail management event; only what is read. Absent, null and "" all mean the same."""

    eventId: str | None = None  # noqa: N815
    eventName: str  # noqa: N815
    serviceName: str | None = None  # noqa: N815
    errorCode: str | None = None  # noqa: N815
    requestParameters: dict[str, Any] | None = None  # noqa: N815
    requestParameterJson: str | None = None  # noqa: N815
    responseElements: dict[str, Any] | None = None  # noqa: N815
    userIdentity: dict[str, Any] | None = None  # noqa: N815
    recipientAccountId: str | None = None  # noqa: N815


class ManualRequest(Strict):
    """A person's (or a script's) direct invocation."""

    accountId: str  # noqa: N815
    do: Literal[Hint.ENROL, Hint.CHECK, Hint.WITHDRAW] | None = None


class SweepBody(Strict):
    """A direct request for a sweep, and the payload of the timers."""

    sweep: Literal["fast", "deep"]
    everything: bool = False


class ReplayBody(Strict):
    """A direct request for a replay."""

    class Window(Strict):
        """ActionTrail times, ``YYYY-MM-DDThh:mm:ssZ``."""

        start: str
        end: str

    class Further(Strict):
        """A window that was begun: ``next`` of its last answer."""

        after: str

    class Letters(Strict):
        """Dead letters."""

        dead_letters: Selection

    replay: Window | Further | Letters | list[Any]
    preview: bool = True
    skip: int = Field(default=0, ge=0)
    most: int | None = Field(default=None, ge=1)


FORMS: tuple[tuple[frozenset[str], type[BaseModel]], ...] = (
    (frozenset({"version", "reason", "message"}), DeadLetterMessage),
    (frozenset({"version", "hint"}), Message),
    (frozenset({"accountId"}), ManualRequest),
    (frozenset({"sweep"}), SweepBody),
    (frozenset({"replay"}), ReplayBody),
    (frozenset({"specversion", "data"}), CloudEvent),
    (frozenset({"requestContext", "requestPayload"}), FailureRecord),
    (frozenset({"messageBody"}), QueueMessage),
    (frozenset({"Message", "TopicName"}), TopicMessage),
    (frozenset({"body", "attrs"}), TopicStream),
    (frozenset({"triggerName", "triggerTime"}), TimerEvent),
    (frozenset({"eventName"}), TrailEvent),
)
"""A document is of the first form whose keys it has."""
