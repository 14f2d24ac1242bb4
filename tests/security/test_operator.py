"""People have exactly the rights that their verbs need: to look, work, set up, back up. In this process, for speed."""

from __future__ import annotations

import json
import logging
import math
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from typer.testing import CliRunner

from cli.main import app
from shared.cloud import memory
from shared.dead_letters import SHOWN_AGAIN_SECONDS
from tests.cloud import ROOT, LocalCloud, local_cloud
from tests.flows.world import BACKUP, MANAGEMENT, World
from tests.security.policies import FOLDER, HOLDERS, Element, elements, read, without
from tests.security.typed import commands
from tests.security.verbs import BACKING_UP, HELD, LOOKING, NO_RIGHTS, SETTING_UP, VERBS, WORKING, Verb
from tests.security.zones import PREPARED

PEOPLE = {MANAGEMENT: "operator", BACKUP: "backup-operator"}
DENIALS = {"NoPermission", "AccessDenied", "Unauthorized"}
ELEMENTS = [element for file in VERBS for element in elements(file)]


class Zone(NamedTuple):
    """A landing zone, and what is wanted in it."""

    state: dict[str, Any]
    config: dict[str, Any]


@pytest.fixture(scope="module")
def process() -> Iterator[LocalCloud]:
    """With functions, which the console looks at and invokes."""
    with local_cloud("--functions", "s.yaml", "--code", str(ROOT)) as cloud:
        yield cloud


@pytest.fixture(scope="module")
def zones(process: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Zone]:
    """Landing zones as verbs find them."""
    with pytest.MonkeyPatch.context() as patch:
        world, made = World(process, tmp_path_factory.mktemp("world"), patch), {}
        for name, prepare in PREPARED.items():
            process.reset()
            memory().forget()
            world.fresh_configuration()
            world.key = process.as_function()
            prepare(world)
            made[name] = Zone(process.state(), world.config)
        return made


Ended = tuple[int, str, list[str]]
Run = Callable[[Verb, dict[str, Any] | None], Ended]


@pytest.fixture(scope="module")
def known() -> dict[str, Ended]:
    """How verbs end for an administrator; each is asked once."""
    return {}


