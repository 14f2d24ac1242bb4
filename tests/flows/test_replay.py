"""Replay: a window of ActionTrail, given events, dead letters; previewed, paced, stopped and continued."""

from __future__ import annotations

import json
import time
from math import inf
from typing import Any

import pytest
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from mns.queue import QueueMeta

from shared.dead_letters import redrive
from shared.messages import Selection
from shared.outcome import Reason
from shared.replay import LOOKUPS_A_SECOND
from shared.trail import ACCOUNT_EVENTS
from tests.flows.platform import Platform, created
from tests.flows.test_dead_letters import fresh_queues, set_aside
from tests.flows.test_retry import denied, failure_record
from tests.flows.world import PROD, TEST, World

LETTERS = "cab-dead-letters"
PACE = "shared.replay.LOOKUPS_A_SECOND"


@pytest.fixture(autouse=True)
def hurried(monkeypatch: pytest.MonkeyPatch) -> None:
    """Windows are looked up without a pause, but where the pause is what is tested."""
    monkeypatch.setattr(PACE, inf)


def moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def window(world: World, seconds: float = 3600, **more: Any) -> dict[str, Any]:
    """The last hour of the cloud's clock, which may be ahead of ours, as a request."""
    now = world.cloud.advance(0)
    return {"replay": {"start": moment(now - seconds), "end": moment(now + 1)}, "preview": False, **more}


def replay(world: World, request: dict[str, Any], timeout: int = 900) -> dict[str, Any]:
    """What the replay function answers."""
    answered: dict[str, Any] = world.call("replay", request, world.context(timeout))["replay"]
    return answered


@pytest.mark.every_guess("directory_service_name", "handshake_trail", "directory_event_region")
def test_a_window_brings_back_what_was_missed(world: World) -> None:
    """Accounts whose events never came are protected; a second replay of the same window writes nothing."""
    accounts = [world.create(f"a{number}") for number in range(3)]
    first = replay(world, window(world))
    assert {one["account_id"]: one["state"] for one in first["accounts"]} == dict.fromkeys(accounts, "protected")
    assert all(map(world.is_protected, accounts))
    assert "next" not in first
    before = world.cloud.state()["hbr"]["cross_accounts"]
    mark = world.mark()
    assert [one["state"] for one in replay(world, window(world))["accounts"]] == ["protected"] * 3
    assert world.writes(mark) == []
    assert world.cloud.state()["hbr"]["cross_accounts"] == before


def test_removals_of_accounts_that_have_nothing_are_over_at_once(world: World) -> None:
    """Moves and removals of accounts that were never enrolled leave no message, however often they are replayed."""
    directory = world.cloud.client("resourcedirectory")
    stranger = world.create("short-lived", parent_folder_id="fd-sandbox0001")
    directory.delete_account(rd.DeleteAccountRequest(account_id=stranger))
    directory.move_account(rd.MoveAccountRequest(account_id=TEST, destination_folder_id="fd-sandbox0001"))
    mark = world.mark()
    answers = [replay(world, window(world))["accounts"] for _ in range(2)]
    ended = [{(one["account_id"], one["disposition"], one["state"]) for one in accounts} for accounts in answers]
    assert ended[0] == ended[1]
    assert {(stranger, "done", "withdrawn"), (TEST, "done", "withdrawn")} <= ended[0]
    assert (world.retries(), world.writes(mark)) == ([], [])


def test_a_preview_tells_the_plan_and_writes_nothing(world: World) -> None:
    """A preview shows for each account the steps of the same plan, from one listing for all of them."""
    accounts = [world.create(f"a{number}") for number in range(3)]
    mark = world.mark()
    shown = replay(world, window(world, preview=True))
    assert [one["account_id"] for one in shown["accounts"]] == accounts
    assert all(any("create role hbrcrossrole" in step for step in one["steps"]) for one in shown["accounts"])
    assert world.writes(mark) == []
    assert world.calls(mark).count("DescribeCrossAccounts") == len(world.regions)


def test_a_replay_can_be_stopped_and_continued(world: World) -> None:
    """Stopped after two accounts it says where to go on; continued to the end, each account was looked at once."""
    accounts = [world.create(f"a{number}") for number in range(5)]
    answers = [replay(world, window(world, most=2))]
    while answers[-1].get("next"):
        answers.append(replay(world, {"replay": {"after": answers[-1]["next"]}, "preview": False, "most": 2}))
    seen = [one["account_id"] for answer in answers for one in answer["accounts"]]
    assert [len(answer["accounts"]) for answer in answers] == [2, 2, 1]
    assert (seen, list(map(world.is_protected, accounts))) == (accounts, [True] * 5)


