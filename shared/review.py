"""Plans for people: what would be done for an account, with a hash that pins what was reviewed.

A reviewed plan is carried out only if, at that moment, the same plan comes out again: the fingerprint covers what is
wanted, what was seen and every step. No write call is made here except by ``apply_reviewed``.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from shared.apply import carry_out
from shared.config import ConfigError, check
from shared.config_types import AccountId
from shared.departure import Leaver
from shared.enrolment import UNKNOWN, Enrolment, Role
from shared.entrance import Entrance
from shared.examine import Listed, examine, listed_everywhere
from shared.fleet import Registrations
from shared.inventory import guard, take
from shared.messages import Hint
from shared.outcome import AttemptError, Reason, TemporaryError
from shared.plan import AnyStep, gaps, plan
from shared.ports import Ports, Report, Work
from shared.scope import Member, Wanted
from shared.standing import Standing, beside, for_sweep
from shared.steps import Register
from shared.verdict import find, judge, leaves, ready

VERSION = 1


class ReviewError(Exception):
    """The plan cannot be carried out; the message says why and what to do."""


class NotAPlanError(ReviewError):
    """A file that is something else."""


class PlannedAccount(BaseModel):
    """What is read of one account of a plan; the rest is for people."""

    model_config = ConfigDict(frozen=True)

    account_id: AccountId
    do: Hint
    steps: tuple[str, ...]
    fingerprint: str


class PlanDocument(BaseModel):
    """A plan of several accounts, as ``cab plan --json`` writes it."""

    model_config = ConfigDict(frozen=True)

    version: Literal[1]
    accounts: tuple[PlannedAccount, ...]
    hash: str


@dataclass(frozen=True)
class Review:
    """The plan for one account, with what it follows from."""

    account_id: str
    hint: Hint
    state: str
    """``protected``, ``unprotected``, ``withdrawn``, ``leaving``, ``ignored`` or ``unknown``."""
    display_name: str = ""
    rule: str = ""
    why: str = ""
    warnings: tuple[str, ...] = ()
    want: Enrolment | None = None
    have: Enrolment | None = None
    steps: tuple[AnyStep, ...] = ()
    inventory: Mapping[str, Any] = field(default_factory=dict)
    """Of an account that is to leave: its backups. They grow while a plan is reviewed, and are not pinned by it."""

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what is wanted, what was seen, and the steps."""
        content = [
            self.account_id,
            str(self.hint),
            self.state,
            _facts(self.want),
            _facts(self.have),
            _lines(self.steps),
        ]
        return sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()

    def shown(self) -> dict[str, Any]:
        """As JSON, without what is empty."""
        document = {
            "account_id": self.account_id,
            "display_name": self.display_name,
            "do": str(self.hint),
            "state": self.state,
            "rule": self.rule,
            "why": self.why,
            "warnings": list(self.warnings),
            "inventory": self.inventory,
        }
        kept = {name: value for name, value in document.items() if value}
        return {**kept, "steps": _lines(self.steps), "fingerprint": self.fingerprint}


def _lines(steps: Iterable[AnyStep]) -> list[str]:
    return [f"{step.sign} {step}" for step in steps]


def _facts(enrolment: Enrolment | None) -> Any:  # noqa: ANN401 - JSON
    """An enrolment in canonical JSON: equal exactly where the enrolments are."""
    if enrolment is None:
        return None
    role = enrolment.role
    shown: Any = _role_facts(role) if isinstance(role, Role) else role
    former = sorted(map(_role_facts, enrolment.former))
    registrations = {
        region: None if found is UNKNOWN else sorted([record.type, record.role_name] for record in found)
        for region, found in enrolment.registrations.items()
    }
    bindings = {
        region: sorted([*one.key, str(one.place), one.disabled, one.ours] for one in found)
        for region, found in enrolment.bindings.items()
    }
    return [str(shown), registrations, sorted(enrolment.proven), enrolment.service_linked_role, bindings, former]


def _role_facts(role: Role) -> list[Any]:
    return [role.name, sorted(role.trust.statements), sorted(role.policies), role.max_session_seconds, role.ours]


Standings = Mapping[str, Standing]


def review(
    account_id: str, hint: Hint, ports: Ports, listed: Listed | None = None, standing: Standings | None = None
) -> Review:
    """What would be done for one account now, nothing left unknown.

    ``listed`` are its registrations, and ``standing`` what is bound in each region, where that is known already.
    """
    try:
        member = find(account_id, ports)
        wanted, why = judge(member, hint, ports.config)
        if leaves(hint, member, wanted):
            return _departure(Leaver(account_id, member, hint, ports), listed)
        name = member.display_name if member else ""
        if member is None or wanted is None:
            return Review(account_id, hint, "ignored", name, why=why)
        ready(member)
        return _enrolment(member, wanted, hint, ports, (listed, standing))
    except AttemptError as error:
        return Review(account_id, hint, "unknown", why=str(error))


def _enrolment(
    member: Member, wanted: Wanted, hint: Hint, ports: Ports, read: tuple[Listed | None, Standings | None]
) -> Review:
    listed, standing = read
    enter = Entrance(member.account_id, ports).by(member.access_role, Work.to_look)
    known = listed_everywhere(member.account_id, ports) if listed is None else listed
    bound = beside(wanted.enrolment, for_sweep(ports, deep=True) if standing is None else standing)
    have = replace(examine(bound.want, known, enter, ports), bindings=bound.have)
    steps = plan(bound.want, have)
    warnings = (*wanted.warnings, *bound.waiting, *gaps(steps))
    state = "unprotected" if steps else "protected"
    return Review(
        member.account_id, hint, state, member.display_name, wanted.rule, "", warnings, bound.want, have, steps
    )


