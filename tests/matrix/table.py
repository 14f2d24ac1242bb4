"""The matrix as a table, for docs/security.md and for the report of a run. Nothing is run here."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from tests.matrix.failures import FAILURES
from tests.matrix.runs import Point

BEGIN, END = "<!-- matrix -->", "<!-- /matrix -->"


def table(points: Mapping[str, Sequence[Point]]) -> str:
    """Markdown: the flows with their calls, the failures, and how many runs that makes."""
    rows = [
        f"| {flow} | {_counted(calls)} | {len(calls)} | {len(calls) * len(FAILURES)} |"
        for flow, calls in points.items()
    ]
    return "\n".join(
        [
            sentence(points, 0) + ".",
            "",
            "| flow | calls | number | runs |",
            "| --- | --- | ---: | ---: |",
            *rows,
            "",
            "Failures: " + "; ".join(failure.name for failure in FAILURES) + ".",
        ]
    )


def _counted(calls: Sequence[Point]) -> str:
    """Each action once, with how often it is called."""
    counted = Counter(f"{call.service} {call.action}" for call in calls)
    return ", ".join(name if times == 1 else f"{name} ({times})" for name, times in counted.items())


def sentence(points: Mapping[str, Sequence[object]], failed: int) -> str:
    """The one line of a report."""
    calls = sum(map(len, points.values()))
    return f"{calls} calls x {len(FAILURES)} failures: {calls * len(FAILURES)} runs, {failed} failed"
