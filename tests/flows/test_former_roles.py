"""Settings that changed leave no role behind in a member account, whatever comes first: a message, or the sweep."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.flows.test_retry import retry_message
from tests.flows.test_sweep import sweep
from tests.flows.world import PROD, REGIONS, World

OLD, NEW = "oldrole", "hbrcrossrole"


def roles(world: World) -> set[str]:
    """The backup roles in the account, of whichever settings."""
    return set(world.cloud.state()["accounts"][PROD]["roles"]) & {OLD, NEW}


def message(world: World) -> Any:
    """A message from the retry queue, as it is delivered."""
    return world.call("retry", json.loads(retry_message()))


@pytest.fixture
def renamed(world: World) -> World:
    """An account that was enrolled by a role of another name than is wanted since then; no sweep has run."""
    world.configure(enrolment={"role_name": OLD})
    assert world.enrol()["state"] == "protected"
    assert roles(world) == {OLD}
    world.configure(enrolment={"role_name": NEW})
    return world


def settled(world: World) -> None:
    """The account is as it should be, nothing of its former settings is left, and no sweep finds anything there."""
    assert roles(world) == {NEW}
    assert world.is_protected(PROD)
    assert not {one["account_id"] for one in sweep(world, "deep")["findings"]} & {PROD}


@pytest.mark.every_guess("registrations", "second_add_cross_account", "duplicate_code", "both_types_coexist")
@pytest.mark.parametrize("deliveries", [1, 2, 3])
def test_a_role_of_another_name_leaves_no_role(renamed: World, deliveries: int) -> None:
    """However often a message comes before the next sweep: the sweep ends with the new role and without the old one."""
    for _ in range(deliveries):
        assert message(renamed)["state"] == "protected"
    sweep(renamed)
    settled(renamed)


@pytest.mark.not_under("what is refused there is replaced before it is proven", both_types_coexist=False)
@pytest.mark.parametrize("proven", [True, False])
def test_a_refusal_that_speaks_of_the_old_record_leaves_no_role(renamed: World, *, proven: bool) -> None:
    """Where the cloud takes the old record for the new one, and the proof fails at first or not, the old role goes."""
    refused = len(renamed.regions)
    renamed.cloud.fault(service="hbr", action="AddCrossAccount", code="CrossAccountExist", status=200, count=refused)
    if not proven:
        renamed.cloud.fault(service="hbr", action="CheckRole", code="AssumeRoleFail", status=400, count=refused + 1)
        assert message(renamed)["disposition"] == "retry"
    message(renamed)
    sweep(renamed)
    settled(renamed)


def test_a_change_that_is_interrupted_is_completed_by_the_sweep(renamed: World) -> None:
    """Where the new role is there and its registration is not, one sweep deregisters the old role before it goes."""
    renamed.cloud.fault(service="hbr", action="AddCrossAccount", status=500, count=None)
    assert message(renamed)["disposition"] == "retry"
    assert roles(renamed) == {OLD, NEW}
    renamed.cloud.clear_faults()
    mark = renamed.mark()
    sweep(renamed)
    removed = [action for action in renamed.writes(mark) if action.startswith("Delete")]
    assert removed == [*["DeleteCrossAccount"] * len(renamed.regions), "DeleteRole"]
    settled(renamed)


@pytest.mark.every_guess("registrations", "second_add_cross_account", "duplicate_code")
@pytest.mark.parametrize("name", [OLD, NEW])
def test_a_change_of_mode_by_a_message_leaves_no_role(world: World, name: str) -> None:
    """Where two records of one account are refused the message replaces the old one, and removes its role."""
    world.cloud.guess(both_types_coexist=False)
    world.configure(assumptions={"types_coexist": False}, enrolment={"role_name": name})
    assert world.enrol()["state"] == "protected"
    world.configure(enrolment={"authorization": "resource_directory", "role_name": NEW})
    assert message(world)["state"] == "protected"
    assert world.registered(PROD) == {region: ["CROSS_ACCOUNT_BY_RD"] for region in REGIONS}
    assert roles(world) == set()


@pytest.mark.parametrize("depth", ["fast", "deep"])
def test_a_role_stays_while_its_registration_is_only_observed(renamed: World, depth: str) -> None:
    """Where stale registrations are reported and left, their roles are left, too: none goes before its registration."""
    renamed.configure(sweep={"observe": ["stale_registration"], "deep_days": 1})
    sweep(renamed, depth)
    assert roles(renamed) == {OLD, NEW}
    assert renamed.role(PROD, OLD)["attached"]
