"""Function Compute through `fc2` (2.0 path) and `alibabacloud_fc20230330` (3.0 path)."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_fc20230330 import models
from alibabacloud_fc20230330.client import Client as Fc3
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions
from fc2.fc_exceptions import FcError

from emulator.fc import server
from tests.cloud import ROOT, Key, LocalCloud, local_cloud
from tests.emulator.deployed import ACCOUNT, call, client, project, queue, queue_arn, runs, wait_for
from tests.emulator.sdk_models import fields, unlike
from tests.emulator.signing import own, send

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

FUNCTIONS: dict[str, dict[str, Any]] = {
    "work": {"timeout": 2},
    "svc$old": {},
    "modern": {"runtime": "python3.12"},
    "single": {"concurrencyConfig": {"reservedConcurrency": 1}},
    "ready": {"instanceLifecycleConfig": {"initializer": {"handler": "functions.work.initialize", "timeout": 5}}},
    "never": {
        "instanceLifecycleConfig": {"initializer": {"handler": "functions.work.initialize", "timeout": 5}},
        "environmentVariables": {"INIT_FAILS": "yes"},
    },
    "roleless": {"role": ""},
    "stranger": {"role": f"acs:ram::{ACCOUNT}:role/nobody"},
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


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    path = project(tmp_path_factory.mktemp("project"), FUNCTIONS)
    with local_cloud("--functions", str(path)) as cloud:
        yield cloud


@pytest.fixture
def cloud(running: LocalCloud) -> LocalCloud:
    running.reset()
    return running


def logged(cloud: LocalCloud, function: str) -> list[str]:
    """What a function has logged, line by line."""
    return [line["text"] for line in cloud.state()["fc"]["logs"][function]]


def fc3(cloud: LocalCloud, key: Key | None = None) -> Any:
    key = key or cloud.key()
    config = Config(
        access_key_id=key.access_key_id,
        access_key_secret=key.access_key_secret,
        security_token=key.token or None,
        endpoint=cloud.endpoints["fc"].removeprefix("http://"),
        protocol="http",
    )
    return Fc3(config)


def call3(cloud: LocalCloud, function: str, event: str = "{}", **headers: str) -> Any:
    request = models.InvokeFunctionRequest(body=event.encode())
    sent = models.InvokeFunctionHeaders(**headers)
    return fc3(cloud).invoke_function_with_options(function, request, sent, RuntimeOptions())


def failure(do: Callable[[], Any]) -> FcError:
    with pytest.raises(FcError) as caught:
        do()
    return caught.value


def refused(do: Callable[[], Any]) -> tuple[int, str]:
    with pytest.raises(ClientException) as caught:
        do()
    return caught.value.status_code, caught.value.code


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


def test_an_instance_that_ends_itself(cloud: LocalCloud) -> None:
    """SystemExit kills the instance; the caller is told, and the next call gets another instance."""
    error = failure(lambda: call(cloud, "work", '{"do": "exit"}', x_fc_log_type="Tail"))
    assert "Process exited unexpectedly before completing request" in json.loads(error.message)["errorMessage"]
    assert json.loads(call(cloud, "work").data)["calls"] == 1
    assert [run["cold"] for run in runs(cloud)] == [True, True]
    assert "leaving" in logged(cloud, "work")


def test_a_call_that_takes_too_long(cloud: LocalCloud) -> None:
    """After its timeout the instance is killed, having said where it was."""
    began = time.monotonic()
    error = failure(lambda: call(cloud, "work", '{"do": "sleep", "seconds": 60}'))
    assert 2 <= time.monotonic() - began < 5
    assert "time out after 2 seconds" in json.loads(error.message)["errorMessage"]
    assert any("in handler" in line for line in logged(cloud, "work"))
    assert runs(cloud)[0]["error_type"] == "FunctionTimeoutError"
    assert json.loads(call(cloud, "work").data)["calls"] == 1


def test_warm_instances_are_used_again(cloud: LocalCloud) -> None:
    """One process serves call after call; after five idle minutes it is ended."""
    for number in (1, 2, 3):
        assert json.loads(call(cloud, "work").data)["calls"] == number
    cloud.advance(301)
    assert json.loads(call(cloud, "work").data)["calls"] == 1
    assert [run["cold"] for run in runs(cloud)] == [True, False, False, True]


def test_calls_at_once_have_instances_of_their_own(cloud: LocalCloud) -> None:
    """An instance handles one call at a time."""
    sleep = '{"do": "sleep", "seconds": 0.5}'
    threads = [threading.Thread(target=call, args=(cloud, "work", sleep)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({run["instance_id"] for run in runs(cloud)}) == 3


def test_a_warm_instance_that_died_is_noticed(cloud: LocalCloud) -> None:
    """A process that died while idle is replaced before the next call."""
    os.kill(json.loads(call(cloud, "work").data)["pid"], signal.SIGKILL)
    time.sleep(0.1)
    assert json.loads(call(cloud, "work").data)["calls"] == 1


def test_reuse_is_fast(cloud: LocalCloud) -> None:
    """A warm call takes the emulator at most three milliseconds (the tenth fastest of fifty, for a busy machine)."""
    for _ in range(51):
        call(cloud, "work")
    durations = sorted(run["duration_ms"] for run in runs(cloud) if not run["cold"])
    assert durations[9] <= 3


def test_the_environment_is_what_is_declared(cloud: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A function sees the system's variables, its own and its credentials, and nothing of the machine's."""
    monkeypatch.setenv("LEAK", "x")
    found = json.loads(call(cloud, "work", '{"do": "environment"}').data)
    assert set(found) == {
        *("PATH", "HOME", "LANG", "TZ", "NOTES", "CLOUD_ENDPOINTS"),
        *("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN"),
        *("FC_FUNC_CODE_PATH", "FC_ACCOUNT_ID", "FC_REGION", "FC_FUNCTION_NAME", "FC_FUNCTION_HANDLER"),
        *("FC_FUNCTION_MEMORY_SIZE", "FC_INSTANCE_ID", "FC_CUSTOM_LISTEN_PORT", "FC_VER_ID"),
    }
    assert json.loads(found["CLOUD_ENDPOINTS"]) == cloud.endpoints


