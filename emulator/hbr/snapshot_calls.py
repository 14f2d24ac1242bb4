"""The actions that find and delete snapshots in vaults; for ECS instances see ``udm.py``, for tables ``ots.py``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from emulator.hbr.answers import find, mine, refuse, token_page
from emulator.hbr.filters import passes
from emulator.hbr.plan_calls import EDITION
from emulator.hbr.plans import source_keys
from emulator.paging import PLACE, placed
from emulator.service import Action, Param
from emulator.shapes import Record

if TYPE_CHECKING:
    from emulator.hbr.state import Snapshot
    from emulator.service import Call


def search_historical_snapshots(call: Call) -> dict[str, Any]:
    """Snapshots of one vault by conditions, in pages by token (API page "SearchHistoricalSnapshots").

    Limit 0 only counts; 10 is the default, and the order is by completion unless told (both inferred).
    """
    params = call.params
    conditions = [
        {"Key": item.get("field"), "Operator": item.get("operation"), "Values": _values(item.get("value"))}
        for item in params["Query"] or []
    ]
    if not any(condition["Key"] == "VaultId" for condition in conditions):
        raise refuse("BadRequest", "Query must name a VaultId.")
    found = [
        snapshot
        for snapshot in mine(call, call.cloud.state.hbr.snapshots)
        if snapshot.vault_id
        and params["SourceType"] in (None, snapshot.source_type)
        and passes(_keys(snapshot), conditions)
    ]
    limit = params["Limit"]
    shown, token = _ordered(call, found, limit) if limit else ([], "")
    return {
        "Snapshots": {"Snapshot": [_render(snapshot) for snapshot in shown]},
        "Limit": limit,
        "NextToken": token,
        "TotalCount": len(found),
    }


def _values(value: object) -> list[str]:
    """One value or a list of them."""
    return [str(item) for item in (value if isinstance(value, list) else [value]) if item not in (None, "")]


def _ordered(call: Call, found: list[Snapshot], limit: int) -> tuple[Sequence[Snapshot], str]:
    """One page in the order asked for; the ids of snapshots grow with their completion."""
    if call.params["SortBy"] in (None, "CompleteTime", "CreatedTime") and call.params["Order"] == "ASC":
        return token_page(found, call.params["NextToken"], limit)
    key: Callable[[Snapshot], Any] = lambda snapshot: _keys(snapshot).get(call.params["SortBy"] or "CompleteTime", 0)  # noqa: E731
    ranked = sorted(found, key=key, reverse=call.params["Order"] == "DESC")
    if not re.fullmatch(PLACE.pattern or "", call.params["NextToken"] or "0"):
        raise refuse("BadRequest", "NextToken is invalid.")
    return placed(ranked, call.params["NextToken"], limit)


def _keys(snapshot: Snapshot) -> dict[str, Any]:
    """The documented fields of a query (SDK model SearchHistoricalSnapshotsRequest)."""
    return {
        "VaultId": snapshot.vault_id,
        "CompleteTime": int(snapshot.created_at),
        "CreatedTime": int(snapshot.started_at),
        "CreateTime": 0,
        "PlanId": snapshot.plan_id,
        "SnapshotId": snapshot.id,
        "JobId": snapshot.job_id,
        "SourceType": snapshot.source_type,
        **source_keys(snapshot.source_type, snapshot.data_source),
    }


def common_fields(snapshot: Snapshot) -> dict[str, Any]:
    """What every kind of answer says of a snapshot; times are seconds, all bytes count as stored (inferred)."""
    return {
        "SnapshotId": snapshot.id,
        "SnapshotHash": snapshot.digest,
        "ParentSnapshotHash": snapshot.parent,
        "JobId": snapshot.job_id,
        "BackupType": "COMPLETE",
        "Status": "PARTIAL_COMPLETE" if snapshot.partial else "COMPLETE",
        "BytesTotal": snapshot.bytes_total,
        "CreateTime": 0,
        "CreatedTime": int(snapshot.started_at),
        "StartTime": int(snapshot.started_at),
        "CompleteTime": int(snapshot.created_at),
        "UpdatedTime": int(snapshot.updated_at),
        "Retention": snapshot.retention or 0,
    }


def _render(snapshot: Snapshot) -> dict[str, Any]:
    """Keys and types of SDK model SearchHistoricalSnapshotsResponseBody."""
    empty = ("ClientId", "ErrorFile", "Exclude", "Include", "Path", "Prefix")
    return {
        **common_fields(snapshot),
        **source_keys(snapshot.source_type, snapshot.data_source),
        "VaultId": snapshot.vault_id,
        "SourceType": snapshot.source_type,
        "TableName": snapshot.table,
        "SourceSnapshotHash": snapshot.digest,
        "SourceParentSnapshotHash": snapshot.parent,
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
        "UseCommonNas": False,
        "Paths": {"Path": snapshot.paths},
        **dict.fromkeys(empty, ""),
    }


def delete_snapshot(call: Call) -> dict[str, Any]:
    """Delete one snapshot (API page "DeleteSnapshot"); not in a locked vault (SDK model UpdateVaultRequest)."""
    params, hbr = call.params, call.cloud.state.hbr
    snapshot = find(call, hbr.snapshots, params["SnapshotId"])
    if snapshot.vault_id and params["VaultId"] != snapshot.vault_id:
        raise refuse("ResourceNotFound", "The specified resource is not found.")
    vault = hbr.vaults.get(snapshot.vault_id)
    if vault is not None and vault.worm:
        raise refuse("BadRequest", "The backups of an immutable vault cannot be deleted before they expire.")
    del hbr.snapshots[snapshot.id]
    return {}


_CONDITION = Record({"field": str, "operation": str, "value": object})
"""SDK model SearchHistoricalSnapshotsRequest describes it in words; its type is Any."""

ACTIONS = {
    "SearchHistoricalSnapshots": Action(
        search_historical_snapshots,
        {
            "SourceType": Param(),
            "Query": Param("json", shape=[_CONDITION]),
            "Limit": Param("integer", default=10, minimum=0, maximum=100),
            "NextToken": Param(),
            "Order": Param(default="ASC", choices=("ASC", "DESC")),
            "SortBy": Param(),
            "Edition": EDITION,
        },
        permission="hbr:SearchHistoricalSnapshots",
        errors=("BadRequest",),
    ),
    "DeleteSnapshot": Action(
        delete_snapshot,
        {
            "SnapshotId": Param(required=True),
            "VaultId": Param(),
            "SourceType": Param(),
            "InstanceId": Param(),
            "ClientId": Param(),
            "Force": Param("boolean"),
            "Token": Param(),
        },
        permission="hbr:DeleteSnapshot",
        writes=True,
        errors=("ResourceNotFound", "BadRequest"),
    ),
}
