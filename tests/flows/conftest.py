"""The landing zone of every flow, in a cloud of the usual kind or, on demand, of every other kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import LocalCloud
from tests.flows import guesses
from tests.flows.guesses import Guess
from tests.flows.world import World


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Marked tests run under every value of every guess, or of those named, and with ``--soak`` all of them do."""
    mark = metafunc.definition.get_closest_marker("every_guess")
    soak = metafunc.config.getoption("--soak")
    if "guess" not in metafunc.fixturenames or metafunc.config.getoption("--guess") or not (mark or soak):
        return
    names = () if soak or mark is None else mark.args
    wanted = [one for one in guesses.EVERY if not names or one.name in names]
    metafunc.parametrize("guess", (None, *wanted), ids=lambda one: str(one or "likeliest"), indirect=True)


@pytest.fixture
def guess(request: pytest.FixtureRequest) -> Guess | None:
    """The one guess in which this cloud differs from the likeliest; ``--guess`` sets it for a whole run."""
    text: str | None = request.config.getoption("--guess")
    one: Guess | None = guesses.parse(text) if text else getattr(request, "param", None)
    for mark in request.node.iter_markers("not_under"):
        if one and mark.kwargs.get(one.name, ...) == one.value:
            pytest.skip(f"{one}: {mark.args[0]}")
    return one


@pytest.fixture
def world(process: LocalCloud, guess: Guess | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A fresh landing zone."""
    guesses.begin(process, guess)
    yield World(process, tmp_path, monkeypatch)
    process.standing = {}
