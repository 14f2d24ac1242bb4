"""What stands around the handlers in the cloud: invocations that are repeated when they raise, and the retry queue.

The handlers run in this process; the messages, their delays and the clock are the emulator's. A planned failure lasts
until the end of the invocation in which it struck.
"""

from __future__ import annotations

import base64
import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from mns.account import Account
from mns.mns_exception import MNSServerException

from shared.cloud import memory
from tests import cloud as clouds
from tests import secrets
from tests.cloud import LocalCloud
from tests.flows.world import MANAGEMENT, World

REDELIVERIES = 3
"""As ``asyncInvokeConfig.maxAsyncRetryAttempts`` in s.yaml."""
MOST_MESSAGES = 40
"""Messages handled in one run; a message that never ends is a failure."""
PATIENCE = 1.0
"""Real seconds for which another worker may be held up by what the held one has in its hands."""
QUEUES = ("cab-retry", "cab-dead-letters")


@dataclass
class Run:
    """What happened in one run."""

    answers: list[Any] = field(default_factory=list)
    raised: list[str] = field(default_factory=list)
    dead_letters: list[dict[str, Any]] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    """Failures that have not struck yet."""
    struck: int = 0


class Platform:
    """The world of one flow, prepared once and put back for every run."""

    def __init__(self, cloud: LocalCloud, world: World) -> None:
        self.cloud, self.world = cloud, world
        self._state: dict[str, Any] = {}
        self._config: dict[str, Any] = {}
        key = cloud.key()
        self._queues = Account(cloud.endpoints["mns"], key.access_key_id, key.access_key_secret)
        self.beside: Callable[[], None] | None = None
        """What somebody else does while a call is held."""
        self.run = Run()

    def keep(self) -> None:
        """Remember the state and the configuration of now as the beginning of every run."""
        self._state, self._config = self.cloud.state(), dict(self.world.config)

    def again(self, **watched: Any) -> None:
        """Go back to the beginning, and watch our requests."""
        self.cloud.load(self._state)
        self.cloud.watch(**watched)
        if self.world.config != self._config:
            self.world.config = dict(self._config)
            self.world.configure()
        self.run, self.beside = Run(), None
        memory().forget()

    def plan(self, faults: list[dict[str, Any]]) -> None:
        """Plan failures; each lasts until the end of the invocation in which it strikes, and the others stay."""
        self.run.waiting = [{**fault, "name": str(number)} for number, fault in enumerate(faults)]
        for fault in self.run.waiting:
            self.cloud.fault(**fault)

    def another(self) -> Platform:
        """Somebody else in the same world: the same cloud and configuration, nothing planned, nothing held."""
        other = Platform.__new__(Platform)
        other.cloud, other.world, other.run = self.cloud, self.world, Run()
        other.beside = None
        return other

    def deliver(self, door: str, event: Any) -> None:
        """Invoke a function asynchronously: what raises is brought back, what never succeeds is lost."""
        for _ in range(1 + REDELIVERIES):
            if self._invoke(door, event):
                return
        self.run.complaints.append(f"{door} raised {1 + REDELIVERIES} times: {self.run.raised[-1]}")

    def _invoke(self, door: str, event: Any) -> bool:
        """One invocation; whether it returned. Function Compute gives each one credentials that are valid."""
        with ThreadPoolExecutor(1, thread_name_prefix="invocation") as thread:
            running = thread.submit(self._call, door, event)
            self._meddle(running)
            answer = running.result()
        self._end_what_struck()
        return answer

    def _end_what_struck(self) -> None:
        if not self.run.waiting:
            return
        struck = self.cloud.struck()
        left = [fault for fault in self.run.waiting if not struck.get(fault["name"])]
        if len(left) < len(self.run.waiting):
            self.run.struck += len(self.run.waiting) - len(left)
            self.cloud.clear_faults()
            self.plan(left)

    def _call(self, door: str, event: Any) -> bool:
        self.world.key = self.cloud.as_function()
        try:
            self.run.answers.append(self.world.call(door, event))
        except Exception as error:  # noqa: BLE001 - whatever it is, the platform brings the event back
            self.run.raised.append(f"{type(error).__name__}: {error}"[:300])
            return False
        return True

    def _meddle(self, running: Future[bool]) -> None:
        """While a call is held, let somebody else do his work beside it."""
        while self.beside is not None and not running.done():
            if self.cloud.held(0.01):
                other = threading.Thread(target=self.beside, name="beside")
                self.beside = None
                other.start()
                other.join(PATIENCE)
                self.cloud.release()
                other.join()

    def work_the_queue(self) -> None:
        """Hand every message of the retry queue to the retry function when it is due, until none is left."""
        for _ in range(MOST_MESSAGES):
            waiting = self._messages(QUEUES[0])
            if not waiting:
                return
            now = self.cloud.advance(0)
            self.cloud.advance(max(0.0, min(one["visible_at"] for one in waiting) - now))
            self._take(QUEUES[0])
        self.run.complaints.append(f"after {MOST_MESSAGES} messages the retry queue is still not empty")

    def take_one(self) -> None:
        """Hand one message of the retry queue to the retry function, if there is one that is due."""
        if self._messages(QUEUES[0]):
            self._take(QUEUES[0])

    def _take(self, queue_name: str) -> None:
        """Receive one message, deliver it as the trigger does (base64 decoded, in a batch), delete it."""
        queue = self._queues.get_queue(queue_name)
        try:
            message = queue.receive_message()
        except MNSServerException as error:
            if error.type == "MessageNotExist":
                return
            raise
        self.deliver("retry", [in_an_envelope(message.message_body.decode())])
        # Handling it may have taken longer than its invisibility, on a clock that was moved meanwhile.
        queue.delete_message(message.receipt_handle)

    def read_dead_letters(self) -> list[dict[str, Any]]:
        """What waits for a person."""
        return [json.loads(base64.b64decode(one["body"])) for one in self._messages(QUEUES[1])]

    def redrive(self) -> None:
        """A person brings every dead letter back, unchanged."""
        for _ in self._messages(QUEUES[1]):
            self._take(QUEUES[1])
        self.work_the_queue()

    def _messages(self, queue: str) -> list[dict[str, Any]]:
        stored = self.cloud.state()["mns"]["queues"][MANAGEMENT][queue]["messages"]
        return list(stored.values())


def in_an_envelope(body: str) -> dict[str, Any]:
    """A message as an MNS trigger with ``IsBase64Decode: true`` hands it over."""
    return {
        "id": "1",
        "source": "MNS-Function-retry-queue",
        "specversion": "1.0",
        "type": "mns:Queue:SendMessage",
        "data": {"requestId": "1", "messageId": "1", "messageBody": body},
    }


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
