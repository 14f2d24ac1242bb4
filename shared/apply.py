"""Carry out a plan, step by step, and plan again where the cloud turns out to be other than expected."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from itertools import groupby

from shared.binding import Bind, BindingStep, SwitchOff, Unbind
from shared.enrolment import UNKNOWN, Enrolment, Role
from shared.examine import formers, named_by
from shared.outcome import AttemptError, PermanentError, Reason, TemporaryError
from shared.plan import AnyStep, after, known, plan, with_registrations
from shared.ports import Enter, Ports, Report
from shared.steps import (
    AttachPolicy,
    CheckRole,
    CreateRole,
    CreateServiceLinkedRole,
    DeleteRole,
    Deregister,
    DetachPolicy,
    Refuse,
    RegionalStep,
    Register,
    RoleStep,
    UpdateRole,
)

MOST_ROUNDS = 8
"""Plans in one attempt; two suffice unless somebody else is changing the account at the same time."""


def carry_out(
    want: Enrolment,
    observed: Enrolment,
    ports: Ports,
    enter: Enter | None,
    report: Report,
    *,
    choose: Callable[[tuple[AnyStep, ...]], tuple[AnyStep, ...]] = tuple,
) -> None:
    """Plan and apply until the plan is empty. A step that finds something else than expected leads to a new plan.

    ``enter`` is the way into the member account, where there is one; ``choose`` picks from each plan the steps to
    carry out.
    A data source that cannot be bound holds up nothing else; its failure is raised when all the rest is done.
    """
    for _ in range(MOST_ROUNDS):
        observed = _with_formers(want, observed, enter)
        chosen = choose(tuple(step for step in plan(want, observed) if step not in report.failed))
        steps = _unproven(chosen, observed)
        if not steps:
            if report.failed:
                report.state = "protected"
                raise _worst(report.failed.values())
            return
        observed = _apply_all(steps, observed, ports, enter, report)
        if any(want.registrations.values()) and any(isinstance(step, Deregister) for step in steps):
            # Where registrations turn out to be global, deleting one took others with it: make sure of those wanted.
            spare = {region: known(observed, region) - known(want, region) for region in observed.registrations}
            observed = replace(observed, registrations=spare)
    raise TemporaryError(Reason.CLOUD_FAULT, "the account keeps changing while we work on it")


def _with_formers(want: Enrolment, observed: Enrolment, enter: Enter | None) -> Enrolment:
    """The same with the roles of registrations that are to go. Once these are gone, nothing names the roles any more.

    Whoever withdraws an account has looked already, and has said what could not be read.
    """
    if want.withdrawn:
        return observed
    listed = {region: found for region, found in observed.registrations.items() if found is not UNKNOWN}
    looked_at = {role.name for role in (want.role, *observed.former) if isinstance(role, Role)}
    unseen = named_by(listed) - looked_at
    return replace(observed, former=observed.former | formers(sorted(unseen), enter)) if unseen else observed


def _unproven(steps: tuple[AnyStep, ...], observed: Enrolment) -> tuple[AnyStep, ...]:
    """A proof holds while nothing is done to the role, also where what differs in it is left as it is."""
    if any(isinstance(step, RoleStep) for step in steps):
        return steps
    return tuple(step for step in steps if not (isinstance(step, CheckRole) and step.region in observed.proven))


def _apply_all(
    steps: tuple[AnyStep, ...], observed: Enrolment, ports: Ports, enter: Enter | None, report: Report
) -> Enrolment:
    """Apply steps in order, those of different regions side by side; stop where an observation changes the plan.

    Nothing is deregistered before everything has been switched off everywhere.
    """
    for kind, run in groupby(steps, key=_kind):
        if issubclass(kind, RegionalStep):
            return apply_regions(list(run), observed, ports, report)
        for step in run:
            expected = after(observed, step)
            observed = _apply(step, observed, ports, enter, report)
            if observed != expected:
                return observed
    return observed


def _kind(step: AnyStep) -> type:
    """Steps of one kind that follow each other may be applied side by side."""
    return next((kind for kind in (SwitchOff, RegionalStep) if isinstance(step, kind)), object)


def apply_regions(steps: Iterable[AnyStep], observed: Enrolment, ports: Ports, report: Report) -> Enrolment:
    """Work on every region side by side, within a region in order; one that fails does not stop the others."""
    chains: dict[str, list[AnyStep]] = {}
    for step in steps:
        if isinstance(step, RegionalStep):
            chains.setdefault(step.region, []).append(step)
    running = [ports.pool.submit(_apply_chain, chain, observed, ports, report) for chain in chains.values()]
    failures: list[AttemptError] = []
    merged = observed
    for region, future in zip(chains, running, strict=True):
        try:
            seen = future.result()
        except AttemptError as error:
            failures.append(error)
            continue
        merged = with_registrations(merged, region, known(seen, region))
        merged = replace(merged, proven=merged.proven | (seen.proven & {region}))
        if region in seen.bindings:
            merged = replace(merged, bindings={**merged.bindings, region: seen.bindings[region]})
    if failures:
        raise _worst(failures)
    return merged


def _worst(failures: Iterable[AttemptError]) -> AttemptError:
    """What may pass is tried again first; what is permanent is still there then."""
    return min(failures, key=lambda error: isinstance(error, PermanentError))


def _apply_chain(chain: list[AnyStep], observed: Enrolment, ports: Ports, report: Report) -> Enrolment:
    for step in chain:
        expected = after(observed, step)
        try:
            observed = _apply(step, observed, ports, None, report)
        except AttemptError as error:
            if not isinstance(step, Bind):
                raise
            report.failed[step] = error
            continue
        if observed != expected:
            return observed
    return observed


def _apply(step: AnyStep, observed: Enrolment, ports: Ports, enter: Enter | None, report: Report) -> Enrolment:
    """Carry out one step, and report it; return what is known to be true now."""
    account_id = observed.account_id
    told, now = f"{step.sign} {step}", after(observed, step)
    match step:
        case Register(region, registration):
            came = ports.backup.register(region, account_id, registration)
            if came.listed is not None:
                now = with_registrations(observed, region, came.listed)
            if not came.new:
                there = came.listed is None or registration in came.listed
                told = f"= {'there already' if there else 'refused beside another record'}: {step}"
        case Deregister(region, registration):
            ports.backup.deregister(region, account_id, registration)
        case CreateServiceLinkedRole():
            ports.backup.ensure_service_linked_role()
        case CheckRole(region, role_name):
            ports.backup.check_role(region, account_id, role_name)
        case Bind() | Unbind() | SwitchOff():
            _apply_binding(step, ports)
        case Refuse(reason, detail):
            raise PermanentError(reason, detail)
        case CreateRole() | UpdateRole() | AttachPolicy() | DetachPolicy() | DeleteRole():
            now = _apply_inside(step, observed, enter)
    report.steps.append(told)
    return now


def _apply_binding(step: BindingStep, ports: Ports) -> None:
    match step:
        case Bind(region, binding):
            ports.protection.bind(region, binding)
        case Unbind(region, binding):
            ports.protection.unbind(region, binding)
        case SwitchOff(region, binding):
            ports.protection.switch_off(region, binding)


def _apply_inside(step: RoleStep, observed: Enrolment, enter: Enter | None) -> Enrolment:
    if enter is None:
        detail = f"account {observed.account_id} has no access role to enter it by"
        raise PermanentError(Reason.BAD_CONFIGURATION, detail)
    match step:
        case CreateRole(role):
            return replace(observed, role=enter(role.name).create_role(role), proven=frozenset())
        case UpdateRole(role):
            enter(role.name).update_role(role)
        case AttachPolicy(role_name, policy):
            enter(role_name).attach(role_name, policy)
        case DetachPolicy(role_name, policy):
            enter(role_name).detach(role_name, policy)
        case DeleteRole(role_name):
            enter(role_name).delete_role(role_name)
    return after(observed, step)
