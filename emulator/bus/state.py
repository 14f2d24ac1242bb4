"""What EventBridge remembers: its settings and the rules that the functions' triggers make."""

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


class BusState(BaseModel):
    """The state of EventBridge."""

    settings: BusSettings = Field(default_factory=BusSettings)
    rules: dict[str, Rule] = Field(default_factory=dict)
