"""What EventBridge remembers."""

from __future__ import annotations

from pydantic import BaseModel


class BusState(BaseModel):
    """The state of EventBridge."""
