"""``cab status``: coverage at a glance. Read only. It shows the report's document: what is counted is counted there."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli import history
from cli.advice import NO_QUEUE, advise
from cli.bootstrap import ServicesFile
from cli.covered import told as covered_told
from cli.depths import depths, told
from cli.doctor.finding import BY_HAND, DECIDE
from cli.doctor.fleet import by_a_person
from cli.letters import HIDDEN, table
from cli.output import Result, following, progress
from cli.report.model import document
from cli.report.sources import gather
from cli.session import Session
from cli.site import Site
from cli.survey import LISTED_DRIFT, State
from cli.verb import verb
from shared.verdict import BEING_DELETED
from shared.wording import counted

OLDEST = 5
"""Dead letters that are listed for people: those that have waited longest."""
MOST_ROWS = 50
"""Accounts that are listed for people; ``--json`` has all."""


FEW = 3
"""Accounts that a person takes out one by one."""


@verb("cab status --deep")
def status(
    session: Session,
    *,
    deep: Annotated[bool, typer.Option("--deep", help="Also enter every wanted account and prove its role.")] = False,
    services: ServicesFile = Path("s.yaml"),
) -> Result:
    """Show which accounts are enrolled, by folder, region and kind, and which need attention; change nothing."""
    with session.cloud() as cloud, progress("listing registrations") as tell:
        found = document(gather(Site(session, cloud, services), tell, deep=deep))
        tell("asking how many messages wait")
        found |= {"queues": depths(session)}
    return Result(found, list(_shown(found)))


def _shown(found: dict[str, Any]) -> Iterator[RenderableType]:
    summary = found["summary"]
    how = "registered and proven" if found["deep"] else "registered (--deep also proves the roles)"
    yield f"{summary['enrolled']} of {counted(summary['wanted'], 'wanted account')} {how}"
    yield "states: " + ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in found["states"].items())
    yield _table("folder", found["folders"])
    yield _table("region", found["regions"])
    yield from _kinds(found["kinds"])
    yield _drift(found)
    for double in found["duplicates"]:
        yield f"registered more than once in {double['region']}: {double['account_id']}"
    yield from _shared(found["shared"])
    yield from _unwell([one for one in found["accounts"] if one["attention"]])
    yield from covered_told(found["backups"])
    yield from _waiting(found)
    yield from told(found["queues"])
    yield from history.told(found["history"])
    if failing := found["history"].get("failing"):
        yield following(advise(failing["reason"]) or "look at the function's log")


def _table(first: str, rows: Iterable[dict[str, Any]]) -> Table:
    table = Table(first, "wanted", "enrolled", box=SIMPLE_HEAD)
    for row in rows:
        name = "  " * row.get("depth", 0) + (row["name"] or "(none)")
        table.add_row(name, str(row["wanted"]), str(row["enrolled"]))
    return table


def _kinds(kinds: Iterable[dict[str, Any]]) -> Iterator[RenderableType]:
    """The kinds that somebody wants; without backup policies there are none."""
    wanted = [one for one in kinds if one["wanted"]]
    if not wanted:
        yield "kinds: no backup policy is configured, so no kind of resource is wanted"
        return
    table = Table("kind", "wanted", "covered", "proved", box=SIMPLE_HEAD)
    for one in wanted:
        table.add_row(one["name"].replace("_", " "), str(one["wanted"]), str(one["covered"]), str(one["proved"]))
    yield table


def _drift(found: dict[str, Any]) -> str:
    kinds = ", ".join(f"{one['accounts']} {one['kind'].replace('_', ' ')}" for one in found["drift"])
    seen = "" if found["deep"] else " (in the listings; --deep also looks at roles)"
    return f"drift: {counted(found['summary']['drift'], 'account')}{seen}" + (f": {kinds}" if kinds else "")


def _shared(changes: Iterable[dict[str, Any]]) -> Iterator[RenderableType]:
    """The vaults and backup policies that accounts share, where they are not as they should be, and who mends that."""
    for one in changes:
        yield Text(f"{one['kind'].replace('_', ' ')}: {one['detail']}", "yellow")
        swept = () if one["kind"] == "failed" else ("cab reconcile",)
        yield from (Text.assemble(("fix: ", "bold"), fix) for fix in by_a_person(one["kind"]) or swept)


def _unwell(unwell: list[dict[str, Any]]) -> Iterator[RenderableType]:
    if not unwell:
        return
    table = Table("account", "name", "state", "why", box=SIMPLE_HEAD)
    for one in unwell[:MOST_ROWS]:
        why = one["why"] or ", ".join(one["drift"]).replace("_", " ")
        table.add_row(one["account_id"], one["display_name"] or "", one["state"].replace("_", " "), why)
    yield table
    if len(unwell) > MOST_ROWS:
        yield f"and {len(unwell) - MOST_ROWS} more; --json has all"
    yield following("`cab explain ACCOUNT` says why, and what to do")
    yield from (Text.assemble(("fix: ", "bold"), fix) for fix in _fixes(unwell))


def _fixes(unwell: list[dict[str, Any]]) -> Iterator[str]:
    """What the sweeps repair (the fast one what listings tell, only the deep one roles), and what is left to people."""
    repaired = [one for one in unwell if one["state"] in {State.UNREGISTERED, State.UNPROTECTED} or one["drift"]]
    if any(set(one["drift"]) - LISTED_DRIFT for one in repaired):
        yield "cab reconcile --all"
    elif repaired:
        yield "cab reconcile"
    spare = [one["account_id"] for one in unwell if one["state"] == State.UNDECLARED and one["why"] != BEING_DELETED]
    if spare:
        yield f"{BY_HAND}add a rule to config.yaml for what is undeclared and is to stay; to take the others out:"
    if len(spare) <= FEW:
        yield from (f"cab teardown {account}" for account in spare)
    else:
        yield from DECIDE


def _waiting(found: dict[str, Any]) -> Iterator[RenderableType]:
    """The dead letters by reason, those that will soon be lost, and the verb that shows them."""
    letters = found["dead_letters"]
    if found["summary"]["dead_letters"] is None:
        yield from (Text(one, "yellow") for one in found["unread"])
        if any(NO_QUEUE in one for one in found["unread"]):
            yield Text.assemble(("fix: ", "bold"), "cab bootstrap")
        return
    by_reason: dict[str, int] = {}
    for one in letters:
        by_reason[one["reason"]] = by_reason.get(one["reason"], 0) + 1
    reasons = ", ".join(f"{count} {reason}" for reason, count in by_reason.items())
    yield f"dead letters: {len(letters)} ({reasons})" if letters else f"dead letters: none to be seen; {HIDDEN}"
    ending = sum(one["ends_soon"] for one in letters)
    if ending:
        yield Text(f"{ending} of them will be lost within two days", "bold red")
    if letters:
        yield table(letters[:OLDEST], "oldest")
        yield following("`cab dead-letters list` shows them; what to do about a reason is in docs/operations.md")
