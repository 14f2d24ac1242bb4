"""What ActionTrail remembers: the events of each account, in the order in which they happened."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Recorded(BaseModel):
    """One event, and when it happened (emulated epoch seconds)."""

    number: int
    at: float
    event: dict[str, Any]


class TrailState(BaseModel):
    """The state of ActionTrail."""

    events: dict[str, list[Recorded]] = Field(default_factory=dict)
    """Account id → its events, oldest first."""
    last_number: int = 0
    lag_seconds: float = 0.0
    """How long after it happened an event can be looked up; the cloud says up to ten minutes."""
