"""Every command block (```sh) of a document is executed against the local cloud, with the functions of s.yaml deployed.

``cab`` is the console with --local. A block that cannot be run says why in a comment on the line above it. Wherever the
runbook says something about dead letters, there is one of every reason, and ``ID`` is one of them.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from shared.outcome import Reason
from tests import secrets
from tests.docs import landing_zone, letters
from tests.docs.documents import NOT_RUN, Block, blocks, documents
from tools import console

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cloud import LocalCloud

ELSEWHERE = {"docs/console.md", *landing_zone.PAGES}
"""Their commands are run by test_console.py and test_landing_zone.py."""
PAGES = {
    name: [block for block in blocks(text) if block.language == "sh"]
    for name, text in documents().items()
    if name not in ELSEWHERE
}
RUNBOOK = "docs/operations.md"
PRELUDE = """set -euo pipefail
cab() { "$PYTHON" -m cli.main --local "$@"; case $1 in dead-letters|replay|status) sleep 1.1;; esac; }
"""
"""Letters that were looked at show again after a second, which a person needs to read them."""
SECONDS = 110
"""Below that of pytest-timeout, so that what was printed is seen."""
TIMER_SECONDS = 300
COMMAND = re.compile(r"^\s*(?:cab|make|s) [a-z]", re.MULTILINE)
MOVED = re.compile(r"cab (?:dead-letters (?:redrive|delete)|replay) .*?(--reason (\w+)|--all|--dead-letters).* --apply")


def run(text: str, cloud: LocalCloud, folder: Path) -> subprocess.CompletedProcess[str]:
    """Execute a block as a reader would, who has a local cloud running."""
    control = cloud.endpoints["control"]
    ran = subprocess.run(  # noqa: S603 - the commands of our own documents
        [shutil.which("bash") or "bash", "-c", PRELUDE + text],
        cwd=folder,
        env={**os.environ, "CAB_EMULATOR": control, "CONTROL": control, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    secrets.keep(ran.stdout, ran.stderr)
    return ran


@dataclass
class Zone:
    """A landing zone on which the blocks of one page are run, and the dead letters that were put there."""

    cloud: LocalCloud
    put: dict[Reason, str] = field(default_factory=dict)

    def with_letters(self) -> None:
        """Put a letter of every reason of which none is left there."""
        still = letters.waiting(self.cloud)
        self.put |= letters.put(self.cloud, [one for one in letters.REASONS if self.put.get(one) not in still])

    def between_sweeps(self) -> None:
        """Let the timer's next sweep end, so that one that is asked for does not meet it."""
        self.cloud.advance(TIMER_SECONDS - self.cloud.advance(0) % TIMER_SECONDS + 1)


@pytest.fixture(scope="module")
def zone(cloud: LocalCloud, request: pytest.FixtureRequest) -> Zone:  # noqa: ARG001 - one zone for each page
    """A fresh landing zone."""
    cloud.reset()
    return Zone(cloud)


RUN = [(name, block) for name, found in PAGES.items() for block in found if not block.note.startswith(NOT_RUN)]


@pytest.mark.parametrize(
    ("zone", "block"), RUN, indirect=["zone"], ids=[f"{name}: {block.text.splitlines()[0]}" for name, block in RUN]
)
def test_commands_work(zone: Zone, folder: Path, block: Block, request: pytest.FixtureRequest) -> None:
    """The page's blocks do, one after another, what they are there for."""
    runbook = request.node.callspec.params["zone"] == RUNBOOK
    if runbook:
        zone.with_letters()
    if "cab reconcile" in block.text:
        zone.between_sweeps()
    ran = run(block.text.replace(" ID", f" {zone.put.get(Reason.ACCESS_DENIED)}"), zone.cloud, folder)
    assert ran.returncode == 0, f"{block.text}\n{ran.stdout}\n{ran.stderr}"
    if runbook:
        gone = set(zone.put.values()) - letters.waiting(zone.cloud)
        assert gone == {zone.put[one] for one in moved(block.text)}, f"{block.text}\n{ran.stdout}"


def moved(text: str) -> set[Reason]:
    """Letters of which reasons a block brings back or deletes."""
    found: set[Reason] = set()
    for which, named in MOVED.findall(text):
        every = set(letters.REASONS) - (letters.MESSAGES.keys() if which == "--dead-letters" else set())
        found |= {Reason(named)} if named else every
    return found


def test_the_runbook_moves_letters() -> None:
    """The commands of the runbook that carry something out for dead letters are recognised as such."""
    texts = [block.text for block in PAGES[RUNBOOK]]
    assert [one for one in texts if "--apply" in one and not moved(one) and "--start" not in one] == []
    assert moved("cab dead-letters redrive --all") == moved("cab dead-letters list") == set()
    assert moved("cab dead-letters delete --reason unreadable --apply --yes") == {Reason.UNREADABLE}


def test_every_command_is_in_a_block_that_is_run() -> None:
    """No fenced block but one marked ``sh`` has a line that is a command of ours; a tool writes the reference."""
    found = []
    for name, text in documents().items():
        ours = text.partition(console.BEGIN)[0] + text.partition(console.END)[2]
        found += [(name, block.text) for block in blocks(ours) if block.language != "sh" and COMMAND.search(block.text)]
    assert found == []


def test_a_comment_above_a_block_says_why_it_is_not_run() -> None:
    """What stands on the line above a command block is such a reason, or nothing."""
    notes = [block.note for found in PAGES.values() for block in found if block.note]
    assert [note for note in notes if not note.startswith(NOT_RUN) or len(note) < len(NOT_RUN) + 10] == []


def test_a_command_that_fails_is_noticed(cloud: LocalCloud, folder: Path) -> None:
    """The prelude stops at the first command that fails, and reaches the console."""
    assert [run(text, cloud, folder).returncode for text in ("false\ntrue", "cab nonsense", "cab config check")] == [
        1,
        2,
        0,
    ]
