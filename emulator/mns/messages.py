"""What happens to messages: sent, hidden, received, moved aside, deleted. Knows nothing of HTTP or XML.

Function Compute's destinations and EventBridge's dead letters use these functions too, so a message that the cloud
itself puts into a queue behaves like any other.
"""

from __future__ import annotations

import asyncio
import hashlib
import heapq
from typing import TYPE_CHECKING

from emulator.errors import CloudError
from emulator.mns.state import Message, Queue

if TYPE_CHECKING:
    from emulator.cloud import Cloud

MAX_BATCH = 16
"""Messages per batch call and per peek (help page "Limits" of Simple Message Queue)."""


def find(cloud: Cloud, account_id: str, name: str) -> Queue:
    """The queue; ``QueueNotExist`` (404) when there is none (help page "Error codes")."""
    queue = cloud.state.mns.queues.get(account_id, {}).get(name)
    if queue is None:
        raise CloudError("QueueNotExist", "The queue name you provided is not exist.", 404)
    return queue


def send(
    cloud: Cloud,
    queue: Queue,
    body: str,
    *,
    delay: int | None = None,
    priority: int = 8,
    properties: dict[str, list[dict[str, str]]] | None = None,
) -> Message:
    """Put one message into the queue; a message's own delay (s) wins over the queue's (help page BatchSendMessage)."""
    raw = body.encode()
    if len(raw) > queue.maximum_message_size:
        high = queue.maximum_message_size
        raise CloudError("InvalidArgument", f"The value of MessageBody should between 1 and {high} bytes.")
    cloud.state.mns.sent += 1
    order, now = cloud.state.mns.sent, cloud.clock.now()
    message = Message(
        id=f"{order:016X}-1-{int(now * 1000):X}",
        order=order,
        body=body,
        md5=hashlib.md5(raw).hexdigest().upper(),
        priority=priority,
        enqueued_at=now,
        visible_at=now + (queue.delay_seconds if delay is None else delay),
        properties=properties or {},
    )
    _put(cloud, queue, message)
    return message


def receive(cloud: Cloud, queue: Queue, count: int, *, visibility: int | None = None) -> list[Message]:
    """Take up to ``count`` visible messages and hide them for the queue's visibility timeout (s)."""
    _settle(cloud, queue)
    now = cloud.clock.now()
    taken: list[Message] = []
    while queue.visible and len(taken) < count:
        _, _, message_id = heapq.heappop(queue.visible)
        message = queue.messages.get(message_id)
        if message is None or message.visible_at > now:
            continue
        if _expired(queue, message, now):
            del queue.messages[message_id]
            continue
        message.dequeue_count += 1
        message.first_dequeued_at = message.first_dequeued_at or now
        _hide(cloud, queue, message, queue.visibility_timeout if visibility is None else visibility)
        taken.append(message)
    return taken


def peek(cloud: Cloud, queue: Queue, count: int) -> list[Message]:
    """Up to ``count`` visible messages, always the first ones: there is no cursor (help page PeekMessage)."""
    _settle(cloud, queue)
    now = cloud.clock.now()
    current = (queue.messages[key] for _, _, key in queue.visible if key in queue.messages)
    shown = {m.id: m for m in current if m.visible_at <= now and not _expired(queue, m, now)}
    return heapq.nsmallest(count, shown.values(), key=lambda m: (m.priority, m.order))


def delete(cloud: Cloud, queue: Queue, handle: str) -> None:
    """Delete what was received under ``handle``; refuses a handle that is void or expired."""
    del queue.messages[_holder(cloud, queue, handle).id]


def change_visibility(cloud: Cloud, queue: Queue, handle: str, seconds: int) -> Message:
    """Hide a received message until ``seconds`` from now; the answer has a new handle (help page of the action)."""
    message = _holder(cloud, queue, handle)
    _hide(cloud, queue, message, seconds)
    return message


async def wait_for_any(cloud: Cloud, queue: Queue, seconds: float) -> bool:
    """Wait until a message is visible; False once ``seconds`` have passed on the emulator's clock or the wall's.

    The wall bounds it because the client at the other end counts real seconds; the emulator's clock ends it early
    when a test moves time.
    """
    clock, loop = cloud.clock, asyncio.get_running_loop()
    deadline, wall = clock.now() + seconds, loop.time() + seconds
    while not peek(cloud, queue, 1):
        left = min(deadline - clock.now(), wall - loop.time())
        if left <= 0:
            return False
        await _changed(cloud, queue, min(deadline, queue.hidden[0][0] if queue.hidden else deadline), left)
    return True


