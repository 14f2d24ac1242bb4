"""The last nets, with the functions as s.yaml declares them: the queue is down, or a function is killed."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from tests.cloud import ROOT, LocalCloud, local_cloud
from tests.flows import guesses
from tests.flows.guesses import Kind
from tests.flows.platform import Platform
from tests.flows.test_retry import retry_message
from tests.flows.world import PROD, World, unprotected

PATIENCE = 30.0
MOMENTS = [
    ("sts", "AssumeRole", "before"),
    ("ram", "CreateRole", "before"),
    ("ram", "CreateRole", "after"),
    ("ram", "AttachPolicyToRole", "after"),
    ("hbr", "AddCrossAccount", "before"),
    ("hbr", "AddCrossAccount", "after"),
    ("hbr", "CheckRole", "after"),
]
"""Calls in the middle of which a function is killed; ``after``: the work was done, and the answer is on its way."""

SILENT = pytest.mark.not_under("no event arrives, and so no function runs that could fail", **guesses.UNHEARD)


@pytest.fixture(scope="module")
def options(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, ...]:
    """The functions deployed, but without the timers: no sweep shall do the work of a retry."""
    template = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
    del template["resources"]["reconcile"]["props"]["triggers"]
    path = tmp_path_factory.mktemp("deployed") / "s.yaml"
    template["template"]["function"]["environmentVariables"]["CAB_CONFIG"] = str(path.with_name("config.yaml"))
    path.write_text(yaml.safe_dump(template), encoding="utf-8")
    return "--functions", str(path), "--code", "."


@pytest.fixture(scope="module")
def process(options: tuple[str, ...]) -> Iterator[LocalCloud]:
    """An emulator with these functions."""
    with local_cloud(*options) as cloud:
        yield cloud


@pytest.fixture
def world(world: World, options: tuple[str, ...]) -> World:
    """The deployed functions are configured as the tests' own process is, but for its pace."""
    Path(options[1]).with_name("config.yaml").write_text(yaml.safe_dump(world.config), encoding="utf-8")
    return world


def wait_for(found: Callable[[], Any], what: str) -> Any:
    """Ask until something is found."""
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        if answer := found():
            return answer
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE:.0f} s for {what}")


def functions(world: World, name: str) -> dict[str, Any]:
    """What the emulator tells of one function: its processes, its invocations."""
    address = world.cloud.endpoints["control"] + "/fc"
    told: dict[str, Any] = httpx.get(address, params={"function": name}, trust_env=False).json()
    return told


def called(world: World, name: str, times: int) -> None:
    """Wait until a function has been called so often."""
    wait_for(lambda: len(ended(world, name)) >= times, f"call {times} of {name}")


def settle(world: World, account: str) -> None:
    """Let minutes pass until the platform has called again what failed, and no message waits any more.

    Where EventBridge takes a function's error for an answer, nobody calls again: the next sweep finds the account.
    """
    if world.cloud.standing.get("function_errors_redelivered") is False:
        world.key = world.cloud.as_function()
        world.call("reconcile", {"sweep": "fast"})
    for _ in range(30):
        world.cloud.advance(20)
        if world.is_protected(account) and not world.retries():
            return


def ended(world: World, name: str) -> list[str]:
    """How the invocations of a function ended: their error types."""
    return [one["error_type"] for one in functions(world, name)["invocations"]]


@SILENT
def test_mns_is_down_while_onboarding_fails(world: World) -> None:
    """Nothing is acknowledged: the function raises, and the platform's retry brings the account back."""
    world.cloud.fault(service="mns", drop=True, count=None)
    world.cloud.fault(service="ram", action="CreateRole", code="InternalError", status=500, count=None)
    account = world.create("unlucky")
    wait_for(lambda: ended(world, "cab-onboard"), "the function to raise")
    assert set(ended(world, "cab-onboard")) == {"UnhandledInvocationError"}
    assert world.retries() == world.dead_letters() == []
    world.cloud.clear_faults()
    settle(world, account)
    assert world.is_protected(account)
    assert world.retries() == world.dead_letters() == []


@SILENT
@pytest.mark.not_under("it is called once there: the sweep finds it, as above", function_errors_redelivered=False)
def test_mns_is_down_for_longer_than_the_platform_tries(world: World) -> None:
    """What even the platform gives up is not lost for ever: the sweep finds the account."""
    world.cloud.fault(service="mns", drop=True, count=None)
    world.cloud.fault(service="ram", action="CreateRole", code="InternalError", status=500, count=None)
    account = world.create("unlucky")
    for number in range(1, 5):
        called(world, "cab-onboard", number)
        world.cloud.advance(30)
    world.cloud.clear_faults()
    asynchronous = world.cloud.standing.get("async_invocation_type") == "false"
    assert len(world.dead_letters()) == asynchronous, "Function Compute has given up, and EventBridge has not yet"
    assert (world.retries(), world.role(account)) == ([], None)
    world.key = world.cloud.as_function()
    assert world.call("reconcile", {"sweep": "fast"})["sweep"]["repaired"] >= 1
    assert world.is_protected(account)


