"""People have exactly the rights that their verbs need: to look, to work, to set up. In this process, for speed."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.main import app
from shared.cloud import memory
from shared.dead_letters import SHOWN_AGAIN_SECONDS
from tests.cloud import ROOT, LocalCloud, local_cloud
from tests.flows.world import BACKUP, MANAGEMENT, PROD, SANDBOX, TEST, World
from tests.security.policies import Element, elements, read, without

LOOKING, WORKING, SETTING_UP = "operator-read-only", "operator", "deployer"
OPERATOR = f"acs:ram::{MANAGEMENT}:user/operator"
DENIALS = {"NoPermission", "AccessDenied"}


@dataclass(frozen=True)
class Verb:
    """A run of the console, and the landing zone in which it is run."""

    words: tuple[str, ...]
    zone: str
    config: dict[str, Any] = field(default_factory=dict)
    times: int = 1
    """Run so often; the last answer counts."""


VERBS: dict[str, list[Verb]] = {
    LOOKING: [
        Verb(("plan",), "used"),
        Verb(("status", "--deep"), "used"),
        Verb(("explain", PROD), "used"),
        Verb(("explain", SANDBOX), "used"),
        Verb(("dead-letters", "list"), "used", times=2),
        Verb(("doctor",), "used"),
        Verb(("plan", TEST), "used"),
        Verb(("explain", TEST), "leaving"),
        Verb(("explain", TEST), "denied"),
        Verb(("doctor",), "used", {"enrolment": {"authorization": "resource_directory"}}),
    ],
    WORKING: [
        Verb(("onboard", TEST, "--yes"), "used"),
        Verb(("dead-letters", "redrive", "--all", "--apply", "--yes"), "used"),
        Verb(("dead-letters", "delete", "--all", "--apply", "--yes"), "used"),
        Verb(("onboard", TEST, "--direct", "--yes"), "foreign"),
    ],
    SETTING_UP: [
        Verb(("bootstrap", "--yes"), "empty"),
        Verb(("bootstrap", "--yes"), "used"),
        Verb(("bootstrap", "--yes"), "differing"),
        Verb(("bootstrap", "--remove", "--yes"), "used", times=2),
    ],
}
HELD = {LOOKING: [LOOKING], WORKING: [LOOKING, WORKING], SETTING_UP: [SETTING_UP]}
"""File → the files that a person holds whose verbs these are."""
ELEMENTS = [element for file in VERBS for element in elements(file)]


@pytest.fixture(scope="module")
def process() -> Iterator[LocalCloud]:
    """With functions, which the console looks at and invokes."""
    with local_cloud("--functions", "s.yaml", "--code", str(ROOT)) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def zones(process: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Landing zones as verbs find them."""
    with pytest.MonkeyPatch.context() as patch:
        world, made = World(process, tmp_path_factory.mktemp("world"), patch), {}
        for name, prepare in PREPARED.items():
            process.reset()
            memory().forget()
            world.key = process.as_function()
            prepare(world)
            made[name] = process.state()
        return made


def used(world: World) -> None:
    """One account is protected, one message set aside; the roles are as ``cab bootstrap`` makes them."""
    assert world.enrol(PROD)["state"] == "protected"
    world.call("onboard", b"no event at all")
    _marked(world)


def _marked(world: World) -> None:
    state = world.cloud.state()
    for account, name in ((MANAGEMENT, "cab-functions"), (BACKUP, "cab-backup")):
        state["accounts"][account]["roles"][name]["description"] = "cross-account-backup: made"
    world.cloud.load(state)


def leaving(world: World) -> None:
    """An account is being deleted."""
    used(world)
    state = world.cloud.state()
    state["directory"]["members"][TEST]["deletion_status"] = "Deleting"
    world.cloud.load(state)


def denied(world: World) -> None:
    """A control policy forbids what is to be done in an account."""
    used(world)
    state = world.cloud.state()
    statement = {"Effect": "Deny", "Action": "ram:CreateRole", "Resource": "*"}
    state["directory"]["control_policies"]["cp-0001"] = {
        "policy_id": "cp-0001",
        "name": "no-roles",
        "document": json.dumps({"Version": "1", "Statement": [statement]}),
        "targets": {TEST: 0.0},
    }
    world.cloud.load(state)
    world.key = world.cloud.as_function()
    assert world.call("onboard", {"accountId": TEST})["disposition"] == "dead_letter"


def foreign(world: World) -> None:
    """A role of that name is somebody else's."""
    used(world)
    state = world.cloud.state()
    role = {**state["accounts"][PROD]["roles"]["hbrcrossrole"], "description": "somebody's"}
    state["accounts"][TEST]["roles"]["hbrcrossrole"] = role
    world.cloud.load(state)


