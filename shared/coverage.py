"""How far an account's backups have come: from wanted, over bound, to proved by a complete job. Pure.

unprotected
    not registered everywhere as wanted, or the role is not proven.
registered
    registered everywhere as wanted; nobody has looked whether the role is proven.
protected
    registered and proven, and nothing of a wanted kind is bound yet ("none bound").
covered
    every wanted kind has a data source that is bound, or that a job was seen for.
proved
    of every wanted kind a complete job ended within the time that its policy promises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared.backup_policy import BackupPolicy
from shared.backups import Binding, Job

STATES = ("unprotected", "registered", "protected", "covered", "proved")
"""Worst first. An account is as far as the kind that has come least far."""
HOUR = 3600


@dataclass(frozen=True)
class Coverage:
    """One kind of one account's resources."""

    kind: str
    state: str
    """``none bound``, ``covered`` or ``proved``."""
    bound: int
    """Data sources that are bound now and not suspended."""
    last_good: int | None
    """When the last complete job ended (epoch seconds), as far back as was looked; None: none was seen."""
    age: float | None
    """Seconds since then."""
    promised: float
    """Seconds: how old the last good backup may be, by the strictest of the account's policies for this kind."""
    last_bad: Job | None = None
    """The newest job, where it did not end well: failed, partial or cancelled jobs are no proof."""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "kind": self.kind,
            "state": self.state,
            "bound": self.bound,
            "last_good": self.last_good,
            "age_hours": round(self.age / HOUR, 1) if self.age is not None else None,
            "promised_hours": self.promised / HOUR,
            "last_failure": f"{self.last_bad.status}: {self.last_bad.error}" if self.last_bad else None,
        }


def coverage(
    policies: Iterable[BackupPolicy], bindings: Iterable[Binding], jobs: Iterable[Job], now: float
) -> list[Coverage]:
    """Every wanted kind of one account, given what is bound and which jobs were seen for that account."""
    kinds: dict[str, list[BackupPolicy]] = {}
    for one in policies:
        kinds.setdefault(one.kind, []).append(one)
    have, seen = list(bindings), sorted(jobs, key=lambda job: (job.started_at, job.id))
    return [
        _of_kind(
            kind,
            wanted,
            [one for one in have if one.source_type == wanted[0].source_type and not one.disabled],
            [one for one in seen if one.source_type == wanted[0].source_type],
            now,
        )
        for kind, wanted in kinds.items()
    ]


def _of_kind(kind: str, wanted: list[BackupPolicy], bound: list[Binding], jobs: list[Job], now: float) -> Coverage:
    promised = min(one.period for one in wanted)
    last_good = max((job.completed_at for job in jobs if job.good), default=None)
    # A clock that is behind the cloud's must not make a backup older than it is, nor younger than now.
    age = max(now - last_good, 0.0) if last_good is not None else None
    ended = [job for job in jobs if job.ended]
    bad = ended[-1] if ended and not ended[-1].good else None
    state = "covered" if bound or jobs else "none bound"
    if age is not None and age <= promised:
        state = "proved"
    return Coverage(kind, state, len(bound), last_good, age, promised, bad)


def state(found: Iterable[Coverage], reached: str) -> str:
    """The account's state, one of ``STATES``, given which of the first three it has reached by its registrations.

    Where nothing is wanted, that is all there is. Good jobs of every wanted kind prove the role that they needed.
    """
    states = {one.state for one in found}
    if reached == "unprotected":
        return reached
    if states == {"proved"}:
        return "proved"
    if reached == "registered" or not states or "none bound" in states:
        return reached
    return "covered"
