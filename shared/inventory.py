"""What of one account's backups there is, in every region and on every page. Read only.

Printed before a withdrawal, kept in its log line, and what mode ``block`` decides by. It is kept short: restorable
points are added up by data source and vault.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from shared.backups import BackupClient, Binding, HanaInstance, Place, Point, Vault
from shared.enrolment import Registration
from shared.outcome import AttemptError, NotReadyError, PermanentError, Reason
from shared.ports import Ports
from shared.wording import counted

GIB = 2**30
HANA = "which Cloud Backup lists only by a task for each database (DescribeHanaBackupsAsync): see the console"
MOST_NAMED = 5
"""Data sources that a refusal names."""


@dataclass(frozen=True)
class Restorable:
    """What can be restored of one data source out of one vault."""

    region: str
    source_type: str
    source: str
    vault_id: str
    """Empty for an ECS instance, whose points are disk snapshots in its own account."""
    vault_name: str
    points: int
    newest: int
    """Epoch seconds."""
    bytes: int | None
    """Added up as Cloud Backup gives them; None where it gives none."""

    def __str__(self) -> str:
        where = f"vault {self.vault_name} ({self.vault_id})" if self.vault_id else "disk snapshots"
        size = f", {shown_size(self.bytes)}" if self.bytes is not None else ""
        return f"{self.source_type} {self.source} in {self.region}: {counted(self.points, 'point')}{size}, {where}"


@dataclass(frozen=True)
class Inventory:
    """One account's backups, whoever set them up."""

    account_id: str
    bindings: Mapping[str, frozenset[Binding]] = field(default_factory=dict)
    """By region: policy bindings, backup plans, SAP HANA plans."""
    clients: tuple[BackupClient, ...] = ()
    hana_instances: tuple[HanaInstance, ...] = ()
    vaults: tuple[Vault, ...] = ()
    """Those that hold, or are to hold, something of the account's."""
    restorable: tuple[Restorable, ...] = ()
    points: tuple[Point, ...] = ()
    out_of_reach: tuple[str, ...] = ()
    """What could not be read, and why."""

    @property
    def foreign(self) -> list[Binding]:
        """What still runs and is not ours: reported, and never touched."""
        every = (one for found in self.bindings.values() for one in found)
        return sorted((one for one in every if not one.ours and not one.disabled), key=lambda one: one.key)

    def shown(self) -> dict[str, Any]:
        """As JSON, for the log line and the plan."""
        return {
            "bindings": [
                {"region": region, "what": str(one), "disabled": one.disabled, "ours": one.ours}
                for region, found in sorted(self.bindings.items())
                for one in sorted(found, key=lambda one: one.key)
            ],
            "clients": [{"region": one.region, "id": one.id, "instance": one.instance_id} for one in self.clients],
            "hana_instances": [{"region": one.region, "id": one.id, "name": one.name} for one in self.hana_instances],
            "vaults": [_vault(one) for one in self.vaults],
            "restorable": [vars(one) for one in self.restorable],
            "out_of_reach": list(self.out_of_reach),
        }


def _vault(one: Vault) -> dict[str, Any]:
    return {"region": one.region, "id": one.id, "name": one.name, "ours": one.ours, "stored_bytes": one.stored_bytes}


def take(account_id: str, registered: Mapping[str, frozenset[Registration]], ports: Ports) -> Inventory:
    """Read everything, every region side by side. ``registered`` says by which road the account is reached, if any.

    Regions are those that the configuration names anywhere. What only Cloud Backup's road into the account could tell,
    and cannot any more, is named as out of reach. Raises an AttemptError where A itself cannot be read.
    """
    parts = ports.pool.map(lambda region: _region(region, account_id, registered, ports), ports.config.backup_regions)
    whole = Inventory(account_id)
    for part in parts:
        whole = replace(
            whole,
            bindings={**whole.bindings, **part.bindings},
            **{name: getattr(whole, name) + getattr(part, name) for name in TUPLES},
        )
    return whole


TUPLES = ("clients", "hana_instances", "vaults", "restorable", "points", "out_of_reach")


