"""What a plan is made of: one change or check each, with a sign for the console. What it does is in ``apply.py``.

Steps about what is backed up are in ``binding.py``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from shared.enrolment import Registration, Role
from shared.outcome import Reason

BROAD_POLICIES = frozenset({"System:AdministratorAccess"})
"""Allowed by the product page, but worth a warning: the role then reaches everything in the member account."""


@dataclass(frozen=True)
class Step:
    """One change or check. ``sign`` is how the console draws it."""

    sign: ClassVar[str] = "~"


@dataclass(frozen=True)
class RegionalStep(Step):
    """A step in the backup account, in one region; steps of different regions do not depend on each other."""

    region: str


@dataclass(frozen=True)
class CreateServiceLinkedRole(Step):
    """Create the backup account's service-linked role, by which Cloud Backup reaches member accounts."""

    sign: ClassVar[str] = "+"

    def __str__(self) -> str:
        return "create the service-linked role in the backup account"


@dataclass(frozen=True)
class CreateRole(Step):
    """Create the backup role with its trust policy; if one is there already, that is an observation."""

    sign: ClassVar[str] = "+"
    role: Role

    def __str__(self) -> str:
        return f"create role {self.role.name} trusting {', '.join(sorted(self.role.trust.principals))}"


@dataclass(frozen=True)
class UpdateRole(Step):
    """Set trust policy, session length and our mark to what is wanted."""

    role: Role
    was: Role

    def __str__(self) -> str:
        spare = self.was.trust.principals - self.role.trust.principals
        removed = f", removing {', '.join(sorted(spare))}" if spare else ""
        return f"update role {self.role.name} to trust {', '.join(sorted(self.role.trust.principals))}{removed}"


@dataclass(frozen=True)
class AttachPolicy(Step):
    """Attach one policy to the backup role."""

    sign: ClassVar[str] = "+"
    role_name: str
    policy: str

    def __str__(self) -> str:
        warning = " (warning: this policy reaches everything in the account)" if self.policy in BROAD_POLICIES else ""
        return f"attach {self.policy} to role {self.role_name}{warning}"


@dataclass(frozen=True)
class DetachPolicy(Step):
    """Detach one policy from the backup role."""

    sign: ClassVar[str] = "-"
    role_name: str
    policy: str

    def __str__(self) -> str:
        return f"detach {self.policy} from role {self.role_name}"


@dataclass(frozen=True)
class DeleteRole(Step):
    """Delete the backup role, which by then has no policy."""

    sign: ClassVar[str] = "-"
    role_name: str

    def __str__(self) -> str:
        return f"delete role {self.role_name}"


@dataclass(frozen=True)
class Register(RegionalStep):
    """Add the cross-account record in one region; if one is there already, that is an observation."""

    sign: ClassVar[str] = "+"
    registration: Registration

    def __str__(self) -> str:
        role = f" with role {self.registration.role_name}" if self.registration.role_name else ""
        return f"register in {self.region} as {self.registration.type}{role}, alias {self.registration.alias!r}"


@dataclass(frozen=True)
class Deregister(RegionalStep):
    """Delete one cross-account record in one region; if it is not there, that is an observation."""

    sign: ClassVar[str] = "-"
    registration: Registration

    def __str__(self) -> str:
        role = f" with role {self.registration.role_name}" if self.registration.role_name else ""
        return f"deregister in {self.region}: {self.registration.type}{role}"


@dataclass(frozen=True)
class CheckRole(RegionalStep):
    """Let Cloud Backup prove that it can assume the role (the console's "Check Permissions")."""

    sign: ClassVar[str] = "?"
    role_name: str

    def __str__(self) -> str:
        return f"check in {self.region} that Cloud Backup can use role {self.role_name}"


@dataclass(frozen=True)
class Refuse(Step):
    """Nothing more can be done for this account until a person has decided."""

    sign: ClassVar[str] = "!"
    reason: Reason
    detail: str

    def __str__(self) -> str:
        return f"refuse: {self.detail}"


RoleStep = CreateRole | UpdateRole | AttachPolicy | DetachPolicy | DeleteRole
"""What is done in the member account itself."""