@pytest.fixture(autouse=True)
def hurried(process: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is waited for is the emulator's clock: it is moved, and no real second goes by."""
    for module in ("cli.letters", "cli.replay"):
        monkeypatch.setattr(f"{module}.wait_until_shown", lambda: process.advance(SHOWN_AGAIN_SECONDS + 1))
    monkeypatch.setattr("cli.bootstrap.SEEN_AFTER", (0.0,))
    monkeypatch.setattr("shared.replay.LOOKUPS_A_SECOND", math.inf)


@pytest.fixture
def cab(
    process: LocalCloud,
    zones: dict[str, Zone],
    known: dict[str, Ended],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Run a verb as a person who holds the given policies and nothing else (None: who may do everything)."""
    process.reset()
    world = World(process, tmp_path, monkeypatch)
    monkeypatch.setenv("CAB_EMULATOR", process.endpoints["control"])
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.NullHandler()])

    def begin(verb: Verb, documents: dict[str, Any] | None) -> None:
        state = json.loads(json.dumps(zones[verb.zone].state))
        for account, person in PEOPLE.items() if documents is not None else ():
            mine = state["accounts"][account]
            mine["policies"] |= {n: {"name": n, "document": json.dumps(one)} for n, one in (documents or {}).items()}
            mine["users"][person]["attached"] = {f"Custom:{name}": 0.0 for name in documents or {}}
        process.load(state)
        world.config = json.loads(json.dumps(zones[verb.zone].config))
        world.configure(**verb.config)
        memory().forget()

    def ask(words: tuple[str, ...], typed: str = "") -> tuple[int, str]:
        ran = CliRunner().invoke(app, [*words, "--local", "--json"], input=typed)
        logging.disable(logging.NOTSET)
        process.advance(SHOWN_AGAIN_SECONDS + 1)
        return ran.exit_code, ran.stdout

    def run(verb: Verb, documents: dict[str, Any] | None) -> Ended:
        if documents is None:
            if repr(verb) not in known:
                known[repr(verb)] = ran(verb, None)
            return known[repr(verb)]
        return ran(verb, documents)

    def ran(verb: Verb, documents: dict[str, Any] | None) -> Ended:
        words = verb.words
        if verb.first:
            begin(verb, None)
            words = tuple(one.format(**_named(ask(verb.first)[1], tmp_path)) for one in words)
        begin(verb, documents)
        mark = world.mark()
        for _ in range(verb.times):
            code, out = ask(words, verb.typed)
        own = [entry for entry in _own(process) if entry["seq"] > mark and entry["code"] in DENIALS]
        return code, shown(out), [f"{entry['service']}:{entry['action']}" for entry in own]

    return run


def _named(answer: str, folder: Path) -> dict[str, str]:
    """What of an answer is used in another command."""
    path, document = folder / "first.json", json.loads(answer)
    path.write_text(answer, encoding="utf-8")
    letters = document.get("letters") or [{}]
    return {"file": str(path), "hash": str(document.get("hash")), "id": str(letters[0].get("id"))}


def _own(process: LocalCloud) -> list[dict[str, Any]]:
    """What people asked for with their own keys."""
    who = [f"acs:ram::{account}:user/{person}" for account, person in PEOPLE.items()]
    return [entry for one in who for entry in process.journal(principal=one)]


def shown(text: str) -> str:
    """Without what differs from run to run: numbers, ids, times, and the order of lines."""
    lines = re.sub(r"[0-9A-Fa-f]{6,}|\d+", "#", text).splitlines()
    return "\n".join(sorted(line.rstrip(",") for line in lines))


def documents_of(file: str) -> dict[str, Any]:
    """What a person holds whose verbs those of the file are."""
    return {name: read(name) for name in HELD[file]}


def test_every_verb_is_somebodys() -> None:
    """A verb that is added to the console needs rights of somebody, and every file of rights somebody to hold it."""
    known = [verb.words for verbs in (*VERBS.values(), NO_RIGHTS) for verb in verbs]
    assert [name for name in commands() if not any(words[: len(name)] == name for words in known)] == []
    assert {path.stem for path in FOLDER.glob("*.json")} == {*HOLDERS, *VERBS}


@pytest.mark.parametrize("number", range(len(NO_RIGHTS)))
def test_looking_at_the_configuration_takes_no_rights(cab: Run, process: LocalCloud, number: int) -> None:
    """Whoever holds nothing can check, show and describe what is wanted."""
    assert cab(NO_RIGHTS[number], {})[0] == 0
    assert [entry for entry in _own(process) if entry["service"] != "control"] == []


@pytest.mark.parametrize(("file", "number"), [(file, n) for file, verbs in VERBS.items() for n in range(len(verbs))])
def test_with_exactly_these_rights_the_verb_does_the_same(cab: Run, file: str, number: int) -> None:
    """Nothing is missing: whoever holds the file is told, and can do, the same as an administrator."""
    verb = VERBS[file][number]
    code, out, refused = cab(verb, documents_of(file))
    assert refused == []
    assert (code, out) == cab(verb, None)[:2]
    assert code != 2, out


@pytest.mark.parametrize("element", ELEMENTS, ids=str)
def test_without_any_one_of_them_a_verb_fails(cab: Run, element: Element) -> None:
    """Nothing is spare: one action or resource less, and a verb is refused, and says so or ends otherwise."""
    documents = {**documents_of(element.file), element.file: without(element)}
    for verb in VERBS[element.file]:
        code, out, refused = cab(verb, documents)
        if refused and (code, out) != cab(verb, None)[:2]:
            return
    pytest.fail(f"no verb needs {element}")


def test_looking_is_only_looking(cab: Run, process: LocalCloud) -> None:
    """With the read-only file the operator's own rights change nothing, whatever the verb."""
    for verb in [*VERBS[WORKING][:3], VERBS[SETTING_UP][0], *VERBS[BACKING_UP]]:
        assert cab(verb, {LOOKING: read(LOOKING)})[0] != 0
        own = [entry for entry in _own(process) if not entry["code"]]
        writes = ("Create", "Update", "Delete", "Send", "Invoke", "Attach", "Set", "Execute", "Uninstall")
        assert [entry["action"] for entry in own if entry["action"].startswith(writes)] == []
