"""Restore jobs: from a snapshot to where it is allowed to go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.hbr import agenda, filters, jobs, places
from emulator.hbr.answers import PAGE, find, mine, page, place_fields, refuse, stamp
from emulator.hbr.job_calls import NO_REPORT, progress
from emulator.hbr.plan_calls import EDITION
from emulator.hbr.state import Restore
from emulator.service import Action, Param
from emulator.shapes import Record

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.hbr.state import Place, Snapshot
    from emulator.service import Call

TARGETS: Mapping[str, tuple[str, str]] = {
    "ECS_FILE": ("ECS_FILE", "TargetInstanceId"),
    "OSS": ("OSS", "TargetBucket"),
    "NAS": ("NAS", "TargetFileSystemId"),
    "OTS_TABLE": ("OTS", "TargetInstanceName"),
    "UDM_ECS_ROLLBACK": ("UDM_ECS", ""),
    "UDM_ECS": ("UDM_ECS", ""),
    "COMMON_FILE_SYSTEM": ("COMMON_FILE_SYSTEM", ""),
}
"""Restore type → kind of data, and the parameter that names the target (SDK model CreateRestoreJobRequest).

What ``UDM_ECS_ROLLBACK`` restores to is ``sourceInstanceId`` in UdmDetail; ``UDM_ECS`` makes a new instance.
"""

_SETTINGS = (
    *("Exclude", "Include", "Options", "OtsDetail", "SnapshotHash", "TargetBucket", "TargetCreateTime"),
    *("TargetFileSystemId", "TargetInstanceId", "TargetInstanceName", "TargetPath", "TargetPrefix", "TargetTableName"),
    *("TargetTime",),
)


def create_restore_job(call: Call) -> dict[str, Any]:
    """Restore a snapshot into the account that the parameters name (API page "CreateRestoreJob").

    Raises:
        CloudError: ``ResourceNotFound`` for an unknown snapshot or target; ``BadRequest`` for another kind of data, or
            for an ECS instance's backup that is to go to another account than its own, which the help page "Back up
            data sources across Alibaba Cloud accounts" rules out (the code is inferred).
    """
    params = call.params
    kind, _ = TARGETS[params["RestoreType"]]
    snapshot = find(call, call.cloud.state.hbr.snapshots, params["SnapshotId"])
    if snapshot.source_type != kind or params["VaultId"] not in (None, snapshot.vault_id):
        raise refuse("BadRequest", "The snapshot is of another kind, or in another vault.")
    place = places.place_of(call)
    if kind == "UDM_ECS" and place.account_id != snapshot.place.account_id:
        raise refuse("BadRequest", "An ECS instance can be restored only to its source account.")
    places.require_reach(call, place, places.RESTORE_NEEDS.get(kind, ()))
    target = _require_target(call, place, kind)
    restore = _new(call, place, snapshot, target)
    call.cloud.state.hbr.restores[restore.id] = restore
    agenda.enter(call.cloud, restore.ends_at, "restore", restore.id)
    return {"RestoreId": restore.id}


def _require_target(call: Call, place: Place, kind: str) -> Mapping[str, Any]:
    """The target must be there; a new ECS instance, or one outside the landing zone's kinds, needs none."""
    name = TARGETS[call.params["RestoreType"]][1]
    target = call.params[name] if name else str((call.params["UdmDetail"] or {}).get("sourceInstanceId") or "")
    if not name and call.params["RestoreType"] != "UDM_ECS_ROLLBACK":
        return {}
    if not target:
        raise refuse("BadRequest", f"{name or 'UdmDetail.sourceInstanceId'} is required.")
    found = places.find_resource(call.cloud, place, call.region, kind, target)
    if not found:
        raise refuse("ResourceNotFound", f"The specified resource is not found: {target}.")
    return found


def _new(call: Call, place: Place, snapshot: Snapshot, target: Mapping[str, Any]) -> Restore:
    params = call.params
    return Restore(
        **stamp(call, "r"),
        restore_type=params["RestoreType"],
        source_type=params["SourceType"],
        place=place,
        vault_id=snapshot.vault_id,
        snapshot_id=snapshot.id,
        target=target.get("id", ""),
        bytes_total=snapshot.bytes_total,
        items_total=snapshot.items_total,
        settings={key: params[key] for key in _SETTINGS if params[key] is not None}
        | {"SnapshotHash": snapshot.digest, "source": snapshot.data_source},
        ends_at=call.now + float(target.get("seconds", jobs.SECONDS)),
    )


def end(cloud: Cloud, restore_id: str, due: float) -> None:
    """A restore job's end, as its target wants it then; it fails where its snapshot has gone meanwhile (inferred)."""
    restore = cloud.state.hbr.restores.get(restore_id)
    if restore is None or restore.status != "RUNNING":
        return
    kind, gone = TARGETS[restore.restore_type][0], restore.snapshot_id not in cloud.state.hbr.snapshots
    target = places.find_resource(cloud, restore.place, restore.region, kind, restore.target)
    restore.status, restore.error = jobs.outcome_of(target, gone=gone)
    restore.completed_at = restore.updated_at = due


def cancel_restore_job(call: Call) -> dict[str, Any]:
    """Stop a running restore job (API page "CancelRestoreJob"; the refusal of an ended one is inferred)."""
    restore = find(call, call.cloud.state.hbr.restores, call.params["RestoreId"])
    if restore.status != "RUNNING":
        raise refuse("BadRequest", f"The job {restore.id} is not running.")
    restore.status, restore.completed_at, restore.updated_at = "CANCELED", call.now, call.now
    return {}


