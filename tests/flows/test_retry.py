"""The retry door: every form in which a message arrives, and one budget for all of them."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from shared.attempt import LEAST_SECONDS
from shared.clients import Credentials
from shared.cloud import connect
from shared.config import Retry, load
from shared.deadline import RESERVE, Deadline
from shared.messages import Message
from shared.outcome import Reason, TemporaryError
from shared.queue import QueueError
from tests.flows.platform import Platform, cloud_event, created, encoded
from tests.flows.world import PROD, TEST, World

DENY_ROLES = {"Version": "1", "Statement": [{"Effect": "Deny", "Action": "ram:CreateRole", "Resource": "*"}]}


def retry_message(account: str = PROD, **changes: Any) -> str:
    """Our own message for another attempt, as it lies in the queue."""
    document = Message(account_id=account, attempt=2, first_failed_at="2026-11-22T02:03:09Z").model_dump(mode="json")
    return json.dumps({**document, **changes})


def failure_record(event: Any) -> dict[str, Any]:
    """What Function Compute writes to its failure destination (page "Result callback")."""
    return {
        "timestamp": 1660120276975,
        "requestContext": {"requestId": "r", "functionArn": "acs:fc:::functions/cab-onboard", "condition": "x"},
        "requestPayload": json.dumps(event),
        "responseContext": {"statusCode": 200, "functionError": "UnhandledInvocationError"},
        "responsePayload": "{}",
    }


FORMS: dict[str, Any] = {
    "a batch": [cloud_event(retry_message())],
    "one CloudEvent": cloud_event(retry_message()),
    "base64 body": [cloud_event(encoded(json.loads(retry_message())))],
    "RawData": [{"requestId": "r", "messageId": "m", "messageBody": retry_message()}],
    "a CloudEvent as the body": [cloud_event(json.dumps(created(PROD)))],
    "a CloudEvent as a base64 body": [cloud_event(encoded(created(PROD)))],
    "a failure record": failure_record(created(PROD)),
    "a failure record as the body": [cloud_event(json.dumps(failure_record(created(PROD))))],
    "a failure record of a batch": [cloud_event(json.dumps(failure_record([cloud_event(retry_message())])))],
    "our message alone": json.loads(retry_message()),
}


@contextmanager
def denied(world: World, account: str) -> Iterator[None]:
    """A control policy forbids that anybody makes a role in the account."""
    directory = world.cloud.client("resourcedirectory")
    directory.enable_control_policy()
    create = rd.CreateControlPolicyRequest(
        policy_name="no-roles", effect_scope="RAM", policy_document=json.dumps(DENY_ROLES)
    )
    policy = directory.create_control_policy(create).body.control_policy.policy_id
    directory.attach_control_policy(rd.AttachControlPolicyRequest(policy_id=policy, target_id=account))
    yield
    directory.detach_control_policy(rd.DetachControlPolicyRequest(policy_id=policy, target_id=account))


@pytest.mark.parametrize("form", FORMS)
def test_every_form_of_a_message_is_understood(world: World, form: str) -> None:
    """Whatever the envelope, the retry door converges the account."""
    answer = world.call("retry", FORMS[form])
    assert answer["state"] == "protected"
    assert world.is_protected(PROD)


@pytest.mark.every_guess
def test_one_poison_message_among_sixteen(world: World) -> None:
    """Fifteen are done, the poison one is dead-lettered once, none is repeated and none is left."""
    accounts = [world.create(f"a{number}") for number in range(15)]
    bodies = [retry_message(account) for account in accounts]
    answers = world.call("retry", [cloud_event(body) for body in [*bodies[:7], "poison", *bodies[7:]]])
    assert [answer["disposition"] for answer in answers] == ["done"] * 7 + ["dead_letter"] + ["done"] * 8
    assert all(map(world.is_protected, accounts))
    (letter,) = world.dead_letters()
    assert (letter["reason"], letter["message"]) == ("unreadable", "poison")
    assert world.retries() == []


def test_a_message_without_a_queue_does_not_stop_its_neighbours(world: World) -> None:
    """Where one of a batch can be put nowhere the function fails, and the others are done all the same."""
    world.cloud.fault(service="mns", action="SendMessage", code="InternalError", status=500, count=None)
    world.cloud.fault(service="ram", action="CreateRole", code="InternalError", status=500, count=1)
    batch = [cloud_event(retry_message(account)) for account in (PROD, TEST)]
    with pytest.raises(QueueError):
        world.call("retry", batch)
    assert (world.role(PROD), world.is_protected(TEST)) == (None, True)
    world.cloud.fault(clear=True)
    assert {answer["disposition"] for answer in world.call("retry", batch)} == {"done"}
    assert world.is_protected(PROD)


def test_a_redelivered_message_writes_nothing(world: World) -> None:
    """A message that comes again after it succeeded makes no write call at all."""
    assert world.call("retry", [cloud_event(retry_message())])["state"] == "protected"
    mark = world.mark()
    assert world.call("retry", [cloud_event(retry_message())])["state"] == "protected"
    assert world.writes(mark) == []


def test_what_may_pass_waits_longer_each_time(world: World) -> None:
    """An unknown failure is tried by the schedule, with its history in the message, and then set aside for a person."""
    world.configure(retry={"delays": [30, 120, 600]})
    world.cloud.fault(service="ram", action="CreateRole", code="NeverSeen", status=400, count=None)
    platform = Platform(world)
    first = world.call("onboard", created(PROD, "event-1"))
    assert (first["disposition"], first["reason"], first["detail"][:21]) == (
        "retry",
        "unknown_error",
        "CreateRole: NeverSeen",
    )
    assert first["delay"] <= 30
    platform.work_off()
    assert [answer["disposition"] for answer in platform.invocations] == ["retry", "retry", "dead_letter"]
    (letter,) = world.dead_letters()
    assert (letter["reason"], letter["attempts"], len(letter["request_ids"])) == ("unknown_error", 4, 4)
    assert letter["message"]["original"]["eventId"] == "event-1"
    assert letter["first_failed_at"] <= letter["last_failed_at"]


def test_an_account_that_is_too_new_has_its_own_schedule(world: World) -> None:
    """A brand-new account is asked again within seconds, and the day's budget is still whole when it lets us in."""
    world.cloud.guess(role_propagation_seconds=60)
    account = world.create("slow")
    answer = world.call("onboard", created(account))
    assert answer["disposition"] == "retry"
    assert answer["delay"] <= Retry().not_ready[0]
    (message,) = world.retries()
    assert (message["attempt"], message["not_ready"]) == (2, 1)
    platform = Platform(world)
    platform.work_off()
    assert world.is_protected(account)
    assert 60 <= platform.moved <= sum(Retry().not_ready)


