"""What one account is, has or lacks never decides about the others, nor one kind of drift about another."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram

from shared.deadline import RESERVE, Deadline
from shared.handling import SPARE_SECONDS
from shared.sweep import sweep as run_sweep
from tests.flows.test_dead_letters import webhook
from tests.flows.test_review import ports  # noqa: F401 - a fixture
from tests.flows.test_scale import FIRST, record
from tests.flows.test_sweep import (
    DRIFT,
    ROLE,
    in_backup,
    in_member,
    policy_too_many,
    sweep,
    swept,  # noqa: F401 - a fixture
    unregistered,
    wider,
)
from tests.flows.test_withdraw import left, move
from tests.flows.world import PROD, REGIONS, SLR, TEST, World


def roles(world: World, account_id: str = PROD) -> set[str]:
    """The roles in an account that are ours or would be."""
    return set(world.cloud.state()["accounts"][account_id]["roles"]) & {ROLE, "prodrole"}


@pytest.mark.parametrize("depth", ["fast", "deep"])
def test_a_change_of_mode_leaves_no_role(swept: World, depth: str) -> None:  # noqa: F811 - the fixture
    """Whichever sweep migrates an account to Resource Directory mode, the role that it needs no more goes with it."""
    swept.configure(enrolment={"authorization": "resource_directory"})
    sweep(swept, depth)
    assert swept.registered(PROD) == {region: ["CROSS_ACCOUNT_BY_RD"] for region in REGIONS}
    assert roles(swept) == set()
    assert sweep(swept, "deep")["kinds"] == {}


def with_prod_role(world: World) -> None:
    """A folder whose accounts have a role of another name, and one account enrolled by it."""
    world.configure(scope=[{"name": "prod", "folder": "fd-prod000001", "role_name": "prodrole"}])
    sweep(world)
    assert roles(world) == {"prodrole"}


def test_an_account_that_moves_changes_its_role(world: World) -> None:
    """MoveAccount between two folders of the scope ends with the new folder's role, and without the old one."""
    with_prod_role(world)
    move(world, PROD, "fd-test000001")
    assert world.call("onboard", left(PROD, "MoveAccount"))["state"] == "protected"
    sweep(world)
    assert roles(world) == {ROLE}
    assert world.is_protected(PROD)
    assert sweep(world, "deep")["kinds"] == {}


def test_a_withdrawal_removes_the_role_of_its_registration(world: World) -> None:
    """An account that no rule enrols any more loses the role by which it was registered, whatever that was called."""
    with_prod_role(world)
    rules = [{"name": "prod", "folder": "fd-prod000001", "enrol": False}]
    world.configure(scope=rules, teardown={"grace_hours": 0})
    assert world.call("onboard", left(PROD, "MoveAccount"))["state"] == "withdrawn"
    assert roles(world) == set()
    assert world.registered(PROD) == {}


@pytest.mark.parametrize("observed", ["policy_extra", "role_not_usable", "stale_registration", "duplicate"])
def test_one_kind_that_is_observed_leaves_the_others_to_be_repaired(
    swept: World,  # noqa: F811 - the fixture
    observed: str,
) -> None:
    """A trust that is too wide, and a registration that is missing, are put right beside what is only reported."""
    for spoil in (wider, policy_too_many, unregistered):
        spoil(swept)
    swept.configure(sweep={"observe": [observed], "deep_days": 1})
    report = sweep(swept, "deep")
    assert swept.trusted(PROD) == [SLR], report
    assert set(swept.registered(PROD)) == set(REGIONS)
    left_alone = {finding["kind"] for finding in report["findings"] if not finding["repaired"]}
    assert left_alone == {observed} & set(report["kinds"]), report


