"""The actions on backup jobs: back up once, list, cancel."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.hbr import filters, jobs, places, vaults
from emulator.hbr.account import require_open
from emulator.hbr.answers import PAGE, find, mine, page, place_fields, refuse, stamp
from emulator.hbr.plan_calls import EDITION
from emulator.hbr.plans import source_keys
from emulator.hbr.state import Record
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.hbr.state import Job, Restore
    from emulator.service import Call


def create_backup_job(call: Call) -> dict[str, Any]:
    """Back up an ECS instance once (API page "CreateBackupJob"; SDK model: ``UDM_ECS`` is the only type named).

    ``ECS_FILE`` is taken too, with a vault (inferred from the parameters). What cannot be reached is refused here,
    unlike in a scheduled run, which has nobody to refuse (inferred).
    """
    require_open(call)
    params = call.params
    kind = params["SourceType"]
    if not params["InstanceId"] or (kind == "UDM_ECS" and params["BackupType"] != "COMPLETE"):
        raise refuse("BadRequest", "InstanceId and BackupType COMPLETE are required.")
    vault_id = "" if kind == "UDM_ECS" else vaults.require_vault(call, params["VaultId"]).id
    place = places.place_of(call)
    places.require_reach(call, place, places.NEEDS[kind])
    if not places.find_resource(call.cloud, place, call.region, kind, params["InstanceId"]):
        raise refuse("ResourceNotFound", f"The specified resource is not found: {params['InstanceId']}.")
    job = jobs.start(
        call.cloud,
        Record(**stamp(call, "once")),
        place,
        call.now,
        {
            "source_type": kind,
            "data_source": params["InstanceId"],
            "vault_id": vault_id,
            "name": params["JobName"] or "",
            "retention": params["Retention"],
        },
    )
    return {"JobId": job.id}


def cancel_backup_job(call: Call) -> dict[str, Any]:
    """Stop a running job; an ended one is refused (API page "CancelBackupJob"; the code is inferred)."""
    job = find(call, call.cloud.state.hbr.jobs, call.params["JobId"])
    if job.status != "RUNNING":
        raise refuse("BadRequest", f"The job {job.id} is not running.")
    job.status, job.completed_at, job.updated_at = "CANCELED", call.now, call.now
    return {}


def describe_backup_jobs(call: Call) -> dict[str, Any]:
    """Jobs by type and filters, newest first unless told otherwise (API page "DescribeBackupJobs2")."""
    wanted = [
        job
        for job in mine(call, call.cloud.state.hbr.jobs)
        if call.params["SourceType"] in (None, job.source_type) and filters.passes(_keys(job), call.params["Filters"])
    ]
    if call.params["SortDirection"] == "DESCEND":
        wanted.reverse()
    return page(call, wanted, lambda job: _render(job, call.now), "BackupJobs", "BackupJob")


def _keys(job: Job) -> dict[str, Any]:
    """The documented filter keys (SDK model DescribeBackupJobs2RequestFilters)."""
    return {
        "RegionId": job.region,
        "PlanId": job.plan_id,
        "JobId": job.id,
        "VaultId": job.vault_id,
        "Status": job.status,
        "CreatedTime": int(job.created_at),
        "CompleteTime": int(job.completed_at),
        "BackupType": "COMPLETE",
        "ParentId": "",
        **source_keys(job.source_type, job.data_source),
    }


def progress(record: Job | Restore, now: float) -> dict[str, Any]:
    """How far a job has come: hundredths of a percent (API example: 10000), bytes, items, bytes a second."""
    span = (record.completed_at or record.ends_at) - record.created_at
    share = 1.0 if not span else min(1.0, max(0.0, ((record.completed_at or now) - record.created_at) / span))
    share = {"COMPLETE": 1.0, "FAILED": 0.0, "EXPIRED": 0.0, "RUNNING": share}.get(record.status, share)
    done = int(record.bytes_total * share)
    return {
        "Progress": int(10000 * share),
        "BytesTotal": record.bytes_total,
        "BytesDone": done,
        "ActualBytes": done,
        "ItemsTotal": record.items_total,
        "ItemsDone": int(record.items_total * share),
        "ActualItems": int(record.items_total * share),
        "Speed": int(done / span) if span else 0,
        "Status": record.status,
        "ErrorMessage": record.error,
        "CreatedTime": int(record.created_at),
        "StartTime": int(record.created_at),
        "CompleteTime": int(record.completed_at),
        "UpdatedTime": int(record.updated_at),
    }


NO_REPORT = {"FailedFiles": "", "ReportTaskStatus": "", "SkippedFiles": "", "SuccessFiles": "", "TotalFiles": ""}


def _render(job: Job, now: float) -> dict[str, Any]:
    """Keys and types of SDK model DescribeBackupJobs2ResponseBody."""
    moved = progress(job, now)
    empty = ("ChangeListPath", "ClientId", "DestDataSourceDetail", "DestDataSourceId", "DestSourceType", "Exclude")
    return {
        "JobId": job.id,
        "JobName": job.name,
        "PlanId": job.plan_id,
        "VaultId": job.vault_id,
        "SourceType": job.source_type,
        **source_keys(job.source_type, job.data_source),
        **place_fields(job.place),
        **moved,
        "ActualFiles": moved["ActualItems"],
        "FilesDone": moved["ItemsDone"],
        "FilesTotal": moved["ItemsTotal"],
        "BackupType": "COMPLETE",
        "TriggerMode": job.trigger,
        "CreateTime": 0,
        "Identifier": "",
        **dict.fromkeys((*empty, "Include", "Options", "Prefix", "SpeedLimit", "TableName"), ""),
        "Paths": {"Path": job.paths},
        "OtsDetail": {"TableNames": {"TableName": job.tables}},
        "Report": NO_REPORT,
        "Detail": _NO_DETAIL,
    }


_NO_DETAIL: Mapping[str, Any] = {
    "DestinationNativeSnapshotErrorMessage": "",
    "DestinationNativeSnapshotId": "",
    "DestinationNativeSnapshotProgress": 0,
    "DestinationNativeSnapshotStatus": "",
    "DestinationRetention": 0,
    "DestinationSnapshotId": "",
    "DiskNativeSnapshotIdList": {"DiskNativeSnapshotId": []},
    "DoCopy": False,
    "InstanceInfos": {},
    "NativeSnapshotId": "",
}
"""The copies of an ECS instance's disks, which are not emulated one by one."""


