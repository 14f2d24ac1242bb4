from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cli.console import Console
from tests.cloud import LocalCloud, local_cloud
from tests.flows.world import World


@pytest.fixture(scope="session")
def process() -> Iterator[LocalCloud]:
    """One emulator for all tests of the console, with the functions deployed as ``s.yaml`` says."""
    with local_cloud("--functions", "s.yaml", "--code", ".") as cloud:
        yield cloud


@pytest.fixture
def cab(world: World) -> Console:
    """The console on that landing zone."""
    return Console(world)
