"""An account that leaves is withdrawn: after a grace, if the directory still says so, and never in masses."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from tests.flows.world import BACKUP, PROD, SANDBOX, TEST, World

DAY = 86_400


def left(account_id: str, name: str = "RemoveCloudAccount") -> dict[str, Any]:
    """The ActionTrail event of a departure."""
    parameters = {"AccountId": account_id}
    return {"eventName": name, "serviceName": "ResourceManager", "requestParameters": parameters, "eventId": "e-1"}


def move(world: World, account_id: str, folder: str) -> None:
    """Move an account with the official SDK."""
    request = rd.MoveAccountRequest(account_id=account_id, destination_folder_id=folder)
    world.cloud.client("resourcedirectory").move_account(request)


def due(world: World) -> Any:
    """Hand the one delayed message to the retry function, as the queue's trigger would when it is due."""
    (message,) = world.retries()
    return world.call("retry", message)


def test_by_hand_everything_goes_in_the_right_order(world: World) -> None:
    """A person's withdrawal deregisters in every region before it touches the role, and deletes the role last."""
    world.enrol()
    mark = world.mark()
    answer = world.call("teardown", {"accountId": PROD, "do": "withdraw"})
    assert answer["state"] == "withdrawn"
    assert world.writes(mark) == [*["DeleteCrossAccount"] * len(world.regions), "DetachPolicyFromRole", "DeleteRole"]
    assert (world.role(PROD), world.registered(PROD)) == (None, {})


def test_withdrawing_twice_changes_nothing(world: World) -> None:
    """The second withdrawal finds nothing to do."""
    world.enrol()
    world.call("teardown", {"accountId": PROD, "do": "withdraw"})
    mark = world.mark()
    assert world.call("teardown", {"accountId": PROD, "do": "withdraw"})["state"] == "withdrawn"
    assert world.writes(mark) == []


@pytest.mark.parametrize("name", ["RemoveCloudAccount", "DeleteAccount"])
def test_a_removal_of_an_account_that_is_still_a_member_does_nothing(world: World, name: str) -> None:
    """A late, repeated or forged removal event is answered by the directory: still a member, still protected."""
    world.enrol()
    mark = world.mark()
    assert world.call("teardown", left(PROD, name))["disposition"] == "ignored"
    assert world.writes(mark) == []
    assert world.is_protected(PROD)


def test_a_departure_waits_for_its_grace(world: World) -> None:
    """The event only queues a message with the grace as its delay."""
    world.enrol()
    move(world, PROD, "fd-sandbox0001")
    answer = world.call("teardown", left(PROD, "MoveAccount"))
    assert (answer["disposition"], answer["reason"], answer["delay"]) == ("retry", "grace", DAY)
    assert world.is_protected(PROD)
    assert [(one["waited"], one["first_failed_at"]) for one in world.retries()] == [(True, None)]
    assert due(world)["state"] == "withdrawn"
    assert (world.role(PROD), world.registered(PROD)) == (None, {})


@pytest.mark.parametrize("name", ["MoveAccount", "RemoveCloudAccount"])
def test_where_nothing_is_there_no_grace_is_waited_for(world: World, name: str) -> None:
    """The departure of an account that was never enrolled, member or stranger, is over at once, however often told."""
    account_id = SANDBOX if name == "MoveAccount" else "1000000000008888"
    answers = [world.call("teardown", left(account_id, name)) for _ in range(2)]
    assert [(one["disposition"], one["state"]) for one in answers] == [("done", "withdrawn")] * 2
    assert (world.retries(), world.writes()) == ([], [])


def test_a_role_that_is_left_behind_waits_for_its_grace(world: World) -> None:
    """Not being registered any more is not yet to be withdrawn: the role in the account goes after the grace."""
    world.enrol()
    for region in world.regions:
        client = world.cloud.client("hbr", account="backup", region=region)
        client.delete_cross_account(
            hbr.DeleteCrossAccountRequest(cross_account_user_id=int(PROD), cross_account_role_name="hbrcrossrole")
        )
    move(world, PROD, "fd-sandbox0001")
    assert world.call("teardown", left(PROD, "MoveAccount"))["reason"] == "grace"
    assert due(world)["state"] == "withdrawn"
    assert world.role(PROD) is None


def test_an_account_that_is_back_when_the_grace_is_over_stays(world: World) -> None:
    """When the message is due the directory is asked again."""
    world.enrol()
    move(world, PROD, "fd-sandbox0001")
    world.call("onboard", left(PROD, "MoveAccount"))
    move(world, PROD, "fd-prod000001")
    mark = world.mark()
    assert due(world)["state"] == "protected"
    assert not [action for action in world.writes(mark) if action.startswith(("Delete", "Detach"))]
    assert world.is_protected(PROD)


def test_an_account_being_deleted_counts_as_leaving(world: World) -> None:
    """DeleteAccount takes days; the withdrawal does not wait for its end."""
    world.configure(teardown={"grace_hours": 0})
    world.enrol()
    world.cloud.client("resourcedirectory").delete_account(rd.DeleteAccountRequest(account_id=PROD))
    assert world.call("teardown", left(PROD, "DeleteAccount"))["state"] == "withdrawn"
    assert (world.role(PROD), world.registered(PROD)) == (None, {})


