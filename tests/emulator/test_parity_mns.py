"""The queue actions against the classes with which ``aliyun-mns-sdk`` writes its requests and reads their answers.

That SDK has no models. Its encoders are asked for all that they can write, the sources of its decoders for the elements
that they look for; the bodies in between are those of a tour through every action.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import pytest
from mns import mns_client
from mns import mns_xml_handler as handlers
from mns.account import Account
from mns.message_property import (
    MessagePropertyValue,
    MessageSystemPropertyValue,
    PropertyType,
    SystemPropertyName,
    SystemPropertyType,
)
from mns.mns_exception import MNSServerException
from mns.mns_http import MNSHttp, RequestInternal
from mns.mns_request import CreateQueueRequest, ListQueueRequest, ListQueueResponse
from mns.queue import Message, Queue, QueueMeta

from emulator.mns import message_actions, queue_actions, server

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

NO_FIELDS = {
    *(
        "Queue",
        "Message",
        "Messages",
        "Errors",
        "Error",
        "ChangeVisibility",
        "RespDataDamaged",
        "True",
        "False",
        "None",
    ),
    *("PropertyValue", "SystemPropertyValue", "Name", "Value", "Type"),
}
"""Words in the SDK's sources that are no element of a queue, a message or an error."""
DECODERS: Mapping[str, tuple[Callable[..., Any], str]] = {
    "get_attributes": (handlers.GetQueueAttrDecoder.decode, "."),
    "list": (handlers.GetQueueAttrDecoder.decode, "{*}Queue"),
    "send_message": (handlers.SendMessageDecoder.decode, "."),
    "batch_send_message": (handlers.BatchSendMessageDecoder.decode, "{*}Message"),
    "receive_message": (handlers.RecvMessageDecoder.decode, "."),
    "batch_receive_message": (handlers.BatchRecvMessageDecoder.decode, "{*}Message"),
    "peek_message": (handlers.PeekMessageDecoder.decode, "."),
    "batch_peek_message": (handlers.BatchPeekMessageDecoder.decode, "{*}Message"),
    "change_message_visibility": (handlers.ChangeMsgVisDecoder.decode, "."),
    "batch_delete_message": (handlers.BatchDeleteMessageDecoder.decodeError, "{*}Error"),
}
"""The SDK's call → what reads its answer, and where in the answer the elements are that it looks for."""
SILENT = {"create", "set_attributes", "delete", "delete_message"}
"""Calls whose answers have no body."""
LEFT_OUT = {
    "list": {"QueueURL"},  # ListQueueDecoder takes it beside the attributes, whatever those are
    "send_message": {"ReceiptHandle", "MessageGroupId"},
    "batch_send_message": {"MessageGroupId"},
    "batch_receive_message": {"MessageGroupId"},
}
"""Elements on one side only. A group is "for FIFO queues only" (``mns/queue.py``), which are not emulated; a handle
comes with receiving and with a change of visibility, not with sending (help page QueueMessage)."""


NUMBERS = set(re.findall(r'int\(\w+\["(\w+)"\]\)', inspect.getsource(mns_client)))
"""What the SDK makes a number of."""


