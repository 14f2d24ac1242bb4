"""Nothing that a client sends makes queues, functions or the log service fail: each answer is in words of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

import httpx
import pytest
from hypothesis import HealthCheck, given, seed, settings
from mns.queue import Message

from emulator import logs
from emulator.fc import server as fc_server
from emulator.mns import server as mns_server
from tests.cloud import LocalCloud, local_cloud
from tests.emulator.deployed import call, project, queue
from tests.emulator.log_service import LogService
from tests.emulator.rest import REQUESTS, V3, Asked, code, signed
from tests.emulator.signing import acs3
from tests.emulator.spoiling import spoilt

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import Soak


Furnished = tuple[LocalCloud, dict[str, Any], str]


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Furnished]:
    """A cloud with a queue, a function and its log; its state; the handle of a message that was received."""
    work = {
        "logConfig": {"project": "made-here", "logstore": "lines", "logBeginRule": "DefaultRegex"},
        "asyncInvokeConfig": {"maxAsyncRetryAttempts": 0},
        "concurrencyConfig": {"reservedConcurrency": 9},
        "triggers": [
            {
                "triggerName": "yearly",
                "triggerType": "timer",
                "triggerConfig": {"cronExpression": "0 0 0 1 1 *", "enable": True},
            }
        ],
    }
    path = project(tmp_path_factory.mktemp("furnished"), {"work": work, "zero": {}})
    with local_cloud("--functions", str(path)) as cloud:
        jobs = queue(cloud, "jobs", vis_timeout=43200)
        for number in range(4):
            jobs.send_message(Message(f"message {number}"))
        handle = jobs.receive_message().receipt_handle
        service = LogService(cloud)
        service.create_project()
        service.create_store()
        service.create_store("empty")
        service.create_index()
        call(cloud, "work", '{"do": "print", "text": "something to find"}')
        yield cloud, cloud.state(), handle


def put(name: str, **other: Any) -> Asked:
    """The usual request of an action with another part."""
    return REQUESTS[name]._replace(**other)


LATE = {"date": "Mon, 01 Jan 99999999999999999999 00:00:00 GMT"}
MALFORMED = (
    *(
        (put(name, headers=LATE), (400, wanted))
        for name, wanted in (
            *(("GetQueueAttributes", "InvalidDateHeader"), ("GetFunction", "InvalidArgument")),
            ("GetIndex", "InvalidRequestTime"),
        )
    ),
    (put("GetQueueAttributes", headers={"authorization": "MNS KEY:ü"}), (403, "SignatureDoesNotMatch")),
    (put("GetFunction", headers={"authorization": "FC KEY:ü"}), (403, "SignatureNotMatch")),
    (put("GetIndex", headers={"authorization": "LOG KEY:ü"}), (401, "SignatureNotMatch")),
    (put("GetQueueAttributes", headers={"host": "["}), (200, "")),
    (put("GetQueueAttributes", method="PATCH"), (400, "InvalidRequestURL")),
    (put("GetFunction", method="PATCH"), (400, "PathNotSupported")),
    (put("GetIndex", method="PATCH"), (404, "InvalidAPI")),
    (put("ListQueue", path="/%0A"), (400, "InvalidRequestURL")),
    (put("ListFunctions", path="/%0A"), (400, "PathNotSupported")),
    (put("ListFunctions", path=f"{V3}/"), (400, "PathNotSupported")),
    (put("GetProject", path="/%0Ax"), (404, "InvalidAPI")),
    (put("GetQueueAttributes", path="/queues/%3F"), (404, "QueueNotExist")),
    (put("GetFunction", path=f"{V3}/work%3F"), (404, "FunctionNotFound")),
    (put("GetLogStore", path="/logstores/lines%3F"), (404, "LogStoreNotExist")),
    (put("PeekMessage", query="peekonly=true&%00"), (400, "InvalidQueryString")),
    *(
        (put("CreateQueue", body=f'<?xml version="1.0" encoding="{name}"?><Queue/>'.encode()), (400, "MalformedXML"))
        for name in ("nope", "gbk")
    ),
    (put("GetLogsV2", body=b'{"to": 9999999999}'), (400, "PostBodyInvalid")),
    (put("GetLogsV2", body=b"[" * 100_000), (400, "PostBodyInvalid")),
    (
        put("CreateProject", body=REQUESTS["CreateProject"].body.replace(b"for a test", rb"\ud800")),
        (400, "ParameterInvalid"),
    ),
    (put("CreateIndex", body=b'{"keys": {"message": NaN}}'), (400, "IndexInfoInvalid")),
)
"""What once made the emulator fail, or answer in nobody's form, or for something else."""