@pytest.mark.every_guess
def test_an_account_that_is_gone_is_cleaned_on_our_side(world: World) -> None:
    """What has left cannot be entered: A's side is cleaned, the rest reported, and that is no error."""
    world.configure(teardown={"grace_hours": 0})
    world.enrol()
    world.cloud.client("resourcedirectory").delete_account(rd.DeleteAccountRequest(account_id=PROD))
    for _ in range(60):
        world.cloud.advance(DAY)
        if PROD not in world.cloud.state()["directory"]["members"]:
            break
    world.key = world.cloud.as_function()
    mark = world.mark()
    answer = world.call("teardown", left(PROD, "DeleteAccount"))
    assert answer["state"] == "withdrawn"
    assert "cannot be entered" in answer["warnings"][0]
    assert world.registered(PROD) == {}
    assert not [e for e in world.cloud.journal() if e["seq"] > mark and f"::{PROD}:" in e["principal"]]


def test_a_create_event_after_the_removal_does_nothing(world: World) -> None:
    """Events in the wrong order end in the truth of the directory."""
    event = {**left("1000000000008888"), "eventName": "CreateResourceAccount"}
    event["responseElements"] = {"Account": {"AccountId": "1000000000008888"}}
    assert world.call("onboard", event)["disposition"] == "ignored"
    assert world.writes() == []


def fleet(world: World, count: int) -> list[str]:
    """``count`` protected accounts in a folder of the scope."""
    accounts = [world.create(f"fleet-{number}", parent_folder_id="fd-test000001") for number in range(count)]
    for account in accounts:
        assert world.enrol(account)["state"] == "protected"
    return accounts


def test_the_brake_stops_a_mass_removal(world: World) -> None:
    """When more accounts than the limit are registered but not wanted, none is withdrawn until a person decides."""
    accounts = fleet(world, 6)
    for account in accounts:
        move(world, account, "fd-sandbox0001")
    world.configure(teardown={"grace_hours": 0})
    mark = world.mark()
    answers = [world.call("onboard", left(account, "MoveAccount")) for account in accounts]
    assert {answer["reason"] for answer in answers} == {"mass_removal"}
    assert world.writes(mark) == []
    assert all(world.is_protected(account) for account in accounts)
    assert [letter["reason"] for letter in world.dead_letters()] == ["mass_removal"] * 6


def test_a_person_may_withdraw_in_spite_of_the_brake(world: World) -> None:
    """What a person asks for is not braked."""
    for account in (accounts := fleet(world, 6)):
        move(world, account, "fd-sandbox0001")
    assert world.call("teardown", {"accountId": accounts[0], "do": "withdraw"})["state"] == "withdrawn"


def test_a_few_departures_pass_the_brake(world: World) -> None:
    """Up to the limit departures are ordinary."""
    accounts = fleet(world, 5)
    for account in accounts:
        move(world, account, "fd-sandbox0001")
    world.configure(teardown={"grace_hours": 0})
    assert world.call("onboard", left(accounts[0], "MoveAccount"))["state"] == "withdrawn"


def test_what_others_registered_by_hand_is_not_counted_by_the_brake(world: World) -> None:
    """The product allows any account to be registered; such ones are not ours to withdraw, nor a sign of a disaster."""
    client = world.cloud.client("hbr", account="backup")
    for number in range(10):
        client.add_cross_account(
            hbr.AddCrossAccountRequest(
                cross_account_user_id=1000000000005000 + number, cross_account_role_name="x", alias="by hand"
            )
        )
    world.configure(teardown={"grace_hours": 0})
    world.enrol()
    move(world, PROD, "fd-sandbox0001")
    assert world.call("onboard", left(PROD, "MoveAccount"))["state"] == "withdrawn"


def test_an_interrupted_withdrawal_is_completed_by_the_next(world: World) -> None:
    """A failure between two steps leaves a state from which the next attempt goes on."""
    for action in ("DeleteCrossAccount", "DetachPolicyFromRole", "DeleteRole"):
        world.enrol(TEST)
        service = "hbr" if action == "DeleteCrossAccount" else "ram"
        world.cloud.fault(service=service, action=action, phase="before", status=500, code="InternalError", count=1)
        assert world.call("teardown", {"accountId": TEST, "do": "withdraw"})["disposition"] == "retry"
        assert world.call("teardown", {"accountId": TEST, "do": "withdraw"})["state"] == "withdrawn"
        assert (world.role(TEST), world.registered(TEST)) == (None, {})


def test_a_foreign_role_survives_the_withdrawal(world: World) -> None:
    """Only a role that bears our mark is deleted."""
    from alibabacloud_ram20150501 import models as ram  # noqa: PLC0415

    world.enrol()
    client = world.cloud.client("ram", key=world.cloud.into(PROD))
    client.update_role(ram.UpdateRoleRequest(role_name="hbrcrossrole", new_description="mine now"))
    world.call("teardown", {"accountId": PROD, "do": "withdraw"})
    assert world.role(PROD)["description"] == "mine now"
    assert world.registered(PROD) == {}


def test_the_backup_accounts_own_records_stay(world: World) -> None:
    """Withdrawing one account leaves the registrations of all others alone."""
    world.enrol(PROD)
    world.enrol(TEST)
    world.call("teardown", {"accountId": PROD, "do": "withdraw"})
    assert world.is_protected(TEST)
    assert world.registered(PROD, BACKUP) == {}
