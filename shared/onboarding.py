"""``converge``: look the account up, decide what is wanted, observe, plan, apply.

All five doors end here. This module knows the order of things; adapters are handed in.
"""

from __future__ import annotations

from dataclasses import replace

from shared.apply import Entrance, apply_regions, carry_out
from shared.config import Config, External
from shared.examine import listed_everywhere, role_to_remove
from shared.messages import Hint
from shared.outcome import AttemptError
from shared.plan import UNKNOWN, CheckRole, Enrolment, Role, plan
from shared.ports import Ports, Report
from shared.scope import Member, Wanted, desired, withdrawn


def converge(account_id: str, hint: Hint, ports: Ports, report: Report) -> None:
    """Bring one account to what is wanted of it now. Raises an AttemptError; ``report`` says how far it came."""
    entrance = Entrance(account_id, ports)
    if hint in {Hint.LEFT, Hint.WITHDRAW}:
        _leave(account_id, hint, ports, report, entrance)
        return
    entrance.open_ahead()
    member = find(account_id, ports)
    wanted, refusal = judge(member, hint, ports.config)
    if member is None or wanted is None:
        report.state, report.why = "ignored", refusal
        return
    report.display_name, report.rule = member.display_name, wanted.rule
    report.regions, report.role_name = tuple(wanted.enrolment.registrations), wanted.settings.role_name
    if hint is Hint.CHECK:
        _prove(wanted.enrolment, ports, report)
        return
    report.warnings += [f"{policy} reaches everything in the account" for policy in wanted.broad_policies]
    entrance.access_role, entrance.role_name = member.access_role, wanted.settings.role_name
    observed = _observe(wanted.enrolment, ports, entrance)
    carry_out(wanted.enrolment, observed, ports, entrance, report)
    report.state = "protected"


def find(account_id: str, ports: Ports) -> Member | None:
    """The account as the configuration declares it or the directory lists it now."""
    for external in ports.config.external:
        if external.account_id == account_id:
            return declared(external)
    return ports.directory.look_up(account_id)


def declared(external: External) -> Member:
    """An account outside the directory, as the configuration declares it."""
    return Member(external.account_id, external.display_name, "external", access_role=external.access_role)


def judge(member: Member | None, hint: Hint, config: Config) -> tuple[Wanted | None, str]:
    """What is wanted of the account, or why nothing is to be done for it. Pure."""
    if member is None:
        return None, "neither the directory lists this account nor the configuration declares it"
    if member.type != "external" and member.account_id in {config.management_account, config.backup_account.id}:
        return None, "the management and the backup account are enrolled only if the configuration declares them"
    if member.leaving:
        return None, "the account is being deleted"
    wanted = desired(member, config)
    if wanted.in_scope:
        return wanted, ""
    if hint in {Hint.ENROL, Hint.CHECK}:
        # By hand, outside the scope: the sweep will report it as undeclared until the configuration says so.
        settings = _enrolling_all(config)
        return replace(desired(member, settings), rule="by hand, outside the scope"), ""
    return None, f"outside the scope by rule {wanted.rule!r}"


def _enrolling_all(config: Config) -> Config:
    """The same configuration with every account in scope."""
    return config.model_copy(
        update={
            "enrolment": config.enrolment.model_copy(update={"enrol": True}),
            "scope": tuple(rule.model_copy(update={"enrol": None}) for rule in config.scope),
        }
    )


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
    proof = ports.pool.submit(ports.backup.check_role, region, want.account_id, want.role.name)
    ready.result()
    try:
        proof.result()
    except AttemptError:
        entrance.account()
        return unknown
    return replace(unknown, role=entrance.account().read_role(want.role.name), proven=frozenset({region}))


def _prove(want: Enrolment, ports: Ports, report: Report) -> None:
    """Check Permissions alone, in every wanted region: registers nothing, changes nothing."""
    unproven = replace(want, proven=frozenset())
    apply_regions((s for s in plan(want, unproven) if isinstance(s, CheckRole)), unproven, ports, report)
    report.state, report.why = "checked", "Cloud Backup can use the role in every wanted region"


def _leave(account_id: str, hint: Hint, ports: Ports, report: Report, entrance: Entrance) -> None:
    """Withdraw, unless the directory says that the account is still a member and nobody asked for it by hand."""
    member = find(account_id, ports)
    if member is not None:
        report.display_name = member.display_name
        member = replace(member, leaving=member.leaving or ports.directory.is_leaving(account_id))
        if hint is Hint.LEFT and not member.leaving:
            report.state, report.why = "ignored", "the directory still lists this account"
            return
        entrance.role_name = desired(member, ports.config).settings.role_name
    # Rule: nothing is entered that is not a member or declared.
    entrance.access_role = member.access_role if member else None
    report.role_name = entrance.role_name
    listed = listed_everywhere(account_id, ports)
    role = role_to_remove(entrance, leaving=bool(member and member.leaving), warnings=report.warnings)
    report.regions = tuple(region for region, found in listed.items() if found)
    carry_out(withdrawn(account_id), Enrolment(account_id, role, listed), ports, entrance, report)
    report.state = "withdrawn"