def test_an_account_that_never_lets_us_in_is_told_within_minutes(world: World) -> None:
    """An invited account has no access role: that is a dead letter after its own short schedule, not after a day."""
    zone = world.zone()
    (prod,) = [account for account in zone["accounts"] if account["id"] == PROD]
    prod["join"] = "invited"
    world.cloud.reset(zone=zone)
    world.key = world.cloud.as_function()
    world.call("onboard", created(PROD))
    platform = Platform(world)
    platform.work_off()
    (letter,) = world.dead_letters()
    assert (letter["reason"], letter["attempts"]) == ("access_role_missing", len(Retry().not_ready) + 1)
    assert platform.moved <= sum(Retry().not_ready) + len(Retry().not_ready)


def test_no_time_left_means_another_invocation(world: World) -> None:
    """What an invocation has no time for goes back into the queue instead of being cut off in the middle."""
    answer = world.call("retry", [cloud_event(retry_message())], world.context(timeout=1))
    assert (answer["disposition"], answer["reason"]) == ("retry", "out_of_budget")
    assert [message["account_id"] for message in world.retries()] == [PROD]
    assert world.role(PROD) is None


def test_nothing_is_begun_that_is_likely_to_be_cut_off(world: World) -> None:
    """In the last seconds of an invocation no account is begun."""
    answer = world.call("retry", [cloud_event(retry_message())], world.context(timeout=round(RESERVE) + 4))
    assert (answer["disposition"], answer["reason"], answer["api_calls"]) == ("retry", "out_of_budget", 0)


def test_what_runs_out_of_time_comes_back(world: World) -> None:
    """After the deadline nothing more is begun; the message is in the queue before the platform cuts it off."""
    policies = ["AliyunHBRRolePolicy", "System:ReadOnlyAccess", "System:AdministratorAccess"]
    world.configure(enrolment={"policies": policies})
    for service in ("ram", "sts", "hbr", "resourcedirectory"):
        world.cloud.fault(service=service, latency_ms=800, count=None)
    timeout, began = RESERVE + LEAST_SECONDS + 1, time.monotonic()
    answer = world.call("retry", json.loads(retry_message()), world.context(timeout))
    assert (answer["disposition"], answer["reason"]) == ("retry", "out_of_budget")
    assert time.monotonic() - began < timeout - RESERVE / 2
    assert [message["attempt"] for message in world.retries()] == [3]
    world.cloud.clear_faults()
    assert world.call("retry", world.retries()[0])["state"] == "protected"


