"""What is, or should be, true of one member account: its backup role, its registrations, what is bound of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from shared.backups import Binding, Place
from shared.trust import Trust


class Unknown(Enum):
    """The type of ``UNKNOWN``: not read, which is neither there nor absent."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN

RegistrationType = Literal["CROSS_ACCOUNT", "CROSS_ACCOUNT_BY_RD"]


@dataclass(frozen=True)
class Role:
    """The backup role in a member account."""

    name: str
    trust: Trust
    policies: frozenset[str]
    """``"System:AliyunHBRRolePolicy"`` or ``"Custom:<name>"``."""
    max_session_seconds: int = 3600
    ours: bool = True
    """Whether its description bears our mark. A role without it is foreign: it is reported and left alone."""


@dataclass(frozen=True)
class Registration:
    """A cross-account record in the backup account. The alias is for people: a later rename is not drift."""

    type: RegistrationType
    role_name: str
    """Empty for ``CROSS_ACCOUNT_BY_RD``."""
    alias: str = field(default="", compare=False)


@dataclass(frozen=True)
class Registered:
    """What came of asking for a record."""

    new: bool
    """Whether it was made by that; if not, it was there, or another one stands in its way."""
    listed: frozenset[Registration] | None = None
    """All of the account's in that region, if the listing had to be read."""


@dataclass(frozen=True)
class Enrolment:
    """What is, or should be, true of one member account's central backup."""

    account_id: str
    role: Role | Unknown | None = None
    registrations: Mapping[str, frozenset[Registration] | Unknown] = field(default_factory=dict)
    """By region."""
    proven: frozenset[str] = frozenset()
    """Regions in which CheckRole has succeeded since anything about the role last changed."""
    service_linked_role: bool = True
    """Observed only: whether the backup account has its service-linked role."""
    owner_makes_role: bool = False
    """Desired only: the role is not ours to make (an external account that is not entered)."""
    former: frozenset[Role] = frozenset()
    """Observed only: roles by which the account was registered before its settings changed."""
    types_coexist: bool = True
    """Desired only: whether a record of the other type may stay until the new one is there."""
    adopt_role: bool = False
    """Desired only: take over a role of that name that lacks our mark."""
    bindings: Mapping[str, frozenset[Binding]] = field(default_factory=dict)
    """By region: what is backed up on a schedule. Observed, it holds at least what is wanted and is there."""
    tag_policies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Desired only, by region: names of the policies whose tag rule may bind what is in the account."""

    @property
    def withdrawn(self) -> bool:
        """Desired: nothing at all is wanted of the account."""
        return not (any(self.registrations.values()) or self.bindings or self.tag_policies)

    @property
    def roads(self) -> frozenset[Place]:
        """Desired: the ways in which the account is to be reached. The backup account's own resources need none."""
        known = (one for found in self.registrations.values() if found is not UNKNOWN for one in found)
        roads = frozenset(Place(self.account_id, one.type, one.role_name) for one in known)
        return roads or frozenset({Place(self.account_id, "SELF_ACCOUNT")})