_KINDS = ("UDM_ECS", "ECS_FILE")

ACTIONS = {
    "CreateBackupJob": Action(
        create_backup_job,
        {
            **places.PARAMS,
            "SourceType": Param(required=True, choices=_KINDS),
            "InstanceId": Param(),
            "BackupType": Param(choices=("COMPLETE",)),
            "VaultId": Param(),
            "Retention": Param("integer", minimum=1),
            "JobName": Param(),
            "Detail": Param("json", shape=dict),
            "Exclude": Param(maximum=255),
            "Include": Param(maximum=255),
            "Options": Param(),
            "SpeedLimit": Param(),
            "ClusterId": Param(),
            "ContainerClusterId": Param(),
            "ContainerResources": Param(),
            "InitiatedByAck": Param("boolean"),
        },
        permission="hbr:CreateBackupJob",
        writes=True,
        errors=(
            "ServiceNotActivated",
            "BadRequest",
            "VaultNotExist",
            "ResourceNotFound",
            "NoPermission",
            "AssumeRoleFail",
            "RoleNotExist",
            "CrossAccountBackupSlrNotExist",
        ),
    ),
    "CancelBackupJob": Action(
        cancel_backup_job,
        {"JobId": Param(required=True), "VaultId": Param(), "Edition": EDITION},
        permission="hbr:CancelBackupJob",
        writes=True,
        errors=("ResourceNotFound", "BadRequest"),
    ),
    "DescribeBackupJobs2": Action(
        describe_backup_jobs,
        {
            **PAGE,
            "SourceType": Param(),
            "Filters": filters.PARAM,
            "SortDirection": Param(default="DESCEND", choices=("ASCEND", "DESCEND")),
            "Edition": EDITION,
        },
        permission="hbr:DescribeBackupJobs2",
        errors=("BadRequest",),
    ),
}
