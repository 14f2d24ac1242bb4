"""The console as an operator has it: a process of its own, with a terminal or without one."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, NamedTuple

from tests import secrets
from tests.cli.ready import SECONDS, Run
from tests.cloud import ROOT

if TYPE_CHECKING:
    from tests.flows.world import World

COMMAND = (sys.executable, "-m", "cli.main")
READS = {
    "ListAccounts",
    "ListFoldersForParent",
    "GetAccount",
    "GetAccountDeletionStatus",
    "DescribeCrossAccounts",
    "AssumeRole",
    "GetRole",
    "ListPoliciesForRole",
    "CheckRole",
    # What is bound, in every region where something may be.
    "DescribePoliciesV2",
    "DescribePolicyBindings",
    "DescribeBackupPlans",
    "DescribeHanaInstances",
    # A queue can only be looked at by receiving and handing back.
    "GetQueueAttributes",
    "ReceiveMessage",
    "ChangeMessageVisibility",
    # The functions' log.
    "GetProject",
    "GetLogStore",
    "GetIndex",
    "GetLogsV2",
}
"""Everything that a verb which only looks may call."""


class Ran(NamedTuple):
    """How one run of the console ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be exactly one JSON document."""
        return json.loads(self.out)


class Console:
    """Runs ``cab`` in the world's configuration; ``env`` changes the environment (None removes)."""

    def __init__(self, world: World) -> None:
        self.world = world

    def environment(self, env: dict[str, str | None] | None = None) -> dict[str, str]:
        """The operator's environment, with no credentials in it, and not as wide as the tests' own terminal."""
        ours = {"CAB_EMULATOR": self.world.cloud.endpoints["control"], "HOME": "/nonexistent", **(env or {})}
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ALIBABA_", "CLOUD_", "COLUMNS"))
        }
        return {name: value for name, value in {**kept, **ours}.items() if value is not None}

    def __call__(self, *words: str, env: dict[str, str | None] | None = None, folder: Path = ROOT) -> Ran:
        """Run ``cab`` in a folder, without a terminal."""
        environment = self.environment(env)
        # The package that looks for credentials reads the environment when it is imported.
        start = _fresh if any(name.startswith("ALIBABA_") for name in environment) else _ready
        with TemporaryDirectory() as temporary:
            run = Run(words, str(folder), environment, f"{temporary}/out", f"{temporary}/err")
            code = start(run)
            ran = Ran(code, *(Path(file).read_text(encoding="utf-8") for file in (run.out, run.err)))
        secrets.keep(ran.out, ran.err)
        secrets.keep_files(words)
        return ran

    def local(self, *words: str) -> Ran:
        """The same, on the local cloud."""
        return self(*words, "--local")

    def on_terminal(self, answer: str, *words: str) -> tuple[int, str]:
        """Run ``cab`` on a terminal where a person answers ``answer``; exit code and everything on the screen."""
        child, screen = pty.fork()
        if child == 0:
            os.chdir(ROOT)
            os.execve(COMMAND[0], [*COMMAND, *words], self.environment({"TERM": "xterm-256color"}))  # noqa: S606
        shown = _until(screen, b"[y/n]")
        os.write(screen, f"{answer}\n".encode())
        shown += _until(screen, b"")
        secrets.keep(shown.decode())
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def _fresh(run: Run) -> int:
    """Do a run in a process that has imported nothing; its exit status."""
    with Path(run.out).open("wb") as out, Path(run.err).open("wb") as err:
        streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": err}
        limits: dict[str, Any] = {"cwd": run.folder, "env": run.environment, "timeout": SECONDS}
        words = [*COMMAND, *run.words]
        return subprocess.run(words, check=False, **limits, **streams).returncode  # noqa: S603 - our own


@cache
def _imported() -> subprocess.Popen[str]:
    """``tests/cli/ready.py``, for as long as the tests run."""
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-m", "tests.cli.ready"], cwd=ROOT, **pipes)


def _ready(run: Run) -> int:
    """Do a run in a process forked from one that has imported everything; its exit status."""
    process = _imported()
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(run) + "\n")
    process.stdin.flush()
    return int(process.stdout.readline())


def _until(screen: int, mark: bytes) -> bytes:
    """What appears on a terminal up to ``mark``, or up to its end."""
    shown, end = b"", time.monotonic() + SECONDS
    while (not mark or mark not in shown) and time.monotonic() < end:
        try:
            read = os.read(screen, 4096)
        except OSError:
            break
        if not read:
            break
        shown += read
    return shown