@pytest.fixture
def said(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """A tour through every call of the SDK on queues: the call → what was sent, and what was answered."""
    heard: dict[str, Any] = {}
    send: Callable[..., Any] = MNSHttp.send_request
    calling: list[str] = []

    def listening(self: Any, request: Any) -> Any:
        answer = send(self, request)
        heard[calling[-1]] = (request.data, answer.data)
        return answer

    monkeypatch.setattr(MNSHttp, "send_request", listening)
    for name, call in tour(cloud):
        calling.append(name)
        call()
    return heard


def meta() -> QueueMeta:
    """All that a queue's maker can say of it."""
    made = QueueMeta(12, 2048, 3600, 5, 7)
    made.set_logging_enabled(True)
    return made


def message(text: str) -> Message:
    """All that a sender can say of a message."""
    made = Message(text, 0, 3)
    made.add_user_property("colour", MessagePropertyValue(PropertyType.STRING, "red"))
    trace = MessageSystemPropertyValue(SystemPropertyType.STRING, "00-1-1-00")
    made.add_system_property(SystemPropertyName.TRACEPARENT, trace)
    return made


def tour(cloud: LocalCloud) -> Iterator[tuple[str, Callable[[], object]]]:
    """Every call of the SDK that a queue has, each so that it gives something; names as the SDK's."""
    key = cloud.key()
    account = Account(cloud.endpoints["mns"], key.access_key_id, key.access_key_secret)
    queue, taken = account.get_queue("toured"), list[Any]()
    yield "create", lambda: queue.create(meta())
    yield "set_attributes", lambda: queue.set_attributes(meta())
    yield "get_attributes", queue.get_attributes
    listing = ListQueueRequest(with_meta=True)
    yield "list", lambda: account.mns_client.list_queue(listing, ListQueueResponse())
    yield "send_message", lambda: queue.send_message(message("one"))
    yield "batch_send_message", lambda: queue.batch_send_message([message("two"), message("three")])
    yield "peek_message", queue.peek_message
    yield "batch_peek_message", lambda: queue.batch_peek_message(16)
    yield "receive_message", lambda: taken.append(queue.receive_message())
    yield "change_message_visibility", lambda: queue.change_message_visibility(taken[-1].receipt_handle, 9)
    yield "batch_receive_message", lambda: taken.extend(queue.batch_receive_message(16))
    yield "delete_message", lambda: queue.delete_message(taken[1].receipt_handle)

    def failing() -> None:
        with pytest.raises(MNSServerException):
            queue.batch_delete_message([taken[1].receipt_handle, taken[2].receipt_handle])

    yield "batch_delete_message", failing
    yield "delete", queue.delete


def elements(body: str, place: str = ".") -> dict[str, str]:
    """Name and text of the elements in an XML document, in the first of a place."""
    found = ET.fromstring(body).find(place)  # noqa: S314  # the emulator's, or the SDK's
    assert found is not None
    return {child.tag.rpartition("}")[2]: "".join(child.itertext()) for child in found}


def named(code: Callable[..., Any]) -> set[str]:
    """The elements that an encoder or decoder of the SDK names in its source, or has its base class parse."""
    source = inspect.getsource(code)
    properties = {"UserProperties", "SystemProperties"} if "user_properties" in source else set()
    return set(re.findall(r'"([A-Z]\w+)"', source)) - NO_FIELDS | properties


def test_every_call_of_the_sdk_is_an_action(cloud: LocalCloud, said: dict[str, Any]) -> None:
    """The tour makes every call that the SDK has for a queue, and meets every action there is."""
    public = {
        name for name, _ in inspect.getmembers(Queue, inspect.isfunction) if not name.startswith(("_", "set_enc"))
    }
    twins = {name for name in public if name.endswith("_with_str_body")} | {"set_debug", "debuginfo"}
    assert public - twins | {"list"} == said.keys()
    assert {entry["action"] for entry in cloud.journal(service="mns")} == server.ACTIONS


def test_what_is_accepted_is_what_the_sdk_writes(said: dict[str, Any]) -> None:
    """Each element that the SDK can write is accepted, and none beside them."""
    assert set(queue_actions.ELEMENTS) == named(handlers.QueueEncoder.encode)
    for call in ("create", "set_attributes"):
        assert elements(said[call][0]).keys() == set(queue_actions.ELEMENTS)
    assert {*message_actions.ELEMENTS, "MessageGroupId"} == named(handlers.MessageEncoder.encode)
    for call, place in (("send_message", "."), ("batch_send_message", "{*}Message")):
        assert elements(said[call][0], place).keys() == set(message_actions.ELEMENTS)


GOOD = "<Name>a</Name><Value>b</Value><Type>STRING</Type>"
BAD_PROPERTIES = (
    *("text", "<Property/>", "<PropertyValue/>", f"<PropertyValue>{GOOD}<Odd/></PropertyValue>"),
    f"<PropertyValue>{GOOD}</PropertyValue>" * 2,
    *(
        f"<PropertyValue>{GOOD.replace(right, wrong)}</PropertyValue>"
        for right, wrong in (
            *((">a<", "><"), (">a<", ">.a<"), (">a<", ">a.<"), (">a<", ">a b<"), (">a<", f">{'a' * 257}<")),
            *(("STRING", "TEXT"), ("STRING", "BOOLEAN"), (">b<", f">{'b' * 4097}<"), ("<Value>b</Value>", "")),
        )
    ),
    "".join(f"<PropertyValue>{GOOD.replace('>a<', f'>a{number}<')}</PropertyValue>" for number in range(51)),
)
"""Help page "Message attributes": what a name, a type and a value may be, and how many there may be."""


BAD_PARTS = (
    *(f"<UserProperties>{bad}</UserProperties>" for bad in BAD_PROPERTIES),
    *(
        f"<SystemProperties><SystemPropertyValue>{part}</SystemPropertyValue></SystemProperties>"
        for part in (GOOD, GOOD.replace(">a<", ">baggage<").replace("STRING", "NUMBER"))
    ),
)


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *(
            ("POST", "/queues/odd/messages", f"<Message><MessageBody>x</MessageBody>{part}</Message>")
            for part in BAD_PARTS
        ),
        ("PUT", "/queues/odd", "<Queue><VisibilityTimeOut>3</VisibilityTimeOut></Queue>"),
        ("PUT", "/queues/odd?metaoverride=true", "<Queue><VisibilityTimeOut>3</VisibilityTimeOut></Queue>"),
        ("POST", "/queues/odd/messages", "<Message><MessageBody>x</MessageBody><DelaySecond>3</DelaySecond></Message>"),
        (
            "POST",
            "/queues/odd/messages",
            "<Messages><Message><MessageBody>x</MessageBody><Delay>3</Delay></Message></Messages>",
        ),
        ("DELETE", "/queues/odd/messages", "<ReceiptHandles><Handle>x</Handle></ReceiptHandles>"),
    ],
    ids=lambda one: one[-90:],
)
def test_what_the_sdk_does_not_write_is_refused(cloud: LocalCloud, method: str, path: str, body: str) -> None:
    """An element that no version of the SDK knows is a misspelt one."""
    key = cloud.key()
    account = Account(cloud.endpoints["mns"], key.access_key_id, key.access_key_secret)
    account.get_queue("odd").create(QueueMeta())
    request = RequestInternal(method, path, data=body.encode())
    account.mns_client.build_header(CreateQueueRequest("odd"), request)
    answer = account.mns_client.http.send_request(request)
    assert (answer.status, "<Code>InvalidArgument</Code>" in answer.data) == (400, True), answer.data


@pytest.mark.parametrize("call", sorted(DECODERS))
def test_answers_are_what_the_sdk_looks_for(said: dict[str, Any], call: str) -> None:
    """An answer has the elements that the SDK's decoder names, and no other; none is empty; its numbers are numbers."""
    decoder, place = DECODERS[call]
    found = elements(said[call][1], place)
    assert found.keys() ^ named(decoder) == LEFT_OUT.get(call, set())
    assert [name for name, text in found.items() if not text] == []
    assert [name for name, text in found.items() if name in NUMBERS and not text.isdigit()] == []


def test_the_sdk_reads_numbers() -> None:
    """What it takes for numbers is all that counts, measures or dates."""
    assert {"DequeueCount", "EnqueueTime", "VisibilityTimeout", "NextVisibleTime", "ActiveMessages"} <= NUMBERS


@pytest.mark.parametrize("call", sorted(SILENT))
def test_other_answers_are_empty(said: dict[str, Any], call: str) -> None:
    """What the SDK reads nothing from has no body."""
    assert said[call][1] == ""
