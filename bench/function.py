"""Instances of a function as processes that handle one call at a time, as the platform has them.

Ours is run as it is shipped: from the staged package, with nothing else on the path. What it is compared with is run
from a plain installation.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import sysconfig
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from typing_extensions import Self

from tools.package import ROOT


@dataclass(frozen=True)
class Code:
    """A handler's module, and where it is imported from."""

    module: str
    path: tuple[str, ...]


NAIVE = Code("bench.peers.naive", (str(ROOT), sysconfig.get_path("purelib")))


class Function:
    """The instances of a function; ``clock``, if given, is the speed of its time and since when.

    A call goes to the instance that was idle last, as on the platform.
    """

    def __init__(
        self, code: Code, environ: Mapping[str, str], instances: int = 1, clock: tuple[float, ...] = ()
    ) -> None:
        runner = [sys.executable, "-I", "-S", str(ROOT / "bench" / "instance.py")]
        command = [*runner, code.module, os.pathsep.join(code.path), *map(str, clock)]
        self._processes = [
            subprocess.Popen(command, env=dict(environ), stdin=-1, stdout=-1, text=True)  # noqa: S603 - our own
            for _ in range(instances)
        ]
        self._idle: queue.LifoQueue[subprocess.Popen[str]] = queue.LifoQueue()
        for process in self._processes:
            self._idle.put(process)

    def call(self, event: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
        """Have one event, or a batch, handled; waits for an idle instance."""
        process = self._idle.get()
        try:
            assert process.stdin is not None  # noqa: S101 - for type checkers
            assert process.stdout is not None  # noqa: S101
            process.stdin.write(json.dumps(event) + "\n")
            process.stdin.flush()
            answer: dict[str, Any] = json.loads(process.stdout.readline())
            return answer
        finally:
            self._idle.put(process)

    def warm(self, event: Any) -> None:  # noqa: ANN401 - the same
        """Give every instance one event."""
        with ThreadPoolExecutor(len(self._processes)) as threads:
            list(threads.map(self.call, [event] * len(self._processes)))

    def close(self) -> None:
        """End the instances."""
        for process in self._processes:
            process.kill()
            process.communicate()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
