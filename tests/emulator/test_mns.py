"""Queues as `aliyun-mns-sdk` sees them."""

from __future__ import annotations

import base64
import http.client
import threading
import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from alibabacloud_mns_open20220119.models import CreateQueueRequest
from alibabacloud_ram20150501 import models
from mns.account import Account
from mns.message_property import MessagePropertyValue, PropertyType
from mns.mns_exception import MNSClientNetworkException, MNSServerException
from mns.queue import Message, QueueMeta

from tests.cloud import Key

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cloud import LocalCloud


def account(cloud: LocalCloud, key: Key | None = None) -> Any:
    key = key or cloud.key()
    return Account(cloud.endpoints["mns"], key.access_key_id, key.access_key_secret, key.token)


def queue(cloud: LocalCloud, name: str = "jobs", *, key: Key | None = None, **attributes: int) -> Any:
    made = account(cloud, key).get_queue(name)
    made.create(QueueMeta(**{"vis_timeout": 30, **attributes}))
    return made


def refusal(call: Callable[[], object]) -> str:
    with pytest.raises(MNSServerException) as caught:
        call()
    return str(caught.value.type)


def test_a_message_comes_back_as_it_was_sent(cloud: LocalCloud) -> None:
    """What is sent, base64 and all, is received unchanged, with the id and digest that sending answered."""
    jobs = queue(cloud)
    sent = jobs.send_message(Message("fünf <&> ünits"))
    got = jobs.receive_message()
    assert got.message_body.decode() == "fünf <&> ünits"
    assert (got.message_id, got.message_body_md5) == (sent.message_id, sent.message_body_md5)
    assert (got.dequeue_count, got.priority) == (1, 8)


def test_plain_bodies_are_not_touched(cloud: LocalCloud) -> None:
    """Without encoding the body is stored and returned as plain text."""
    jobs = queue(cloud)
    jobs.set_encoding(False)
    jobs.send_message(Message('{"a": "<b>"}'))
    assert jobs.receive_message().message_body == '{"a": "<b>"}'


def test_create_tells_same_from_different(cloud: LocalCloud) -> None:
    """Creating a queue again is fine with equal attributes and refused with others."""
    queue(cloud, vis_timeout=40)
    assert queue(cloud, vis_timeout=40).create(QueueMeta(vis_timeout=40)).endswith("/queues/jobs")
    assert refusal(lambda: queue(cloud, vis_timeout=41)) == "QueueAlreadyExist"


def test_attributes_are_set_and_depths_are_zero(cloud: LocalCloud) -> None:
    """Attributes change one by one; the three depths are 0 whatever is in the queue."""
    jobs = queue(cloud, vis_timeout=40, delay_sec=0)
    jobs.send_message(Message("x"))
    jobs.set_attributes(QueueMeta(msg_ttl=600, vis_timeout=50))
    meta = jobs.get_attributes()
    assert (meta.message_retention_period, meta.visibility_timeout) == (600, 50)
    assert (meta.active_messages, meta.inactive_messages, meta.delay_messages) == (0, 0, 0)


@pytest.mark.parametrize(
    "attributes",
    [
        {"vis_timeout": 43201},
        {"delay_sec": 604801},
        {"msg_ttl": 59},
        {"max_msg_size": 1023},
        {"max_msg_size": 65537},
        {"polling_wait_sec": 31},
    ],
)
def test_attributes_out_of_range_are_refused(cloud: LocalCloud, attributes: dict[str, Any]) -> None:
    """Each attribute has the documented range."""
    assert refusal(lambda: queue(cloud, **attributes)) == "InvalidArgument"


def test_names_out_of_form_are_refused(cloud: LocalCloud) -> None:
    """A queue's name begins with a letter or digit and has at most 120 characters."""
    assert refusal(lambda: queue(cloud, "-jobs")) == "InvalidArgument"
    assert refusal(lambda: queue(cloud, "x" * 121)) == "InvalidArgument"


