"""Tablestore's backups, table by table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.hbr import places
from emulator.hbr.answers import mine, token_page
from emulator.hbr.snapshot_calls import common_fields
from emulator.service import Action, Param
from emulator.shapes import Record

if TYPE_CHECKING:
    from emulator.hbr.state import Snapshot
    from emulator.service import Call

_MILLISECONDS = 1000


def describe_recoverable_ots_instances(call: Call) -> dict[str, Any]:
    """The instances of an account with backups, and their tables (API page "DescribeRecoverableOtsInstances")."""
    tables: dict[str, set[str]] = {}
    for snapshot in _of_account(call):
        tables.setdefault(snapshot.data_source, set()).add(snapshot.table)
    return {"OtsInstances": [{"InstanceName": name, "TableNames": sorted(found)} for name, found in tables.items()]}


def _of_account(call: Call) -> list[Snapshot]:
    """The tables' snapshots of the account that the parameters name; the road into it must be open."""
    place = places.place_of(call)
    places.require_reach(call, place, places.NEEDS["OTS"])
    return [
        snapshot
        for snapshot in mine(call, call.cloud.state.hbr.snapshots)
        if snapshot.source_type == "OTS" and snapshot.place.account_id == place.account_id
    ]


def describe_ots_table_snapshots(call: Call) -> dict[str, Any]:
    """Snapshots of tables by instance, id and span, in milliseconds (API page "DescribeOtsTableSnapshots").

    Ten are shown unless told otherwise (inferred).
    """
    params = call.params
    tables = {item.get("InstanceName", ""): item.get("TableNames") or [] for item in params["OtsInstances"] or []}
    wanted = [
        snapshot
        for snapshot in _of_account(call)
        if (not tables or snapshot.data_source in tables)
        and (not tables.get(snapshot.data_source) or snapshot.table in tables[snapshot.data_source])
        and (not params["SnapshotIds"] or snapshot.id in params["SnapshotIds"])
        and (params["StartTime"] or 0) <= snapshot.created_at * _MILLISECONDS
        and (params["EndTime"] is None or snapshot.created_at * _MILLISECONDS <= params["EndTime"])
    ]
    shown, token = token_page(wanted, params["NextToken"], params["Limit"])
    return {"Snapshots": [_render(snapshot) for snapshot in shown], "Limit": params["Limit"], "NextToken": token}


def _render(snapshot: Snapshot) -> dict[str, Any]:
    """Keys and types of SDK model DescribeOtsTableSnapshotsResponseBody; ``ActualBytes`` is a text there."""
    return {
        **common_fields(snapshot),
        "VaultId": snapshot.vault_id,
        "SourceType": "OTS_TABLE",
        "InstanceName": snapshot.data_source,
        "TableName": snapshot.table,
        "ActualBytes": str(snapshot.bytes_total),
        "RangeStart": int(snapshot.started_at * _MILLISECONDS),
        "RangeEnd": int(snapshot.created_at * _MILLISECONDS),
    }


_ERRORS = ("BadRequest", "NoPermission", "AssumeRoleFail", "RoleNotExist", "CrossAccountBackupSlrNotExist")

_TABLES = Record({"InstanceName": str, "TableNames": [str]})

ACTIONS = {
    "DescribeRecoverableOtsInstances": Action(
        describe_recoverable_ots_instances,
        places.PARAMS,
        permission="hbr:DescribeRecoverableOtsInstances",
        errors=_ERRORS,
    ),
    "DescribeOtsTableSnapshots": Action(
        describe_ots_table_snapshots,
        {
            **places.PARAMS,
            "OtsInstances": Param("maps", shape=_TABLES),
            "SnapshotIds": Param("texts"),
            "StartTime": Param("integer"),
            "EndTime": Param("integer"),
            "Limit": Param("integer", default=10, minimum=1, maximum=100),
            "NextToken": Param(),
        },
        permission="hbr:DescribeOtsTableSnapshots",
        errors=_ERRORS,
    ),
}