def _region(region: str, account_id: str, registered: Mapping[str, frozenset[Registration]], ports: Ports) -> Inventory:
    protection, bound = ports.protection, bound_to(region, account_id, ports)
    instances = tuple(one for one in protection.hana_instances(region) if one.place.account_id == account_id)
    known = {(one.source_type, one.source) for one in bound}
    points = {one.id: one for one in ports.records.points(region, account_id, known)}
    clients, tables, out_of_reach = _inside(region, _places(region, account_id, registered, ports), ports)
    points |= {one.id: one for one in tables}
    out_of_reach += tuple(f"{region}: backups of SAP HANA instance {one.name} ({one.id}), {HANA}" for one in instances)
    vaults = {one.id: one for one in protection.vaults(region)}
    used = {one.vault_id for one in points.values()} | {one.vault_id for one in instances}
    used |= {one.vault_id for one in bound}
    return Inventory(
        account_id,
        {region: bound} if bound else {},
        clients,
        instances,
        tuple(vaults[one] for one in sorted(used & vaults.keys())),
        tuple(_added_up(points.values(), vaults)),
        tuple(points.values()),
        out_of_reach,
    )


def bound_to(region: str, account_id: str, ports: Ports) -> frozenset[Binding]:
    """Everything that backs an account's data up there on a schedule, whoever set it up."""
    protection = ports.protection
    every = [*protection.bindings(region, protection.policies(region)), *protection.plans(region)]
    return frozenset(one for one in every if one.place.account_id == account_id)


def _places(
    region: str, account_id: str, registered: Mapping[str, frozenset[Registration]], ports: Ports
) -> list[Place]:
    """How Cloud Backup reaches the account there."""
    if account_id == ports.config.backup_account.id:
        return [Place(account_id, "SELF_ACCOUNT")]
    here = registered.get(region, frozenset())
    if ports.config.assumptions.registrations == "global":
        here = frozenset().union(*registered.values())
    found = sorted(here, key=lambda one: (one.type, one.role_name))
    return [Place(account_id, one.type, one.role_name) for one in found]


def _inside(
    region: str, places: list[Place], ports: Ports
) -> tuple[tuple[BackupClient, ...], list[Point], tuple[str, ...]]:
    """What can be told only by entering the account."""
    refused = []
    for place in places:
        try:
            tables = list(ports.records.table_points(region, place))
            return tuple(ports.protection.clients(region, place)), tables, ()
        except (PermanentError, NotReadyError) as error:
            refused.append(_out_of_reach(region, error))
    return (), [], tuple(refused)


def _out_of_reach(region: str, error: AttemptError) -> str:
    return f"{region}: clients and Tablestore tables, since {error.detail}"


def _added_up(points: Iterable[Point], vaults: Mapping[str, Vault]) -> list[Restorable]:
    groups: dict[tuple[str, str, str, str], list[Point]] = {}
    for point in points:
        groups.setdefault((point.region, point.source_type, point.source, point.vault_id), []).append(point)
    return [
        Restorable(
            *key,
            vaults[key[3]].name if key[3] in vaults else "",
            len(found),
            max(point.completed_at for point in found),
            sum(point.bytes or 0 for point in found) if any(point.bytes is not None for point in found) else None,
        )
        for key, found in sorted(groups.items())
    ]


def shown_size(size: int) -> str:
    """Bytes for people."""
    return f"{size / GIB:.1f} GiB" if size >= GIB // 10 else f"{size} bytes"


def guard(inventory: Inventory, mode: str) -> None:
    """Raise PermanentError in mode ``block`` while anything can, or may, be restored; nothing is changed by then."""
    if mode != "block" or not (inventory.restorable or inventory.out_of_reach):
        return
    found = [*inventory.restorable, *(f"not known: {one}" for one in inventory.out_of_reach)]
    count = sum(one.points for one in inventory.restorable)
    first = "; ".join(map(str, found[:MOST_NAMED]))
    detail = (
        f"nothing is changed while backups can be restored (teardown.mode block): {counted(count, 'point')}: {first}"
    )
    raise PermanentError(Reason.RESTORABLE_DATA, detail)


def kept(inventory: Inventory, backup_account: str) -> list[str]:
    """What a report says of data that a withdrawal leaves behind, and of what is not ours to switch off.

    Who goes on paying is from the product page, "Disable cross-account backup" and "Billing".
    """
    lines = [f"not ours, so it is left as it is and goes on: {one}" for one in inventory.foreign]
    vaults = sorted({f"{one.vault_name} ({one.vault_id})" for one in inventory.restorable if one.vault_id})
    if vaults:
        count = sum(one.points for one in inventory.restorable if one.vault_id)
        lines.append(
            f"backup data is kept: {counted(count, 'restorable point')} in {', '.join(vaults)}; "
            f"their storage goes on being billed to the backup account {backup_account}"
        )
    disks = sum(one.points for one in inventory.restorable if not one.vault_id)
    if disks:
        lines.append(
            f"backup data is kept: {counted(disks, 'restorable point')} of ECS instances: disk snapshots of account "
            f"{inventory.account_id} that go on being billed to it"
        )
    return [*lines, *(f"out of reach in {one}" for one in inventory.out_of_reach)]
