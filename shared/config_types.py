"""What the models of the configuration have in common: they are frozen, refuse unknown keys, and share these texts."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$")]
"""Sixteen digits. Quote it in YAML, or leading zeros are lost."""
RoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,64}$")]
"""RAM CreateRole: 1 to 64 letters, digits, full stops and hyphens."""
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+(-\d)?)+$")]


class Frozen(BaseModel):
    """Read once, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