def test_the_code_directory_comes_first(cloud: LocalCloud) -> None:
    """The code directory is the working directory and the first place to import from; nothing of ours is loaded."""
    found = json.loads(call(cloud, "work", '{"do": "wild"}').data)
    assert found["cwd"] == found["path"]
    assert found["modules"] == []


def identity(cloud: LocalCloud, key: Key) -> str:
    config = Config(*key, endpoint=cloud.endpoints["sts"], protocol="http")
    return str(Sts(config).get_caller_identity().body.arn)


def test_credentials_are_the_roles(cloud: LocalCloud) -> None:
    """Environment and context hold credentials of the function's role, for 36 hours; the context's are renewed."""
    context = json.loads(call(cloud, "work", '{"do": "context"}').data)
    key = Key(**{n.replace("security_", ""): v for n, v in context["credentials"].items()})
    assert identity(cloud, key).startswith(f"acs:ram::{ACCOUNT}:role/cab-functions/")
    cloud.advance(36 * 3600 - 60)
    assert identity(cloud, key)
    cloud.advance(120)
    with pytest.raises(ClientException):
        identity(cloud, key)
    context = json.loads(call(cloud, "work", '{"do": "context"}').data)
    assert identity(cloud, Key(**{n.replace("security_", ""): v for n, v in context["credentials"].items()}))


def test_the_context_of_each_runtime(cloud: LocalCloud) -> None:
    """3.10 has credentials and a service, 3.12 has neither."""
    old = json.loads(call(cloud, "work", '{"do": "context"}').data)
    new = json.loads(call(cloud, "modern", '{"do": "context"}').data)
    assert old["function"] == {"name": "work", "handler": "functions.work.handler", "memory": 512, "timeout": 2}
    assert (old["account_id"], old["region"], old["service"]["qualifier"]) == (ACCOUNT, "cn-hangzhou", "LATEST")
    assert {"credentials", "service"} & set(new) == set()
    assert new["function"]["name"] == "modern"


