"""The staged packages: the one that is shipped, and one for the Python that runs the tests."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests import secrets
from tests.cloud import LocalCloud, local_cloud
from tools import package

if TYPE_CHECKING:
    from collections.abc import Iterator

RUNNER = Path(__file__).with_name("runner.py")
RUNNING = f"{sys.version_info.major}.{sys.version_info.minor}"
PYTHONS = tuple(sorted({RUNNING, package.runtime()}))


@dataclass(frozen=True)
class Staged:
    """A package and the interpreter that can run it; None where this machine has none."""

    place: Path
    python: str
    interpreter: str | None
    has_bytecode: bool

    def run(self, *calls: tuple[str, object], cloud: LocalCloud | None = None) -> dict[str, Any]:
        """Make the calls in one fresh process that sees the package and the standard library alone."""
        assert self.interpreter is not None
        key = cloud.as_function()._asdict() if cloud else {}
        credentials = {
            "access_key_id": key.get("access_key_id", ""),
            "access_key_secret": key.get("access_key_secret", ""),
            "security_token": key.get("token", ""),
        }
        plan = {"code": str(self.place), "calls": calls, "credentials": credentials}
        done = subprocess.run(  # noqa: S603  # our own command
            [self.interpreter, "-I", "-S", "-B", str(RUNNER)],
            input=json.dumps(plan),
            cwd=self.place,
            env={
                "CLOUD_ENDPOINTS": json.dumps(cloud.endpoints) if cloud else "{}",
                "PYENV_VERSION": self.python,
                "PATH": os.environ["PATH"],
            },
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        secrets.keep(done.stdout, done.stderr)
        assert done.returncode == 0, done.stderr
        ran: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
        assert not [entry for entry in ran["path"] if "site-packages" in entry]
        return ran


def _stage(place: Path, python: str) -> Staged:
    has_bytecode = package.stage(place, python)
    return Staged(place, python, package.find_interpreter(python), has_bytecode)


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Staged]:
    folder = tmp_path_factory.mktemp("packages")
    return {python: _stage(folder / python / "build", python) for python in PYTHONS}


@pytest.fixture(scope="session")
def shipped(packages: dict[str, Staged]) -> Staged:
    return packages[package.runtime()]


@pytest.fixture(params=PYTHONS)
def runnable(request: pytest.FixtureRequest, packages: dict[str, Staged]) -> Staged:
    staged = packages[request.param]
    if staged.interpreter is None:
        pytest.skip(f"this machine has no Python {staged.python}")
    return staged


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[LocalCloud]:
    with local_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> LocalCloud:
    running_cloud.reset()
    return running_cloud
