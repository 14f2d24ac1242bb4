"""Where a report's data comes from: directory, registrations, dead letters, backups of who has left. Read only."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from cli.doctor.site import Site
from cli.report.model import Folder, Retained, Seen, shown
from cli.survey import all_accounts, glance, look_at_all
from shared.dead_letters import look
from shared.inventory import Restorable, take
from shared.letters import Letter
from shared.outcome import AttemptError
from shared.paging import by_token
from shared.queue import QueueError


def gather(site: Site, tell: Callable[[str], None], *, deep: bool) -> Seen:
    """Look at everything. What cannot be read is named; without directory or registrations there is no report."""
    ports, config = site.cloud.ports, site.config
    tell("listing accounts and registrations")
    accounts = list(all_accounts(site.listed, ports))
    surveyed = (
        look_at_all(accounts, site.listed, ports, tell) if deep else [glance(a, site.listed, ports) for a in accounts]
    )
    unread: list[str] = []
    tell("receiving dead letters")
    letters = _letters(site, unread)
    tell("looking for backups of accounts that have left")
    known = {account_id for account_id, member in accounts if member is not None}
    known |= {config.management_account, config.backup_account.id}
    return Seen(
        config.management_account,
        config.backup_account.id,
        deep,
        site.now,
        surveyed,
        [Folder(*one) for one in site.folders],
        {row.account_id: row.join_time or "" for row in site.rows},
        letters,
        list(_retained(site, known, unread)),
        unread,
    )


def _letters(site: Site, unread: list[str]) -> list[Letter] | None:
    try:
        with look(site.cloud.queues) as seen:
            return list(seen.letters)
    except QueueError as error:
        unread.append(f"dead letters: {error}")
        return None


def _retained(site: Site, known: set[str], unread: list[str]) -> Iterator[Retained]:
    """Restorable points of accounts that neither the directory nor the configuration knows any more."""
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
    api = site.clients.hbr(site.backup, region)
    rows = by_token(api, "ListProtectedResources", lambda body: body.protected_resources, has_snapshot=True)
    yield from (str(row.resource_owner_id) for row in rows if row.resource_owner_id)
    protection = site.cloud.ports.protection
    bound = [*protection.bindings(region, protection.policies(region)), *protection.plans(region)]
    yield from (one.place.account_id for one in bound)


def _kept(account_id: str, one: Restorable, backup_account: str) -> Retained:
    payer = backup_account if one.vault_id else account_id
    vault = f"{one.vault_name} ({one.vault_id})" if one.vault_id else "disk snapshots in the account itself"
    newest = shown(one.newest) if one.newest else ""
    source = f"{one.source_type} {one.source}"
    evidence = "ListProtectedResources and ListSnapshots" if one.vault_id else "DescribeUdmSnapshots"
    return Retained(account_id, one.region, source, vault, one.points, one.bytes, newest, payer, evidence)
