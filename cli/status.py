"""``cab status``: coverage at a glance. Read only."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Annotated, Any

import typer
from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli.covered import backups
from cli.covered import told as covered_told
from cli.depths import depths, told
from cli.output import Result, following, progress
from cli.selection import age
from cli.session import Session
from cli.survey import STATES, Surveyed, all_accounts, glance, look_at_all
from cli.verb import verb
from shared.cloud import Cloud
from shared.dead_letters import look
from shared.drift import kind_of
from shared.fleet import Registrations
from shared.letters import waiting
from shared.queue import QueueError

MOST_ROWS = 50
"""Accounts that are listed for people; ``--json`` has all."""
OLDEST = 5
"""Dead letters that are listed for people: those that have waited longest."""
WELL = frozenset({"protected", "registered", "out_of_scope"})
"""States that need nobody's attention."""


@verb("cab status --deep")
def status(
    session: Session,
    *,
    deep: Annotated[bool, typer.Option("--deep", help="Also enter every wanted account and prove its role.")] = False,
) -> Result:
    """Show which accounts are covered, by folder and region, and which need attention; change nothing."""
    with session.cloud() as cloud, progress("listing registrations") as tell:
        listed = Registrations(cloud.ports)
        tell("listing accounts")
        accounts = list(all_accounts(listed, cloud.ports))
        if deep:
            surveyed = look_at_all(accounts, listed, cloud.ports, tell)
        else:
            surveyed = [glance(account, listed, cloud.ports) for account in accounts]
        tell("listing bindings and jobs")
        covered = backups(surveyed, cloud.ports, session.now)
        tell("receiving dead letters")
        letters = _letters(cloud)
    document = _document(surveyed, listed, deep=deep)
    document |= {"backups": covered, "dead_letters": letters, "queues": depths(session)}
    return Result(document, list(_shown(document)))


def _letters(cloud: Cloud) -> dict[str, Any]:
    """The dead letters in numbers, and the oldest of them. Not to be able to read them is no reason to show nothing."""
    try:
        with look(cloud.queues) as seen:
            found = [letter.shown() for letter in seen.letters[:MOST_ROWS]]
            return {**waiting(seen.letters), "complete": seen.complete, "letters": found}
    except QueueError as error:
        return {"unreadable": str(error)}


def _document(surveyed: list[Surveyed], listed: Registrations, *, deep: bool) -> dict[str, Any]:
    wanted = [one for one in surveyed if one.wanted]
    return {
        "deep": deep,
        "accounts_seen": len(surveyed),
        "wanted": len(wanted),
        "covered": sum(one.state in {"protected", "registered"} for one in wanted),
        "states": _counted(surveyed),
        "folders": {folder: _counted(one for one in surveyed if one.folder == folder) for folder in _folders(surveyed)},
        "regions": _regions(wanted),
        "duplicates": [{"account_id": account, "region": region} for account, region, _ in listed.duplicates],
        "accounts": [_account(one) for one in surveyed],
    }


def _counted(surveyed: Iterable[Surveyed]) -> dict[str, int]:
    counted = Counter(one.state for one in surveyed)
    return {state: counted[state] for state in STATES if counted[state]}


def _folders(surveyed: list[Surveyed]) -> list[str]:
    return sorted({one.folder for one in surveyed})


def _regions(wanted: list[Surveyed]) -> dict[str, dict[str, int]]:
    """By region: how many accounts are wanted there, and how many of them are registered."""
    regions: dict[str, dict[str, int]] = {}
    for one in wanted:
        for region in _wanted_regions(one):
            row = regions.setdefault(region, {"wanted": 0, "registered": 0})
            row["wanted"] += 1
            row["registered"] += region not in one.missing
    return regions


def _wanted_regions(one: Surveyed) -> list[str]:
    return list(one.wanted.enrolment.registrations) if one.wanted else []


def _account(one: Surveyed) -> dict[str, Any]:
    return {
        "account_id": one.account_id,
        "display_name": one.member.display_name if one.member else None,
        "folder": one.folder,
        "state": one.state,
        "why": one.why,
        "rule": one.wanted.rule if one.wanted else None,
        "regions": _wanted_regions(one),
        "drift": sorted({kind_of(step) for step in one.steps}),
    }


def _shown(document: dict[str, Any]) -> Iterator[RenderableType]:
    how = "registered and proven" if document["deep"] else "registered (--deep also proves the roles)"
    yield f"{document['covered']} of {document['wanted']} wanted accounts are {how}"
    yield _table("folder", document["folders"], document["states"])
    regions = Table("region", "wanted", "registered", box=SIMPLE_HEAD)
    for region, row in document["regions"].items():
        regions.add_row(region, str(row["wanted"]), str(row["registered"]))
    yield regions
    for double in document["duplicates"]:
        yield f"registered more than once in {double['region']}: {double['account_id']}"
    unwell = [one for one in document["accounts"] if one["state"] not in WELL or one["drift"]]
    if unwell:
        yield from _unwell(unwell)
    yield from covered_told(document["backups"])
    yield from _waiting(document["dead_letters"])
    yield from told(document["queues"])


def _waiting(letters: dict[str, Any]) -> Iterator[RenderableType]:
    """The dead letters by reason, those that will soon be lost, and the verb that shows them."""
    if "unreadable" in letters:
        yield Text(f"dead letters: cannot be read: {letters['unreadable']}", "yellow")
        return
    reasons = ", ".join(f"{count} {reason}" for reason, count in letters["by_reason"].items())
    yield f"dead letters: {letters['count']}" + (f" ({reasons})" if reasons else "")
    if letters["ending_soon"]:
        yield Text(f"{letters['ending_soon']} of them will be lost within two days", "bold red")
    if letters["count"]:
        table = Table("oldest", "reason", "account", "age", "detail", box=SIMPLE_HEAD)
        for one in letters["letters"][:OLDEST]:
            accounts = " ".join(one.get("accounts", []))
            table.add_row(one["id"], one["reason"], accounts, age(one["age_seconds"]), one["detail"])
        yield table
        yield following("`cab dead-letters list` shows them, `cab dead-letters redrive` brings them back")


def _table(first: str, rows: dict[str, dict[str, int]], states: dict[str, int]) -> Table:
    table = Table(first, *(state.replace("_", " ") for state in states), box=SIMPLE_HEAD, show_footer=True)
    for name, row in rows.items():
        table.add_row(name or "(none)", *(str(row.get(state, "")) for state in states))
    for column, total in zip(table.columns, ["all", *map(str, states.values())], strict=True):
        column.footer = total
    return table


def _unwell(unwell: list[dict[str, Any]]) -> Iterator[RenderableType]:
    table = Table("account", "name", "state", "why", box=SIMPLE_HEAD)
    for one in unwell[:MOST_ROWS]:
        why = one["why"] or ", ".join(one["drift"]).replace("_", " ")
        table.add_row(one["account_id"], one["display_name"] or "", one["state"].replace("_", " "), why)
    yield table
    if len(unwell) > MOST_ROWS:
        yield f"and {len(unwell) - MOST_ROWS} more; --json has all"
    yield following("`cab plan ACCOUNT` shows the steps; `cab reconcile` repairs what is wanted")
