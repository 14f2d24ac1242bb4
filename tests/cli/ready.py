"""``python -m tests.cli.ready``: the console, imported once; every run of it is a process of its own, forked from here.

A line of JSON on standard input is one run (``Run``); the line that answers is its exit status. So a test waits for
what the console does and not, again and again, for Python to read the same modules.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import signal
import sys
from collections.abc import Sequence
from typing import NamedTuple

from cli import sdks
from cli.main import main
from shared import clients, lazy_models

SECONDS = 60
"""A run that takes longer is ended."""
FIRST_USE = (
    *("alibabacloud_tea_openapi.utils_models", "mns.account", "urllib.request"),
    *(f"{package}.client" for package in {*clients.PACKAGES.values(), *sdks.PACKAGES.values()}),
)
"""What the console imports when it first needs it."""


class Run(NamedTuple):
    """One run: what is typed, where, and the files that take what it prints."""

    words: Sequence[str]
    folder: str
    environment: dict[str, str]
    out: str
    err: str

    def become(self) -> None:
        """Be as a process that was started so."""
        signal.alarm(SECONDS)
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        for number, file in enumerate((os.devnull, self.out, self.err)):
            os.dup2(os.open(file, os.O_RDWR | os.O_CREAT), number)
        sys.argv = ["cab", *self.words]


def serve() -> None:
    """Fork for each line that comes; in the new process, be the console.

    What is there by then is frozen: else every run would look through it for garbage at its end.
    """
    for package in clients.PACKAGES.values():
        lazy_models.prepare(package)
    for name in FIRST_USE:
        importlib.import_module(name)
    gc.collect()
    gc.freeze()
    for line in sys.stdin:
        child = os.fork()
        if child == 0:
            Run(*json.loads(line)).become()
            main()  # ends the process
        _, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    serve()