def test_after_the_deadline_only_the_queue_is_called(world: World) -> None:
    """A call to the cloud is refused before it is made; a message can be put into a queue all the same."""
    key, mark = world.key, world.mark()
    given = Credentials(key.access_key_id, key.access_key_secret, key.token)
    with connect(load(os.environ), given, Deadline.after(0)) as cloud:
        with pytest.raises(TemporaryError) as refused:
            cloud.ports.directory.look_up(PROD)
        cloud.queues.retry_later(Message(account_id=PROD), 0)
    assert (refused.value.reason, cloud.calls.counted.total()) == (Reason.OUT_OF_BUDGET, 0)
    assert world.calls(mark) == ["SendMessage"]


def test_what_was_not_tried_is_no_attempt(world: World) -> None:
    """However often no time is left for a message: none of its budget is used up, and nothing counts as failed."""
    message: Any = json.loads(retry_message(attempt=10, first_failed_at=None))
    for number in range(1, 21):
        answer = world.call("retry", message, world.context(timeout=1))
        assert (answer["disposition"], answer["attempt"]) == ("retry", 10)
        message = world.retries()[-1]
        assert (message["attempt"], message["turns"], message["first_failed_at"]) == (10, number, None)
    world.cloud.fault(service="ram", action="CreateRole", code="InternalError", status=500)
    assert world.call("retry", message)["disposition"] == "dead_letter"
    (letter,) = world.dead_letters()
    assert (letter["attempts"], letter["message"]["turns"]) == (10, 20)


def test_a_large_event_fits_the_queue(world: World) -> None:
    """Of an event above 32 KB its id, name, account and digest travel; what lies in the queue stays below 64 KB."""
    world.cloud.fault(service="ram", action="CreateRole", code="InternalError", status=500)
    event = created(PROD, "event-1")
    event["data"]["requestParameters"] = {"Padding": "é" * 40_000}
    assert world.call("onboard", event)["disposition"] == "retry"
    (message,) = world.retries()
    assert {key: message["original"][key] for key in ("eventId", "eventName", "accountId")} == {
        "eventId": "event-1",
        "eventName": "CreateResourceAccount",
        "accountId": PROD,
    }
    assert len(message["original"]["sha256"]) == 64
    Platform(world).work_off()
    assert world.is_protected(PROD)


def test_an_unknown_version_is_dead_lettered(world: World) -> None:
    """A message of a later version is set aside as it is; nothing is guessed, nothing is called."""
    mark = world.mark()
    answer = world.call("retry", [cloud_event(retry_message(version=2))])
    assert (answer["disposition"], answer["reason"]) == ("dead_letter", "unknown_version")
    (letter,) = world.dead_letters()
    assert letter["message"] == json.loads(retry_message(version=2))
    assert world.calls(mark) == ["SendMessage"]


def test_the_queue_is_asked_again_at_once(world: World) -> None:
    """A queue that fails for a moment does not fail the invocation."""
    world.cloud.fault(service="mns", action="SendMessage", code="InternalError", status=500, count=2)
    world.cloud.fault(service="ram", action="CreateRole", code="InternalError", status=500)
    assert world.enrol()["disposition"] == "retry"
    assert len(world.retries()) == 1


def test_a_permanent_failure_explains_itself(world: World) -> None:
    """A control policy denies ram:CreateRole: a dead letter within one attempt, with what the cloud said of it."""
    with denied(world, PROD):
        answer = world.call("onboard", created(PROD))
    assert (answer["disposition"], answer["reason"], answer["attempt"]) == ("dead_letter", "access_denied", 1)
    (letter,) = world.dead_letters()
    (entry,) = [one for one in world.cloud.journal() if (one["action"], one["code"]) == ("CreateRole", "NoPermission")]
    assert letter["request_ids"] == [entry["request_id"]]
    told = letter["access_denied_detail"]
    assert (told["PolicyType"], told["NoPermissionType"], told["AuthAction"]) == (
        "ControlPolicy",
        "ExplicitDeny",
        "ram:CreateRole",
    )
    assert (letter["attempts"], world.retries()) == (1, [])
