"""The MNS actions: from a parsed request to status and XML. What happens to messages is in ``messages.py``.

Facts without another source are from the help pages of the same name (Simple Message Queue, developer reference) and
from what ``mns/mns_client.py`` and ``mns/mns_xml_handler.py`` of ``aliyun-mns-sdk`` 1.3.0 send and expect.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from emulator.errors import CloudError
from emulator.mns import messages
from emulator.mns.state import Message, Queue
from emulator.mns.wire import children, document, parse, schema_error, whole_number

if TYPE_CHECKING:
    from emulator.cloud import Cloud

NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,119}")
MAX_QUEUES = 1000
ATTRIBUTES = {
    "VisibilityTimeout": ("visibility_timeout", 1, 43200),
    "MaximumMessageSize": ("maximum_message_size", 1024, 65536),
    "MessageRetentionPeriod": ("message_retention_period", 60, 604800),
    "DelaySeconds": ("delay_seconds", 0, 604800),
    "PollingWaitSeconds": ("polling_wait_seconds", 0, 30),
}
"""Wire name → field, lowest, highest (help page CreateQueue)."""
_PROPERTIES = ("UserProperties", "SystemProperties")


@dataclass(frozen=True)
class Request:
    """One authenticated MNS call."""

    cloud: Cloud
    account_id: str
    base_url: str
    queue_name: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def queue(self) -> Queue:
        """The queue that the path names."""
        return messages.find(self.cloud, self.account_id, self.queue_name)

    def number(self, name: str, low: int, high: int) -> int:
        """An integer of the query string, within its range."""
        return whole_number(name, self.query.get(name), low, high)


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Run = Callable[[Request], "Answer | Awaitable[Answer]"]


def create_queue(request: Request) -> Answer:
    """201, or 204 when the queue is there with the same attributes; other attributes are a 409."""
    queues = request.cloud.state.mns.queues.setdefault(request.account_id, {})
    wanted = _attributes(request.body)
    location = (("Location", f"{request.base_url}/queues/{request.queue_name}"),)
    found = queues.get(request.queue_name)
    if found is not None:
        require_same(found, wanted)
        return Answer(204, headers=location)
    add_queue(request.cloud, request.account_id, request.queue_name, wanted)
    return Answer(201, headers=location)


def require_same(queue: Queue, wanted: Mapping[str, object]) -> None:
    """``QueueAlreadyExist`` (409) when a queue of that name has other attributes."""
    defaults = Queue(name="", created_at=0, modified_at=0)
    fields = [field for field, _, _ in ATTRIBUTES.values()] + ["logging_enabled"]
    if any(getattr(queue, name) != wanted.get(name, getattr(defaults, name)) for name in fields):
        raise CloudError("QueueAlreadyExist", "The queue you want to create is already exist.", 409)


def add_queue(cloud: Cloud, account_id: str, name: str, attributes: Mapping[str, object]) -> Queue:
    """Make the queue; name and number are bounded (help page "Limits")."""
    if not NAME.fullmatch(name):
        raise CloudError(
            "InvalidArgument",
            "The queue name you provided is invalid. QueueName should start with "
            "alpha or digit, and contain only alpha, digit, '-' or '_', at most 120 characters.",
        )
    queues = cloud.state.mns.queues.setdefault(account_id, {})
    if len(queues) >= MAX_QUEUES:
        raise CloudError("QueueNumExceededLimit", f"The number of queues exceeds {MAX_QUEUES}.", 403)
    now = cloud.clock.now()
    queues[name] = Queue.model_validate({"name": name, "created_at": now, "modified_at": now, **attributes})
    return queues[name]


def set_queue_attributes(request: Request) -> Answer:
    """204; only what is sent changes."""
    change_queue(request.cloud, request.queue, _attributes(request.body))
    return Answer(204)


def change_queue(cloud: Cloud, queue: Queue, attributes: Mapping[str, object]) -> None:
    """Overwrite attributes and the time of the last change."""
    for name, value in attributes.items():
        setattr(queue, name, value)
    queue.modified_at = cloud.clock.now()


def get_queue_attributes(request: Request) -> Answer:
    """200 with the twelve elements that the SDK demands."""
    return Answer(200, document("Queue", _describe(request.queue)))


def delete_queue(request: Request) -> Answer:
    """204, also for a queue that is not there (help page DeleteQueue)."""
    request.cloud.state.mns.queues.get(request.account_id, {}).pop(request.queue_name, None)
    return Answer(204)


def list_queue(request: Request) -> Answer:
    """A page by prefix, marker and at most 1,000 names, all three in headers."""
    headers = request.headers
    size = whole_number("x-mns-ret-number", headers.get("x-mns-ret-number", "1000"), 1, 1000)
    prefix, marker = headers.get("x-mns-prefix", ""), headers.get("x-mns-marker", "")
    queues = request.cloud.state.mns.queues.get(request.account_id, {})
    names = sorted(name for name in queues if name.startswith(prefix) and name >= marker)
    shown = [
        {"QueueURL": f"{request.base_url}/queues/{name}"}
        | (_describe(queues[name]) if headers.get("x-mns-with-meta") == "true" else {})
        for name in names[:size]
    ]
    following = {"NextMarker": names[size]} if len(names) > size else {}
    return Answer(200, document("Queues", {"Queue": shown, **following}))


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
    parts = children(node, ("MessageBody", "DelaySeconds", "Priority", *_PROPERTIES))
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
        properties={
            kind: [{field.tag: field.text or "" for field in value} for value in parts[kind]]
            for kind in _PROPERTIES
            if kind in parts
        },
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


def _attributes(body: bytes) -> dict[str, object]:
    """What a ``Queue`` element sets, as fields of the model."""
    root = parse(body)
    if root.tag != "Queue":
        raise schema_error(root.tag)
    found = children(root, (*ATTRIBUTES, "LoggingEnabled"))
    fields: dict[str, object] = {}
    for tag, (name, low, high) in ATTRIBUTES.items():
        if tag in found:
            fields[name] = whole_number(tag, found[tag].text, low, high)
    if "LoggingEnabled" in found:
        fields["logging_enabled"] = found["LoggingEnabled"].text in ("True", "true")
    return fields


def _describe(queue: Queue) -> dict[str, object]:
    """The attributes; the three depths are 0, as announced (SDK model mns-open GetQueueAttributesResponseBodyData)."""
    return {
        "QueueName": queue.name,
        "CreateTime": int(queue.created_at),
        "LastModifyTime": int(queue.modified_at),
        **{tag: getattr(queue, field) for tag, (field, _, _) in ATTRIBUTES.items()},
        "LoggingEnabled": queue.logging_enabled,
        "ActiveMessages": 0,
        "InactiveMessages": 0,
        "DelayMessages": 0,
    }


def _shown(found: list[Message], *, batch: bool, received: bool) -> Answer:
    if not found:
        raise CloudError("MessageNotExist", "Message not exist.", 404)
    fields = [_message(message, received=received) for message in found]
    body = document("Messages", {"Message": fields}) if batch else document("Message", fields[0])
    return Answer(200, body)


def _message(message: Message, *, received: bool) -> dict[str, object]:
    """One message; what was only looked at has no handle and no time of next visibility. Times are ms."""
    item = {"UserProperties": "PropertyValue", "SystemProperties": "SystemPropertyValue"}
    fields: dict[str, object] = {
        "MessageId": message.id,
        "MessageBodyMD5": message.md5,
        "MessageBody": message.body,
        "EnqueueTime": int(message.enqueued_at * 1000),
        "FirstDequeueTime": int((message.first_dequeued_at or message.enqueued_at) * 1000),
        "DequeueCount": message.dequeue_count,
        "Priority": message.priority,
        **{kind: {item[kind]: values} for kind, values in message.properties.items()},
    }
    if received:
        fields |= {"ReceiptHandle": message.handle, "NextVisibleTime": int(message.visible_at * 1000)}
    return fields
