from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from emulator.errors import CloudError
from emulator.hbr.schedules import next_run

BEIJING = timezone(timedelta(hours=8))


def at(day: int, hour: int = 0) -> float:
    return datetime(2026, 1, day, hour, tzinfo=BEIJING).timestamp()


@pytest.mark.parametrize(
    ("schedule", "after", "due"),
    [
        ("I|1000|PT1H", 0, 1000),
        ("I|1000|PT1H", 1000, 4600),
        ("I|1000|P1D", 90000, 173800),
        ("I|1000|P1W", 1000, 605800),
        ("I|1000|P1DT12H", 1000, 130600),
        ("C|0|0 0 2 ? * 3,5,7", at(1), at(1, 2)),
        ("C|0|0 0 2 ? * 3,5,7", at(1, 2), at(3, 2)),
        ("C|0|0 0 2 * * ?", at(1, 3), at(2, 2)),
        ("C|0|0 0 0/6 * * ?", at(1, 6), at(1, 12)),
        ("C|0|0 0 2 15 * ?", at(1), at(15, 2)),
    ],
)
def test_the_next_run_is_the_first_one_later(schedule: str, after: float, due: float) -> None:
    """Intervals count from their start; a crontab's days are those of China; 1 January 2026 is a Thursday."""
    assert next_run(schedule, after) == due


def test_a_day_that_never_comes_has_no_run() -> None:
    """The 31st of February."""
    assert next_run("C|0|0 0 2 31 2 ?", at(1)) is None


@pytest.mark.parametrize(
    "schedule", ["", "daily", "I|x|P1D", "I|1000|", "I|1000|P0D", "I|1000|1D", "C|0|0 2 * *", "C|0|a 0 2 * * ?"]
)
def test_other_texts_are_refused(schedule: str) -> None:
    """BadRequest, as for any wrong parameter."""
    with pytest.raises(CloudError) as refusal:
        next_run(schedule, 0)
    assert refusal.value.code == "BadRequest"