@pytest.mark.parametrize(("asked", "wanted"), MALFORMED)
def test_what_is_malformed_is_refused(
    furnished: Furnished, http: httpx.Client, asked: Asked, wanted: tuple[int, str]
) -> None:
    """By the code of the product's own page; the journal and the state can be read afterwards."""
    cloud, state, _ = furnished
    cloud.load(state)
    request = signed(cloud, asked)
    answer = http.send(request)
    assert (answer.status_code, code(asked, request, answer)) == wanted, answer.text
    assert cloud.state()
    assert isinstance(cloud.journal(), list)


def test_a_return_in_a_message_is_kept(furnished: Furnished, http: httpx.Client) -> None:
    """What is sent as a reference to a character comes back as that character."""
    cloud, state, _ = furnished
    cloud.load(state)
    body = b"<Message><MessageBody>a&#13;b</MessageBody><Priority>1</Priority></Message>"
    http.send(signed(cloud, put("SendMessage", body=body)))
    got = http.send(signed(cloud, put("PeekMessage", query="peekonly=true")))
    assert "a\rb" in [node.text for node in ET.fromstring(got.content).iter()]  # noqa: S314 - our own


@pytest.mark.parametrize("name", ["ListQueue", "ListFunctions", "GetProject", "ram"])
def test_a_bug_is_told_in_words(furnished: Furnished, http: httpx.Client, name: str) -> None:
    """A time that no date can say makes every question to a policy fail: a refusal of the protocol's form says so."""
    cloud, state, _ = furnished
    cloud.load({**state, "clock_offset": 1e300})
    if name == "ram":
        answer = http.send(acs3(cloud.endpoints["ram"], cloud.key(), "ListRoles", "2015-05-01", {}))
        told = answer.json()["Code"]
    else:
        request = signed(cloud, REQUESTS[name])
        answer = http.send(request)
        told = code(REQUESTS[name], request, answer)
    assert (answer.status_code, told) == (500, "InternalError")
    assert "The emulator failed: " in answer.text
    entry = cloud.journal()[-1]
    assert (entry["status"], entry["code"]) == (500, "InternalError")
    cloud.load(state)


def test_every_action_is_tried() -> None:
    """The table has a request for each action and each path."""
    actions = {*mns_server.ACTIONS, *fc_server.ACTIONS, *(action.name for action in logs.ACTIONS)}
    assert {name.partition(" ")[0] for name in REQUESTS} == actions


@pytest.mark.parametrize("action", REQUESTS)
def test_no_request_ends_in_a_failure(furnished: Furnished, http: httpx.Client, soak: Soak, action: str) -> None:
    """A request that works, with one part spoilt, is done or refused by a code in its protocol's own form."""
    cloud, state, handle = furnished
    asked = REQUESTS[action]
    query, body = asked.query.replace("HANDLE", handle), asked.body.replace(b"HANDLE", handle.encode())
    usual = asked._replace(query=query, body=body)
    cloud.load(state)
    request = signed(cloud, usual)
    answer = http.send(request)
    assert answer.is_success, answer.text

    @seed(soak.seed)
    @settings(max_examples=soak.many(50, 1000), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(spoilt(usual))
    def try_one(asked: Asked) -> None:
        if asked.scheme != "FC":
            cloud.load(state)
        request = signed(cloud, asked)
        answer = http.send(request)
        assert 200 <= answer.status_code < 500, answer.text
        assert answer.is_success or asked.method == "HEAD" or code(asked, request, answer), answer.text
        assert cloud.state()
        assert isinstance(cloud.journal(), list)

    try_one()
