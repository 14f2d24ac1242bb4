"""How accounts are enrolled: the defaults, the rules that differ from them, and accounts outside the directory."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from shared.config_types import AccountId, Frozen, Region, RoleName, more_than_once

ALIAS_LENGTH = 32
"""AddCrossAccount takes at most this many characters of alias (Cloud Backup API page)."""


def _ends_in_account_id(alias: str) -> str:
    if not alias.endswith("{account_id}") or alias.count("{") != alias.count("{display_name}") + 1:
        raise ValueError("expected a text with {display_name} in it or not, ending in {account_id}")
    if len(alias.replace("{display_name}", "").replace("{account_id}", "0" * 16)) > ALIAS_LENGTH:
        raise ValueError(f"expected at most {ALIAS_LENGTH} characters together with the account id")
    return alias


Alias = Annotated[str, AfterValidator(_ends_in_account_id)]
"""A template that ends in {account_id}."""
SessionSeconds = Annotated[int, Field(ge=3600, le=43_200)]
"""RAM CreateRole, MaxSessionDuration."""


def _each_once(regions: tuple[str, ...]) -> tuple[str, ...]:
    if more_than_once(regions):
        raise ValueError("expected each region once")
    return regions


Regions = Annotated[tuple[Region, ...], Field(min_length=1), AfterValidator(_each_once)]
ARN_LENGTH = 40
"""Characters at most that a policy's name takes in a session policy beside itself."""
ROOM_FOR_POLICIES = 1200
"""Of the 2048 characters that AssumeRole takes as Policy (API page), what is left for them."""


def _fit_a_session(policies: tuple[str, ...]) -> tuple[str, ...]:
    if sum(ARN_LENGTH + len(name) for name in policies) > ROOM_FOR_POLICIES:
        raise ValueError("expected fewer or shorter names: a session in the account names each of them")
    return policies


Policy = Annotated[str, StringConstraints(pattern=r"^((System|Custom):)?[A-Za-z0-9-]{1,128}$")]
"""RAM CreatePolicy: 1 to 128 letters, digits and hyphens."""
Policies = Annotated[tuple[Policy, ...], Field(min_length=1), AfterValidator(_fit_a_session)]


class Settings(Frozen):
    """How accounts are enrolled unless a scope rule says otherwise."""

    enrol: bool = True
    """Whether the account is to be under central backup."""
    authorization: Literal["ram_role", "resource_directory"] = "ram_role"
    """By a role in the member account, or by the Resource Directory, which needs no role there."""
    regions: Regions
    """Where the account has resources to back up; it is registered in each."""
    alias: Alias = "{display_name}-{account_id}"
    """How Cloud Backup shows the account; the display name is cut to fit. A later rename is not drift."""
    role_name: RoleName = "hbrcrossrole"
    """The backup role in the member account."""
    policies: Policies = ("AliyunHBRRolePolicy",)
    """System policies by name; a custom policy of the member account as ``Custom:<name>``."""
    adopt_role: bool = False
    """Whether to take over a role of that name that bears no mark of ours."""
    session_seconds: SessionSeconds = 3600
    """The longest session of the backup role."""
    backup_policies: tuple[str, ...] = ()
    """Names under `backup_policies`: what of the account is backed up."""

    @property
    def attached(self) -> frozenset[str]:
        """``policies`` in full: ``System:<name>`` or ``Custom:<name>``."""
        return frozenset(policy if ":" in policy else f"System:{policy}" for policy in self.policies)


class Rule(Frozen):
    """One scope rule: which members it is for, and what is different for them. The most specific rule wins."""

    name: str
    """How plans and answers call the rule."""
    folder: str | None = None
    """A folder id; accounts in folders below it match too."""
    tags: Mapping[str, str] = Field(default_factory=dict)
    """Keys and values; the account must have all of them."""
    type: Literal["created", "invited"] | None = None
    """How the account joined the directory."""
    accounts: tuple[AccountId, ...] = ()
    """Only these accounts."""
    enrol: bool | None = None
    authorization: Literal["ram_role", "resource_directory"] | None = None
    regions: Regions | None = None
    alias: Alias | None = None
    role_name: RoleName | None = None
    policies: Policies | None = None
    adopt_role: bool | None = None
    session_seconds: SessionSeconds | None = None
    backup_policies: tuple[str, ...] | None = None

    def over(self, base: Settings) -> Settings:
        """The defaults with what this rule says put over them, checked again."""
        said = {name: value for name in Settings.model_fields if (value := getattr(self, name)) is not None}
        return Settings.model_validate(base.model_dump() | said)


class External(Frozen):
    """An account outside the directory (or M or A itself) that is to be backed up all the same."""

    account_id: AccountId
    """The account."""
    display_name: str
    """Its name, for the alias and for people."""
    access_role: RoleName | None = None
    """The role by which it is entered; without it its owner makes the backup role, and we check and register."""
