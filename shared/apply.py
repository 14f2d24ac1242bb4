"""Carry out a plan, step by step, and plan again where the cloud turns out to be other than expected."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import groupby

from shared.entrance import Entrance
from shared.outcome import AttemptError, PermanentError, Reason, TemporaryError
from shared.plan import (
    UNKNOWN,
    AnyStep,
    AttachPolicy,
    CheckRole,
    CreateRole,
    CreateServiceLinkedRole,
    DeleteRole,
    Deregister,
    DetachPolicy,
    Enrolment,
    Refuse,
    RegionalStep,
    Register,
    Registration,
    UpdateRole,
    after,
    plan,
    with_registrations,
)
from shared.ports import EnteredAccount, Ports, Report

MOST_ROUNDS = 8
"""Plans in one attempt; two suffice unless somebody else is changing the account at the same time."""


def carry_out(want: Enrolment, observed: Enrolment, ports: Ports, entrance: Entrance, report: Report) -> None:
    """Plan and apply until the plan is empty. A step that finds something else than expected leads to a new plan."""
    for _ in range(MOST_ROUNDS):
        steps = plan(want, observed)
        if not steps:
            return
        observed = _apply_all(steps, observed, ports, entrance, report)
        if any(want.registrations.values()) and any(isinstance(step, Deregister) for step in steps):
            # Where registrations turn out to be global, deleting one took the others with it: make sure of them.
            observed = replace(observed, registrations=dict.fromkeys(want.registrations, UNKNOWN))
    raise TemporaryError(Reason.CLOUD_FAULT, "the account keeps changing while we work on it")


def _apply_all(
    steps: tuple[AnyStep, ...], observed: Enrolment, ports: Ports, entrance: Entrance, report: Report
) -> Enrolment:
    """Apply steps in order, those of different regions side by side; stop where an observation changes the plan."""
    for regional, run in groupby(steps, key=lambda step: isinstance(step, RegionalStep)):
        if regional:
            return apply_regions(list(run), observed, ports, report)
        for step in run:
            expected = after(observed, step)
            observed = _apply(step, observed, ports, entrance)
            report.steps.append(f"{step.sign} {step}")
            if observed != expected:
                return observed
    return observed


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
        merged = with_registrations(merged, region, _have(seen, region))
        merged = replace(merged, proven=merged.proven | (seen.proven & {region}))
    if failures:
        # What may pass is tried again first; what is permanent is still there then.
        raise min(failures, key=lambda error: isinstance(error, PermanentError))
    return merged


def _have(observed: Enrolment, region: str) -> frozenset[Registration]:
    have = observed.registrations.get(region, frozenset())
    return frozenset() if have is UNKNOWN else have


def _apply_chain(chain: list[AnyStep], observed: Enrolment, ports: Ports, report: Report) -> Enrolment:
    for step in chain:
        expected = after(observed, step)
        observed = _apply(step, observed, ports, None)
        report.steps.append(f"{step.sign} {step}")
        if observed != expected:
            return observed
    return observed


def _apply(step: AnyStep, observed: Enrolment, ports: Ports, entrance: Entrance | None) -> Enrolment:
    """Carry out one step; return what is known to be true now."""
    account_id = observed.account_id
    match step:
        case Register(region, registration):
            listed = ports.backup.register(region, account_id, registration)
            if listed is not None:
                return with_registrations(observed, region, listed)
        case Deregister(region, registration):
            ports.backup.deregister(region, account_id, registration)
        case CreateServiceLinkedRole():
            ports.backup.ensure_service_linked_role()
        case CheckRole(region, role_name):
            ports.backup.check_role(region, account_id, role_name)
        case Refuse(reason, detail):
            raise PermanentError(reason, detail)
        case _ if entrance is not None:
            return _apply_inside(step, observed, entrance.account())
    return after(observed, step)


def _apply_inside(step: AnyStep, observed: Enrolment, account: EnteredAccount) -> Enrolment:
    match step:
        case CreateRole(role):
            return replace(observed, role=account.create_role(role), proven=frozenset())
        case UpdateRole(role):
            account.update_role(role)
        case AttachPolicy(role_name, policy):
            account.attach(role_name, policy)
        case DetachPolicy(role_name, policy):
            account.detach(role_name, policy)
        case DeleteRole(role_name):
            account.delete_role(role_name)
    return after(observed, step)
