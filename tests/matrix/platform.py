"""What stands around the handlers in the cloud: invocations that are repeated when they raise, and the retry queue.

The handlers run in this process; the messages, their delays and the clock are the emulator's. A planned failure lasts
until the end of the invocation in which it struck.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mns.account import Account
from mns.mns_exception import MNSServerException
from mns.queue import Message

from shared.cloud import memory
from tests import cloud as clouds
from tests import secrets
from tests.cloud import LocalCloud
from tests.flows.platform import ASYNC_RETRIES, cloud_event
from tests.flows.test_retry import failure_record
from tests.flows.world import MANAGEMENT, World

MOST_MESSAGES = 40
"""Messages handled in one run; a message that never ends is a failure."""
ONE_AT_A_TIME = ("reconcile", "replay")
"""``reservedConcurrency: 1`` in s.yaml: whoever comes meanwhile waits. ``maxAsyncRetryAttempts: 0``: it comes once."""
SET_ASIDE = "replay"
"""What of these raises is sent to the dead-letter queue; a sweep is followed by the next."""
PATIENCE = 1.0
"""Real seconds for which another worker may be held up by what the held one has in its hands."""
QUEUES = ("cab-retry", "cab-dead-letters")


@dataclass
class Run:
    """What happened in one run, whoever worked in it."""

    answers: list[Any] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    dead_letters: list[dict[str, Any]] = field(default_factory=list)
    """What was set aside before anybody brought it back."""
    complaints: list[str] = field(default_factory=list)
    planned: int = 0
    waiting: dict[str, dict[str, Any]] = field(default_factory=dict)
    """Failures that have not struck yet, by the names under which the emulator counts them."""

    busy: set[str] = field(default_factory=set)
    """Doors that let in one at a time, and have let one in."""
    put_off: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))
    """What waits there until the present one is over."""

    @property
    def struck(self) -> int:
        """How many of the planned failures have struck."""
        return self.planned - len(self.waiting)


@dataclass
class Worker:
    """Whoever is handed events: calls the door, and again when it raises. What he does is part of the run."""

    platform: Platform
    beside: Callable[[], None] | None = None
    """What somebody else does while a call of his is held."""

    def deliver(self, door: str, event: Any) -> None:
        """Invoke a function asynchronously: what raises is brought back, what never succeeds is lost."""
        run = self.platform.run
        if door in ONE_AT_A_TIME:
            self._let_in(door, event)
        elif not any(self._invoke(door, event) for _ in range(1 + ASYNC_RETRIES)):
            run.complaints.append(f"{door} raised {1 + ASYNC_RETRIES} times: {run.raised[-1]}")

    def _let_in(self, door: str, event: Any) -> None:
        run = self.platform.run
        if door in run.busy:
            run.put_off[door].append(event)
            return
        run.busy.add(door)
        if not self._invoke(door, event) and door == SET_ASIDE:
            self.platform.set_aside(failure_record(event))
        run.busy.remove(door)
        while run.put_off[door]:
            self._let_in(door, run.put_off[door].pop(0))

    def _invoke(self, door: str, event: Any) -> bool:
        """One invocation; whether it ended well. Function Compute gives each one credentials that are valid.

        What a killed one did after its death reached nobody, neither the cloud nor the platform.
        """
        with ThreadPoolExecutor(1, thread_name_prefix="invocation") as thread:
            running = thread.submit(self._call, door, event)
            self._meddle(running)
            returned = running.result()
        killed = any(fault.get("effect") == "gone" for fault in self.platform.end_what_struck(self))
        if killed:
            memory().forget()
        return returned and not killed

    def _call(self, door: str, event: Any) -> bool:
        world, run = self.platform.world, self.platform.run
        world.key = self.platform.cloud.as_function()
        try:
            run.answers.append(world.call(door, event))
        except Exception as error:  # noqa: BLE001 - whatever it is, the platform brings the event back
            run.raised.append(f"{type(error).__name__}: {error}"[:300])
            return False
        return True

    def _meddle(self, running: Future[bool]) -> None:
        """While a call is held, let somebody else do his work beside it."""
        cloud = self.platform.cloud
        while self.beside is not None and not running.done():
            if cloud.held(0.01):
                other = threading.Thread(target=self.beside, name="beside")
                self.beside = None
                other.start()
                other.join(PATIENCE)
                cloud.release()
                other.join()


class Platform:
    """The world of one flow, prepared once and put back for every run."""

    def __init__(self, cloud: LocalCloud, world: World) -> None:
        self.cloud, self.world = cloud, world
        self._state: dict[str, Any] = {}
        self._config: dict[str, Any] = {}
        key = cloud.key()
        self._queues = Account(cloud.endpoints["mns"], key.access_key_id, key.access_key_secret)
        self.run = Run()
        self.worker = Worker(self)
        """The one whose calls fail; others may work beside him."""

    def keep(self) -> None:
        """Remember the state and the configuration of now as the beginning of every run."""
        self._state, self._config = self.cloud.state(), dict(self.world.config)

    @property
    def beginning(self) -> dict[str, Any]:
        """The state that was kept."""
        return self._state

    def again(self, **watched: Any) -> None:
        """Go back to the beginning, and watch our requests."""
        self.cloud.load(self._state)
        self.cloud.watch(**watched)
        if self.world.config != self._config:
            self.world.config = dict(self._config)
            self.world.configure()
        self.run, self.worker = Run(), Worker(self)
        memory().forget()

    def plan(self, fault: dict[str, Any]) -> None:
        """Plan one more failure; it lasts until the end of the invocation in which it strikes."""
        name = str(self.run.planned)
        self.run.planned += 1
        self.run.waiting[name] = {**fault, "name": name}
        self.cloud.fault(**self.run.waiting[name])

    def end_what_struck(self, worker: Worker) -> list[dict[str, Any]]:
        """An invocation is over: so is what struck in it, and the other failures stay. They are the one worker's."""
        if worker is not self.worker or not self.run.waiting:
            return []
        hits, waiting = self.cloud.struck(), self.run.waiting
        struck = [name for name in waiting if hits.get(name)]
        if struck:
            self.run.waiting = {name: fault for name, fault in waiting.items() if name not in struck}
            self.cloud.clear_faults()
            for fault in self.run.waiting.values():
                self.cloud.fault(**fault)
        return [waiting[name] for name in struck]

    def forget_what_waits(self) -> None:
        """Failures that have not struck yet never will."""
        self.run.waiting = {}
        self.cloud.clear_faults()

    def deliver(self, door: str, event: Any) -> None:
        """Let the worker do it."""
        self.worker.deliver(door, event)

    def work_the_queue(self) -> None:
        """Hand every message of the retry queue to the retry function when it is due, until none is left."""
        for _ in range(MOST_MESSAGES):
            waiting = self._messages(QUEUES[0])
            if not waiting:
                return
            self._await(waiting)
            self._take(QUEUES[0])
        self.run.complaints.append(f"after {MOST_MESSAGES} messages the retry queue is still not empty")

    def take_one(self) -> None:
        """Hand one message of the retry queue to the retry function, if there is one that is due."""
        if self._messages(QUEUES[0]):
            self._take(QUEUES[0])

    def _await(self, messages: list[dict[str, Any]]) -> None:
        """Let time pass until one of them shows."""
        now = self.cloud.advance(0)
        self.cloud.advance(max(0.0, min(one["visible_at"] for one in messages) - now))

    def set_aside(self, letter: dict[str, Any]) -> None:
        """Put something into the dead-letter queue, as the platform does."""
        self._queues.get_queue(QUEUES[1]).send_message(Message(json.dumps(letter)))

    def _take(self, queue_name: str) -> None:
        """Receive one message, deliver it as the trigger does (base64 decoded, in a batch), delete it."""
        queue = self._queues.get_queue(queue_name)
        try:
            message = queue.receive_message()
        except MNSServerException as error:
            if error.type == "MessageNotExist":
                return
            raise
        self.deliver("retry", [cloud_event(message.message_body.decode())])
        # Handling it may have taken longer than its invisibility, on a clock that was moved meanwhile.
        queue.delete_message(message.receipt_handle)

    def redrive(self) -> None:
        """A person brings every dead letter back, unchanged."""
        for _ in self._messages(QUEUES[1]):
            self._await(self._messages(QUEUES[1]))
            self._take(QUEUES[1])
        self.work_the_queue()

    def _messages(self, queue: str) -> list[dict[str, Any]]:
        stored = self.cloud.state()["mns"]["queues"][MANAGEMENT][queue]["messages"]
        return list(stored.values())


class Log(logging.Handler):
    """What everybody logs in this process, kept to be searched for secrets."""

    def __init__(self) -> None:
        super().__init__()
        self._kept: list[str] = []
        self._known: set[str] = set()
        self._beginnings: set[str] = set()
        logging.basicConfig(level=logging.INFO, handlers=[self])

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one record as it would be written."""
        self._kept.append(self.format(record))

    def leaks(self) -> list[str]:
        """What was logged since the last time and holds a secret of any cloud."""
        self._beginnings.update(secret[: secrets.WIDTH] for secret in clouds.SECRETS - self._known)
        self._known |= clouds.SECRETS
        kept, self._kept = self._kept, []
        return [f"a secret was logged: {text[:60]}" for text in kept if secrets.holds(text, self._beginnings)]
