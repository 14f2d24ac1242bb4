"""When a timer trigger is due. Pure: an expression and a time in, the next time out.

``@every 4m``, or six fields with seconds first, in UTC or in the zone that ``CRON_TZ=`` names (help page "Timer
triggers" of Function Compute; fields and their characters as in its table).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

_EVERY = re.compile(r"@every\s+(\d+)([smh])")
_UNITS = {"s": 1, "m": 60, "h": 3600}
_MONTHS = {
    name: i
    for i, name in enumerate(("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"), 1)
}
_DAYS = {name: i for i, name in enumerate(("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"), 1)}
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("seconds", 0, 59, {}),
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("day of month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of week", 1, 7, _DAYS),
)
_FAR = 366 * 8
"""Days to look ahead: any date that exists comes within eight years."""


class BadCronError(ValueError):
    """Not an expression that a timer trigger would take."""


@dataclass(frozen=True)
class Schedule:
    """A parsed expression."""

    every: int
    """Seconds between runs; 0 where the fields decide."""
    fields: tuple[frozenset[int], ...]
    zone: tzinfo

    @classmethod
    def parse(cls, text: str) -> Schedule:
        """Read an expression; BadCronError says what is wrong with it."""
        every = _EVERY.fullmatch(text.strip())
        if every:
            seconds = int(every.group(1)) * _UNITS[every.group(2)]
            if seconds <= 0:
                raise BadCronError(f"{text!r}: a timer cannot run every 0 seconds")
            return cls(seconds, (), timezone.utc)
        zone, rest = _zone(text)
        parts = rest.split()
        if len(parts) != len(_FIELDS):
            raise BadCronError(f"{text!r}: a cron expression has six fields, seconds first")
        return cls(0, tuple(_read(part, *field) for part, field in zip(parts, _FIELDS, strict=True)), zone)

    def after(self, moment: float) -> float:
        """The first due time later than ``moment`` (both epoch seconds)."""
        if self.every:
            return moment + self.every
        start = datetime.fromtimestamp(int(moment) + 1, self.zone)
        for offset in range(_FAR):
            day = start.date() + timedelta(days=offset)
            if day.day in self.fields[3] and day.month in self.fields[4] and day.isoweekday() in self.fields[5]:
                found = self._on(day.year, day.month, day.day, start)
                if found is not None:
                    return found.timestamp()
        raise BadCronError("this date never comes")

    def _on(self, year: int, month: int, day: int, start: datetime) -> datetime | None:
        for hour in sorted(self.fields[2]):
            for minute in sorted(self.fields[1]):
                for second in sorted(self.fields[0]):
                    due = datetime(year, month, day, hour, minute, second, tzinfo=self.zone)
                    if due >= start:
                        return due
        return None


def _zone(text: str) -> tuple[tzinfo, str]:
    if not text.startswith("CRON_TZ="):
        return timezone.utc, text
    name, _, rest = text.removeprefix("CRON_TZ=").partition(" ")
    try:
        return ZoneInfo(name), rest
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise BadCronError(f"{name!r} is no time zone") from error


def _read(text: str, name: str, low: int, high: int, words: Mapping[str, int]) -> frozenset[int]:
    """One field: ``*``, ``?``, a value, a range, a list, or steps."""
    found: set[int] = set()
    for item in text.split(","):
        span, _, step = item.partition("/")
        if step and not (step.isdigit() and int(step)):
            raise BadCronError(f"{text!r}: bad step in {name}")
        first, dash, last = span.partition("-")
        if span in ("*", "?"):
            start, end = low, high
        else:
            start = _number(first, name, low, high, words)
            end = _number(last, name, low, high, words) if dash else (high if step else start)
        if end < start:
            raise BadCronError(f"{text!r}: {name} runs backwards")
        found.update(range(start, end + 1, int(step or 1)))
    return frozenset(found)


def _number(text: str, name: str, low: int, high: int, words: Mapping[str, int]) -> int:
    value = words.get(text.upper(), int(text) if text.isdigit() else -1)
    if not low <= value <= high:
        raise BadCronError(f"{text!r} is not in {low}-{high} ({name})")
    return value
