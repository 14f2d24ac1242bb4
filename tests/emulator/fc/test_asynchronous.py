"""Asynchronous calls of Function Compute: tried again, grown too old, reported."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.cloud import LocalCloud
from tests.emulator.deployed import ACCOUNT, call, events, queue, queue_arn, runs, wait_for
from tests.emulator.fc.calls import call3, logged

FUNCTIONS: dict[str, dict[str, Any]] = {
    "work": {"timeout": 2},
    "pleased": {},
    "sorry": {},
    "aging": {
        "asyncInvokeConfig": {
            "maxAsyncRetryAttempts": 8,
            "maxAsyncEventAgeInSeconds": 20,
            "destinationConfig": {
                "onSuccess": {"destination": f"acs:fc:cn-hangzhou:{ACCOUNT}:functions/pleased"},
                "onFailure": {"destination": f"acs:fc:cn-hangzhou:{ACCOUNT}:functions/sorry"},
            },
        }
    },
    "reported": {
        "asyncInvokeConfig": {
            "maxAsyncRetryAttempts": 2,
            "maxAsyncEventAgeInSeconds": 600,
            "destinationConfig": {
                "onSuccess": {"destination": queue_arn("good", "/messages")},
                "onFailure": {"destination": queue_arn("bad", "/messages")},
            },
        },
    },
}


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


def test_retries_end_when_the_event_is_too_old(cloud: LocalCloud) -> None:
    """Retries that are left are not made once the event's age is beyond its limit; that is reported, too."""
    grant_sending(cloud)
    call(cloud, "aging", '{"do": "raise"}', x_fc_invocation_type="Async")
    cloud.advance(120)
    assert [run["attempt"] for run in runs(cloud, "aging")] == [1, 2, 3, 4, 5]
    (record,) = events(cloud, "sorry")
    assert record["requestContext"]["condition"] == "EventAgeExceeded"


@pytest.mark.parametrize(("event", "told"), [("{}", "pleased"), ('{"do": "raise"}', "sorry")])
def test_a_destination_can_be_a_function(cloud: LocalCloud, event: str, told: str) -> None:
    """The record of success or failure is that function's event; its role must be allowed to invoke it."""
    call(cloud, "aging", event, x_fc_invocation_type="Async")
    cloud.advance(120)
    assert "fc:InvokeFunction" in logged(cloud, "aging")[-1]
    assert {run["function"] for run in runs(cloud)} == {"aging"}
    grant_sending(cloud)
    call(cloud, "aging", event, x_fc_invocation_type="Async")
    cloud.advance(120)
    (run,) = runs(cloud, told)
    assert run["source"] == "destination:aging"
    assert [record["requestPayload"] for record in events(cloud, told)] == [event]
