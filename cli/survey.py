"""What is, and what is wanted, account by account: what ``plan`` and ``status`` show. It reads, and never writes.

A glance costs one listing of the directory and one of the registrations per region. A look also reviews each account
that is wanted, or that is registered by us and no longer wanted: it enters the account and reads all that is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace

from shared.fleet import Registrations, everyone
from shared.messages import Hint
from shared.plan import AnyStep, Register, plan
from shared.ports import Ports
from shared.review import Review, review
from shared.scope import Member, Wanted
from shared.standing import Standing, for_sweep
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
    steps: tuple[AnyStep, ...] = ()
    """At a glance those that the listings alone tell of; they are all where there is a review."""
    review: Review | None = None

    @property
    def name(self) -> str:
        """The account's name for people."""
        return self.member.display_name if self.member else "(not in the directory)"

    @property
    def folder(self) -> str:
        """The folder that holds the account."""
        return self.member.folders[-1] if self.member and self.member.folders else ""

    @property
    def missing(self) -> list[str]:
        """The regions in which it is wanted and not registered."""
        return [step.region for step in self.steps if isinstance(step, Register)]


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
"""Every state of an account with its meaning."""


def all_accounts(listed: Registrations, ports: Ports) -> Iterator[Account]:
    """Every declared account and member, then what is registered beyond them."""
    strangers = listed.accounts
    for member in everyone(ports):
        strangers.discard(member.account_id)
        yield member.account_id, member
    yield from ((account_id, None) for account_id in sorted(strangers))


def named_accounts(account_ids: Iterable[str], ports: Ports) -> Iterator[Account]:
    """The accounts of these ids."""
    yield from ((account_id, find(account_id, ports)) for account_id in dict.fromkeys(account_ids))


def glance(account: Account, listed: Registrations, ports: Ports) -> Surveyed:
    """One account by the listings alone; where it is wanted, its role is taken to be right."""
    account_id, member = account
    wanted, why = judge(member, Hint.JOINED, ports.config)
    if member is not None and member.status not in WORKABLE:
        return Surveyed(account_id, member, None, "unworkable", f"status {member.status}")
    if wanted is None:
        return Surveyed(account_id, member, None, _unwanted(account, listed), why)
    want = wanted.enrolment
    # Only registrations are compared here: everything else is taken to be as it should be.
    taken = replace(want, registrations=listed.of(account_id), proven=frozenset(want.registrations))
    seen = Surveyed(account_id, member, wanted, "registered", "", plan(want, taken))
    if seen.missing:
        return replace(seen, state="unregistered", why=f"not registered in {', '.join(seen.missing)}")
    return seen


def _unwanted(account: Account, listed: Registrations) -> str:
    account_id, member = account
    if any(listed.of(account_id).values()):
        return "undeclared" if listed.ours(account_id) else "foreign"
    return "absent" if member is None else "out_of_scope"


def look(
    account: Account, listed: Registrations, ports: Ports, standing: Mapping[str, Standing] | None = None
) -> Surveyed:
    """One account with nothing left unknown, where it is any business of ours."""
    seen = glance(account, listed, ports)
    if seen.wanted is None and seen.state != "undeclared":
        return seen
    hint = Hint.JOINED if seen.wanted else Hint.LEFT
    found = review(seen.account_id, hint, ports, listed.of(seen.account_id), standing)
    state = {"unknown": "unreadable", "leaving": "undeclared", "ignored": seen.state}.get(found.state, found.state)
    return replace(seen, state=state, why=found.why or _still(seen), steps=found.steps, review=found)


def _still(seen: Surveyed) -> str:
    """Why an account is not wanted; why it is not registered is said by its steps."""
    return "" if seen.wanted else seen.why


def look_at_all(
    accounts: list[Account], listed: Registrations, ports: Ports, tell: Callable[[str], None]
) -> list[Surveyed]:
    """``look`` at every account, several at a time; ``tell`` is called with how far it has come."""
    surveyed, standing = [], for_sweep(ports, deep=True)
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="survey") as workers:
        for seen in workers.map(lambda account: look(account, listed, ports, standing), accounts):
            surveyed.append(seen)
            tell(f"looked at {len(surveyed)} of {len(accounts)} accounts")
    return surveyed
