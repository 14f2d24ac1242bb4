"""``cab restore``: bring a backup point back, to its own account, to another enrolled one, or to the backup account.

It plans first, asks, starts the job and follows it. Data that is there is overwritten only if that is said twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timezone
from functools import partial
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.asked import HOUR, Asked, Kind, Minutes, NoWait, Region, Source
from cli.attempted import checked, named
from cli.follow import document, follow, good
from cli.follow import told as followed
from cli.history import written
from cli.limits import destination, place_of, refused
from cli.output import NotDoneError, Result, WrongUseError, confirm, confirm_again, progress
from cli.session import Session
from cli.verb import AccountId, Yes, verb
from shared.backups import Place, Point
from shared.by_hand import ByHand
from shared.cloud import Cloud
from shared.inventory import bound_to, shown_size
from shared.kinds import KINDS, kind_of, region_warning, who_pays
from shared.limits import can_restore
from shared.outcome import AttemptError, Reason
from shared.restore import CLONE, NoPointError, Restoration, Target, allow, choose, planned
from shared.wording import counted

To = Annotated[
    str, typer.Option("--to", metavar="ACCOUNT", help="source, backup (the backup account), or another account's id.")
]
At = Annotated[
    str,
    typer.Option(
        "--at", metavar="TIME", help="The newest point not later than this: 2026-11-22T10:00 (UTC unless told)."
    ),
]
PointId = Annotated[str, typer.Option("--point", metavar="ID", help="This backup point, also one of a partial backup.")]
TargetId = Annotated[
    str, typer.Option("--target", metavar="TARGET", help="Bucket, file system, instance; by default the source's own.")
]
PathIn = Annotated[str, typer.Option("--path", metavar="PATH", help="Directory, prefix or table in the target.")]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Allow data that is there to be overwritten.")]
Again = Annotated[str, typer.Option("--again", metavar="ID", help="With --overwrite: the source's id once more.")]
Created = Annotated[
    int | None, typer.Option("--created", metavar="SECONDS", help="A NAS target's time of creation, epoch seconds.")
]
FEW = 5
"""Backup points of a data source whose ids are all told."""
RESTORE = "restore"
"""How its one job is called."""
NewInstance = Annotated[
    str, typer.Option("--new-instance", metavar="JSON", help=f"JSON with {', '.join(CLONE)}: a new ECS instance.")
]


@verb("cab restore 1000000000000011 --kind oss --source prod-data --to 1000000000000012 --target test-data")
def restore(
    session: Session,
    account: AccountId,
    *,
    kind: Kind = "",
    source: Source = "",
    region: Region = "",
    at: At = "",
    point: PointId = "",
    to: To = "source",
    target: TargetId = "",
    path: PathIn = "",
    created: Created = None,
    new_instance: NewInstance = "",
    overwrite: Overwrite = False,
    again: Again = "",
    no_wait: NoWait = False,
    minutes: Minutes = HOUR,
    yes: Yes = False,
) -> Result:
    """Restore a backup point of an account: plan, ask, start, follow. Uses your own rights in the backup account."""
    account_to = _account_to(to, checked(account), session.config.backup_account.id)
    asked = Asked(account, kind, source, region, _time(at), point)
    wanted, seconds = _json(new_instance), 0.0 if no_wait else minutes * 60
    if kind:
        # What no point could change is refused before anything is called.
        refused(lambda: can_restore(kind, account, account_to))
    with session.backup_account(seconds) as (cloud, by_hand):
        with progress("looking for the backup point"):
            found = _point(asked, cloud)
            refused(lambda: can_restore(kind_of(found.source_type), account, account_to))
            place = destination(account_to, found.region, cloud)
        if account_to != account and not target:
            raise WrongUseError(f"say where in account {account_to} it is to go", "--target BUCKET, FILE SYSTEM, …")
        where = Target(place, target or found.source, path, created, wanted)
        plan = refused(lambda: allow(planned(found, account, where), overwrite=overwrite))
        told = list(_told(plan, cloud))
        confirm("Start this restore?", yes=yes, seen=lambda: told)
        if plan.in_place:
            question = f"This overwrites {plan.target.id}. Type {plan.point.source} to go on"
            confirm_again(question, plan.point.source, again)
        with progress("starting the restore"):
            job_id = _started(plan, by_hand)
        restore_type = "UDM_ECS" if where.new_instance else KINDS[kind_of(found.source_type)].restore_type
        look = partial(by_hand.restore_job, found.region, restore_type, job_id)
        (ended,) = follow({RESTORE: look}, seconds).values()
    jobs = {RESTORE: document(ended, job_id)}
    shown = {"plan": _document(plan), "job": jobs[RESTORE]}
    return Result(shown, [*told, *followed(jobs)], done=good(jobs, seconds))


def _started(plan: Restoration, by_hand: ByHand) -> str:
    """The job's id. What the cloud finds wrong with it was typed: nothing of a restore comes from config.yaml."""
    try:
        return by_hand.restore(plan)
    except AttemptError as error:
        if error.reason is not Reason.BAD_CONFIGURATION:
            raise
        place, ids = plan.target.place, f" (request id {error.request_id})" if error.request_id else ""
        what = f"the restore to {plan.target.id} of account {place.account_id} was refused: {error.detail}{ids}"
        check = f"check --target: is {plan.target.id} there, in {plan.point.region}, and --path in it?"
        raise NotDoneError(what, check, reason="wrong_target") from error