def test_a_function_without_role_has_no_credentials(cloud: LocalCloud) -> None:
    """Without a role there is nothing to assume."""
    found = json.loads(call(cloud, "roleless", '{"do": "environment"}').data)
    assert not [name for name in found if name.startswith("ALIBABA")]


def test_a_role_that_cannot_be_assumed(cloud: LocalCloud) -> None:
    """A role that does not exist stops the call."""
    error = failure(lambda: call(cloud, "stranger"))
    assert (error.status_code, error.err_code) == (403, "AccessDenied")


def test_the_initializer_runs_once_per_instance(cloud: LocalCloud) -> None:
    """Before the first call only; where it fails, the call fails with its error."""
    for _ in range(2):
        call(cloud, "ready")
    lines = logged(cloud, "ready")
    assert len([line for line in lines if line.startswith("initialized by")]) == 1
    error = failure(lambda: call(cloud, "never"))
    assert json.loads(error.message)["errorMessage"] == "no start"


def test_the_log_of_a_call(cloud: LocalCloud) -> None:
    """``Tail`` gives the last 4 KB of that call's log and no other's."""
    call(cloud, "work", '{"do": "print", "text": "first"}')
    answer = call(cloud, "work", json.dumps({"do": "print", "text": "y" * 5000}), x_fc_log_type="Tail")
    log = base64.b64decode(answer.headers["X-Fc-Log-Result"])
    assert (len(log), b"first" in log) == (4096, False)


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
    assert refused(lambda: bare.get_async_invoke_config("modern", asked)) == (404, "AsyncConfigNotExists")
    assert refused(lambda: bare.get_concurrency_config("modern")) == (404, "ConcurrencyConfigNotFound")
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


def test_an_asynchronous_call_answers_at_once(cloud: LocalCloud) -> None:
    """202, nothing in it, an id; then the function runs."""
    answer = call(cloud, "work", '{"do": "sleep", "seconds": 1}', x_fc_invocation_type="Async")
    assert (answer.data, runs(cloud)) == (b"", [])
    assert answer.headers["X-Fc-Async-Task-Id"]
    (run,) = wait_for(cloud, "work", 1)
    assert (run["source"], run["request_id"]) == ("async", answer.headers["X-Fc-Request-Id"])
    answer = call3(cloud, "work", x_fc_invocation_type="Async", x_fc_async_task_id="mine")
    assert (answer.status_code, answer.headers["x-fc-async-task-id"]) == (202, "mine")


def test_an_asynchronous_call_can_be_postponed(cloud: LocalCloud) -> None:
    """``x-fc-async-delay`` counts on the emulator's clock."""
    call(cloud, "work", x_fc_invocation_type="Async", x_fc_async_delay="600")
    cloud.advance(500)
    assert runs(cloud) == []
    cloud.advance(101)
    assert len(runs(cloud)) == 1


def test_events_keep_within_their_limits(cloud: LocalCloud) -> None:
    """128 KB for asynchronous events; more is fine for synchronous ones."""
    big = json.dumps({"x": "y" * 131072})
    assert failure(lambda: call(cloud, "work", big, x_fc_invocation_type="Async")).err_code == "EntityTooLarge"
    call(cloud, "work", big)


def letters(cloud: LocalCloud, name: str) -> list[dict[str, Any]]:
    return [json.loads(m.message_body) for m in queue(cloud, name, encode=False).batch_peek_message(16)]


def grant_sending(cloud: LocalCloud) -> None:
    from alibabacloud_ram20150501 import models as ram  # noqa: PLC0415 - only this needs it

    request = {"role_name": "cab-functions", "policy_type": "System", "policy_name": "AdministratorAccess"}
    cloud.client("ram").attach_policy_to_role(ram.AttachPolicyToRoleRequest(**request))


