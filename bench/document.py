"""The tables and plots of docs/performance.md, from the rows of bench/results.json. Nothing is measured here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]
FLEET = re.compile(r"calls to enrol one account beside (\d+) registered")
WARM = re.compile(r"event to protected, warm, (\d+) regions?")


def document(rows: Sequence[Row], docs: Path) -> None:
    """Write the tables between the markers of the page, and its plots."""
    page = docs / "performance.md"
    page.write_text(filled(page.read_text(encoding="utf-8"), rows), encoding="utf-8")
    for name, plot in plots(rows).items():
        (docs / "plots").mkdir(exist_ok=True)
        (docs / "plots" / name).write_text(plot, encoding="utf-8")


def filled(text: str, rows: Sequence[Row]) -> str:
    """The page with the table of each part between its markers."""
    for part in {part_of(row): None for row in rows}:
        begin, end = f"<!-- bench: {part} -->", "<!-- /bench -->"
        before, found, rest = text.partition(begin)
        if not found:
            raise ValueError(f"docs/performance.md has no {begin}")
        after = rest.partition(end)[2]
        text = f"{before}{begin}\n\n{table(row for row in rows if part_of(row) == part)}\n\n{end}{after}"
    return text


def part_of(row: Row) -> str:
    """What a row's name begins with: the part of the run that measured it."""
    return str(row["name"]).partition(": ")[0]


def name_in_part(row: Row) -> str:
    """The rest of a row's name."""
    return str(row["name"]).partition(": ")[2]


def table(rows: Iterable[Row]) -> str:
    """Markdown."""
    lines = [
        "| what | value | limit | peer | of limit | of peer | |",
        "| --- | ---: | ---: | ---: | ---: | ---: | --- |",
    ]
    for row in rows:
        value, limit, peer = (_with(row[name], row["unit"]) for name in ("value", "limit", "peer"))
        of_limit, of_peer = (_with(row[name], "") for name in ("ratio_to_limit", "ratio_to_peer"))
        lines.append(f"| {name_in_part(row)} | {value} | {limit} | {peer} | {of_limit} | {of_peer} | {row['notes']} |")
    return "\n".join(lines)


def _with(number: float | None, unit: str) -> str:
    return "" if number is None else f"{float(f'{number:.4g}'):,.10g} {unit}".strip()


def plots(rows: Sequence[Row]) -> dict[str, str]:
    """SVG by file name."""
    import pygal  # noqa: PLC0415 - it changes how all that comes after it is imported

    fleet = [(int(found[1]), row) for row in rows if (found := FLEET.fullmatch(name_in_part(row)))]
    warm = [(found[1], row) for row in rows if (found := WARM.fullmatch(name_in_part(row)))]
    flat = pygal.Line(
        title="API calls to enrol one more account",
        x_title="accounts registered",
        **_look(),
        logarithmic=True,
        range=(1, 200),
    )
    flat.x_labels = [f"{number:,}" for number, _ in fleet]
    _series(flat, [row for _, row in fleet])
    bars = pygal.Bar(title="Event to protected, warm (seconds)", x_title="regions", **_look())
    bars.x_labels = [number for number, _ in warm]
    _series(bars, [row for _, row in warm])
    bars.add("limit", [row["limit"] for _, row in warm])
    drawn = {"flat-cost.svg": flat, "critical-path.svg": bars}
    # pygal's comments name the day on which it drew: the plot of a run is to be the same on every other.
    return {name: re.sub("<!--.*?-->", "", chart.render(is_unicode=True)) for name, chart in drawn.items()}


def _look() -> dict[str, Any]:
    from pygal.style import CleanStyle  # noqa: PLC0415 - see plots

    return {
        "js": [],  # the page must not load anything
        "style": CleanStyle(background="white", plot_background="white"),
        "width": 760,
        "height": 380,
        "print_values": False,
        "legend_at_bottom": True,
        "pretty_print": True,
        "no_prefix": True,
        "disable_xml_declaration": True,
    }


def _series(chart: Any, rows: Sequence[Row]) -> None:  # noqa: ANN401 - pygal ships no types
    chart.add("this project", [row["value"] for row in rows])
    chart.add("naive handler", [row["peer"] for row in rows])
