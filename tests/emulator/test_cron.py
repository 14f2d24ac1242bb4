"""Schedules of timer triggers: pure, so tested without a running cloud."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from emulator.fc.cron import BadCronError, Schedule


def after(text: str, moment: str) -> str:
    start = datetime.fromisoformat(moment).replace(tzinfo=timezone.utc).timestamp()
    return datetime.fromtimestamp(Schedule.parse(text).after(start), timezone.utc).strftime("%Y-%m-%d %H:%M:%S")


@pytest.mark.parametrize(
    ("text", "moment", "due"),
    [
        ("0 30 18 * * *", "2026-11-22 10:00:00", "2026-11-22 18:30:00"),
        ("0 30 18 * * *", "2026-11-22 18:30:00", "2026-11-23 18:30:00"),
        ("0 30 18 ? * *", "2026-12-31 20:00:00", "2027-01-01 18:30:00"),
        ("CRON_TZ=Asia/Shanghai 0 30 2 * * *", "2026-11-22 10:00:00", "2026-11-22 18:30:00"),
        ("*/20 * * * * *", "2026-11-22 10:00:05", "2026-11-22 10:00:20"),
        ("0 0/15 9-17 * * MON-FRI", "2026-11-22 10:00:00", "2026-11-23 09:00:00"),
        ("0 0 0 29 FEB ?", "2026-11-22 10:00:00", "2028-02-29 00:00:00"),
        ("0 0 0 1 1,7 *", "2026-02-01 00:00:00", "2026-07-01 00:00:00"),
        ("@every 4m", "2026-11-22 10:00:00", "2026-11-22 10:04:00"),
        ("@every 2h", "2026-11-22 23:30:00", "2026-11-23 01:30:00"),
    ],
)
def test_next_times(text: str, moment: str, due: str) -> None:
    """Six fields with seconds first, names, steps, ranges, lists, zones and @every."""
    assert due == after(text, moment)


@pytest.mark.parametrize(
    "text",
    [
        "0 30 18 * *",
        "30 18 * * *",
        "60 * * * * *",
        "0 0 24 * * *",
        "0 0 0 0 * *",
        "0 0 0 * 13 *",
        "0 0 0 * * 8",
        "0 0 0 * * FRY",
        "0 0 9-5 * * *",
        "*/0 * * * * *",
        "@every 0m",
        "@every 4d",
        "@daily",
        "CRON_TZ=Mars/Olympus 0 0 0 * * *",
        "",
    ],
)
def test_bad_schedules_are_refused(text: str) -> None:
    """Wrong counts, values out of range, unknown words and zones."""
    with pytest.raises(BadCronError):
        Schedule.parse(text)


def test_a_date_that_never_comes_is_said() -> None:
    """The 30th of February is found out instead of searched for ever."""
    with pytest.raises(BadCronError):
        Schedule.parse("0 0 0 30 2 *").after(0)


@given(moment=st.integers(0, 4_000_000_000), second=st.integers(0, 59), hour=st.integers(0, 23))
def test_the_next_time_is_later_and_on_schedule(moment: int, second: int, hour: int) -> None:
    """Whatever the moment, the next time lies after it, within a day, on the asked hour and second."""
    due = Schedule.parse(f"{second} 7 {hour} * * *").after(moment)
    found = datetime.fromtimestamp(due, timezone.utc)
    assert moment < due <= moment + 86400
    assert (found.second, found.minute, found.hour) == (second, 7, hour)