def _departure(leaver: Leaver, known: Listed | None) -> Review:
    account_id, hint, ports, name = leaver.account_id, leaver.hint, leaver.ports, leaver.display_name
    if leaver.stays:
        return Review(account_id, hint, "ignored", name, why=leaver.stays)
    listed = listed_everywhere(account_id, ports) if known is None else known
    inventory = take(account_id, listed, ports)
    if why := leaver.pointless(listed, inventory):
        return Review(account_id, hint, "ignored", name, why=why)
    guard(inventory, ports.config.teardown.mode)
    departure = leaver.depart(listed, inventory, Entrance(account_id, ports).by(leaver.access_role, Work.to_look))
    steps, warnings = departure.steps, departure.warnings
    if steps and not leaver.asked:
        warnings += (_grace(leaver),)
    state = "leaving" if steps else "withdrawn"
    want, have = departure.want, departure.have
    return Review(account_id, hint, state, name, "", "", warnings, want, have, steps, inventory=inventory.shown())


def _grace(leaver: Leaver) -> str:
    """When it is withdrawn by itself. Of a member in place nobody can tell whether an event or a rule did it."""
    hours, member = f"{leaver.ports.config.teardown.grace_hours:g} h", leaver.member
    if leaver.hint is Hint.MOVED or member is None or member.leaving:
        grace = f"by itself it is withdrawn after {hours}, unless it is back by then"
    else:
        grace = f"a rule withdraws nobody: only an event, such as that of a move, does so by itself, {hours} later"
    return f"{grace}; if too many accounts leave at once, only by a reviewed plan"


def document(reviews: Iterable[Review]) -> dict[str, Any]:
    """The plan of several accounts as one JSON document with its hash."""
    accounts = [one.shown() for one in reviews]
    return {"version": VERSION, "accounts": accounts, "hash": hash_of(accounts)}


def hash_of(accounts: Any) -> str:  # noqa: ANN401 - JSON
    """What pins the accounts of a plan."""
    return sha256(json.dumps(accounts, sort_keys=True).encode()).hexdigest()


def read_plan(given: Any) -> PlanDocument:  # noqa: ANN401 - JSON from a file
    """The plan that a file holds. Raises NotAPlanError, or ReviewError where it was changed after it was made."""
    try:
        plan_document = check(PlanDocument, given, "this is no plan as `cab plan --json` writes it")
    except ConfigError as error:
        raise NotAPlanError(str(error)) from error
    if hash_of(given["accounts"]) != plan_document.hash:
        raise ReviewError("the plan does not match its hash: it was changed after it was made")
    return plan_document


@dataclass(frozen=True)
class Applied:
    """What was done for one account, and why it was not all."""

    report: Report
    error: AttemptError | None = None


def apply_reviewed(plan_document: PlanDocument, ports: Ports) -> list[Applied]:
    """Carry out a reviewed plan and nothing else, account by account: one that fails does not stop the others.

    Raises ReviewError, before any write, if anything differs.
    """
    reviews = _unchanged(plan_document, ports)
    return [_carried_out(one, ports) for one in reviews if one.steps]


def _unchanged(plan_document: PlanDocument, ports: Ports) -> list[Review]:
    # One reading serves all of them, however many they are.
    listed, standing = Registrations(ports), for_sweep(ports, deep=True)
    again = []
    for account in plan_document.accounts:
        fresh = review(account.account_id, account.do, ports, listed.of(account.account_id), standing)
        if fresh.fingerprint != account.fingerprint:
            raise ReviewError(
                f"account {fresh.account_id} is no longer as it was reviewed: make the plan again and review it"
            )
        again.append(fresh)
    return again


def _allowed(one: Review) -> set[AnyStep]:
    """What was reviewed; and to make sure of what stood then, should it go with what is deregistered."""
    stood = one.have.registrations if one.have else {}
    known = ((region, found) for region, found in stood.items() if found is not UNKNOWN)
    return {*one.steps, *(Register(region, registration) for region, found in known for registration in found)}


def _only(allowed: set[AnyStep], steps: tuple[AnyStep, ...]) -> tuple[AnyStep, ...]:
    """The steps, if each of them may be done: a plan that comes to have another one is given up."""
    if not allowed.issuperset(steps):
        raise TemporaryError(Reason.CLOUD_FAULT, "the account is no longer as it was reviewed: make the plan again")
    return steps


def _carried_out(one: Review, ports: Ports) -> Applied:
    report = Report(one.account_id, one.display_name, rule=one.rule)
    if one.want is None or one.have is None:
        raise ReviewError(f"account {one.account_id}: {one.why}")
    try:
        member = find(one.account_id, ports)
        by = member.access_role if member else None
        enter = Entrance(one.account_id, ports).by(by, partial(Work.towards, one.want))
        carry_out(one.want, one.have, ports, enter, report, choose=partial(_only, _allowed(one)))
    except AttemptError as error:
        return Applied(report, error)
    report.state = "withdrawn" if one.state in {"leaving", "withdrawn"} else "protected"
    return Applied(report)
