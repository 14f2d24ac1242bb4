from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.cloud import LocalCloud, local_cloud
from tests.emulator.deployed import notes, project


@pytest.fixture(scope="module")
def running(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """An emulator that runs the ``FUNCTIONS`` of the test file."""
    path = project(tmp_path_factory.mktemp("project"), request.module.FUNCTIONS)
    with local_cloud("--functions", str(path)) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: LocalCloud, request: pytest.FixtureRequest) -> LocalCloud:
    """The same as at its start, and nothing written down."""
    running.reset()
    notes(running, next(iter(request.module.FUNCTIONS))).unlink(missing_ok=True)
    return running
