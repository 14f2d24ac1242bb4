"""The console as an operator has it: a process of its own, with a terminal or without one."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from tests import secrets
from tests.cloud import ROOT

if TYPE_CHECKING:
    from pathlib import Path

    from tests.flows.world import World

COMMAND = (sys.executable, "-m", "cli.main")
SECONDS = 60
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
        ran = subprocess.run(  # noqa: S603 - our own command
            [*COMMAND, *words],
            cwd=folder,
            env=self.environment(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        secrets.keep(ran.stdout, ran.stderr)
        secrets.keep_files(words)
        return Ran(ran.returncode, ran.stdout, ran.stderr)

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
