from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import LocalCloud
from tests.flows.world import World
from tests.security import policies


@pytest.fixture
def world_with(process: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., World]:
    """A fresh landing zone in which every role holds exactly its policy file, except for what is given instead.

    RAM is asked for every action of Cloud Backup: minimal means minimal under the stricter value of that guess.
    """

    def made(**instead: Any) -> World:
        process.reset(hbr_authorises_cross_accounts=True)
        policies.grant_all(process, **instead)
        return World(process, tmp_path, monkeypatch)

    return made


@pytest.fixture
def world(world_with: Callable[..., World]) -> World:
    """The same, with nothing changed."""
    return world_with()
