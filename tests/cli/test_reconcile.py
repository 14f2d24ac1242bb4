from __future__ import annotations

import pytest

from tests.cli.console import Console
from tests.flows.test_retry import denied
from tests.flows.world import PROD, TEST, World

EVERYWHERE = pytest.mark.parametrize("how", [[], ["--direct"]], ids=["deployed", "direct"])


@EVERYWHERE
def test_a_sweep_finds_and_repairs(cab: Console, world: World, how: list[str]) -> None:
    """A sweep by hand protects what is wanted and not registered, and says what it found; the next finds nothing."""
    ran = cab.local("reconcile", "--yes", *how)
    assert ran.code == 0
    assert f"{PROD} unregistered, repaired: + register in cn-hangzhou" in ran.out
    assert world.is_protected(PROD)
    assert world.is_protected(TEST)
    assert cab.local("reconcile", "--yes", "--json", *how).json["findings"] == []


@EVERYWHERE
def test_all_examines_every_role(cab: Console, world: World, how: list[str]) -> None:
    """A policy that was detached by hand escapes a fast sweep, and --all repairs it whatever day it is."""
    world.enrol(PROD)
    world.enrol(TEST)
    state = world.cloud.state()
    for account_id in (PROD, TEST):
        state["accounts"][account_id]["roles"]["hbrcrossrole"]["attached"] = {}
    world.cloud.load(state)
    assert cab.local("reconcile", "--yes", "--json", *how).json["repaired"] == 0
    swept = cab.local("reconcile", "--yes", "--all", "--json", *how).json
    assert (swept["deep"], swept["repaired"]) == (True, 2)
    assert world.is_protected(PROD)
    assert world.is_protected(TEST)


def test_a_deep_sweep_counts_what_waits_for_a_person(cab: Console, world: World) -> None:
    """Dead letters are told of after a deep sweep, with the verb that shows them."""
    assert world.call("onboard", b"no event at all")["disposition"] == "dead_letter"
    ran = cab.local("reconcile", "--deep", "--yes")
    assert ran.code == 0
    assert "next: `cab dead-letters list --local`: 1 wait for a person" in ran.out


def test_a_configuration_that_is_not_deployed_is_named(cab: Console, world: World) -> None:
    """The function goes by what it was deployed with: where that is not read here, it is said how to deploy."""
    told = "warning: the functions are deployed with another configuration than "
    world.configure(teardown={"mode": "block"})
    for words in (("reconcile",), ("onboard", PROD)):
        ran = cab.local(*words, "--yes")
        assert told in ran.out
        assert " s deploy`" in ran.out
        assert told not in cab.local(*words, "--yes", "--config", "config.yaml").out
        assert told not in cab.local(*words, "--yes", "--direct").out


def test_an_account_that_cannot_be_repaired_is_not_done(cab: Console, world: World) -> None:
    """One account that fails makes the exit 1 and does not stop the other."""
    with denied(world, PROD):
        ran = cab.local("reconcile", "--yes")
    assert ran.code == 1
    assert f"{PROD} failed, not repaired: access_denied" in ran.out
    assert "next: `cab explain ACCOUNT --local` says what stands in the way" in ran.out
    assert world.is_protected(TEST)
