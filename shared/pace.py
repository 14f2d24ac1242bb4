"""How many calls a second an instance makes, so that all instances together stay within what the cloud allows.

Instances tell each other nothing. Each has its share of every quota, which suffices while no other function is busy. An
event for which the share is used up is given a turn at which to come again; a call that the cloud refuses all the same
means that others are busy, too, and the share is halved for a while. Nothing here sleeps, or makes a call; the clock
and the shares are handed in.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

SAVED = 4.0
"""Calls that an idle instance has saved up."""
SHORT = 2.0
"""Seconds that an event which came for its turn waits for it: those of a batch are let in one after another."""
A_WHILE = 10.0
"""Seconds without a refusal after which a share that was halved is doubled again."""
AT_ONCE = 1.0
"""Refusals within so many seconds have one cause: they halve the share once."""


@dataclass(frozen=True)
class Share:
    """Calls a second of one API by one instance: as a rule, and at least, however many calls the cloud refuses."""

    rate: float
    least: float


class _Lane:
    """Calls one after another."""

    def __init__(self, share: Share) -> None:
        self.share, self.rate = share, share.rate
        self._free = self._refused = self._changed = float("-inf")

    def turn(self, now: float) -> float:
        """When the next call may be made; in the past, if some are saved up."""
        if now - self._changed >= A_WHILE:
            self.rate, self._changed = min(self.rate * 2, self.share.rate), now
        return max(self._free, now - SAVED / self.rate)

    def take(self, turn: float, calls: int, rate: float) -> None:
        """Let no other call have the time that these take."""
        self._free = turn + calls / rate

    def halve(self, now: float) -> None:
        """Go at half the rate for a while, with nothing saved up."""
        self._free = max(self._free, now)
        if now - self._refused >= AT_ONCE:
            self.rate = max(self.rate / 2, self.share.least)
            self._refused = self._changed = now


class Pace:
    """The turns of one instance: of single calls, and of events, which go by the scarcest API. Thread-safe."""

    def __init__(self, shares: Mapping[str, Share], now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._lanes = {api: _Lane(share) for api, share in shares.items()}
        self._events = _Lane(min(shares.values(), key=lambda share: share.rate)) if shares else None
        self._given = float("-inf")
        """The last turn that was given to an event which had come for one."""

    def wait(self, api: str) -> float:
        """Take the next turn of an API; in how many seconds it is. 0.0 for one that is not paced."""
        with self._lock:
            if api not in self._lanes:
                return 0.0
            now, lane = self._now(), self._lanes[api]
            turn = lane.turn(now)
            lane.take(turn, 1, lane.rate)
            return max(turn - now, 0.0)

    def admit(self, calls: int, *, again: bool) -> float:
        """Take the next turn of an event that needs so many calls; in how many seconds it is.

        An event that has come ``again`` for its turn waits for a short time. Where that is not enough it is given a
        later one, behind all that were given, which is not reserved in this instance's lane: it may well meet another
        instance.
        """
        with self._lock:
            if self._events is None:
                return 0.0
            now, lane = self._now(), self._events
            turn = lane.turn(now)
            if again and turn - now > SHORT:
                self._given = max(self._given, turn) + calls / lane.share.rate
                return self._given - now
            lane.take(turn, calls, lane.rate if turn <= now or again else lane.share.rate)
            return max(turn - now, 0.0)

    def refused(self, api: str) -> None:
        """The cloud refused a call: it was one too many."""
        with self._lock:
            if api in self._lanes and self._events is not None:
                self._lanes[api].halve(self._now())
                self._events.halve(self._now())
