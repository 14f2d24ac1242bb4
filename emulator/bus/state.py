"""What EventBridge remembers: its settings, the rules that the functions' triggers make, and what it is delivering."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

RetryStrategy = Literal["BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY"]


class BusSettings(BaseModel):
    """How unkind delivery is."""

    model_config = ConfigDict(extra="forbid")

    duplicate: float = Field(default=0.0, ge=0, le=1)
    """Probability that an event is delivered twice to a rule's target; delivery is at least once."""
    reorder_seconds: float = Field(default=0.0, ge=0)
    """Every delivery waits a random part of this many emulated seconds, so that later events can overtake it."""


class Rule(BaseModel):
    """One rule on the default bus of the account and region in which its function is."""

    name: str
    account_id: str
    region: str
    pattern: str
    """JSON text."""
    function: str
    async_invocation_type: bool = False
    """As declared; what it means is a guess."""
    raw_data: bool = False
    """Whether the target gets only ``data`` instead of the whole CloudEvent (``eventSchema: RawData``)."""
    retry: RetryStrategy = "BACKOFF_RETRY"
    dead_letter: str = ""
    """ARN of an MNS queue; empty means that an exhausted event is dropped."""


class Delivery(BaseModel):
    """One payload on its way to one function, until it is taken or given up."""

    function: str
    trigger: str
    payload: str
    async_invocation_type: bool
    retry: RetryStrategy
    dead_letter: str
    """ARN of an MNS queue, or empty."""
    dead_letters: list[str]
    """The raw events that go there, one message each."""
    messages: list[str] = Field(default_factory=list)
    """Ids of the messages that a stream took from its queue for this; none for a rule."""
    due: float
    """When the next attempt is to be made."""
    attempt: int = 0


class BusState(BaseModel):
    """The state of EventBridge."""

    settings: BusSettings = Field(default_factory=BusSettings)
    rules: dict[str, Rule] = Field(default_factory=dict)
    deliveries: dict[int, Delivery] = Field(default_factory=dict)
    """Number → what has not ended."""
    last_delivery: int = 0
    stopped: list[str] = Field(default_factory=list)
    """``function/trigger`` of each stream that has stopped for good."""
