"""Which backup data of one account a person may delete for good, and in which order. Decided here, done by hand only.

The product page's order ("Disable cross-account backup"): data sources, clients, instances, vault. Only what bears our
mark, and never a vault that other accounts use. What is left, and why, is said.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any

from shared.backups import BackupClient, Binding, Place, Point, Policy, Vault
from shared.inventory import Inventory
from shared.ports import Ports
from shared.wording import counted


@dataclass(frozen=True)
class Deletion:
    """One call that deletes; ``fields`` are the SDK's own."""

    region: str
    action: str
    fields: Mapping[str, Any]
    says: str

    def __str__(self) -> str:
        return f"{self.says} in {self.region}"


@dataclass(frozen=True)
class Region:
    """What there is in one region beside the account's own things."""

    policies: Mapping[str, Policy]
    """By id."""
    users: Mapping[str, frozenset[str]]
    """Vault id → the accounts that back up to it, or may."""


@dataclass(frozen=True)
class Purge:
    """What would be deleted, in order, and what would be left."""

    account_id: str
    deletions: tuple[Deletion, ...]
    left: tuple[str, ...] = field(default=())

    @property
    def hash(self) -> str:
        """Pins what was reviewed: every deletion and everything left."""
        content = [self.account_id, [[one.region, one.action, one.fields] for one in self.deletions], self.left]
        return sha256(json.dumps(content, sort_keys=True, default=str).encode()).hexdigest()


def surroundings(region: str, ports: Ports) -> Region:
    """Read who uses which vault: by binding, plan, SAP HANA instance, or a tag rule that names the account."""
    policies = {one.id: one for one in ports.protection.policies(region)}
    users: dict[str, set[str]] = {}
    every = [*ports.protection.bindings(region, policies.values()), *ports.protection.plans(region)]
    for binding in every:
        users.setdefault(binding.vault_id, set()).add(binding.place.account_id)
    for instance in ports.protection.hana_instances(region):
        users.setdefault(instance.vault_id, set()).add(instance.place.account_id)
    for policy in policies.values():
        for vault_id in policy.vault_ids:
            users.setdefault(vault_id, set()).update(place.account_id for place in policy.places)
    return Region(policies, {vault: frozenset(accounts) for vault, accounts in users.items()})


def plan_purge(
    found: Inventory, regions: Mapping[str, Region], places: Mapping[str, Place], sids: Mapping[str, str]
) -> Purge:
    """Pure. ``places`` say how the account is reached, by region; ``sids`` name SAP HANA instances' system ids."""
    left: list[str] = [f"{one}: not ours" for found_in in found.bindings.values() for one in found_in if not one.ours]
    deletions = [
        *_orders(found),
        *_clients(found, places, left),
        *_hana(found, sids, left),
        *_data(found, regions, left),
    ]
    return Purge(found.account_id, tuple(deletions), tuple(sorted(left)))


def _orders(found: Inventory) -> Iterator[Deletion]:
    """Bindings and plans of ours."""
    for region, bindings in sorted(found.bindings.items()):
        for one in sorted((one for one in bindings if one.ours), key=lambda one: one.key):
            yield Deletion(region, *_order(one), f"unbind {one}")


def _order(one: Binding) -> tuple[str, dict[str, Any]]:
    match one.way:
        case "policy":
            return "DeletePolicyBinding", {
                "policy_id": one.id, "source_type": one.source_type, "data_source_ids": [one.source]
            }  # fmt: skip
        case "plan":
            fields = {"plan_id": one.id, "source_type": one.source_type, "vault_id": one.vault_id or None}
            return "DeleteBackupPlan", fields
        case _:
            fields = {"plan_id": one.id, "cluster_id": one.cluster_id, "vault_id": one.vault_id}
            return "DeleteHanaBackupPlan", fields


def _clients(found: Inventory, places: Mapping[str, Place], left: list[str]) -> Iterator[Deletion]:
    """A client has no mark: it is ours if everything that backs up its instance's files is ours.

    DeleteBackupClient takes the client's plans, jobs and backup points along, and is refused for an hour after the last
    heartbeat (API page): so a client that is still there is uninstalled now, and deleted when this is run again.
    """
    for client in found.clients:
        orders = [one for one in found.bindings.get(client.region, ()) if one.source == client.instance_id]
        foreign = any(not one.ours for one in orders) or any(_foreign_files(one, client, found) for one in found.points)
        if not orders or foreign:
            left.append(f"client {client.id} on {client.instance_id}: what it backs up is not all ours")
        elif client.status == "DEACTIVATED":
            says = f"delete client {client.id} on {client.instance_id} with its backup points"
            yield Deletion(client.region, "DeleteBackupClient", {"client_id": client.id}, says)
        elif client.region in places:
            fields = {"client_ids": [client.id], **places[client.region].fields}
            says = f"uninstall client {client.id} on {client.instance_id} (run this again in an hour to delete it)"
            yield Deletion(client.region, "UninstallBackupClients", fields, says)


