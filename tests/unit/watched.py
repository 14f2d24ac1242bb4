"""A program for test_imports.py: imports modules (and hands events to a door) while it watches what that does.

Usage: ``python -m tests.unit.watched MODULE… [--ignore EVENT.json…]``. Prints one JSON object: ``touched`` (what was
done to the world), ``environment`` (variables that our code read) and ``sdks`` (official SDKs that were imported).
"""

from __future__ import annotations

import importlib
import json
import os
import re
import sys
import sysconfig
from pathlib import Path
from typing import Any

WHERE = {path for name, path in sysconfig.get_paths().items() if name in {"stdlib", "platstdlib", "purelib", "platlib"}}
INSTALLED = ("<frozen", *(f"{path}{os.sep}" for path in WHERE | set(map(os.path.realpath, WHERE))))
CODE = re.compile(r"\.(py|pyc|zip)$|\.(egg|dist)-info/|\.__path_hook__$")
"""What the import system itself opens: code, and the metadata of installed packages."""
SDKS = ("alibabacloud_", "Tea", "darabonba", "mns", "fc2", "aliyunsdk")
TOUCHES = (
    *("socket.", "subprocess.", "urllib.", "http.", "sqlite3.", "shutil.", "tempfile.", "_thread."),
    *("os.system", "os.exec", "os.fork", "os.posix_spawn", "os.spawn", "os.putenv", "os.unsetenv", "os.chdir"),
    *("os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.link", "os.symlink", "os.truncate", "os.kill", "signal."),
)
"""Audit events of Python that change the world or ask it something; ``open`` is judged by what is opened."""


class Environment(dict[str, str]):
    """Stands in for ``os.environ`` and notes which variables are read by code that is not installed, which is ours."""

    def __init__(self, values: dict[str, str]) -> None:
        super().__init__(values)
        self.read: list[str] = []

    def _note(self, name: object) -> None:
        frame = sys._getframe(2)  # noqa: SLF001 - who reads?
        while frame.f_back and frame.f_code.co_filename in {os.__file__, __file__, "<frozen os>"}:
            frame = frame.f_back
        if not frame.f_code.co_filename.startswith(INSTALLED):
            self.read.append(f"{name} by {Path(frame.f_code.co_filename).name}")

    def __getitem__(self, name: str) -> str:
        self._note(name)
        return super().__getitem__(name)

    def __contains__(self, name: object) -> bool:
        self._note(name)
        return super().__contains__(name)

    def __iter__(self) -> Any:
        self._note("all")
        return super().__iter__()

    def get(self, name: str, default: Any = None) -> Any:
        """As of any mapping."""
        self._note(name)
        return super().get(name, default)


def watch(touched: list[str]) -> None:
    """Note from now on what touches the world; reading code to import it does not."""

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if event == "open":
            path = os.fsdecode(args[0]) if isinstance(args[0], (str, bytes, os.PathLike)) else repr(args[0])
            if CODE.search(path) is None and not path.startswith(INSTALLED):
                touched.append(f"open {path}")
        elif event.startswith(TOUCHES):
            touched.append(event)

    sys.addaudithook(hook)


def main(modules: list[str], files: list[str]) -> None:
    """Import, hand over, report."""
    payloads = [Path(file).read_bytes() for file in files]
    environment, touched, answers = Environment(dict(os.environ)), list[str](), list[str]()
    os.environ = environment  # type: ignore[assignment]  # noqa: B003 - the stand-in is to be seen, not the real one
    watch(touched)
    for module in modules:
        importlib.import_module(module)
    for payload in payloads:
        answers.append(sys.modules["functions.onboard"].handler(payload, None))
    found = {
        "touched": touched[:],
        "environment": environment.read[:],
        "sdks": sorted(name for name in sys.modules if name.startswith(SDKS) and "." not in name),
        "answers": list(map(json.loads, answers)),
    }
    print(json.dumps(found))  # noqa: T201 - this is how the test hears of it


if __name__ == "__main__":
    names, _, paths = " ".join(sys.argv[1:]).partition("--ignore")
    main(names.split(), paths.split())