def test_a_failing_asynchronous_call_is_tried_again_and_reported(cloud: LocalCloud) -> None:
    """Two retries as declared, then one record in the destination, with the event and the error as texts."""
    grant_sending(cloud)
    queue(cloud, "bad")
    call(cloud, "reported", '{"do": "raise"}', x_fc_invocation_type="Async")
    cloud.advance(60)
    assert [run["attempt"] for run in runs(cloud)] == [1, 2, 3]
    (record,) = letters(cloud, "bad")
    context = record["requestContext"]
    assert record["requestPayload"] == '{"do": "raise"}'
    assert (context["condition"], context["approximateInvokeCount"]) == ("UnhandledInvocationError", 3)
    assert context["functionArn"] == f"acs:fc:cn-hangzhou:{ACCOUNT}:functions/reported"
    assert record["responseContext"] == {"statusCode": 200, "functionError": "UnhandledInvocationError"}
    assert json.loads(record["responsePayload"])["errorMessage"] == "as told"


def test_a_good_asynchronous_call_is_reported(cloud: LocalCloud) -> None:
    """The destination of success gets a record without condition."""
    grant_sending(cloud)
    queue(cloud, "good")
    call(cloud, "reported", "{}", x_fc_invocation_type="Async")
    cloud.advance(1)
    (record,) = letters(cloud, "good")
    assert record["requestContext"]["condition"] == ""
    assert json.loads(record["responsePayload"])["calls"] == 1


def test_a_role_that_may_not_send_reports_nothing(cloud: LocalCloud) -> None:
    """The record is sent with the permissions of the function's role; a refusal is in the log only."""
    queue(cloud, "good")
    queue(cloud, "other")
    call(cloud, "reported", "{}", x_fc_invocation_type="Async")
    cloud.advance(1)
    assert "mns:SendMessage" in logged(cloud, "reported")[-1]
    assert cloud.state()["mns"]["queues"][ACCOUNT]["good"]["messages"] == {}


def test_an_event_grows_too_old(cloud: LocalCloud) -> None:
    """Postponed beyond its age, an event is reported without having run."""
    grant_sending(cloud)
    queue(cloud, "bad")
    call(cloud, "reported", "{}", x_fc_invocation_type="Async", x_fc_async_delay="700")
    cloud.advance(701)
    assert (runs(cloud), letters(cloud, "bad")[0]["requestContext"]["approximateInvokeCount"]) == ([], 0)


def test_reserved_concurrency_is_a_limit(cloud: LocalCloud) -> None:
    """A second synchronous call at once is refused with 429; a second asynchronous one waits for its turn."""
    first = threading.Thread(target=call, args=(cloud, "single", '{"do": "sleep", "seconds": 1}'))
    first.start()
    time.sleep(0.5)
    error = failure(lambda: call(cloud, "single"))
    assert (error.status_code, error.err_code) == (429, "ResourceExhausted")
    call(cloud, "single", x_fc_invocation_type="Async")
    first.join()
    cloud.advance(60)
    assert [run["error_type"] for run in runs(cloud, "single")] == ["", ""]


def test_what_ends_after_a_reset_is_not_of_the_new_world(cloud: LocalCloud) -> None:
    """Runs, logs and retries of before a reset do not show after it."""
    for _ in range(5):
        for _ in range(4):
            call(cloud, "work", '{"do": "raise"}', x_fc_invocation_type="Async")
        cloud.reset()
        cloud.advance(60)
        assert (runs(cloud), cloud.state()["fc"]["logs"]) == ([], {})


def test_what_is_deployed_can_be_read(cloud: LocalCloud) -> None:
    """The 3.0 client reads functions, triggers and settings, by name and in pages."""
    fc = fc3(cloud)
    got = fc.get_function("reported", models.GetFunctionRequest()).body
    assert (got.function_name, got.handler, got.timeout) == ("reported", "functions.work.handler", 10)
    assert (got.role, got.description) == (f"acs:ram::{ACCOUNT}:role/cab-functions", "told")
    assert list(got.environment_variables) == ["NOTES"]
    page = fc.list_functions(models.ListFunctionsRequest(limit=3)).body
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
