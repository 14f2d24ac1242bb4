"""The tables of docs/protection.md, made from shared/kinds.py and shared/limits.py: ``python -m tools.protection``."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from shared.kinds import CHECKED, KINDS, ON_THE_PAGE, PAYS_A, REGIONS, Kind
from shared.limits import ENROLLED, IN_PLACE, IN_REGION, INSTANCE_TO_SOURCE, LISTED, PLAIN_PATH, REGISTERED, ROLLED_BACK

PAGE = Path("docs/protection.md")
BEGIN, END = "<!-- begin kinds -->", "<!-- end kinds -->"


def tables() -> str:
    """Kinds, who pays, limits, regions; as Markdown."""
    return f"{_kinds()}\n{_bill()}\n{_limits()}\n{_regions()}"


def _kinds() -> str:
    columns = (
        *("kind", "on the page", "set up by", "parameters", "needed in B to back up", "needed in B to restore to it"),
        *("vault", "restored by, to"),
    )
    return _row(columns) + _row("---" for _ in columns) + "".join(map(_kind, KINDS.items()))


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |\n"


def _kind(named: tuple[str, Kind]) -> str:
    name, kind = named
    api = f"console only: {kind.console}" if kind.way == "console" else kind.api
    restored = f"`{kind.restore_type}` to {kind.restore_to}" if kind.restore_type else "console only"
    if kind.way == "hana_plan":
        restored = f"console only: {kind.console}"
    cells = (
        f"`{name}`",
        kind.title,
        api,
        kind.parameters,
        _needs(kind.needs),
        _needs(kind.needs_restore),
        kind.vault or "none",
        restored,
    )
    return _row(cells)


def _needs(actions: tuple[str, ...]) -> str:
    return ", ".join(f"`{action}`" for action in actions) or "none: no operation"


def _bill() -> str:
    rows = "".join(f"| `{name}` | {PAYS_A} | {kind.pays_b} |\n" for name, kind in KINDS.items())
    return f"| kind | A pays | B pays |\n| --- | --- | --- |\n{rows}"


def _limits() -> str:
    every = (LISTED, IN_REGION, INSTANCE_TO_SOURCE, ROLLED_BACK, REGISTERED, ENROLLED, IN_PLACE, PLAIN_PATH)
    rows = "".join(f"| {one.name} | {one.says} | {one.page} | {one.instead} |\n" for one in every)
    return f"| rule | what it says | page | instead |\n| --- | --- | --- | --- |\n{rows}"


def _regions() -> str:
    """Regions that the table knows equally well are one row."""
    rows: dict[tuple[str, ...], list[str]] = {}
    for region, known in REGIONS.items():
        source = "page “Supported regions”" if region in ON_THE_PAGE else "an endpoint in the API metadata"
        rows.setdefault((source, *(KNOWN[known[kind]] for kind in KINDS)), []).append(region)
    columns = (f"regions, as of {CHECKED}", "Cloud Backup is there by", *(f"`{kind}`" for kind in KINDS))
    written = "".join(_row((", ".join(regions), *cells)) for cells, regions in rows.items())
    return _row(columns) + _row("---" for _ in columns) + written


KNOWN = {True: "yes", False: "no", None: "not stated"}


def main() -> None:
    """Rewrite the tables between the markers of the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{tables()}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
