from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.config import Retry
from shared.outcome import (
    LONGEST_DELAY,
    Ack,
    AttemptError,
    DeadLetter,
    Disposition,
    NotReadyError,
    PermanentError,
    Reason,
    RetryLater,
    Schedule,
    TemporaryError,
    Tries,
    dispose,
)

DAY = 86_400
DEFAULT = Schedule(Retry().delays, Retry().not_ready)
ALMOST_ONE = 0.999_999

reasons = st.sampled_from(list(Reason))
jitters = st.floats(0, 1, exclude_max=True)
asked = st.none() | st.integers(0, 10 * DAY).map(float)
temporary = st.builds(TemporaryError, reasons, st.just(""), delay=asked)
not_ready = st.builds(NotReadyError, reasons, st.just(""), delay=asked)
permanent = st.builds(PermanentError, reasons, st.just(""))
waits = st.lists(st.floats(0, DAY), max_size=6).map(tuple)
schedules = st.builds(Schedule, waits, waits)
THROTTLED = TemporaryError(Reason.THROTTLED, "slow down")
NEW = NotReadyError(Reason.NOT_READY, "too new")
any_case = settings(max_examples=100, deadline=None)


def history(errors: Sequence[AttemptError], schedule: Schedule, jitter: float) -> list[Disposition]:
    """How one message fares whose attempts end in ``errors``, until it is not brought back."""
    tries, found = Tries(), list[Disposition]()
    for error in errors:
        found.append(dispose(error, tries, schedule, jitter))
        if not isinstance(found[-1], RetryLater):
            break
        tries = found[-1].next
    return found


def delays(found: list[Disposition]) -> list[int]:
    return [disposition.delay for disposition in found if isinstance(disposition, RetryLater)]


@any_case
@given(st.builds(Tries, st.integers(1, 99), st.integers(0, 99)), schedules, jitters)
def test_success_is_acknowledged(tries: Tries, schedule: Schedule, jitter: float) -> None:
    """An attempt without an error ends the message, whatever came before it."""
    assert dispose(None, tries, schedule, jitter) == Ack()


@any_case
@given(permanent, st.builds(Tries, st.integers(1, 99), st.integers(0, 99)), schedules, jitters)
def test_permanent_errors_are_set_aside_at_once(
    error: PermanentError, tries: Tries, schedule: Schedule, jitter: float
) -> None:
    """What will not pass by itself goes to a person with its reason, without a second attempt."""
    assert dispose(error, tries, schedule, jitter) == DeadLetter(error.reason)


@any_case
@given(st.lists(temporary | not_ready, min_size=20, max_size=20), schedules, jitters)
def test_attempts_are_bounded(errors: list[AttemptError], schedule: Schedule, jitter: float) -> None:
    """A message that keeps failing ends as a dead letter with its last reason, after no more tries than waits."""
    found = history(errors, schedule, jitter)
    last = errors[len(found) - 1]
    waits_of_last = schedule.not_ready if isinstance(last, NotReadyError) else schedule.delays
    same = [isinstance(error, NotReadyError) == isinstance(last, NotReadyError) for error in errors[: len(found)]]
    assert found[-1] == DeadLetter(last.reason)
    assert sum(same) == len(waits_of_last) + 1
    assert len(found) <= len(schedule.delays) + len(schedule.not_ready) + 1


@any_case
@given(st.lists(temporary | not_ready, max_size=20), schedules, jitters)
def test_attempts_are_counted(errors: list[AttemptError], schedule: Schedule, jitter: float) -> None:
    """Each try is told its number, and how many of those before it came too early."""
    for number, found in enumerate(history(errors, schedule, jitter), start=1):
        if isinstance(found, RetryLater):
            early = sum(isinstance(error, NotReadyError) for error in errors[:number])
            assert found.next == Tries(number + 1, early)


