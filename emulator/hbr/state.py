"""What Cloud Backup remembers."""

from __future__ import annotations

from pydantic import BaseModel


class HbrState(BaseModel):
    """The state of Cloud Backup."""
