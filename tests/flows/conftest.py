"""The landing zone of every flow, in a cloud of the usual kind or, on demand, of every other kind."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import LocalCloud
from tests.flows import guesses
from tests.flows.guesses import Kind
from tests.flows.world import World


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Marked tests run under each value of every guess, or of those named; with ``--soak`` all run ``TOGETHER``."""
    mark = metafunc.definition.get_closest_marker("every_guess")
    soak = metafunc.config.getoption("--soak")
    if "guess" not in metafunc.fixturenames or metafunc.config.getoption("--guess") or not (mark or soak):
        return
    alone = [one for one in guesses.EVERY if mark and (not mark.args or one.name in mark.args)]
    kinds = ((), *((one,) for one in alone), *(guesses.TOGETHER if soak else ()))
    metafunc.parametrize("guess", kinds, ids=lambda kind: " ".join(map(str, kind)) or "likeliest", indirect=True)


@pytest.fixture
def guess(request: pytest.FixtureRequest) -> Kind:
    """In which guesses this cloud differs from the likeliest; ``--guess`` sets them for a whole run."""
    kind = tuple(map(guesses.parse, request.config.getoption("--guess"))) or getattr(request, "param", ())
    for mark in request.node.iter_markers("not_under"):
        for one in kind:
            if mark.kwargs.get(one.name, ...) == one.value:
                pytest.skip(f"{one}: {mark.args[0]}")
    return kind


@pytest.fixture
def world(process: LocalCloud, guess: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    """A fresh landing zone."""
    guesses.begin(process, guess)
    yield World(process, tmp_path, monkeypatch)
    process.standing = {}
