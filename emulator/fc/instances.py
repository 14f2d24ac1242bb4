"""One instance of a function: a child process that handles one call at a time, and everything it writes.

How many instances there are and who gets one is decided in ``compute.py``.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RUNTIME = Path(__file__).with_name("runtime.py")
TAIL_BYTES = 4096
"""How much of the log an answer carries (header ``x-fc-log-type: Tail``, API page InvokeFunction)."""
_LENGTH = struct.Struct(">I")
_GRACE_SECONDS = 0.2
"""Real seconds between SIGTERM, on which the runtime says where it was, and SIGKILL."""


@dataclass(frozen=True)
class Reply:
    """How one call ended: a value, an error of the function, or the instance's own end."""

    body: bytes
    error_type: str = ""
    log: str = ""


class Instance:
    """A running child process. ``credentials_expire_at`` is on the emulator's clock."""

    def __init__(self, instance_id: str, on_line: Callable[[str], None]) -> None:
        self.id = instance_id
        self.last_used = 0.0
        self.calls = 0
        self.credentials: dict[str, str] = {}
        self.credentials_expire_at = 0.0
        self._on_line = on_line
        self._tail = b""
        self._partial = b""

    async def start(self, code: Path, environment: Mapping[str, str], settings: Mapping[str, Any]) -> None:
        """Start the process with nothing but ``environment`` and tell it what to load."""
        parent, child = socket.socketpair()
        output, written = os.pipe()
        os.set_blocking(output, False)
        with child, os.fdopen(written, "wb") as sink:
            self._process = subprocess.Popen(  # noqa: ASYNC220, S603 - starts at once; our own interpreter and file
                [sys.executable, "-u", str(RUNTIME), str(child.fileno())],
                cwd=code,
                env=dict(environment),
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                pass_fds=(child.fileno(),),
            )
        self._output = output
        asyncio.get_running_loop().add_reader(output, self._read_output)
        self._reader, self._writer = await asyncio.open_connection(sock=parent)
        self._send(json.dumps(settings).encode())

    @property
    def alive(self) -> bool:
        """Whether the process still runs."""
        return self._process.poll() is None

    async def call(self, request_id: str, context: Mapping[str, Any], event: bytes, timeout: float) -> Reply:
        """One call, ended by an answer, by the process's death, or after ``timeout`` real seconds by ours."""
        self._tail, began = b"", time.perf_counter()
        self.calls += 1
        self._send(json.dumps({"request_id": request_id, "context": context}).encode(), event)
        try:
            head, body = await asyncio.wait_for(self._answer(), timeout)
        except asyncio.TimeoutError:
            await self.stop(signal.SIGTERM)
            text = f"Function time out after {timeout:g} seconds"
            return Reply(_message(text), "FunctionTimeoutError", self._log())
        except (asyncio.IncompleteReadError, OSError):
            await self.stop()
            duration = (time.perf_counter() - began) * 1000
            text = f"Process exited unexpectedly before completing request (duration: {duration:.0f}ms)"
            return Reply(_message(text), "UnhandledInvocationError", self._log())
        self._read_output()
        return Reply(body, "" if head["ok"] else "UnhandledInvocationError", self._log())

    async def stop(self, first: signal.Signals = signal.SIGKILL) -> None:
        """End the process and collect its last words."""
        self._process.send_signal(first)
        if first != signal.SIGKILL:
            await asyncio.sleep(_GRACE_SECONDS)
            self._process.kill()
        self._process.wait()
        self._writer.close()
        self._read_output()
        if self._output >= 0:
            asyncio.get_running_loop().remove_reader(self._output)
            os.close(self._output)
            self._output = -1
            if self._partial:
                self._on_line(self._partial.decode("utf-8", "replace"))

    def kill(self) -> None:
        """End the process without waiting."""
        self._process.kill()

    def _send(self, *frames: bytes) -> None:
        self._writer.write(b"".join(_LENGTH.pack(len(frame)) + frame for frame in frames))

    async def _answer(self) -> tuple[dict[str, Any], bytes]:
        return json.loads(await self._frame()), await self._frame()

    async def _frame(self) -> bytes:
        (length,) = _LENGTH.unpack(await self._reader.readexactly(_LENGTH.size))
        return await self._reader.readexactly(length)

    def _read_output(self) -> None:
        """Take what the process has written by now; it flushes before it answers, so a call's lines are complete."""
        if self._output < 0:
            return
        with contextlib.suppress(BlockingIOError):
            while chunk := os.read(self._output, 65536):
                self._tail = (self._tail + chunk)[-TAIL_BYTES:]
                *lines, self._partial = (self._partial + chunk).split(b"\n")
                for line in lines:
                    self._on_line(line.decode("utf-8", "replace"))
            asyncio.get_running_loop().remove_reader(self._output)

    def _log(self) -> str:
        return self._tail.decode("utf-8", "replace")


def _message(text: str) -> bytes:
    """The body of an answer that the function did not live to give."""
    return json.dumps({"errorMessage": text}).encode()
