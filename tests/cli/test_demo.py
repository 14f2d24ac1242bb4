from __future__ import annotations

import copy
import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from rich.console import Console

from cli import local
from cli.demo.__main__ import one_event, whole_story
from cli.demo.event import done, door, ended, mistaken
from cli.demo.story import Demo
from cli.demo.verdict import Evidence, Story, left_over
from shared.config import load
from tests import secrets
from tests.cloud import ROOT

CONFIG = load({"CAB_CONFIG": str(ROOT / "config.yaml")})
REGIONS = CONFIG.enrolment.regions
ACCOUNT = "1000000000000011"
INSIDE = f"acs:ram::{ACCOUNT}:role/ResourceDirectoryAccountAccessRole"
SLR = "acs:ram::1000000000000002:role/AliyunServiceRoleForHbrCrossAccountBackup"
STATEMENT = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [SLR]}}
Change = Callable[[dict[str, Any]], object]


def call(action: str, region: str = "", time: float = 0, code: str = "", principal: str = "") -> dict[str, Any]:
    """One entry of the journal."""
    who, named = principal or "acs:ram::1000000000000002:role/cab-backup", {"CrossAccountUserId": int(ACCOUNT)}
    params = named if region else {}
    told = {"action": action, "region": region, "time": time, "status": 200, "code": code}
    return {**told, "principal": who, "params": params}


def record(account_id: str = ACCOUNT, kind: str = "CROSS_ACCOUNT", role_name: str = "hbrcrossrole") -> dict[str, Any]:
    return {"place": {"account_id": account_id, "kind": kind, "role_name": role_name}}


def protected() -> dict[str, Any]:
    """What is known of an account that is protected, as the emulator tells it."""
    role = {"trust": json.dumps({"Statement": [STATEMENT]}), "attached": {"System:AliyunHBRRolePolicy": 1.0}}
    return {
        "roles": {"hbrcrossrole": role},
        "records": {f"1000000000000002/{region}": {"key": [record()]} for region in REGIONS},
        "journal": [
            call("CreateRole", principal=INSIDE),
            *(call("CheckRole", region, 1, "NoPermission") for region in REGIONS),
            *(call("AddCrossAccount", region, 2 + n) for n, region in enumerate(REGIONS)),
            *(call("CheckRole", region, 3 + n) for n, region in enumerate(REGIONS)),
        ],
        "answers": [{"account_id": ACCOUNT, "disposition": "done"}],
    }


def withdrawn() -> dict[str, Any]:
    """What is known of the same account later."""
    gone = [call("DeleteRole", principal=INSIDE), *(call("DeleteCrossAccount", region) for region in REGIONS)]
    return {**protected(), "roles": {}, "records": {}, "journal": [*protected()["journal"], *gone]}


def refused() -> dict[str, Any]:
    """What is known of an account that there is not."""
    return {"roles": None, "records": {}, "journal": [], "answers": [{"account_id": ACCOUNT, "disposition": "ignored"}]}


def judged(expected: str, known: dict[str, Any]) -> Story:
    accounts = {} if known["roles"] is None else {ACCOUNT: {"roles": known["roles"]}}
    state = {"accounts": accounts, "hbr": {"cross_accounts": known["records"]}}
    story = Story(ACCOUNT, "name", "what", expected, began=0.5)
    story.judge(Evidence(CONFIG, state, known["journal"], known["answers"]))
    return story


GOOD = {"protected": protected, "withdrawn": withdrawn, "refused": refused}


@pytest.mark.parametrize("expected", GOOD)
def test_what_ended_as_told_is_good(expected: str) -> None:
    """Each of the three ends is seen for what it is."""
    story = judged(expected, GOOD[expected]())
    assert (story.state, story.wrong) == (expected, [])


def statements(*given: Any) -> Change:
    """The role's trust policy has these statements."""
    return lambda known: known["roles"]["hbrcrossrole"].update(trust=json.dumps({"Statement": given}))


def without(action: str, region: str | None = None) -> Change:
    """No such call ever succeeded."""

    def change(known: dict[str, Any]) -> None:
        known["journal"] = [
            one for one in known["journal"] if one["action"] != action or region not in {None, one["region"]}
        ]

    return change


