from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_ram20150501 import models as ram
from alibabacloud_sls20201230.models import IndexKey
from Tea.exceptions import TeaException

from tests.cloud import ROOT, Key, LocalCloud, local_cloud
from tests.emulator.log_service import PROJECT, SEPARATORS, STORE, LogService, full_text
from tests.emulator.signing import own, send


@pytest.fixture(scope="module")
def deployed() -> Iterator[LocalCloud]:
    """An emulator with functions, whose sweep has run once."""
    with local_cloud("--functions", "s.yaml", "--code", ".") as cloud:
        cloud.advance(300)
        yield cloud


def search(cloud: LocalCloud, query: str = "*", project: str = PROJECT, store: str = STORE, **more: Any) -> Any:
    """What was written in the last ten minutes; ``account``, ``key`` or ``secret`` say by whom it is asked."""
    key = more.pop("key", None) or cloud.key(more.pop("account", "management"))
    key = key._replace(access_key_secret=more.pop("secret", key.access_key_secret))
    now = int(cloud.advance(0))
    asked = {"query": query, "from_": now - 600, "to": now + 60, **more}
    return LogService(cloud, key).search(project, store, **asked)


def reader(cloud: LocalCloud) -> Key:
    """Somebody who may do what ``policies/operator-read-only.json`` says, and nothing else."""
    client, account = cloud.client("ram"), cloud.accounts["management"]
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [f"acs:ram::{account}:root"]}}
    trust = json.dumps({"Version": "1", "Statement": [statement]})
    client.create_role(ram.CreateRoleRequest(role_name="reader", assume_role_policy_document=trust))
    client.attach_policy_to_role(
        ram.AttachPolicyToRoleRequest(policy_type="System", policy_name="AdministratorAccess", role_name="reader")
    )
    policy = (ROOT / "policies" / "operator-read-only.json").read_text(encoding="utf-8")
    # The part that is about logs: a session policy has at most 2,048 characters.
    logs = [one for one in json.loads(policy)["Statement"] if "log:GetLogStoreLogs" in one["Action"]]
    document = json.dumps({"Version": "1", "Statement": logs})
    return cloud.assume(f"acs:ram::{account}:role/reader", policy=document)


def test_who_may_look_reads_the_log_of_the_functions_and_no_other(deployed: LocalCloud) -> None:
    """The policy of the console's readers lets in to the one log store; another is refused before it is looked for."""
    key = reader(deployed)
    assert search(deployed, "left_over", key=key).data
    assert refused(deployed, store="another", key=key) == "Unauthorized"


def refused(cloud: LocalCloud, **asked: Any) -> str:
    with pytest.raises(TeaException) as refusal:
        search(cloud, **asked)
    return str(refusal.value.code)


def test_what_functions_wrote_is_found_by_its_words(deployed: LocalCloud) -> None:
    """A row has the fields of the log of functions; words that are joined by ``and`` must all be in its message."""
    row = search(deployed, "left_over and members").data[0]
    assert {"__time__", "__topic__", "functionName", "message", "qualifier"} <= row.keys()
    assert (row["functionName"], row["__topic__"]) == ("cab-reconcile", "FCLogs:cab-reconcile")
    assert '"left_over": 0' in row["message"]
    found = search(deployed, "left_over and nowhere")
    assert (found.data, found.meta.progress) == ([], "Complete")


def test_rows_come_in_pages_in_the_order_that_is_asked_for(deployed: LocalCloud) -> None:
    """``line`` and ``offset`` cut, ``reverse`` begins with the newest, and ``to`` is not part of the window."""
    whole = [row["__time__"] for row in search(deployed).data]
    assert whole == sorted(whole)
    assert [row["__time__"] for row in search(deployed, reverse=True).data] == whole[::-1]
    assert search(deployed, line=1, offset=1).data == search(deployed).data[1:2]
    assert search(deployed, from_=int(whole[0]), to=int(whole[0]) + 1).data
    assert search(deployed, from_=int(whole[0]) - 9, to=int(whole[0])).data == []


