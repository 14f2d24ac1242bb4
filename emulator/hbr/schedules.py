"""When a backup rule runs: the texts ``I|start|interval`` and ``C|start|cron``.

Pure: a schedule and a time in, the next time out. Forms as in SDK model CreatePolicyV2Request.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone

from emulator.hbr.answers import refuse

_DURATION = re.compile("P(?:(N)W)?(?:(N)D)?(?:T(?:(N)H)?(?:(N)M)?(?:(N)S)?)?".replace("N", "[0-9]{1,6}"))
_UNITS = (604800, 86400, 3600, 60, 1)
_BEIJING = timezone(timedelta(hours=8))
"""The zone of a cron text (inferred: the API page reads its example's start time in it)."""
_DAYS_AHEAD = 366 * 4 + 1


def next_run(schedule: str, after: float) -> float | None:
    """The first time (epoch seconds) later than ``after``, or None where there will be none.

    Raises:
        CloudError: ``BadRequest`` for a text of another form.
    """
    kind, _, rest = schedule.partition("|")
    start, _, pattern = rest.partition("|")
    if kind not in _FORMS or not re.fullmatch("[0-9]{1,10}", start):
        raise refuse("BadRequest", f"Schedule is invalid: {schedule}.")
    return _FORMS[kind](int(start), pattern, after)


def _interval(start: int, pattern: str, after: float) -> float | None:
    match = _DURATION.fullmatch(pattern)
    step = sum(int(number) * unit for number, unit in zip(match.groups("0"), _UNITS, strict=True)) if match else 0
    if step <= 0:
        raise refuse("BadRequest", f"Schedule has an invalid interval: {pattern}.")
    return start + max(0, int((after - start) // step) + 1) * step


def _cron(start: int, pattern: str, after: float) -> float | None:
    """Quartz's six fields: second, minute, hour, day of month, month, day of week (1 is Sunday)."""
    fields = pattern.split()
    if len(fields) != len(_RANGES):
        raise refuse("BadRequest", f"Schedule has an invalid crontab: {pattern}.")
    seconds, minutes, hours, days, months, weekdays = map(_values, fields, _RANGES)
    after = max(after, start - 1)
    first = datetime.fromtimestamp(after, _BEIJING).replace(hour=0, minute=0, second=0, microsecond=0)
    clock = [hour * 3600 + minute * 60 + second for hour in hours for minute in minutes for second in seconds]
    for ahead in range(_DAYS_AHEAD):
        day = first + timedelta(days=ahead)
        if day.day in days and day.month in months and day.isoweekday() % 7 + 1 in weekdays:
            later = [day.timestamp() + offset for offset in clock if day.timestamp() + offset > after]
            if later:
                return min(later)
    return None


_RANGES = ((0, 59), (0, 59), (0, 23), (1, 31), (1, 12), (1, 7))


def _values(field: str, limits: tuple[int, int]) -> set[int]:
    """``*``, ``?``, ``3``, ``3,5``, ``1-5``, ``*/15`` and ``0/15`` as the set of numbers that they mean."""
    low, high = limits
    values: set[int] = set()
    for part in field.split(","):
        match = re.fullmatch("(?:[*?]|([0-9]{1,2})(?:-([0-9]{1,2}))?)(?:/([0-9]{1,2}))?", part)
        first, last, step = match.groups() if match else ("", "", "0")
        begin = int(first or low)
        end = int(last) if last else (begin if first and not step else high)
        if not low <= begin <= end <= high or int(step or 1) == 0:
            raise refuse("BadRequest", f"Schedule has an invalid crontab field: {field}.")
        values.update(range(begin, end + 1, int(step or 1)))
    return values


_FORMS: dict[str, Callable[[int, str, float], float | None]] = {"I": _interval, "C": _cron}
