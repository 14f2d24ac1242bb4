"""Answers of the cloud, damaged: each of those that sweeps, withdrawals, protection, inventories and replays read."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from emulator import server
from shared import clients, queue, replay
from shared.cloud import memory
from tests.conftest import Soak
from tests.flows.backups import Backups
from tests.flows.test_protection import INSTANCES, OSS, configure
from tests.flows.test_replay import window
from tests.flows.world import PROD, World
from tests.matrix.runs import OURS
from tests.security.mutation import Mutation

SERVICES = {action: one.name for one in server.SERVICES if one.name in clients.PACKAGES for action in one.actions}
"""Action → service."""
WAYS: dict[str, Callable[[World], Any]] = {
    "a deep sweep": lambda world: world.call("reconcile", {"sweep": "deep"}),
    "an enrolment": lambda world: world.call("onboard", {"accountId": PROD}),
    "a replay": lambda world: world.call("replay", window(world)),
    "a withdrawal": lambda world: world.call("teardown", {"accountId": PROD, "do": "withdraw"}),
}


def recorded(world: World, monkeypatch: pytest.MonkeyPatch, way: Callable[[World], Any]) -> dict[str, list[Any]]:
    """What each action answers while everything is as it should be."""
    answers: dict[str, list[Any]] = {}
    checked = clients._checked  # noqa: SLF001 - where every answer passes

    def keep(name: str, body: Any) -> Any:
        answers.setdefault(name, []).append(body.to_map())
        return checked(name, body)

    with monkeypatch.context() as patch:
        patch.setattr(clients, "_checked", keep)
        way(world)
    return {name.replace("AssumeBackupRole", "AssumeRole"): found for name, found in answers.items()}


@pytest.mark.parametrize("name", WAYS)
def test_every_answer_that_is_read(world: World, soak: Soak, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """A real answer of each action, damaged: the door answers, and the next time all is well."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    for module in (clients, queue):
        monkeypatch.setattr(module, "BRIEF_WAITS", (0.0, 0.0))
    monkeypatch.setattr(replay, "LOOKUPS_A_SECOND", 1e6)
    world.create("another", parent_folder_id="fd-prod000001")
    world.enrol()
    Backups(world).open()
    configure(world, OSS, INSTANCES)
    state = world.cloud.state()
    answers = recorded(world, monkeypatch, WAYS[name])
    assert answers
    chance = Mutation(soak.seed, [{}]).chance
    for number in range(soak.many(3, 60) * len(answers)):
        action = sorted(answers)[number % len(answers)]
        body = Mutation(chance.randrange(10**9), answers[action]).damaged(
            json.loads(json.dumps(chance.choice(answers[action])))
        )
        world.cloud.load(state)
        world.cloud.watch(**OURS)
        memory().forget()
        world.key = world.cloud.as_function()
        shown = {"body": json.dumps(body), "headers": {"content-type": "application/json"}}
        world.cloud.fault(service=SERVICES[action], action=action, status=200, **shown)
        json.dumps(WAYS[name](world))
        assert world.cloud.struck(), action
        world.cloud.clear_faults()
        assert WAYS[name](world)["disposition"] == "done", (action, body)
