"""Whatever comes from outside raises our own errors or none, writes nowhere, and costs no more than its size."""

from __future__ import annotations

import json
import logging
import re
import sys
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared import clients, events, queue
from shared.config import Config, ConfigError, check, load
from shared.messages import AccountChanged, DeadLetterMessage, message
from shared.queue import QueueError
from tests.cloud import ROOT
from tests.conftest import FOUND, Soak
from tests.flows.world import BACKUP, PROD, World
from tests.matrix.flows import trail
from tests.matrix.platform import Platform
from tests.matrix.runs import OURS
from tests.security.mutation import Mutation

SAMPLES = [json.loads(path.read_bytes()) for path in sorted((ROOT / "events").glob("*.json"))]
BIGGEST = 65_536
"""MNS takes 64 KB of body."""


def judged(event: events.Event) -> None:
    """An account that is acted on has sixteen digits; what is put into a queue fits there."""
    match event:
        case AccountChanged():
            assert re.fullmatch("[0-9]{16}", event.account_id, re.ASCII)
            body = message(event, event.tries, "", ()).model_dump_json()
        case events.Unreadable(detail, original):
            letter = DeadLetterMessage(
                reason=event.reason,
                detail=detail,
                attempts=1,
                first_failed_at="",
                last_failed_at="",
                message=original,
            )
            body = letter.model_dump_json()
        case _:
            return
    assert len(body.encode()) * 4 / 3 <= BIGGEST


def test_events_and_messages(soak: Soak, record_property: Callable[[str, object], None]) -> None:
    """Every envelope, every message and every replay, damaged: read without an error, and fit for a queue."""
    count = soak.many(20_000, 200_000)
    for raw in Mutation(soak.seed, SAMPLES).texts(count):
        for event in events.read(raw):
            judged(event)
    record_property(FOUND, f"{count} damaged events, seed {soak.seed}")


UNWRITABLE: tuple[dict[str, Any], ...] = (
    {"accountId": "\ud800"},
    trail("MoveAccount", PROD) | {"eventId": "\ud800"},
    {"specversion": "1.0", "id": "\ud800", "source": "x", "data": trail("MoveAccount", PROD) | {"eventId": None}},
)
"""Found by the longer runs: text that JSON can carry, and no message."""


@pytest.mark.parametrize("document", UNWRITABLE, ids=lambda document: next(iter(document)))
def test_what_cannot_be_written_does_not_travel(document: dict[str, Any]) -> None:
    """A lone surrogate in an id is replaced, and keeps nobody from putting the event into a queue."""
    (event,) = events.read(json.dumps(document))
    judged(event)


def test_configurations(soak: Soak) -> None:
    """A damaged configuration is refused with our own error, or is one."""
    sample = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    sample["external"] = [{"account_id": "1000000000000099", "display_name": "partner", "access_role": "let-us-in"}]
    for document in Mutation(soak.seed, [sample]).documents(soak.many(2_000, 20_000)):
        with suppress(ConfigError):
            check(Config, document, "config.yaml")


def test_configuration_files(soak: Soak, tmp_path: Path) -> None:
    """The same for the file as bytes."""
    raw, path = (ROOT / "config.yaml").read_bytes(), tmp_path / "config.yaml"
    mutation = Mutation(soak.seed, [{}])
    for _ in range(soak.many(150, 3_000)):
        path.write_bytes(mutation.broken(mutation.broken(raw)))
        with suppress(ConfigError):
            load({"CAB_CONFIG": str(path)})


