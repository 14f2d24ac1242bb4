"""The report as data. Pure: what was surveyed in, one JSON document out; the page and the table are made from it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from typing import Any

from cli.covered import BACKED_UP, proved
from cli.history import History, written
from cli.survey import LISTED, State, Surveyed
from shared.kinds import KINDS
from shared.letters import Letter
from shared.policies import Change

MOST_NAMED = 5
"""Accounts that a row of the drift names."""


NO_HISTORY = History("the log was not read")


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
    duplicates: Sequence[tuple[str, str]] = ()
    """Account and region of registrations that are there more than once."""
    shared: Sequence[Change] = ()
    """What is not as it should be of the vaults and backup policies that accounts share."""
    backups: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    """Account → how far its backups are (``cli.covered``); empty where no backup policy is configured."""
    history: History = NO_HISTORY


def document(seen: Seen) -> dict[str, Any]:
    """The whole report."""
    rows = [_account(one, seen) for one in seen.accounts]
    wanted = [one for one in seen.accounts if one.wanted]
    return {
        "made_at": written(seen.at),
        "management_account": seen.management,
        "backup_account": seen.backup,
        "deep": seen.deep,
        "summary": {
            "accounts": len(rows),
            "wanted": len(wanted),
            "enrolled": sum(one.state.enrolled for one in wanted),
            "proved": proved(seen.backups)[0],
            "to_prove": proved(seen.backups)[1],
            "attention": sum(row["attention"] for row in rows),
            "drift": sum(bool(row["drift"]) for row in rows),
            "dead_letters": None if seen.letters is None else len(seen.letters),
            "retained": len({one.account_id for one in seen.retained}),
        },
        "states": _states(seen.accounts),
        "folders": _folders(seen),
        "regions": _regions(wanted),
        "kinds": _kinds(seen.backups),
        "joining": _joining(wanted),
        "drift": _drift(seen.accounts),
        "duplicates": [{"account_id": account, "region": region} for account, region in seen.duplicates],
        "shared": [asdict(one) for one in seen.shared],
        "accounts": rows,
        "backups": dict(seen.backups),
        "dead_letters": [letter.shown() for letter in seen.letters or ()],
        "retained": [asdict(one) for one in seen.retained],
        "unread": list(seen.unread),
        "history": seen.history.shown(seen.at),
        "not_kept": seen.history.not_kept,
    }


def _states(accounts: Iterable[Surveyed]) -> dict[str, int]:
    counted = Counter(one.state for one in accounts)
    return {state.value: counted[state] for state in State if counted[state]}


def _account(one: Surveyed, seen: Seen) -> dict[str, Any]:
    joined = seen.joined.get(one.account_id, "")
    enrolled, lacking = one.state.enrolled, one.wanted is not None and not one.state.enrolled
    return {
        "account_id": one.account_id,
        "display_name": one.name,
        "folder": one.folder,
        "type": one.member.type if one.member else "",
        "state": one.state.value,
        "attention": not one.state.quiet or bool(one.drift),
        "why": one.why,
        "rule": one.wanted.rule if one.wanted else "",
        "missing": one.missing,
        "regions": list(one.wanted.enrolment.registrations) if one.wanted else [],
        "drift": one.drift,
        "joined": joined,
        "days": _days(joined, seen.at),
        "protected_since": _written(seen.history.since(one.account_id, protected=True)) if enrolled else "",
        "unprotected_since": _written(seen.history.since(one.account_id, protected=False)) if lacking else "",
        "evidence": one.evidence,
    }


def _written(at: float | None) -> str:
    return "" if at is None else written(at)


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
            below[folder_id, "enrolled"] += one.wanted is not None and one.state.enrolled
    named = {folder.id for folder in seen.folders}
    # What is in no listed folder is right below the root.
    roots = [Folder(folder, "(root folder itself)") for folder in sorted({folder_id for folder_id, _ in below} - named)]
    children: dict[str, list[Folder]] = {}
    for folder in (*roots, *seen.folders):
        children.setdefault(folder.parent, []).append(folder)
    rows: list[dict[str, Any]] = []

    def walk(parent: str, depth: int) -> None:
        for folder in sorted(children.get(parent, ()), key=lambda folder: folder.name):
            counts = {name: below[folder.id, name] for name in ("accounts", "wanted", "enrolled")}
            evidence = f"ListFoldersForParent; {LISTED}"
            rows.append({"id": folder.id, "name": folder.name, "depth": depth, **counts, "evidence": evidence})
            walk(folder.id, depth + 1)

    walk("", 0)
    return rows


def _regions(wanted: Iterable[Surveyed]) -> list[dict[str, Any]]:
    found: dict[str, Counter[str]] = {}
    for one in wanted:
        for region in one.wanted.enrolment.registrations if one.wanted else ():
            row = found.setdefault(region, Counter())
            row["wanted"] += 1
            row["enrolled"] += region not in one.missing and one.state is not State.UNWORKABLE
    return [_counts(name, row, f"DescribeCrossAccounts in {name}") for name, row in sorted(found.items())]


def _joining(wanted: Iterable[Surveyed]) -> list[dict[str, Any]]:
    """By how the accounts came into the directory; external ones did not."""
    found: dict[str, Counter[str]] = {}
    for one in wanted:
        row = found.setdefault(one.member.type if one.member else "external", Counter())
        row["wanted"] += 1
        row["enrolled"] += one.state.enrolled
    return [_counts(name, row, LISTED) for name, row in sorted(found.items())]


def _counts(name: str, row: Mapping[str, int], evidence: str) -> dict[str, Any]:
    return {"name": name, "wanted": row["wanted"], "enrolled": row["enrolled"], "evidence": evidence}


def _kinds(backups: Mapping[str, dict[str, Any]]) -> list[dict[str, Any]]:
    """Every kind of the product page: how many accounts want it, have it on schedule, and have a good backup of it."""
    rows: dict[str, dict[str, Any]] = {
        name: {"name": name, "title": kind.title, "wanted": 0, "covered": 0, "proved": 0, "evidence": BACKED_UP}
        for name, kind in KINDS.items()
    }
    for found in backups.values():
        for kind in found["kinds"]:
            row = rows[kind["kind"]]
            row["wanted"] += 1
            row["covered"] += kind["state"] in {"covered", "proved"}
            row["proved"] += kind["state"] == "proved"
    return list(rows.values())


def _drift(accounts: Iterable[Surveyed]) -> list[dict[str, Any]]:
    """The kinds of drift, the most frequent first, with some of the accounts that show it and how that was seen."""
    found: dict[str, list[Surveyed]] = {}
    for one in accounts:
        for kind in one.drift:
            found.setdefault(kind, []).append(one)
    return [
        {
            "kind": kind,
            "accounts": len(seen),
            "some": [one.account_id for one in seen[:MOST_NAMED]],
            "evidence": seen[0].evidence,
        }
        for kind, seen in sorted(found.items(), key=lambda item: -len(item[1]))
    ]
