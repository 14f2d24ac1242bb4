"""The emulator's time, and what is to happen when it comes.

Everything that depends on time (sessions, delays, visibility, jobs, timers, retries) asks this clock and never the
machine's, so that a test can move a day in a moment.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timezone

Work = Callable[[], Awaitable[None]]


def utc(seconds: float) -> str:
    """Epoch seconds as the cloud writes a time: ``2026-11-22T02:03:04Z``."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


class Clock:
    """Wall time plus an offset (seconds) that only grows; work can be scheduled on it.

    At another ``speed`` the offset grows by itself.
    """

    def __init__(self) -> None:
        self._offset = 0.0
        self._speed = 1.0
        self._since = time.time()
        self._due: list[tuple[float, int, Work]] = []
        self._order = itertools.count()
        self._changed = asyncio.Event()
        self._running: set[asyncio.Future[None]] = set()

    @property
    def offset(self) -> float:
        """How far it is ahead of the wall's."""
        return self._offset + (self._speed - 1) * (time.time() - self._since)

    def now(self) -> float:
        """Epoch seconds in the emulated world."""
        return time.time() + self.offset

    @property
    def speed(self) -> float:
        """Emulated seconds in a second."""
        return self._speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._offset, self._since, self._speed = self.offset, time.time(), speed
        self._changed.set()

    def at(self, due: float, work: Work) -> None:
        """Start ``work`` (a coroutine function) once the clock reaches ``due`` (epoch seconds)."""
        heapq.heappush(self._due, (due, next(self._order), work))
        self._changed.set()

    def advance(self, seconds: float) -> None:
        """Move time forward; what falls due on the way starts in the order of its time."""
        self._offset += seconds
        self._changed.set()

    async def settle(self, seconds: float) -> None:
        """Wait until all that is due has been done, follow-ups included, for at most ``seconds`` of real time."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._running:
                await asyncio.wait(self._running, timeout=left)
            elif self._due and self._due[0][0] <= self.now():
                await asyncio.sleep(0)
            else:
                return

    def clear(self) -> None:
        """Forget everything scheduled and go back to wall time (used by reset)."""
        self._due.clear()
        for running in self._running:
            running.cancel()
        self._offset, self._speed = 0.0, 1.0
        self._changed.set()

    async def run(self) -> None:
        """Start due work for ever; one task of the server's event loop."""
        while True:
            self._changed.clear()
            while self._due and self._due[0][0] <= self.now():
                _, _, work = heapq.heappop(self._due)
                task = asyncio.ensure_future(work())
                self._running.add(task)
                task.add_done_callback(self._running.discard)
            wait = (self._due[0][0] - self.now()) / self._speed if self._due else None
            try:
                await asyncio.wait_for(self._changed.wait(), wait)
            except asyncio.TimeoutError:
                continue
