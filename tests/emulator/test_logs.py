from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from email.utils import formatdate
from typing import Any

import httpx
import pytest
from alibabacloud_ram20150501 import models as ram
from alibabacloud_sls20201230 import models
from alibabacloud_sls20201230.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions
from Tea.exceptions import TeaException

from tests.cloud import ROOT, Key, LocalCloud, local_cloud

PROJECT, STORE = "cab-1000000000000001", "functions"


@pytest.fixture(scope="module")
def deployed() -> Iterator[LocalCloud]:
    """An emulator with functions, whose sweep has run once."""
    with local_cloud("--functions", "s.yaml", "--code", ".") as cloud:
        cloud.advance(300)
        yield cloud


def search(cloud: LocalCloud, query: str = "*", project: str = PROJECT, store: str = STORE, **more: Any) -> Any:
    """GetLogsV2 by the official SDK; the emulator is its proxy, since a project's name stands before the address."""
    endpoint = cloud.endpoints["logs"]
    key = more.pop("key", None) or cloud.key(more.pop("account", "management"))
    secret = more.pop("secret", key.access_key_secret)
    config = Config(
        access_key_id=key.access_key_id,
        access_key_secret=secret,
        security_token=key.token or None,
        endpoint=endpoint,
        protocol="http",
    )
    now = int(cloud.advance(0))
    request = models.GetLogsV2Request(**{"query": query, "from_": now - 600, "to": now + 60, **more})
    runtime = RuntimeOptions(http_proxy=f"http://{endpoint}")
    headers = models.GetLogsV2Headers(accept_encoding="gzip")
    return Client(config).get_logs_v2with_options(project, store, request, headers, runtime).body


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
    key, path = cloud.key(), f"/logstores/{STORE}/logs"
    fixed = {
        "content-md5": hashlib.md5(body).hexdigest().upper(),  # noqa: S324 - the product's own
        "content-type": "application/json",
        "date": formatdate(usegmt=True),
        "x-log-apiversion": "0.6.0",
        "x-log-signaturemethod": "hmac-sha256",
    }
    headers = {name: text for name, text in {**fixed, **spoilt}.items() if text is not None}
    first = [headers.get(name, "") for name in ("content-md5", "content-type", "date")]
    own = [f"{name}:{text}" for name, text in sorted(headers.items()) if name.startswith("x-log-")]
    text = "\n".join(["POST", *first, *own, path]).encode()
    signature = base64.b64encode(hmac.new(key.access_key_secret.encode(), text, hashlib.sha256).digest()).decode()
    headers = {"authorization": f"LOG {key.access_key_id}:{signature}", "host": f"{PROJECT}.x", **headers}
    url = f"http://{cloud.endpoints['logs']}{path}"
    answer = httpx.post(url, content=body, headers=headers, trust_env=False)
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
    ],
)
def test_each_part_of_a_request_is_looked_at(deployed: LocalCloud, spoilt: Any, wanted: tuple[int, str]) -> None:
    """Version, date, digest, key and signature must be right, and the body what the page says."""
    if "authorization" in spoilt:
        spoilt = {"authorization": spoilt["authorization"].format(key=deployed.key().access_key_id)}
    assert by_hand(deployed, **spoilt) == wanted


def test_a_planned_failure_strikes_here_too(deployed: LocalCloud) -> None:
    """As at every endpoint: the answer is another one, and the journal says what it was."""
    deployed.fault(service="logs", action="GetLogsV2", code="InternalServerError", status=500)
    assert refused(deployed) == "InternalServerError"
    entry = deployed.journal(service="logs")[-1]
    assert (entry["code"], entry["fault"], entry["params"]["Project"]) == ("InternalServerError", "before", PROJECT)


def test_every_parameter_is_one_of_the_sdk() -> None:
    """What the emulator takes are the fields of the SDK's request model, and no others."""
    from emulator import logs  # noqa: PLC0415 - only here is the emulator looked into

    wire = {"from_": "from", "is_accurate": "isAccurate", "power_sql": "powerSql"}
    fields = {wire.get(name, name) for name in vars(models.GetLogsV2Request())}
    assert fields == logs.ASKED
