"""Watches a job to its end, with a progress bar on a terminal. Reads only; a job goes on when nobody watches."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

from rich.console import RenderableType
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from cli.output import console, following
from shared.backups import Job
from shared.inventory import shown_size
from shared.wording import counted

SECONDS = 2.0
"""Between two looks; Cloud Backup takes 600 calls a minute (quota page)."""

Look = Callable[[], Job | None]


def follow(looks: dict[str, Look], seconds: float) -> dict[str, Job | None]:
    """Every job as it ended, or as it is when nobody follows it any longer. None: the cloud knows no such job."""
    until = time.monotonic() + seconds
    err = console(stderr=True)
    columns = (
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.percentage:.0f} %"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=err, disable=not err.is_terminal) as shown:
        bars = {name: shown.add_task(name, total=1.0) for name in looks}
        found: dict[str, Job | None] = {}
        while True:
            for name, look in looks.items():
                if name not in found or not _ended(found[name]):
                    found[name] = look()
                    job = found[name]
                    shown.update(bars[name], completed=1.0 if _ended(job) else job.progress if job else 0.0)
            if time.monotonic() >= until or all(_ended(job) for job in found.values()):
                return found
            time.sleep(min(SECONDS, max(until - time.monotonic(), 0.0)))


def _ended(job: Job | None) -> bool:
    return job is None or job.ended


def document(job: Job | None, job_id: str) -> dict[str, Any]:
    """A job as JSON."""
    if job is None:
        return {"job_id": job_id, "status": "unknown"}
    return {
        "job_id": job.id,
        "region": job.region,
        "account_id": job.place.account_id,
        "source": job.source,
        "status": job.status,
        "items": job.items_done,
        "items_total": job.items_total,
        "bytes": job.bytes_done,
        "bytes_total": job.bytes_total,
        "error": job.error or None,
    }


def told(jobs: dict[str, dict[str, Any]]) -> Iterator[RenderableType]:
    """Each job's status, items and bytes as the cloud reports them; only COMPLETE counts as good."""
    for name, job in jobs.items():
        colour = "green" if job["status"] == "COMPLETE" else "bold red" if job["status"] != "RUNNING" else "cyan"
        numbers = f"{counted(job.get('items', 0), 'item')}, {shown_size(job.get('bytes', 0))}"
        why = f" ({job['error']})" if job.get("error") else ""
        yield Text.assemble((name, "bold"), "  ", (job["status"], colour), f"  {numbers}, job {job['job_id']}{why}")
        if job["status"] == "RUNNING":
            yield following("it goes on in Cloud Backup, and nobody follows it any more: see its end in the console")


def good(jobs: dict[str, dict[str, Any]], seconds: float) -> bool:
    """Whether everything that was asked for is done; where nobody was to follow it, that it was started is all."""
    return all(job["status"] == "COMPLETE" or (not seconds and job["status"] == "RUNNING") for job in jobs.values())
