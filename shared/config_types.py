"""What the models of the configuration have in common: they are frozen, refuse unknown keys, and share these texts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from enum import Enum
from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

AccountId = Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$")]
"""Sixteen digits. Quote it in YAML, or leading zeros are lost."""
RoleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]{1,64}$")]
"""RAM CreateRole: 1 to 64 letters, digits, full stops and hyphens."""
Region = Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[a-z]+(-\d)?)+$")]


def more_than_once(texts: Iterable[str]) -> list[str]:
    """The texts that are there several times."""
    return sorted(text for text, count in Counter(texts).items() if count > 1)


class Frozen(BaseModel):
    """Read once, never changed. A part is built as a part of the whole, not by itself as well."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Drift(str, Enum):
    """One kind of difference between the cloud and what is desired."""

    SERVICE_LINKED_ROLE_MISSING = "service_linked_role_missing"
    ROLE_MISSING = "role_missing"
    TRUST_TOO_WIDE = "trust_too_wide"
    ROLE_CHANGED = "role_changed"
    POLICY_MISSING = "policy_missing"
    POLICY_EXTRA = "policy_extra"
    ROLE_NOT_USABLE = "role_not_usable"
    ROLE_LEFT_BEHIND = "role_left_behind"
    FOREIGN_ROLE = "foreign_role"
    UNREGISTERED = "unregistered"
    STALE_REGISTRATION = "stale_registration"
    DUPLICATE = "duplicate"
    NOT_BOUND = "not_bound"
    BINDING_LEFT_BEHIND = "binding_left_behind"
    VAULT_MISSING = "vault_missing"
    VAULT_DIFFERS = "vault_differs"
    VAULT_FOREIGN = "vault_foreign"
    VAULT_DOUBLED = "vault_doubled"
    BACKUP_POLICY_MISSING = "backup_policy_missing"
    BACKUP_POLICY_CHANGED = "backup_policy_changed"
    BACKUP_POLICY_FOREIGN = "backup_policy_foreign"
    BACKUP_POLICY_DOUBLED = "backup_policy_doubled"
    TAGS_IMPOSSIBLE = "tags_impossible"
    TAGS_IGNORED = "tags_ignored"

    def __str__(self) -> str:
        return self.value