FIRST = f"1000000000000002/{REGIONS[0]}"
BAD: list[tuple[str, str, Change]] = [
    ("protected", "there is no role", lambda known: known["roles"].clear()),
    ("protected", "the role's trust", statements()),
    ("protected", "the role's trust", statements(STATEMENT, {**STATEMENT, "Principal": {"RAM": ["*"]}})),
    ("protected", "the role's trust", statements({**STATEMENT, "Principal": {"RAM": [SLR], "Service": ["x.com"]}})),
    ("protected", "the role's trust", statements({**STATEMENT, "Action": "*"})),
    ("protected", "the policies []", lambda known: known["roles"]["hbrcrossrole"]["attached"].clear()),
    ("protected", "Administrator", lambda known: known["roles"]["hbrcrossrole"]["attached"].update(Administrator=1)),
    ("protected", "the policies ['Any']", lambda known: known["roles"]["hbrcrossrole"].update(attached={"Any": 1})),
    ("protected", "registrations", lambda known: known["records"].pop(FIRST)),
    ("protected", "registrations", lambda known: known["records"].update({FIRST: {"key": [record(), record()]}})),
    ("protected", "registrations", lambda known: known["records"][FIRST].update(other=[record(role_name="other")])),
    ("protected", "registrations", lambda known: known["records"].update({"1/cn-beijing": {"key": [record()]}})),
    ("protected", "registrations", lambda known: known["records"].update({FIRST: {"key": [record("1" * 16)]}})),
    ("protected", "CROSS_ACCOUNT_BY_RD", lambda known: known["records"][FIRST].update(
        key=[record(kind="CROSS_ACCOUNT_BY_RD", role_name="")])),
    ("protected", "no CheckRole has succeeded in cn-hangzhou, cn-shanghai", without("CheckRole")),
    ("protected", "no CheckRole has succeeded in cn-shanghai", without("CheckRole", "cn-shanghai")),
    ("protected", "no AddCrossAccount has succeeded", without("AddCrossAccount")),
    ("withdrawn", "no AddCrossAccount", lambda known: known["journal"].clear()),
    ("withdrawn", "no DeleteCrossAccount has succeeded in cn-shanghai", without("DeleteCrossAccount", "cn-shanghai")),
    ("withdrawn", "no DeleteRole", without("DeleteRole")),
    ("withdrawn", "the role is still there", lambda known: known.update(roles=protected()["roles"])),
    ("withdrawn", "registrations", lambda known: known["records"].update({FIRST: {"key": [record()]}})),
    ("refused", "there is such an account", lambda known: known.update(roles={})),
    ("refused", "registrations", lambda known: known["records"].update({FIRST: {"key": [record()]}})),
    ("refused", "it was to be registered", lambda known: known["journal"].append(call("AddCrossAccount", "r"))),
    ("refused", "no event about it was ignored", lambda known: known["answers"].clear()),
    ("refused", "no event about it was ignored", lambda known: known["answers"][0].update(disposition="done")),
]  # fmt: skip


@pytest.mark.parametrize(("expected", "wrong", "change"), BAD, ids=[f"{row[0]} {row[1]}" for row in BAD])
def test_what_ended_otherwise_is_said(expected: str, wrong: str, change: Change) -> None:
    """One thing that is not as told is enough, and is told."""
    known = copy.deepcopy(GOOD[expected]())
    change(known)
    story = judged(expected, known)
    assert [one for one in story.wrong if wrong in one]
    assert story.state != expected


def test_the_time_to_protected_ends_with_the_first_proof() -> None:
    """By region from the first success of both calls; a duplicate that proves again later changes nothing."""
    known = protected()
    known["journal"] += [call("CheckRole", region, 60) for region in REGIONS]
    story = judged("protected", known)
    assert (story.seconds_one_region, story.seconds) == (2.5, 3.5)


def test_what_was_proven_too_early_counts_from_its_registration() -> None:
    """A role that can be used does not protect an account that is not registered yet."""
    known = protected()
    for entry in known["journal"]:
        entry["code"] = ""
    assert judged("protected", known).seconds_one_region == 1.5


def test_a_sweep_counts_for_those_whom_it_repaired() -> None:
    """An account that no event was about has the calls that name it, and the sweeps that repaired it."""
    known = protected()
    findings = [{"account_id": ACCOUNT, "repaired": True}, {"account_id": ACCOUNT, "repaired": False}]
    known["answers"] = [{"disposition": "done", "sweep": {"findings": findings}}, {"disposition": "done", "sweep": {}}]
    known["journal"] += [call("MoveAccount", "r", principal="acs:ram::1:user/operator"), call("Describe")]
    story = judged("protected", known)
    assert (story.attempts, story.api_calls) == (1, 7)


def test_what_waits_in_a_queue_is_left_over() -> None:
    """A message that nobody has dealt with is told with its queue."""
    queues = {"1": {"cab-retry": {"messages": {"m": {}}}, "cab-dead-letters": {"messages": {}}}}
    assert left_over({"mns": {"queues": queues}}) == {"cab-retry": 1}


