"""A pytest plugin: everything that the tests print is searched for every secret that a local cloud ever gave out.

Captured output, logs and failure reports of every test are kept, and searched once, at the end; so is what child
processes printed and what they wrote into files, which whoever runs them hands over (``keep``). What lies in a cloud
itself (the functions' logs and answers, the messages in its queues) is searched after every test that used one. One hit
fails the run.
"""

from __future__ import annotations

import os
import re
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from shared import log
from tests import cloud as clouds

WIDTH = 16
"""So many first characters tell one secret from another (as in ``emulator/issued.py``)."""
RUNS = re.compile(rf"[A-Za-z0-9+/=_-]{{{WIDTH},}}")
"""What a secret is made of."""
ISSUED = "EMULATOR_ISSUED"
"""Where every emulator leaves what it gave out, those that a command of ours starts by itself included."""
EMULATOR = Path(__file__).parent / "emulator"
_kept: list[tuple[str, str]] = []
_found: list[str] = []
_searched = [0, 0]
"""How many secrets were looked for, in how many characters."""


def pytest_configure() -> None:
    """Have every emulator that is started from now on say at its end what it gave out."""
    os.environ[ISSUED] = tempfile.mkdtemp(prefix="issued-")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """Keep what a test printed."""
    _kept.extend((report.nodeid, text) for _, text in report.sections)
    if report.longrepr is not None:
        _kept.append((report.nodeid, str(report.longrepr)))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Search; a hit fails the run."""
    for cloud in clouds.RUNNING:
        cloud.leaks()
    folder = Path(os.environ.pop(ISSUED))
    clouds.SECRETS.update(line for file in folder.iterdir() for line in file.read_text(encoding="utf-8").splitlines())
    shutil.rmtree(folder)
    _found.extend(f"{where} printed one" for where in leaked({secret[:WIDTH] for secret in clouds.SECRETS}))
    if clouds.SECRETS:
        _count(len(clouds.SECRETS), sum(len(text) for _, text in _kept))
    if hasattr(session.config, "workeroutput"):
        session.config.workeroutput["secrets"] = (_found, _searched)
    if _found:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Take over what one of several processes found. One that crashed has nothing to say, and fails the run itself."""
    found, searched = getattr(node, "workeroutput", {}).get("secrets", ([], [0, 0]))
    _found.extend(found)
    _count(*searched)


def _count(secrets: int, characters: int) -> None:
    """Add to what was searched."""
    _searched[:] = _searched[0] + secrets, _searched[1] + characters


def keep(*texts: str) -> None:
    """Have this searched as well: what a child process of the present test printed, or wrote into a file."""
    where = os.environ.get("PYTEST_CURRENT_TEST", "a fixture")
    _kept.extend((where, text) for text in texts)


def keep_files(words: Iterable[str]) -> None:
    """The same for every file that a command line names."""
    keep(*(Path(word).read_text(encoding="utf-8", errors="replace") for word in words if Path(word).is_file()))


def leaked(beginnings: set[str]) -> list[str]:
    """The tests in whose output one of these secrets is."""
    return [where for where, text in _kept if holds(text, beginnings)]


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say where, and how much was searched."""
    for where in sorted(set(_found)):
        terminalreporter.write_line(f"SECRET LEAKED: {where}", red=True)
    if any(_searched) and not _found:
        terminalreporter.write_line("{} secrets, in none of {} characters of output".format(*_searched))


def holds(text: str, beginnings: set[str]) -> bool:
    """Whether any secret's beginning is anywhere in the text; only what could be a secret is looked at closely."""
    return any(run[at : at + WIDTH] in beginnings for run in RUNS.findall(text) for at in range(len(run) - WIDTH + 1))


@pytest.fixture(autouse=True)
def _nothing_lies_open(request: pytest.FixtureRequest) -> Iterator[None]:
    """After each test: no secret lies in the logs, answers or queues of a cloud that it used."""
    of_the_emulator = EMULATOR in request.path.parents
    if of_the_emulator:
        # These tests call the vendor's SDKs themselves, which log secrets, and let functions answer with theirs.
        log.protect()
    yield
    used = [getattr(value, "cloud", value) for value in request.node.funcargs.values()]
    for cloud in (one for one in used if isinstance(one, clouds.LocalCloud) and one in clouds.RUNNING):
        leaks = cloud.leaks()
        assert of_the_emulator or leaks == []
