"""Where a report's data comes from: directory, registrations, dead letters, backups of who has left. Read only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

from cli.covered import backups
from cli.history import of_fleet, written
from cli.letters import look
from cli.report.model import Folder, Retained, Seen
from cli.site import Site
from cli.survey import all_accounts, glance, look_at_all
from shared.inventory import Restorable, take
from shared.letters import Letter
from shared.outcome import AttemptError
from shared.policies import make
from shared.queue import QueueError


def gather(site: Site, tell: Callable[[str], None], *, deep: bool) -> Seen:
    """Coverage, backups, dead letters. Without directory or registrations there is none; what else fails is named."""
    ports, config, unread = site.cloud.ports, site.config, list[str]()
    tell("listing registrations")
    listed = site.listed
    tell("listing accounts")
    accounts = list(all_accounts(listed, ports))
    surveyed = look_at_all(accounts, listed, ports, tell) if deep else [glance(a, listed, ports) for a in accounts]
    tell("listing folders")
    folders = [Folder(*one) for one in site.folders]
    tell("listing bindings and jobs")
    covered = backups(surveyed, ports, site.now)
    tell("listing vaults and backup policies")
    shared = make(ports, write=False) if config.backup_policies else []
    tell("receiving dead letters")
    letters = _letters(site, unread)
    tell("reading the functions' log")
    return Seen(
        config.management_account,
        config.backup_account.id,
        deep,
        site.now,
        surveyed,
        folders,
        duplicates=[(account, region) for account, region, _ in listed.duplicates],
        shared=shared,
        backups=covered,
        letters=letters,
        history=of_fleet(site),
        unread=unread,
    )


def in_full(seen: Seen, site: Site, tell: Callable[[str], None]) -> Seen:
    """The same, with when each account has joined, and the backups of those that have left."""
    tell("asking when accounts have joined")
    joined = {one.account_id: one.at for one in site.joined}
    tell("looking for backups of accounts that have left")
    here = (one for one in seen.accounts if one.member is not None and not one.member.leaving)
    known = {one.account_id for one in here} | {seen.management, seen.backup}
    unread = list(seen.unread)
    return replace(seen, joined=joined, retained=list(_retained(site, known, unread)), unread=unread)


def _letters(site: Site, unread: list[str]) -> list[Letter] | None:
    try:
        with look(site.cloud.queues) as seen:
            return list(seen.letters)
    except QueueError as error:
        unread.append(f"dead letters: {error}")
        return None


def _retained(site: Site, known: set[str], unread: list[str]) -> Iterator[Retained]:
    """Restorable points of accounts that nobody knows any more, or that are being deleted."""
    ports = site.cloud.ports
    try:
        owners = {owner for region in site.config.every_region for owner in _owners(site, region)} - known
        for account_id in sorted(owners):
            inventory = take(account_id, site.listed.of(account_id), ports)
            yield from (_kept(account_id, one, site.config.backup_account.id) for one in inventory.restorable)
    except AttemptError as error:
        unread.append(f"backups of accounts that have left: {error}")


def _owners(site: Site, region: str) -> Iterator[str]:
    """Whose data sources have restorable points, or are bound, in a region."""
    yield from site.cloud.ports.records.owners(region)
    protection = site.cloud.ports.protection
    bound = [*protection.bindings(region, protection.policies(region)), *protection.plans(region)]
    yield from (one.place.account_id for one in bound)


def _kept(account_id: str, one: Restorable, backup_account: str) -> Retained:
    payer = backup_account if one.vault_id else account_id
    vault = f"{one.vault_name} ({one.vault_id})" if one.vault_id else "disk snapshots in the account itself"
    newest = written(one.newest) if one.newest else ""
    source = f"{one.source_type} {one.source}"
    evidence = "ListProtectedResources and ListSnapshots" if one.vault_id else "DescribeUdmSnapshots"
    return Retained(account_id, one.region, source, vault, one.points, one.bytes, newest, payer, evidence)
