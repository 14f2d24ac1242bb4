"""Backup vaults: made, described, renamed, destroyed. What is stored in them is in ``snapshots.py``."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from emulator.hbr import agenda, tasks
from emulator.hbr.account import require_open
from emulator.hbr.answers import PAGE, find, mine, page, refuse, stamp
from emulator.hbr.state import Vault
from emulator.hbr.vault_answers import render
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.hbr.state import HbrState
    from emulator.service import Call

MAX_VAULTS = 100
"""Per account (API page "CreateVault")."""
READY_SECONDS = 30
"""From INITIALIZING to CREATED; how long the cloud takes is not documented."""
_PROTECTED_SECONDS = 2 * 3600


def create_vault(call: Call) -> dict[str, Any]:
    """Make a vault, INITIALIZING at first and CREATED soon after (API page "CreateVault").

    Its region must be the endpoint's, and a full account is refused with BadRequest (both inferred).
    """
    require_open(call)
    params, hbr = call.params, call.cloud.state.hbr
    if params["VaultRegionId"] != call.region:
        raise refuse("BadRequest", f"VaultRegionId must be {call.region} at this endpoint.")
    if params["EncryptType"] == "KMS" and not params["KmsKeyId"]:
        raise refuse("BadRequest", "KmsKeyId is required with EncryptType KMS.")
    if sum(vault.owner == call.caller.account_id for vault in hbr.vaults.values()) >= MAX_VAULTS:
        raise refuse("BadRequest", f"An account can have at most {MAX_VAULTS} vaults.")
    vault = Vault(
        **stamp(call, "v"),
        name=params["VaultName"],
        description=params["Description"] or "",
        kind=params["VaultType"],
        storage_class=params["VaultStorageClass"],
        encryption=params["EncryptType"],
        kms_key=params["KmsKeyId"] or "",
        worm=params["WormEnabled"],
    )
    hbr.vaults[vault.id] = vault
    agenda.enter(call.cloud, call.now + READY_SECONDS, "vault", vault.id)
    return {"VaultId": vault.id, "TaskId": tasks.begin(call, "CreateVaultTask", READY_SECONDS)}


def become_ready(cloud: Cloud, vault_id: str, due: float) -> None:
    """The end of a vault's initialization."""
    if vault := cloud.state.hbr.vaults.get(vault_id):
        vault.status, vault.updated_at = "CREATED", due


def update_vault(call: Call) -> dict[str, Any]:
    """Rename, redescribe, lock (API page "UpdateVault"); a lock cannot be taken off again."""
    params = call.params
    vault = find(call, call.cloud.state.hbr.vaults, params["VaultId"], "VaultNotExist")
    if vault.worm and params["WormEnabled"] is False:
        raise refuse("BadRequest", "The immutable backup feature cannot be disabled after it is enabled.")
    vault.name = params["VaultName"] or vault.name
    vault.description = vault.description if params["Description"] is None else params["Description"]
    vault.worm = vault.worm or bool(params["WormEnabled"])
    vault.updated_at = call.now
    return {}


def delete_vault(call: Call) -> dict[str, Any]:
    """Destroy a vault with everything in it: plans, jobs, snapshots, restore jobs (API page "DeleteVault").

    Refused: a vault that a policy names, one that is replicated (codes of the Terraform provider), one that still
    initializes in its first two hours (API page), and a locked one with backups in it (SDK model UpdateVaultRequest);
    the codes of the last two are inferred.
    """
    hbr = call.cloud.state.hbr
    vault = find(call, hbr.vaults, call.params["VaultId"], "VaultNotExist")
    if any(rule.get("VaultId") == vault.id for policy in hbr.policies.values() for rule in policy.rules):
        raise refuse("VaultBoundPolicyCannotBeDeleted", "The vault is bound to a backup policy and cannot be deleted.")
    if vault.mirror:
        raise refuse("CannotDeleteReplicationSourceVault", "The source vault of a replication cannot be deleted.")
    if vault.status == "INITIALIZING" and call.now < vault.created_at + _PROTECTED_SECONDS:
        raise refuse("BadRequest", "A vault that is being initialized cannot be deleted within 2 hours.")
    if vault.worm and any(snapshot.vault_id == vault.id for snapshot in hbr.snapshots.values()):
        raise refuse("BadRequest", "The backups of an immutable vault cannot be deleted before they expire.")
    del hbr.vaults[vault.id]
    if source := hbr.vaults.get(vault.mirror_of):
        source.mirror = ""
    for records in _inside(hbr):
        for record_id in [key for key, record in records.items() if getattr(record, "vault_id", "") == vault.id]:
            del records[record_id]
    return {}


