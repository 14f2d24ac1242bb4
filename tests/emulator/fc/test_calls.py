"""Calls of Function Compute through `fc2` (2.0 path) and `alibabacloud_fc20230330` (3.0 path), and their refusals."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alibabacloud_fc20230330 import models

from emulator.fc import server
from tests.cloud import ROOT, Key, LocalCloud
from tests.emulator.deployed import ACCOUNT, call, client, fc3, project, queue_arn, runs
from tests.emulator.fc.calls import call3, failure, logged, refused
from tests.emulator.sdk_models import fields, unlike
from tests.emulator.signing import own, send

FUNCTIONS: dict[str, dict[str, Any]] = {
    "work": {"timeout": 2},
    "svc$old": {},
    "reported": {
        "asyncInvokeConfig": {
            "maxAsyncRetryAttempts": 2,
            "maxAsyncEventAgeInSeconds": 600,
            "destinationConfig": {
                "onSuccess": {"destination": queue_arn("good", "/messages")},
                "onFailure": {"destination": queue_arn("bad", "/messages")},
            },
        },
        "description": "told",
        "concurrencyConfig": {"reservedConcurrency": 1},
        "triggers": [
            {
                "triggerName": "nightly",
                "triggerType": "timer",
                "triggerConfig": {"cronExpression": "0 30 18 * * *", "enable": False, "payload": "{}"},
            },
        ],
    },
}


def test_a_call_on_the_old_path(cloud: LocalCloud) -> None:
    """fc2 names a service, which does not matter, and a function; the answer is the function's."""
    answer = call(cloud, "work")
    assert json.loads(answer.data)["calls"] == 1
    assert answer.headers["X-Fc-Request-Id"] == runs(cloud)[0]["request_id"]


def test_a_service_can_be_part_of_the_name(cloud: LocalCloud) -> None:
    """``service$function`` is what a 2.0 function is called in 3.0."""
    client(cloud).invoke_function("svc", "old", b"{}")
    assert runs(cloud)[0]["function"] == "svc$old"


def test_a_call_on_the_new_path_with_the_old_signature(cloud: LocalCloud) -> None:
    """fc2's signed transport works on the 2023-03-30 path."""
    fc = client(cloud)
    path = "/2023-03-30/functions/work/invocations"
    headers = fc._build_common_headers("POST", path, {})  # noqa: SLF001 - the SDK offers no other way
    answer = fc._do_request("POST", path, headers, body=b"{}")  # noqa: SLF001 - the same
    assert answer.json()["calls"] == 1


def test_a_call_with_the_official_3_0_client(cloud: LocalCloud) -> None:
    """The 3.0 SDK gets status, body and headers, signed with ACS3."""
    answer = call3(cloud, "work", x_fc_log_type="Tail")
    assert answer.status_code == 200
    assert json.loads(answer.body.read())["calls"] == 1
    assert b"loaded" in base64.b64decode(answer.headers["x-fc-log-result"])


@pytest.mark.parametrize(
    ("kind", "body"), [("text", "täxt".encode()), ("bytes", b"\x00\xff"), ("none", b"null"), ("object", b'{"a": 1}')]
)
def test_what_a_handler_may_return(cloud: LocalCloud, kind: str, body: bytes) -> None:
    """Text and bytes pass as they are, everything else becomes JSON."""
    assert call(cloud, "work", json.dumps({"do": "give", "kind": kind})).data == body


def test_an_error_of_the_function(cloud: LocalCloud) -> None:
    """An exception is status 200 with an error type, and a body with message, type and stack."""
    error = failure(lambda: call(cloud, "work", '{"do": "raise"}'))
    body = json.loads(error.message)
    assert (error.status_code, body["errorMessage"], body["errorType"]) == (200, "as told", "ValueError")
    assert body["stackTrace"][-1][2:] == ["in handler", 'raise ValueError("as told")']
    answer = call3(cloud, "work", '{"do": "raise"}')
    assert (answer.status_code, answer.headers["x-fc-error-type"]) == (200, "UnhandledInvocationError")


def test_an_answer_that_is_no_json(cloud: LocalCloud) -> None:
    """What cannot be serialised is an error of the function."""
    error = failure(lambda: call(cloud, "work", '{"do": "give", "kind": "odd"}'))
    assert json.loads(error.message)["errorType"] == "TypeError"


def test_a_call_that_takes_too_long(cloud: LocalCloud) -> None:
    """After its timeout the instance is killed, having said where it was."""
    began = time.monotonic()
    error = failure(lambda: call(cloud, "work", '{"do": "sleep", "seconds": 60}'))
    assert 2 <= time.monotonic() - began < 5
    assert "time out after 2 seconds" in json.loads(error.message)["errorMessage"]
    assert any("in handler" in line for line in logged(cloud, "work"))
    assert runs(cloud)[0]["error_type"] == "FunctionTimeoutError"
    assert json.loads(call(cloud, "work").data)["calls"] == 1


