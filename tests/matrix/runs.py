"""One run: a flow from its beginning, with failures planned at given points, to its end, judged."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import product
from math import inf
from random import Random
from typing import Any

import pytest

from shared import clients, queue, replay
from shared.cloud import memory
from shared.config import MARK
from shared.session import SESSION_NAME
from tests.flows.world import BACKUP, MANAGEMENT, SLR
from tests.matrix import failures
from tests.matrix.ends import POLICY, letters
from tests.matrix.failures import FAILURES, Failure
from tests.matrix.flows import MINUTE, Flow
from tests.matrix.platform import Platform, Run, Worker

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
        place = self.region if self.service == "hbr" else self.account
        return f"{self.service} {self.action} in {place} #{self.nth + 1}"

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
        self._act(())
        journal = self.platform.cloud.journal()
        run = self._judged(())
        assert not run.complaints, (self.flow.name, run.complaints)
        counted: Counter[tuple[str, str, str, str]] = Counter()
        found = list[Point]()
        for entry in journal:
            account, _, name = entry["principal"].removeprefix("acs:ram::").partition(":")
            if not name.startswith("role/") or entry["fault"]:
                continue
            kind = (entry["service"], entry["action"], account, entry["region"])
            found.append(Point(*kind, counted[kind]))
            counted[kind] += 1
        return sorted(found)

    def run(self, planned: Sequence[tuple[Point, Failure]]) -> Run:
        """Begin, let the queue do its work, bring dead letters back, and judge."""
        self._act(planned)
        return self._judged(planned)

    def _act(self, planned: Sequence[tuple[Point, Failure]]) -> None:
        platform, flow = self.platform, self.flow
        platform.again(**OURS, out_of_scope=list(flow.out_of_scope))
        if flow.fails_at:
            platform.cloud.fault(**flow.fails_at)
        for point, failure in planned:
            platform.plan({**point.target, **failure.fault})
            if failure.beside:
                platform.worker.beside = self._beside(failure)
        with self._patience(slow=any(failure.slow for _, failure in planned)):
            flow.begin(platform)
        platform.cloud.clear_faults()

    def _beside(self, failure: Failure) -> Callable[[], None]:
        other = Worker(self.platform)
        if failure.beside == "again":
            return lambda: self.flow.again(other)
        return lambda: other.deliver(*self.flow.second_worker)

    @contextmanager
    def _patience(self, *, slow: bool) -> Iterator[None]:
        with self._monkeypatch.context() as patch:
            # Our own settings: no run is to spend its time on waiting.
            patch.setattr(clients, "BRIEF_WAITS", (0.0, 0.0))
            patch.setattr(queue, "BRIEF_WAITS", (0.0, 0.0))
            patch.setattr(replay, "LOOKUPS_A_SECOND", inf)
            if slow:
                patch.setattr(clients, "READ_SECONDS", failures.LATE_SECONDS)
                patch.setattr(queue, "READ_SECONDS", failures.LATE_SECONDS)
            yield

    def _judged(self, planned: Sequence[tuple[Point, Failure]]) -> Run:
        platform, flow = self.platform, self.flow
        run = platform.run
        if len(planned) == 1:
            self._judge_delay(run, planned[0][1].waits)
        state = platform.cloud.state()
        run.dead_letters = letters(state)
        allowed = {reason for _, failure in planned for reason in failure.reasons} | {flow.end.asks} | flow.set_aside
        run.complaints += [
            f"dead letter: {letter['reason']}: {letter['detail']}"
            for letter in run.dead_letters
            if letter["reason"] not in allowed
        ]
        with self._patience(slow=False):
            state = self._mended(state)
        run.complaints += [
            *self._missed(state),
            *(f"{one['action']}: {one['what']}" for one in platform.cloud.violations()),
            *(f"a secret lies open in {place}" for place in platform.cloud.leaks()),
        ]
        return run

    def _mended(self, state: dict[str, Any]) -> dict[str, Any]:
        """People bring dead letters back, and a failed sweep is followed by the next."""
        platform, flow = self.platform, self.flow
        if any(letter["reason"] != flow.end.asks for letter in platform.run.dead_letters):
            platform.redrive()
            state = platform.cloud.state()
        for _ in range(SWEEPS if flow.sweeps and self._missed(state) else 0):
            for event in flow.sweeps:
                platform.deliver(*event)
                platform.cloud.advance(MINUTE)
            state = platform.cloud.state()
        return state

    def _missed(self, state: dict[str, Any]) -> list[str]:
        return self.flow.end.missed(state, self.platform.beginning)

    def _judge_delay(self, run: Run, least: int) -> None:
        for answer in run.answers:
            if isinstance(answer, dict) and answer.get("reason") == "throttled" and answer.get("delay", least) < least:
                run.complaints.append(f"comes back after {answer['delay']} s, was told {least}")


def singles(flow: str, points: Sequence[Point]) -> list[Case]:
    """Each call with each failure."""
    return [Case(flow, ((point, failure.name),)) for point, failure in product(points, FAILURES)]


def share(count: int, flows: Sequence[str], seed: int) -> Counter[str]:
    """How many pairs each flow gets."""
    chance = Random(seed)
    return Counter(chance.choice(flows) for _ in range(count))


def pairs(flow: str, points: Sequence[Point], seed: str) -> Iterator[Case]:
    """Samples of two failures at two calls without end, the same ones for the same seed."""
    chance, names = Random(f"{seed} {flow}"), [failure.name for failure in FAILURES if not failure.beside]
    while True:
        first, second = chance.sample(points, 2)
        yield Case(flow, ((first, chance.choice(names)), (second, chance.choice(names))))


def case_of(flow: str, points: Sequence[Point], text: str) -> Case:
    """The case that a report names."""
    known = {f"{failure.name} at {point}": (point, failure.name) for point, failure in product(points, FAILURES)}
    return Case(flow, tuple(known[one] for one in text.removeprefix(f"{flow}: ").split("; ")))


def perform(stage: Stage, case: Case) -> Run:
    """Run a case. What was missed by chance is tried again; a pair of which the first spoils the second is not."""
    planned = [(point, failures.BY_NAME[name]) for point, name in case.planned]
    for _ in range(TRIES):
        run = stage.run(planned)
        if run.struck or len(planned) > 1:
            break
        run.complaints.append(NEVER)
    return run
