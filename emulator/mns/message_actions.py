"""The MNS actions on messages: from a parsed request to status and XML. What happens to them is in ``messages.py``.

Facts without another source are from the help pages of the same name (Simple Message Queue, developer reference) and
from what ``mns/mns_client.py`` and ``mns/mns_xml_handler.py`` of ``aliyun-mns-sdk`` 1.3.0 send and expect.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from emulator.errors import CloudError
from emulator.mns import messages, properties
from emulator.mns.queue_actions import ATTRIBUTES
from emulator.mns.request import Answer, Request
from emulator.mns.state import Message, Queue
from emulator.mns.wire import children, document, parse, schema_error, whole_number

if TYPE_CHECKING:
    from emulator.cloud import Cloud

ELEMENTS = ("MessageBody", "DelaySeconds", "Priority", *properties.ITEMS)
"""What a sent message may hold; not ``MessageGroupId``, which is for FIFO queues only (``mns/queue.py``)."""


def send_message(request: Request) -> Answer:
    """201; one message, or a batch of at most 16 that together keep within 64 KB."""
    root = parse(request.body)
    if root.tag == "Message":
        sent = _send(request, request.queue, root)
        return Answer(201, document("Message", {"MessageId": sent.id, "MessageBodyMD5": sent.md5}))
    if root.tag != "Messages":
        raise schema_error(root.tag)
    queue, nodes = request.queue, list(root)
    if not 1 <= len(nodes) <= messages.MAX_BATCH or len(request.body) > 2 * queue.maximum_message_size:
        raise CloudError("InvalidArgument", f"The value of Messages should between 1 and {messages.MAX_BATCH}.")
    if sum(len((node.findtext("MessageBody") or "").encode()) for node in nodes) > ATTRIBUTES["MaximumMessageSize"][2]:
        raise CloudError("InvalidArgument", "The total size of the message bodies should not exceed 65536 bytes.")
    made = [_send(request, queue, node) for node in nodes]
    return Answer(201, document("Messages", {"Message": [{"MessageId": m.id, "MessageBodyMD5": m.md5} for m in made]}))


def _send(request: Request, queue: Queue, node: ET.Element) -> Message:
    parts = children(node, ELEMENTS)
    body = parts["MessageBody"].text if "MessageBody" in parts else None
    if not body:
        raise schema_error("MessageBody")
    delay = parts.get("DelaySeconds")
    priority = parts.get("Priority")
    return messages.send(
        request.cloud,
        queue,
        body,
        delay=None if delay is None else whole_number("DelaySeconds", delay.text, *ATTRIBUTES["DelaySeconds"][1:]),
        priority=8 if priority is None else whole_number("Priority", priority.text, 1, 16),
        properties={kind: properties.read(kind, parts[kind]) for kind in properties.ITEMS if kind in parts},
    )


async def receive_message(request: Request) -> Answer:
    """200, or ``MessageNotExist`` (404) when nothing came within the polling time."""
    queue = request.queue
    count = request.number("numOfMessages", 1, messages.MAX_BATCH) if "numOfMessages" in request.query else 0
    wait = request.number("waitseconds", 0, 30) if "waitseconds" in request.query else queue.polling_wait_seconds
    taken = messages.receive(request.cloud, queue, count or 1)
    if not taken and wait and await messages.wait_for_any(request.cloud, queue, wait):
        taken = messages.receive(request.cloud, queue, count or 1)
    return _shown(taken, batch=bool(count), received=True)


def peek_message(request: Request) -> Answer:
    """200 with visible messages only, from the front; they stay as they are."""
    if request.query["peekonly"] != "true":
        raise CloudError("InvalidQueryString", 'Http request URL contains invalid querystring item "peekonly".')
    count = request.number("numOfMessages", 1, messages.MAX_BATCH) if "numOfMessages" in request.query else 0
    shown = messages.peek(request.cloud, request.queue, count or 1)
    return _shown(shown, batch=bool(count), received=False)


def delete_message(request: Request) -> Answer:
    """204 for one handle."""
    messages.delete(request.cloud, request.queue, request.query["ReceiptHandle"])
    return Answer(204)


def batch_delete_message(request: Request) -> Answer:
    """204, or 404 with one ``Error`` per handle that could not be deleted; the others are deleted."""
    queue, root = request.queue, parse(request.body)
    handles = [node.text or "" for node in root if node.tag == "ReceiptHandle"]
    if root.tag != "ReceiptHandles" or not 1 <= len(handles) <= messages.MAX_BATCH:
        raise schema_error("ReceiptHandles")
    failed = [error for handle in handles if (error := _delete_one(request.cloud, queue, handle))]
    return Answer(404, document("Errors", {"Error": failed})) if failed else Answer(204)


def _delete_one(cloud: Cloud, queue: Queue, handle: str) -> dict[str, str] | None:
    try:
        messages.delete(cloud, queue, handle)
    except CloudError as error:
        return {"ErrorCode": error.code, "ErrorMessage": error.message, "ReceiptHandle": handle}
    return None


def change_visibility(request: Request) -> Answer:
    """200 with the new handle and the time (ms) at which the message shows again."""
    seconds = request.number("VisibilityTimeout", 0, 43200)
    message = messages.change_visibility(request.cloud, request.queue, request.query["ReceiptHandle"], seconds)
    fields = {"ReceiptHandle": message.handle, "NextVisibleTime": int(message.visible_at * 1000)}
    return Answer(200, document("ChangeVisibility", fields))


def _shown(found: list[Message], *, batch: bool, received: bool) -> Answer:
    if not found:
        raise CloudError("MessageNotExist", "Message not exist.", 404)
    fields = [_message(message, received=received) for message in found]
    body = document("Messages", {"Message": fields}) if batch else document("Message", fields[0])
    return Answer(200, body)


def _message(message: Message, *, received: bool) -> dict[str, object]:
    """One message; what was only looked at has no handle and no time of next visibility. Times are ms."""
    fields: dict[str, object] = {
        "MessageId": message.id,
        "MessageBodyMD5": message.md5,
        "MessageBody": message.body,
        "EnqueueTime": int(message.enqueued_at * 1000),
        "FirstDequeueTime": int((message.first_dequeued_at or message.enqueued_at) * 1000),
        "DequeueCount": message.dequeue_count,
        "Priority": message.priority,
        **{kind: {properties.ITEMS[kind]: values} for kind, values in message.properties.items()},
    }
    if received:
        fields |= {"ReceiptHandle": message.handle, "NextVisibleTime": int(message.visible_at * 1000)}
    return fields