def describe_restore_jobs(call: Call) -> dict[str, Any]:
    """Restore jobs by type and filters, newest first (API page "DescribeRestoreJobs2"; the order is inferred)."""
    wanted = [
        restore
        for restore in reversed(mine(call, call.cloud.state.hbr.restores))
        if call.params["RestoreType"] in (None, restore.restore_type)
        and filters.passes(_keys(restore), call.params["Filters"])
    ]
    return page(call, wanted, lambda restore: _render(restore, call.now), "RestoreJobs", "RestoreJob")


def _keys(restore: Restore) -> dict[str, Any]:
    """The documented filter keys (SDK model DescribeRestoreJobs2RequestFilters), and RestoreId."""
    return {
        "RegionId": restore.region,
        "PlanId": "",
        "JobId": restore.id,
        "RestoreId": restore.id,
        "VaultId": restore.vault_id,
        "InstanceId": restore.settings.get("TargetInstanceId", ""),
        "Bucket": restore.settings.get("TargetBucket", ""),
        "FileSystemId": restore.settings.get("TargetFileSystemId", ""),
        "Status": restore.status,
        "CompleteTime": int(restore.completed_at),
    }


def _render(restore: Restore, now: float) -> dict[str, Any]:
    """Keys and types of SDK model DescribeRestoreJobs2ResponseBody."""
    settings, moved = restore.settings, progress(restore, now)
    texts = [key for key in _SETTINGS if key not in ("OtsDetail", "TargetCreateTime", "TargetTime")]
    empty = (
        "ClusterId",
        "ErrorFile",
        "FailbackDetail",
        "ParentId",
        "TargetClientId",
        "TargetDataSourceId",
        "UdmDetail",
    )
    tables = settings.get("OtsDetail") or {}
    return {
        "RestoreId": restore.id,
        "RestoreType": restore.restore_type,
        "SourceType": restore.source_type,
        "SnapshotId": restore.snapshot_id,
        "VaultId": restore.vault_id,
        **place_fields(restore.place),
        **moved,
        "MeteringBytesDone": moved["BytesDone"],
        "MeteringBytesTotal": moved["BytesTotal"],
        **{key: settings.get(key, "") for key in texts},
        "SourceResourceId": settings["source"],
        "SourceInstanceId": settings["source"] if restore.source_type in ("ECS_FILE", "UDM_ECS") else "",
        "TargetCreateTime": settings.get("TargetCreateTime", 0),
        "TargetTime": settings.get("TargetTime", 0),
        "ExpireTime": 0,
        "StorageClass": "STANDARD",
        **dict.fromkeys(empty, ""),
        "OtsDetail": {
            "BatchChannelCount": tables.get("BatchChannelCount", 0),
            "OverwriteExisting": tables.get("OverwriteExisting", False),
        },
        "Report": NO_REPORT,
    }


_PATTERN = Param(maximum=255)

_TABLES = Record(
    {
        **dict.fromkeys(("IndexNameSuffix", "SearchIndexNameSuffix"), str),
        **dict.fromkeys(("OverwriteExisting", "ReGenerateAutoIncrementPK", "RestoreIndex", "RestoreSearchIndex"), bool),
        "BatchChannelCount": int,
    }
)

ACTIONS = {
    "CreateRestoreJob": Action(
        create_restore_job,
        {
            **places.PARAMS,
            **dict.fromkeys(("TargetBucket", "TargetFileSystemId", "TargetInstanceId", "TargetInstanceName"), Param()),
            **dict.fromkeys(("TargetPath", "TargetPrefix", "TargetTableName", "Options", "SnapshotHash"), Param()),
            **dict.fromkeys(("TargetContainer", "TargetContainerClusterId", "UdmRegionId", "VaultId"), Param()),
            "RestoreType": Param(required=True, choices=tuple(TARGETS)),
            "SourceType": Param(required=True),
            "SnapshotId": Param(),
            "TargetCreateTime": Param("integer"),
            "TargetTime": Param("integer"),
            "OtsDetail": Param("json", shape=_TABLES),
            "UdmDetail": Param("json", shape=dict),
            "FailbackDetail": Param("json", shape=dict),
            "Exclude": _PATTERN,
            "Include": _PATTERN,
            "InitiatedByAck": Param("boolean"),
            "Edition": EDITION,
        },
        permission="hbr:CreateRestoreJob",
        writes=True,
        errors=(
            "BadRequest",
            "ResourceNotFound",
            "NoPermission",
            "AssumeRoleFail",
            "RoleNotExist",
            "CrossAccountBackupSlrNotExist",
        ),
    ),
    "CancelRestoreJob": Action(
        cancel_restore_job,
        {"RestoreId": Param(required=True), "VaultId": Param(), "Edition": EDITION},
        permission="hbr:CancelRestoreJob",
        writes=True,
        errors=("ResourceNotFound", "BadRequest"),
    ),
    "DescribeRestoreJobs2": Action(
        describe_restore_jobs,
        {**PAGE, "RestoreType": Param(), "Filters": filters.PARAM, "Edition": EDITION},
        permission="hbr:DescribeRestoreJobs2",
        errors=("BadRequest",),
    ),
}
