"""The MNS actions on queues: from a parsed request to status and XML, and what a queue may be.

Facts without another source are from the help pages of the same name (Simple Message Queue, developer reference) and
from what ``mns/mns_client.py`` and ``mns/mns_xml_handler.py`` of ``aliyun-mns-sdk`` 1.3.0 send and expect.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulator.errors import CloudError
from emulator.mns.request import Answer, Request
from emulator.mns.state import Queue
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
ELEMENTS = (*ATTRIBUTES, "LoggingEnabled")
"""What may be said of a queue."""


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


def _attributes(body: bytes) -> dict[str, object]:
    """What a ``Queue`` element sets, as fields of the model."""
    root = parse(body)
    if root.tag != "Queue":
        raise schema_error(root.tag)
    found = children(root, ELEMENTS)
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
