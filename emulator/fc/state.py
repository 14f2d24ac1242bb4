"""What Function Compute remembers."""

from __future__ import annotations

from pydantic import BaseModel


class FcState(BaseModel):
    """The state of Function Compute."""
