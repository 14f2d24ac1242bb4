"""The report as one HTML file: no network, no dependency, readable without scripts but for the table of accounts.

What does not grow with the fleet is written here; the accounts are embedded as data and drawn by the page itself, a
screenful at a time. Everything that comes from outside is escaped, and the page's policy forbids it to load anything.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

from cli.history import told
from cli.selection import age
from cli.site import epoch
from cli.survey import State
from shared.inventory import shown_size
from shared.scope import DEFAULT_RULE

PARTS = Path(__file__).parent


def page(found: dict[str, Any]) -> str:
    """The whole file."""
    parts = {
        "STYLE": _file("page.css"),
        "SCRIPT": _file("page.js"),
        "DATA": embedded(_data(found)),
        "SUBTITLE": escape(_subtitle(found)),
        "TILES": _tiles(found),
        "FOLDERS": _coverage("Folder", found["folders"]),
        "REGIONS": _coverage("Region", found["regions"]),
        "KINDS": _kinds(found),
        "JOINING": _coverage("Joined", found["joining"]),
        "HISTORY": _history(found["history"]),
        "DRIFT": _drift(found),
        "LETTERS": _letters(found),
        "RETAINED": _retained(found),
        "NOTES": _notes(found),
    }
    text = _file("page.html")
    for name, part in parts.items():
        text = text.replace(f"<!-- {name} -->", part, 1)
    return text


def _file(name: str) -> str:
    return (PARTS / name).read_text(encoding="utf-8")


def embedded(data: object) -> str:
    """JSON that can stand in a script element: nothing in it can end the element."""
    return (
        json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c").replace("\u2028", "\\u2028")
    )


def _data(found: dict[str, Any]) -> dict[str, Any]:
    """The accounts as columns of short rows: texts that many share are kept once."""
    shared: dict[str, int] = {"": 0}

    def index(text: str) -> int:
        return shared.setdefault(text, len(shared))

    names = {one["id"]: one["name"] for one in found["folders"]}
    rows = [
        [
            one["account_id"],
            one["display_name"],
            index(names.get(one["folder"], one["folder"])),
            index(one["type"]),
            index(one["state"]),
            index(one["why"]),
            index("default" if one["rule"] == DEFAULT_RULE else one["rule"]),
            index(", ".join(kind.replace("_", " ") for kind in one["drift"] if kind != "unregistered")),
            one["joined"][:10],
            -1 if one["days"] is None else one["days"],
            index(one["evidence"]),
            int(one["attention"]),
            _days(one["unprotected_since"], found["made_at"]),
        ]
        for one in found["accounts"]
    ]
    return {"texts": list(shared), "rows": rows, "states": {state.value: state.meaning for state in State}}


def _subtitle(found: dict[str, Any]) -> str:
    how = (
        "every wanted account was entered and its role proven"
        if found["deep"]
        else "by listings; roles were not looked at"
    )
    accounts = f"management account {found['management_account']}, backup account {found['backup_account']}"
    return f"{found['made_at']} · {accounts} · {how}"


def _tiles(found: dict[str, Any]) -> str:
    summary = found["summary"]
    letters, good, wanting = (summary[name] for name in ("dead_letters", "proved", "to_prove"))
    tiles = [
        (
            "enrolled",
            f"{summary['enrolled']} of {summary['wanted']}",
            "wanted accounts enrolled",
            summary["enrolled"] == summary["wanted"],
        ),
        *([("kinds", f"{good} of {wanting}", "accounts proved", good == wanting)] if wanting else []),
        ("attention", str(summary["attention"]), "accounts need attention", not summary["attention"]),
        ("letters", "?" if letters is None else str(letters), "dead letters", letters == 0),
        ("retained", str(summary["retained"]), "departed accounts with backups", True),
    ]
    return "".join(
        f'<li class="tile {"good" if good else "bad"}">'
        f'<a href="#{name}"><strong>{value}</strong> <span>{label}</span></a></li>'
        for name, value, label, good in tiles
    )


def _coverage(title: str, rows: Sequence[dict[str, Any]]) -> str:
    """A table with a bar for each row; the numbers are text, the bar only repeats them."""
    if not rows:
        return '<p class="none">None.</p>'
    body = []
    for row in rows:
        share = row["enrolled"] / row["wanted"] if row["wanted"] else None
        told = "—" if share is None else f"{_percent(share)}"
        bar = "" if share is None else f'<span class="bar"><span style="width:{share:.0%}"></span></span>'
        indent = f' style="padding-inline-start:{row.get("depth", 0) * 1.25 + 0.5}rem"'
        mark = "" if share in {None, 1.0} else ' class="short"'
        body.append(
            f'<tr{mark}><th scope="row"{indent}>{escape(row["name"] or "external")}</th>'
            f'<td class="n">{row["wanted"]}</td><td class="n">{row["enrolled"]}</td><td class="n">{told}</td>'
            f'<td class="barcell" aria-hidden="true">{bar}</td></tr>'
        )
    heads = "".join(f'<th scope="col" class="n">{name}</th>' for name in ("Wanted", "Enrolled", "Share"))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="Coverage by {title.lower()}"><table>'
        f"<caption>Evidence: {escape(_evidence(rows))}</caption><thead><tr>"
        f'<th scope="col">{title}</th>{heads}<th scope="col" aria-hidden="true"></th></tr></thead>'
        f"<tbody>{''.join(body)}</tbody></table></div>"
    )


def _evidence(rows: Sequence[dict[str, Any]]) -> str:
    """The calls that the rows come from; most tables have the same for every row."""
    return "; ".join(dict.fromkeys(row["evidence"] for row in rows))


def _percent(share: float) -> str:
    """Never 100 % while anything is missing."""
    return "100 %" if share == 1 else f"{min(share * 100, 99.9):.1f} %"


def _history(history: dict[str, Any]) -> str:
    """Distribution of the time to protected, the newest ones, the last sweep and the repairs."""
    if "not_available" in history:
        return f'<p class="none">Not kept: {escape(history["not_available"])}</p>'
    times, recent = history["time_to_protected"], history["recent"]
    lines = list(told(history))
    parts = [_list(f"{line[0].upper()}{line[1:]}" for line in lines)]
    if times["count"]:
        rows = [
            (f"up to {age(one['up_to'])}" if one["up_to"] else "longer", str(one["count"])) for one in times["classes"]
        ]
        parts += [
            "<h3>Time from event to protected</h3>",
            _table("Time to protected", ("Took", "Accounts"), rows, numbers={1}),
        ]
        last = [(one["account_id"], one["at"], f"{one['seconds']:.0f} s") for one in recent]
        parts += ["<h3>The newest</h3>", _table("Newest", ("Account", "Protected at", "Took"), last, numbers={2})]
    if history["repairs"]:
        done = [(one["account_id"], one["at"], one["what"]) for one in history["repairs"]]
        parts += ["<h3>Repairs</h3>", _table("Repairs", ("Account", "At", "What"), done)]
    return "".join([*parts, "<p>Evidence: the functions' log (GetLogsV2).</p>"])


def _days(since: str, now: str) -> float:
    """Days, in tenths; -1 where it is not known."""
    return round((epoch(now) - epoch(since)) / 86_400, 1) if since else -1


def _kinds(found: dict[str, Any]) -> str:
    """The seven kinds: wanted by how many accounts, on schedule in how many, with a good backup in how many."""
    rows = [
        (one["title"], str(one["wanted"]), str(one["covered"]), str(one["proved"]), one["evidence"])
        for one in found["kinds"]
    ]
    short = {place for place, one in enumerate(found["kinds"]) if one["proved"] < one["wanted"]}
    if not any(one["wanted"] for one in found["kinds"]):
        return '<p class="none">No backup policy is configured, so no kind is wanted.</p>'
    return _table(
        "Coverage by kind", ("Kind", "Wanted", "Covered", "Proved", "Evidence"), rows, numbers={1, 2, 3}, short=short
    )


def _drift(found: dict[str, Any]) -> str:
    rows = [
        (
            one["kind"].replace("_", " "),
            str(one["accounts"]),
            " ".join(one["some"]) + (" …" if one["accounts"] > len(one["some"]) else ""),
            one["evidence"],
        )
        for one in found["drift"]
    ]
    shared = [(one["kind"].replace("_", " "), one["detail"]) for one in found["shared"]]
    table = _table("Vaults and backup policies that accounts share", ("Kind of drift", "What"), shared)
    return _table("Drift", ("Kind of drift", "Accounts", "Among them", "Evidence"), rows, numbers={1}) + (
        f"<h3>Vaults and backup policies that accounts share</h3>{table}" if shared else ""
    )


def _letters(found: dict[str, Any]) -> str:
    if found["summary"]["dead_letters"] is None:
        return '<p class="none">They could not be read.</p>'
    rows = [
        (
            one["reason"],
            " ".join(one.get("accounts", [])),
            age(one["age_seconds"]),
            age(one["seconds_left"]) + (" — soon lost" if one["ends_soon"] else ""),
            one["detail"],
            f"{one['id']} {' '.join(one.get('request_ids', []))}".strip(),
        )
        for one in found["dead_letters"]
    ]
    return _table("Dead letters", ("Reason", "Account", "Age", "Left", "What happened", "Evidence"), rows)


def _retained(found: dict[str, Any]) -> str:
    rows = [
        (
            one["account_id"],
            one["source"],
            one["region"],
            one["vault"],
            str(one["points"]),
            "not told" if one["bytes"] is None else shown_size(one["bytes"]),
            one["newest"][:10],
            one["payer"],
            one["evidence"],
        )
        for one in found["retained"]
    ]
    heads = ("Account", "Data source", "Region", "Where", "Points", "Size", "Newest", "Billed to", "Evidence")
    return _table("Retained backups", heads, rows, numbers={4, 5})


def _table(
    name: str,
    heads: Iterable[str],
    rows: Sequence[Sequence[str]],
    numbers: Iterable[int] = (),
    short: Collection[int] = (),
) -> str:
    """A table; ``short`` are the rows that lack something."""
    if not rows:
        return '<p class="none">None.</p>'
    right, named = set(numbers), list(heads)

    def cell(tag: str, place: int, text: str, attribute: str) -> str:
        number = " class=n" if place in right else ""
        return f"<{tag}{number}{attribute}>{escape(text)}</{tag}>"

    head = "".join(cell("th", place, text, ' scope="col"') for place, text in enumerate(named))
    # Where the window is narrow, a row is a card, and each cell says its own column.
    body = "".join(
        f"<tr{' class=short' if number in short else ''}>"
        + "".join(cell("td", place, text, f' data-head="{escape(named[place])}"') for place, text in enumerate(row))
        + "</tr>"
        for number, row in enumerate(rows)
    )
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(name)}"><table class="cards">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _notes(found: dict[str, Any]) -> str:
    lines = [*(f"Not looked at: {one}" for one in found["unread"]), *(f"Not kept: {one}" for one in found["not_kept"])]
    return _list(lines) if lines else '<p class="none">Everything could be looked at.</p>'


def _list(lines: Iterable[str]) -> str:
    return "<ul>" + "".join(f"<li>{escape(line)}</li>" for line in lines) + "</ul>"
