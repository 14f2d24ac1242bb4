from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.cli.console import Console
from tests.flows.world import PROD, SANDBOX, TEST, World


@pytest.fixture
def kept(cab: Console, tmp_path: Path) -> Any:
    """Plan and keep: the path of the plan's file."""

    def keep(*words: str) -> str:
        path = tmp_path / "plan.json"
        path.write_text(cab.local("plan", *words, "--json").out, encoding="utf-8")
        return str(path)

    return keep


def test_a_reviewed_plan_is_carried_out(cab: Console, world: World, kept: Any) -> None:
    """What was planned for all accounts is done for exactly those that had steps; a withdrawal needs no grace."""
    world.enrol(SANDBOX)
    ran = cab.local("apply", kept("--all"), "--yes")
    assert ran.code == 0, ran.err
    assert world.is_protected(PROD)
    assert world.is_protected(TEST)
    assert (world.role(SANDBOX), world.registered(SANDBOX)) == (None, {})
    assert "3 accounts carried out" in ran.out


def test_a_change_since_then_is_refused(cab: Console, world: World, kept: Any) -> None:
    """If the cloud differs from what was reviewed, nothing is written, and the next step is a new plan."""
    world.enrol(SANDBOX)
    plan = kept(PROD, TEST)
    world.enrol(TEST)
    mark = world.mark()
    ran = cab.local("apply", plan, "--yes", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (1, "not_as_reviewed")
    assert f"{TEST} is no longer as it was reviewed" in ran.json["error"]["what"]
    assert f"`cab plan {PROD} {TEST} --json > plan.json`" in ran.json["error"]["next"]
    assert world.writes(mark) == []


def test_a_change_elsewhere_is_none(cab: Console, world: World, kept: Any) -> None:
    """An account that had nothing to do is not pinned: its change does not stop the others."""
    world.enrol(TEST)
    plan = kept("--all")
    world.call("teardown", {"accountId": TEST, "do": "withdraw"})
    assert cab.local("apply", plan, "--yes").code == 0
    assert world.is_protected(PROD)


def test_a_plan_that_was_edited_is_refused(cab: Console, world: World, kept: Any) -> None:
    """The hash covers the accounts and their steps."""
    path = Path(kept(PROD))
    document = json.loads(path.read_text(encoding="utf-8"))
    document["accounts"][0]["account_id"] = TEST
    path.write_text(json.dumps(document), encoding="utf-8")
    mark = world.mark()
    ran = cab.local("apply", str(path), "--yes")
    assert (ran.code, world.writes(mark)) == (1, [])
    assert "does not match its hash" in ran.err


def test_what_failed_is_told_as_everywhere(cab: Console, world: World, kept: Any) -> None:
    """What an account's steps ended with is said in the words of the other verbs, with the plan that is to be made."""
    plan = kept(PROD)
    world.cloud.fault(service="ram", action="CreateRole", code="LimitExceeded.Role", status=409, count=None)
    ran = cab.local("apply", plan, "--yes")
    assert ran.code == 1
    assert "    not done: " in ran.out
    assert "LimitExceeded.Role" in ran.out
    assert f"`cab plan {PROD} --json --local > plan.json`" in ran.out


def test_the_question_says_what_will_be_done(cab: Console, world: World, kept: Any) -> None:
    """Without --yes it is asked, with the plan's hash, its steps and its accounts; off a terminal it is refused."""
    ran = cab.local("apply", kept(PROD))
    assert ran.code == 2
    assert "5 to add, 2 to check" in ran.err
    assert PROD in ran.err
    assert not world.is_protected(PROD)