def test_what_the_cloud_refuses_is_refused(deployed: LocalCloud) -> None:
    """A wrong secret, another account's project, a project or logstore that is not there, a window without length."""
    assert refused(deployed, secret="wrong") == "SignatureNotMatch"
    assert refused(deployed, account="backup") == "ProjectNotExist"
    assert refused(deployed, project="another") == "ProjectNotExist"
    assert refused(deployed, store="another") == "LogStoreNotExist"
    assert refused(deployed, from_=5, to=5) == "ParameterInvalid"
    assert refused(deployed, line=101) == "ParameterInvalid"
    assert refused(deployed, query="a or b | select 1") == "ParameterInvalid"


def by_hand(cloud: LocalCloud, body: bytes = b'{"from": 1, "to": 2}', **spoilt: str | None) -> tuple[int, str]:
    """Status and code of a request that is signed here; ``spoilt`` are headers that are other ones, or none."""
    url = f"http://{cloud.endpoints['logs']}/logstores/{STORE}/logs"
    answer = send(own(url, cloud.key(), "LOG", body, "POST", host=f"{PROJECT}.x", **spoilt))
    return answer.status_code, "" if answer.is_success else answer.json()["errorCode"]


@pytest.mark.parametrize(
    ("spoilt", "wanted"),
    [
        ({}, (200, "")),
        ({"authorization": ""}, (400, "ParameterInvalid")),
        ({"x-log-apiversion": "0.1.0"}, (400, "ParameterInvalid")),
        ({"content-md5": "AAAA"}, (400, "ParameterInvalid")),
        ({"date": "yesterday"}, (400, "InvalidRequestTime")),
        ({"date": "Sun, 01 Nov 2020 00:00:00 GMT"}, (400, "RequestTimeExpired")),
        ({"authorization": "LOG nobody:x"}, (401, "Unauthorized")),
        ({"authorization": "LOG {key}:x"}, (401, "SignatureNotMatch")),
        ({"body": b"[]"}, (400, "PostBodyInvalid")),
        ({"body": b'{"to": 2}'}, (400, "PostBodyInvalid")),
        ({"body": b'{"from": 1, "to": 2, "offset": -1}'}, (400, "ParameterInvalid")),
    ],
)
def test_each_part_of_a_request_is_looked_at(deployed: LocalCloud, spoilt: Any, wanted: tuple[int, str]) -> None:
    """Version, date, digest, key and signature must be right, and the body what the page says."""
    if "authorization" in spoilt:
        spoilt = {"authorization": spoilt["authorization"].format(key=deployed.key().access_key_id)}
    assert by_hand(deployed, **spoilt) == wanted


def test_a_planned_failure_strikes_here_too(deployed: LocalCloud) -> None:
    """As at every endpoint: the answer is another one, and the journal says that nothing was done."""
    deployed.fault(service="logs", action="GetLogsV2", code="InternalServerError", status=500)
    assert refused(deployed) == "InternalServerError"
    assert done(deployed) == ("before", 200, "")
    assert deployed.journal(service="logs")[-1]["params"]["Project"] == PROJECT


def done(cloud: LocalCloud) -> tuple[str, int, str]:
    """Of the last request: the phase of the failure that hid its answer, and what was really done."""
    entry = cloud.journal(service="logs")[-1]
    return entry["fault"], entry["status"], entry["code"]


