"""``python -m tests.matrix``: run the matrix, print one JSON document.

``--pairs N --seed S`` adds samples of two failures at once. ``--part 0/2`` takes every second case, so that two of
these run side by side. ``--case TEXT`` runs the one case that a report names.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest

from tests.cloud import local_cloud
from tests.flows.world import World
from tests.matrix.platform import Platform, quiet
from tests.matrix.runs import FLOWS, Stage, pairs, perform, singles


def main(arguments: list[str]) -> int:
    """Run what is asked for; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--case", default="")
    parser.add_argument("--flow", default="")
    given = parser.parse_args(arguments)
    quiet()
    with local_cloud() as cloud, tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        platform = Platform(cloud, World(cloud, Path(folder), patch))
        found = run(platform, patch, given)
    sys.stdout.write(json.dumps(found, indent=1))
    return 1 if found["failures"] else 0


def run(platform: Platform, patch: pytest.MonkeyPatch, given: argparse.Namespace) -> dict[str, Any]:
    """Record the calls of every flow, then spoil them."""
    part, parts = map(int, given.part.split("/"))
    chosen = [flow for flow in FLOWS if flow.name.startswith(given.flow)]
    points = {flow.name: Stage(platform, flow, patch).points() for flow in chosen}
    cases = [*singles(points), *pairs(points, given.pairs, given.seed)]
    cases = [case for case in cases if str(case) == given.case] if given.case else cases[part::parts]
    began, wrong = time.monotonic(), []
    for flow in chosen:
        stage = Stage(platform, flow, patch)
        for case in (case for case in cases if case.flow == flow.name):
            complaints = perform(stage, case)
            if complaints:
                wrong.append({"case": str(case), "complaints": complaints})
    return {
        "calls": {name: [str(point) for point in of_flow] for name, of_flow in points.items()},
        "runs": len(cases),
        "seconds": round(time.monotonic() - began, 1),
        "failures": wrong,
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