def empty(world: World) -> None:
    """Nobody has made anything for us yet."""
    state = world.cloud.state()
    for account in (MANAGEMENT, BACKUP):
        state["accounts"][account]["roles"].pop("cab-functions", None)
        state["accounts"][account]["roles"].pop("cab-backup", None)
        state["accounts"][account]["policies"] = {}
    state["mns"]["queues"] = {}
    world.cloud.load(state)


def differing(world: World) -> None:
    """Somebody changed what was made: trust, policy, and queues."""
    used(world)
    state = world.cloud.state()
    mine = state["accounts"][MANAGEMENT]
    mine["policies"]["cab-functions"]["document"] = '{"Version": "1", "Statement": []}'
    mine["policies"]["theirs"] = {"name": "theirs", "document": '{"Version": "1", "Statement": []}'}
    mine["roles"]["cab-functions"]["trust"] = mine["roles"]["cab-functions"]["trust"].replace("fc.", "ecs.")
    mine["roles"]["cab-functions"]["attached"] = {"Custom:theirs": 0.0}
    for queue in state["mns"]["queues"][MANAGEMENT].values():
        queue["message_retention_period"] = 3600
    world.cloud.load(state)


ZONES = (used, leaving, denied, foreign, empty, differing)
PREPARED: dict[str, Callable[[World], None]] = {one.__name__: one for one in ZONES}


@pytest.fixture
def cab(
    process: LocalCloud,
    zones: dict[str, dict[str, Any]],
    tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> Callable[..., tuple[int, str, list[str]]]:
    """Run a verb as a person who holds the given policies and nothing else (None: who may do everything)."""
    process.reset()
    world = World(process, tmp_path, monkeypatch)
    monkeypatch.setenv("CAB_EMULATOR", process.endpoints["control"])
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])

    def run(verb: Verb, documents: dict[str, Any] | None) -> tuple[int, str, list[str]]:
        state = json.loads(json.dumps(zones[verb.zone]))
        if documents is not None:
            mine = state["accounts"][MANAGEMENT]
            mine["policies"] |= {n: {"name": n, "document": json.dumps(one)} for n, one in documents.items()}
            mine["users"]["operator"]["attached"] = {f"Custom:{name}": 0.0 for name in documents}
        process.load(state)
        world.fresh_configuration()
        world.configure(**verb.config)
        memory().forget()
        for _ in range(verb.times):
            ran = CliRunner().invoke(app, [*verb.words, "--local", "--json"])
            logging.disable(logging.NOTSET)
            process.advance(SHOWN_AGAIN_SECONDS + 1)
        refused = [
            f"{entry['service']}:{entry['action']}"
            for entry in process.journal(principal=OPERATOR)
            if entry["code"] in DENIALS
        ]
        return ran.exit_code, shown(ran.stdout), refused

    return run


def shown(text: str) -> str:
    """Without what differs from run to run: numbers, ids, times, and the order of lines."""
    return "\n".join(sorted(re.sub(r"[0-9A-Fa-f]{6,}|\d+", "#", text).splitlines()))


def documents_of(file: str) -> dict[str, Any]:
    """What a person holds whose verbs those of the file are."""
    return {name: read(name) for name in HELD[file]}


@pytest.mark.parametrize(("file", "number"), [(file, n) for file, verbs in VERBS.items() for n in range(len(verbs))])
def test_with_exactly_these_rights_the_verb_does_the_same(cab: Any, file: str, number: int) -> None:
    """Nothing is missing: whoever holds the file is told, and can do, the same as an administrator."""
    verb = VERBS[file][number]
    code, out, refused = cab(verb, documents_of(file))
    assert refused == []
    assert (code, out) == cab(verb, None)[:2]


@pytest.mark.parametrize("element", ELEMENTS, ids=str)
def test_without_any_one_of_them_a_verb_fails(cab: Any, element: Element) -> None:
    """Nothing is spare: one action or resource less, and a verb is refused, and says so or ends otherwise."""
    documents = {**documents_of(element.file), element.file: without(element)}
    for verb in VERBS[element.file]:
        code, out, refused = cab(verb, documents)
        if refused and (code, out) != cab(verb, None)[:2]:
            return
    pytest.fail(f"no verb needs {element}")


def test_looking_is_only_looking(cab: Any, process: LocalCloud) -> None:
    """With the read-only file the operator's own rights change nothing, whatever the verb."""
    for verb in [*VERBS[WORKING][:3], VERBS[SETTING_UP][0]]:
        assert cab(verb, {LOOKING: read(LOOKING)})[0] != 0
        own = [entry for entry in process.journal(principal=OPERATOR) if not entry["code"]]
        writes = ("Create", "Update", "Delete", "Send", "Invoke", "Attach", "Set")
        assert [entry["action"] for entry in own if entry["action"].startswith(writes)] == []
