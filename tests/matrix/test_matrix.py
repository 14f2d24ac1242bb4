"""The whole matrix, in two processes side by side, each with a cloud of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from emulator.server import SERVICES
from tests.cloud import ROOT
from tests.conftest import FOUND, Soak
from tests.matrix.failures import FAILURES
from tests.matrix.report import Report, sentences, table, together

PARTS = 2


@pytest.fixture(scope="module")
def pairs(soak: Soak) -> int:
    """How many pairs of failures are sampled."""
    return soak.many(2000, 50_000)


@pytest.fixture(scope="module")
def report(soak: Soak, pairs: int) -> Report:
    """What the processes found."""
    command = [sys.executable, "-m", "tests.matrix", "--pairs", str(pairs), "--seed", str(soak.seed), "--part"]
    running = [
        subprocess.Popen([*command, f"{part}/{PARTS}"], cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603 - our own
        for part in range(PARTS)
    ]
    return together([json.loads(process.communicate()[0]) for process in running])


@pytest.mark.timeout(36_000)
def test_every_failure_at_every_call_ends_as_desired(
    report: Report, pairs: int, soak: Soak, record_property: Callable[[str, object], None]
) -> None:
    """Protected or withdrawn as desired, or set aside with the right reason; nothing lost, left behind or leaked."""
    record_property(FOUND, f"{' '.join(sentences(report))} Seed {soak.seed}, {report['seconds']} s.")
    assert report["failures"] == []
    assert sum(report["singles"].values()) == len(FAILURES) * sum(map(len, report["calls"].values()))
    assert sum(report["pairs"].values()) == pairs


def test_every_write_that_the_functions_may_make_is_in_it(report: Report) -> None:
    """No flow is missing: each write in the cloud to which ``policies/`` entitles them is one of the spoiled calls."""
    writes = {action.permission for service in SERVICES for action in service.actions.values() if action.writes}
    files = [ROOT / "policies" / f"{name}.json" for name in ("functions", "backup-account", "member-account")]
    statements = [one for file in files for one in json.loads(file.read_text(encoding="utf-8"))["Statement"]]
    actions = [one["Action"] for one in statements]
    granted = {right for named in actions for right in ([named] if isinstance(named, str) else named)}
    called = {call.partition(" in ")[0].replace(" ", ":") for calls in report["calls"].values() for call in calls}
    assert {"hbr:CreateVault", "ram:DeleteRole"} <= granted & writes
    assert granted & writes - called == set()


def test_the_document_says_what_this_run_found(report: Report, documented: Callable[[str, str], None]) -> None:
    """The flows, their calls, the runs and the failures."""
    documented("matrix", table(report))
