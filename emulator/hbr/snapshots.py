"""What backup jobs leave behind: kept for as long as their rule says, replicated where their vault is, then gone.

How callers find snapshots is in ``snapshot_calls.py``.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from emulator.hbr import agenda
from emulator.hbr.answers import next_number, record_id
from emulator.hbr.state import Snapshot

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.hbr.state import Job, Vault

_DAY = 86400


def keep(cloud: Cloud, job: Job, now: float) -> None:
    """One snapshot per finished job, or one per table of Tablestore (SDK model DescribeOtsTableSnapshots)."""
    for table in job.tables or [""]:
        _add(cloud, job, now, table)
        vault = cloud.state.hbr.vaults.get(job.vault_id)
        mirror = cloud.state.hbr.vaults.get(vault.mirror) if vault else None
        if mirror:
            _add(cloud, job, now, table, mirror)


def _add(cloud: Cloud, job: Job, now: float, table: str, mirror: Vault | None = None) -> None:
    hbr = cloud.state.hbr
    region, vault_id = (mirror.region, mirror.id) if mirror else (job.region, job.vault_id)
    snapshot_id = record_id("s", next_number(hbr))
    line = f"{region}/{vault_id}/{job.data_source}/{table}"
    before = hbr.snapshots.get(hbr.newest.get(line, ""))
    snapshot = Snapshot(
        id=snapshot_id,
        owner=job.owner,
        region=region,
        created_at=now,
        updated_at=now,
        source_type=job.source_type,
        data_source=job.data_source,
        place=job.place,
        vault_id=vault_id,
        job_id=job.id,
        plan_id=job.plan_id,
        line=line,
        digest=hashlib.sha256(snapshot_id.encode()).hexdigest(),
        parent=before.digest if before else "",
        table=table,
        bytes_total=job.bytes_total // max(1, len(job.tables)),
        items_total=job.items_total,
        paths=job.paths,
        partial=job.status == "PARTIAL_COMPLETE",
        retention=job.retention,
        keep_latest=job.keep_latest,
        started_at=job.created_at,
        expires_at=now + job.retention * _DAY if job.retention else 0.0,
    )
    hbr.snapshots[snapshot.id] = snapshot
    hbr.newest[line] = snapshot.id
    if snapshot.expires_at:
        agenda.enter(cloud, snapshot.expires_at, "snapshot", snapshot.id)


def expire(cloud: Cloud, snapshot_id: str, due: float) -> None:
    """A snapshot's last day; the newest of its source stays where its rule keeps one version, and is asked again."""
    hbr = cloud.state.hbr
    snapshot = hbr.snapshots.get(snapshot_id)
    if snapshot is None:
        return
    if snapshot.keep_latest and hbr.newest.get(snapshot.line) == snapshot.id:
        agenda.enter(cloud, due + _DAY, "snapshot", snapshot.id)
    else:
        del hbr.snapshots[snapshot.id]
