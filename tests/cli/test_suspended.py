"""An account that is wanted and cannot be worked on now: every verb says so, and none says that it is protected."""

from __future__ import annotations

import pytest

from tests.cli.console import Console
from tests.flows.platform import Platform, created
from tests.flows.world import PROD, SANDBOX, TEST, World

SAID = "unworkable: status Suspended"


def set_status(world: World, account: str, status: str) -> None:
    state = world.cloud.state()
    state["directory"]["members"][account]["status"] = status
    world.cloud.load(state)


@pytest.fixture(autouse=True)
def _suspended(world: World) -> None:
    set_status(world, TEST, "Suspended")


@pytest.mark.parametrize("how", [[], ["--direct"], ["--check"]], ids=["deployed", "direct", "check"])
def test_a_suspended_account_is_not_protected_by_hand(cab: Console, world: World, how: list[str]) -> None:
    """Onboarding it ends with exit 1 and its status; nothing is written in it, or about it in the backup account."""
    ran = cab.local("onboard", "test-app", "--yes", *how)
    assert (ran.code, f"not done: {SAID}" in ran.out) == (1, True), ran
    assert " protected" not in ran.out
    assert (world.role(TEST), world.registered(TEST)) == (None, {})


def test_every_verb_says_the_same_of_it(cab: Console, world: World) -> None:
    """Status, plan, explain, doctor and a replay's preview call it unworkable; it is still counted as wanted."""
    world.enrol(PROD)
    status = cab.local("status")
    assert "1 of 2 wanted accounts registered" in status.out
    assert SAID in cab.local("plan", "test-app").out
    explained = cab.local("explain", TEST).out
    assert "It is wanted, and it cannot be worked on now." in explained
    assert "Status Suspended." in explained
    doctor = cab.local("doctor").out
    assert f"account {TEST} cannot be worked on: status Suspended" in doctor
    assert "all registered" not in doctor
    found = cab.local("status", "--json").json
    regions = {row["name"]: (row["wanted"], row["enrolled"]) for row in found["regions"]}
    assert set(regions.values()) == {(2, 1)}


def test_an_account_outside_the_scope_is_no_worse_for_being_suspended(cab: Console, world: World) -> None:
    """Of what nobody wants it is all the same whether it can be worked on."""
    set_status(world, SANDBOX, "Suspended")
    found = {one["account_id"]: one["state"] for one in cab.local("status", "--json").json["accounts"]}
    assert (found[SANDBOX], found[TEST]) == ("out_of_scope", "unworkable")


def test_what_came_too_early_is_done_when_the_account_works(world: World) -> None:
    """An event about it is brought back for as long as the budget lasts; once the account works, it is protected."""
    answer = world.call("onboard", created(TEST))
    assert (answer["disposition"], answer["reason"], answer["detail"]) == ("retry", "unworkable", "status Suspended")
    set_status(world, TEST, "CreateSuccess")
    Platform(world).work_off()
    assert world.is_protected(TEST)
    assert world.dead_letters() == []


def test_what_stays_suspended_waits_for_a_person(cab: Console, world: World) -> None:
    """When the budget is used up the message is a dead letter with that reason, whose fix ends protected."""
    world.call("onboard", created(TEST))
    Platform(world).work_off()
    assert [one["reason"] for one in world.dead_letters()] == ["unworkable"]
    set_status(world, TEST, "CreateSuccess")
    assert cab.local("dead-letters", "redrive", "--reason", "unworkable", "--apply", "--yes").code == 0
    world.cloud.advance(60)
    assert world.is_protected(TEST)


def test_what_is_suspended_can_be_withdrawn(cab: Console, world: World) -> None:
    """A person may take it out: what is asked for then is not that it works."""
    set_status(world, TEST, "CreateSuccess")
    world.enrol(TEST)
    set_status(world, TEST, "Suspended")
    assert cab.local("teardown", "test-app", "--yes").code == 0
    assert world.registered(TEST) == {}


def test_the_sweep_counts_it_and_names_it(world: World) -> None:
    """The sweep has it in its scope, works on the others, and writes nothing of it."""
    report = world.call("reconcile", {"sweep": "fast"})["sweep"]
    assert (report["in_scope"], report["kinds"]["unworkable"]) == (2, 1)
    assert world.is_protected(PROD)
    assert world.registered(TEST) == {}
