"""A local cloud of one's own: starts the emulator as its own process and speaks to its control API.

The emulator is not imported: what drives it here is what any other program could do.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.request import ProxyHandler, Request, build_opener

from shared.clients import Credentials

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class LocalCloud:
    """A running emulator."""

    ready: dict[str, Any]
    """The first line that it printed; see docs/emulator.md."""
    patience: float = PATIENCE_SECONDS
    """How long something is waited for, in seconds."""
    pid: int = 0
    """Its process, where we started it."""

    def credentials(self, account: str = "management") -> Credentials:
        """The operator's key in the management or the backup account."""
        return Credentials(**self.ready["credentials"][account])

    def control(self, path: str, **body: object) -> Any:  # noqa: ANN401 - JSON
        """GET (without a body) or POST ``/_emulator/<path>``."""
        data = json.dumps(body).encode() if body else None
        request = Request(f"{self.ready['endpoints']['control']}/{path}", data=data)  # noqa: S310 - loopback
        # No proxy: the emulator is on this machine.
        with build_opener(ProxyHandler({})).open(request, timeout=60) as answer:
            return json.loads(answer.read())

    def answers(self) -> list[dict[str, Any]]:
        """How each event ended, as the functions answered it: every invocation's, the oldest first."""
        answers = []
        for invocation in self.control("fc")["invocations"]:
            try:
                answer = json.loads(invocation["response"] or "null")
            except ValueError:  # only the first bytes of a long answer are kept
                continue
            answers += answer if isinstance(answer, list) else [answer]
        return [answer for answer in answers if isinstance(answer, dict) and "disposition" in answer]

    def wait_for(self, what: str, found: Callable[[], Any]) -> Any:  # noqa: ANN401 - whatever is found
        """Ask until ``found()`` answers something; raise TimeoutError, naming ``what``, if it never does."""
        until = time.monotonic() + self.patience
        while time.monotonic() < until:
            if answer := found():
                return answer
            time.sleep(0.03)
        raise TimeoutError(f"waited {self.patience:g} s for {what}")


@contextmanager
def local_cloud(*options: str) -> Iterator[LocalCloud]:
    """Start ``python -m emulator`` with ``options``; it ends with the block."""
    command = [sys.executable, "-m", "emulator", "--json", *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603 - our own command
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError("the emulator did not start; its reason is above")
            yield LocalCloud(json.loads(line), pid=process.pid)
        finally:
            process.terminate()
