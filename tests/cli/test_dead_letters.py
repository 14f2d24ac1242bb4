from __future__ import annotations

import json
import re
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from cli.depths import depths, last
from cli.selection import age
from cli.session import Session
from shared.clients import Credentials
from tests.cli.console import Console
from tests.flows.platform import Platform, created
from tests.flows.test_dead_letters import LETTERS, set_aside
from tests.flows.test_retry import denied
from tests.flows.world import PROD, TEST, World


@pytest.fixture
def platform(world: World) -> Platform:
    """Two dead letters: one was denied, the other throttled."""
    made = Platform(world)
    made.send(set_aside(access_denied_detail={"PolicyType": "ControlPolicy"}), queue=LETTERS)
    made.send(set_aside("throttled", TEST), queue=LETTERS)
    return made


def ids(cab: Console) -> list[str]:
    return [one["id"] for one in cab.local("dead-letters", "list", "--json").json["letters"]]


@pytest.mark.usefixtures("platform")
def test_the_list_says_why_and_what_to_do(cab: Console) -> None:
    """Each letter has its reason, account and tries; each reason its advice; and it is said that rows were hidden."""
    ran = cab.local("dead-letters", "list")
    assert ran.code == 0
    assert all(word in ran.out for word in ("access_denied", PROD, "throttled", TEST, "2 dead letters"))
    assert "next: throttled: wait a minute, then try again" in ran.out
    assert "hidden from others meanwhile, and handed back: 2 rows" in ran.out


@pytest.mark.usefixtures("platform")
def test_a_narrow_list_cuts_nothing(cab: Console) -> None:
    """On 80 columns each row has the whole id, reason and account, and how long the queue keeps it; no cell is cut."""
    cab.world.cloud.advance(60)
    ran = cab("dead-letters", "list", "--local", env={"COLUMNS": "80"})
    [row] = [line for line in ran.out.splitlines() if PROD in line]
    assert row.split()[1:] == ["access_denied", PROD, "3d"], ran.out
    assert "…" not in ran.out


@pytest.mark.usefixtures("platform")
def test_the_list_as_json(cab: Console) -> None:
    """One document: numbers, how many rows were hidden for how long, and the chosen letters."""
    found = cab.local("dead-letters", "list", "--reason", "throttled", "--json").json
    assert (found["count"], found["by_reason"], found["hidden_meanwhile"]) == (1, {"throttled": 1}, 2)
    (letter,) = found["letters"]
    assert (letter["accounts"], letter["attempts"], letter["ends_soon"]) == ([TEST], 3, False)


@pytest.mark.usefixtures("platform")
def test_one_letter_is_told_in_sentences(cab: Console) -> None:
    """What happened to which account, why, how often it was tried, and the commands that end it; whole with --json."""
    chosen = cab.local("dead-letters", "list", "--account", PROD, "--json").json["letters"][0]["id"]
    cab.world.cloud.advance(2)
    shown = cab.local("dead-letters", "show", chosen)
    assert shown.code == 0
    for line in (
        f"account: {PROD} prod-app",
        "what happened: it was created, or has joined the directory",
        "why: access_denied: A policy refused: RAM's, a role's trust policy, or a control policy",
        "detail: CreateRole: NoPermission",
        "denied: PolicyType ControlPolicy",
        "tried: 3 times, first at 20",
        "waits: since ",
        f"fix: cab explain {PROD} --local",
        f"fix: cab dead-letters redrive {chosen} --apply --local",
        "runbook: docs/operations.md#access_denied",
    ):
        assert f"\n{line}" in f"\n{shown.out}", shown.out
    cab.world.cloud.advance(2)
    assert cab.local("dead-letters", "show", chosen, "--json").json["message"]["message"]["account_id"] == PROD
    assert cab.local("dead-letters", "show", "nothing").code == 1


def test_a_letter_that_nobody_could_read_is_shown_as_it_came(cab: Console, world: World) -> None:
    """Where only the message itself tells who sent it, people see it too; and what is done is to delete it."""
    Platform(world).send({"from": "somebody else"}, queue=LETTERS)
    (letter,) = cab.local("dead-letters", "list", "--json").json["letters"]
    world.cloud.advance(2)
    out = cab.local("dead-letters", "show", letter["id"]).out
    assert all(line in out for line in ("account: none is named", "names no account", '"from": "somebody else"'))
    assert f"fix: cab dead-letters redrive {letter['id']} --apply --local" in out