def test_a_story_that_does_not_go_on_is_not_good(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Where no function runs, what was begun is judged, and the exit status is 1."""
    monkeypatch.chdir(ROOT)
    with local.local_cloud() as cloud:
        demo = made(replace(cloud, patience=0.2))
        assert whole_story(demo, as_json=True) == 1
    out = capsys.readouterr().out
    secrets.keep(out)
    document = json.loads(out)
    assert document["mistakes"][0].startswith("the story was not told to its end: waited 0.2 s")
    assert [(one["display_name"], one["state"]) for one in document["accounts"]] == [("payments", "unprotected")]


def made(cloud: local.LocalCloud) -> Demo:
    config = load({"CAB_CONFIG": str(ROOT / "config.yaml"), "CLOUD_ENDPOINTS": json.dumps(cloud.ready["endpoints"])})
    return Demo(cloud, config, Console(quiet=True))


@pytest.fixture(scope="module")
def deployed() -> Iterator[local.LocalCloud]:
    """An emulator that runs the functions."""
    with local.local_cloud("--functions", str(ROOT / "s.yaml"), "--code", str(ROOT)) as cloud:
        yield cloud


GIVEN = [
    ("create-resource-account.cloudevent.json", "cab-onboard", ["done"]),
    ("create-role.cloudevent.json", "", ["ignored"]),
    ("remove-cloud-account.cloudevent.json", "cab-teardown", ["ignored"]),
    ("withdraw.direct.json", "cab-teardown", ["done"]),
    ("sweep.timer.json", "cab-reconcile", ["done"]),
    ("replay-events.direct.json", "cab-replay", ["done"]),
    ("retry-base64.mns-queue.json", "cab-retry", ["done"]),
    ("mixed-batch.mns-queue.json", "cab-retry", ["dead_letter", "done", "ignored"]),
]


@pytest.mark.parametrize(("name", "function", "dispositions"), GIVEN, ids=[row[0] for row in GIVEN])
def test_one_event_comes_as_it_would(
    deployed: local.LocalCloud, name: str, function: str, dispositions: list[str]
) -> None:
    """A file is sent to the function to which its form belongs; it is done where nothing is left to do."""
    deployed.control("reset", zone=None)
    answers = ended(made(deployed), ROOT / "events" / name)
    invoked = {one["function"] for one in deployed.control("fc")["invocations"]} - {""}
    assert invoked == ({function} if function else set())
    assert [answer["disposition"] for answer in answers] == dispositions
    assert done(answers) == ("dead_letter" not in dispositions)


@pytest.mark.parametrize(
    ("name", "function"),
    [
        ("retry-rawdata.mns-queue.json", "cab-retry"),
        ("failure-record.destination.json", "cab-retry"),
        ("check.direct.json", "cab-onboard"),
        ("create-resource-account.mns-topic-json.json", "cab-onboard"),
        ("create-resource-account.actiontrail.json", "cab-onboard"),
        ("replay-window.direct.json", "cab-replay"),
        ("sweep.direct.json", "cab-reconcile"),
    ],
)
def test_every_form_has_its_door(name: str, function: str) -> None:
    """What was in a queue goes to the retry function, and a person's request where its verb belongs."""
    assert door(json.loads((ROOT / "events" / name).read_bytes())) == function


@pytest.mark.parametrize(("name", "status"), [("enrol.direct.json", 0), ("misspelt-option.direct.json", 1)])
def test_the_command_says_whether_it_is_done(name: str, status: int) -> None:
    """``make run EVENT=… JSON=1`` prints one document and nothing else; exit status 1 where something is left to do."""
    command = [sys.executable, "-m", "cli.demo", "--event", f"events/{name}", "--json"]
    ran = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=False)  # noqa: S603 - our own
    secrets.keep(ran.stdout)
    document = json.loads(ran.stdout)
    assert (ran.returncode, document["event"]) == (status, f"events/{name}")
    assert [one["disposition"] for one in document["ended"]] == [["done"], ["dead_letter"]][status]


TOLD = [
    ("create-resource-account.cloudevent.json", "is published on the bus", "done: the event ended as it should"),
    ("create-role.cloudevent.json", "no rule matches this event", "ignored: nothing was to be done"),
    ("misspelt-option.direct.json", "not done: unreadable: ManualRequest.preview", "not done: it waits for a person"),
    ("sweep.timer.json", "4 accounts, 2 in scope, 2 worked on, 2 repaired", "done: the event ended as it should"),
    ("replay-events.direct.json", "prod-app protected", "done: the event ended as it should"),
]


@pytest.mark.parametrize(("name", "story", "ending"), TOLD, ids=[row[0] for row in TOLD])
def test_one_event_is_told_in_words(deployed: local.LocalCloud, name: str, story: str, ending: str) -> None:
    """A person reads what happened and how it ended; the exit status is 1 where it did not."""
    deployed.control("reset", zone=None)
    demo = made(deployed)
    said = io.StringIO()
    demo.console = Console(file=said, width=200)
    assert one_event(demo, ROOT / "events" / name, as_json=False) == ending.startswith("not")
    assert story in said.getvalue()
    assert said.getvalue().splitlines()[-1].startswith(ending)


def test_what_a_function_says_is_compared_with_the_state(deployed: local.LocalCloud) -> None:
    """An answer that says protected, of an account that is not, is a mistake."""
    deployed.control("reset", zone=None)
    said = [{"disposition": "done", "state": "protected", "account_id": "1000000000000011"}]
    assert "1000000000000011: there is no role hbrcrossrole" in mistaken(made(deployed), said)
