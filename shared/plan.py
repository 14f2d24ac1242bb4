"""Which steps lead from what is there to what is wanted. Pure: no SDK, no clock, no I/O.

An ``Enrolment`` says what is (or should be) true of one member account. What was not read is ``UNKNOWN``; the plan
answers it with a step that ensures (creates, and takes "already exists" as an observation) instead of a listing.
``after`` says what is true once a step has succeeded, so a plan can be checked, and continued from any of its prefixes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from shared.binding import Bind, BindingStep, SwitchOff, Unbind, after_binding, rebound, switched_off
from shared.enrolment import UNKNOWN, Enrolment, Registration, Role, Unknown
from shared.outcome import Reason
from shared.steps import (
    AttachPolicy,
    CheckRole,
    CreateRole,
    CreateServiceLinkedRole,
    DeleteRole,
    Deregister,
    DetachPolicy,
    Refuse,
    Register,
    RoleStep,
    UpdateRole,
)

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
    have = observed.bindings.get(region, frozenset())
    if not desired.withdrawn:
        yield from rebound(region, want, have, desired.roads, desired.tag_policies.get(region, frozenset()))


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
            return with_registrations(observed, step.region, known(observed, step.region) | {step.registration})
        case Deregister():
            return with_registrations(observed, step.region, known(observed, step.region) - {step.registration})
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


def known(enrolment: Enrolment, region: str) -> frozenset[Registration]:
    """The registrations of one region, as far as they are known."""
    have = enrolment.registrations.get(region, UNKNOWN)
    return frozenset() if have is UNKNOWN else have


def with_registrations(observed: Enrolment, region: str, have: frozenset[Registration]) -> Enrolment:
    """The same enrolment with the registrations of one region replaced by what is known of them now."""
    return replace(observed, registrations={**observed.registrations, region: have})
