"""The kinds of cloud in which the flows run beside the likeliest one."""

from __future__ import annotations

import pytest

from tests.flows import guesses


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Marked tests run under each value of every guess, or of those named; with ``--soak`` all run ``TOGETHER``."""
    mark = metafunc.definition.get_closest_marker("every_guess")
    soak = metafunc.config.getoption("--soak")
    if "guess" not in metafunc.fixturenames or metafunc.config.getoption("--guess") or not (mark or soak):
        return
    alone = [one for one in guesses.EVERY if mark and (not mark.args or one.name in mark.args)]
    kinds = ((), *((one,) for one in alone), *(guesses.TOGETHER if soak else ()))
    metafunc.parametrize("guess", kinds, ids=lambda kind: " ".join(map(str, kind)) or "likeliest", indirect=True)
