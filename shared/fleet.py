"""All accounts at once: every member, every registration, and the brake that these two make possible."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from shared.enrolment import Registration
from shared.messages import Hint
from shared.outcome import PermanentError, Reason, TemporaryError
from shared.ports import Ports
from shared.scope import Member
from shared.verdict import declared, judge


class Registrations:
    """Every registration, from one listing per region.

    Ten thousand accounts have the same few kinds of record: equal ones are kept once, and aliases only as ``ours``.
    """

    def __init__(self, ports: Ports) -> None:
        self._regions = ports.config.every_region
        self._kept: dict[frozenset[Registration], frozenset[Registration]] = {}
        self._ours: set[str] = set()
        self.duplicates: list[tuple[str, str, Registration]] = []
        """(account id, region, registration) of records that are there more than once."""
        self._by_region = dict(
            zip(self._regions, ports.pool.map(lambda region: self._read(region, ports), self._regions), strict=True)
        )

    def _read(self, region: str, ports: Ports) -> dict[str, frozenset[Registration]]:
        found: dict[str, frozenset[Registration]] = {}
        for account_id, registration in ports.backup.registrations(region):
            # The product allows any account to be registered by hand; our aliases end in the account's id.
            if registration.alias.endswith(account_id):
                self._ours.add(account_id)
            before = found.get(account_id, frozenset())
            if registration in before:
                self.duplicates.append((account_id, region, registration))
            both = before | {replace(registration, alias="")}
            found[sys.intern(account_id)] = self._kept.setdefault(both, both)
        return found

    def of(self, account_id: str) -> dict[str, frozenset[Registration]]:
        """The account's registrations by region; every region is there."""
        return {region: self._by_region[region].get(account_id, frozenset()) for region in self._regions}

    def ours(self, account_id: str) -> bool:
        """Whether a registration of the account looks like one that we made."""
        return account_id in self._ours

    @property
    def accounts(self) -> set[str]:
        """Every account that is registered anywhere."""
        return {account_id for found in self._by_region.values() for account_id in found}


def everyone(ports: Ports) -> Iterator[Member]:
    """Every account that may be enrolled: the declared ones, then the members."""
    yield from map(declared, ports.config.external)
    known = {external.account_id for external in ports.config.external}
    yield from (member for member in ports.directory.members() if member.account_id not in known)


@contextmanager
def believed_only_whole() -> Iterator[None]:
    """Set a withdrawal aside where a listing has not as many rows as it says, instead of trying until it happens to."""
    try:
        yield
    except TemporaryError as error:
        if error.reason is Reason.INCOMPLETE_LISTING:
            raise PermanentError(Reason.MASS_REMOVAL, f"nothing is withdrawn: {error.detail}") from error
        raise


def brake(ports: Ports, *, gone: bool) -> None:
    """Refuse to withdraw while suspiciously many accounts would go.

    An empty or shrunken listing (an error, the wrong account, a missing permission) and ten thousand forged removals
    look alike from one account; they differ from a real removal only when the whole fleet is looked at. Members outside
    the scope are counted only where the scope decides, not where an account is ``gone`` from the directory: they may
    have been enrolled by hand, or a wrong rule may exclude them, which nothing tells apart.
    Raises PermanentError with reason ``mass_removal``, to be released by a person's reviewed plan.
    """
    with believed_only_whole():
        listed = Registrations(ports)
        members = {member.account_id: member for member in everyone(ports) if not member.leaving}
    fleet = {account_id for account_id in listed.accounts if listed.ours(account_id)}
    left = fleet - members.keys()
    outside = {one for one in fleet - left if judge(members[one], Hint.JOINED, ports.config)[0] is None}
    limits = ports.config.teardown
    most = max(limits.brake_accounts, len(fleet) * limits.brake_percent / 100)
    if limits.mode == "block" and len(left | outside) > most:
        kept = _kept(ports)
        left, outside = left - kept, outside - kept
    if len(left if gone else left | outside) > most:
        detail = (
            f"of {len(fleet)} registered accounts {_named(left)} have left the directory and {_named(outside)} are "
            f"members outside the scope, by a rule or enrolled by hand; the brake is at {most:g}"
        )
        raise PermanentError(Reason.MASS_REMOVAL, detail)


def _named(accounts: set[str]) -> str:
    first = ", ".join(sorted(accounts)[:5])
    return f"{len(accounts)} ({first})" if accounts else "0"


def _kept(ports: Ports) -> set[str]:
    """Accounts that mode ``block`` keeps because of their data, as far as one listing per region tells."""
    return set().union(*ports.pool.map(ports.records.owners, ports.config.backup_regions))