@pytest.mark.usefixtures("platform")
def test_a_redrive_is_a_preview_until_told(cab: Console, world: World) -> None:
    """Without --apply nothing moves; with it, and a yes, the chosen letters are in the retry queue and only there."""
    preview = cab.local("dead-letters", "redrive", "--all")
    assert "next: this was a preview; --apply carries it out" in preview.out
    assert len(world.dead_letters()) == 2
    world.cloud.advance(2)
    ran = cab.local("dead-letters", "redrive", "--reason", "throttled", "--apply", "--yes", "--json")
    assert (ran.code, ran.json["redrive"], ran.json["gone"]) == (0, 1, [])
    assert [letter["reason"] for letter in world.dead_letters()] == ["access_denied"]
    world.cloud.advance(60)
    assert world.is_protected(TEST)


def test_one_redrive_after_the_denial_is_lifted(cab: Console, world: World) -> None:
    """What a control policy denied is protected by one command once the policy is gone."""
    with denied(world, PROD):
        world.call("onboard", created(PROD))
    assert cab.local("dead-letters", "redrive", "--account", PROD, "--apply", "--yes").code == 0
    world.cloud.advance(60)
    assert world.is_protected(PROD)
    assert world.dead_letters() == world.retries() == []


@pytest.mark.usefixtures("platform")
def test_deleting_is_explicit(cab: Console, world: World) -> None:
    """Letters are deleted only with --apply, and then for good."""
    chosen, _ = ids(cab)
    world.cloud.advance(2)
    assert cab.local("dead-letters", "delete", chosen).code == 0
    assert len(world.dead_letters()) == 2
    world.cloud.advance(2)
    assert cab.local("dead-letters", "delete", chosen, "--apply", "--yes").code == 0
    assert (len(world.dead_letters()), world.retries()) == (1, [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["redrive", "--apply"], "say which letters"),
        (["delete", "--apply", "--yes"], "say which letters"),
        (["redrive", "x", "--all"], "say which letters"),
        (["redrive", "--reason", "bad luck"], "expected a reason"),
        (["list", "--older-than", "yesterday"], "expected an age"),
        (["list", "--account", "10"], "expected an account id"),
    ],
)
def test_wrong_use_calls_nothing(cab: Console, world: World, words: list[str], said: str) -> None:
    """What cannot be right exits 2 before anything is received."""
    mark = world.mark()
    ran = cab.local("dead-letters", *words)
    assert (ran.code, said in ran.err) == (2, True)
    assert world.calls(mark) == []


def test_a_refused_queue_is_no_empty_queue(cab: Console, world: World) -> None:
    """Where the queue cannot be read the list fails and says so; the status goes on and says so."""
    world.cloud.fault(service="mns", action="ReceiveMessage", code="AccessDenied", status=403, count=None)
    ran = cab.local("dead-letters", "list")
    assert (ran.code, ran.out) == (1, "")
    assert "AccessDenied" in ran.err
    status = cab.local("status", "--json")
    assert (status.code, "AccessDenied" in " ".join(status.json["unread"])) == (0, True)


def test_a_queue_that_is_gone_is_made_again(cab: Console, world: World) -> None:
    """Where the queues were deleted every verb that needs them says which command makes them; after it all is well."""
    state = world.cloud.state()
    state["mns"]["queues"].clear()
    world.cloud.load(state)
    for words in (
        ["dead-letters", "list"],
        ["dead-letters", "redrive", "--all", "--apply", "--yes"],
        ["dead-letters", "delete", "--all"],
        ["replay", "--dead-letters"],
        ["replay", "--dead-letters", "--direct"],
        ["replay", "--dead-letters", "--apply", "--yes"],
    ):
        ran = cab.local(*words)
        assert (ran.code, "QueueNotExist" in ran.err) == (1, True), (words, ran)
        assert "next: `cab bootstrap --local`" in ran.err, (words, ran)
    world.cloud.fault(service="ram", action="CreateRole", code="LimitExceeded.Role", status=409, count=3)
    for how in ([], ["--direct"]):
        assert "next: `cab bootstrap --local`" in cab.local("onboard", PROD, "--yes", *how).err
    assert "fix: cab bootstrap --local" in cab.local("status").out
    assert cab.local("bootstrap", "--yes").code == 0
    assert cab.local("dead-letters", "list").code == 0
    assert "fix: cab bootstrap" not in cab.local("status").out


