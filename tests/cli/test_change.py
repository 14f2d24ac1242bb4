from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.console import Console
from tests.flows.world import BACKUP, MANAGEMENT, PROD, SANDBOX, World

FUNCTIONS = f"acs:ram::{MANAGEMENT}:role/cab-functions/"
OPERATOR = f"acs:ram::{MANAGEMENT}:user/operator"


def who_entered(world: World) -> set[str]:
    """Who assumed roles: the functions' role (in whatever session) or a person."""
    principals = {entry["principal"] for entry in world.cloud.journal(action="AssumeRole")}
    return {FUNCTIONS if FUNCTIONS in f"{principal}/" else principal for principal in principals}


def test_onboarding_runs_in_the_deployed_function(cab: Console, world: World) -> None:
    """By default the function does the work with its own role, and the console shows the steps."""
    ran = cab.local("onboard", PROD, "--yes")
    assert ran.code == 0
    assert world.is_protected(PROD)
    assert who_entered(world) == {FUNCTIONS}
    assert f"{PROD} prod-app protected" in ran.out
    assert "    + create role hbrcrossrole" in ran.out


def test_onboarding_directly_uses_the_operators_rights(cab: Console, world: World) -> None:
    """With --direct this process does the work, as the operator, and no function is invoked."""
    ran = cab.local("onboard", PROD, "--yes", "--direct", "--json")
    assert (ran.code, ran.json["state"], ran.json["disposition"]) == (0, "protected", "done")
    assert world.is_protected(PROD)
    assert who_entered(world) == {OPERATOR}


@pytest.mark.parametrize("how", [[], ["--direct"]], ids=["deployed", "direct"])
def test_checking_changes_nothing(cab: Console, world: World, how: list[str]) -> None:
    """--check asks nothing, writes nothing, exits 1 with the reason before, and 0 after the account is enrolled."""
    mark = world.mark()
    before = cab.local("onboard", PROD, "--check", "--json", *how)
    assert (before.code, before.json["reason"]) == (1, "role_not_usable")
    assert world.writes(mark) == []
    world.enrol(PROD)
    mark = world.mark()
    after = cab.local("onboard", PROD, "--check", "--json", *how)
    assert (after.code, after.json["state"]) == (0, "checked")
    assert world.writes(mark) == []


def test_an_account_that_nobody_knows_is_not_done(cab: Console) -> None:
    """What the door ignores exits 1, with the door's reason and where to look."""
    ran = cab.local("onboard", "1000000000000777", "--yes", "--direct")
    assert ran.code == 1
    assert "neither the directory lists this account nor the configuration declares it" in ran.out
    assert "next: nothing was done; `cab plan 1000000000000777 --why --local`" in ran.out


def test_a_failure_that_may_pass_says_when_it_is_tried_again(cab: Console, world: World) -> None:
    """A throttled call exits 1; the message is in the retry queue, and the console says so."""
    world.cloud.fault(service="ram", action="CreateRole", code="Throttling.User", status=400, count=3)
    ran = cab.local("onboard", PROD, "--yes", "--direct")
    assert ran.code == 1
    assert "not done: throttled: CreateRole" in ran.out
    assert "it is tried again by itself in" in ran.out
    assert [message["account_id"] for message in world.retries()] == [PROD]


def test_a_failure_that_stays_says_what_to_do(cab: Console, world: World) -> None:
    """A permanent refusal exits 1; the message waits in the dead-letter queue, and the advice fits the reason."""
    world.cloud.fault(service="ram", action="CreateRole", code="LimitExceeded.Role", status=409, count=3)
    ran = cab.local("onboard", PROD, "--yes", "--direct")
    assert ran.code == 1
    assert "the message waits in the dead-letter queue" in ran.out
    assert "next: ask for a higher quota" in ran.out
    assert [letter["reason"] for letter in world.dead_letters()] == ["limit_exceeded"]


@pytest.mark.parametrize(("how", "by"), [([], FUNCTIONS), (["--direct"], OPERATOR)], ids=["deployed", "direct"])
def test_teardown_withdraws_at_once(cab: Console, world: World, how: list[str], by: str) -> None:
    """A withdrawal by hand needs no grace: registrations and role are gone, and the exit is 0."""
    cab.local("onboard", SANDBOX, "--yes", *how)
    ran = cab.local("teardown", SANDBOX, "--yes", "--json", *how)
    assert (ran.code, ran.json["state"]) == (0, "withdrawn")
    assert (world.registered(SANDBOX), world.role(SANDBOX)) == ({}, None)
    assert who_entered(world) == {by}