@SILENT
@pytest.mark.parametrize(("service", "action", "phase"), MOMENTS)
def test_a_function_is_killed(world: World, service: str, action: str, phase: str) -> None:
    """A function that is killed in the middle of a call is called again, and the account ends protected."""
    world.cloud.fault(service=service, action=action, phase=phase, effect="kill")
    account = world.create("killed")
    wait_for(lambda: ended(world, "cab-onboard"), "the kill")
    assert ended(world, "cab-onboard")[0] == "UnhandledInvocationError"
    settle(world, account)
    assert world.is_protected(account)
    assert world.retries() == world.dead_letters() == []


@pytest.mark.parametrize(("service", "action", "phase"), MOMENTS[2:6:3])
def test_the_retry_function_is_killed(world: World, service: str, action: str, phase: str) -> None:
    """A message whose function is killed comes back, and the account ends protected."""
    world.cloud.fault(service=service, action=action, phase=phase, effect="kill")
    Platform(world).send(retry_message())
    world.cloud.advance(2)
    wait_for(lambda: ended(world, "cab-retry"), "the kill")
    assert ended(world, "cab-retry")[0] == "UnhandledInvocationError"
    settle(world, PROD)
    assert world.is_protected(PROD)
    assert world.retries() == world.dead_letters() == []


@SILENT
@pytest.mark.not_under("no event is pending after an error there", function_errors_redelivered=False)
def test_a_retry_outlives_its_cloud(world: World, options: tuple[str, ...]) -> None:
    """An event that is pending, one whose message is delayed: loaded into a fresh emulator, both end protected."""
    world.cloud.fault(service="ram", action="CreateRole", code="InternalError", status=500)
    delayed = world.create("delayed")
    wait_for(world.retries, "the message")
    world.cloud.fault(service="ram", action="CreateRole", effect="kill")
    pending = world.create("pending")
    wait_for(lambda: "UnhandledInvocationError" in ended(world, "cab-onboard"), "the kill")
    state = world.cloud.state()
    assert all(unprotected(state, account) for account in (delayed, pending))
    with local_cloud(*options) as fresh:
        fresh.load(state)
        world.cloud = fresh
        for account in (delayed, pending):
            settle(world, account)
        assert [world.is_protected(account) for account in (delayed, pending)] == [True, True]
        assert world.retries() == world.dead_letters() == []


def test_poison_in_a_batch_of_sixteen(world: World) -> None:
    """Through the queue's trigger: one invocation, fifteen protected, one dead letter, nothing again."""
    world.cloud.guess(directory_events="absent")
    accounts = [world.create(f"a{number}") for number in range(15)]
    bodies = [retry_message(account) for account in accounts]
    Platform(world).send(*bodies[:7], "poison", *bodies[7:])
    for _ in range(12):
        world.cloud.advance(20)
    invocations = functions(world, "cab-retry")["invocations"]
    answers = [answer for one in invocations for answer in all_of(json.loads(one["response"]))]
    # Who gets no turn under the quotas comes back without having been attempted.
    ended = [answer["disposition"] for answer in answers if answer.get("reason") != "no_turn"]
    assert sorted(ended) == ["dead_letter", *["done"] * 15]
    assert all(map(world.is_protected, accounts))
    assert [letter["message"] for letter in world.dead_letters()] == ["poison"]
    assert world.retries() == []


def all_of(answer: Any) -> list[Any]:
    """What a function answered for each message; for a single one it is no list."""
    return answer if isinstance(answer, list) else [answer]


@pytest.fixture(scope="module")
def misconfigured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The functions deployed without their configuration."""
    template = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
    del template["resources"]["reconcile"]["props"]["triggers"]
    template["template"]["function"]["environmentVariables"]["CAB_CONFIG"] = "nowhere.yaml"
    path = tmp_path_factory.mktemp("misconfigured") / "s.yaml"
    path.write_text(yaml.safe_dump(template), encoding="utf-8")
    with local_cloud("--functions", str(path), "--code", ".") as cloud:
        yield cloud


@SILENT
@pytest.mark.not_under("nobody keeps the event there: the sweep finds the account", function_errors_redelivered=False)
@pytest.mark.every_guess("async_invocation_type", "cloud_messages")
def test_without_a_configuration_an_event_ends_in_one_letter(
    misconfigured: LocalCloud, guess: Kind, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However the rule calls the function: when the platform gives up, one letter has the event."""
    guesses.begin(misconfigured, guess)
    world = World(misconfigured, tmp_path, monkeypatch)
    account = world.create("unlucky")
    wait_for(lambda: ended(world, "cab-onboard"), "the function to raise")
    for _ in range(12):
        world.cloud.advance(2 * 3600)
    (letter,) = world.dead_letters()
    assert set(ended(world, "cab-onboard")) == {"UnhandledInvocationError"}
    assert "nowhere.yaml: cannot be read" in functions(world, "cab-onboard")["invocations"][-1]["response"]
    assert (world.retries(), world.role(account)) == ([], None)
    world.key = world.cloud.as_function()
    assert world.call("retry", letter)["state"] == "protected"
    assert world.is_protected(account)
