"""The report as data. Pure: what was surveyed in, one JSON document out; the page and the table are made from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any

from cli.survey import STATES, Surveyed
from shared.drift import kind_of
from shared.letters import Letter

COVERED = frozenset({"protected", "registered"})
QUIET = COVERED | {"out_of_scope", "foreign"}
LISTED = "GetAccount and DescribeCrossAccounts"
ENTERED = f"{LISTED}; in the account GetRole and ListPoliciesForRole; CheckRole"
NOT_KEPT = (
    "time to protected, and since when an account has been protected without a break: the functions' log has it",
    "when the last sweep ran, and what it repaired: the same",
)


@dataclass(frozen=True)
class Folder:
    """A folder of the directory."""

    id: str
    name: str
    parent: str = ""


@dataclass(frozen=True)
class Retained:
    """Backup data of an account that is no member any more, by data source."""

    account_id: str
    region: str
    source: str
    vault: str
    points: int
    bytes: int | None
    newest: str
    payer: str
    """Who is billed for it (product page, "Billing")."""
    evidence: str


@dataclass(frozen=True)
class Seen:
    """Everything that was looked at."""

    management: str
    backup: str
    deep: bool
    at: float
    """Epoch seconds of the cloud's clock."""
    accounts: Sequence[Surveyed]
    folders: Sequence[Folder] = ()
    joined: Mapping[str, str] = field(default_factory=dict)
    """Account → when it joined the directory, as the directory writes it."""
    letters: Sequence[Letter] | None = ()
    """None: the queue could not be read."""
    retained: Sequence[Retained] = ()
    unread: Sequence[str] = ()
    """What could not be looked at, and why."""


def document(seen: Seen) -> dict[str, Any]:
    """The whole report."""
    rows = [_account(one, seen) for one in seen.accounts]
    wanted = [one for one in seen.accounts if one.wanted]
    return {
        "made_at": shown(seen.at),
        "management_account": seen.management,
        "backup_account": seen.backup,
        "deep": seen.deep,
        "summary": {
            "accounts": len(rows),
            "wanted": len(wanted),
            "covered": sum(one.state in COVERED for one in wanted),
            "attention": sum(row["attention"] for row in rows),
            "dead_letters": None if seen.letters is None else len(seen.letters),
            "retained": len({one.account_id for one in seen.retained}),
        },
        "states": {state: count for state, count in _counted(one.state for one in seen.accounts).items() if count},
        "folders": _folders(seen),
        "regions": _regions(wanted),
        "kinds": _kinds(wanted),
        "drift": dict(Counter(kind for row in rows for kind in row["drift"]).most_common()),
        "accounts": rows,
        "dead_letters": [letter.shown() for letter in seen.letters or ()],
        "retained": [asdict(one) for one in seen.retained],
        "unread": list(seen.unread),
        "not_kept": list(NOT_KEPT),
    }


def shown(at: float) -> str:
    """A time as the cloud writes it."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def _counted(states: Iterable[str]) -> dict[str, int]:
    counted = Counter(states)
    return {state: counted[state] for state in STATES}


def _account(one: Surveyed, seen: Seen) -> dict[str, Any]:
    drift = sorted({kind_of(step) for step in one.steps})
    joined = seen.joined.get(one.account_id, "")
    return {
        "account_id": one.account_id,
        "display_name": one.name,
        "folder": one.folder,
        "type": one.member.type if one.member else "",
        "state": one.state,
        "attention": one.state not in QUIET or bool(drift),
        "why": one.why,
        "rule": one.wanted.rule if one.wanted else "",
        "missing": one.missing,
        "drift": drift,
        "joined": joined,
        "days": _days(joined, seen.at),
        "evidence": ENTERED if one.review else LISTED,
    }


def _days(joined: str, at: float) -> int | None:
    """For how many days the account has been in the directory: an unprotected one has been so for as long at most."""
    try:
        began = datetime.strptime(joined[:19], "%Y-%m-%dT%H:%M:%S").replace(tzinfo=timezone.utc).timestamp()
    except ValueError:
        return None
    return max(int((at - began) // 86_400), 0)


def _folders(seen: Seen) -> list[dict[str, Any]]:
    """The tree from the root, each folder with what is in it and below it."""
    below: Counter[tuple[str, str]] = Counter()
    for one in seen.accounts:
        for folder_id in one.member.folders if one.member else ():
            below[folder_id, "accounts"] += 1
            below[folder_id, "wanted"] += one.wanted is not None
            below[folder_id, "covered"] += one.wanted is not None and one.state in COVERED
    named = {folder.id for folder in seen.folders}
    # What is in no listed folder is right below the root.
    roots = [Folder(folder, "root folder") for folder in sorted({folder_id for folder_id, _ in below} - named)]
    children: dict[str, list[Folder]] = {}
    for folder in (*roots, *seen.folders):
        children.setdefault(folder.parent, []).append(folder)
    rows: list[dict[str, Any]] = []

    def walk(parent: str, depth: int) -> None:
        for folder in sorted(children.get(parent, ()), key=lambda folder: folder.name):
            counts = {name: below[folder.id, name] for name in ("accounts", "wanted", "covered")}
            rows.append({"id": folder.id, "name": folder.name, "depth": depth, **counts})
            walk(folder.id, depth + 1)

    walk("", 0)
    return rows


def _regions(wanted: Iterable[Surveyed]) -> list[dict[str, Any]]:
    found: dict[str, Counter[str]] = {}
    for one in wanted:
        for region in one.wanted.enrolment.registrations if one.wanted else ():
            row = found.setdefault(region, Counter())
            row["wanted"] += 1
            row["covered"] += region not in one.missing
    return [{"name": name, **{key: row[key] for key in ("wanted", "covered")}} for name, row in sorted(found.items())]


def _kinds(wanted: Iterable[Surveyed]) -> list[dict[str, Any]]:
    found: dict[str, Counter[str]] = {}
    for one in wanted:
        row = found.setdefault(one.member.type if one.member else "", Counter())
        row["wanted"] += 1
        row["covered"] += one.state in COVERED
    return [{"name": name, **{key: row[key] for key in ("wanted", "covered")}} for name, row in sorted(found.items())]
