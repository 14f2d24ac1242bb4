from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.drills.field import Field


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The state of a landing zone that was bootstrapped and swept, and in which everything is as it should be."""
    field = Field(tmp_path_factory.mktemp("prepared"))
    assert field.run("cab bootstrap --local").code == 0
    # The timer's sweep: one that is asked for could meet it.
    field.cloud.advance(300)
    assert field.unprotected() == []
    field.cloud.stop()
    return field.dump


@pytest.fixture
def field(prepared: Path, tmp_path: Path) -> Iterator[Callable[..., Field]]:
    """Makes the drill's own copy of it."""
    made: list[Field] = []

    def make(*options: str) -> Field:
        made.append(Field(tmp_path, prepared, *options))
        return made[0]

    yield make
    for one in made:
        one.cloud.stop()