def test_queues_are_listed_by_prefix_and_page(cloud: LocalCloud) -> None:
    """A listing is ordered, filtered by prefix and continued with a marker."""
    for name in ("a1", "a2", "a3", "b1"):
        queue(cloud, name)
    urls, marker = account(cloud).list_queue(prefix="a", ret_number=2)
    rest, end = account(cloud).list_queue(prefix="a", ret_number=2, marker=marker)
    assert [url.rpartition("/")[2] for url in urls + rest] == ["a1", "a2", "a3"]
    assert end == ""


def test_a_missing_queue_is_not_there(cloud: LocalCloud) -> None:
    """Every use of a queue that does not exist is refused, deleting it is not."""
    gone = account(cloud).get_queue("gone")
    assert refusal(lambda: gone.send_message(Message("x"))) == "QueueNotExist"
    assert refusal(gone.get_attributes) == "QueueNotExist"
    assert refusal(gone.receive_message) == "QueueNotExist"
    gone.delete()


def test_a_received_message_is_hidden_until_its_time(cloud: LocalCloud) -> None:
    """A message shows again after the visibility timeout, with a higher count, and the old handle is void."""
    jobs = queue(cloud, vis_timeout=30)
    jobs.send_message(Message("x"))
    first = jobs.receive_message()
    assert refusal(jobs.receive_message) == "MessageNotExist"
    cloud.advance(31)
    second = jobs.receive_message()
    assert (second.message_id, second.dequeue_count) == (first.message_id, 2)
    assert second.first_dequeue_time == first.first_dequeue_time
    assert refusal(lambda: jobs.delete_message(first.receipt_handle)) == "MessageNotExist"
    jobs.delete_message(second.receipt_handle)
    cloud.advance(31)
    assert refusal(jobs.receive_message) == "MessageNotExist"


def test_an_expired_handle_deletes_nothing(cloud: LocalCloud) -> None:
    """A handle is void once the message is visible again, even if nobody received it since."""
    jobs = queue(cloud, vis_timeout=5)
    jobs.send_message(Message("x"))
    got = jobs.receive_message()
    cloud.advance(6)
    assert refusal(lambda: jobs.delete_message(got.receipt_handle)) == "MessageNotExist"
    assert refusal(lambda: jobs.delete_message("nonsense")) == "ReceiptHandleError"
    assert jobs.receive_message().dequeue_count == 2


def test_visibility_can_be_changed(cloud: LocalCloud) -> None:
    """A change of visibility gives a new handle and voids the one before."""
    jobs = queue(cloud, vis_timeout=30)
    jobs.send_message(Message("x"))
    got = jobs.receive_message()
    changed = jobs.change_message_visibility(got.receipt_handle, 300)
    assert changed.receipt_handle != got.receipt_handle
    cloud.advance(60)
    assert refusal(jobs.receive_message) == "MessageNotExist"
    assert refusal(lambda: jobs.delete_message(got.receipt_handle)) == "MessageNotExist"
    jobs.delete_message(changed.receipt_handle)


def test_delays_are_kept(cloud: LocalCloud) -> None:
    """The queue's delay applies unless the message has its own; delayed messages can be neither received nor seen."""
    jobs = queue(cloud, delay_sec=100)
    jobs.send_message(Message("later"))
    jobs.send_message(Message("soon", 10))
    assert refusal(jobs.peek_message) == "MessageNotExist"
    cloud.advance(11)
    assert jobs.receive_message().message_body == b"soon"
    assert refusal(jobs.receive_message) == "MessageNotExist"
    cloud.advance(90)
    assert jobs.batch_peek_message(16)[0].message_body == b"later"


def test_a_week_is_the_longest_delay(cloud: LocalCloud) -> None:
    """A delay over 604,800 seconds is refused by the service, not by the SDK."""
    jobs = queue(cloud)
    jobs.send_message(Message("x", 604800))
    assert refusal(lambda: jobs.send_message(Message("x", 604801))) == "InvalidArgument"


def test_retention_ends_messages(cloud: LocalCloud) -> None:
    """A message is gone when its retention is over, delayed time included."""
    jobs = queue(cloud, msg_ttl=60)
    jobs.send_message(Message("x"))
    jobs.send_message(Message("never seen", 61))
    cloud.advance(40)
    assert jobs.peek_message().message_body == b"x"
    cloud.advance(22)
    assert refusal(jobs.receive_message) == "MessageNotExist"
    assert refusal(jobs.peek_message) == "MessageNotExist"


