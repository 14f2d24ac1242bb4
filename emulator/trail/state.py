"""What ActionTrail remembers."""

from __future__ import annotations

from pydantic import BaseModel


class TrailState(BaseModel):
    """The state of ActionTrail."""
