"""The whole matrix, in two processes side by side, each with a cloud of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

import pytest

from tests.cloud import ROOT
from tests.conftest import Soak
from tests.matrix.failures import FAILURES
from tests.matrix.table import BEGIN, END, sentence

PARTS = 2
DOCUMENT = ROOT / "docs" / "security.md"


@pytest.fixture(scope="module")
def pairs(soak: Soak) -> int:
    """How many pairs of failures are sampled."""
    return soak.many(2000, 50_000)


@pytest.fixture(scope="module")
def reports(soak: Soak, pairs: int) -> list[dict[str, Any]]:
    """What each of the processes found."""
    command = [sys.executable, "-m", "tests.matrix", "--pairs", str(pairs), "--seed", str(soak.seed), "--part"]
    running = [
        subprocess.Popen([*command, f"{part}/{PARTS}"], cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
        for part in range(PARTS)
    ]
    return [json.loads(process.communicate()[0]) for process in running]


@pytest.mark.timeout(36_000)
def test_every_failure_at_every_call_ends_as_desired(
    reports: list[dict[str, Any]], pairs: int, soak: Soak, capsys: pytest.CaptureFixture[str]
) -> None:
    """Protected or withdrawn as desired, or set aside with the right reason; nothing lost, left behind or leaked."""
    wrong = [failure for report in reports for failure in report["failures"]]
    calls = reports[0]["calls"]
    with capsys.disabled():
        print(f"\n{sentence(calls, len(wrong))}; and {pairs} pairs, seed {soak.seed}")  # noqa: T201 - the result
    assert wrong == []
    assert sum(report["runs"] for report in reports) == len(FAILURES) * sum(map(len, calls.values())) + pairs


def test_the_table_in_the_document_is_that_of_the_run(reports: list[dict[str, Any]]) -> None:
    """``python -m tests.matrix --document docs/security.md`` wrote it for the calls that are made now."""
    written = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)[2].partition(END)[0]
    assert written.strip() == reports[0]["table"]