def test_a_replay_goes_on_behind_a_full_page(world: World) -> None:
    """More events than one page of LookupEvents holds are all read; a place behind a full page is found again."""
    directory = world.cloud.client("resourcedirectory")
    for number in range(51):
        folder = ("fd-prod000001", "fd-test000001")[number % 2]
        directory.move_account(rd.MoveAccountRequest(account_id=PROD, destination_folder_id=folder))
    directory.move_account(rd.MoveAccountRequest(account_id=TEST, destination_folder_id="fd-prod000001"))
    shown = replay(world, window(world, preview=True, most=1))
    assert ([one["account_id"] for one in shown["accounts"]], shown["read"]) == ([PROD], 1)
    rest = replay(world, {"replay": {"after": shown["next"]}})
    assert {one["account_id"] for one in rest["accounts"]} == {PROD, TEST}
    assert rest["read"] == 51
    assert len(world.cloud.journal(action="LookupEvents", code="")) > len(ACCOUNT_EVENTS)


def test_a_replay_stops_before_its_time_is_over(world: World) -> None:
    """With little time left no further account is begun, and the answer says where to go on."""
    world.create("late")
    answered = replay(world, window(world), timeout=20)
    assert (answered["accounts"], answered["stopped"]) == ([], "no time was left in this invocation")
    assert len(replay(world, {"replay": {"after": answered["next"]}, "preview": False})["accounts"]) == 1


def test_what_a_replay_leaves_over_is_in_no_log_alone(world: World) -> None:
    """A replay without anybody who would go on puts the rest where a person finds it; one redrive does it."""
    window_of = world.create("late")
    given = [created(PROD), created(TEST)]
    for request in (window(world), {"replay": given, "preview": False}):
        answer = world.call("replay", request, world.context(20))
        assert (answer["disposition"], "replay_stopped" in answer["following"]) == ("stopped", True)
    assert [letter["reason"] for letter in world.dead_letters()] == ["replay_stopped"] * 2
    list(redrive(fresh_queues(world), Selection(reasons=frozenset({Reason.REPLAY_STOPPED}))))
    Platform(world).work_off()
    assert all(map(world.is_protected, (window_of, PROD, TEST)))
    assert (world.retries(), world.dead_letters()) == ([], [])


def test_whoever_goes_on_by_himself_finds_no_letter(world: World) -> None:
    """A preview, and a replay that was asked for in turns, leave nothing but the place in their answer."""
    world.create("late")
    for request in (window(world, preview=True), window(world, most=5)):
        answer = world.call("replay", request, world.context(20))
        assert (answer["disposition"], answer["following"]) == ("stopped", "ask again from `next` on")
    assert world.dead_letters() == []


def test_a_failure_on_the_way_says_where_to_go_on(world: World) -> None:
    """Where ActionTrail refuses, what was done stays done, and the rest can be continued."""
    account = world.create("first")
    world.cloud.fault(service="actiontrail", code="InternalError", status=500, count=None, skip=1)
    answered = replay(world, window(world))
    assert ([one["account_id"] for one in answered["accounts"]], "LookupEvents" in answered["stopped"]) == (
        [account],
        True,
    )
    world.cloud.clear_faults()
    assert "next" not in replay(world, {"replay": {"after": answered["next"]}, "preview": False})


