"""One emulator for the whole run, begun again before each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.cloud import LocalCloud, local_cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[LocalCloud]:
    with local_cloud() as cloud:
        yield cloud


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> LocalCloud:
    running_cloud.reset()
    return running_cloud
