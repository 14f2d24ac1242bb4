"""Where a replay's events come from: a window of ActionTrail, page by page, or the events that were given.

Since an event is only a hint and the cloud is the truth, the order in which events come back does not matter, and
replaying them twice changes nothing in the cloud. Each event comes with the place behind it, from where a later replay
can go on.
"""

from __future__ import annotations

import base64
import binascii
import json
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone

from pydantic import Field, ValidationError

from shared import events
from shared.config import Config
from shared.messages import Strict
from shared.ports import Ports
from shared.trail import ACCOUNT_EVENTS

LAG = timedelta(minutes=15)
"""A window begins so much earlier: an event can be looked up after up to ten minutes (ActionTrail limits page)."""
KEPT = timedelta(days=90)
"""How long ActionTrail keeps events."""
SECOND = timedelta(seconds=1)
"""Times are given in whole seconds; what happened within the last one counts too."""
TIME = "%Y-%m-%dT%H:%M:%SZ"
LOOKUPS_A_SECOND = 2.0
"""LookupEvents may be called so often (ActionTrail limits page; that its unit is a second is inferred)."""

Place = str | int | None
"""Behind an event: a text for a window, the number of events for given ones."""


class ReplayError(Exception):
    """The request cannot be understood; the message says what was expected."""


class Cursor(Strict):
    """A place in a window: a page of one of its queries, and how much of that page is done."""

    start: str
    end: str
    region: str
    name: str
    token: str | None = None
    skip: int = Field(default=0, ge=0)

    def text(self) -> str:
        """As it travels, of no meaning to others."""
        return base64.urlsafe_b64encode(self.model_dump_json(exclude_defaults=True).encode()).decode()

    @classmethod
    def of(cls, text: str, config: Config) -> Cursor:
        """Read it again. Raises ReplayError."""
        try:
            cursor = cls.model_validate_json(base64.urlsafe_b64decode(text))
        except (binascii.Error, ValidationError, ValueError) as error:
            raise ReplayError(f"expected a place where a replay stopped, found {text[:40]!r}") from error
        if (cursor.region, cursor.name) not in _queries(config):
            raise ReplayError(f"the configuration no longer looks for {cursor.name} in {cursor.region}")
        return cursor


class Spacing:
    """At most so many a second: waits until the next one may begin."""

    def __init__(self, a_second: float) -> None:
        self._interval = 1 / a_second
        self._next = 0.0

    def wait(self) -> None:
        """Sleep, for a second or so at most."""
        now = time.monotonic()
        if self._next > now:
            time.sleep(self._next - now)
        self._next = max(self._next, now) + self._interval


def gathered(request: events.ReplayRequest, ports: Ports, now: datetime) -> Iterator[tuple[events.Event, Place]]:
    """The events that are asked for, each with the place behind it.

    Raises ReplayError for a window that cannot be, and an AttemptError where ActionTrail cannot be asked.
    """
    if request.start is None and request.after is None:
        for number, given in enumerate(request.events[request.skip :], request.skip + 1):
            yield from _placed(given, number - 1, number)
        return
    cursor = beginning(request, ports.config, now)
    pace = Spacing(LOOKUPS_A_SECOND)
    queries = _queries(ports.config)
    for region, name in queries[queries.index((cursor.region, cursor.name)) :]:
        here = cursor if (region, name) == (cursor.region, cursor.name) else _query(cursor, region, name)
        yield from _looked_up(here, ports, pace)


def beginning(request: events.ReplayRequest, config: Config, now: datetime) -> Cursor:
    """Where the replay of a window goes on, or begins. Raises ReplayError."""
    if request.after is not None:
        return Cursor.of(request.after, config)
    start, end = _window(request.start or "", request.end or "", now)
    region, name = _queries(config)[0]
    return Cursor(start=start, end=end, region=region, name=name)


def _looked_up(cursor: Cursor, ports: Ports, pace: Spacing) -> Iterator[tuple[events.Event, Place]]:
    """One query's events from ``cursor`` on, page by page."""
    while True:
        pace.wait()
        found, following = ports.directory.lookup_events(
            cursor.region, cursor.name, cursor.start, cursor.end, cursor.token
        )
        for trail_event in found[cursor.skip :]:
            behind = cursor.model_copy(update={"skip": cursor.skip + 1})
            yield from _placed(trail_event, cursor.text(), behind.text())
            cursor = behind
        if following is None:
            return
        cursor = cursor.model_copy(update={"token": following, "skip": 0})


def _placed(document: object, before: Place, behind: Place) -> Iterator[tuple[events.Event, Place]]:
    """The events in one document; only behind its last one is the place behind it."""
    found = events.read(json.dumps(document))
    for number, event in enumerate(found, 1):
        yield event, behind if number == len(found) else before


def _queries(config: Config) -> list[tuple[str, str]]:
    return [(region, name) for region in config.trail_regions for name in ACCOUNT_EVENTS]


def _query(cursor: Cursor, region: str, name: str) -> Cursor:
    """The beginning of another query of the same window."""
    return Cursor(start=cursor.start, end=cursor.end, region=region, name=name)


def _window(start: str, end: str, now: datetime) -> tuple[str, str]:
    """The window with its overlap, within what ActionTrail keeps."""
    try:
        begin, finish = (datetime.strptime(text, TIME).replace(tzinfo=timezone.utc) for text in (start, end))
    except ValueError as error:
        raise ReplayError(f"expected times as 2026-11-22T02:03:04Z, found {start!r} and {end!r}") from error
    if finish <= begin:
        raise ReplayError(f"expected an end after the start, found {start} to {end}")
    if begin < now - KEPT:
        raise ReplayError(
            f"expected a start within the last {KEPT.days} days, found {start}: ActionTrail keeps no more"
        )
    return max(begin - LAG, now - KEPT).strftime(TIME), min(finish, now + SECOND).strftime(TIME)
