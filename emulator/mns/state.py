"""What MNS remembers."""

from __future__ import annotations

from pydantic import BaseModel


class MnsState(BaseModel):
    """The state of MNS."""