def test_priority_goes_first(cloud: LocalCloud) -> None:
    """A lower number is served first, equals in the order in which they were sent."""
    jobs = queue(cloud)
    for body, priority in (("a", 8), ("b", 16), ("c", 1), ("d", 8)):
        jobs.send_message(Message(body, priority=priority))
    assert [m.message_body for m in jobs.batch_receive_message(16)] == [b"c", b"a", b"d", b"b"]


def test_peek_sees_sixteen_and_no_more(cloud: LocalCloud) -> None:
    """Peek always shows the same first messages, at most 16, and leaves them as they are."""
    jobs = queue(cloud)
    for start in (0, 16):
        jobs.batch_send_message([Message(str(number)) for number in range(start, start + 16)])
    first, second = jobs.batch_peek_message(16), jobs.batch_peek_message(16)
    assert [m.message_id for m in first] == [m.message_id for m in second]
    assert [m.message_body for m in first] == [str(number).encode() for number in range(16)]
    assert refusal(lambda: jobs.batch_peek_message(17)) == "InvalidArgument"
    assert jobs.receive_message().dequeue_count == 1


def test_batches_hold_sixteen(cloud: LocalCloud) -> None:
    """A batch of 17 is refused as a whole, sending and receiving."""
    jobs = queue(cloud)
    assert refusal(lambda: jobs.batch_send_message([Message("x")] * 17)) == "InvalidArgument"
    assert refusal(lambda: jobs.batch_receive_message(17)) == "InvalidArgument"
    assert refusal(jobs.peek_message) == "MessageNotExist"


def test_batch_delete_says_what_failed(cloud: LocalCloud) -> None:
    """A batch delete deletes what it can and names each handle that it could not."""
    jobs = queue(cloud)
    jobs.batch_send_message([Message("a"), Message("b")])
    good, other = jobs.batch_receive_message(16)
    jobs.delete_message(other.receipt_handle)
    with pytest.raises(MNSServerException) as caught:
        jobs.batch_delete_message([good.receipt_handle, other.receipt_handle])
    assert caught.value.type == "MessageNotExist"
    assert [fault["ReceiptHandle"] for fault in caught.value.sub_errors] == [other.receipt_handle]
    assert cloud.state()["mns"]["queues"]["1000000000000001"]["jobs"]["messages"] == {}


def test_bodies_keep_within_64_kb(cloud: LocalCloud) -> None:
    """The limit counts what is on the wire, base64 included, for one message and for a batch together."""
    jobs = queue(cloud)
    jobs.send_message(Message("x" * 49152))
    assert refusal(lambda: jobs.send_message(Message("x" * 49153))) == "InvalidArgument"
    halves = [Message("x" * 24577), Message("x" * 24577)]
    assert refusal(lambda: jobs.batch_send_message(halves)) == "InvalidArgument"


def test_a_long_poll_ends_when_a_message_comes(cloud: LocalCloud) -> None:
    """A waiting receive answers as soon as somebody sends."""
    jobs = queue(cloud)
    threading.Timer(0.3, lambda: queue(cloud).send_message(Message("now"))).start()
    began = time.monotonic()
    assert jobs.receive_message(10).message_body == b"now"
    assert 0.2 < time.monotonic() - began < 3


def test_a_long_poll_ends_when_a_delay_ends(cloud: LocalCloud) -> None:
    """A waiting receive answers when the emulator's clock makes a delayed message visible."""
    jobs = queue(cloud)
    jobs.send_message(Message("later", 100))
    threading.Timer(0.2, lambda: cloud.advance(100)).start()
    began = time.monotonic()
    assert jobs.receive_message(30).message_body == b"later"
    assert time.monotonic() - began < 5


