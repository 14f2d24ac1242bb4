"""What ``cab status`` says of backups: per account and kind, how far they are, and how old the last good one is."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from cli.advice import BY_HAND
from cli.output import following
from cli.survey import State, Surveyed
from shared.backup_policy import BackupPolicy
from shared.backups import Job
from shared.coverage import HOUR, Coverage, coverage, state
from shared.ports import Ports
from shared.standing import Standing, for_sweep
from shared.wording import counted

BACKED_UP = "DescribePolicyBindings, DescribeBackupPlans, DescribeBackupJobs2"
"""The calls by which that is seen."""
WEEK = 168 * HOUR
"""Jobs are looked for at least so far back."""
MOST_ROWS = 50
MOST_FIXES = 5
SHOWN = {str(State.REGISTERED): "registered, not proven"}
"""How a state is called for people, where its name alone says less."""


def backups(surveyed: list[Surveyed], ports: Ports, now: float) -> dict[str, dict[str, Any]]:
    """By account: its state and its kinds. Costs listings of bindings and jobs per region, and nothing per account."""
    if not ports.config.backup_policies or not any(one.wanted for one in surveyed):
        return {}
    standing, jobs = for_sweep(ports, deep=True), _jobs(ports, now)
    return {
        one.account_id: _account(one, standing, jobs.get(one.account_id, []), now) for one in surveyed if one.wanted
    }


def _jobs(ports: Ports, now: float) -> dict[str, list[Job]]:
    """Every job since the longest promise began twice over, by account."""
    policies = ports.config.backup_policies
    since = int(now - max(WEEK, *(2 * one.period for one in policies)))
    regions = list(dict.fromkeys(region for one in policies for region in one.regions))
    fields = {"CreatedTime": ("GREATER_THAN_OR_EQUAL", since)}
    found: dict[str, list[Job]] = {}
    for jobs in ports.pool.map(lambda region: list(ports.records.jobs(region, **fields)), regions):
        for job in jobs:
            found.setdefault(job.place.account_id, []).append(job)
    return found


def _account(one: Surveyed, standing: dict[str, Standing], jobs: list[Job], now: float) -> dict[str, Any]:
    policies = one.wanted.backup_policies if one.wanted else ()
    bindings = [binding for here in standing.values() for binding in here.of(one.account_id)]
    found = coverage(policies, bindings, jobs, now)
    kinds = [{**kind.shown(), "fix": _fix(kind, one, policies)} for kind in found]
    return {"state": state(found, _reached(one)), "kinds": kinds}


def _fix(kind: Coverage, one: Surveyed, policies: Iterable[BackupPolicy]) -> str:
    """What mends a kind that is not backed up as promised; nothing where its time has not come."""
    mine = [policy for policy in policies if policy.kind == kind.kind]
    if kind.state == "proved" or not one.state.enrolled:
        return ""
    if not kind.bound:
        if any(source.account == one.account_id for policy in mine for source in policy.sources):
            return "cab reconcile"
        if tagged := [policy.name for policy in mine if policy.tags]:
            return f"{BY_HAND}put the tags of the backup policy {tagged[0]} on what is to be backed up there"
        names = ", ".join(policy.name for policy in mine)
        return f"{BY_HAND}name sources of the account in the backup policy {names}, or let a rule leave that policy out"
    if kind.last_bad:
        return (
            f"{BY_HAND}mend why its last job failed ({kind.last_bad.status}: {kind.last_bad.error}); then `cab backup`"
        )
    return f"cab backup {one.account_id} --kind {kind.kind}" if kind.last_good is not None else ""


def proved(accounts: Mapping[str, dict[str, Any]]) -> tuple[int, int]:
    """Of how many accounts every wanted kind has a good backup, and how many want one."""
    wanting = [found for found in accounts.values() if found["kinds"]]
    return sum(found["state"] == "proved" for found in wanting), len(wanting)


def _reached(one: Surveyed) -> str:
    """As far as registration and proof go; by the Resource Directory there is no role: to be registered is proof."""
    by_directory = one.wanted is not None and one.wanted.settings.authorization == "resource_directory"
    if one.state is State.REGISTERED and by_directory:
        return str(State.PROTECTED)
    return str(one.state if one.state.enrolled else State.UNPROTECTED)


def told(accounts: dict[str, dict[str, Any]]) -> Iterator[RenderableType]:
    """The accounts whose backups are not proved, kind by kind, then how many are."""
    if not accounts:
        return
    table = Table("account", "state", "kind", "bound", "last good backup", box=SIMPLE_HEAD)
    rows = [
        (account_id, found["state"], kind)
        for account_id, found in sorted(accounts.items())
        for kind in found["kinds"] or [None]
    ]
    for account_id, reached, kind in rows[:MOST_ROWS]:
        shown = SHOWN.get(reached, reached)
        table.add_row(account_id, shown, *(_cells(kind) if kind else ("(nothing wanted)", "", "")))
    yield table
    if len(rows) > MOST_ROWS:
        yield f"and {len(rows) - MOST_ROWS} more; --json has all"
    if any(found["state"] == "registered" for found in accounts.values()):
        yield following("`cab status --deep` also proves the roles: an account is protected only then")
    good, wanting = proved(accounts)
    yield f"backups: {good} of {counted(wanting, 'account')} proved by a complete job within the promised time"
    fixes = dict.fromkeys(kind["fix"] for _, _, kind in rows if kind and kind["fix"])
    yield from (Text.assemble(("fix: ", "bold"), fix) for fix in list(fixes)[:MOST_FIXES])


def _cells(kind: dict[str, Any]) -> tuple[str, str, str]:
    promised = f"promised {kind['promised_hours']:g} h"
    age = "none seen" if kind["age_hours"] is None else f"{kind['age_hours']:g} h old"
    failure = f"; last job {kind['last_failure']}" if kind["last_failure"] else ""
    return f"{kind['kind'].replace('_', ' ')}: {kind['state']}", str(kind["bound"]), f"{age}, {promised}{failure}"
