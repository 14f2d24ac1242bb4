"""Every command block (```sh) of a document is executed against the local cloud, with the functions of s.yaml deployed.

``cab`` is the console with --local. A block that cannot be run says why in a comment on the line above it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.cloud import ROOT, LocalCloud, local_cloud
from tests.docs.documents import NOT_RUN, blocks, documents

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

ELSEWHERE = "docs/console.md"
"""Its commands are run by test_console.py."""
PAGES = {
    name: [block for block in blocks(text) if block.language == "sh"]
    for name, text in documents().items()
    if name != ELSEWHERE
}
PRELUDE = 'set -euo pipefail\ncab() { "$PYTHON" -m cli.main --local "$@"; }\n'
SECONDS = 60


@pytest.fixture(scope="module")
def cloud() -> Iterator[LocalCloud]:
    """One local cloud for all pages."""
    with local_cloud("--functions", "s.yaml", "--code", ".") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the project's, so that what a command writes is not written into it."""
    for path in ROOT.iterdir():
        (tmp_path / path.name).symlink_to(path)
    return tmp_path


def run(text: str, cloud: LocalCloud, folder: Path) -> subprocess.CompletedProcess[str]:
    """Execute a block as a reader would, who has a local cloud running."""
    control = cloud.endpoints["control"]
    return subprocess.run(  # noqa: S603 - the commands of our own documents
        [shutil.which("bash") or "bash", "-c", PRELUDE + text],
        cwd=folder,
        env={**os.environ, "CAB_EMULATOR": control, "CONTROL": control, "PYTHON": sys.executable},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )


@pytest.mark.parametrize("name", sorted(name for name, found in PAGES.items() if any(not b.note for b in found)))
def test_commands_work(cloud: LocalCloud, folder: Path, name: str) -> None:
    """From a fresh landing zone, the page's blocks do, one after another, what they are there for."""
    cloud.reset()
    for block in PAGES[name]:
        if not block.note.startswith(NOT_RUN):
            ran = run(block.text, cloud, folder)
            assert ran.returncode == 0, f"{block.text}\n{ran.stdout}\n{ran.stderr}"


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
