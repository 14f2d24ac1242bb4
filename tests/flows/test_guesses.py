"""Every flow ends right under every value of every guess about the cloud."""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.world import PROD, REGIONS, TEST, World

GUESSES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"second_add_cross_account": "update"}, {}),
    ({"second_add_cross_account": "double"}, {"second_registration": "doubled"}),
    ({"duplicate_code": "SomethingElse.Entirely"}, {}),
    ({"registrations": "global"}, {}),
    ({"registrations": "global"}, {"registrations": "global"}),
    ({"registrations": "global", "duplicate_code": "SomethingElse.Entirely"}, {}),
    ({"registrations": "global", "second_add_cross_account": "update"}, {}),
    ({"both_types_coexist": False}, {"types_coexist": False}),
    ({"delete_unknown_cross_account": "succeed"}, {}),
    ({"delete_unknown_cross_account": "refuse", "registrations": "global"}, {}),
    ({"trust_names_must_exist": True}, {}),
]
"""What the emulator does, and what the configuration is told of it where it must be."""


@pytest.fixture(params=GUESSES, ids=lambda guess: " ".join(f"{k}={v}" for k, v in guess[0].items()) or "defaults")
def guessed(world: World, request: pytest.FixtureRequest) -> World:
    """A landing zone in a cloud of one kind."""
    cloud, assumptions = request.param
    world.cloud.guess(**cloud)
    world.configure(assumptions=assumptions, sweep={"deep_days": 1})
    return world


def test_enrolling_ends_protected_and_stays_so(guessed: World) -> None:
    """Once, twice, and a sweep after it: one role, one record, nothing more to do."""
    assert guessed.enrol()["state"] == "protected"
    assert guessed.enrol()["state"] == "protected"
    assert guessed.is_protected(PROD)
    assert guessed.call("reconcile", {"sweep": "fast"})["sweep"]["kinds"].keys() <= {"unregistered"}
    assert guessed.is_protected(TEST)
    assert guessed.call("reconcile", {"sweep": "deep"})["sweep"]["kinds"] == {}


def test_withdrawing_ends_withdrawn(guessed: World) -> None:
    """Everything of one account goes, and nothing of another."""
    guessed.enrol(PROD)
    guessed.enrol(TEST)
    assert guessed.call("teardown", {"accountId": PROD, "do": "withdraw"})["state"] == "withdrawn"
    assert (guessed.role(PROD), guessed.registered(PROD)) == (None, {})
    assert guessed.is_protected(TEST)
    assert guessed.call("teardown", {"accountId": PROD, "do": "withdraw"})["state"] == "withdrawn"


def test_dropping_a_region_keeps_the_others(guessed: World) -> None:
    """Where registrations are global, deleting one takes all: the other wanted ones are made sure of again."""
    guessed.enrol()
    guessed.configure(enrolment={"regions": [REGIONS[0]]}, former_regions=[REGIONS[1]])
    for _ in range(2):
        guessed.call("reconcile", {"sweep": "deep"})
    assert guessed.is_protected(PROD, REGIONS[:1])


def test_global_registrations_do_not_flap_once_the_configuration_knows(world: World) -> None:
    """Told that records count everywhere, the sweep takes a record that shows in a former region for what it is."""
    world.cloud.guess(registrations="global")
    world.configure(assumptions={"registrations": "global"}, former_regions=["cn-beijing"], sweep={"deep_days": 1})
    world.enrol(PROD)
    world.enrol(TEST)
    assert world.call("reconcile", {"sweep": "deep"})["sweep"]["kinds"] == {}


@pytest.mark.parametrize("seconds", [1.0, 20.0])
def test_a_role_that_needs_time_is_proven_later(world: World, seconds: float) -> None:
    """Where a new role is not visible at once, the account is protected by a later attempt, and not declared before."""
    world.cloud.guess(role_propagation_seconds=seconds)
    answer = world.enrol()
    attempts = 1
    while answer["disposition"] == "retry":
        assert answer["reason"] in {"role_not_usable", "not_ready"}
        world.cloud.advance(answer["delay"])
        world.key = world.cloud.as_function()
        answer = world.call("retry", world.retries()[-1])
        attempts += 1
    assert (answer["state"], attempts > 1) == ("protected", True)
    assert world.is_protected(PROD)
