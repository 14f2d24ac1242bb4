"""The size of what is deployed."""

from __future__ import annotations

from pathlib import Path
from tempfile import TemporaryDirectory

from bench.figures import Figure
from bench.landscape import Landscape
from tools.bill import Contents
from tools.package import runtime, stage

MOST_MB = 15.0


def package(_: Landscape) -> list[Figure]:
    """The package for the runtime of s.yaml as an archive."""
    with TemporaryDirectory() as folder:
        compiled = stage(Path(folder) / "code", runtime())
        size = Contents.of(Path(folder) / "code").archive_bytes / 1e6
    notes = f"for Python {runtime()}, {'with' if compiled else 'without'} bytecode; 10^6 bytes"
    return [Figure("package, zipped", size, "MB", MOST_MB, notes=notes)]
