"""The inside of a function instance: loads the handler, calls it, answers. Runs in the child process.

Only the standard library, and nothing of the emulator, may be imported here: what a function can import must depend on
its code directory alone. The parent talks over an inherited socket in frames of four bytes length and content; a call
is a JSON frame and a frame with the event, an answer likewise.

Behaviour of the built-in Python runtimes from the help pages "Event handlers", "Context", "Error handling" and
"Lifecycle hooks for function instances" of Function Compute.
"""

from __future__ import annotations

import faulthandler
import importlib
import json
import logging
import os
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

LOG_FORMAT = "%(asctime)s.%(msecs)03dZ %(request_id)s [%(levelname)s] %(message)s"
_LENGTH = struct.Struct(">I")


class Channel:
    """Frames over the socket to the parent."""

    def __init__(self, descriptor: int) -> None:
        self._stream = socket.socket(fileno=descriptor).makefile("rwb")

    def read(self) -> bytes:
        """One frame; ends the process when the parent is gone."""
        head = self._stream.read(_LENGTH.size)
        if len(head) < _LENGTH.size:
            os._exit(0)
        return self._stream.read(_LENGTH.unpack(head)[0])

    def write(self, *frames: bytes) -> None:
        """Send frames at once."""
        for frame in frames:
            self._stream.write(_LENGTH.pack(len(frame)) + frame)
        self._stream.flush()


class RequestIds(logging.Filter):
    """Puts the request's id on every log record."""

    current = "-"

    def filter(self, record: logging.LogRecord) -> bool:
        """Never drops a record."""
        record.request_id = self.current
        return True


class Program:
    """One function's code, loaded when the first call needs it."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self._settings = settings
        self._loaded: dict[str, Callable[..., Any]] = {}
        self._initialised = False

    def call(self, event: bytes, context: object) -> bytes:
        """Run the initializer once, then the handler; a return value that is no bytes becomes text or JSON."""
        initializer = self._settings.get("initializer")
        if initializer and not self._initialised:
            self._load(initializer)(context)
            self._initialised = True
        result = self._load(self._settings["handler"])(event, context)
        if isinstance(result, bytes):
            return result
        return (result if isinstance(result, str) else json.dumps(result)).encode()

    def _load(self, path: str) -> Callable[..., Any]:
        """``functions.onboard.handler`` or ``functions/onboard.handler``: module and function."""
        if path not in self._loaded:
            module, _, name = path.replace("/", ".").rpartition(".")
            self._loaded[path] = getattr(importlib.import_module(module), name)
        return self._loaded[path]


def failure(error: Exception) -> bytes:
    """An exception as callers see it: message, type, and a stack that begins in the user's code."""
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename != __file__]
    stack = [[f'File "{f.filename}"', f"line {f.lineno}", f"in {f.name}", f.line or ""] for f in frames]
    kind = "ImportModuleError" if isinstance(error, ImportError) and not stack else type(error).__name__
    return json.dumps({"errorMessage": str(error), "errorType": kind, "stackTrace": stack}).encode()


def namespace(context: dict[str, Any]) -> SimpleNamespace:
    """The context and its parts have attributes, not keys."""
    parts = {key: SimpleNamespace(**value) if isinstance(value, dict) else value for key, value in context.items()}
    return SimpleNamespace(**parts)


def serve(channel: Channel, program: Program, ids: RequestIds) -> None:
    """Answer calls one after the other, for ever. What is no ``Exception`` (``SystemExit``) ends the instance."""
    while True:
        call, event = json.loads(channel.read()), channel.read()
        RequestIds.current = ids.current = call["request_id"]
        try:
            head, body = {"ok": True}, program.call(event, namespace(call["context"]))
        except Exception as error:
            logging.getLogger().exception("the function failed")
            head, body = {"ok": False}, failure(error)
        sys.stdout.flush()
        sys.stderr.flush()
        channel.write(json.dumps(head).encode(), body)


def main() -> None:
    """Prepare logging, signals and the import path, then serve."""
    channel = Channel(int(sys.argv[1]))
    settings = json.loads(channel.read())
    sys.path[0] = settings["code"]
    handler, ids = logging.StreamHandler(sys.stdout), RequestIds()
    formatter = logging.Formatter(LOG_FORMAT, "%Y-%m-%dT%H:%M:%S")
    formatter.converter = time.gmtime
    handler.setFormatter(formatter)
    handler.addFilter(ids)
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    signal.signal(signal.SIGTERM, stop)
    serve(channel, Program(settings), ids)


def stop(*_: object) -> None:
    """A timed-out instance says where it was, and ends with 143."""
    faulthandler.dump_traceback(sys.stderr)
    os._exit(143)


if __name__ == "__main__":
    main()