@pytest.mark.parametrize("body", ["<html>bad gateway</html>", {"errorCode": "Unheard.Of", "errorMessage": "of ours"}])
def test_a_planned_failure_may_bring_its_own_body(deployed: LocalCloud, body: str | dict[str, str]) -> None:
    """A text goes out as it is, an object as JSON; the journal has what was really done, a refusal included."""
    url = f"http://{deployed.endpoints['logs']}/logstores/{STORE}/logs"
    for sent, really in ((b'{"from": 1, "to": 2}', (200, "")), (b'{"from": 2, "to": 2}', (400, "ParameterInvalid"))):
        deployed.fault(service="logs", phase="after", status=502, body=body)
        answer = send(own(url, deployed.key(), "LOG", sent, host=f"{PROJECT}.x"))
        assert (answer.status_code, answer.text if isinstance(body, str) else answer.json()) == (502, body)
        assert done(deployed) == ("after", *really)


@pytest.fixture
def bare(deployed: LocalCloud) -> Iterator[LogService]:
    """The same functions, where nobody has made what they log to; afterwards it is as it was."""
    before = deployed.state()
    deployed.load({**before, "logs": {"projects": {}}})
    yield LogService(deployed)
    deployed.reset()
    deployed.advance(300)


def sweep(cloud: LocalCloud) -> int:
    """Let the sweep write its line; how many such lines are found."""
    cloud.advance(300)
    return len(search(cloud, "left_over").data)


def test_lines_are_kept_and_found_from_the_index_on(deployed: LocalCloud, bare: LogService) -> None:
    """Without a project, a logstore or an index nothing is found; what was written before the index never is."""
    assert refused(deployed) == "ProjectNotExist"
    bare.create_project(PROJECT)
    assert refused(deployed) == "LogStoreNotExist"
    bare.create_store(STORE, PROJECT)
    deployed.advance(300)
    assert refused(deployed) == "IndexConfigNotExist"
    bare.create_index(PROJECT, STORE)
    assert search(deployed).data == []
    assert sweep(deployed) == 1


@pytest.mark.parametrize(
    ("index", "found", "in_capitals"),
    [
        (full_text(), 1, 1),
        (full_text(case_sensitive=True), 1, 0),
        (full_text(include_keys=["qualifier"]), 0, 0),
        (full_text(exclude_keys=["message"]), 0, 0),
        ({"keys": {"message": IndexKey(type="text", token=SEPARATORS)}}, 1, 1),
        ({"keys": {"message": IndexKey(type="text", token=["|"])}, **full_text()}, 0, 0),
        ({"keys": {"duration": IndexKey(type="long")}, **full_text()}, 1, 1),
    ],
)
def test_an_index_finds_the_words_of_what_it_covers(
    deployed: LocalCloud, bare: LogService, index: dict[str, Any], found: int, in_capitals: int
) -> None:
    """By its own separators, in its own fields; a field's index comes before that of the full text."""
    bare.create_project(PROJECT)
    bare.create_store(STORE, PROJECT)
    bare.create_index(PROJECT, STORE, **index)
    assert (sweep(deployed), len(search(deployed, "LEFT_OVER").data)) == (found, in_capitals)


def test_another_index_is_for_what_is_written_from_then_on(deployed: LocalCloud, bare: LogService) -> None:
    """What was not indexed stays so, and what was is still found."""
    bare.create_project(PROJECT)
    bare.create_store(STORE, PROJECT)
    bare.create_index(PROJECT, STORE, **full_text(exclude_keys=["message"]))
    assert sweep(deployed) == 0
    bare.update_index(PROJECT, STORE)
    assert sweep(deployed) == 1


@pytest.mark.parametrize(("days", "found"), [(1, 0), (2, 1), (3650, 1)])
def test_lines_are_gone_when_their_time_is_over(deployed: LocalCloud, bare: LogService, days: int, found: int) -> None:
    """A logstore keeps a line for as many days as it was told to; 3650 is for ever."""
    bare.create_project(PROJECT)
    bare.create_store(STORE, PROJECT, ttl=days)
    bare.create_index(PROJECT, STORE)
    assert sweep(deployed) == 1
    now = int(deployed.advance(0))
    deployed.advance(86_401)
    assert len(search(deployed, "left_over", from_=now - 10, to=now + 10).data) == found
