"""What a run of the matrix found, and the same as a text for docs/security.md. Nothing is run here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TypedDict

from tests.matrix.failures import FAILURES


class Failed(TypedDict):
    """One case that did not end as it must."""

    case: str
    complaints: list[str]


class Report(TypedDict):
    """What one process found."""

    calls: dict[str, list[str]]
    """Flow → its calls."""
    singles: dict[str, int]
    """Flow → runs with one failure."""
    pairs: dict[str, int]
    """Flow → runs with two, both of which struck."""
    failures: list[Failed]
    seconds: float


def together(reports: Sequence[Report]) -> Report:
    """What several processes found side by side, each of which recorded the same calls."""
    assert all(report["calls"] == reports[0]["calls"] for report in reports)
    flows = list(reports[0]["calls"])
    return {
        "calls": reports[0]["calls"],
        "singles": {flow: sum(report["singles"][flow] for report in reports) for flow in flows},
        "pairs": {flow: sum(report["pairs"][flow] for report in reports) for flow in flows},
        "failures": [failure for report in reports for failure in report["failures"]],
        "seconds": max(report["seconds"] for report in reports),
    }


def sentences(report: Report) -> tuple[str, str]:
    """Each run in one line."""
    calls, runs = sum(map(len, report["calls"].values())), sum(report["singles"].values())
    wrong = sum("; " in failure["case"] for failure in report["failures"])
    return (
        f"{calls} calls × {len(FAILURES)} faults: {runs} runs, {len(report['failures']) - wrong} failures.",  # noqa: RUF001 - as one multiplies
        f"{sum(report['pairs'].values())} pairs of faults, both of which struck, {wrong} failures.",
    )


def table(report: Report) -> str:
    """Markdown: how many runs there were, the flows with their calls, and the faults."""
    rows = [
        f"| {flow} | {counted(calls)} | {len(calls)} | {report['singles'][flow]} | {report['pairs'][flow]} |"
        for flow, calls in report["calls"].items()
    ]
    return "\n".join(
        [
            "\n".join(sentences(report)),
            "",
            "| flow | calls | number | runs | pairs |",
            "| --- | --- | ---: | ---: | ---: |",
            *rows,
            "",
            "Faults: " + "; ".join(failure.name for failure in FAILURES) + ".",
        ]
    )


def counted(calls: Sequence[str]) -> str:
    """Each action once, with how often it is called."""
    found = Counter(call.partition(" in ")[0] for call in calls)
    return ", ".join(name if times == 1 else f"{name} ({times})" for name, times in found.items())
