from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_resourcedirectorymaster20220419.models import DeleteAccountRequest

from cli.explain.sentences import worded
from tests.cli.console import Console
from tests.cli.test_doctor import LOOKS
from tests.flows.world import BACKUP, MANAGEMENT, PROD, REGIONS, SANDBOX, TEST, World


def explained(cab: Console, account: str) -> Any:
    ran = cab.local("explain", account, "--json")
    assert ran.code == 0, ran.err
    return ran.json


def says(document: Any, about: str) -> str:
    return " ".join(one["says"] for one in document["sentences"] if one["about"] == about)


def test_a_protected_account_needs_nothing(cab: Console, world: World) -> None:
    """It is said to be protected, since when it is registered, when it is compared next, and that nothing is to do."""
    world.enrol(PROD)
    mark = world.mark()
    document = explained(cab, PROD)
    assert (document["state"], document["fix"]) == ("protected", [])
    assert says(document, "state").count("It has been registered in cn-") == len(REGIONS)
    assert "every 5 minutes" in says(document, "next")
    assert "18:32 UTC" in says(document, "next")
    assert set(world.calls(mark)) <= LOOKS | {"ListControlPolicyAttachmentsForTarget"}


def test_every_sentence_has_its_evidence(cab: Console, world: World) -> None:
    """No sentence is without a source, for people it is beside it, and what nobody keeps is said to be not kept."""
    world.enrol(PROD)
    document = explained(cab, PROD)
    assert all(one["evidence"] and one["says"].endswith(".") for one in document["sentences"])
    shown = cab.local("explain", PROD).out
    assert all(f"{one['says']}  [{one['evidence']}]" in shown for one in document["sentences"])
    assert "Not kept" in shown
    assert document["not_kept"]


def test_missing_parts_are_named(cab: Console) -> None:
    """An account that is wanted has each missing part, and the command that makes it whole."""
    document = explained(cab, PROD)
    assert document["state"] == "unprotected"
    assert "To do: create role hbrcrossrole" in says(document, "why")
    assert document["fix"] == [f"cab onboard {PROD}"]


def test_a_dead_letter_is_told_with_its_way_back(cab: Console, world: World) -> None:
    """Reason, age, attempts and requests are told, that it is not tried again, and how to bring it back."""
    world.cloud.fault(service="ram", action="CreateRole", code="LimitExceeded.Role", status=409, count=3)
    cab.local("onboard", PROD, "--yes", "--direct")
    document = explained(cab, PROD)
    assert "limit_exceeded: CreateRole" in says(document, "why")
    assert "not tried again by itself, and is lost in" in says(document, "next")
    assert document["fix"][0].startswith("by hand: ask for a higher quota")
    assert document["fix"][-1] == f"cab dead-letters redrive --account {PROD} --apply"
    assert any(
        one["evidence"].startswith("dead letter ") and "requests" in one["evidence"] for one in document["sentences"]
    )


def test_who_moved_it_is_told(cab: Console, world: World) -> None:
    """ActionTrail's events of the account are told with who and when."""
    created = world.create("fresh")
    world.cloud.advance(0)
    assert "CreateResourceAccount by operator at" in says(explained(cab, created), "why")


@pytest.mark.parametrize(
    ("account", "state", "said"),
    [
        (SANDBOX, "out_of_scope", "sandboxes keep their own backups"),
        ("1000000000000777", "absent", "Neither the directory lists this account"),
        (MANAGEMENT, "out_of_scope", "are enrolled only if the configuration declares them"),
        (BACKUP, "out_of_scope", "are enrolled only if the configuration declares them"),
    ],
    ids=["out of scope", "absent", "management", "backup"],
)
def test_what_is_no_business_of_ours_is_left(cab: Console, account: str, state: str, said: str) -> None:
    """The rule that decides is named, and nothing happens by itself."""
    document = explained(cab, account)
    assert document["state"] == state
    assert said in says(document, "why")
    assert "Nothing happens to it by itself" in says(document, "next")


def test_an_account_that_is_no_longer_wanted_can_go_or_stay(cab: Console, world: World) -> None:
    """An undeclared account is left by the sweep; both ways out are named."""
    world.enrol(SANDBOX)
    document = explained(cab, SANDBOX)
    assert document["state"] == "undeclared"
    assert document["fix"][-1] == f"cab teardown {SANDBOX}"


def test_an_account_being_deleted_is_said_to_go(cab: Console, world: World) -> None:
    """It is wanted, and goes all the same: when is told, and nobody is asked for a rule."""
    assert cab.local("bootstrap", "--yes").code == 0
    for account in (PROD, TEST):
        world.enrol(account)
    world.cloud.client("resourcedirectory").delete_account(DeleteAccountRequest(account_id=PROD))
    world.cloud.advance(0)
    document = explained(cab, PROD)
    assert document["state"] == "undeclared"
    assert "It is registered, and it is being deleted." in says(document, "state")
    assert "withdrawn by itself 24 h after the event of its deletion, at " in says(document, "next")
    [evidence] = [one["evidence"] for one in document["sentences"] if one["says"] == "The account is being deleted."]
    assert evidence == "GetAccountDeletionStatus"
    assert document["fix"][-1] == f"cab teardown {PROD}"
    doctor = cab.local("doctor").out
    assert f"1 account being deleted, and still registered: {PROD}" in doctor
    assert not [out for out in (cab.local("status").out, doctor, str(document)) if "add a rule" in out]


def test_a_role_that_drifted_waits_for_its_turn(cab: Console, world: World) -> None:
    """The fast sweep does not look at roles: the deep one is named, and the command that does not wait for it."""
    world.enrol(TEST)
    state = world.cloud.state()
    state["accounts"][TEST]["roles"]["hbrcrossrole"]["attached"] = {}
    world.cloud.load(state)
    document = explained(cab, TEST)
    assert "policy missing" in says(document, "why")
    assert "does not look at roles" in says(document, "next")
    assert document["fix"] == [f"cab onboard {TEST}"]


@pytest.mark.parametrize(
    ("cron", "words"),
    [
        ("0 */5 * * * *", "every 5 minutes"),
        ("0 32 18 * * *", "every day at 18:32 UTC"),
        ("0 0 0 1 * *", "by the timer '0 0 0 1 * *'"),
    ],
)
def test_schedules_are_worded(cron: str, words: str) -> None:
    """The two usual forms are words, any other is shown as it is."""
    assert worded(cron) == words
