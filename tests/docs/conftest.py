from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud import ROOT, LocalCloud, local_cloud


@pytest.fixture(scope="session")
def cloud() -> Iterator[LocalCloud]:
    """One local cloud for all pages, with the functions of s.yaml deployed."""
    with local_cloud("--functions", "s.yaml", "--code", ".") as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that looks like the project's, so that what a command writes is not written into it."""
    for path in ROOT.iterdir():
        (tmp_path / path.name).symlink_to(path)
    return tmp_path
