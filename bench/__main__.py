"""``python -m bench``: measure, print, write bench/results.json and the tables and plots of docs/performance.md.

``--only NAME …`` measures some parts and writes nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

from bench.cold import cold_starts
from bench.document import document
from bench.emulated import emulator
from bench.figures import Figure
from bench.landscape import ROOT, Landscape, landscape
from bench.onboarding import critical_path, flat_cost
from bench.package import package
from bench.storm import storm
from bench.sweep import sweep

PARTS: dict[str, Callable[[Landscape], list[Figure]]] = {
    "critical path": critical_path,
    "flat cost": flat_cost,
    "cold start": cold_starts,
    "package": package,
    "sweep": sweep,
    "storm": storm,
    "emulator": emulator,
}
RESULTS = ROOT / "bench" / "results.json"


def main() -> int:
    """1 if a limit is not kept."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=[])
    chosen = parser.parse_args().only
    rows: list[dict[str, Any]] = []
    with landscape() as land:
        for name, measure in PARTS.items():
            if not chosen or name in chosen:
                for figure in measure(land):
                    rows.append(figure.shown(name))
                    _tell(figure)
    if not chosen:
        RESULTS.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
        document(rows, ROOT / "docs")
    return int(any((row["ratio_to_limit"] or 0) > 1 for row in rows))


def _tell(figure: Figure) -> None:
    told = f"{figure.name}: {figure.value:.4g} {figure.unit}"
    if figure.ratio_to_limit is not None:
        told += f", {figure.ratio_to_limit:.2f} of its limit" + "  NOT KEPT" * (figure.ratio_to_limit > 1)
    if figure.ratio_to_peer is not None:
        told += f", {figure.ratio_to_peer:.2f} x the peer"
    print(told, flush=True)  # noqa: T201 - the report


if __name__ == "__main__":
    sys.exit(main())