TYPED_WRONG = {
    "9999999999999999": "nobody knows this id",
    MANAGEMENT: "the management and the backup account are enrolled only if the configuration declares them",
    BACKUP: "the management and the backup account are enrolled only if the configuration declares them",
}


@pytest.mark.parametrize("how", [[], ["--direct"]], ids=["deployed", "direct"])
@pytest.mark.parametrize("account", TYPED_WRONG)
def test_a_wrong_id_is_not_withdrawn(cab: Console, world: World, account: str, how: list[str]) -> None:
    """Where nobody knows the account, or it is one of our two, nothing is said to be withdrawn; the exit is 1."""
    mark = world.mark()
    ran = cab.local("teardown", account, "--yes", *how)
    assert (ran.code, f"nothing to withdraw: {TYPED_WRONG[account]}" in ran.out) == (1, True), ran
    assert "withdrawn" not in ran.out
    assert f"nothing to withdraw: {TYPED_WRONG[account]}" in cab.local("plan", account, "--withdraw").out
    assert world.writes(mark) == []


def test_what_has_left_and_is_registered_is_withdrawn(cab: Console, world: World) -> None:
    """An id that nobody knows any more is withdrawn where a registration is left of it."""
    world.enrol(SANDBOX)
    state = world.cloud.state()
    del state["directory"]["members"][SANDBOX]
    world.cloud.load(state)
    assert cab.local("teardown", SANDBOX, "--yes").code == 0
    assert world.registered(SANDBOX) == {}


def test_a_member_without_anything_of_ours_is_withdrawn_already(cab: Console) -> None:
    """Who is a member is withdrawn where nothing is there of it: that is what was asked for."""
    ran = cab.local("teardown", SANDBOX, "--yes")
    assert (ran.code, "withdrawn" in ran.out) == (0, True)


def test_what_a_withdrawal_would_do_is_seen_first(cab: Console, world: World) -> None:
    """Whoever is asked sees the steps before the question; `cab plan --withdraw` shows the same; neither writes."""
    cab.local("onboard", PROD, "--yes", "--direct")
    mark = world.mark()
    ended, screen = cab.on_terminal("n", "teardown", PROD, "--direct", "--local")
    planned = cab.local("plan", PROD, "--withdraw")
    for seen in (screen, planned.out):
        assert "- deregister in cn-hangzhou" in seen
        assert "- delete role hbrcrossrole" in seen
        assert "the next sweep enrols it again" in seen
    assert screen.index("delete role") < screen.index("Withdraw account")
    assert (ended, planned.code) == (1, 0)
    assert world.writes(mark) == []


def test_a_planned_withdrawal_is_carried_out(cab: Console, world: World, tmp_path: Path) -> None:
    """The plan of a withdrawal can be kept, and cab apply does just that."""
    cab.local("onboard", PROD, "--yes", "--direct")
    kept = tmp_path / "plan.json"
    kept.write_text(cab.local("plan", PROD, "--withdraw", "--json").out, encoding="utf-8")
    assert cab.local("apply", str(kept), "--yes").code == 0
    assert (world.registered(PROD), world.role(PROD)) == ({}, None)


def test_a_function_that_is_not_deployed_is_explained(cab: Console, world: World) -> None:
    """Where the function is missing the exit is 1, and the way without it is named."""
    world.configure(functions={"prefix": "other-"})
    ran = cab.local("teardown", PROD, "--yes")
    assert ran.code == 1
    assert "other-teardown" in ran.err
    assert "FunctionNotFound: function" in ran.err
    assert "`cab doctor --local` says by which command" in ran.err
    assert "--direct" in ran.err


def test_a_function_that_fails_is_explained(cab: Console, world: World) -> None:
    """A function that cannot even queue the message raises; the console passes on why, and where to look."""
    world.cloud.fault(service="ram", action="CreateRole", code="LimitExceeded.Role", status=409, count=3)
    world.cloud.fault(service="mns", action="SendMessage", code="InternalError", status=500, count=3)
    ran = cab.local("onboard", PROD, "--yes", "--json")
    assert ran.code == 1
    assert "QueueError" in ran.json["error"]["what"]
    assert "read the function's log" in ran.json["error"]["next"]


def test_json_of_a_change_is_the_functions_answer(cab: Console, world: World) -> None:
    """What --json prints is what the deployed function answered, nothing else."""
    ran = cab("onboard", PROD, "--yes", "--json", "--local", env={"CAB_CONFIG": None})
    answered = [json.loads(one["response"]) for one in world.cloud._get("fc")["invocations"]]  # noqa: SLF001
    assert ran.json in answered
    assert f"acs:ram::{BACKUP}" in " ".join(ran.json["steps"])
