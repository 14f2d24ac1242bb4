"""Which backup point is restored, to where, and by which request. Pure; the call is in ``by_hand.py``."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from shared.backups import Place, Point
from shared.kinds import KINDS, kind_of
from shared.limits import IN_PLACE, PLAIN_PATH, ROLLED_BACK, LimitError, can_restore
from shared.wording import counted

CLONE = ("diskCategory", "instanceType", "restoredHostName", "restoredName", "restoredNetwork", "securityGroup")
"""What a new ECS instance needs to be said of it (SDK model CreateRestoreJobRequest, UdmDetail of UDM_ECS)."""


class NoPointError(Exception):
    """No backup point is as asked for."""


@dataclass(frozen=True)
class Target:
    """Where data is restored to."""

    place: Place
    id: str
    """Instance, bucket, file system or Tablestore instance."""
    path: str = ""
    """Directory, prefix or table in it; for Tablestore the table's own name where empty."""
    created: int | None = None
    """When a NAS file system was created (epoch seconds), which its restore asks for."""
    new_instance: dict[str, Any] = field(default_factory=dict)
    """Of a new ECS instance, what ``CLONE`` names; empty: the instance itself is rolled back."""


@dataclass(frozen=True)
class Restoration:
    """A restore that may be started: the point, the target, and what a person should know."""

    point: Point
    source: str
    """The account whose data it is."""
    target: Target
    in_place: bool

    def __str__(self) -> str:
        kind = KINDS[kind_of(self.point.source_type)]
        where = f"{self.target.id}{f' at {self.target.path}' if self.target.path else ''}"
        over = ", OVER WHAT WAS BACKED UP" if self.in_place else ""
        return (
            f"{kind.title}: {self.point.source} of account {self.source}, point {self.point.id}, to {where} "
            f"of account {self.target.place.account_id} in {self.point.region}{over}"
        )


def choose(points: Iterable[Point], kind: str, source: str, at: float | None, point_id: str | None) -> Point:
    """The point of that id, or the newest complete one of the data source that is not later than ``at``.

    A point of a partial backup is taken only by its id. Raises NoPointError.
    """
    every = [one for one in points if (not kind or kind_of(one.source_type) == kind) and source in {"", one.source}]
    if point_id is not None:
        found = [one for one in every if one.id == point_id]
    else:
        found = [one for one in every if one.status == "COMPLETE" and (at is None or one.completed_at <= at)]
    if not found:
        raise NoPointError(f"{counted(len(every), 'backup point')} of {source or 'the account'}, none as asked for")
    return max(found, key=lambda one: (one.completed_at, one.id))


def planned(point: Point, source: str, target: Target) -> Restoration:
    """The restore, if the product's limits allow it. Raises LimitError."""
    kind = can_restore(kind_of(point.source_type), source, target.place.account_id)
    if kind.restore_type == "UDM_ECS_ROLLBACK" and not target.new_instance and target.id != point.source:
        raise LimitError(ROLLED_BACK, f"{point.source} to {target.id}")
    return Restoration(point, source, target, _in_place(point, source, target))


def _in_place(point: Point, source: str, target: Target) -> bool:
    """Whether what was backed up could be overwritten.

    It could in the same resource of the same account, unless the path is known to lead to none of it. How a restore
    lays out the directories above what it brings back is in no document, so a path above what was backed up counts.
    """
    to = _plain(target.path)
    if point.source_type == "UDM_ECS":
        return not target.new_instance
    if (target.place.account_id, target.id) != (source, point.source):
        return False
    if point.table:
        return target.path.strip("/") in {"", point.table}
    return any(_overlap(to, _plain(path)) for path in point.paths or ("/",))


def _plain(path: str) -> str:
    """A path as it can be compared: of Windows too, whose paths have backslashes and any case. Raises LimitError."""
    parts = path.replace("\\", "/").casefold()
    if ".." in parts.split("/"):
        raise LimitError(PLAIN_PATH, path)
    return posixpath.normpath(f"/{parts.lstrip('/')}")


def _overlap(one: str, other: str) -> bool:
    """Whether one of two plain paths is, or is above, the other."""
    return posixpath.commonpath((one, other)) in {one, other}


def allow(restoration: Restoration, *, overwrite: bool) -> Restoration:
    """The restore itself, if data may be overwritten or none would be; the second question is the console's.

    Raises LimitError.
    """
    if restoration.in_place and not overwrite:
        raise LimitError(IN_PLACE, str(restoration))
    return restoration


def request(restoration: Restoration) -> dict[str, Any]:
    """The fields of CreateRestoreJob, by the SDK's names. The account is the one that is restored to (inferred)."""
    point, target = restoration.point, restoration.target
    kind = KINDS[kind_of(point.source_type)]
    fields: dict[str, Any] = {
        "restore_type": kind.restore_type,
        "source_type": kind.restore_source_type,
        "snapshot_id": point.id,
        "snapshot_hash": point.hash,
        "vault_id": point.vault_id or None,
        **target.place.fields,
    }
    return fields | _where(kind.target, restoration)


def _where(parameter: str, restoration: Restoration) -> dict[str, Any]:
    """The target, in the parameters of its kind (SDK model CreateRestoreJobRequest)."""
    point, target = restoration.point, restoration.target
    match parameter:
        case "udm_detail" if target.new_instance:
            return {"restore_type": "UDM_ECS", "udm_region_id": point.region, "udm_detail": target.new_instance}
        case "udm_detail":
            return {"udm_region_id": point.region, "udm_detail": {"sourceInstanceId": point.source}}
        case "target_bucket":
            return {"target_bucket": target.id, "target_prefix": target.path or None}
        case "target_instance_name":
            return {"target_instance_name": target.id, "target_table_name": target.path or point.table}
        case "target_file_system_id":
            created = {"target_create_time": target.created} if target.created else {}
            return {"target_file_system_id": target.id, "target_path": target.path or "/", **created}
        case _:
            return {parameter: target.id, "target_path": target.path or "/"}