@any_case
@given(temporary | not_ready, st.integers(0, 8), jitters)
def test_waits_are_within_bounds(error: TemporaryError, earlier: int, jitter: float) -> None:
    """A wait is what the cloud asked for at least, a second at least, and never longer than a queue can hold it."""
    early = isinstance(error, NotReadyError)
    found = dispose(error, Tries(earlier + 1, earlier if early else 0), DEFAULT, jitter)
    scheduled = (DEFAULT.not_ready if early else DEFAULT.delays)[earlier : earlier + 1]
    if isinstance(found, RetryLater):
        least = min(error.delay or 0, LONGEST_DELAY)
        assert max(least, 1) <= found.delay <= max(least, 1, *scheduled)


@pytest.mark.parametrize("delay", [1.5, 2.7, 29.999])
def test_waits_are_never_rounded_below_what_was_asked(delay: float) -> None:
    """A delay that the cloud asked for is kept in full, fractions of a second included."""
    found = dispose(TemporaryError(Reason.THROTTLED, "", delay=delay), Tries(), DEFAULT, 0)
    assert delays([found]) == [pytest.approx(delay, abs=1)]
    assert delays([found])[0] >= delay


def test_the_whole_wait_is_a_day_at_most_and_half_a_day_on_average() -> None:
    """By default a message that keeps failing is tried again for so long; waits are uniform up to the schedule's."""
    found = delays(history([THROTTLED] * 99, DEFAULT, ALMOST_ONE))
    assert 0.9 * DAY < sum(found) < DAY
    assert found[:4] == [29, 119, 599, 1799]
    steps = 50
    whole = [sum(delays(history([THROTTLED] * 99, DEFAULT, (step + 0.5) / steps))) for step in range(steps)]
    assert sum(whole) / steps == pytest.approx(0.494 * DAY, rel=0.01)


def test_what_is_too_new_has_a_schedule_of_its_own() -> None:
    """A brand-new account is tried again within seconds and not for long."""
    found = delays(history([NEW] * 99, DEFAULT, ALMOST_ONE))
    assert found[0] < 6
    assert sum(found) < 600


def test_being_too_new_costs_no_later_attempt() -> None:
    """Attempts that came too early leave the budget for other failures whole, and the other way round."""
    early = len(DEFAULT.not_ready)
    mixed = history([NEW] * early + [THROTTLED] * 99, DEFAULT, ALMOST_ONE)
    assert delays(mixed)[early:] == delays(history([THROTTLED] * 99, DEFAULT, ALMOST_ONE))
    late = history([THROTTLED] * 3 + [NEW] * 99, DEFAULT, ALMOST_ONE)
    assert delays(late)[3:] == delays(history([NEW] * 99, DEFAULT, ALMOST_ONE))


@any_case
@given(jitters, jitters)
def test_jitter_spreads_the_whole_wait(one: float, other: float) -> None:
    """Of two messages that failed together the one with more jitter does not come back earlier."""
    less, more = sorted((one, other))
    assert delays([dispose(THROTTLED, Tries(5), DEFAULT, less)]) <= delays(
        [dispose(THROTTLED, Tries(5), DEFAULT, more)]
    )


@any_case
@given(temporary | not_ready, st.integers(20, 10**9), jitters)
def test_messages_beyond_every_schedule_are_set_aside(error: TemporaryError, attempt: int, jitter: float) -> None:
    """A message that claims more attempts than there are waits is not tried again."""
    early = attempt if isinstance(error, NotReadyError) else 0
    assert dispose(error, Tries(attempt, early), DEFAULT, jitter) == DeadLetter(error.reason)


@pytest.mark.parametrize("tries", [Tries(1, 50), Tries(2, 3)])
def test_messages_that_contradict_themselves_are_set_aside(tries: Tries) -> None:
    """A message that claims more early attempts than attempts does not raise, nor start with the longest wait."""
    found = dispose(THROTTLED, tries, DEFAULT, ALMOST_ONE)
    assert isinstance(found, DeadLetter) or delays([found]) == [29]
