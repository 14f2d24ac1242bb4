"""``python -m tests.matrix``: run the matrix, print what was found as one JSON document; on stderr, what fails at once.

``--pairs N --seed S`` adds samples of two failures at once. ``--part 0/2`` takes every second case, so that two of
these run side by side. ``--case TEXT`` runs the one case that a report names, and ``--flow TEXT`` the flows whose names
begin so.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

import pytest

from tests.cloud import local_cloud
from tests.flows.world import World
from tests.matrix.flows import FLOWS
from tests.matrix.platform import Log, Platform
from tests.matrix.report import Failed, Report
from tests.matrix.runs import Case, Point, Stage, case_of, pairs, perform, share, singles


def main(arguments: list[str]) -> int:
    """Run what is asked for; 1 if anything failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--pairs", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--part", default="0/1")
    parser.add_argument("--case", default="")
    parser.add_argument("--flow", default="")
    given = parser.parse_args(arguments)
    _stay_on_one_processor(int(given.part.partition("/")[0]))
    with local_cloud() as cloud, tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        found = Matrix(Platform(cloud, World(cloud, Path(folder), patch)), patch, given).run()
    sys.stdout.write(json.dumps(found, indent=1))
    return 1 if found["failures"] else 0


def _stay_on_one_processor(part: int) -> None:
    """Keep this process and its emulator, which take turns, from moving about: that saves a seventh of the time."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {part % (os.cpu_count() or 1)})


class Matrix:
    """The flows, one after the other: calls recorded, then spoiled."""

    def __init__(self, platform: Platform, patch: pytest.MonkeyPatch, given: argparse.Namespace) -> None:
        self._platform, self._patch, self._given = platform, patch, given
        self._log = Log()
        self._report: Report = {"calls": {}, "singles": {}, "pairs": {}, "failures": [], "seconds": 0.0}
        self._part, self._parts = map(int, given.part.split("/"))

    def run(self) -> Report:
        """What was found."""
        began, given = time.monotonic(), self._given
        chosen = [flow for flow in FLOWS if flow.name.startswith(given.case.partition(": ")[0] or given.flow)]
        pairs_of = share(given.pairs, [flow.name for flow in chosen], given.seed)
        for flow in chosen:
            stage = Stage(self._platform, flow, self._patch)
            points = stage.points()
            self._report["calls"][flow.name] = [str(point) for point in points]
            if given.case:
                self._perform(stage, case_of(flow.name, points, given.case))
                continue
            cases = singles(flow.name, points)[self._part :: self._parts]
            self._report["singles"][flow.name] = self._all(stage, cases)
            self._report["pairs"][flow.name] = self._pairs(stage, points, pairs_of)
        self._report["seconds"] = round(time.monotonic() - began, 1)
        return self._report

    def _all(self, stage: Stage, cases: Iterable[Case]) -> int:
        return len([self._perform(stage, case) for case in cases])

    def _pairs(self, stage: Stage, points: list[Point], pairs_of: Counter[str]) -> int:
        """So many in which both failures struck; what the first one changed may keep the second from its call."""
        wanted = len(range(pairs_of[stage.flow.name])[self._part :: self._parts])
        drawn = pairs(stage.flow.name, points, f"{self._given.seed} {self._given.part}")
        both = (case for case in drawn if self._perform(stage, case) == len(case.planned))
        return len(list(islice(both, wanted)))

    def _perform(self, stage: Stage, case: Case) -> int:
        """Run it; how many of its failures struck."""
        run = perform(stage, case)
        complaints = [*run.complaints, *self._log.leaks()]
        if complaints:
            self._report["failures"].append(Failed(case=str(case), complaints=complaints))
            sys.stderr.write(f"{case}: {complaints}\n")
        return run.struck


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
