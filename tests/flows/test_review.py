"""A reviewed plan is carried out as reviewed, or not at all."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from shared.clients import Credentials
from shared.cloud import connect
from shared.config import load
from shared.deadline import Deadline
from shared.member import DESCRIPTION
from shared.messages import Hint
from shared.ports import Ports
from shared.review import NotAPlanError, ReviewError, apply_reviewed, document, read_plan, review
from tests.flows.world import PROD, TEST, World

DAY = 86_400


@pytest.fixture
def ports(world: World) -> Iterator[Ports]:
    """The adapters, wired as the console wires them."""
    import os  # noqa: PLC0415

    key = world.key
    credentials = Credentials(key.access_key_id, key.access_key_secret, key.token)
    with connect(load(os.environ), credentials, Deadline.after(60)) as cloud:
        yield cloud.ports


def reviewed(ports: Ports, *accounts: str, hint: Hint = Hint.ENROL) -> Any:
    """A plan as it comes back from a file."""
    return json.loads(json.dumps(document(review(account, hint, ports) for account in accounts)))


def trust_somebody_else(world: World) -> str:
    """Somebody makes our role by hand, trusting the whole account; the trust as it stands."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [f"acs:ram::{PROD}:root"]}}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    world.cloud.client("ram", key=world.cloud.into(PROD)).create_role(
        ram.CreateRoleRequest(role_name="hbrcrossrole", assume_role_policy_document=document, description=DESCRIPTION)
    )
    made: str = world.role(PROD)["trust"]
    return made


def test_a_review_writes_nothing(world: World, ports: Ports) -> None:
    """Planning reads; the emulator's journal shows no write."""
    plan = reviewed(ports, PROD, TEST)
    assert world.writes() == []
    assert [account["state"] for account in plan["accounts"]] == ["unprotected", "unprotected"]
    assert plan["accounts"][0]["steps"][0] == "+ create the service-linked role in the backup account"


def test_the_same_cloud_gives_the_same_hash(world: World, ports: Ports) -> None:
    """Two reviews of an unchanged cloud have one hash."""
    world.enrol(PROD)
    assert reviewed(ports, PROD, TEST)["hash"] == reviewed(ports, PROD, TEST)["hash"]


def test_a_reviewed_plan_is_carried_out(world: World, ports: Ports) -> None:
    """Exactly the reviewed accounts end as planned."""
    plan = reviewed(ports, PROD)
    (applied,) = apply_reviewed(read_plan(plan), ports)
    assert (applied.report.state, applied.error) == ("protected", None)
    assert world.is_protected(PROD)
    assert not world.is_protected(TEST)


def test_a_reviewed_withdrawal_is_carried_out(world: World, ports: Ports) -> None:
    """A withdrawal that a person reviewed needs no grace and no brake."""
    world.enrol(PROD)
    plan = reviewed(ports, PROD, hint=Hint.WITHDRAW)
    assert plan["accounts"][0]["state"] == "leaving"
    apply_reviewed(read_plan(plan), ports)
    assert (world.role(PROD), world.registered(PROD)) == (None, {})


def test_a_preview_says_of_a_move_out_of_scope_what_is_then_done(world: World, ports: Ports) -> None:
    """What an event applies as grace and withdrawal is no "ignored" to who asks before; one in scope stays."""
    world.enrol(PROD)
    assert review(PROD, Hint.MOVED, ports).state == "protected"
    move = rd.MoveAccountRequest(account_id=PROD, destination_folder_id="fd-sandbox0001")
    world.cloud.client("resourcedirectory").move_account(move)
    shown = review(PROD, Hint.MOVED, ports)
    assert shown.state == "leaving"
    assert "withdrawn after 24 h, unless it is back by then" in shown.warnings[-1]
    assert world.call("onboard", {"eventName": "MoveAccount", "requestParameters": {"AccountId": PROD}})["delay"] == DAY
    (message,) = world.retries()
    done = world.call("retry", message)
    assert (done["state"], set(done["steps"])) == ("withdrawn", {f"{step.sign} {step}" for step in shown.steps})


def test_a_cloud_that_changed_since_is_refused_before_any_write(world: World, ports: Ports) -> None:
    """If one account of the plan differs from what was reviewed, nothing at all is done."""
    world.enrol(TEST)
    plan = reviewed(ports, PROD, TEST)
    client = world.cloud.client("ram", key=world.cloud.into(TEST))
    client.attach_policy_to_role(
        ram.AttachPolicyToRoleRequest(policy_type="System", policy_name="AdministratorAccess", role_name="hbrcrossrole")
    )
    mark = world.mark()
    with pytest.raises(ReviewError, match=f"{TEST} is no longer as it was reviewed"):
        apply_reviewed(read_plan(plan), ports)
    assert world.writes(mark) == []


def test_one_account_that_fails_does_not_stop_the_others(world: World, ports: Ports) -> None:
    """Each account has a result of its own, with the steps that were done before it failed."""
    plan = reviewed(ports, PROD, TEST)
    world.cloud.fault(service="ram", action="AttachPolicyToRole", account=PROD, status=403, code="NoPermission")
    failed, done = apply_reviewed(read_plan(plan), ports)
    assert failed.error is not None
    assert [step[:13] for step in failed.report.steps] == ["+ create the ", "+ create role"]
    assert done.report.state == "protected"
    assert world.is_protected(TEST)


def test_what_was_not_reviewed_is_not_done(world: World, ports: Ports) -> None:
    """A plan that comes to have a step which nobody reviewed is given up: a role that is there all the same."""
    plan = reviewed(ports, PROD)
    here = trust_somebody_else(world)
    world.cloud.fault(service="ram", action="GetRole", account=PROD, status=404, code="EntityNotExist.Role", count=1)
    (applied,) = apply_reviewed(read_plan(plan), ports)
    assert "no longer as it was reviewed" in str(applied.error)
    assert world.role(PROD)["trust"] == here
    assert world.registered(PROD) == {}


@pytest.mark.not_under("where a second one doubles, the list is read before each", second_add_cross_account="double")
def test_a_plan_of_many_accounts_lists_once(world: World, ports: Ports) -> None:
    """However many accounts a plan has, carrying it out reads the registrations of a region once."""
    plan, mark = reviewed(ports, PROD, TEST), world.mark()
    apply_reviewed(read_plan(plan), ports)
    assert world.calls(mark).count("DescribeCrossAccounts") == len(ports.config.every_region)


def test_a_plan_that_was_edited_is_refused(world: World, ports: Ports) -> None:
    """The hash covers the whole plan."""
    plan = reviewed(ports, PROD)
    plan["accounts"][0]["account_id"] = TEST
    with pytest.raises(ReviewError, match="does not match its hash"):
        apply_reviewed(read_plan(plan), ports)
    assert world.writes() == []


ACCOUNT = {"account_id": PROD, "do": "enrol", "steps": [], "fingerprint": "x"}


@pytest.mark.parametrize(
    "nonsense",
    [
        None,
        [],
        {"version": 2, "accounts": [], "hash": "x"},
        {"version": 1, "accounts": [], "hash": 1},
        *({"version": 1, "hash": "x", "accounts": [one]} for one in (1, {}, {"steps": 5})),
        *(
            {"version": 1, "hash": "x", "accounts": [ACCOUNT | {name: value}]}
            for name, value in (("account_id", "1"), ("do", "dance"), ("steps", 5), ("fingerprint", None))
        ),
    ],
)
def test_what_is_no_plan_is_refused(nonsense: Any) -> None:
    """A file that is something else is named as such."""
    with pytest.raises(NotAPlanError):
        read_plan(nonsense)
