"""How a vault looks in an answer: what is stored in it, what backs up to it, what is not emulated. No decisions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emulator.hbr.state import HbrState, Snapshot, Vault

_STATISTICS: Mapping[str, str] = {
    "Archive": "ARCHIVE",
    "CommonFileSystem": "COMMON_FILE_SYSTEM",
    "CommonNas": "COMMON_NAS",
    "Cpfs": "CPFS",
    "Csg": "CSG",
    "EcsFile": "ECS_FILE",
    "EcsHana": "HANA",
    "Isilon": "ISILON",
    "LocalFile": "File",
    "LocalVm": "LOCAL_VM",
    "MySql": "MYSQL",
    "Nas": "NAS",
    "Oracle": "ORACLE",
    "Oss": "OSS",
    "Ots": "OTS",
    "SqlServer": "SQL_SERVER",
}
"""Field of a vault's BackupPlanStatistics → source type of the plans counted in it."""


def _of(records: Mapping[str, Any], vault: Vault) -> list[Any]:
    return [record for record in records.values() if record.vault_id == vault.id]


def render(hbr: HbrState, vault: Vault) -> dict[str, Any]:
    """Keys and types of SDK model DescribeVaultsResponseBody; all that is stored is counted in full (inferred)."""
    snapshots: list[Snapshot] = _of(hbr.snapshots, vault)
    stored = sum(snapshot.bytes_total for snapshot in snapshots)
    plans = Counter(plan.source_type for plan in _of(hbr.plans, vault))
    plans["HANA"] += len(_of(hbr.hana_plans, vault))
    return {
        **_identity(vault),
        "Status": vault.status,
        "VaultStatusMessage": "",
        "VaultType": vault.kind,
        "VaultStorageClass": vault.storage_class,
        "RedundancyType": "LRS",
        "EncryptType": vault.encryption,
        "KmsKeyId": vault.kms_key,
        "WormEnabled": vault.worm,
        "BytesDone": stored,
        "StorageSize": stored,
        "ChargedStorageSize": stored,
        "ArchiveBytesDone": 0,
        "ArchiveStorageSize": 0,
        "SnapshotCount": len(snapshots),
        "SourceTypes": {"SourceType": sorted({snapshot.source_type for snapshot in snapshots})},
        "BackupPlanStatistics": {field: plans[kind] for field, kind in _STATISTICS.items()},
        **_CONSTANT,
        **_replication(hbr, vault),
    }


def _replication(hbr: HbrState, vault: Vault) -> dict[str, Any]:
    """How a vault stands to its mirror; both belong to one account here."""
    source, target = hbr.vaults.get(vault.mirror_of), hbr.vaults.get(vault.mirror)
    return {
        "Replication": source is not None,
        "ReplicationSourceVault": target is not None,
        "ReplicationStatus": "COMPLETE" if source or target else "",
        "ReplicationSourceVaultId": source.id if source else "",
        "ReplicationSourceRegionId": source.region if source else "",
        "ReplicationSourceOwnerId": int(source.owner) if source else 0,
        "ReplicationTargetVaultId": target.id if target else "",
        "ReplicationTargetRegionId": target.region if target else "",
        "ReplicationTargetOwnerId": int(target.owner) if target else 0,
    }


def _identity(vault: Vault) -> dict[str, Any]:
    return {
        "VaultId": vault.id,
        "VaultName": vault.name,
        "VaultOwnerId": int(vault.owner),
        "VaultRegionId": vault.region,
        "BucketName": f"hbr-{vault.id[2:]}",
        "Description": vault.description,
        "CreatedTime": int(vault.created_at),
        "UpdatedTime": int(vault.updated_at),
    }


_CONSTANT: Mapping[str, Any] = {
    "ChargeType": "FREE",
    "CompressionAlgorithm": "ZSTD",
    "Dedup": True,
    "IndexAvailable": False,
    "IndexLevel": "OFF",
    "IndexUpdateTime": 0,
    "LatestReplicationTime": 0,
    "ReplicationProgress": {"HistoricalReplicationProgress": 0, "NewReplicationProgress": 0},
    "ResourceGroupId": "",
    "Retention": 0,
    "RsTargetAccountIds": {"RsTargetAccountId": []},
    "SearchEnabled": False,
    "Tags": {"Tag": []},
    "TrialInfo": {
        "KeepAfterTrialExpiration": False,
        "TrialExpireTime": 0,
        "TrialStartTime": 0,
        "TrialVaultReleaseTime": 0,
    },
}
"""What is not emulated: index and search, tags, resource groups, trials."""
