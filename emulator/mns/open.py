"""MNS-open 2022-01-19: the RPC side of the same queues, where dead-letter policies can be set.

Parameters and answers as in the SDK models of ``alibabacloud-mns-open20220119``. Encryption, throttling and FIFO queues
are not emulated: asking for them is refused, not ignored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator import paging
from emulator.errors import CloudError
from emulator.mns import messages
from emulator.mns.queue_actions import ATTRIBUTES, add_queue, change_queue, require_same
from emulator.mns.server import REGION
from emulator.mns.state import DeadLetterPolicy, Queue
from emulator.service import Action, Call, Param, Service
from emulator.shapes import Record

_MOST_RECEIVES = 1000
"""Highest MaxReceiveCount (inferred)."""
_SUCCESS = {"Code": 200, "Message": "operation success.", "Success": True}


def create_queue(call: Call) -> dict[str, Any]:
    """A new queue, or nothing where the same one is there; another one of that name is a 409 (API page CreateQueue)."""
    name = call.params["QueueName"]
    attributes = _attributes(call)
    found = call.cloud.state.mns.queues.get(call.caller.account_id, {}).get(name)
    if found is None:
        add_queue(call.cloud, call.caller.account_id, name, attributes)
    else:
        require_same(found, attributes)
    return {"Data": dict(_SUCCESS)}


def set_queue_attributes(call: Call) -> dict[str, Any]:
    """Only what is sent changes (help page SetQueueAttributes)."""
    queue = messages.find(call.cloud, call.caller.account_id, call.params["QueueName"])
    change_queue(call.cloud, queue, _attributes(call))
    return {"Data": dict(_SUCCESS)}


def get_queue_attributes(call: Call) -> dict[str, Any]:
    """Everything about one queue; the three depths are 0, as announced (SDK model of the answer)."""
    queue = messages.find(call.cloud, call.caller.account_id, call.params["QueueName"])
    return {"Data": _describe(queue) | {"TenantRateLimitPolicy": {"Enabled": False, "MaxReceivesPerSecond": 0}}}


def delete_queue(call: Call) -> dict[str, Any]:
    """Also for a queue that is not there, as on the XML side (help page DeleteQueue)."""
    call.cloud.state.mns.queues.get(call.caller.account_id, {}).pop(call.params["QueueName"], None)
    return {"Data": dict(_SUCCESS)}


def list_queue(call: Call) -> dict[str, Any]:
    """Pages of 10 to 50, out-of-range sizes bent into it (SDK model ListQueueRequest); by prefix (inferred)."""
    size = min(max(call.params["PageSize"], 10), 50)
    number = min(max(call.params["PageNum"], 1), 100_000_000)
    wanted = {tag["Key"]: tag.get("Value", "") for tag in call.params["Tag"] or []}
    queues = call.cloud.state.mns.queues.get(call.caller.account_id, {})
    found = [
        queue
        for name, queue in sorted(queues.items())
        if name.startswith(call.params["QueueName"] or "") and wanted.items() <= queue.tags.items()
    ]
    page = paging.numbered(found, number, size)
    return {
        "Data": {
            "PageData": [_describe(queue) for queue in page],
            "PageNum": number,
            "PageSize": size,
            "Pages": -(-len(found) // size),
            "Size": len(page),
            "Total": len(found),
        }
    }


def _attributes(call: Call) -> dict[str, Any]:
    """What the call sets, as fields of the model."""
    sent = call.params
    for name in ("EnableSSE", "KmsKeyId", "SseAlgorithm", "SseType", "TenantRateLimitPolicy"):
        if sent[name]:
            raise CloudError(f"InvalidParameter.{name}", f"{name} is not emulated.")
    fields = {field: sent[name] for name, (field, _, _) in ATTRIBUTES.items() if sent[name] is not None}
    if sent["EnableLogging"] is not None:
        fields["logging_enabled"] = sent["EnableLogging"]
    if sent["DlqPolicy"] is not None:
        fields["dead_letter"] = _policy(sent["QueueName"], sent["DlqPolicy"])
    if sent.get("Tag"):
        fields["tags"] = {tag["Key"]: tag.get("Value", "") for tag in sent["Tag"]}
    return fields


def _policy(name: str, sent: Mapping[str, Any]) -> DeadLetterPolicy:
    """A queue cannot be its own dead-letter queue (help page "Dead-letter queue")."""
    target, count = sent.get("DeadLetterTargetQueue", ""), sent.get("MaxReceiveCount", 16)
    target = target.rpartition("/")[2]
    if sent.get("Enabled") and (not target or target == name):
        raise CloudError("InvalidParameter.DlqPolicy", "DeadLetterTargetQueue must name another queue.")
    if not 1 <= count <= _MOST_RECEIVES:
        raise CloudError("InvalidParameter.DlqPolicy", f"MaxReceiveCount must be 1 to {_MOST_RECEIVES}.")
    return DeadLetterPolicy(enabled=bool(sent.get("Enabled")), target=target, max_receive_count=count)


def _describe(queue: Queue) -> dict[str, Any]:
    return {
        "QueueName": queue.name,
        "QueueType": "normal",
        **{name: getattr(queue, field) for name, (field, _, _) in ATTRIBUTES.items()},
        "ActiveMessages": 0,
        "InactiveMessages": 0,
        "DelayMessages": 0,
        "CreateTime": int(queue.created_at),
        "LastModifyTime": int(queue.modified_at),
        "LoggingEnabled": queue.logging_enabled,
        "DlqPolicy": {
            "Enabled": queue.dead_letter.enabled,
            "DeadLetterTargetQueue": queue.dead_letter.target,
            "MaxReceiveCount": str(queue.dead_letter.max_receive_count),
        },
        "EnableSSE": False,
        "EncryptionEnabled": False,
        "KmsKeyId": "",
        "SseAlgorithm": "",
        "SseType": "",
        "Tags": [{"TagKey": key, "TagValue": value} for key, value in queue.tags.items()],
    }


_NAME = Param(required=True, minimum=1, maximum=120)
_DEAD_LETTERS = Record({"Enabled": bool, "DeadLetterTargetQueue": str, "MaxReceiveCount": int})
_RATE = Record({"Enabled": bool, "MaxReceivesPerSecond": int})
_SET = {
    "QueueName": _NAME,
    **{name: Param("integer", minimum=low, maximum=high) for name, (_, low, high) in ATTRIBUTES.items()},
    "DlqPolicy": Param("json", shape=_DEAD_LETTERS),
    "EnableLogging": Param("boolean"),
    "EnableSSE": Param("boolean"),
    "KmsKeyId": Param(),
    "SseAlgorithm": Param(),
    "SseType": Param(),
    "TenantRateLimitPolicy": Param("json", shape=_RATE),
}
_QUEUE = f"acs:mns:{REGION}:{{account}}:/queues/{{QueueName}}"
_REFUSED = (
    "InvalidParameter.EnableSSE",
    "InvalidParameter.KmsKeyId",
    "InvalidParameter.SseAlgorithm",
    "InvalidParameter.SseType",
    "InvalidParameter.TenantRateLimitPolicy",
    "InvalidParameter.DlqPolicy",
)

SERVICE = Service(
    name="mnsopen",
    product="Mns",
    version="2022-01-19",
    region=REGION,
    success={"Status": "Success", **_SUCCESS},
    actions={
        "CreateQueue": Action(
            create_queue,
            params={**_SET, "QueueType": Param(choices=("normal",)), "Tag": Param("maps")},
            permission="mns:CreateQueue",
            resource=_QUEUE,
            writes=True,
            errors=("QueueAlreadyExist", "QueueNumExceededLimit", "InvalidArgument", *_REFUSED),
        ),
        "SetQueueAttributes": Action(
            set_queue_attributes,
            params=_SET,
            permission="mns:SetQueueAttributes",
            resource=_QUEUE,
            writes=True,
            errors=("QueueNotExist", *_REFUSED),
        ),
        "GetQueueAttributes": Action(
            get_queue_attributes,
            params={"QueueName": _NAME, "Tag": Param("maps")},
            permission="mns:GetQueueAttributes",
            resource=_QUEUE,
            errors=("QueueNotExist",),
        ),
        "DeleteQueue": Action(
            delete_queue,
            params={"QueueName": _NAME},
            permission="mns:DeleteQueue",
            resource=_QUEUE,
            writes=True,
        ),
        "ListQueue": Action(
            list_queue,
            params={
                "PageNum": Param("integer", default=1),
                "PageSize": Param("integer", default=10),
                "QueueName": Param(),
                "QueueType": Param(choices=("normal", "fifo")),
                "Tag": Param("maps"),
            },
            permission="mns:ListQueue",
            resource=f"acs:mns:{REGION}:{{account}}:/queues",
        ),
    },
)