def test_no_right_is_given_to_a_trust_that_is_only_observed(swept: World) -> None:  # noqa: F811 - the fixture
    """While a trust that is too wide is left as it is, no policy is attached to the role."""
    wider(swept)
    DRIFT["policy_missing"](swept)
    swept.configure(sweep={"observe": ["trust_too_wide"], "deep_days": 1})
    sweep(swept, "deep")
    assert len(swept.trusted(PROD)) == 2
    assert swept.role(PROD)["attached"] == {}


def doubled(world: World) -> None:
    """A cloud that takes the same record twice has it twice."""
    world.cloud.guess(second_add_cross_account="double")
    request = hbr.AddCrossAccountRequest(
        cross_account_user_id=int(PROD), cross_account_role_name=ROLE, alias=f"x-{PROD}"
    )
    in_backup(world).add_cross_account(request)


def test_a_double_record_becomes_one(swept: World) -> None:  # noqa: F811 - the fixture
    """The same record twice is named a duplicate, made one, and not found again."""
    doubled(swept)
    assert sweep(swept)["kinds"] == {"duplicate": 1}
    assert swept.registered(PROD) == {region: ["CROSS_ACCOUNT"] for region in REGIONS}
    assert sweep(swept)["kinds"] == {}


@pytest.mark.parametrize("observe", [[], ["stale_registration"]])
def test_a_double_record_that_is_not_wanted_is_not_made_again(
    swept: World,  # noqa: F811 - the fixture
    observe: list[str],
) -> None:
    """Of a role that the settings name no more: it goes with that role, and is not registered again."""
    doubled(swept)
    swept.configure(enrolment={"role_name": "prodrole"}, sweep={"observe": observe})
    mark = swept.mark()
    report = sweep(swept)
    sweep(swept)
    added = [one["params"] for one in swept.cloud.journal(since=mark, action="AddCrossAccount")]
    assert {one["CrossAccountRoleName"] for one in added} == {"prodrole"}
    assert report["kinds"]["duplicate"] == 1
    named = {one["place"]["role_name"] for one in swept.records() if one["place"]["account_id"] == PROD}
    assert named == roles(swept) == {"prodrole", *([ROLE] if observe else [])}


def test_a_duplicate_that_cannot_be_removed_stops_nothing(swept: World) -> None:  # noqa: F811 - the fixture
    """It is that account's failure; what differs elsewhere is repaired all the same."""
    doubled(swept)
    gone = hbr.DeleteCrossAccountRequest(cross_account_user_id=int(TEST), cross_account_role_name=ROLE)
    in_backup(swept).delete_cross_account(gone)
    swept.cloud.fault(service="hbr", action="DeleteCrossAccount", phase="before", status=403, code="NoPermission")
    report = sweep(swept)
    assert {(one["account_id"], one["kind"]) for one in report["findings"] if not one["repaired"]} == {
        (PROD, "failed"),
        (PROD, "duplicate"),
    }
    assert swept.is_protected(TEST)


def without_access_role(world: World) -> None:
    """An invited account comes without the access role."""
    state = world.cloud.state()
    del state["accounts"][PROD]["roles"]["ResourceDirectoryAccountAccessRole"]
    world.cloud.load(state)


def in_status(status: str) -> Callable[[World], None]:
    """The directory shows the account in that status."""

    def change(world: World) -> None:
        state = world.cloud.state()
        state["directory"]["members"][PROD]["status"] = status
        world.cloud.load(state)

    return change


@pytest.mark.parametrize(
    "spoil",
    [without_access_role, *map(in_status, ("CreateVerifying", "CreateFailed", "CreateExpired", "CreateCancelled"))],
    ids=["without access role", "verifying", "failed", "expired", "cancelled"],
)
def test_who_cannot_be_worked_on_is_named_and_stops_nobody(world: World, spoil: Callable[[World], None]) -> None:
    """The account is classified as such, and its neighbour is protected."""
    spoil(world)
    world.key = world.cloud.as_function()
    report = sweep(world)
    assert report["kinds"]["unworkable"] == 1
    assert world.is_protected(TEST)


