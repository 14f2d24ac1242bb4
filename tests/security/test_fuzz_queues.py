"""Answers of the queues, damaged: XML, which the vendor's SDK takes apart with no care for what is missing."""

from __future__ import annotations

import base64
import contextlib
import json
import logging
import re
from collections.abc import Callable
from random import Random
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from mns.mns_client import MNSClient

from shared import queue
from shared.dead_letters import redrive
from shared.messages import Message, Selection
from shared.outcome import Reason
from shared.queue import QueueError, Queues
from tests.conftest import Soak
from tests.flows.platform import Platform
from tests.flows.test_dead_letters import fresh_queues, set_aside
from tests.flows.world import MANAGEMENT, PROD, TEST, World
from tests.security.mutation import ODD, Mutation

LETTERS = "cab-dead-letters"
MESSAGE = Message(account_id=PROD)


def brought_back(queues: Queues) -> None:
    """Every dead letter goes into the retry queue, and a new message beside them."""
    list(redrive(queues, Selection()))
    queues.retry_later(MESSAGE, 0)


def recorded(monkeypatch: pytest.MonkeyPatch, work: Callable[[], None]) -> dict[str, list[str]]:
    """What each action answers while everything is as it should be."""
    answers: dict[str, list[str]] = {}
    checked = MNSClient.check_status

    def keep(client: MNSClient, asked: Any, answered: Any, response: Any, *more: Any) -> None:
        if answered.data:
            name = type(response).__name__.removesuffix("Response").removeprefix("Batch")
            answers.setdefault(name, []).append(str(answered.data))
        checked(client, asked, answered, response, *more)

    with monkeypatch.context() as patch:
        patch.setattr(MNSClient, "check_status", keep)
        work()
    return answers


def damaged(text: str, chance: Random) -> str:
    """One to three elements replaced, emptied, removed, repeated or renamed; a third broken once more as bytes."""
    root = ET.fromstring(re.sub(r" xmlns=\"[^\"]*\"", "", text))  # noqa: S314 - of our own emulator
    for _ in range(chance.randint(1, 3)):
        parent = chance.choice([one for one in root.iter() if len(one)] or [root])
        if not len(parent):
            break
        child = chance.choice(list(parent))
        match chance.randrange(5):
            case 0:
                child.text = str(chance.choice(ODD))
            case 1:
                child.text = None
            case 2:
                parent.remove(child)
            case 3:
                parent.append(child)
            case _:
                child.tag = chance.choice(("Message", "Messages", "MessageBody", "Odd"))
    raw = ET.tostring(root, encoding="unicode").encode("utf-8", "replace")
    return (Mutation(chance.randrange(10**9), []).broken(raw) if chance.random() < 1 / 3 else raw).decode(
        errors="replace"
    )


def of_whom(state: dict[str, Any]) -> set[str]:
    """The accounts that the queues' messages are about."""
    bodies = [
        json.loads(base64.b64decode(one["body"]))
        for name in ("cab-retry", LETTERS)
        for one in state["mns"]["queues"][MANAGEMENT][name]["messages"].values()
    ]
    return {body.get("message", body)["account_id"] for body in bodies}


def test_every_answer_of_a_queue(world: World, soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    """A real answer of each action, damaged: our own error or none; no message is lost; the next time all is well."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    monkeypatch.setattr(queue, "BRIEF_WAITS", (0.0, 0.0))
    Platform(world).send(set_aside(), set_aside(Reason.UNREADABLE, TEST), queue=LETTERS)
    state = world.cloud.state()
    answers = recorded(monkeypatch, lambda: brought_back(fresh_queues(world)))
    assert {"ReceiveMessage", "GetQueueAttributes", "ChangeMessageVisibility", "SendMessage"} <= answers.keys()
    chance = Random(soak.seed)
    for number in range(soak.many(60, 2000) * len(answers)):
        action = sorted(answers)[number % len(answers)]
        body = damaged(chance.choice(answers[action]), chance)
        world.cloud.load(state)
        queues = fresh_queues(world)
        shown = {"status": 200, "body": body, "headers": {"content-type": "text/xml"}}
        world.cloud.fault(service="mns", action=action, phase="after", **shown)
        with contextlib.suppress(QueueError):
            brought_back(queues)
        assert world.cloud.struck()
        world.cloud.clear_faults()
        assert of_whom(world.cloud.state()) >= {PROD, TEST}, (action, body)
        world.cloud.advance(3600)
        brought_back(fresh_queues(world))
        left = world.cloud.state()["mns"]["queues"][MANAGEMENT][LETTERS]["messages"]
        assert left == {}, (action, body)
