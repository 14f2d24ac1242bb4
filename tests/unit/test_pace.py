"""The pace of an instance, on a clock of the test's own."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.clients import Calls
from shared.deadline import Deadline
from shared.outcome import Reason, TemporaryError
from shared.pace import A_WHILE, AT_ONCE, SAVED, SHORT, Pace, Share

CALLS = st.lists(st.tuples(st.floats(0, 5), st.booleans()), max_size=60)
"""Seconds until the next event, and whether it has come for its turn."""


ANSWER = SimpleNamespace(body=SimpleNamespace(request_id="r"))


class Clock:
    """Seconds; moved by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        """What time it is."""
        return self.seconds


def paced(rate: float = 2.0, least: float = 0.5) -> tuple[Pace, Clock]:
    clock = Clock()
    return Pace({"Add": Share(rate, least), "Assume": Share(10 * rate, rate)}, clock), clock


def test_without_shares_nothing_waits() -> None:
    """An instance that has no share is not paced."""
    pace = Pace({})
    pace.refused("Add")
    assert [pace.wait("Add"), pace.admit(5, again=False), pace.admit(5, again=True)] == [0.0, 0.0, 0.0]


def test_a_call_whose_turn_is_after_the_deadline_is_not_made() -> None:
    """It is refused at once: neither is it waited for, nor made without its turn."""
    made = list[str]()
    calls = Calls(Deadline(time.monotonic() + 5), Pace({"Add": Share(0.01, 0.01)}), patient=True)
    began = time.monotonic()

    def send(_: object) -> SimpleNamespace:
        made.append("made")
        return ANSWER

    with pytest.raises(TemporaryError) as refused:
        list(map(calls, ["Add"] * int(SAVED + 3), [send] * int(SAVED + 3)))
    assert (refused.value.reason, len(made)) == (Reason.OUT_OF_BUDGET, calls.counted["Add"])
    assert time.monotonic() - began < 1


def test_calls_come_one_after_another() -> None:
    """What an idle instance has saved up is spent at once; then calls come at the share's rate."""
    pace, _ = paced(rate=2.0)
    waits = [pace.wait("Add") for _ in range(int(SAVED) + 4)]
    assert waits == [0.0] * (int(SAVED) + 1) + [0.5, 1.0, 1.5]
    assert pace.wait("GetRole") == 0.0


def test_a_refusal_halves_the_share_for_a_while() -> None:
    """Refusals of one moment halve it once, never below the least; it doubles again after a while without one."""
    pace, clock = paced(rate=2.0, least=0.5)

    def interval() -> float:
        waits = [pace.wait("Add") for _ in range(int(SAVED) + 3)]
        clock.seconds += waits[-1]
        return waits[-1] - waits[-2]

    assert interval() == 0.5
    pace.refused("Add")
    pace.refused("Add")
    assert interval() == 1.0
    for _ in range(3):
        clock.seconds += AT_ONCE
        pace.refused("Add")
    assert interval() == 2.0
    for expected in (1.0, 0.5, 0.5):
        clock.seconds += A_WHILE
        assert interval() == expected


def test_an_event_without_a_turn_is_given_one() -> None:
    """The first ones are let in; the others are told when to come again, one after another at the scarcest share."""
    pace, _ = paced(rate=2.0)
    waits = [pace.admit(1, again=False) for _ in range(int(SAVED) + 3)]
    assert waits == [0.0] * (int(SAVED) + 1) + [0.5, 1.0]


def test_an_event_that_came_for_its_turn_is_not_sent_away_for_a_moment() -> None:
    """It is let in within a short wait, or given a later turn behind all that were given, which takes none of ours."""
    pace, _ = paced(rate=2.0)
    waits = [pace.admit(1, again=True) for _ in range(12)]
    short = [wait for wait in waits if wait <= SHORT]
    later = [wait for wait in waits if wait > SHORT]
    assert waits == short + later
    assert short == sorted(short)
    assert later == sorted(later)
    assert len(set(later)) == len(later)
    assert pace.admit(1, again=False) == short[-1] + 0.5


@given(CALLS, st.floats(0.1, 50), st.integers(1, 10))
def test_no_more_are_let_in_than_the_share_allows(events: list[tuple[float, bool]], rate: float, calls: int) -> None:
    """In any stretch of time, whoever is let in makes at most what was saved up, the share, and one event's calls."""
    clock = Clock()
    pace = Pace({"Add": Share(rate, rate / 4)}, clock)
    let_in = []
    for pause, again in events:
        clock.seconds += pause
        wait = pace.admit(calls, again=again)
        if wait == 0.0 or (again and wait <= SHORT):
            let_in.append(clock.seconds + wait)
    for first, start in enumerate(let_in):
        for last, end in enumerate(let_in[first:], 1):
            assert (last - 1) * calls <= SAVED + rate * (end - start) + calls + 1e-6
