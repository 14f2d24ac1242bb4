"""What has been backed up and restored in the backup account (A): restorable points and jobs.

Nothing here deletes anything.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Iterator
from typing import Any

from shared.backups import Job, Place, Point
from shared.clients import Api, Clients, Credentials
from shared.paging import by_token, numbered

FOREVER = 2**31 - 1
"""Epoch seconds; DescribeUdmSnapshots demands a span of time."""
HUNDRED_PERCENT = 10_000
"""``Progress`` of a job is in hundredths of a percent (API example: 10000)."""
SOURCE_FIELDS = ("instance_id", "bucket", "file_system_id", "instance_name")
"""Where a job names its data source, by kind; the others are empty (SDK model DescribeBackupJobs2ResponseBody)."""

OTS_TABLE = "OTS_TABLE"
"""How restore points and restore jobs call what policies call OTS (SDK models ListSnapshots…, CreateRestoreJob…)."""


class Records:
    """Cloud Backup in account A, region by region. ``credentials`` is called for each client, as in ``backup.py``."""

    def __init__(self, clients: Clients, credentials: Callable[[], Credentials], owner: str) -> None:
        self._clients = clients
        self._credentials = credentials
        self._owner = owner

    def points(self, region: str, account_id: str, known: Collection[tuple[str, str]]) -> Iterator[Point]:
        """Every restorable point of an account's data, each once.

        ``known`` are (source type, id) of data sources that are its own by other evidence: that ``ResourceOwnerId`` is
        the data's owner is from the SDK's model alone, and that model does not name ECS instances at all.
        """
        seen: set[str] = set()
        instances = {source for kind, source in known if kind == "UDM_ECS"}
        for point in (*self._protected(region, account_id, known), *self._disk_snapshots(region, instances)):
            if point.id not in seen:
                seen.add(point.id)
                yield point

    def owners(self, region: str) -> set[str]:
        """The accounts of whose data something can be restored; ECS instances and Tablestore are listed elsewhere."""
        return {str(row.resource_owner_id) for row in self._resources(region) if row.resource_owner_id}

    def _resources(self, region: str) -> Iterator[Any]:
        api = self._api(region)
        return by_token(api, "ListProtectedResources", lambda body: body.protected_resources, has_snapshot=True)

    def _protected(self, region: str, account_id: str, known: Collection[tuple[str, str]]) -> Iterator[Point]:
        api = self._api(region)
        for row in self._resources(region):
            kind = as_bound(row.source_type)
            if str(row.resource_owner_id) == account_id or (kind, row.resource_id) in known:
                fields = {"protected_resource_id": row.protected_resource_id, "source_type": row.source_type}
                for one in by_token(api, "ListSnapshots", lambda body: body.snapshots, **fields):
                    yield _point(one, region, kind, row.resource_id)

    def _disk_snapshots(self, region: str, instances: Collection[str]) -> Iterator[Point]:
        """An ECS instance's points are disk snapshots, without pages (API page "DescribeUdmSnapshots")."""
        for instance in sorted(instances):
            body = self._api(region)(
                "DescribeUdmSnapshots",
                source_type="UDM_ECS",
                udm_region_id=region,
                start_time=0,
                end_time=FOREVER,
                instance_id=instance,
            )
            yield from (_point(row, region, "UDM_ECS", instance) for row in body.snapshots or [])

    def table_points(self, region: str, place: Place) -> Iterator[Point]:
        """The points of one account's Tablestore tables; Cloud Backup enters the account for this."""
        rows = by_token(
            self._api(region),
            "DescribeOtsTableSnapshots",
            lambda body: body.snapshots,
            "limit",
            **place.fields,
        )
        return (_point(row, region, "OTS", row.instance_name) for row in rows)

    def jobs(self, region: str, **wanted: object) -> Iterator[Job]:
        """Backup jobs, newest first, whose fields are as ``wanted``: ``Status="COMPLETE"``; a tuple is a comparison.

        The documented keys are those of SDK model DescribeBackupJobs2RequestFilters; none of them is the account.
        """
        api = self._api(region)
        filters = [_filter(api, key, value) for key, value in wanted.items()]
        rows = numbered(
            api, "DescribeBackupJobs2", lambda body: body.backup_jobs and body.backup_jobs.backup_job, filters=filters
        )
        return (_job(row, region, self._owner, row.job_id) for row in rows)

    def restore_job(self, region: str, restore_type: str, restore_id: str) -> Job | None:
        """One restore job. No document has a filter for its id, so those of its type are looked through."""
        rows = numbered(
            self._api(region),
            "DescribeRestoreJobs2",
            lambda body: body.restore_jobs and body.restore_jobs.restore_job,
            restore_type=restore_type,
        )
        found = next((row for row in rows if row.restore_id == restore_id), None)
        return _job(found, region, self._owner, restore_id) if found else None

    def _api(self, region: str) -> Api:
        return self._clients.hbr(self._credentials(), region)


def as_bound(source_type: str) -> str:
    """The source type as policy bindings say it."""
    return "OTS" if source_type == OTS_TABLE else source_type


def _filter(api: Api, key: str, value: object) -> Any:  # noqa: ANN401 - an SDK model
    operator, operand = value if isinstance(value, tuple) else ("EQUAL", value)
    return api.model("DescribeBackupJobs2RequestFilters", key=key, operator=operator, values=[str(operand)])


def _point(row: Any, region: str, source_type: str, source: str) -> Point:  # noqa: ANN401 - an SDK model
    return Point(
        row.snapshot_id,
        row.snapshot_hash or "",
        region,
        source_type,
        source,
        getattr(row, "vault_id", None) or "",
        int(row.complete_time or 0),
        int(row.actual_bytes) if row.actual_bytes not in {None, ""} else None,
        getattr(row, "actual_items", None),
        row.status or "",
        getattr(row, "table_name", None) or "",
        getattr(row, "plan_id", None) or "",
        _paths(row),
    )


def _paths(row: Any) -> tuple[str, ...]:  # noqa: ANN401 - an SDK model
    """``Paths``, or ``Path``, which is one path or a list of them as JSON (SDK model ListSnapshotsResponseBody)."""
    listed, one = getattr(row, "paths", None) or [], getattr(row, "path", None) or ""
    if not listed and one.startswith("["):
        listed = json.loads(one)
    return tuple(listed or ([one] if one else []))


def _job(row: Any, region: str, owner: str, job_id: str) -> Job:  # noqa: ANN401 - an SDK model
    named = [getattr(row, field, None) for field in SOURCE_FIELDS]
    return Job(
        job_id,
        region,
        Place.of(row, owner),
        as_bound(row.source_type or ""),
        next((name for name in named if name), ""),
        row.status or "",
        int(row.created_time or 0),
        int(row.complete_time or 0),
        (row.progress or 0) / HUNDRED_PERCENT,
        row.bytes_total or 0,
        row.bytes_done or 0,
        row.items_total or 0,
        row.items_done or 0,
        row.error_message or "",
    )
