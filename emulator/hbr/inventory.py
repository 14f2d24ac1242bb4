"""What is protected, resource by resource: ListProtectedResources and ListSnapshots."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from emulator import paging
from emulator.hbr.answers import mine, refuse
from emulator.hbr.plans import source_keys
from emulator.hbr.snapshot_calls import common_fields
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.hbr.state import Binding, Plan, Snapshot
    from emulator.service import Call


class Resource(NamedTuple):
    """A data source that something backs up, or that has backups."""

    source_type: str
    data_source: str
    account_id: str

    @property
    def id(self) -> str:
        """Its id in these two actions; the cloud's form is not documented (inferred)."""
        return f"pr-{self.account_id}-{self.source_type}-{self.data_source}"


def list_protected_resources(call: Call) -> dict[str, Any]:
    """Data sources with plans, bindings or snapshots (SDK model ListProtectedResourcesRequest; no API page read)."""
    params, hbr = call.params, call.cloud.state.hbr
    plans = [_of(plan) for plan in mine(call, hbr.plans)] + [_of(binding) for binding in mine(call, hbr.bindings)]
    kept = mine(call, hbr.snapshots)
    snapshots = [_of(snapshot) for snapshot in kept]
    wanted = [
        resource
        for resource in sorted({*plans, *snapshots})
        if params["ResourceId"] in (None, resource.data_source)
        and params["SourceType"] in (None, resource.source_type)
        and params["HasSnapshot"] in (None, resource in snapshots)
        and params["CreatedByProduct"] in (None, "HBR")
    ]
    size = {_of(snapshot): snapshot.bytes_total for snapshot in kept}
    return _skip_page(
        call,
        wanted,
        "ProtectedResources",
        lambda resource: {
            "ProtectedResourceId": resource.id,
            "ResourceId": resource.data_source,
            "ResourceOwnerId": int(resource.account_id),
            "ResourceRegionId": call.region,
            "SourceType": resource.source_type,
            "BackupPlanCount": plans.count(resource),
            "SnapshotCount": snapshots.count(resource),
            "ProtectedDataSize": size.get(resource, 0),
            "CreatedByProduct": "HBR",
        },
    )


def _of(record: Plan | Binding | Snapshot) -> Resource:
    return Resource(record.source_type, record.data_source, record.place.account_id)


def list_snapshots(call: Call) -> dict[str, Any]:
    """The snapshots of one protected resource, newest last (SDK model ListSnapshotsRequest; no API page read)."""
    params = call.params
    if params["Skip"] and params["NextToken"]:
        raise refuse("BadRequest", "Skip and NextToken exclude each other.")
    wanted = [
        snapshot
        for snapshot in mine(call, call.cloud.state.hbr.snapshots)
        if _of(snapshot).id == params["ProtectedResourceId"]
        and snapshot.source_type == params["SourceType"]
        and params["VaultId"] in (None, snapshot.vault_id)
        and params["PlanId"] in (None, snapshot.plan_id)
        and (params["CompleteTimeStart"] or 0) <= snapshot.created_at
        and (params["CompleteTimeEnd"] is None or snapshot.created_at < params["CompleteTimeEnd"])
    ]
    return _skip_page(call, wanted, "Snapshots", _render)


def _skip_page(call: Call, items: Sequence[Any], name: str, render: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """A page by ``Skip`` or by token; both are numbers of entries here."""
    size = call.params["MaxResults"]
    shown, following = paging.placed(items, call.params["NextToken"] or call.params["Skip"], size)
    return {
        name: [render(item) for item in shown],
        "MaxResults": size,
        "NextToken": following,
        "TotalCount": len(items),
    }


def _render(snapshot: Snapshot) -> dict[str, Any]:
    """Keys and types of SDK model ListSnapshotsResponseBody."""
    common = common_fields(snapshot)
    for absent in ("CreateTime", "ParentSnapshotHash", "StartTime", "UpdatedTime"):
        del common[absent]
    instance = source_keys(snapshot.source_type, snapshot.data_source)
    return {
        **common,
        "CreateTime": 0,
        "InstanceId": instance["InstanceId"],
        "InstanceName": instance["InstanceName"],
        "PlanId": snapshot.plan_id,
        "VaultId": snapshot.vault_id,
        "SourceType": snapshot.source_type,
        "TableName": snapshot.table,
        "ActualBytes": snapshot.bytes_total,
        "BytesDone": snapshot.bytes_total,
        "ProtectedDataSize": snapshot.bytes_total,
        "ItemsTotal": snapshot.items_total,
        "ItemsDone": snapshot.items_total,
        "ActualItems": snapshot.items_total,
        "ExpireTime": int(snapshot.expires_at),
        "ArchiveTime": 0,
        "RangeStart": int(snapshot.started_at * 1000),
        "RangeEnd": int(snapshot.created_at * 1000),
        "StorageClass": "STANDARD",
        "Paths": snapshot.paths,
        **dict.fromkeys(("ClientId", "ErrorFile", "Exclude", "Include", "Path"), ""),
    }


_PAGE = {
    "MaxResults": Param("integer", default=10, minimum=1, maximum=100),
    "NextToken": paging.PLACE,
    "Skip": Param("integer", minimum=0),
}

ACTIONS = {
    "ListProtectedResources": Action(
        list_protected_resources,
        {
            **_PAGE,
            "ResourceId": Param(),
            "SourceType": Param(),
            "HasSnapshot": Param("boolean"),
            "CreatedByProduct": Param(choices=("HBR", "BASIC")),
        },
        permission="hbr:ListProtectedResources",
    ),
    "ListSnapshots": Action(
        list_snapshots,
        {
            **_PAGE,
            "ProtectedResourceId": Param(required=True),
            "SourceType": Param(required=True),
            "VaultId": Param(),
            "PlanId": Param(),
            "CompleteTimeStart": Param("integer"),
            "CompleteTimeEnd": Param("integer"),
        },
        permission="hbr:ListSnapshots",
        errors=("BadRequest",),
    ),
}