def test_what_the_deadline_leaves_over_is_the_next_run_s(world: World, ports: Any) -> None:  # noqa: F811 - the fixture
    """Accounts for which no time is left are counted, not touched, and protected by the next sweep."""
    report = run_sweep(ports, Deadline.after(0), day=0)
    assert (report.left_over, report.repaired) == (2, 0)
    assert not world.is_protected(PROD)
    sweep(world)
    assert world.is_protected(PROD)
    assert world.is_protected(TEST)


def test_whose_role_nobody_looked_at_is_counted_apart(
    swept: World,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An account that was only due is no work of the next sweep: its turn comes again later, and people are told."""
    unregistered(swept)
    with webhook(monkeypatch) as told:
        request = {"sweep": "deep", "everything": True}
        report = swept.call("reconcile", request, swept.context(round(SPARE_SECONDS + RESERVE)))["sweep"]
    assert (report["left_over"], report["not_examined"]) == (1, 1)
    ((_, digest),) = told
    counted = [digest[f"accounts {what}"] for what in ("left for the next sweep", "due that nobody looked at")]
    assert (counted, digest["days until their turn comes again"]) == ([1, 1], 1)
    report = sweep(swept)
    assert (report["left_over"], report["not_examined"], report["repaired"]) == (0, 0, 1)


def test_a_sweep_begins_no_account_in_its_last_seconds(world: World) -> None:
    """What is begun can be ended, and the sweep says what it left over."""
    answer = world.call("reconcile", {"sweep": "fast"}, world.context(timeout=round(SPARE_SECONDS + RESERVE)))
    assert (answer["disposition"], answer["sweep"]["left_over"], answer["sweep"]["examined"]) == ("done", 2, 0)
    assert not world.is_protected(PROD)


def test_a_sweep_whose_time_is_over_calls_no_more(world: World) -> None:
    """It ends by itself and says why, however many calls there were to be, instead of being cut off without a word."""
    mark, began = world.mark(), time.monotonic()
    answer = world.call("reconcile", {"sweep": "fast"}, world.context(timeout=round(RESERVE)))
    assert (answer["disposition"], answer["reason"]) == ("failed", "out_of_budget")
    assert world.calls(mark) == []
    assert time.monotonic() - began < RESERVE


def test_a_trust_that_is_too_wide_is_told_of_at_once(
    swept: World,  # noqa: F811 - the fixture
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """People hear of it from the sweep that found it, in one message, however much else there is to report."""
    wider(swept)
    with webhook(monkeypatch) as told:
        report = sweep(swept, "deep")
    assert [one["accounts"] for _, one in told if one["kind"] == "trust_too_wide"] == [[PROD]]
    assert "trust_too_wide" in report["kinds"]


def test_another_action_is_a_wider_trust(swept: World) -> None:  # noqa: F811 - the fixture
    """The same principal with more actions is let in in another way: too wide, and put right."""
    document = json.loads(swept.role(PROD)["trust"])
    document["Statement"][0]["Action"] = ["sts:AssumeRole", "sts:*"]
    request = ram.UpdateRoleRequest(role_name=ROLE, new_assume_role_policy_document=json.dumps(document))
    in_member(swept).update_role(request)
    assert sweep(swept, "deep")["kinds"].get("trust_too_wide") == 1
    assert swept.is_protected(PROD)


def test_what_others_registered_is_never_touched(swept: World) -> None:  # noqa: F811 - the fixture
    """Records of accounts that nobody knows are reported, a hundred of them as one."""
    state = swept.cloud.state()
    place = swept.shelves(state)[0]
    for number in range(100):
        account = str(FIRST + number)
        place[f"{account}:hbrcrossrole:CROSS_ACCOUNT"] = [record(1000 + number, account)]
    swept.cloud.load(state)
    swept.key = swept.cloud.as_function()
    mark = swept.mark()
    assert sweep(swept)["kinds"] == {"stranger": 100}
    assert swept.writes(mark) == []
