"""What all tests share: how long they may be, a local cloud, and that no secret is in anything they print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.cloud import ROOT, LocalCloud, local_cloud
from tests.flows import guesses
from tests.flows.guesses import Kind
from tests.flows.world import World

pytest_plugins = ["tests.secrets"]

MINUTES = (
    *("tests/matrix/test_machine.py", "tests/matrix/test_kills.py"),
    *("tests/flows/test_main_job.py", "tests/flows/test_faults_retry.py", "tests/flows/test_retry_deployed.py"),
    *("tests/security/test_fuzz.py", "tests/security/test_fuzz_answers.py", "tests/security/test_fuzz_console.py"),
)
"""Files of few tests that take long."""
LAST = "tests/matrix/test_matrix.py"
"""It has processes of its own."""

FOUND = "found"
"""The property of a test that holds a number worth reading at the end of a run."""


@dataclass(frozen=True)
class Soak:
    """Whether this is a long run, and with which seed."""

    long: bool
    seed: int

    def many(self, short: int, long: int) -> int:
        """A number of cases for the usual run, and one for the long one."""
        return long if self.long else short


def pytest_addoption(parser: pytest.Parser) -> None:
    """How much is sampled, by which seed, and what becomes of the numbers."""
    parser.addoption("--soak", action="store_true", help="many more samples; see `make soak`")
    told = "a cloud in which this guess has this value; may be repeated"
    parser.addoption("--guess", action="append", default=[], metavar="NAME=VALUE", help=told)
    parser.addoption("--seed", type=int, default=20261122, help="the seed of every sample")
    parser.addoption("--document", action="store_true", help="write the numbers of the matrix into docs/security.md")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files that take minutes begin first, and the one that keeps two processes busy by itself comes last.

    Two processes that share the files are then done at the same time. The others go by their number of tests.
    """
    tests = Counter(item.path for item in items)
    order = {**{ROOT / name: 0 for name in MINUTES}, ROOT / LAST: 2}
    items.sort(key=lambda item: (order.get(item.path, 1), -tests[item.path], str(item.path)))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print what the tests found, whichever process ran them."""
    reports = [report for kind in ("passed", "failed") for report in terminalreporter.getreports(kind)]
    for found in dict.fromkeys(value for report in reports for name, value in report.user_properties if name == FOUND):
        terminalreporter.write_line(str(found))


@pytest.fixture(scope="session")
def soak(pytestconfig: pytest.Config) -> Soak:
    """How much is sampled."""
    return Soak(pytestconfig.getoption("--soak"), pytestconfig.getoption("--seed"))


@pytest.fixture(scope="session")
def process() -> Iterator[LocalCloud]:
    """One emulator for all tests that call the handlers themselves: it runs no functions."""
    with local_cloud() as cloud:
        yield cloud


@pytest.fixture
def guess(request: pytest.FixtureRequest) -> Kind:
    """In which guesses this cloud differs from the likeliest; ``--guess`` sets them for a whole run."""
    kind = tuple(map(guesses.parse, request.config.getoption("--guess"))) or getattr(request, "param", ())
    for mark in request.node.iter_markers("not_under"):
        for one in kind:
            if mark.kwargs.get(one.name, ...) == one.value:
                pytest.skip(f"{one}: {mark.args[0]}")
    return kind


@pytest.fixture
def world(process: LocalCloud, guess: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A fresh landing zone."""
    guesses.begin(process, guess)
    yield World(process, tmp_path, monkeypatch)
    process.standing = {}
