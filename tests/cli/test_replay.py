from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest

from shared.quotas import CALLS_A_SECOND
from tests.cli.console import Console
from tests.cloud import ROOT
from tests.flows.platform import Platform, created
from tests.flows.test_dead_letters import set_aside
from tests.flows.test_retry import denied
from tests.flows.test_scale import FIRST, populate
from tests.flows.world import PROD, TEST, World

EVENT = ROOT / "events" / "create-resource-account.cloudevent.json"
EVERYWHERE = pytest.mark.parametrize("how", [[], ["--direct"]], ids=["deployed", "direct"])


def moment(seconds: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def event(**changes: Any) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(EVENT.read_text(encoding="utf-8"))["data"]
    return document | changes


@EVERYWHERE
def test_a_preview_changes_nothing(cab: Console, world: World, how: list[str]) -> None:
    """Without --apply a replay shows the steps for each account, asks nothing and writes nothing."""
    mark = world.mark()
    ran = cab.local("replay", "--file", str(EVENT), "--json", *how)
    assert (ran.code, ran.json["preview"]) == (0, True)
    assert [one["account_id"] for one in ran.json["accounts"]] == [PROD]
    assert any("create role" in step for step in ran.json["accounts"][0]["steps"])
    assert world.writes(mark) == []
    assert "next: this was a preview; --apply carries it out" in cab.local("replay", "--file", str(EVENT)).out


@EVERYWHERE
def test_applied_it_enrols(cab: Console, world: World, how: list[str]) -> None:
    """With --apply the account of the event is brought under central backup."""
    ran = cab.local("replay", "--file", str(EVENT), "--apply", "--yes", *how)
    assert ran.code == 0
    assert "1 event read, 1 account named" in ran.out
    assert world.is_protected(PROD)


def test_a_window_of_the_trail_brings_back_what_was_missed(cab: Console, world: World) -> None:
    """An account whose event never arrived is found in ActionTrail and enrolled."""
    world.cloud.load({**world.cloud.state(), "bus": {"rules": {}}})
    account = world.create("missed")
    now = world.cloud.advance(600)
    ran = cab.local("replay", "--start", moment(now - 3600), "--end", moment(now), "--apply", "--yes", "--direct")
    assert ran.code == 0, ran.out + ran.err
    assert world.is_protected(account)


def test_a_window_that_cannot_be_is_explained(cab: Console) -> None:
    """ActionTrail keeps 90 days: an older window exits 1 and says so."""
    ran = cab.local("replay", "--start", "2020-01-01T00:00:00Z", "--end", "2020-01-02T00:00:00Z", "--direct")
    assert ran.code == 1
    assert "ActionTrail keeps no more" in ran.err


def test_a_folder_of_files_is_one_replay(cab: Console, tmp_path: Path) -> None:
    """--dir reads every *.json of the folder, a file may hold a list, and each account is looked at once."""
    folder = tmp_path / "kept"
    folder.mkdir()
    (folder / "a.json").write_text(json.dumps([event(), event(eventId="again")]), encoding="utf-8")
    elsewhere = event(eventName="MoveAccount", requestParameters={"AccountId": TEST}, responseElements={})
    (folder / "b.json").write_text(json.dumps(elsewhere), encoding="utf-8")
    (folder / "c.txt").write_text("not an event", encoding="utf-8")
    replayed = cab.local("replay", "--dir", str(folder), "--json").json
    assert replayed["read"] == 3
    assert [one["account_id"] for one in replayed["accounts"]] == [PROD, TEST]


def test_many_lines_go_in_several_requests(cab: Console, world: World, tmp_path: Path) -> None:
    """Events that are together larger than a door reads are several invocations, and their answers are added up."""
    lines = tmp_path / "events.jsonl"
    event_of_1_kb = json.dumps({"eventName": "DeleteDisk", "eventId": "x" * 1000})
    lines.write_text("\n".join([event_of_1_kb] * 1500) + "\n\n", encoding="utf-8")
    mark = world.mark()
    replayed = cab.local("replay", "--jsonl", str(lines), "--json").json
    assert (replayed["read"], replayed["ignored"], replayed["accounts"]) == (1500, 1500, [])
    assert world.calls(mark).count("InvokeFunction") == 2


def test_many_accounts_are_asked_for_in_turns(cab: Console, world: World, tmp_path: Path) -> None:
    """More accounts than one invocation deals with are all there in the end, each once."""
    world.configure(enrolment={"regions": ["cn-hangzhou"]})
    lines = tmp_path / "events.jsonl"
    ids = [f"{number:016}" for number in range(1, 32)]
    moves = [event(eventName="MoveAccount", requestParameters={"AccountId": one}, responseElements={}) for one in ids]
    lines.write_text("\n".join(map(json.dumps, moves)), encoding="utf-8")
    ran = cab.local("replay", "--jsonl", str(lines), "--direct", "--json")
    assert ran.code == 0
    assert [one["account_id"] for one in ran.json["accounts"]] == ids
    assert "stopped" not in ran.json


def test_from_here_a_replay_keeps_to_the_quotas_too(cab: Console, world: World, tmp_path: Path) -> None:
    """With --direct each call waits for its turn as in the function: none is throttled."""
    populate(world, 8, 0)
    accounts = [str(FIRST + number) for number in range(8)]
    world.configure(quotas={"calls": dict(CALLS_A_SECOND)})
    world.cloud.quotas(enabled=True)
    lines = tmp_path / "events.jsonl"
    lines.write_text("\n".join(json.dumps(created(account)) for account in accounts), encoding="utf-8")
    ran = cab.local("replay", "--jsonl", str(lines), "--direct", "--apply", "--yes")
    assert ran.code == 0, ran.out + ran.err
    assert all(map(world.is_protected, accounts))
    assert [one["action"] for one in world.cloud.journal(code="Throttling.User")] == []


def test_many_dead_letters_are_asked_for_in_turns(cab: Console, world: World) -> None:
    """Dead letters go to the function a few at a time; what is still refused is set aside again, and not chased."""
    world.configure(enrolment={"regions": ["cn-hangzhou"]})
    accounts = [f"{number:016}" for number in range(1, 31)]
    Platform(world).send(*[set_aside(account=one) for one in accounts], set_aside(), queue="cab-dead-letters")
    with denied(world, PROD):
        ran = cab.local("replay", "--dead-letters", "--apply", "--yes", "--json", "--direct")
    assert [one["account_id"] for one in ran.json["accounts"]] == [*accounts, PROD]
    assert ran.json["accounts"][-1]["disposition"] == "dead_letter"
    assert ([letter["attempts"] for letter in world.dead_letters()], world.retries()) == ([4], [])


def test_a_replay_that_stops_is_not_done(cab: Console, world: World) -> None:
    """Where ActionTrail refuses, the replay exits 1, says why, and says where to go on."""
    world.cloud.fault(service="actiontrail", action="LookupEvents", code="NoPermission", status=403, count=9)
    now = world.cloud.advance(1)
    ran = cab.local("replay", "--start", moment(now - 60), "--end", moment(now), "--direct", "--json")
    assert ran.code == 1
    assert "access_denied" in ran.json["stopped"]
    again = cab.local("replay", "--after", ran.json["next"], "--direct", "--json")
    assert "access_denied" in again.json["stopped"]


@pytest.mark.parametrize(
    ("text", "said"), [("{}\n{not json", "events.jsonl:2"), ('"' + "x" * 1_100_000 + '"', "more than")]
)
def test_a_broken_file_is_refused_before_anything_is_sent(
    cab: Console, world: World, tmp_path: Path, text: str, said: str
) -> None:
    """A line that is not JSON, or larger than a door reads, is named with its place; exit 2, and nothing was called."""
    lines = tmp_path / "events.jsonl"
    lines.write_text(text, encoding="utf-8")
    mark = world.mark()
    ran = cab.local("replay", "--jsonl", str(lines), "--apply", "--yes")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert world.calls(mark) == []


def test_what_is_no_event_is_counted_and_named(cab: Console, tmp_path: Path) -> None:
    """A document of no known form does not stop the others; it is shown with its place, and the replay is not done."""
    path = tmp_path / "mixed.json"
    path.write_text(json.dumps([{"unit": 1}, event()]), encoding="utf-8")
    ran = cab.local("replay", "--file", str(path))
    assert ran.code == 1
    assert f"{path}, event 1: unreadable: no known form has the keys ['unit']" in ran.out
    assert f"{PROD} prod-app unprotected" in ran.out
    lines = tmp_path / "mixed.jsonl"
    lines.write_text(f"{json.dumps(event())}\n\n{{}}\n", encoding="utf-8")
    assert f"{lines}:3: unreadable: " in cab.local("replay", "--jsonl", str(lines)).out
    assert cab.local("replay", "--dir", str(tmp_path), "--json").json["unreadable"][0]["from"] == f"{path}, event 1"
