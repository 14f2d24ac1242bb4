"""Backups of whole ECS instances: disk snapshots in the instance's own account and region, in no vault."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.hbr.answers import mine, refuse
from emulator.hbr.snapshot_calls import common_fields
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.hbr.state import Binding, Plan, Snapshot
    from emulator.service import Call


def describe_udm_snapshots(call: Call) -> dict[str, Any]:
    """The snapshots of ECS instances completed in a span of seconds (API page "DescribeUdmSnapshots"); no pages.

    Disks are not emulated by themselves: of the types, only ``UDM_ECS`` finds anything.
    """
    params = call.params
    wanted = [
        snapshot
        for snapshot in mine(call, call.cloud.state.hbr.snapshots)
        if snapshot.source_type == params["SourceType"]
        and snapshot.region == params["UdmRegionId"]
        and params["StartTime"] <= snapshot.created_at <= params["EndTime"]
        and params["InstanceId"] in (None, snapshot.data_source)
        and params["JobId"] in (None, snapshot.job_id)
        and (not params["SnapshotIds"] or snapshot.id in params["SnapshotIds"])
        and not params["DiskId"]
    ]
    return {"Snapshots": [_render(snapshot) for snapshot in wanted], "TotalCount": len(wanted)}


def _render(snapshot: Snapshot) -> dict[str, Any]:
    """Keys and types of SDK model DescribeUdmSnapshotsResponseBody; ``ActualBytes`` is a text there."""
    empty = ("AdvancedRetentionType", "ArchiveErrorMessage", "ArchiveStatus", "DiskId", "NativeSnapshotInfo", "Prefix")
    return {
        **common_fields(snapshot),
        "SourceType": snapshot.source_type,
        "InstanceId": snapshot.data_source,
        "ActualBytes": str(snapshot.bytes_total),
        "ExpireTime": int(snapshot.expires_at),
        "RealSnapshotTime": int(snapshot.created_at),
        "ArchiveTriggerTime": 0,
        "CanBeDeleted": True,
        "NativeSnapshotId": f"s-native{snapshot.id[2:]}",
        **dict.fromkeys(empty, ""),
        "Detail": _detail(snapshot),
    }


def _detail(snapshot: Snapshot) -> dict[str, Any]:
    texts = ("DiskCategory", "DiskDevName", "DowngradeReason", "HostName", "InstanceName", "InstanceType", "OsDiskId")
    more = ("OsName", "OsNameEn", "OsType", "PerformanceLevel", "Platform", "SnapshotGroupId", "VmName")
    return {
        **dict.fromkeys((*texts, *more), ""),
        "ConsistentLevel": "CRASH",
        "ContainOsDisk": True,
        "InstantAccess": False,
        "SystemDisk": True,
        "DiskIdList": [],
        "DiskHbrSnapshotIdWithDeviceMap": {},
        "InstanceIdWithDiskIdListMap": {},
        "NativeSnapshotIdList": [f"s-native{snapshot.id[2:]}"],
    }


def delete_udm_ecs_instance(call: Call) -> dict[str, Any]:
    """Forget an ECS instance with all its backups (API page "DeleteUdmEcsInstance").

    One that is still bound to a policy or has a plan is refused (inferred).
    """
    hbr, instance = call.cloud.state.hbr, call.params["InstanceId"]
    planned = any(_is_of(plan, instance) for plan in mine(call, hbr.plans))
    if planned or any(_is_of(binding, instance) for binding in mine(call, hbr.bindings)):
        raise refuse("BadRequest", f"The instance {instance} is still backed up.")
    kept = [snapshot for snapshot in mine(call, hbr.snapshots) if _is_of(snapshot, instance)]
    if not kept:
        raise refuse("ResourceNotFound", f"The specified resource is not found: {instance}.")
    for snapshot in kept:
        del hbr.snapshots[snapshot.id]
    return {}


def _is_of(record: Plan | Binding | Snapshot, instance: str) -> bool:
    return record.source_type == "UDM_ECS" and record.data_source == instance


ACTIONS = {
    "DescribeUdmSnapshots": Action(
        describe_udm_snapshots,
        {
            "SourceType": Param(required=True, choices=("UDM_ECS", "UDM_ECS_DISK", "UDM_DISK")),
            "UdmRegionId": Param(required=True),
            "StartTime": Param("integer", required=True),
            "EndTime": Param("integer", required=True),
            "InstanceId": Param(),
            "JobId": Param(),
            "DiskId": Param(),
            "SnapshotIds": Param("json", shape=[str]),
        },
        permission="hbr:DescribeUdmSnapshots",
    ),
    "DeleteUdmEcsInstance": Action(
        delete_udm_ecs_instance,
        {"InstanceId": Param(required=True)},
        permission="hbr:DeleteUdmEcsInstance",
        writes=True,
        errors=("ResourceNotFound", "BadRequest"),
    ),
}
