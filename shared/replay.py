"""Replay: events of the past, back through the same ``converge``.

Since an event is only a hint and the cloud is the truth, replaying a window is one look at each account in it, however
many events there were; replaying it twice changes nothing.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone

from shared import events
from shared.messages import AccountChanged
from shared.outcome import Reason
from shared.ports import Ports

LAG = timedelta(minutes=15)
"""A window begins so much earlier: an event can be looked up after up to ten minutes (ActionTrail limits page)."""
KEPT = timedelta(days=90)
"""How long ActionTrail keeps events."""
SECOND = timedelta(seconds=1)
"""Times are given in whole seconds; what happened within the last one counts too."""
TIME = "%Y-%m-%dT%H:%M:%SZ"


class ReplayError(Exception):
    """The request cannot be understood; the message says what was expected."""


@dataclass
class Selection:
    """What a replay request came to."""

    accounts: list[AccountChanged] = field(default_factory=list)
    """The latest event of each account, in the order in which the accounts were first seen."""
    ignored: int = 0
    unreadable: list[events.Unreadable] = field(default_factory=list)
    read: int = 0


def select(request: events.ReplayRequest, ports: Ports, now: datetime) -> Selection:
    """Gather the events that are asked for, one per account. Raises ReplayError for a window that cannot be."""
    selection = Selection()
    latest: dict[str, AccountChanged] = {}
    for event in _gathered(request, ports, now):
        selection.read += 1
        match event:
            case AccountChanged():
                latest[event.account_id] = event
            case events.Unreadable():
                selection.unreadable.append(event)
            case events.Ignored():
                selection.ignored += 1
            case _:
                detail = f"{type(event).__name__} cannot be replayed"
                selection.unreadable.append(events.Unreadable(detail, None, Reason.BAD_REQUEST))
    selection.accounts = list(latest.values())
    return selection


def _gathered(request: events.ReplayRequest, ports: Ports, now: datetime) -> Iterator[events.Event]:
    for given in request.events:
        yield from events.read(json.dumps(given))
    if request.start is None or request.end is None:
        return
    start, end = _window(request.start, request.end, now)
    found = [
        trail_event
        for region in ports.config.trail_regions
        for name in events.ACCOUNT_EVENTS
        for trail_event in ports.directory.lookup_events(region, name, start, end)
    ]
    for trail_event in sorted(found, key=lambda event: str(event.get("eventTime"))):
        yield from events.read(json.dumps(trail_event))


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
