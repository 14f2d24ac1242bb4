"""One flow of each kind ends right under every value of every guess, and where the configuration is told nothing of it.

Marked tests of other files do so, too; see ``guesses.py``.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.flows.guesses import EVERY, TOGETHER
from tests.flows.world import PROD, REGIONS, TEST, World

UNTOLD: list[dict[str, Any]] = [
    {"registrations": "global"},
    {"registrations": "global", "duplicate_code": "SomethingElse.Entirely"},
    {"registrations": "global", "second_add_cross_account": "update"},
    {"registrations": "global", "delete_unknown_code": "SomethingElse.Entirely"},
    {"registrations": "global", "hbr_refusals": "ok"},
]
"""Clouds that the configuration takes for other ones, and several guesses at once."""
UNKNOWN_TO_IT = pytest.mark.not_under(
    "records are global and the configuration is not told, so it makes one for each region, where a second one doubles",
    second_add_cross_account="double",
)


@pytest.fixture(params=UNTOLD, ids=lambda guess: " ".join(f"{k}={v}" for k, v in guess.items()))
def guessed(world: World, request: pytest.FixtureRequest) -> World:
    """A landing zone in a cloud of one kind."""
    world.cloud.guess(**request.param)
    world.configure(sweep={"deep_days": 1})
    return world


def test_every_value_is_in_a_cloud_that_all_flows_run_in() -> None:
    """No value of a guess is forgotten where many are taken together."""
    assert {one for kind in TOGETHER for one in kind} == set(EVERY)


@pytest.mark.every_guess
def test_a_life_under_every_guess(world: World) -> None:
    """Enrolled, enrolled again, swept, in need of nothing more, withdrawn twice; its neighbour is none the wiser."""
    world.configure(sweep={"deep_days": 1})
    test_enrolling_ends_protected_and_stays_so(world)
    withdrawn(world)


@UNKNOWN_TO_IT
def test_enrolling_ends_protected_and_stays_so(guessed: World) -> None:
    """Once, twice, and a sweep after it: one role, one record, nothing more to do."""
    assert guessed.enrol()["state"] == "protected"
    assert guessed.enrol()["state"] == "protected"
    assert guessed.is_protected(PROD)
    assert guessed.call("reconcile", {"sweep": "fast"})["sweep"]["kinds"].keys() <= {"unregistered"}
    assert guessed.is_protected(TEST)
    assert guessed.call("reconcile", {"sweep": "deep"})["sweep"]["kinds"] == {}


@UNKNOWN_TO_IT
def test_withdrawing_ends_withdrawn(guessed: World) -> None:
    """Everything of one account goes, and nothing of another."""
    guessed.enrol(PROD)
    guessed.enrol(TEST)
    withdrawn(guessed)


def withdrawn(world: World) -> None:
    """Withdraw an account, twice, and look at it and at its neighbour."""
    assert world.call("teardown", {"accountId": PROD, "do": "withdraw"})["state"] == "withdrawn"
    assert (world.role(PROD), world.registered(PROD)) == (None, {})
    assert world.is_protected(TEST)
    assert world.call("teardown", {"accountId": PROD, "do": "withdraw"})["state"] == "withdrawn"


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


def test_a_sweep_proves_new_roles_the_next_time(world: World) -> None:
    """The first sweep calls nothing protected that Cloud Backup cannot enter yet; the next one proves it."""
    world.cloud.guess(role_propagation_seconds=20.0)
    world.configure(sweep={"deep_days": 1})
    assert world.call("reconcile", {"sweep": "fast"})["sweep"]["repaired"] == 0
    world.cloud.advance(21)
    world.key = world.cloud.as_function()
    world.call("reconcile", {"sweep": "fast"})
    assert world.is_protected(PROD)
    assert world.call("reconcile", {"sweep": "deep"})["sweep"]["kinds"] == {}
