"""What happens when not the event but everything around it is broken: nothing is acknowledged, nothing is lost."""

from __future__ import annotations

import json

import pytest

from shared.config import ConfigError
from shared.queue import QueueError
from tests.flows.world import PROD, TEST, World

CLOSED = "127.0.0.1:1"
"""A port where nobody listens."""


def test_without_a_configuration_the_platform_keeps_the_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even the queue is known then: the invocation fails and names the file; the platform brings the event back."""
    monkeypatch.setenv("CAB_CONFIG", "nowhere.yaml")
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        world.enrol()


def test_without_credentials_the_platform_keeps_the_event(world: World) -> None:
    """A function without a role is told so, and by which names credentials are looked for."""
    context = world.context()
    context.credentials.access_key_id = ""
    with pytest.raises(ConfigError, match=r"no credentials: .* ALIBABA_CLOUD_ACCESS_KEY_ID"):
        world.call("onboard", {"accountId": PROD}, context)


def test_an_ignored_event_needs_no_configuration(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """What does not concern us is answered before anything is read."""
    monkeypatch.setenv("CAB_CONFIG", "nowhere.yaml")
    assert world.call("onboard", {"eventName": "CreateFolder"})["disposition"] == "ignored"


@pytest.mark.parametrize("service", ["sts", "ram", "resourcedirectory"])
def test_an_unreachable_endpoint_leads_to_a_retry(world: World, monkeypatch: pytest.MonkeyPatch, service: str) -> None:
    """A service that does not answer is a reason to try again; the message is in the queue."""
    monkeypatch.setenv("CLOUD_ENDPOINTS", json.dumps({**world.cloud.endpoints, service: CLOSED}))
    answer = world.enrol()
    assert (answer["disposition"], answer["reason"]) == ("retry", "unreachable")
    assert [message["account_id"] for message in world.retries()] == [PROD]


@pytest.mark.parametrize("service", ["sts", "resourcedirectory"])
def test_a_sweep_that_fails_says_so_and_is_not_brought_back(
    world: World, monkeypatch: pytest.MonkeyPatch, service: str
) -> None:
    """Nothing raises, nothing is queued, and what came with it is done all the same: the next sweep is its retry."""
    monkeypatch.setenv("CLOUD_ENDPOINTS", json.dumps({**world.cloud.endpoints, service: CLOSED}))
    swept, enrolled = world.call("reconcile", [{"sweep": "fast"}, {"accountId": PROD}])
    assert (swept["disposition"], swept["reason"]) == ("failed", "unreachable")
    assert CLOSED.partition(":")[0] in swept["detail"]
    assert (enrolled["disposition"], enrolled["account_id"]) == ("retry", PROD)
    assert len(world.retries()) == 1


def test_a_sweep_that_failed_forgets_what_an_instance_remembers(world: World) -> None:
    """A session that ends early (its end is on the emulator's clock) costs one sweep, and not all that follow."""
    assert world.call("reconcile", {"sweep": "fast"})["disposition"] == "done"
    world.cloud.advance(1000)
    assert [world.call("reconcile", {"sweep": "fast"})["disposition"] for _ in range(2)] == ["failed", "done"]


@pytest.mark.not_under("one region is enough there, and the other is not called", registrations="global")
def test_an_unreachable_region_does_not_stop_the_others(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One region that does not answer: the other is registered, and the account is not called protected."""
    hbr = {**world.cloud.endpoints["hbr"], "cn-shanghai": CLOSED}
    monkeypatch.setenv("CLOUD_ENDPOINTS", json.dumps({**world.cloud.endpoints, "hbr": hbr}))
    answer = world.enrol()
    assert (answer["disposition"], answer["state"]) == ("retry", "unprotected")
    assert set(world.registered(PROD)) == {"cn-hangzhou"}


def test_without_the_queue_the_platform_keeps_the_event(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """When an attempt fails and the queue cannot be reached either, the invocation fails."""
    broken = {**world.cloud.endpoints, "sts": CLOSED, "mns": f"http://{CLOSED}"}
    monkeypatch.setenv("CLOUD_ENDPOINTS", json.dumps(broken))
    with pytest.raises(QueueError, match="cab-retry"):
        world.enrol()


def test_what_has_ended_is_logged_although_another_event_raises(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each event has its line as soon as it has ended: what raises for its neighbour does not hide it."""
    monkeypatch.setenv("CLOUD_ENDPOINTS", json.dumps({**world.cloud.endpoints, "mns": f"http://{CLOSED}"}))
    with caplog.at_level("INFO", "cross_account_backup"), pytest.raises(QueueError):
        world.call("retry", [{"accountId": PROD}, "no event", {"accountId": TEST}])
    lines = [json.loads(line) for line in caplog.messages if line.startswith("{")]
    assert [(line["account_id"], line["state"]) for line in lines] == [(PROD, "protected"), (TEST, "protected")]


def test_without_the_queue_a_success_is_still_a_success(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The queue is needed only for what fails."""
    monkeypatch.setenv("CLOUD_ENDPOINTS", json.dumps({**world.cloud.endpoints, "mns": f"http://{CLOSED}"}))
    assert world.enrol()["state"] == "protected"


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"[", b"7", b'"x"', b"{}", b'{"accountId": "12"}', b"x" * 2_100_000])
def test_what_cannot_be_read_is_dead_lettered_once(world: World, raw: bytes) -> None:
    """Bytes that are no event of ours end in the dead-letter queue with a reason, as they are."""
    answer = world.call("onboard", raw)
    assert answer["disposition"] == "dead_letter"
    (letter,) = world.dead_letters()
    assert letter["reason"] in {"unreadable", "bad_request"}
