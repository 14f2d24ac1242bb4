"""The dead letters: what waits for a person, and the way back into the retry queue.

A queue can only be read by receiving: each look hides what it sees from everybody else, and hands it back at its end
(or the queue does, after its visibility timeout, if we die on the way). Peeking shows the first sixteen for ever, so it
cannot page. Nothing is deleted here that is not in the retry queue by then, except by ``delete``.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from shared.letters import Letter, matches, read
from shared.messages import Held, Selection
from shared.queue import GoneError, QueueError, Queues

MOST = 1000
"""Letters in one look; a queue with more of them is worked off look by look."""
HOLD_SECONDS = 300
"""How long a letter is ours, and those that wait for their turn, from when it is taken up; whatever the queue's own
visibility timeout is. Should we die, the others see them again after this time."""
RENEW_SECONDS = 150
"""A letter that waits is held anew when it is ours for less than this."""
BROUGHT_BACK_A_SECOND = 5
"""Redriven letters are delayed so that they arrive at this pace; Cloud Backup's quota is 10 calls a second."""
SHOWN_AGAIN_SECONDS = 1
"""A letter handed back shows again after this long; the queue allows no less."""
HANDS = 8
"""Letters handed back at a time; there is no batch call for it."""


@dataclass
class Look:
    """What one look at the queue has found; all of it is hidden from others until the look ends."""

    queues: Queues
    hidden_seconds: float
    """So long at most are rows hidden, should we die before the end: the queue's visibility timeout."""
    letters: list[Letter] = field(default_factory=list)
    """Oldest first. What somebody else is looking at is not among them."""
    complete: bool = True
    """False where the queue has more than one look takes."""
    _ours: dict[str, Held] = field(default_factory=dict)

    def chosen(self, selection: Selection) -> list[Letter]:
        """The letters that match."""
        return [one for one in self.letters if matches(one, selection)]

    def each(self, selection: Selection) -> Iterator[Letter]:
        """The letters that match, one by one; each is ours for minutes from when it is given, however long all take.

        What somebody else has by then is left out. Raises QueueError if the queue cannot be asked.
        """
        waiting = deque(self.chosen(selection))
        while waiting:
            letter = waiting.popleft()
            try:
                self._hold(letter.id)
            except GoneError:
                continue
            self._renew([one.id for one in waiting], now=self._ours[letter.id].hidden_until - HOLD_SECONDS)
            yield letter

    def _hold(self, id_: str) -> None:
        self._ours[id_] = self.queues.hide(self._ours[id_], HOLD_SECONDS)

    def _renew(self, waiting: list[str], now: float) -> None:
        """Hold anew what others would soon see; ``now`` by the queue's clock. What is gone is found in its turn."""
        due = [one for one in waiting if self._ours[one].hidden_until - now < RENEW_SECONDS]
        _at_once(self._hold, due)

    def bring_back(self, letter: Letter, delay: int = 0) -> None:
        """Into the retry queue with its history, and only then out of this one. Raises QueueError.

        If deleting fails it is in both: then it comes back twice, which changes nothing.
        """
        self.queues.bring_back(letter.held.body, delay)
        self.delete(letter)

    def delete(self, letter: Letter) -> None:
        """Delete the letter for good. Raises GoneError if it is not ours any more."""
        self.queues.delete(self._ours[letter.id])
        del self._ours[letter.id]

    def receive(self, most: int, ids: frozenset[str]) -> None:
        """Receive letters until none comes that is new, or all of ``ids`` are there."""
        times = self.queues.dead_letter_times()
        self.hidden_seconds = times.hidden
        while len(self._ours) < most and not (ids and ids <= self._ours.keys()):
            batch = self.queues.receive_dead_letters()
            new = [held for held in batch if held.id not in self._ours]
            self._ours.update((held.id, held) for held in batch)
            self.letters += [read(held, times.kept, held.hidden_until - times.hidden) for held in new]
            if not new:
                # A batch of letters that we have seen: we took so long that the queue shows them again.
                self.complete = not batch
                break
        else:
            self.complete = False
        self.letters.sort(key=lambda one: one.held.enqueued_at)

    def hand_back(self) -> None:
        """Show everything that is still ours to others again; what fails is shown by the queue in a while."""
        _at_once(lambda id_: self.queues.hide(self._ours[id_], SHOWN_AGAIN_SECONDS), self._ours)


def _at_once(do: Callable[[str], object], ids: Iterable[str]) -> None:
    """Several at a time; that one fails matters to none of the others."""

    def one(id_: str) -> None:
        with suppress(QueueError):
            do(id_)

    with ThreadPoolExecutor(HANDS, thread_name_prefix="letters") as hands:
        list(hands.map(one, list(ids)))


@contextmanager
def look(queues: Queues, most: int = MOST, ids: frozenset[str] = frozenset()) -> Iterator[Look]:
    """See the dead letters, at most ``most`` of them (and a batch); they are handed back at the end.

    Where ``ids`` are named, no more are received than it takes to find these.
    Raises QueueError if the queue cannot be read.
    """
    seen = Look(queues, 0.0)
    try:
        seen.receive(most, ids)
        yield seen
    finally:
        seen.hand_back()


@dataclass(frozen=True)
class Moved:
    """What became of one letter that was to be brought back or deleted."""

    letter: Letter
    failure: str = ""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {**self.letter.shown(), **({"failure": self.failure} if self.failure else {})}


def redrive(queues: Queues, selection: Selection) -> Iterator[Moved]:
    """Bring the selected letters back into the retry queue, one by one, delayed to a pace that the cloud allows.

    To see beforehand which they are, ``look`` at them. Stopping half-way leaves the rest where it is.
    """
    with look(queues, ids=selection.ids) as seen:
        for number, one in enumerate(seen.each(selection)):
            yield _moved(one, partial(seen.bring_back, one, number // BROUGHT_BACK_A_SECOND))


def delete(queues: Queues, selection: Selection) -> Iterator[Moved]:
    """Delete the selected letters for good, one by one."""
    with look(queues, ids=selection.ids) as seen:
        for one in seen.each(selection):
            yield _moved(one, partial(seen.delete, one))


def _moved(letter: Letter, move: Callable[[], None]) -> Moved:
    try:
        move()
    except GoneError:
        return Moved(letter, "it took too long: the queue shows it to others again; look again")
    except QueueError as error:
        return Moved(letter, str(error))
    return Moved(letter)
