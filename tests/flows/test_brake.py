"""Nothing that looks like a disaster empties the registrations: not many departures, and not a listing that lies."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from shared.cloud import memory
from tests.flows.backups import Backups
from tests.flows.test_scale import FIRST, populate
from tests.flows.test_withdraw import left, move
from tests.flows.world import PROD, TEST, World

FLEET = 1000
TWO_PER_CENT = FLEET // 50


def with_leavers(world: World, count: int) -> list[str]:
    """A fleet of 1,000 registered members, the first of which are no longer wanted."""
    populate(world, FLEET, FLEET)
    memory().forget()
    leavers = [str(FIRST + number) for number in range(count)]
    rule = {"name": "leavers", "accounts": leavers, "enrol": False}
    world.configure(teardown={"grace_hours": 0}, scope=[rule])
    return leavers


def test_two_per_cent_of_a_large_fleet_may_leave(world: World) -> None:
    """Of 1,000 accounts 20 are withdrawn as usual."""
    leavers = with_leavers(world, TWO_PER_CENT)
    assert world.call("onboard", left(leavers[0], "MoveAccount"))["state"] == "withdrawn"
    assert world.registered(leavers[0]) == {}


def test_more_than_two_per_cent_may_not(world: World) -> None:
    """With 21 of 1,000 no longer wanted, none is withdrawn until a person decides; so with all of them."""
    for count in (TWO_PER_CENT + 1, FLEET):
        leavers = with_leavers(world, count)
        mark = world.mark()
        answers = [world.call("onboard", left(account, "MoveAccount")) for account in leavers[:2]]
        answers += [world.call("teardown", left(account, "DeleteAccount")) for account in leavers[:2]]
        assert {answer["reason"] for answer in answers} == {"mass_removal"}
        assert world.writes(mark) == []


def listing(world: World, service: str, action: str, **changed: Any) -> None:
    """Let a listing answer with what it really says, changed."""
    world.cloud.fault(service=service, action=action, status=200, body=json.dumps(changed), count=None)


EMPTY = {"Accounts": {"Account": []}, "TotalCount": 0, "RequestId": "r"}
SHRUNKEN = {**EMPTY, "TotalCount": FLEET}
SPARE = {"RequestId": "r", "Success": True, "Code": "200", "TotalCount": 0}
ROW = {"CrossAccountUserId": FIRST, "CrossAccountRoleName": "hbrcrossrole", "CrossAccountType": "CROSS_ACCOUNT"}


@pytest.mark.parametrize(
    ("service", "action", "answer"),
    [
        ("resourcedirectory", "ListAccounts", EMPTY),
        ("resourcedirectory", "ListAccounts", SHRUNKEN),
        ("hbr", "DescribeCrossAccounts", {**SPARE, "CrossAccounts": {"CrossAccount": []}, "TotalCount": FLEET}),
        ("hbr", "DescribeCrossAccounts", {**SPARE, "CrossAccounts": {"CrossAccount": [ROW]}, "TotalCount": 0}),
    ],
    ids=["no members", "members short", "registrations short", "more registrations than there are"],
)
def test_a_listing_that_lies_withdraws_nobody(world: World, service: str, action: str, answer: Any) -> None:
    """An empty or shrunken listing, or a count that differs from its rows, sets the departure aside for a person."""
    (leaver,) = with_leavers(world, 1)
    listing(world, service, action, **answer)
    mark = world.mark()
    assert world.call("onboard", left(leaver, "MoveAccount"))["reason"] == "mass_removal"
    assert world.writes(mark) == []
    assert [letter["reason"] for letter in world.dead_letters()] == ["mass_removal"]


def delete(world: World, account_id: str) -> Any:
    """Delete an account with the official SDK; what came of the event."""
    world.cloud.client("resourcedirectory").delete_account(rd.DeleteAccountRequest(account_id=account_id))
    return world.call("teardown", left(account_id, "DeleteAccount"))


def move_out(world: World, account_id: str) -> Any:
    """Move an account out of the scope; what came of the event."""
    move(world, account_id, "fd-sandbox0001")
    return world.call("onboard", left(account_id, "MoveAccount"))


@pytest.fixture
def by_hand(world: World) -> list[str]:
    """More members enrolled by hand outside the scope than the brake lets go, beside one in scope."""
    world.configure(teardown={"grace_hours": 0})
    world.enrol(PROD)
    accounts = [world.create(f"hand-{number}", parent_folder_id="fd-sandbox0001") for number in range(6)]
    assert [world.enrol(account)["rule"] for account in accounts] == ["by hand, outside the scope"] * 6
    return accounts


def test_what_was_enrolled_by_hand_holds_up_no_departure(world: World, by_hand: list[str]) -> None:
    """However many are enrolled outside the scope, an account that left the directory is withdrawn as usual."""
    assert delete(world, PROD)["state"] == "withdrawn"
    assert all(world.is_protected(account) for account in by_hand)


def test_the_brake_tells_who_left_and_who_is_outside_the_scope(world: World, by_hand: list[str]) -> None:
    """A move out of scope may be a mistake in config.yaml: it waits until a rule wants what was enrolled by hand."""
    answer = move_out(world, PROD)
    assert answer["reason"] == "mass_removal"
    few = ", ".join([PROD, *sorted(by_hand)][:5])
    told = f"of 7 registered accounts 0 have left the directory and 7 ({few}) are members outside the scope"
    assert told in answer["detail"]
    world.configure(scope=[*world.config["scope"], {"name": "by hand", "accounts": by_hand, "enrol": True}])
    assert world.call("onboard", left(PROD, "MoveAccount"))["state"] == "withdrawn"


@pytest.fixture
def kept(world: World) -> Backups:
    """In mode block, one more account with restorable data than the brake lets go."""
    world.configure(teardown={"mode": "block", "grace_hours": 0, "brake_accounts": 1})
    a = Backups(world).open()
    policy = a.policy(a.vault())
    for account, bucket in ((PROD, "prod-app-data"), (TEST, "test-app-data")):
        world.enrol(account)
        a.bind(policy, "OSS", bucket, account)
    a.run(policy)
    return a


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("depart", [delete, move_out])
def test_what_block_keeps_holds_up_no_departure(world: World, depart: Callable[[World, str], Any]) -> None:
    """Accounts that wait for a person because of their data say so, and count for nobody else's departure."""
    other = world.create("other", parent_folder_id="fd-test000001")
    world.enrol(other)
    answers = [depart(world, account) for account in (PROD, TEST)]
    answers.append(world.call("teardown", left(PROD, "DeleteAccount")))
    assert [answer["reason"] for answer in answers] == ["restorable_data"] * 3
    assert depart(world, other)["state"] == "withdrawn"
    assert all(world.is_protected(account) for account in (PROD, TEST))


@pytest.mark.usefixtures("kept")
def test_block_has_a_brake_too(world: World) -> None:
    """More departures than the limit of accounts that nothing keeps are stopped in mode block as well."""
    others = [world.create(f"other-{number}", parent_folder_id="fd-test000001") for number in range(2)]
    for account in others:
        world.enrol(account)
        world.cloud.client("resourcedirectory").delete_account(rd.DeleteAccountRequest(account_id=account))
    answers = [world.call("teardown", left(account, "DeleteAccount")) for account in others]
    assert [answer["reason"] for answer in answers] == ["mass_removal"] * 2
    assert all(world.is_protected(account) for account in others)