def test_events_at_the_doors(world: World, soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    """Through every door: an answer or a message, and no write for an account that the directory does not list."""
    monkeypatch.setattr(logging.getLogger(), "handlers", [])
    world.cloud.watch(**OURS)
    mutation = Mutation(soak.seed, [trail("CreateResourceAccount", PROD), *SAMPLES])
    doors = ("onboard", "retry", "teardown", "replay", "reconcile")
    for number, raw in enumerate(mutation.texts(soak.many(300, 5_000))):
        if number % 100 == 0:
            world.key = world.cloud.as_function()
        json.dumps(world.call(doors[number % len(doors)], raw))
    assert world.cloud.violations() == []


PATIENT = {"delays": [5] * 12, "not_ready": [5] * 12}
ACTIONS = (
    *(("sts", "AssumeRole"), ("resourcedirectory", "GetAccount"), ("hbr", "CheckRole"), ("hbr", "AddCrossAccount")),
    *(("ram", "CreateRole"), ("ram", "AttachPolicyToRole"), ("ram", "GetRole"), ("mns", "SendMessage")),
)


def test_answers_of_the_cloud(world: World, soak: Soak, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a call answers, with whatever status, the account ends protected, by the queue if need be."""
    monkeypatch.setattr(clients, "BRIEF_WAITS", (0.0, 0.0))
    monkeypatch.setattr(queue, "BRIEF_WAITS", (0.0, 0.0))
    world.configure(retry=PATIENT)
    platform, answers = Platform(world.cloud, world), [answer(world)]
    platform.keep()
    mutation = Mutation(soak.seed, answers)
    for number, body in enumerate(mutation.documents(soak.many(120, 3_000))):
        platform.again(**OURS)
        (service, action), status = mutation.chance.choice(ACTIONS), mutation.chance.choice([200, 400, 403, 500])
        shown = {"body": json.dumps(body), "headers": {"content-type": "application/json"}}
        world.cloud.fault(service=service, action=action, status=status, **shown)
        platform.deliver("onboard", trail("CreateResourceAccount", PROD))
        platform.work_the_queue()
        world.cloud.clear_faults()
        platform.redrive()
        assert world.is_protected(PROD), (number, service, action, body, platform.run)
        assert world.cloud.violations() == []


def answer(world: World) -> Any:
    """An answer with a little of everything that we read."""
    return {
        "RequestId": "5828C836-0000-4000-8000-000000000000",
        "Success": False,
        "Code": "NoPermission",
        "Message": "no",
        "Account": {"AccountId": PROD, "DisplayName": "x", "FolderId": "fd-1", "ResourceDirectoryPath": "a/b/c/d"},
        "Credentials": {"AccessKeyId": "x", "AccessKeySecret": "y", "SecurityToken": "z", "Expiration": "never"},
        "Role": {"RoleName": "hbrcrossrole", "AssumeRolePolicyDocument": "{}", "Arn": world.cloud.accounts["backup"]},
        "CrossAccounts": {"CrossAccount": [{"CrossAccountUserId": BACKUP}]},
        "TotalCount": 1,
    }


def steps(work: Callable[[], Any]) -> int:
    """How many functions are called, Python's and C's."""
    counted = 0

    def count(*_: Any) -> None:
        nonlocal counted
        counted += 1

    sys.setprofile(count)
    try:
        work()
    finally:
        sys.setprofile(None)
    return counted


def peak(work: Callable[[], Any]) -> int:
    """The most memory (bytes) that is held at a time."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


GROWING: dict[str, Callable[[int], bytes]] = {
    "a batch": lambda size: json.dumps([{"accountId": PROD}] * size).encode(),
    "a batch of strangers": lambda size: json.dumps([{"x": 1}] * size).encode(),
    "a long text": lambda size: json.dumps({"accountId": "1" * size * 30}).encode(),
    "a long event": lambda size: json.dumps(trail("MoveAccount", PROD) | {"more": ["x" * 20] * size}).encode(),
    "many keys": lambda size: json.dumps({f"key{number}": number for number in range(size)}).encode(),
    "brackets": lambda size: b"[" * size * 30,
    "quotes": lambda size: b'"' * size * 30,
    "base64 in base64": lambda size: json.dumps({"messageBody": "e30" * size * 10}).encode(),
    "replay": lambda size: json.dumps({"replay": [{"accountId": PROD}] * size}).encode(),
    "no text at all": lambda size: b"\xff" * size * 30,
}


@pytest.mark.parametrize("kind", GROWING)
def test_work_and_memory_are_linear(kind: str) -> None:
    """Four times the input makes no more than four times (and a bit) the steps and the memory."""
    small, large = (GROWING[kind](size) for size in (4000, 16_000))
    events.read(small)
    assert steps(lambda: events.read(large)) <= 4.5 * steps(lambda: events.read(small)) + 500
    assert peak(lambda: events.read(large)) <= 5 * peak(lambda: events.read(small)) + 100_000


def test_only_a_queue_that_is_gone_raises(world: World) -> None:
    """What can be put nowhere is the one case in which a door raises, and with our own error."""
    world.cloud.fault(service="mns", status=500, count=None)
    with pytest.raises(QueueError):
        world.call("onboard", b"not an event")