async def _changed(cloud: Cloud, queue: Queue, due: float, wall_seconds: float) -> None:
    """Return when the queue gets a message, the emulator's clock reaches ``due``, or the wall time is over."""
    woken = asyncio.Event()
    queue.waiting.append(woken)

    async def wake() -> None:
        woken.set()

    cloud.clock.at(due, wake)
    try:
        await asyncio.wait_for(woken.wait(), wall_seconds)
    except asyncio.TimeoutError:
        return
    finally:
        queue.waiting.remove(woken)


def _put(cloud: Cloud, queue: Queue, message: Message) -> None:
    queue.messages[message.id] = message
    if message.visible_at <= cloud.clock.now():
        heapq.heappush(queue.visible, (message.priority, message.order, message.id))
    else:
        heapq.heappush(queue.hidden, (message.visible_at, message.order, message.id))
    _announce(cloud, queue)


def _announce(cloud: Cloud, queue: Queue) -> None:
    """Wake whoever waits: messages came, or will show at another time than before."""
    for woken in queue.waiting:
        woken.set()
    for listener in cloud.state.mns.listeners:
        listener(queue)


def _hide(cloud: Cloud, queue: Queue, message: Message, seconds: int) -> None:
    """Give the message a new handle that lives as long as the message is hidden."""
    message.visible_at = cloud.clock.now() + seconds
    message.handle = f"{message.priority}-{message.id}-{int(message.visible_at * 1000):X}{message.dequeue_count:X}"
    heapq.heappush(queue.hidden, (message.visible_at, message.order, message.id))
    _settle_in_time(cloud, queue, message)
    _announce(cloud, queue)


def _settle_in_time(cloud: Cloud, queue: Queue, message: Message) -> None:
    """What was received too often moves aside when it would show, although nobody looks at the queue then."""
    if not queue.dead_letter.enabled or message.dequeue_count < queue.dead_letter.max_receive_count:
        return

    async def settle() -> None:
        _settle(cloud, queue)

    cloud.clock.at(message.visible_at, settle)


def resume(cloud: Cloud) -> None:
    """See to the messages of a state that was loaded."""
    for queues in cloud.state.mns.queues.values():
        for queue in queues.values():
            for message in queue.messages.values():
                _settle_in_time(cloud, queue, message)


def _settle(cloud: Cloud, queue: Queue) -> None:
    """Show what has become visible, and move aside what was received too often."""
    now = cloud.clock.now()
    while queue.hidden and queue.hidden[0][0] <= now:
        visible_at, order, message_id = heapq.heappop(queue.hidden)
        message = queue.messages.get(message_id)
        if message is None or message.visible_at != visible_at:
            continue
        if _expired(queue, message, now):
            del queue.messages[message_id]
        elif not _moved_aside(cloud, queue, message):
            heapq.heappush(queue.visible, (message.priority, order, message_id))


def _moved_aside(cloud: Cloud, queue: Queue, message: Message) -> bool:
    """Whether the message went to the dead-letter queue, as it does after ``MaxReceiveCount`` receives.

    It keeps its time of sending, so its retention is not reset (help page "Dead-letter queue"). That its count starts
    again, and that it stays where it is when the target is gone, is inferred.
    """
    policy = queue.dead_letter
    if not policy.enabled or message.dequeue_count < policy.max_receive_count:
        return False
    owner = next(queues for queues in cloud.state.mns.queues.values() if queues.get(queue.name) is queue)
    target = owner.get(policy.target)
    if target is None:
        return False
    del queue.messages[message.id]
    _put(cloud, target, message.model_copy(update={"dequeue_count": 0, "first_dequeued_at": 0.0, "handle": ""}))
    return True


def _expired(queue: Queue, message: Message, now: float) -> bool:
    """Retention counts from the time of sending (inferred from the help page "Queue")."""
    return now >= message.enqueued_at + queue.message_retention_period


def _holder(cloud: Cloud, queue: Queue, handle: str) -> Message:
    """The message that ``handle`` stands for.

    ``MessageNotExist`` (404) when the message is gone or its handle has expired (help page "message not exist appears
    when you delete a message"), which a newer handle does to it too; ``ReceiptHandleError`` (400) for what never was a
    handle (help page DeleteMessage).
    """
    parts = handle.split("-")
    if len(parts) != len(("priority", "order", "shard", "time", "void after")):
        raise CloudError("ReceiptHandleError", "The receipt handle you provided is not valid.")
    message = queue.messages.get("-".join(parts[1:4]))
    if message is None or message.handle != handle or message.visible_at <= cloud.clock.now():
        raise CloudError("MessageNotExist", "Message not exist.", 404)
    return message
