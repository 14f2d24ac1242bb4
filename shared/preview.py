"""What would be done for one account, computed by the same plan, without a write call."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from shared.apply import Entrance
from shared.examine import examine, listed_everywhere, role_to_remove
from shared.messages import Hint
from shared.outcome import AttemptError
from shared.plan import AnyStep, Enrolment, plan
from shared.ports import Ports
from shared.scope import Member, Wanted, desired, withdrawn
from shared.verdict import find, judge


def preview(account_id: str, hint: Hint, ports: Ports) -> dict[str, Any]:
    """The steps that ``converge`` would take now, with the rule that decided; or why it would take none."""
    try:
        member = find(account_id, ports)
        shown: dict[str, Any] = {"account_id": account_id, "display_name": member.display_name if member else None}
        if hint in {Hint.LEFT, Hint.WITHDRAW}:
            return shown | _leaving(account_id, hint, member, ports)
        wanted, why = judge(member, hint, ports.config)
        if member is None or wanted is None:
            return shown | {"state": "ignored", "why": why, "steps": []}
        steps = steps_for(member, wanted, ports)
    except AttemptError as error:
        return {"account_id": account_id, "state": "unknown", "why": str(error), "steps": []}
    return shown | {"rule": wanted.rule, "state": "unprotected" if steps else "protected", "steps": _shown(steps)}


def steps_for(member: Member, wanted: Wanted, ports: Ports) -> tuple[AnyStep, ...]:
    """The plan for one account with nothing left unknown."""
    entrance = Entrance(member.account_id, ports)
    entrance.access_role, entrance.role_name = member.access_role, wanted.settings.role_name
    observed = examine(wanted.enrolment, listed_everywhere(member.account_id, ports), entrance, ports)
    return plan(wanted.enrolment, observed)


def _leaving(account_id: str, hint: Hint, member: Member | None, ports: Ports) -> dict[str, Any]:
    if member is not None:
        member = replace(member, leaving=member.leaving or ports.directory.is_leaving(account_id))
    if member is not None and hint is Hint.LEFT and not member.leaving:
        return {"state": "ignored", "why": "the directory still lists this account", "steps": []}
    entrance, warnings = Entrance(account_id, ports), list[str]()
    if member is not None:
        entrance.role_name = desired(member, ports.config).settings.role_name
    entrance.access_role = member.access_role if member else None
    role = role_to_remove(entrance, leaving=bool(member and member.leaving), warnings=warnings)
    observed = Enrolment(account_id, role, listed_everywhere(account_id, ports))
    steps = plan(withdrawn(account_id), observed)
    return {"state": "withdrawn" if not steps else "leaving", "warnings": warnings, "steps": _shown(steps)}


def _shown(steps: tuple[AnyStep, ...]) -> list[str]:
    return [f"{step.sign} {step}" for step in steps]