def _inside(hbr: HbrState) -> Iterable[dict[str, Any]]:
    return (hbr.plans, hbr.jobs, hbr.snapshots, hbr.restores, hbr.hanas, hbr.hana_plans)


def ensure_mirror(call: Call, vault: Vault, region: str) -> None:
    """The replica of a vault in another region, made when a policy asks for replication (inferred: by itself)."""
    if vault.mirror:
        return
    fields = {"name": vault.name, "kind": vault.kind, "mirror_of": vault.id, "status": "CREATED"}
    mirror = Vault(**stamp(call, "v") | {"region": region}, **fields)
    call.cloud.state.hbr.vaults[mirror.id] = mirror
    vault.mirror = mirror.id


def require_vault(call: Call, vault_id: str | None) -> Vault:
    """A vault that can be backed up to.

    Raises:
        CloudError: VaultNotExist; BadRequest while it initializes (inferred; API page "CreateVault": only CREATED).
    """
    vault = find(call, call.cloud.state.hbr.vaults, vault_id, "VaultNotExist")
    if vault.status != "CREATED":
        raise refuse("BadRequest", f"The vault {vault.id} is not in status CREATED.")
    return vault


def describe_vaults(call: Call) -> dict[str, Any]:
    """The vaults of this region, by filters that all must fit (API page "DescribeVaults"); tags are not emulated."""
    params = call.params
    wanted = [
        vault
        for vault in mine(call, call.cloud.state.hbr.vaults)
        if params["VaultId"] in (None, vault.id)
        and params["VaultName"] in (None, vault.name)
        and params["VaultType"] in (None, vault.kind)
        and params["Status"] in (None, vault.status)
        and params["VaultRegionId"] in (None, vault.region)
        and params["VaultOwnerId"] in (None, int(vault.owner))
        and params["Replication"] in (None, bool(vault.mirror_of))
        and not params["Tag"]
    ]
    return page(call, wanted, lambda vault: render(call.cloud.state.hbr, vault), "Vaults", "Vault")


_NAME = Param(minimum=1, maximum=64)
_DESCRIPTION = Param(maximum=255)
_KIND = ("STANDARD", "OTS_BACKUP")

ACTIONS = {
    "CreateVault": Action(
        create_vault,
        {
            "VaultName": Param(required=True, minimum=1, maximum=64),
            "VaultRegionId": Param(required=True),
            "VaultType": Param(default="STANDARD", choices=_KIND),
            "VaultStorageClass": Param(default="STANDARD", choices=("STANDARD", "IA", "ARCHIVE", "COLD_ARCHIVE")),
            "EncryptType": Param(default="HBR_PRIVATE", choices=("HBR_PRIVATE", "KMS")),
            "KmsKeyId": Param(),
            "Description": _DESCRIPTION,
            "WormEnabled": Param("boolean", default=False),
            "Replication": Param("boolean", default=False),
        },
        permission="hbr:CreateVault",
        writes=True,
        errors=("ServiceNotActivated", "BadRequest"),
    ),
    "UpdateVault": Action(
        update_vault,
        {
            "VaultId": Param(required=True),
            "VaultName": _NAME,
            "Description": _DESCRIPTION,
            "WormEnabled": Param("boolean"),
            "ResourceGroupId": Param(),
        },
        permission="hbr:UpdateVault",
        writes=True,
        errors=("VaultNotExist", "BadRequest"),
    ),
    "DeleteVault": Action(
        delete_vault,
        {"VaultId": Param(required=True), "ResourceGroupId": Param(), "Token": Param()},
        permission="hbr:DeleteVault",
        writes=True,
        errors=("VaultNotExist", "VaultBoundPolicyCannotBeDeleted", "CannotDeleteReplicationSourceVault", "BadRequest"),
    ),
    "DescribeVaults": Action(
        describe_vaults,
        {
            **PAGE,
            "VaultId": Param(),
            "VaultName": _NAME,
            "VaultType": Param(choices=_KIND),
            "Status": Param(choices=("UNKNOWN", "INITIALIZING", "CREATED", "ERROR")),
            "VaultRegionId": Param(),
            "VaultOwnerId": Param("integer"),
            "Replication": Param("boolean"),
            "ResourceGroupId": Param(),
            "Tag": Param("maps"),
        },
        permission="hbr:DescribeVaults",
    ),
}
"""RAM actions are ``hbr:<Action>`` on all resources (help page "RAM authorization": granularity OPERATION)."""