@pytest.mark.usefixtures("platform")
def test_the_status_lists_them(cab: Console) -> None:
    """``cab status`` has the dead letters by reason; how deep the queues are is not known on the local cloud."""
    ran = cab.local("status")
    assert re.search(r"dead letters: 2 \(1 \w+, 1 \w+\)", ran.out)
    assert "queue depths: not available (the local cloud has no CloudMonitor)" in ran.out
    cab.world.cloud.advance(2)
    found = cab.local("status", "--json").json
    assert (found["summary"]["dead_letters"], len(found["dead_letters"])) == (2, 2)


def test_dead_letters_can_be_replayed(cab: Console, world: World, platform: Platform) -> None:
    """``cab replay --dead-letters`` previews what would be done for their accounts, and with --apply does it."""
    assert platform
    preview = cab.local("replay", "--dead-letters", "--reason", "throttled", "--json")
    assert [one["account_id"] for one in preview.json["accounts"]] == [TEST]
    world.cloud.advance(2)
    assert cab.local("replay", "--dead-letters", "--account", TEST, "--apply", "--yes").code == 0
    assert world.is_protected(TEST)
    assert [letter["reason"] for letter in world.dead_letters()] == ["access_denied"]


@pytest.mark.parametrize(("seconds", "said"), [(0, "0s"), (59, "59s"), (3600, "1h"), (93_784, "1d 2h")])
def test_ages_are_short(seconds: float, said: str) -> None:
    """The two largest units, as people say it."""
    assert age(seconds) == said


POINTS = [
    {"timestamp": 1, "userId": "1", "region": "cn-hangzhou", "queue": "cab-retry", "Maximum": 9.0},
    {"timestamp": 2, "userId": "1", "region": "cn-hangzhou", "queue": "cab-retry", "Maximum": 7.0, "Average": 6.5},
    {"timestamp": 1, "userId": "1", "region": "cn-hangzhou", "queue": "cab-dead-letters", "value": 3},
]


def test_the_newest_data_point_counts() -> None:
    """Of several points of one queue the newest is told; no points are no data."""
    assert last(json.dumps(POINTS)) == {"cab-retry": 7, "cab-dead-letters": 3}
    assert last("") == {}


def test_depths_come_from_cloudmonitor(world: World) -> None:
    """The official SDK asks DescribeMetricLast for both queues; its points become counts."""
    pytest.importorskip("alibabacloud_cms20190101")
    asked: list[dict[str, str]] = []

    class CloudMonitor(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            query = {name: value for name, (value,) in parse_qs(urlsplit(self.path).query).items()}
            asked.append({**query, "action": self.headers["x-acs-action"]})
            answer = {"Success": True, "Code": "200", "RequestId": "r", "Datapoints": json.dumps(POINTS)}
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), CloudMonitor) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        session = Session()
        endpoints = session.config.endpoints.model_copy(update={"metrics": f"127.0.0.1:{server.server_port}"})
        config = session.config.model_copy(update={"endpoints": endpoints})
        vars(session).update(config=config, credentials=Credentials("id", "secret"))
        found = depths(session)
        server.shutdown()
    assert found["cab-retry"] == {"active": 7, "inactive": 7, "delayed": 7}
    assert [one["MetricName"] for one in asked] == ["ActiveMessages", "InactiveMessages", "DelayMessages"]
    assert {one["action"] for one in asked} == {"DescribeMetricLast"}
    assert json.loads(asked[0]["Dimensions"])[0] == {
        "userId": world.config["management_account"],
        "region": "cn-hangzhou",
        "queue": "cab-retry",
    }
