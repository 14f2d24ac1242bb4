"""Nothing that looks like a disaster empties the registrations: not many departures, and not a listing that lies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.cloud import memory
from tests.flows.test_scale import FIRST, populate
from tests.flows.test_withdraw import left
from tests.flows.world import World

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
