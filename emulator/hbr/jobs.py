"""Backup jobs: they start, they take their time, they end as the landing zone says, and leave snapshots.

Why a job starts (a call, a policy, a plan) is not asked here; see ``runs.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import CloudError
from emulator.hbr import agenda, places, snapshots
from emulator.hbr.answers import next_number, record_id, refuse
from emulator.hbr.state import Job

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.cloud import Cloud
    from emulator.hbr.state import Place, Record

SECONDS = 60
"""How long a job runs where the landing zone's resource does not say (``seconds``)."""
OUTCOMES = ("COMPLETE", "PARTIAL_COMPLETE", "FAILED", "EXPIRED")
"""What a landing zone's resource may give as its ``outcome``: how backups of it, and restores into it, end.

The words are those of SDK model DescribeHanaRestoresRequest, where EXPIRED is "timed out"; no page lists those of other
jobs, which are taken to be the same (inferred).
"""
KEPT = ("COMPLETE", "PARTIAL_COMPLETE")
"""Outcomes that leave a snapshot."""


def start(cloud: Cloud, source: Record, place: Place, now: float, fields: dict[str, Any]) -> Job:
    """Start a job for ``source`` (the policy, plan or vault whose account and region it belongs to).

    ``fields`` are the rest of the record: what to back up, where to, why.

    A job that cannot reach its data fails at once, with the refusal's code as its error message (inferred).
    """
    job = Job(
        id=record_id("job", next_number(cloud.state.hbr)),
        owner=source.owner,
        region=source.region,
        created_at=now,
        updated_at=now,
        place=place,
        **fields,
    )
    cloud.state.hbr.jobs[job.id] = job
    try:
        resource = _reached(cloud, job)
    except CloudError as error:
        _end(job, now, "FAILED", error.code)
        return job
    job.bytes_total, job.items_total = int(resource.get("size", 0)), int(resource.get("items", 1))
    if job.source_type == "OTS":
        job.tables = job.tables or list(resource.get("tables", ["table1"]))
    job.ends_at = now + float(resource.get("seconds", SECONDS))
    agenda.enter(cloud, job.ends_at, "job", job.id)
    return job


def _reached(cloud: Cloud, job: Job) -> Mapping[str, Any]:
    """The data source, if the vault is there and the road to the data is open."""
    vault = cloud.state.hbr.vaults.get(job.vault_id)
    if job.source_type != "UDM_ECS" and (vault is None or vault.status != "CREATED"):
        raise refuse("VaultNotExist", "The specified vault doesn't exist.")
    places.reach(cloud, job.owner, job.region, job.place, places.NEEDS.get(job.source_type, ()))
    resource = places.find_resource(cloud, job.place, job.region, job.source_type, job.data_source)
    if resource is None and job.source_type in places.NEEDS:
        raise refuse("ResourceNotFound", "The specified resource is not found.")
    return resource or {}


def end(cloud: Cloud, job_id: str, due: float) -> None:
    """The end of a job, as the landing zone's resource wants it at that time; what has vanished fails."""
    job = cloud.state.hbr.jobs.get(job_id)
    if job is None or job.status != "RUNNING":
        return
    resource = places.find_resource(cloud, job.place, job.region, job.source_type, job.data_source)
    gone = resource is None and job.source_type in places.NEEDS
    outcome, error = outcome_of(resource, gone=gone)
    _end(job, due, outcome, error)
    if outcome in KEPT:
        snapshots.keep(cloud, job, due)


def outcome_of(resource: Mapping[str, Any] | None, *, gone: bool) -> tuple[str, str]:
    """How a job on that resource ends: its status and its error message (API example: PARTIAL_COMPLETE)."""
    if gone:
        return "FAILED", "ResourceNotFound"
    outcome = (resource or {}).get("outcome", "COMPLETE")
    return outcome, "" if outcome == "COMPLETE" else outcome


def _end(job: Job, now: float, status: str, error: str) -> None:
    job.status, job.error, job.completed_at, job.updated_at = status, error, now, now


def busy(cloud: Cloud, plan_id: str) -> set[str]:
    """The data sources for which a job of this plan or policy is under way."""
    jobs = cloud.state.hbr.jobs.values()
    return {job.data_source for job in jobs if job.plan_id == plan_id and job.status == "RUNNING"}
