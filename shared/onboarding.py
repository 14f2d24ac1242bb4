"""``converge``: look the account up, decide what is wanted, observe, plan, apply.

All five doors end here. This module knows the order of things; adapters are handed in.
"""

from __future__ import annotations

from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from functools import partial

from shared.apply import apply_regions, carry_out
from shared.departure import Leaver
from shared.enrolment import UNKNOWN, Enrolment, Role
from shared.entrance import Entrance
from shared.examine import listed_everywhere
from shared.fleet import believed_only_whole, brake
from shared.inventory import guard, take
from shared.messages import Hint
from shared.outcome import AttemptError, GraceError, NotReadyError, Reason
from shared.plan import plan
from shared.ports import Enter, Ports, Report, Work
from shared.scope import Member, Wanted, withdrawn
from shared.standing import for_event
from shared.steps import CheckRole, Register
from shared.verdict import LEAVING, find, judge, leaves, ready


@dataclass(frozen=True)
class Occasion:
    """Why an account is looked at, and what went before."""

    hint: Hint
    waited: bool = False
    """The grace before a withdrawal is over."""
    again: bool = False
    """It has probably been dealt with before, as a later attempt says by itself."""
    hurried: bool = False
    """Many others wait."""


@dataclass(frozen=True)
class _Visit:
    """One account, looked at on one occasion."""

    account_id: str
    occasion: Occasion
    ports: Ports
    report: Report
    entrance: Entrance


def converge(account_id: str, occasion: Occasion, ports: Ports, report: Report) -> None:
    """Bring one account to what is wanted of it now. Raises an AttemptError; ``report`` says how far it came."""
    entrance, hint = Entrance(account_id, ports, hurried=occasion.hurried), occasion.hint
    visit = _Visit(account_id, occasion, ports, report, entrance)
    if hint not in {*LEAVING, Hint.CHECK}:
        entrance.open_ahead(remove=hint is Hint.MOVED)
    member = find(account_id, ports)
    wanted, why = judge(member, hint, ports.config)
    if leaves(hint, member, wanted):
        _leave(Leaver(account_id, member, hint, ports), visit)
    elif member is None or wanted is None:
        report.state, report.why = "ignored", why
    else:
        report.display_name, report.rule = member.display_name, wanted.rule
        report.regions, report.role_name = tuple(wanted.enrolment.registrations), wanted.settings.role_name
        ready(member)
        if hint is Hint.CHECK:
            _check(wanted.enrolment, ports, report)
        else:
            _enrol(member, wanted, visit)


def _enrol(member: Member, wanted: Wanted, visit: _Visit) -> None:
    """Make it protected, and bind what is to be backed up of it."""
    ports, report = visit.ports, visit.report
    enter = visit.entrance.by(member.access_role, partial(Work.towards, wanted.enrolment))
    bound = for_event(wanted.enrolment, ports)
    report.warnings += [*wanted.warnings, *bound.waiting]
    observed = replace(_observe(bound.want, enter, visit), bindings=bound.have)
    if visit.occasion.again and observed.role is not UNKNOWN:
        observed = _glimpsed(observed, ports)
    carry_out(bound.want, observed, ports, enter, report)
    report.state = "protected"


def _observe(want: Enrolment, enter: Enter | None, visit: _Visit) -> Enrolment:
    """What can be known without listing: whether Cloud Backup can use the role already, and then the role itself.

    A proof says "probably right, read first"; anything else says "create first".
    """
    unknown = Enrolment(want.account_id, UNKNOWN, dict.fromkeys(want.registrations, UNKNOWN))
    ready = visit.ports.pool.submit(visit.ports.backup.ensure_service_linked_role)
    if not isinstance(want.role, Role) or enter is None:
        ready.result()
        return replace(unknown, role=want.role)
    region, name = next(iter(want.registrations)), want.role.name
    proof = visit.entrance.proof(region, name)
    ready.result()
    try:
        proof.result()
    except AttemptError:
        enter(name)
        return unknown
    return replace(unknown, role=enter(name).read_role(name), proven=frozenset({region}))