def test_a_long_poll_ends_empty(cloud: LocalCloud) -> None:
    """Without a message it ends after its seconds of real time, or sooner when the emulator's clock passes them."""
    jobs = queue(cloud, polling_wait_sec=1)
    began = time.monotonic()
    assert refusal(jobs.receive_message) == "MessageNotExist"
    assert 0.9 < time.monotonic() - began < 3
    threading.Timer(0.2, lambda: cloud.advance(30)).start()
    assert refusal(lambda: jobs.receive_message(30)) == "MessageNotExist"
    assert time.monotonic() - began < 8


def test_waiting_costs_no_time_of_others(cloud: LocalCloud) -> None:
    """While many wait, other calls are answered at once."""
    waiting = [queue(cloud) for _ in range(20)]
    threads = [threading.Thread(target=lambda q=one: refusal(lambda: q.receive_message(2))) for one in waiting]
    for thread in threads:
        thread.start()
    began = time.monotonic()
    queue(cloud, "other").send_message(Message("x"))
    assert time.monotonic() - began < 1
    for thread in threads:
        thread.join()


def test_user_properties_travel(cloud: LocalCloud) -> None:
    """Properties of a message come back with it, of each type that the SDK has, up to the longest and the fiftieth."""
    jobs = queue(cloud)
    message = Message("x")
    kinds = {"NUMBER": "1e3", "STRING": "b" * 4096, "BOOLEAN": "true", "BINARY": "aGk="}
    sent = {f"a.{kind}": MessagePropertyValue(kind, value) for kind, value in kinds.items()}
    sent |= {f"{number:0256}": MessagePropertyValue(PropertyType.STRING, "v") for number in range(46)}
    for name, value in sent.items():
        message.add_user_property(name, value)
    jobs.send_message(message)
    got = jobs.receive_message().get_user_properties()
    assert {name: value.get_string_value_by_type() for name, value in got.items()} == {
        name: value.get_string_value_by_type() for name, value in sent.items()
    }


def test_wrong_signatures_are_refused(cloud: LocalCloud) -> None:
    """An unknown key and a wrong secret are told apart."""
    good = cloud.key()
    wrong = account(cloud, Key(good.access_key_id, "wrong")).get_queue("jobs")
    unknown = account(cloud, Key("LTAInobody", "wrong")).get_queue("jobs")
    assert refusal(wrong.get_attributes) == "SignatureDoesNotMatch"
    assert refusal(unknown.get_attributes) == "InvalidAccessKeyId"


def raw(cloud: LocalCloud, target: str, **headers: str) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection(urlsplit(cloud.endpoints["mns"]).netloc)
    connection.request("GET", target, headers=headers)
    response = connection.getresponse()
    return response.status, response.read()


def test_malformed_requests_are_refused(cloud: LocalCloud) -> None:
    """Missing or impossible headers, paths and query items each have their code."""
    assert (raw(cloud, "/queues")[0], b"MissingAuthorizationHeader" in raw(cloud, "/queues")[1]) == (400, True)
    assert b"InvalidAuthorizationHeader" in raw(cloud, "/queues", authorization="Basic x")[1]
    assert b"MissingDateHeader" in raw(cloud, "/queues", authorization="MNS a:b")[1]
    assert b"InvalidDateHeader" in raw(cloud, "/queues", authorization="MNS a:b", date="soon")[1]
    old = raw(cloud, "/queues", authorization="MNS a:b", date="Sun, 22 Nov 2020 00:00:00 GMT")
    assert (old[0], b"TimeExpired" in old[1]) == (408, True)
    assert b"InvalidRequestURL" in raw(cloud, "/topics/x", authorization="MNS a:b")[1]
    assert b"InvalidQueryString" in raw(cloud, "/queues/x/messages?limit=3", authorization="MNS a:b")[1]


def test_another_account_is_forbidden(cloud: LocalCloud) -> None:
    """Queues belong to the management account: an administrator of another account is refused."""
    assert refusal(lambda: queue(cloud, key=cloud.key("backup"))) == "AccessDenied"