def _account_to(to: str, source: str, backup_account: str) -> str:
    return {"source": source, "backup": backup_account}.get(to) or checked(to)


def _time(text: str) -> float | None:
    """Epoch seconds; a time without a zone is UTC."""
    if not text:
        return None
    try:
        given = datetime.fromisoformat(text.replace("Z", "+00:00"))
    except ValueError as error:
        raise WrongUseError(f"expected a time as 2026-11-22T10:00, found {text!r}") from error
    return (given if given.tzinfo else given.replace(tzinfo=timezone.utc)).timestamp()


def _json(text: str) -> dict[str, Any]:
    if not text:
        return {}
    try:
        given = json.loads(text)
    except ValueError as error:
        raise WrongUseError(f"--new-instance: not JSON: {error}") from error
    missing = [key for key in CLONE if key not in given] if isinstance(given, dict) else list(CLONE)
    if missing:
        raise WrongUseError(f"--new-instance: expected also {', '.join(missing)}")
    return dict(given)


def _point(asked: Asked, cloud: Cloud) -> Point:
    points: list[Point] = []
    for where in asked.regions(cloud.ports.config):
        bound = {(one.source_type, one.source) for one in bound_to(where, asked.account_id, cloud.ports)}
        known = bound | {("UDM_ECS", asked.source)} if asked.source else bound
        points += cloud.ports.records.points(where, asked.account_id, known)
        if asked.kind == "tablestore" and not any(one.table for one in points):
            points += cloud.ports.records.table_points(where, place_of(asked.account_id, where, cloud))
    try:
        return choose(points, asked.kind, asked.source, asked.at, asked.point or None)
    except NoPointError as error:
        told = "; ".join(_there(points)) or "it has no restorable point in any region"
        what = f"account {asked.account_id}: {error}; {told}"
        raise NotDoneError(what, "--kind, --source, --at or --point") from error


def _there(points: list[Point]) -> Iterator[str]:
    """Which points there are: by data source how many, from when to when, and their ids where they are few."""
    by_source: dict[str, list[Point]] = {}
    for one in sorted(points, key=lambda one: (one.completed_at, one.id)):
        by_source.setdefault(f"{kind_of(one.source_type)} {one.source} in {one.region}", []).append(one)
    for source, found in sorted(by_source.items()):
        oldest, newest = written(found[0].completed_at), written(found[-1].completed_at)
        when = f"of {oldest}" if oldest == newest else f"from {oldest} to {newest}"
        named = found if len(found) <= FEW else (found[0], found[-1])
        ids = ", ".join(f"{one.id}{'' if one.status == 'COMPLETE' else ' (partial)'}" for one in named)
        which = ids if len(named) == len(found) else f"the oldest and the newest are {ids}"
        yield f"{source}: {counted(len(found), 'point')} {when}: {which}"


def _document(plan: Restoration) -> dict[str, Any]:
    place: Place = plan.target.place
    return {
        "point": plan.point.id,
        "kind": kind_of(plan.point.source_type),
        "source_account": plan.source,
        "source": plan.point.source,
        "region": plan.point.region,
        "completed_at": plan.point.completed_at,
        "target_account": place.account_id,
        "target": plan.target.id,
        "path": plan.target.path or None,
        "in_place": plan.in_place,
    }


def _told(plan: Restoration, cloud: Cloud) -> Iterator[RenderableType]:
    source, target = (named(one, cloud.ports) for one in (plan.source, plan.target.place.account_id))
    when = datetime.fromtimestamp(plan.point.completed_at, timezone.utc).isoformat(timespec="seconds")
    size = f", {shown_size(plan.point.bytes)}" if plan.point.bytes is not None else ""
    yield Text.assemble(("+ ", "red" if plan.in_place else "green"), f"restore {plan}")
    yield Text(f"  from account {source} to account {target}")
    yield Text(f"  backed up {when}{size}; {who_pays(kind_of(plan.point.source_type))}", "dim")
    if warning := region_warning(plan.point.region, {kind_of(plan.point.source_type)}):
        yield Text(f"  warning: {warning}", "yellow")
