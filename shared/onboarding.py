"""``converge``: look the account up, decide what is wanted, observe, plan, apply.

All five doors end here. This module knows the order of things; adapters are handed in.
"""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace

from shared.apply import apply_regions, carry_out
from shared.entrance import Entrance
from shared.examine import listed_everywhere, role_to_remove
from shared.fleet import brake
from shared.inventory import guard, kept, take
from shared.messages import Hint
from shared.outcome import AttemptError, GraceError, Reason
from shared.plan import UNKNOWN, CheckRole, Enrolment, Role, plan
from shared.ports import Ports, Report
from shared.scope import Member, desired, withdrawn
from shared.standing import for_event
from shared.verdict import find, judge


def converge(
    account_id: str,
    hint: Hint,
    ports: Ports,
    report: Report,
    *,
    waited: bool = False,
    again: bool = False,
    hurried: bool = False,
) -> None:
    """Bring one account to what is wanted of it now. Raises an AttemptError; ``report`` says how far it came.

    ``waited`` says that the grace before a withdrawal is over; ``again``, that this is not the first attempt;
    ``hurried``, that many others wait.
    """
    entrance = Entrance(account_id, ports, hurried=hurried)
    if hint not in LEAVING and hint is not Hint.CHECK:
        entrance.open_ahead()
    member = find(account_id, ports)
    wanted, why = judge(member, hint, ports.config)
    if hint in LEAVING or (hint is Hint.MOVED and member is not None and wanted is None):
        _leave(account_id, member, _Departure(hint, waited, ports, report, entrance))
        return
    if member is None or wanted is None:
        report.state, report.why = "ignored", why
        return
    report.display_name, report.rule = member.display_name, wanted.rule
    report.regions, report.role_name = tuple(wanted.enrolment.registrations), wanted.settings.role_name
    if hint is Hint.CHECK:
        _prove(wanted.enrolment, ports, report)
        return
    report.warnings += wanted.warnings
    entrance.access_role, entrance.role_name = member.access_role, wanted.settings.role_name
    bound = for_event(wanted.enrolment, ports)
    report.warnings += bound.waiting
    observed = replace(_observe(bound.want, ports, entrance), bindings=bound.have)
    if again and observed.role is not UNKNOWN:
        observed = _glimpsed(observed, ports)
    carry_out(bound.want, observed, ports, entrance, report)
    report.state = "protected"


LEAVING = frozenset({Hint.LEFT, Hint.WITHDRAW})


def _observe(want: Enrolment, ports: Ports, entrance: Entrance) -> Enrolment:
    """What can be known without listing: whether Cloud Backup can use the role already, and then the role itself.

    A proof says "probably right, read first"; anything else says "create first".
    """
    unknown = Enrolment(want.account_id, UNKNOWN, dict.fromkeys(want.registrations, UNKNOWN))
    ready = ports.pool.submit(ports.backup.ensure_service_linked_role)
    if not isinstance(want.role, Role):
        ready.result()
        return replace(unknown, role=None)
    region = next(iter(want.registrations))
    if want.owner_makes_role:
        ready.result()
        return replace(unknown, role=want.role)
    proof = entrance.proof(region, want.role.name)
    ready.result()
    try:
        proof.result()
    except AttemptError:
        entrance.account()
        return unknown
    return replace(unknown, role=entrance.account().read_role(want.role.name), proven=frozenset({region}))


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


def _prove(want: Enrolment, ports: Ports, report: Report) -> None:
    """Check Permissions alone, in every wanted region: registers nothing, changes nothing."""
    unproven = replace(want, proven=frozenset())
    apply_regions((s for s in plan(want, unproven) if isinstance(s, CheckRole)), unproven, ports, report)
    report.state, report.why = "checked", "Cloud Backup can use the role in every wanted region"


@dataclass(frozen=True)
class _Departure:
    """What the withdrawal of one account goes by."""

    hint: Hint
    waited: bool
    ports: Ports
    report: Report
    entrance: Entrance


def _leave(account_id: str, member: Member | None, departure: _Departure) -> None:
    """Withdraw an account that is no longer wanted, or that a person wants withdrawn.

    Where no person asked, a grace goes before it, the directory is asked again afterwards, and the brake must allow it.
    """
    ports, report, entrance = departure.ports, departure.report, departure.entrance
    if member is not None:
        report.display_name = member.display_name
        member = replace(member, leaving=member.leaving or ports.directory.is_leaving(account_id))
        entrance.role_name = desired(member, ports.config).settings.role_name
    if departure.hint is not Hint.WITHDRAW:
        if judge(member, Hint.JOINED, ports.config)[0] is not None:
            report.state, report.why = "ignored", "the account is a member and in scope: nothing is withdrawn"
            return
        _grace(departure)
        brake(ports)
    # Rule: nothing is entered that is not a member or declared.
    entrance.access_role = member.access_role if member else None
    report.role_name = entrance.role_name
    listed = listed_everywhere(account_id, ports)
    inventory = take(account_id, listed, ports)
    report.inventory = inventory.shown()
    guard(inventory, ports.config.teardown.mode)
    role = role_to_remove(entrance, leaving=bool(member and member.leaving), warnings=report.warnings)
    report.warnings += kept(inventory, ports.config.backup_account.id)
    report.regions = tuple(region for region, found in listed.items() if found)
    observed = Enrolment(account_id, role, listed, bindings=inventory.bindings)
    carry_out(withdrawn(account_id), observed, ports, entrance, report)
    report.state = "withdrawn"


def _grace(departure: _Departure) -> None:
    seconds = departure.ports.config.teardown.grace_hours * 3600
    if seconds and not departure.waited:
        raise GraceError(
            Reason.GRACE, f"to be withdrawn in {seconds / 3600:g} h unless it is back by then", delay=seconds
        )