def test_policies_decide(cloud: LocalCloud) -> None:
    """A session whose policy allows sending to one queue can do that and nothing else."""
    queue(cloud, "mine")
    queue(cloud, "other")
    statement = '{"Effect":"Allow","Action":"mns:SendMessage","Resource":"acs:mns:*:*:/queues/mine/messages"}'
    policy = f'{{"Version":"1","Statement":[{statement}]}}'
    role = "acs:ram::1000000000000001:role/sender"
    ram = cloud.client("ram")
    trust = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        '"Principal":{"RAM":["acs:ram::1000000000000001:root"]}}]}'
    )
    ram.create_role(models.CreateRoleRequest(role_name="sender", assume_role_policy_document=trust))
    ram.attach_policy_to_role(
        models.AttachPolicyToRoleRequest(role_name="sender", policy_type="System", policy_name="AdministratorAccess")
    )
    key = cloud.assume(role, policy=policy)
    account(cloud, key).get_queue("mine").send_message(Message("x"))
    assert refusal(lambda: account(cloud, key).get_queue("other").send_message(Message("x"))) == "AccessDenied"
    assert refusal(lambda: account(cloud, key).get_queue("mine").receive_message()) == "AccessDenied"
    decided = cloud.journal(service="mns", action="ReceiveMessage")[-1]
    assert (decided["status"], decided["decision"]["allowed"]) == (403, False)
    cloud.advance(3601)
    assert refusal(lambda: account(cloud, key).get_queue("mine").send_message(Message("x"))) == "AccessDenied"


def test_faults_strike_before_and_after(cloud: LocalCloud) -> None:
    """Before: nothing was done. After: the message is there although the caller was told of an error."""
    jobs = queue(cloud)
    cloud.fault(service="mns", action="SendMessage", phase="before", status=500, code="InternalError")
    assert refusal(lambda: jobs.send_message(Message("a"))) == "InternalError"
    assert refusal(jobs.peek_message) == "MessageNotExist"
    cloud.fault(service="mns", action="SendMessage", phase="after", status=503, body="<html>")
    with pytest.raises(MNSClientNetworkException):
        jobs.send_message(Message("b"))
    assert jobs.peek_message().message_body == b"b"


def test_a_dropped_answer_makes_the_sdk_send_twice(cloud: LocalCloud) -> None:
    """The SDK sends again when the connection is closed on it, and so can double a message."""
    jobs = queue(cloud)
    cloud.fault(service="mns", action="SendMessage", phase="after", drop=True)
    jobs.send_message(Message("x"))
    assert [m.message_body for m in jobs.batch_receive_message(16)] == [b"x", b"x"]


def test_state_survives_dump_and_load(cloud: LocalCloud) -> None:
    """Messages, delays and handles are the same after the state was dumped and loaded."""
    jobs = queue(cloud)
    jobs.send_message(Message("now"))
    jobs.send_message(Message("later", 50))
    got = jobs.receive_message()
    cloud.load(cloud.state())
    jobs.delete_message(got.receipt_handle)
    cloud.advance(51)
    assert jobs.receive_message().message_body == b"later"


def test_the_body_on_the_wire_is_base64(cloud: LocalCloud) -> None:
    """The SDK encodes by default, and the queue holds exactly what it sent."""
    queue(cloud).send_message(Message("plain"))
    (message,) = cloud.state()["mns"]["queues"]["1000000000000001"]["jobs"]["messages"].values()
    assert base64.b64decode(message["body"]) == b"plain"


def test_the_trail_knows_who_managed_a_queue(cloud: LocalCloud) -> None:
    """Making, changing and deleting a queue are events of its region, from either side; messages leave no trace."""
    made = queue(cloud)
    made.send_message(Message("x"))
    made.set_attributes(QueueMeta(30))
    made.delete()
    cloud.client("mnsopen").create_queue(CreateQueueRequest(queue_name="jobs"))
    events = [kept["event"] for kept in cloud.state()["trail"]["events"]["1000000000000001"]]
    names = ["CreateQueue", "SetQueueAttributes", "DeleteQueue", "CreateQueue"]
    assert [event["eventName"] for event in events] == names
    assert {(event["acsRegion"], event["isGlobal"], event["serviceName"]) for event in events} == {
        ("cn-hangzhou", False, "Mns")
    }
    assert {event["resourceName"] for event in events} == {"jobs"}
