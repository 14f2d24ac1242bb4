"""One run: a flow from its beginning, with failures planned at given points, to its end, judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import product
from random import Random
from typing import Any

import pytest

from shared import clients, queue
from shared.cloud import memory
from shared.config import MARK
from shared.session import SESSION_NAME
from tests.flows.world import BACKUP, MANAGEMENT, SLR
from tests.matrix import failures
from tests.matrix.failures import FAILURES, Failure
from tests.matrix.flows import POLICY, Flow, missed
from tests.matrix.platform import Platform, Run

OURS = {
    "arn": f"acs:ram::{MANAGEMENT}:role/cab-functions",
    "session": SESSION_NAME,
    "backup_account": BACKUP,
    "trusts": SLR,
    "mark": MARK,
    "policies": [POLICY],
}
NEVER = "the failure never struck"
TRIES = 3
"""Threads do not always call in the same order, so a call may be missed by chance."""
SWEEPS = 3
"""A failed sweep is followed by the next; so many must do."""


@dataclass(frozen=True, order=True)
class Point:
    """One call of a flow: the ``nth`` (from 0) of its kind."""

    service: str
    action: str
    account: str
    region: str
    nth: int

    def __str__(self) -> str:
        place = f" in {self.region}" if self.region and self.service == "hbr" else ""
        return f"{self.service} {self.action}{place} #{self.nth + 1}"

    @property
    def target(self) -> dict[str, Any]:
        """The point in the words of a fault."""
        found = asdict(self)
        found["skip"] = found.pop("nth")
        return found


@dataclass(frozen=True)
class Case:
    """What is planned in one run."""

    flow: str
    planned: tuple[tuple[Point, str], ...]

    def __str__(self) -> str:
        return f"{self.flow}: " + "; ".join(f"{failure} at {point}" for point, failure in self.planned)


class Stage:
    """One flow, prepared, to be run again and again."""

    def __init__(self, platform: Platform, flow: Flow, monkeypatch: pytest.MonkeyPatch) -> None:
        self.platform, self.flow, self._monkeypatch = platform, flow, monkeypatch
        platform.cloud.reset()
        memory().forget()
        platform.world.key = platform.cloud.as_function()
        platform.world.fresh_configuration()
        platform.world.configure(retry={"delays": [5] * 12, "not_ready": [5] * 12})
        for work in flow.prepare:
            work(platform)
        platform.keep()

    def points(self) -> list[Point]:
        """Every call that we make in this flow when nothing is spoiled but what belongs to it.

        Sorted, since threads do not always call in the same order: processes that share the cases, and whoever brings a
        failure back by its seed, must all have the same list.
        """
        run = self.run(())
        assert not run.complaints, (self.flow.name, run.complaints)
        counted: Counter[tuple[str, str, str, str]] = Counter()
        found = list[Point]()
        for entry in self.platform.cloud.journal():
            account, _, name = entry["principal"].removeprefix("acs:ram::").partition(":")
            if not name.startswith("role/") or entry["fault"]:
                continue
            kind = (entry["service"], entry["action"], account, entry["region"])
            found.append(Point(*kind, counted[kind]))
            counted[kind] += 1
        return sorted(found)

    def run(self, planned: Sequence[tuple[Point, Failure]]) -> Run:
        """Begin, let the queue do its work, bring dead letters back, and judge."""
        platform, flow = self.platform, self.flow
        platform.again(**OURS, out_of_scope=list(flow.out_of_scope))
        if flow.fails_at:
            platform.cloud.fault(**flow.fails_at)
        platform.plan([{**point.target, **failure.fault} for point, failure in planned])
        for _, failure in planned:
            platform.beside = self._beside(failure) or platform.beside
        with self._patience(slow=any(failure.slow for _, failure in planned)):
            flow.begin(platform)
            platform.work_the_queue()
        run = platform.run
        if planned and not run.struck:
            run.complaints.append(NEVER)
        platform.cloud.clear_faults()
        self._judge(run, planned)
        return run

    def _beside(self, failure: Failure) -> Any:
        if not failure.beside:
            return None
        if failure.beside == "again":
            return lambda: self.flow.begin(self.platform.another())
        door, event = self.flow.second_worker
        return lambda: self.platform.another().deliver(door, event)

    @contextmanager
    def _patience(self, *, slow: bool) -> Iterator[None]:
        with self._monkeypatch.context() as patch:
            # Our own settings: no run is to spend its time on waiting.
            patch.setattr(clients, "BRIEF_WAITS", (0.0, 0.0))
            patch.setattr(queue, "BRIEF_WAITS", (0.0, 0.0))
            if slow:
                patch.setattr(clients, "READ_SECONDS", failures.LATE_SECONDS)
                patch.setattr(queue, "READ_SECONDS", failures.LATE_SECONDS)
            yield

    def _judge(self, run: Run, planned: Sequence[tuple[Point, Failure]]) -> None:
        platform, flow = self.platform, self.flow
        if len(planned) == 1:
            self._judge_delay(run, planned[0][1].waits)
        run.dead_letters = platform.read_dead_letters()
        allowed = {reason for _, failure in planned for reason in failure.reasons}
        run.complaints += [
            f"dead letter: {letter['reason']}: {letter['detail']}"
            for letter in run.dead_letters
            if letter["reason"] not in allowed
        ]
        if run.dead_letters:
            platform.redrive()
        for _ in range(SWEEPS if flow.sweeps else 0):
            if not missed(flow, platform.cloud.state()):
                break
            flow.begin(platform)
        run.complaints += missed(flow, platform.cloud.state())
        run.complaints += [f"{one['action']}: {one['what']}" for one in platform.cloud.violations()]
        run.complaints += [f"a secret lies open in {place}" for place in platform.cloud.leaks()]

    def _judge_delay(self, run: Run, least: int) -> None:
        for answer in run.answers:
            if isinstance(answer, dict) and answer.get("reason") == "throttled" and answer.get("delay", least) < least:
                run.complaints.append(f"comes back after {answer['delay']} s, was told {least}")


def singles(points: dict[str, list[Point]]) -> list[Case]:
    """Each call with each failure."""
    return [
        Case(flow, ((point, failure.name),))
        for flow, of_flow in points.items()
        for point, failure in product(of_flow, FAILURES)
    ]


def pairs(points: dict[str, list[Point]], count: int, seed: int) -> list[Case]:
    """So many samples of two failures at two calls of one flow, the same ones for the same seed."""
    chance, names = Random(seed), [failure.name for failure in FAILURES if not failure.beside]
    found = []
    for _ in range(count):
        flow = chance.choice(sorted(points))
        first, second = chance.sample(points[flow], 2)
        found.append(Case(flow, ((first, chance.choice(names)), (second, chance.choice(names)))))
    return found


def perform(stage: Stage, case: Case) -> list[str]:
    """Run a case; what was wrong at its end."""
    planned = [(point, failures.BY_NAME[name]) for point, name in case.planned]
    complaints: list[str] = []
    for _ in range(TRIES):
        complaints = stage.run(planned).complaints
        if complaints != [NEVER]:
            break
    return complaints
