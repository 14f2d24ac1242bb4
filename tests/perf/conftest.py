from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import LocalCloud, local_cloud
from tests.flows.world import World


@pytest.fixture(scope="session")
def process() -> Iterator[LocalCloud]:
    """One emulator for all of these tests, without functions: the tests call the handlers themselves."""
    with local_cloud() as cloud:
        yield cloud


@pytest.fixture
def world(process: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A fresh landing zone."""
    process.reset()
    return World(process, tmp_path, monkeypatch)
