"""A function instance with nothing on its path but the staged folder: run as ``python -I -S runner.py``.

Reads a plan from stdin, makes its calls in order, and writes the answers and what was imported. Like the platform's
runtime it may import the standard library alone.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any


def main() -> None:
    """Carry out the plan: ``code``, ``calls`` (module and event), ``credentials``."""
    plan = json.load(sys.stdin)
    code = Path(plan["code"])
    sys.path.insert(0, str(code))
    context = SimpleNamespace(
        request_id="1-smoke",
        function=SimpleNamespace(name="smoke", timeout=60),
        credentials=SimpleNamespace(**plan["credentials"]),
    )
    answers = [_call(module, event, context) for module, event in plan["calls"]]
    imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    found = [Path(file) for file in imported if file]
    inside = sorted(file.relative_to(code).as_posix() for file in found if code in file.parents)
    json.dump({"answers": answers, "imported": inside, "path": sys.path[1:]}, sys.__stdout__ or sys.stdout)


def _call(module: str, event: Any, context: object) -> Any:
    return json.loads(importlib.import_module(module).handler(json.dumps(event).encode(), context))


if __name__ == "__main__":
    main()