def test_refusals_of_the_old_path(cloud: LocalCloud) -> None:
    """Unknown functions, versions, keys, wrong secrets and other accounts each have their code."""
    key = cloud.key()
    assert failure(lambda: call(cloud, "nobody")).err_code == "FunctionNotFound"
    other_version = failure(lambda: client(cloud).invoke_function("s", "work", b"", qualifier="7"))
    assert (other_version.status_code, other_version.err_code) == (404, "VersionNotFound")
    wrong = client(cloud, Key(key.access_key_id, "wrong"))
    unknown = client(cloud, Key("nobody", "wrong"))
    other = client(cloud, cloud.key("backup"))
    codes = [failure(lambda c=c: c.invoke_function("s", "work", b"")).err_code for c in (wrong, unknown, other)]  # type: ignore[misc]
    assert codes == ["SignatureNotMatch", "InvalidAccessKeyID", "AccessDenied"]
    assert failure(lambda: call(cloud, "work", x_fc_invocation_type="Later")).err_code == "InvalidArgument"
    assert failure(lambda: client(cloud).get_service("s")).err_code == "PathNotSupported"


def test_refusals_of_the_new_path(cloud: LocalCloud) -> None:
    """The 3.0 client gets code and status as its own exceptions."""
    assert refused(lambda: call3(cloud, "nobody")) == (404, "FunctionNotFound")
    bare = fc3(cloud)
    asked = models.GetAsyncInvokeConfigRequest()
    assert refused(lambda: bare.get_async_invoke_config("work", asked)) == (404, "AsyncConfigNotExists")
    assert refused(lambda: bare.get_concurrency_config("work")) == (404, "ConcurrencyConfigNotFound")
    wrong = Key(cloud.key().access_key_id, "wrong")
    assert refused(lambda: fc3(cloud, wrong).get_function("work", models.GetFunctionRequest()))[1] == (
        "SignatureDoesNotMatch"
    )


@pytest.mark.parametrize(
    ("path", "model"),
    [
        ("", models.ListFunctionsOutput),
        ("/reported", models.Function),
        ("/reported/triggers", models.ListTriggersOutput),
        ("/reported/triggers/nightly", models.Trigger),
        ("/reported/async-invoke-config", models.AsyncConfig),
        ("/reported/concurrency", models.ConcurrencyConfig),
    ],
)
def test_what_is_read_is_the_sdk_s(cloud: LocalCloud, path: str, model: type) -> None:
    """An answer has only keys of the official 3.0 SDK's model, and values of its types; what is not set is left out."""
    answer = send(own(f"{cloud.endpoints['fc']}/2023-03-30/functions{path}", cloud.key(), "FC"))
    assert answer.status_code == 200, answer.text
    assert {odd for odd in unlike(answer.json(), model) if not odd.endswith("is missing")} == set()


FILTERS = {"description", "fcVersion", "functionName", "gpuType", "resourceGroupId", "runtime", "tags"}
"""What ListFunctions may be asked to choose by; none of it is emulated, so it is refused and not passed over."""


@pytest.mark.parametrize("action", sorted({action for _, _, action, _ in server._ROUTES}))  # noqa: SLF001  # our table
def test_query_strings_are_the_sdk_s(action: str) -> None:
    """What a call may carry in its query string is what the official 3.0 SDK can send there."""
    model = getattr(models, f"{action}Request", None)
    sent = fields(model).keys() - {"body"} if model else set()
    assert sent - server.QUERY.get(action, set()) == (FILTERS if action == "ListFunctions" else set())
    assert server.QUERY.get(action, set()) <= sent


def test_unknown_query_items_are_refused(cloud: LocalCloud) -> None:
    """A filter that is not emulated, or misspelt, is no silent answer of everything."""
    asked = models.ListFunctionsRequest(runtime="python3.10")
    assert refused(lambda: fc3(cloud).list_functions(asked)) == (400, "InvalidArgument")
    old = models.GetFunctionRequest(qualifier="1")
    assert refused(lambda: fc3(cloud).get_function("work", old)) == (404, "VersionNotFound")


def test_policies_decide(cloud: LocalCloud) -> None:
    """The functions' own role may do what its policies say; a session policy narrows it to one function."""
    statement = {"Effect": "Allow", "Action": "fc:InvokeFunction", "Resource": "acs:fc:*:*:functions/work"}
    policy = json.dumps({"Version": "1", "Statement": [statement]})
    key = admin_session(cloud, policy)
    fc = client(cloud, key)
    fc.invoke_function("s", "work", b"{}")
    assert failure(lambda: fc.invoke_function("s", "modern", b"{}")).err_code == "AccessDenied"
    assert refused(lambda: fc3(cloud, key).list_functions(models.ListFunctionsRequest())) == (403, "AccessDenied")


