"""What the platform does around the handlers, in this process: it calls again what raised, and it works off the queue.

Emulated functions are processes of their own; a thousand accounts at once are faster, and as true, with the handlers
here and everything else (queues, faults, clock) in the emulator.
"""

from __future__ import annotations

import base64
import json
import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mns.account import Account
from mns.mns_exception import MNSServerException
from mns.queue import Message

from shared.cloud import memory
from shared.queue import QueueError
from tests.flows.world import MANAGEMENT, World

BATCH = 16
"""``CountBasedWindow`` in s.yaml: the most that comes at once; fewer come where they do not come together."""
ASYNC_RETRIES = 3
"""``maxAsyncRetryAttempts`` in s.yaml."""


class Platform:
    """EventBridge's rule and stream, and Function Compute's asynchronous retries."""

    def __init__(self, world: World, threads: int = 8, batch: int = BATCH) -> None:
        self.world = world
        self.threads, self.batch = threads, batch
        self.moved = 0.0
        """Seconds by which the emulator's clock was moved."""
        self.undelivered: list[Any] = []
        """Events whose asynchronous retries are used up."""
        self.invocations: list[Any] = []
        """What each invocation of the retry function answered."""

    def queue(self, name: str) -> Any:
        """A queue through the official SDK, with the operator's key; not for several threads."""
        key = self.world.cloud.key()
        account = Account(self.world.cloud.endpoints["mns"], key.access_key_id, key.access_key_secret)
        return account.get_queue(name)

    def send(self, *bodies: Any, queue: str = "cab-retry", delay: int = 0) -> None:
        """Put messages into a queue; what is no text goes as JSON."""
        target = self.queue(queue)
        for body in bodies:
            target.send_message(Message(body if isinstance(body, str) else json.dumps(body), delay))

    def deliver(self, door: str, event: Any) -> Any:
        """An asynchronous invocation: called again when it raises, three times."""
        for _ in range(1 + ASYNC_RETRIES):
            try:
                return self.world.call(door, event)
            except QueueError:
                continue
        self.undelivered.append(event)
        return None

    def deliver_all(self, door: str, events: list[Any]) -> list[Any]:
        """Many of them at once."""
        with ThreadPoolExecutor(self.threads) as threads:
            return list(threads.map(lambda event: self.deliver(door, event), events))

    def pass_time(self, seconds: float) -> None:
        """Move the emulator's clock; the platform hands out fresh credentials, and instances are new ones."""
        self.moved += seconds
        self.world.cloud.advance(seconds)
        self.world.key = self.world.cloud.as_function()
        memory().forget()

    def waits(self) -> list[float]:
        """Seconds until each message of the retry queue shows; not positive where it shows already."""
        stored = self.world.cloud.state()["mns"]["queues"][MANAGEMENT]["cab-retry"]["messages"].values()
        now = self.world.cloud.advance(0)
        return sorted(message["visible_at"] - now for message in stored)

    def work_off(self) -> None:
        """Hand the retry queue's messages to the retry function until none is left, moving time on where all wait.

        A batch that the function raises for is not deleted, and shows again later.
        """
        while True:
            while self.hand_over():
                pass
            waits = self.waits()
            if not waits:
                return
            self.pass_time(max(waits[len(waits) // 2], 0) + 1)

    def hand_over(self) -> int:
        """One round: a batch for each thread, of what shows now; how many batches those were."""
        batches = self._receive()
        with ThreadPoolExecutor(self.threads) as threads:
            list(threads.map(self._hand_over, batches))
        return len(batches)

    def _receive(self) -> list[list[Any]]:
        """As many batches as there are threads."""
        queue, batches = self.queue("cab-retry"), list[list[Any]]()
        try:
            while len(batches) < self.threads:
                batches.append(queue.batch_receive_message(self.batch, 0))
        except MNSServerException as error:
            if error.type != "MessageNotExist":
                raise
        return batches

    def _hand_over(self, batch: list[Any]) -> None:
        try:
            answer = self.world.call("retry", [cloud_event(message.message_body.decode()) for message in batch])
        except QueueError:
            return
        self.invocations.append(answer)
        self.queue("cab-retry").batch_delete_message([message.receipt_handle for message in batch])


def cloud_event(body: str) -> dict[str, Any]:
    """A queue's message as its trigger hands it over (page "Formats of event for different triggers")."""
    message_id = uuid.uuid4().hex
    return {
        "id": message_id,
        "source": "MNS-cab-retry-retry-queue",
        "specversion": "1.0",
        "type": "mns:Queue:SendMessage",
        "datacontenttype": "application/json; charset=utf-8",
        "subject": f"acs:mns:cn-hangzhou:{MANAGEMENT}:queues/cab-retry",
        "time": "2026-11-22T02:03:04Z",
        "aliyunaccountid": MANAGEMENT,
        "data": {"requestId": message_id, "messageId": message_id, "messageBody": body},
    }


def created(account_id: str, event_id: str = "") -> dict[str, Any]:
    """The event of an account's creation, as EventBridge delivers it."""
    answer = {"Account": {"AccountId": account_id, "Status": "CreateSuccess"}}
    data = {
        "eventId": event_id or uuid.uuid4().hex,
        "eventName": "CreateResourceAccount",
        "serviceName": "ResourceManager",
        "responseElements": answer,
    }
    return {"id": data["eventId"], "source": "acs.resourcemanager", "specversion": "1.0", "type": "t", "data": data}


def encoded(body: Any) -> str:
    """A message's body in base64, as the SDK writes it."""
    return base64.b64encode(json.dumps(body).encode()).decode()