def _glimpsed(observed: Enrolment, ports: Ports) -> Enrolment:
    """The same with the registrations that one page of each region's listing shows.

    A retried message whose role is right already has probably been delivered twice: looking first spares the write call
    that would only be refused. What one page does not tell stays unknown.
    """
    pages = {r: ports.pool.submit(ports.backup.glimpse, r, observed.account_id) for r in observed.registrations}
    seen = dict(observed.registrations)
    for region, page in pages.items():
        with suppress(AttemptError):
            found = page.result()
            seen[region] = UNKNOWN if found is None else found
    return replace(observed, registrations=seen)


def _check(want: Enrolment, ports: Ports, report: Report) -> None:
    """Prove that the account is protected, in every wanted region: registers nothing, changes nothing.

    Cloud Backup checks the role ("Check Permissions"). Where there is none, the registration is the proof.
    """
    if not want.registrations:
        why = "no registration is wanted: there is nothing to check"
    elif want.role is None:
        _find_registrations(want, ports)
        why = "the account is registered in every wanted region"
    else:
        unproven = replace(want, proven=frozenset())
        apply_regions((step for step in plan(want, unproven) if isinstance(step, CheckRole)), unproven, ports, report)
        why = "Cloud Backup can use the role in every wanted region"
    report.state, report.why = "checked", why


def _find_registrations(want: Enrolment, ports: Ports) -> None:
    regions = list(want.registrations)
    listed = ports.pool.map(lambda region: ports.backup.registrations_of(region, want.account_id), regions)
    observed = Enrolment(want.account_id, None, dict(zip(regions, listed, strict=True)))
    missing = [step for step in plan(want, observed) if isinstance(step, Register)]
    if missing:
        where = ", ".join(f"in {step.region} as {step.registration.type}" for step in missing)
        raise NotReadyError(Reason.NOT_READY, f"account {want.account_id} is not registered {where}")


def _leave(leaver: Leaver, visit: _Visit) -> None:
    """Withdraw it. Where no person asked, a grace goes before it, and the brake must allow it.

    Where there is nothing to do, there is nothing to wait for either.
    """
    account_id, ports, report = visit.account_id, visit.ports, visit.report
    report.display_name = leaver.display_name
    if leaver.stays:
        report.state, report.why = "ignored", leaver.stays
        return
    report.role_name = leaver.role_name
    with nullcontext() if leaver.asked else believed_only_whole():
        listed = listed_everywhere(account_id, ports)
    if any(listed.values()):
        _wait(leaver, visit)
    inventory = take(account_id, listed, ports)
    if not visit.occasion.again and (why := leaver.pointless(listed, inventory)):
        report.state, report.why = "ignored", why
        return
    report.inventory = inventory.shown()
    enter = visit.entrance.by(leaver.access_role, partial(Work.towards, withdrawn(account_id)))
    departure = leaver.depart(listed, inventory, enter, begun=visit.occasion.waited)
    if departure.steps:
        _wait(leaver, visit)
    guard(inventory, ports.config.teardown.mode)
    if departure.steps and not leaver.asked:
        brake(ports, gone=leaver.gone)
    report.warnings += departure.warnings
    report.regions = tuple(region for region, found in listed.items() if found)
    carry_out(departure.want, departure.have, ports, enter, report)
    report.state = "withdrawn"


def _wait(leaver: Leaver, visit: _Visit) -> None:
    """Let the grace go by, before something is changed that no person asked for."""
    seconds = visit.ports.config.teardown.grace_hours * 3600
    if seconds and not leaver.asked and not visit.occasion.waited:
        raise GraceError(
            Reason.GRACE, f"to be withdrawn in {seconds / 3600:g} h unless it is back by then", delay=seconds
        )
