"""docs/performance.md says what ``make bench`` measured, and nothing else."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from bench.__main__ import PARTS, RESULTS
from bench.document import filled, name_in_part, part_of
from tests.cloud import ROOT

ROWS: list[dict[str, Any]] = json.loads(RESULTS.read_text(encoding="utf-8"))
PAGE = ROOT / "docs" / "performance.md"
KEYS = {"name", "value", "unit", "limit", "peer", "ratio_to_limit", "ratio_to_peer", "notes"}


def test_the_tables_are_those_of_the_run() -> None:
    """Every number between the markers is in the results that were written with it."""
    text = PAGE.read_text(encoding="utf-8")
    assert filled(text, ROWS) == text


def test_the_plots_are_those_of_the_run() -> None:
    """So is every plot; drawn by a process of its own, since importing pygal changes how others are imported."""
    program = "import json, sys; from bench.document import plots; print(json.dumps(plots(json.load(sys.stdin))))"
    command = [sys.executable, "-c", program]
    done = subprocess.run(  # noqa: S603 - our own program
        command, cwd=ROOT, input=RESULTS.read_text(encoding="utf-8"), capture_output=True, text=True, check=True
    )
    for name, plot in json.loads(done.stdout).items():
        assert (ROOT / "docs" / "plots" / name).read_text(encoding="utf-8") == plot


def test_every_part_was_measured() -> None:
    """The results have a row of each part, with the promised keys."""
    assert {part_of(row) for row in ROWS} == set(PARTS)
    assert all(set(row) == KEYS for row in ROWS)


@pytest.mark.parametrize("row", [row for row in ROWS if (row["ratio_to_limit"] or 0) > 1], ids=lambda row: row["name"])
def test_a_limit_that_is_not_kept_is_said(row: dict[str, Any]) -> None:
    """What missed its limit in that run is named in the page's own words."""
    assert f"**{name_in_part(row)}**" in PAGE.read_text(encoding="utf-8")
