"""What the models of the configuration have in common: they are frozen, refuse unknown keys, and share these texts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, StringConstraints

AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$")]
"""Sixteen digits. Quote it in YAML, or leading zeros are lost."""
RoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,64}$")]
"""RAM CreateRole: 1 to 64 letters, digits, full stops and hyphens."""
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+(-\d)?)+$")]

Drift = Literal[
    "service_linked_role_missing",
    "role_missing",
    "role_changed",
    "trust_too_wide",
    "policy_missing",
    "policy_extra",
    "foreign_role",
    "unregistered",
    "stale_registration",
    "role_not_usable",
    "role_left_behind",
    "not_bound",
    "binding_left_behind",
    "vault_missing",
    "backup_policy_missing",
    "backup_policy_changed",
]
"""What the sweep repairs unless it is only to observe it; a foreign role it leaves alone anyway."""


class Frozen(BaseModel):
    """Read once, never changed."""

    model_config = ConfigDict(frozen=True, extra="forbid")
