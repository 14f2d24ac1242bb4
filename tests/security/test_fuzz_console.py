"""Whatever is typed, and whatever is in the files that are named: an answer, or what is wrong; never a traceback."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from cli.given import read, requests_of
from cli.output import WrongUseError
from shared import events
from shared.events import MOST_BYTES
from shared.review import ReviewError, hash_of, read_plan
from tests.conftest import Soak
from tests.flows.world import PROD, World
from tests.matrix.runs import OURS
from tests.security.mutation import Mutation
from tests.security.test_fuzz import SAMPLES, judged
from tests.security.typed import Typed, Typing, run

NOT_UTF8 = b'{"accountId": "\xff"}'
DEEP = b"[" * 200_000
"""Found once: each ended in a traceback."""


@pytest.fixture
def local(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """A landing zone that the console finds, every request of which is watched; and a folder to stand in."""
    monkeypatch.setenv("CAB_EMULATOR", world.cloud.endpoints["control"])
    monkeypatch.chdir(tmp_path)
    world.cloud.watch(**OURS)
    return world


def judged_run(ran: Typed, words: list[str]) -> None:
    """It ended as every verb ends: with a status that is one of three, and with what is wrong in words."""
    assert ran.code in {0, 1, 2}, (words, ran)
    assert "Traceback" not in ran.out + ran.err, (words, ran)


def test_arguments(local: World, tmp_path: Path, soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every verb with anything behind it: an exit status that means something, and no write where nobody may."""
    (tmp_path / "bad.json").write_bytes(NOT_UTF8)
    (tmp_path / "good.json").write_text(json.dumps({"accountId": PROD}))
    (tmp_path / "deep.json").write_bytes(DEEP)
    (tmp_path / "plan.json").write_text(run(["--local", "plan", "--all", "--json"], monkeypatch).out)
    (tmp_path / "folder").mkdir()
    state = local.cloud.state()
    ended: Counter[object] = Counter()
    for number, words in enumerate(Typing(soak.seed).lines(soak.many(400, 4_000))):
        if number % 50 == 0:
            local.cloud.load(state)
            local.cloud.watch(**OURS)
        ran = run(words, monkeypatch)
        judged_run(ran, words)
        ended[ran.code] += 1
    assert local.cloud.violations() == []
    assert min(ended[0], ended[1]) > sum(ended.values()) // 10, "most of it was understood as nothing"


def sources(path: Path) -> tuple[tuple[Path | None, Path | None, Path | None], ...]:
    """The three ways in which a replay is given files."""
    return (path, None, None), (None, path.parent, None), (None, None, path)


def test_replay_files(tmp_path: Path, soak: Soak) -> None:
    """Events in files, damaged: wrong use that names the file, or requests that a door reads as it reads events."""
    path, taken = tmp_path / "replay" / "events.json", 0
    path.parent.mkdir()
    for number, raw in enumerate(Mutation(soak.seed, SAMPLES).texts(soak.many(2_000, 20_000))):
        path.write_bytes(raw)
        try:
            requests = list(requests_of(*sources(path)[number % 3]))
        except WrongUseError:
            continue
        for request in requests:
            body = json.dumps({"replay": request})
            assert len(body) < MOST_BYTES
            for event in (found for one in request for found in events.read(json.dumps(one))):
                judged(event)
            taken += 1
    assert taken > soak.many(500, 5_000)


@pytest.mark.usefixtures("local")
def test_plan_files(tmp_path: Path, soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan, damaged, with a hash that fits or not: no plan, or one whose every account can be asked for."""
    planned = json.loads(run(["--local", "plan", "--all", "--json"], monkeypatch).out)
    path, mutation, taken = tmp_path / "plan.json", Mutation(soak.seed, [planned]), 0
    for document in mutation.documents(soak.many(1_000, 10_000)):
        if isinstance(document, dict) and "accounts" in document:
            document |= {"hash": hash_of(document["accounts"]), "version": 1}
        path.write_bytes(hit(mutation, json.dumps(document).encode()))
        try:
            plan = read_plan(read(path))
        except (WrongUseError, ReviewError):
            continue
        assert all(len(one.account_id) == len(PROD) for one in plan.accounts)
        taken += 1
    assert taken > soak.many(50, 500)


def hit(mutation: Mutation, raw: bytes) -> bytes:
    """The same bytes, some of the time broken."""
    return mutation.broken(raw) if mutation.chance.random() < 0.1 else raw


def test_files_at_the_console(local: World, tmp_path: Path, soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same through the verbs, carried out: it ends as a verb ends, and writes nothing where nobody may."""
    planned = json.loads(run(["--local", "plan", "--all", "--json"], monkeypatch).out)
    path = tmp_path / "given.json"
    for verb, samples in ((["replay", "--direct", "--apply", "--file"], SAMPLES), (["apply"], [planned])):
        mutation = Mutation(soak.seed, samples)
        for document in mutation.documents(soak.many(60, 1_500)):
            if isinstance(document, dict) and verb == ["apply"]:
                document |= {"hash": hash_of(document.get("accounts")), "version": 1}
            path.write_bytes(hit(mutation, json.dumps(document).encode()))
            words = ["--local", *verb, str(path), "--yes", "--json"]
            ran = run(words, monkeypatch)
            judged_run(ran, words)
            json.loads(ran.out)
    assert local.cloud.violations() == []


NONE = {"nested": DEEP, "nested less": b"[" * 900 + b"]" * 900, "not UTF-8": NOT_UTF8, "a folder": None}
NO_PLAN = {"numbers": b'{"accounts":[1]}', "steps": b'{"accounts":[{"steps":5}]}', "an event": b'{"accountId": "1"}'}
REPLAYS = (["replay", "--file"], ["replay", "--jsonl"], ["replay", "--direct", "--file"])


@pytest.mark.parametrize(
    ("verb", "raw"),
    [(verb, raw) for verb in REPLAYS for raw in NONE.values()]
    + [(["apply"], raw) for raw in (NONE | NO_PLAN).values()],
)
def test_files_that_are_none_are_wrong_use(
    local: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verb: list[str], raw: bytes | None
) -> None:
    """What cannot be read, or is no plan, is named, and nothing was tried."""
    path = tmp_path / "given.json"
    if raw is None:
        path.mkdir()
    else:
        path.write_bytes(raw)
    ran = run(["--local", *verb, str(path), "--yes"], monkeypatch)
    assert (ran.code, "given.json" in ran.err, local.calls()) == (2, True, [])
