from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.cloud import ROOT
from tests.conftest import Soak

DOCUMENT = ROOT / "docs" / "security.md"


@pytest.fixture
def documented(pytestconfig: pytest.Config, soak: Soak) -> Callable[[str, str], None]:
    """What docs/security.md says of a run is what this run found; with ``--document`` it is written there."""

    def compare(part: str, found: str) -> None:
        before, begin, rest = DOCUMENT.read_text(encoding="utf-8").partition(f"<!-- {part} -->")
        written, end, after = rest.partition(f"<!-- /{part} -->")
        if pytestconfig.getoption("--document"):
            DOCUMENT.write_text(f"{before}{begin}\n\n{found}\n\n{end}{after}", encoding="utf-8")
        elif not soak.long:
            assert written.strip() == found, "`pytest tests/matrix --document` writes it"

    return compare
