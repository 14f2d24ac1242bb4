"""What is, and what is wanted, account by account: what ``plan`` and ``status`` show. It reads, and never writes.

A glance costs one listing of the directory and one of the registrations per region. A look also enters each account
that is wanted, reads its backup role and proves it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

from shared.entrance import Entrance
from shared.examine import examine, role_to_remove
from shared.fleet import Registrations, everyone
from shared.messages import Hint
from shared.outcome import AttemptError
from shared.plan import AnyStep, Enrolment, Register, plan
from shared.ports import Ports
from shared.scope import Member, Wanted, desired, withdrawn
from shared.sweep import WORKABLE
from shared.verdict import find, judge

WORKERS = 8
"""Accounts that are looked at side by side."""

Account = tuple[str, Member | None]
"""An account's id, and who it is; None where neither the directory nor the configuration knows it."""


@dataclass(frozen=True)
class Surveyed:
    """One account: what is wanted of it, what is there, and the steps between the two."""

    account_id: str
    member: Member | None
    wanted: Wanted | None
    state: str
    """See ``STATES``."""
    why: str = ""
    observed: Enrolment | None = None
    """None where nothing was compared."""
    steps: tuple[AnyStep, ...] = ()
    warnings: list[str] = field(default_factory=list)

    @property
    def desired(self) -> Enrolment:
        """What is wanted; nothing, where the account is none of ours."""
        return self.wanted.enrolment if self.wanted else withdrawn(self.account_id)

    @property
    def folder(self) -> str:
        """The folder that holds the account."""
        return self.member.folders[-1] if self.member and self.member.folders else ""


STATES = {
    "protected": "registered in every wanted region, and proven",
    "registered": "registered in every wanted region; the role was not looked at",
    "unprotected": "wanted, and something is missing or not as it should be",
    "unregistered": "wanted, and not registered in every wanted region",
    "unreadable": "wanted, and cannot be read",
    "unworkable": "being made, suspended or failed: it cannot be worked on now",
    "undeclared": "registered by us, although the configuration does not want it",
    "foreign": "registered by somebody else; never touched",
    "out_of_scope": "not wanted, and not registered",
    "absent": "not known, and not registered",
}
"""Every state of an account, best first, with its meaning."""


def all_accounts(listed: Registrations, ports: Ports) -> Iterator[Account]:
    """Every declared account and member, then what is registered beyond them."""
    strangers = listed.accounts
    for member in everyone(ports):
        strangers.discard(member.account_id)
        yield member.account_id, member
    yield from ((account_id, None) for account_id in sorted(strangers))


def named_accounts(account_ids: Iterable[str], ports: Ports) -> Iterator[Account]:
    """The accounts of these ids; whether one is being deleted takes a call of its own, which the listing does not."""
    for account_id in dict.fromkeys(account_ids):
        member = find(account_id, ports)
        if member is not None and member.type != "external" and ports.directory.is_leaving(account_id):
            member = replace(member, leaving=True)
        yield account_id, member


def glance(account: Account, listed: Registrations, ports: Ports) -> Surveyed:
    """One account by the listings alone; where it is wanted, its role is taken to be right."""
    account_id, member = account
    wanted, why = judge(member, Hint.JOINED, ports.config)
    have = listed.of(account_id)
    if member is not None and member.status not in WORKABLE:
        return Surveyed(account_id, member, None, "unworkable", f"status {member.status}")
    if wanted is None:
        return Surveyed(account_id, member, None, _unwanted(account_id, listed, known=member is not None), why)
    want = wanted.enrolment
    observed = Enrolment(account_id, want.role, have, frozenset(want.registrations))
    steps = plan(want, observed)
    missing = [step.region for step in steps if isinstance(step, Register)]
    why = f"not registered in {', '.join(missing)}" if missing else ""
    return Surveyed(account_id, member, wanted, "unregistered" if missing else "registered", why, observed, steps)


def _unwanted(account_id: str, listed: Registrations, *, known: bool) -> str:
    if not any(listed.of(account_id).values()):
        return "out_of_scope" if known else "absent"
    return "undeclared" if listed.ours(account_id) else "foreign"


def look(account: Account, listed: Registrations, ports: Ports) -> Surveyed:
    """One account with nothing left unknown, and the steps that lead to what is wanted of it."""
    seen = glance(account, listed, ports)
    try:
        if seen.wanted is not None and seen.member is not None:
            return _looked_at(seen, seen.member, seen.wanted, listed, ports)
        if seen.state == "undeclared":
            return _to_withdraw(seen, listed, ports)
    except AttemptError as error:
        return replace(seen, state="unreadable", why=str(error), observed=None, steps=())
    return seen


def _looked_at(seen: Surveyed, member: Member, wanted: Wanted, listed: Registrations, ports: Ports) -> Surveyed:
    entrance = Entrance(seen.account_id, ports)
    entrance.access_role, entrance.role_name = member.access_role, wanted.settings.role_name
    observed = examine(wanted.enrolment, listed.of(seen.account_id), entrance, ports)
    steps = plan(wanted.enrolment, observed)
    warnings = [f"{policy} reaches everything in the account" for policy in wanted.broad_policies]
    state = "unprotected" if steps else "protected"
    return replace(seen, state=state, why="", observed=observed, steps=steps, warnings=warnings)


def _to_withdraw(seen: Surveyed, listed: Registrations, ports: Ports) -> Surveyed:
    """An account that is registered by us and no longer wanted: what ``cab teardown`` would do."""
    member, warnings = seen.member, list[str]()
    entrance = Entrance(seen.account_id, ports)
    entrance.access_role = member.access_role if member else None
    if member is not None:
        entrance.role_name = desired(member, ports.config).settings.role_name
    role = role_to_remove(entrance, leaving=bool(member and member.leaving), warnings=warnings)
    observed = Enrolment(seen.account_id, role, listed.of(seen.account_id))
    return replace(seen, observed=observed, steps=plan(seen.desired, observed), warnings=warnings)


def look_at_all(
    accounts: list[Account], listed: Registrations, ports: Ports, tell: Callable[[str], None]
) -> list[Surveyed]:
    """``look`` at every account, several at a time; ``tell`` is called with how far it has come."""
    surveyed = []
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="survey") as workers:
        for seen in workers.map(lambda account: look(account, listed, ports), accounts):
            surveyed.append(seen)
            tell(f"looked at {len(surveyed)} of {len(accounts)} accounts")
    return surveyed
