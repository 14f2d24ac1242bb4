"""What is, and what is wanted, account by account: what ``plan`` and ``status`` show. It reads, and never writes.

A glance costs one listing of the directory and one of the registrations per region. A look also reviews each account
that is wanted, or that is registered by us and no longer wanted: it enters the account and reads all that is compared.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from enum import Enum

from shared.drift import drift_of, kind_of
from shared.fleet import Registrations, everyone
from shared.messages import Hint
from shared.plan import AnyStep, plan
from shared.ports import Ports
from shared.review import Review, review
from shared.scope import Member, Wanted
from shared.standing import Standing, for_sweep
from shared.steps import CheckRole, Register
from shared.verdict import find, judge
from shared.wording import counted

LISTED = "the directory's listing and DescribeCrossAccounts"
ENTERED = f"{LISTED}; in the account GetRole and ListPoliciesForRole; CheckRole"
WORKERS = 8
"""Accounts that are looked at side by side."""

Account = tuple[str, Member | None]
"""An account's id, and who it is; None where neither the directory nor the configuration knows it."""


class State(str, Enum):
    """Every state of an account."""

    PROTECTED = "protected"
    REGISTERED = "registered"
    UNPROTECTED = "unprotected"
    UNREGISTERED = "unregistered"
    UNREADABLE = "unreadable"
    UNWORKABLE = "unworkable"
    UNDECLARED = "undeclared"
    FOREIGN = "foreign"
    OUT_OF_SCOPE = "out_of_scope"
    ABSENT = "absent"

    def __str__(self) -> str:
        return str(self.value)

    @property
    def words(self) -> str:
        """For people."""
        return str(self).replace("_", " ")

    @property
    def meaning(self) -> str:
        """What it means."""
        return _MEANINGS[self]

    @property
    def enrolled(self) -> bool:
        """Whether the account is under central backup, as far as was looked."""
        return self in {State.PROTECTED, State.REGISTERED}

    @property
    def quiet(self) -> bool:
        """Whether it needs nobody's attention: it is as it should be, or none of our business."""
        return self.enrolled or self in {State.OUT_OF_SCOPE, State.FOREIGN}


_MEANINGS = {
    State.PROTECTED: "registered in every wanted region, and proven",
    State.REGISTERED: "registered in every wanted region; the role was not looked at",
    State.UNPROTECTED: "wanted, and something is missing or not as it should be",
    State.UNREGISTERED: "wanted, and not registered in every wanted region",
    State.UNREADABLE: "wanted, and cannot be read",
    State.UNWORKABLE: "wanted, and being made, suspended or failed: it cannot be worked on now",
    State.UNDECLARED: "registered by us, although the configuration does not want it",
    State.FOREIGN: "registered by somebody else; never touched",
    State.OUT_OF_SCOPE: "not wanted, and not registered",
    State.ABSENT: "not known, and not registered",
}


@dataclass(frozen=True)
class Surveyed:
    """One account: what is wanted of it, what is there, and the steps between the two."""

    account_id: str
    member: Member | None
    wanted: Wanted | None
    state: State
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
    def evidence(self) -> str:
        """The calls by which the state was found out."""
        if self.state is State.UNREADABLE:
            return "AssumeRole"
        by_role = self.wanted is None or self.wanted.settings.authorization == "ram_role"
        return ENTERED if self.review and by_role else LISTED

    @property
    def drift(self) -> list[str]:
        """The kinds of drift."""
        return sorted(drift_of(self.steps))

    @property
    def missing(self) -> list[str]:
        """The regions in which it is wanted and not registered."""
        return [step.region for step in self.steps if isinstance(step, Register)]


LISTED_DRIFT = frozenset({"unregistered", "stale_registration"})
"""The kinds that listings tell of, and the fast sweep repairs; the others need the deep one."""
REVIEWED = {
    "protected": State.PROTECTED,
    "unprotected": State.UNPROTECTED,
    "unknown": State.UNREADABLE,
    "leaving": State.UNDECLARED,
    "withdrawn": State.OUT_OF_SCOPE,
}
"""State by the review's word; ``ignored`` leaves it what it was at a glance."""


def cause(step: AnyStep) -> str:
    """Why there is this step, in words."""
    return "not proven" if isinstance(step, CheckRole) else kind_of(step).replace("_", " ")


def all_accounts(listed: Registrations, ports: Ports) -> Iterator[Account]:
    """Every declared account and member, then what is registered beyond them."""
    strangers = listed.accounts
    for member in everyone(ports):
        strangers.discard(member.account_id)
        yield member.account_id, member
    yield from ((account_id, None) for account_id in sorted(strangers))


def named_accounts(account_ids: Iterable[str], ports: Ports) -> Iterator[Account]:
    """The accounts of these ids. The management account is in no listing of the directory's members."""
    own = Member(ports.config.management_account, "the management account", "management")
    for account_id in dict.fromkeys(account_ids):
        found = find(account_id, ports)
        yield account_id, own if found is None and account_id == own.account_id else found


def glance(account: Account, listed: Registrations, ports: Ports) -> Surveyed:
    """One account by the listings alone; where it is wanted, its role is taken to be right."""
    account_id, member = account
    wanted, why = judge(member, Hint.JOINED, ports.config)
    if member is None or wanted is None:
        return Surveyed(account_id, member, None, _unwanted(account, listed), why)
    if member.unworkable:
        return Surveyed(account_id, member, wanted, State.UNWORKABLE, member.unworkable)
    want = wanted.enrolment
    # Only registrations are compared here: everything else is taken to be as it should be.
    taken = replace(want, registrations=listed.of(account_id), proven=frozenset(want.registrations))
    seen = Surveyed(account_id, member, wanted, State.REGISTERED, "", plan(want, taken))
    if seen.missing:
        return replace(seen, state=State.UNREGISTERED, why=f"not registered in {', '.join(seen.missing)}")
    return seen


def _unwanted(account: Account, listed: Registrations) -> State:
    account_id, member = account
    if any(listed.of(account_id).values()):
        return State.UNDECLARED if listed.ours(account_id) else State.FOREIGN
    return State.ABSENT if member is None else State.OUT_OF_SCOPE


def look(
    account: Account, listed: Registrations, ports: Ports, standing: Mapping[str, Standing] | None = None
) -> Surveyed:
    """One account with nothing left unknown, where it is any business of ours."""
    seen = glance(account, listed, ports)
    if seen.state is State.UNWORKABLE or (seen.wanted is None and seen.state is not State.UNDECLARED):
        return seen
    hint = Hint.JOINED if seen.wanted else Hint.LEFT
    found = review(seen.account_id, hint, ports, listed.of(seen.account_id), standing)
    return replace(
        seen,
        state=REVIEWED.get(found.state, seen.state),
        why=found.why or _still(seen),
        steps=found.steps,
        review=found,
    )


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
            tell(f"looked at {len(surveyed)} of {counted(len(accounts), 'account')}")
    return surveyed