def admin_session(cloud: LocalCloud, policy: str) -> Key:
    from alibabacloud_ram20150501 import models as ram  # noqa: PLC0415 - only this needs it

    principal = {"RAM": [f"acs:ram::{ACCOUNT}:root"]}
    trust = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}]}
    client = cloud.client("ram")
    client.create_role(ram.CreateRoleRequest(role_name="boss", assume_role_policy_document=json.dumps(trust)))
    attach = {"role_name": "boss", "policy_type": "System", "policy_name": "AdministratorAccess"}
    client.attach_policy_to_role(ram.AttachPolicyToRoleRequest(**attach))
    return cloud.assume(f"acs:ram::{ACCOUNT}:role/boss", policy=policy)


def test_events_keep_within_their_limits(cloud: LocalCloud) -> None:
    """128 KB for asynchronous events; more is fine for synchronous ones."""
    big = json.dumps({"x": "y" * 131072})
    assert failure(lambda: call(cloud, "work", big, x_fc_invocation_type="Async")).err_code == "EntityTooLarge"
    call(cloud, "work", big)


def test_what_is_deployed_can_be_read(cloud: LocalCloud) -> None:
    """The 3.0 client reads functions, triggers and settings, by name and in pages."""
    fc = fc3(cloud)
    got = fc.get_function("reported", models.GetFunctionRequest()).body
    assert (got.function_name, got.handler, got.timeout) == ("reported", "functions.work.handler", 10)
    assert (got.role, got.description) == (f"acs:ram::{ACCOUNT}:role/cab-functions", "told")
    assert list(got.environment_variables) == ["NOTES"]
    page = fc.list_functions(models.ListFunctionsRequest(limit=2)).body
    rest = fc.list_functions(models.ListFunctionsRequest(next_token=page.next_token)).body
    assert [one.function_name for one in page.functions + rest.functions] == sorted(FUNCTIONS)
    config = fc.get_async_invoke_config("reported", models.GetAsyncInvokeConfigRequest()).body
    assert (config.max_async_retry_attempts, config.max_async_event_age_in_seconds) == (2, 600)
    assert config.destination_config.on_failure.destination == queue_arn("bad", "/messages")
    assert fc.get_concurrency_config("reported").body.reserved_concurrency == 1
    (trigger,) = fc.list_triggers("reported", models.ListTriggersRequest()).body.triggers
    assert (trigger.trigger_name, json.loads(trigger.trigger_config)["cronExpression"]) == ("nightly", "0 30 18 * * *")
    assert fc.get_trigger("reported", "nightly").body.trigger_type == "timer"
    assert refused(lambda: fc.get_trigger("reported", "daily")) == (404, "TriggerNotFound")
    assert refused(lambda: fc.get_async_invoke_config("work", models.GetAsyncInvokeConfigRequest()))[0] == 404


def test_faults_strike_before_and_after(cloud: LocalCloud) -> None:
    """Before: the function did not run. After: it ran and the caller was told of an error."""
    cloud.fault(service="fc", action="InvokeFunction", phase="before", status=503, code="ServiceUnavailable")
    assert failure(lambda: call(cloud, "work")).err_code == "ServiceUnavailable"
    assert runs(cloud) == []
    cloud.fault(service="fc", action="InvokeFunction", phase="after", status=500, code="InternalServerError")
    assert failure(lambda: call(cloud, "work")).status_code == 500
    assert len(runs(cloud)) == 1


def test_a_fault_of_one_region_and_a_held_call(cloud: LocalCloud) -> None:
    """A function has a region like any other thing, and a held call waits like any other."""
    cloud.fault(service="fc", region="cn-shanghai", status=503, count=None)
    assert call(cloud, "work")
    cloud.clear_faults()
    cloud.fault(service="fc", region="cn-hangzhou", effect="hold")
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(call, cloud, "work")
        assert cloud.held(10)
        assert not waiting.done()
        cloud.release()
        assert waiting.result(10)


def test_the_journal_tells_what_was_hidden(cloud: LocalCloud) -> None:
    """A call that was carried out and whose answer was lost is one that was carried out; it began before it ended."""
    cloud.fault(service="fc", phase="after", status=502)
    assert failure(lambda: call(cloud, "work")).status_code == 502
    (entry,) = cloud.journal(service="fc", action="InvokeFunction")
    assert (entry["status"], entry["code"], entry["fault"], entry["region"]) == (200, "", "after", "cn-hangzhou")
    assert entry["began"] < entry["time"]


def test_a_bad_file_stops_the_start(tmp_path: Any) -> None:
    """The emulator says what is wrong and ends."""
    path = project(tmp_path, {"work": {"timeuot": 3}})
    command = [sys.executable, "-m", "emulator", "--json", "--functions", str(path)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)  # noqa: S603 - our own command
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert "resources.work.props.timeuot" in ended.stderr
    assert "Traceback" not in ended.stderr
