"""The time that an invocation has left."""

from __future__ import annotations

import time
from dataclasses import dataclass

RESERVE = 5.0
"""Seconds kept back at the end of an invocation, to put its message safely into a queue."""


@dataclass(frozen=True)
class Deadline:
    """A point on the monotonic clock (seconds) after which no new work is begun."""

    at: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """``seconds`` from now, less the reserve."""
        return cls(time.monotonic() + max(seconds - RESERVE, 0.0))

    @property
    def left(self) -> float:
        """Seconds left; never negative."""
        return max(self.at - time.monotonic(), 0.0)

    @property
    def to_the_end(self) -> float:
        """Seconds until the platform cuts the invocation off: the reserve included. Never negative."""
        return max(self.at + RESERVE - time.monotonic(), 0.0)
