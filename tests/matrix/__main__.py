"""``python -m tests.matrix``: run the matrix, print one JSON document.

``--pairs N --seed S`` adds samples of two failures at once. ``--part 0/2`` takes every second case, so that two of
these run side by side. ``--case TEXT`` runs the one case that a report names. ``--document FILE`` writes the table of
the calls between the markers of that file, and runs nothing.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import local_cloud
from tests.flows.world import World
from tests.matrix.flows import FLOWS, Flow
from tests.matrix.platform import Log, Platform
from tests.matrix.runs import Point, Stage, pairs, perform, singles
from tests.matrix.table import BEGIN, END, table


def main(arguments: list[str]) -> int:
    """Run what is asked for; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--case", default="")
    parser.add_argument("--flow", default="")
    parser.add_argument("--only-pairs", action="store_true")
    parser.add_argument("--document", type=Path)
    given = parser.parse_args(arguments)
    log = Log()
    with local_cloud() as cloud, tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        platform = Platform(cloud, World(cloud, Path(folder), patch))
        if given.document:
            document(given.document, calls(platform, patch, FLOWS))
            return 0
        found = run(platform, patch, given, log)
    sys.stdout.write(json.dumps(found, indent=1))
    return 1 if found["failures"] else 0


def calls(platform: Platform, patch: pytest.MonkeyPatch, chosen: Sequence[Flow]) -> dict[str, list[Point]]:
    """Every call of every flow."""
    return {flow.name: Stage(platform, flow, patch).points() for flow in chosen}


def document(path: Path, points: dict[str, list[Point]]) -> None:
    """Write the table between the markers."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n\n{table(points)}\n\n{END}{after}", encoding="utf-8")


def run(platform: Platform, patch: pytest.MonkeyPatch, given: argparse.Namespace, log: Log) -> dict[str, Any]:
    """Record the calls of every flow, then spoil them."""
    part, parts = map(int, given.part.split("/"))
    chosen = [flow for flow in FLOWS if flow.name.startswith(given.flow)]
    points = calls(platform, patch, chosen)
    cases = [*([] if given.only_pairs else singles(points)), *pairs(points, given.pairs, given.seed)]
    cases = [case for case in cases if str(case) == given.case] if given.case else cases[part::parts]
    began, wrong = time.monotonic(), []
    for flow in chosen:
        stage = Stage(platform, flow, patch)
        for case in (case for case in cases if case.flow == flow.name):
            complaints = [*perform(stage, case), *log.leaks()]
            if complaints:
                wrong.append({"case": str(case), "complaints": complaints})
    return {
        "calls": {name: [str(point) for point in of_flow] for name, of_flow in points.items()},
        "table": table(points),
        "runs": len(cases),
        "seconds": round(time.monotonic() - began, 1),
        "failures": wrong,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