def _foreign_files(point: Point, client: BackupClient, found: Inventory) -> bool:
    ours = {one.id for one in found.bindings.get(client.region, ()) if one.ours}
    same = (point.region, point.source_type, point.source) == (client.region, "ECS_FILE", client.instance_id)
    return same and point.made_by not in ours


def _hana(found: Inventory, sids: Mapping[str, str], left: list[str]) -> Iterator[Deletion]:
    """DeleteHanaInstance wants the system id, which no listing tells."""
    for one in found.hana_instances:
        if not one.ours:
            left.append(f"SAP HANA instance {one.name} ({one.id}): not ours")
        elif one.name not in sids:
            left.append(f"SAP HANA instance {one.name} ({one.id}): its system id is needed, --sid {one.name}=SID")
        else:
            fields = {"cluster_id": one.id, "vault_id": one.vault_id, "sid": sids[one.name]}
            yield Deletion(one.region, "DeleteHanaInstance", fields, f"unregister SAP HANA instance {one.name}")


def _data(found: Inventory, regions: Mapping[str, Region], left: list[str]) -> Iterator[Deletion]:
    """A vault that only this account uses goes as a whole; out of any other one, the account's points of ours."""
    vaults = {one.id: one for one in found.vaults}
    whole = {vault_id for vault_id, vault in vaults.items() if _only_ours(vault, found, regions[vault.region])}
    for point in sorted(found.points, key=lambda one: (one.region, one.vault_id, one.source, one.id)):
        if point.vault_id in whole:
            continue
        if _is_ours(point, found, regions[point.region], vaults):
            yield _point(point)
        else:
            left.append(f"backup point {point.id} of {point.source}: not made by a policy of ours")
    for vault_id in sorted(whole):
        yield from _vault(vaults[vault_id], found, regions[vaults[vault_id].region])
    left += [
        f"vault {one.name} ({one.id}): {'other accounts use it' if one.ours else 'not ours'}"
        for one in found.vaults
        if one.id not in whole
    ]


def _only_ours(vault: Vault, found: Inventory, region: Region) -> bool:
    """Whether the vault bears our mark and holds, and is to hold, nothing but this account's data by orders of ours."""
    mine = [one for one in found.points if one.vault_id == vault.id]
    orders = [one for bindings in found.bindings.values() for one in bindings if one.vault_id == vault.id]
    others = region.users.get(vault.id, frozenset()) - {found.account_id}
    foreign = [policy for policy in region.policies.values() if vault.id in policy.vault_ids and not policy.ours]
    return vault.ours and not others and not foreign and vault.points == len(mine) and all(one.ours for one in orders)


def _is_ours(point: Point, found: Inventory, region: Region, vaults: Mapping[str, Vault]) -> bool:
    """In a vault of ours (or in none, as disk snapshots are), by a policy or plan of ours."""
    if point.vault_id and not (point.vault_id in vaults and vaults[point.vault_id].ours):
        return False
    policy = region.policies.get(point.made_by)
    orders = {one.id for bindings in found.bindings.values() for one in bindings if one.ours}
    return bool(policy and policy.ours) or point.made_by in orders


def _point(point: Point) -> Deletion:
    fields = {
        "snapshot_id": point.id,
        "vault_id": point.vault_id or None,
        "source_type": point.source_type,
        "instance_id": None if point.vault_id else point.source,
    }
    return Deletion(point.region, "DeleteSnapshot", fields, f"delete backup point {point.id} of {point.source}")


def _vault(vault: Vault, found: Inventory, region: Region) -> Iterator[Deletion]:
    """Policies that name it go first, or the cloud refuses (VaultBoundPolicyCannotBeDeleted)."""
    for policy in region.policies.values():
        if vault.id in policy.vault_ids:
            yield Deletion(vault.region, "DeletePolicyV2", {"policy_id": policy.id}, f"delete policy {policy.name!r}")
    count = sum(point.vault_id == vault.id for point in found.points)
    yield Deletion(
        vault.region,
        "DeleteVault",
        {"vault_id": vault.id},
        f"delete vault {vault.name} ({vault.id}) with {counted(count, 'point')}",
    )
