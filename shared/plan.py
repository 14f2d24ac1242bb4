"""Which steps lead from what is there to what is wanted. Pure: no SDK, no clock, no I/O.

An ``Enrolment`` says what is (or should be) true of one member account. What was not read is ``UNKNOWN``; the plan
answers it with a step that ensures (creates, and takes "already exists" as an observation) instead of a listing.
``after`` says what is true once a step has succeeded, so a plan can be checked, and continued from any of its prefixes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import ClassVar, Literal

from shared.backups import Binding, Place
from shared.binding import Bind, BindingStep, SwitchOff, Unbind, after_binding, rebound, switched_off
from shared.outcome import Reason
from shared.steps import RegionalStep, Step
from shared.trust import Trust


class Unknown(Enum):
    """The type of ``UNKNOWN``: not read, which is neither there nor absent."""

    UNKNOWN = "unknown"


UNKNOWN = Unknown.UNKNOWN

RegistrationType = Literal["CROSS_ACCOUNT", "CROSS_ACCOUNT_BY_RD"]

BROAD_POLICIES = frozenset({"System:AdministratorAccess"})
"""Allowed by the product page, but worth a warning: the role then reaches everything in the member account."""


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
    tag_policies: frozenset[str] = frozenset()
    """Desired only: names of the policies whose tag rule may bind what is in the account."""

    @property
    def withdrawn(self) -> bool:
        """Desired: nothing at all is wanted of the account."""
        return not (any(self.registrations.values()) or self.bindings)


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

AnyStep = CreateServiceLinkedRole | RoleStep | Register | Deregister | CheckRole | BindingStep | Refuse


def plan(desired: Enrolment, observed: Enrolment) -> tuple[AnyStep, ...]:
    """The steps from ``observed`` to ``desired``: role, registration, proof, bindings; and the other way round.

    Steps of different regions are independent of each other and may run side by side; all others run in order.
    """
    refusal = _foreign_role(desired, observed)
    if refusal:
        return (refusal,)
    building = tuple(_build_role(desired, observed))
    # Work on the role makes every earlier proof stale.
    proven = frozenset() if building or not observed.service_linked_role else observed.proven
    return (
        *([CreateServiceLinkedRole()] if desired.registrations and not observed.service_linked_role else []),
        *building,
        *_switch_off(desired, observed),
        *(step for region in _regions(desired, observed) for step in _region(desired, observed, region, proven)),
        *_remove_roles(desired, observed),
    )


def _foreign_role(desired: Enrolment, observed: Enrolment) -> Refuse | None:
    role = observed.role
    if not isinstance(role, Role) or role.ours or desired.adopt_role or desired.role is None:
        return None
    detail = f"role {role.name} in account {observed.account_id} was not made by us; set adopt_role to take it over"
    return Refuse(Reason.FOREIGN_ROLE, detail)


def _build_role(desired: Enrolment, observed: Enrolment) -> Iterator[AnyStep]:
    want, have = desired.role, observed.role
    if not isinstance(want, Role) or desired.owner_makes_role:
        return
    if not isinstance(have, Role):
        yield CreateRole(want)
        have = replace(want, policies=frozenset())
    if (have.trust, have.max_session_seconds, have.ours) != (want.trust, want.max_session_seconds, want.ours):
        yield UpdateRole(want, have)
    # Rights that are too wide go before rights that are missing come.
    yield from (DetachPolicy(want.name, policy) for policy in sorted(have.policies - want.policies))
    yield from (AttachPolicy(want.name, policy) for policy in sorted(want.policies - have.policies))


def _regions(desired: Enrolment, observed: Enrolment) -> list[str]:
    named = [*desired.registrations, *observed.registrations, *desired.bindings, *observed.bindings]
    return list(dict.fromkeys(named))


def _region(desired: Enrolment, observed: Enrolment, region: str, proven: frozenset[str]) -> Iterator[AnyStep]:
    want = desired.registrations.get(region, frozenset())
    have = observed.registrations.get(region, frozenset())
    if want is UNKNOWN:
        return
    if have is UNKNOWN:
        missing, spare = want, frozenset[Registration]()
    else:
        missing, spare = want - have, have - want
    removing = [Deregister(region, registration) for registration in _ordered(spare)]
    moving = list(_bindings(desired, observed, region))
    if not desired.types_coexist:
        # The cloud refuses the new record beside the old one: there is a gap (see ``gaps``), as short as can be.
        yield from (step for step in moving if isinstance(step, Unbind))
        yield from removing
    yield from (Register(region, registration) for registration in _ordered(missing))
    if region not in proven:
        yield from (CheckRole(region, r.role_name) for r in _ordered(want) if r.type == "CROSS_ACCOUNT")
    yield from (step for step in moving if desired.types_coexist or not isinstance(step, Unbind))
    if desired.types_coexist:
        yield from removing


def gaps(steps: Iterable[AnyStep]) -> list[str]:
    """What the plan cannot avoid: regions in which nothing is registered between two of its steps."""
    gone: set[str] = set()
    found = []
    for step in steps:
        if isinstance(step, Deregister):
            gone.add(step.region)
        elif isinstance(step, Register) and step.region in gone:
            found.append(
                f"in {step.region} the account cannot be reached between its deregistration and its registration: "
                "two records of one account are refused there"
            )
    return found


def _switch_off(desired: Enrolment, observed: Enrolment) -> Iterator[BindingStep]:
    """Before anything is deregistered anywhere (product page, "Disable cross-account backup": data sources first)."""
    if desired.withdrawn:
        for region, have in observed.bindings.items():
            yield from switched_off(region, have)


def _bindings(desired: Enrolment, observed: Enrolment, region: str) -> Iterator[BindingStep]:
    """What is backed up there, while anything at all is wanted of the account; its registrations say by which road."""
    want = desired.bindings.get(region, frozenset())
    roads = {Place(desired.account_id, one.type, one.role_name) for one in _known(desired, region)}
    if not desired.withdrawn:
        yield from rebound(region, want, observed.bindings.get(region, frozenset()), roads, desired.tag_policies)


def _ordered(registrations: frozenset[Registration]) -> list[Registration]:
    return sorted(registrations, key=lambda r: (r.type, r.role_name))


def _remove_roles(desired: Enrolment, observed: Enrolment) -> Iterator[AnyStep]:
    spare = [observed.role, *observed.former] if desired.role is None else observed.former
    for have in sorted((one for one in spare if isinstance(one, Role) and one.ours), key=lambda one: one.name):
        yield from (DetachPolicy(have.name, policy) for policy in sorted(have.policies))
        yield DeleteRole(have.name)


def after(observed: Enrolment, step: AnyStep) -> Enrolment:
    """What is true once ``step`` has succeeded, given what was true before."""
    match step:
        case CreateServiceLinkedRole():
            return replace(observed, service_linked_role=True, proven=frozenset())
        case DetachPolicy(name) | DeleteRole(name) if name in {role.name for role in observed.former}:
            kept = (_role_after(role, step) if role.name == name else role for role in observed.former)
            return replace(observed, former=frozenset(role for role in kept if isinstance(role, Role)))
        case CreateRole() | UpdateRole() | AttachPolicy() | DetachPolicy() | DeleteRole():
            return replace(observed, role=_role_after(observed.role, step), proven=frozenset())
        case Register():
            return with_registrations(observed, step.region, _known(observed, step.region) | {step.registration})
        case Deregister():
            return with_registrations(observed, step.region, _known(observed, step.region) - {step.registration})
        case CheckRole():
            return replace(observed, proven=observed.proven | {step.region})
        case Bind() | Unbind() | SwitchOff():
            return replace(observed, bindings=after_binding(observed.bindings, step))
        case Refuse():
            return observed


def _role_after(role: Role | Unknown | None, step: RoleStep) -> Role | Unknown | None:
    match step:
        case CreateRole():
            return replace(step.role, policies=frozenset())
        case UpdateRole() if isinstance(role, Role):
            return replace(step.role, policies=role.policies)
        case AttachPolicy() if isinstance(role, Role):
            return replace(role, policies=role.policies | {step.policy})
        case DetachPolicy() if isinstance(role, Role):
            return replace(role, policies=role.policies - {step.policy})
        case DeleteRole():
            return None
    return role


def _known(observed: Enrolment, region: str) -> frozenset[Registration]:
    have = observed.registrations.get(region, UNKNOWN)
    return frozenset() if have is UNKNOWN else have


def with_registrations(observed: Enrolment, region: str, have: frozenset[Registration]) -> Enrolment:
    """The same enrolment with the registrations of one region replaced by what is known of them now."""
    return replace(observed, registrations={**observed.registrations, region: have})
