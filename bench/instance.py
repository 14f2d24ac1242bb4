"""One instance of a function: answers events, one a line, with JSON lines.

``python -I -S instance.py MODULE PATH`` imports ``MODULE`` with nothing but ``PATH`` (as in PYTHONPATH) and the
standard library to import from, as the platform's runtime does. Each answer has what the handler returned, how long it
took (seconds), and the memory that the process holds now and has held at most (MB). Time may run faster for it (two
more arguments: the speed, and since when), as it does for an emulator with that speed.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import time
from pathlib import Path
from types import SimpleNamespace

TIMEOUT_SECONDS = 300


def memory_mb(field: str, pid: int | str = "self") -> float:
    """What a process holds (VmRSS) or has held at most (VmHWM). Not getrusage: a child begins with its parent's."""
    found = re.search(rf"{field}:\s+(\d+)", Path(f"/proc/{pid}/status").read_text(encoding="ascii"))
    return int(found[1]) / 1024 if found else 0.0


def hasten(speed: float, since: float) -> None:
    """From ``since`` (epoch seconds) on, so many seconds pass in one, for all code that asks the module ``time``."""
    wall, monotonic, sleep, began = time.time, time.monotonic, time.sleep, time.monotonic()

    def hastened(seconds: float) -> None:
        sleep(seconds / speed)

    time.time = lambda: since + (wall() - since) * speed
    time.monotonic = lambda: began + (monotonic() - began) * speed
    time.sleep = hastened  # type: ignore[assignment]  # the parameter's name does not matter


def main(module: str, path: str, speed: float = 1.0, since: float = 0.0) -> None:
    """Answer until the input ends."""
    sys.path[:0] = path.split(os.pathsep)
    if speed != 1.0:
        hasten(speed, since)
    handler = importlib.import_module(module).handler
    context = SimpleNamespace(request_id="bench", function=SimpleNamespace(timeout=TIMEOUT_SECONDS))
    for line in sys.stdin:
        began = time.perf_counter()
        answer = json.loads(handler(line.encode(), context))
        ended = {
            "answer": answer,
            "seconds": time.perf_counter() - began,
            "memory_mb": memory_mb("VmRSS"),
            "peak_mb": memory_mb("VmHWM"),
        }
        sys.stdout.write(json.dumps(ended) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], *map(float, sys.argv[3:]))