def test_lookups_keep_within_their_quota(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the published quota of two calls a second, not one lookup is throttled."""
    world.cloud.quotas(enabled=True)
    monkeypatch.setattr(PACE, LOOKUPS_A_SECOND)
    world.create("paced")
    assert len(replay(world, window(world))["accounts"]) == 1
    assert {one["code"] for one in world.cloud.journal(action="LookupEvents")} == {""}


def test_the_lag_of_the_trail_is_covered(world: World) -> None:
    """An event that happened ten minutes before the window, and could not be looked up then, is found."""
    account = world.create("lagging")
    now = world.cloud.advance(840)
    request = {"replay": {"start": moment(now - 60), "end": moment(now)}, "preview": True}
    world.key = world.cloud.as_function()
    assert [one["account_id"] for one in replay(world, request)["accounts"]] == [account]


@pytest.mark.parametrize(
    ("request_", "said"),
    [
        ({"start": "yesterday", "end": "today"}, "expected times as"),
        ({"start": "2026-11-22T02:03:04Z", "end": "2026-11-22T02:03:04Z"}, "an end after the start"),
        ({"start": "2020-01-01T00:00:00Z", "end": "2020-01-02T00:00:00Z"}, "ActionTrail keeps no more"),
        ({"after": "bm90IGEgcGxhY2U="}, "a place where a replay stopped"),
        ({"after": "é"}, "a place where a replay stopped"),
    ],
)
def test_a_window_that_cannot_be_is_refused(world: World, request_: dict[str, str], said: str) -> None:
    """What cannot be replayed is answered with what was expected; nothing is looked up."""
    mark = world.mark()
    answer = world.call("replay", {"replay": request_})
    assert (answer["disposition"], said in answer["replay"]["error"]) == ("failed", True)
    assert world.calls(mark) == []


def test_given_events_can_be_continued(world: World) -> None:
    """Of given events the answer says how many are dealt with; the rest follows with ``skip``."""
    given = [created(PROD), {"eventName": "DeleteDisk"}, "nonsense", created(TEST)]
    first = replay(world, {"replay": given, "preview": False, "most": 1})
    assert (first["next"], first["read"]) == (1, 1)
    rest = replay(world, {"replay": given, "preview": False, "skip": 1})
    assert (rest["read"], rest["ignored"], len(rest["unreadable"])) == (3, 1, 1)
    assert "next" not in rest
    assert world.is_protected(PROD)
    assert world.is_protected(TEST)
    assert world.dead_letters() == []


def test_an_account_that_joined_and_moved_is_looked_at_for_both(world: World) -> None:
    """Each kind of change is one look, for an account that was moved out of scope is not only one that joined."""
    moved = {"eventName": "MoveAccount", "requestParameters": {"AccountId": PROD}}
    answered = replay(world, {"replay": [created(PROD), moved, created(PROD)], "preview": False})
    assert [one["account_id"] for one in answered["accounts"]] == [PROD, PROD]


def test_dead_letters_are_replayed(world: World) -> None:
    """Chosen dead letters are attempted at once; those that succeed are gone, the others stay as they were."""
    Platform(world).send(set_aside(), failure_record(created(TEST)), set_aside("throttled"), queue=LETTERS)
    chosen = {"dead_letters": {"reasons": ["access_denied", "undelivered"]}}
    answered = replay(world, {"replay": chosen, "preview": False})
    assert {one["account_id"] for one in answered["accounts"]} == {PROD, TEST}
    assert len(answered["letters"]) == 2
    assert world.is_protected(PROD)
    assert world.is_protected(TEST)
    assert [letter["reason"] for letter in world.dead_letters()] == ["throttled"]


def test_a_replay_of_letters_may_take_longer_than_their_queue_hides_them(world: World) -> None:
    """Whatever the queue's visibility timeout, every letter is ours when its turn comes."""
    platform = Platform(world)
    platform.queue(LETTERS).set_attributes(QueueMeta(1, 65536, 345_600, 0, 0))
    accounts = [world.create(f"a{number}") for number in range(5)]
    platform.send(*[set_aside(account=account) for account in accounts], queue=LETTERS)
    answered = replay(world, {"replay": {"dead_letters": {}}, "preview": False})
    assert ("stopped" in answered, len(answered["letters"])) == (False, 5)
    assert all(map(world.is_protected, accounts))
    assert world.dead_letters() == []


def test_a_preview_of_dead_letters_touches_none(world: World) -> None:
    """The preview shows what would be done for each account and leaves every letter where it is."""
    Platform(world).send(set_aside(), queue=LETTERS)
    mark = world.mark()
    answered = replay(world, {"replay": {"dead_letters": {}}})
    assert any("create role" in step for step in answered["accounts"][0]["steps"])
    assert world.writes(mark) == []
    assert len(world.dead_letters()) == 1


def test_a_dead_letter_that_fails_again_is_one_letter(world: World) -> None:
    """What is still denied is set aside again, with its history, in place of the old letter."""
    Platform(world).send(set_aside(), queue=LETTERS)
    with denied(world, PROD):
        answered = replay(world, {"replay": {"dead_letters": {}}, "preview": False})
    assert answered["accounts"][0]["disposition"] == "dead_letter"
    (letter,) = world.dead_letters()
    assert letter["attempts"] == 4


@pytest.mark.parametrize("ignored", [{"errorCode": "Forbidden"}, {"eventName": "DeleteDisk"}], ids=["failed", "other"])
def test_a_letter_with_an_event_that_is_nothing_to_us_is_dealt_with(world: World, ignored: dict[str, str]) -> None:
    """What is ignored needs no person: the letter goes, alone or in one batch with an account, which is attempted."""
    nothing = created(TEST)
    nothing["data"] |= ignored
    Platform(world).send(failure_record(nothing), failure_record([nothing, created(PROD)]), queue=LETTERS)
    answered = replay(world, {"replay": {"dead_letters": {}}, "preview": False})
    assert ([one["account_id"] for one in answered["accounts"]], answered["ignored"]) == ([PROD], 2)
    assert (len(answered["letters"]), world.dead_letters()) == (2, [])
    assert world.is_protected(PROD)


def test_what_nobody_can_read_is_left(world: World) -> None:
    """An unreadable letter is named and stays: a replay cannot bring it back."""
    Platform(world).send(set_aside("unreadable", message="poison"), queue=LETTERS)
    answered = replay(world, {"replay": {"dead_letters": {}}, "preview": False})
    assert [one["reason"] for one in answered["unreadable"]] == ["unreadable"]
    assert answered["letters"] == []
    assert [letter["message"] for letter in world.dead_letters()] == ["poison"]


def test_a_misspelt_selection_is_refused(world: World) -> None:
    """An option that does not exist is not dropped in silence: that would choose every letter."""
    Platform(world).send(set_aside(), queue=LETTERS)
    assert world.call("replay", {"replay": {"dead_letters": {"reason": "x"}}})["reason"] == "unreadable"
    assert json.dumps(world.dead_letters()).count("access_denied") >= 1
