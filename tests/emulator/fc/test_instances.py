"""What a function finds around it: its instance, environment, role and log."""

from __future__ import annotations

import base64
import json
import os
import signal
import threading
import time
from typing import Any

import pytest
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.exceptions import ClientException
from alibabacloud_tea_openapi.utils_models import Config

from tests.cloud import Key, LocalCloud
from tests.emulator.deployed import ACCOUNT, call, runs
from tests.emulator.fc.calls import failure, logged

FUNCTIONS: dict[str, dict[str, Any]] = {
    "work": {"timeout": 2},
    "modern": {"runtime": "python3.12"},
    "single": {"concurrencyConfig": {"reservedConcurrency": 1}},
    "ready": {"instanceLifecycleConfig": {"initializer": {"handler": "functions.work.initialize", "timeout": 5}}},
    "never": {
        "instanceLifecycleConfig": {"initializer": {"handler": "functions.work.initialize", "timeout": 5}},
        "environmentVariables": {"INIT_FAILS": "yes"},
    },
    "roleless": {"role": ""},
    "stranger": {"role": f"acs:ram::{ACCOUNT}:role/nobody"},
}


def test_an_instance_that_ends_itself(cloud: LocalCloud) -> None:
    """SystemExit kills the instance; the caller is told, and the next call gets another instance."""
    error = failure(lambda: call(cloud, "work", '{"do": "exit"}', x_fc_log_type="Tail"))
    assert "Process exited unexpectedly before completing request" in json.loads(error.message)["errorMessage"]
    assert json.loads(call(cloud, "work").data)["calls"] == 1
    assert [run["cold"] for run in runs(cloud)] == [True, True]
    assert "leaving" in logged(cloud, "work")


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
