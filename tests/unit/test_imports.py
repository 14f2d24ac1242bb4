from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.unit.test_events import NOT_YET, table

ROOT = Path(__file__).parents[2]
MODULES = sorted(
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for package in ("functions", "shared")
    for path in (ROOT / package).glob("*.py")
    if path.stem != "__init__"
)
IGNORED = [str(ROOT / "events" / name) for name, ends in table().items() if ends == "ignored" and name not in NOT_YET]


def watched(*arguments: str, path: Path = ROOT) -> dict[str, Any]:
    """What a fresh process did that imports modules (see watched.py). No configuration can be found there."""
    environ = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}{os.pathsep}{path}",
        "PYTHONDONTWRITEBYTECODE": "1",
        "CAB_CONFIG": "/nowhere.yaml",
    }
    command = [sys.executable, "-m", "tests.unit.watched", *arguments]
    done = subprocess.run(command, capture_output=True, check=True, cwd=ROOT / "events", env=environ)  # noqa: S603 - ours
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_importing_does_nothing() -> None:
    """Importing any module of functions/ or shared/ does no I/O, reads no environment variable and loads no SDK."""
    assert "shared.plan" in MODULES
    assert watched(*MODULES) == {"touched": [], "environment": [], "sdks": [], "answers": []}


def test_an_ignored_event_needs_nothing() -> None:
    """An ignored event is answered with its reason without a configuration, credentials, I/O or any SDK."""
    assert len(IGNORED) > 5
    found = watched("functions.onboard", "--ignore", *IGNORED)
    assert [answer["disposition"] for answer in found.pop("answers")] == ["ignored"] * len(IGNORED)
    assert found == {"touched": [], "environment": [], "sdks": []}


def test_the_watch_is_awake(tmp_path: Path) -> None:
    """A module that at import reads a file and the environment, opens a socket and loads an SDK is caught at all."""
    lines = ["import os, socket, mns", "open('README.md').close()", "os.environ.get('HOME')", "os.getenv('PATH')"]
    (tmp_path / "careless.py").write_text("\n".join([*lines, "socket.socket().close()"]), encoding="utf-8")
    found = watched("careless", path=tmp_path)
    assert found["touched"] == ["open README.md", "socket.__new__"]
    assert found["environment"] == ["HOME by careless.py", "PATH by careless.py"]
    assert found["sdks"] == ["mns"]
