"""What waits for a person: read by receiving, handed back, brought back with its history, told of."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from mns.queue import QueueMeta

from shared import notify
from shared.clients import Credentials
from shared.config import load
from shared.dead_letters import delete, look, redrive
from shared.deadline import RESERVE, Deadline
from shared.handling import SPARE_SECONDS
from shared.messages import Message, Selection
from shared.outcome import Reason
from shared.queue import GoneError, QueueError, Queues
from tests.flows.platform import Platform, cloud_event, created
from tests.flows.test_retry import denied, failure_record, retry_message
from tests.flows.world import PROD, TEST, World

LETTERS = "cab-dead-letters"


@pytest.fixture
def platform(world: World) -> Platform:
    return Platform(world)


@pytest.fixture
def queues(world: World) -> Queues:
    """The queues with the functions' own role, as the replay and the nightly digest use them."""
    return fresh_queues(world)


def fresh_queues(world: World) -> Queues:
    """The same once more, where so much time has passed that the first credentials have ended."""
    return queues_until(world, Deadline.after(60))


def queues_until(world: World, deadline: Deadline) -> Queues:
    """The same for an invocation that has so much time."""
    key = world.cloud.as_function()
    return Queues(load(os.environ), Credentials(key.access_key_id, key.access_key_secret, key.token), deadline)


def set_aside(reason: str = "access_denied", account: str = PROD, **changes: Any) -> dict[str, Any]:
    """A dead letter of ours, as it lies in the queue."""
    return {
        "version": 1,
        "reason": reason,
        "detail": "CreateRole: NoPermission",
        "attempts": 3,
        "first_failed_at": "2026-11-20T02:03:09Z",
        "last_failed_at": "2026-11-21T02:03:09Z",
        "request_ids": ["R-1"],
        "message": json.loads(retry_message(account)),
        **changes,
    }


def test_a_look_shows_every_letter_and_hands_it_back(world: World, platform: Platform, queues: Queues) -> None:
    """Forty letters are all read, although a peek shows sixteen; afterwards others can receive all of them."""
    platform.send(*[set_aside(account=f"10000000000010{number:02}") for number in range(40)], queue=LETTERS)
    with look(queues) as seen:
        assert len({one.id for one in seen.letters}) == 40
        assert seen.complete
        with look(queues) as meanwhile:
            assert meanwhile.letters == []
    world.cloud.advance(1)
    with look(queues) as again:
        assert [one.account_ids for one in again.letters] == [one.account_ids for one in seen.letters]
    assert len(world.dead_letters()) == 40


def test_a_look_that_dies_hides_nothing_for_long(world: World, platform: Platform, queues: Queues) -> None:
    """Letters of a look that never ends show again after the queue's visibility timeout."""
    platform.send(set_aside(), queue=LETTERS)
    assert len(queues.receive_dead_letters()) == 1
    with look(queues) as seen:
        assert (seen.letters, seen.hidden_seconds) == ([], 30)
    world.cloud.advance(31)
    with look(queues) as seen:
        assert len(seen.letters) == 1


def test_letters_explain_themselves(world: World, platform: Platform) -> None:
    """Reason, accounts, history and age of our letters; what the platform put there says so and names its accounts."""
    platform.send(set_aside(), failure_record([cloud_event(retry_message(TEST))]), "plain text", queue=LETTERS)
    world.cloud.advance(3600)
    with look(fresh_queues(world)) as seen:
        ours, record, text = seen.letters
    assert (ours.reason, ours.account_ids, ours.attempts) == (Reason.ACCESS_DENIED, (PROD,), 3)
    assert (record.reason, record.account_ids) == (Reason.UNDELIVERED, (TEST,))
    assert (text.reason, text.account_ids, text.body) == (Reason.UNDELIVERED, (), "plain text")
    assert 3600 <= ours.age < 3660


@pytest.mark.parametrize(
    ("selection", "chosen"),
    [
        (Selection(), {"a", "b", "c"}),
        (Selection(reasons=frozenset({Reason.THROTTLED})), {"b", "c"}),
        (Selection(accounts=frozenset({PROD})), {"a", "b"}),
        (Selection(accounts=frozenset({PROD}), reasons=frozenset({Reason.THROTTLED})), {"b"}),
        (Selection(older_than_seconds=600), {"a", "b"}),
        (Selection(newer_than_seconds=600), {"c"}),
    ],
)
def test_letters_are_chosen(
    world: World, platform: Platform, queues: Queues, selection: Selection, chosen: set[str]
) -> None:
    """By reason, by account, by age, and by all of them together."""
    platform.send(set_aside(detail="a"), set_aside("throttled", detail="b"), queue=LETTERS)
    world.cloud.advance(900)
    platform.send(set_aside("throttled", TEST, detail="c"), queue=LETTERS)
    with look(queues) as seen:
        assert {one.detail for one in seen.chosen(selection)} == chosen


def test_the_end_of_a_letter_is_seen_coming(world: World, platform: Platform, queues: Queues) -> None:
    """A letter with less than two days to live is reported; looking at it does not give it more time."""
    platform.queue(LETTERS).set_attributes(QueueMeta(30, 65536, 345_600, 0, 0))
    platform.send(set_aside(), queue=LETTERS)
    with look(queues) as seen:
        assert not seen.letters[0].ends_soon
        before = seen.letters[0].left
    world.cloud.advance(2 * 86_400)
    with look(fresh_queues(world)) as seen:
        assert seen.letters[0].ends_soon
        assert seen.letters[0].left == pytest.approx(before - 2 * 86_400, abs=60)


@pytest.mark.every_guess
def test_a_permanent_failure_is_lifted_by_one_redrive(world: World, platform: Platform, queues: Queues) -> None:
    """A control policy denies CreateRole: dead letter; it is lifted, one redrive, and the account is protected."""
    with denied(world, PROD):
        assert world.call("onboard", created(PROD))["disposition"] == "dead_letter"
    assert [one.failure for one in redrive(queues, Selection(accounts=frozenset({PROD})))] == [""]
    assert (len(world.retries()), world.dead_letters()) == (1, [])
    platform.work_off()
    assert world.is_protected(PROD)
    assert (world.retries(), world.dead_letters()) == ([], [])


def test_a_redriven_letter_keeps_its_history(world: World, platform: Platform, queues: Queues) -> None:
    """It has its whole budget again, and if it fails again it says since when, how often, and by which requests."""
    platform.send(set_aside(), queue=LETTERS)
    list(redrive(queues, Selection()))
    with denied(world, PROD):
        platform.work_off()
    (letter,) = world.dead_letters()
    assert (letter["attempts"], letter["first_failed_at"]) == (4, "2026-11-20T02:03:09Z")
    assert letter["request_ids"][0] == "R-1"
    assert len(letter["request_ids"]) == 2


def test_letters_of_the_platform_are_brought_back_too(world: World, platform: Platform, queues: Queues) -> None:
    """What Function Compute or EventBridge gave up is redriven like our own."""
    platform.send(failure_record(created(PROD)), created(TEST), queue=LETTERS)
    assert len(list(redrive(queues, Selection(reasons=frozenset({Reason.UNDELIVERED}))))) == 2
    platform.work_off()
    assert world.is_protected(PROD)
    assert world.is_protected(TEST)
    assert world.dead_letters() == []


def test_what_cannot_be_sent_stays(world: World, platform: Platform, queues: Queues) -> None:
    """Where the retry queue refuses, the letter stays; nothing is deleted that is not in the other queue."""
    platform.send(set_aside(), set_aside(account=TEST), queue=LETTERS)
    world.cloud.fault(service="mns", action="SendMessage", code="AccessDenied", status=403)
    moved = list(redrive(queues, Selection()))
    assert [bool(one.failure) for one in moved] == [True, False]
    assert [len(world.retries()), len(world.dead_letters())] == [1, 1]
    left = {world.retries()[0]["message"]["account_id"], world.dead_letters()[0]["message"]["account_id"]}
    assert left == {PROD, TEST}


def test_what_cannot_be_deleted_is_in_both(world: World, platform: Platform, queues: Queues) -> None:
    """Dying between sending and deleting leaves the letter in both queues, never in none; coming twice does no harm."""
    platform.send(set_aside(), queue=LETTERS)
    world.cloud.fault(service="mns", action="DeleteMessage", code="AccessDenied", status=403)
    (moved,) = redrive(queues, Selection())
    assert moved.failure
    assert [len(world.retries()), len(world.dead_letters())] == [1, 1]
    platform.work_off()
    world.cloud.advance(60)
    list(redrive(queues, Selection()))
    platform.work_off()
    assert world.is_protected(PROD)
    assert world.dead_letters() == []


@pytest.mark.parametrize("move", [redrive, delete])
def test_a_letter_that_is_gone_at_the_second_try_was_deleted_by_the_first(
    world: World, platform: Platform, queues: Queues, move: Any
) -> None:
    """Where only the answer was lost it is done; what was gone before is told, for somebody else has it."""
    platform.send(set_aside(), queue=LETTERS)
    world.cloud.fault(service="mns", action="DeleteMessage", phase="after", drop=True)
    assert [one.failure for one in move(queues, Selection())] == [""]
    assert (len(world.retries()), world.dead_letters()) == (1 if move is redrive else 0, [])
    platform.send(set_aside(), queue=LETTERS)
    (held,) = queues.receive_dead_letters()
    world.cloud.advance(31)
    with pytest.raises(GoneError):
        queues.delete(held)


def test_deleting_is_for_good(world: World, platform: Platform, queues: Queues) -> None:
    """Only what was chosen is deleted, and it goes nowhere."""
    platform.send(set_aside(), set_aside("unreadable", TEST), queue=LETTERS)
    assert [one.letter.reason for one in delete(queues, Selection(reasons=frozenset({Reason.UNREADABLE})))] == [
        Reason.UNREADABLE
    ]
    assert [letter["reason"] for letter in world.dead_letters()] == ["access_denied"]
    assert world.retries() == []


def test_a_redrive_does_not_chase_its_own_letters(world: World, platform: Platform, queues: Queues) -> None:
    """A letter that arrives while others are brought back is left for the next look."""
    platform.send(set_aside(), set_aside(account=TEST), queue=LETTERS)
    moved = redrive(queues, Selection())
    next(moved)
    platform.send(set_aside(detail="new"), queue=LETTERS)
    assert len(list(moved)) == 1
    assert [letter["detail"] for letter in world.dead_letters()] == ["new"]


@pytest.mark.parametrize("move", [redrive, delete])
def test_letters_stay_ours_however_long_it_takes(world: World, platform: Platform, queues: Queues, move: Any) -> None:
    """A hundred letters, and twenty seconds for each of them: none is shown to others before its turn."""
    platform.send(*[set_aside(account=f"1000000000001{number:03}") for number in range(100)], queue=LETTERS)
    failures = []
    for moved in move(queues, Selection()):
        failures.append(moved.failure)
        world.cloud.advance(20)
    assert failures == [""] * 100
    assert world.dead_letters() == []


def test_a_letter_that_somebody_else_took_is_left_to_them(world: World, platform: Platform, queues: Queues) -> None:
    """Where a look was held up for so long that others received its letters, they are not brought back twice."""
    platform.send(set_aside(), set_aside(account=TEST), queue=LETTERS)
    with look(queues) as seen:
        world.cloud.advance(40)
        others = queues.receive_dead_letters()
        assert len(others) == 2
        assert list(seen.each(Selection())) == []
    assert len(world.dead_letters()) == 2


def test_a_queue_that_cannot_be_read_is_said(world: World, queues: Queues) -> None:
    """A refused look raises; it never looks like an empty queue."""
    world.cloud.fault(service="mns", action="ReceiveMessage", code="AccessDenied", status=403)
    with pytest.raises(QueueError, match="AccessDenied"), look(queues):
        pass


@pytest.mark.parametrize(("hangs", "sent"), [(1, True), (None, False)])
def test_a_queue_that_hangs_leaves_time_for_another_try(world: World, hangs: int | None, *, sent: bool) -> None:
    """In the seconds that are kept back, a queue that hangs once is asked again; one that hangs is given up."""
    over = queues_until(world, Deadline.after(RESERVE))
    world.cloud.fault(service="mns", action="SendMessage", latency_ms=9000, drop=True, count=hangs)
    began = time.monotonic()
    with nullcontext() if sent else pytest.raises(QueueError):
        over.retry_later(Message(account_id=PROD), 0)
    assert time.monotonic() - began < RESERVE
    assert len(world.retries()) == sent


class Webhook(BaseHTTPRequestHandler):
    """A webhook that keeps what it is told, and answers what the test wants."""

    told: list[tuple[str, Any]]
    answer: tuple[int, bytes]

    def do_POST(self) -> None:
        """Keep what came."""
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.told.append((self.path, body))
        status, answer = self.answer
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def webhook(monkeypatch: pytest.MonkeyPatch, status: int = 200, answer: bytes = b"{}") -> Iterator[list[Any]]:
    """A webhook on this machine, whose address is where the functions look for it."""
    told: list[tuple[str, Any]] = []
    handler = type("Handler", (Webhook,), {"told": told, "answer": (status, answer)})
    with HTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        monkeypatch.setenv("CAB_WEBHOOK_URL", f"http://127.0.0.1:{server.server_port}/send?access_token=t")
        yield told
        server.shutdown()


def test_a_person_is_told_once_of_each_letter(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """One request per dead letter, after it is in the queue; nothing for what is done or tried again."""
    with webhook(monkeypatch) as told:
        world.call("retry", [cloud_event("poison"), cloud_event(retry_message())])
        with denied(world, TEST):
            world.call("onboard", created(TEST))
    assert [(body["kind"], body["reason"], body["account_id"]) for _, body in told] == [
        ("dead_letter", "unreadable", ""),
        ("dead_letter", "access_denied", TEST),
    ]
    assert told[1][1]["access_denied_detail"]["PolicyType"] == "ControlPolicy"
    assert len(world.dead_letters()) == 2


def test_dingtalk_is_signed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """A DingTalk robot gets a text, and a signature that it can check with the key."""
    world.configure(notify={"kind": "dingtalk"})
    monkeypatch.setenv("CAB_WEBHOOK_SECRET", "SEC123")
    with webhook(monkeypatch, answer=b'{"errcode": 0}') as told:
        world.call("retry", [cloud_event("poison")])
    ((path, body),) = told
    asked = {name: value for name, (value,) in parse_qs(urlsplit(path).query).items()}
    digest = hmac.new(b"SEC123", f"{asked['timestamp']}\nSEC123".encode(), hashlib.sha256).digest()
    assert base64.b64decode(asked["sign"]) == digest
    assert asked["access_token"] == "t"
    assert body["msgtype"] == "text"
    assert "unreadable" in body["text"]["content"]


def test_the_signature_is_the_published_one() -> None:
    """The signature of a known time and key, worked out with the page's own sample code."""
    signed = notify.signed("https://oapi.dingtalk.com/robot/send?access_token=t", "this is secret", 1_600_000_000_000)
    assert signed == (
        "https://oapi.dingtalk.com/robot/send?access_token=t&timestamp=1600000000000&sign=MYEtKC4%2FNfMR1l4prX%2B%2Bai6oOf70X1xOf6UlnyUhJH4%3D"
    )


@pytest.mark.parametrize(("status", "answer"), [(500, b"oops"), (200, b'{"errcode": 310000}'), (200, b"no json")])
def test_failing_to_notify_never_fails_the_work(
    world: World, monkeypatch: pytest.MonkeyPatch, status: int, answer: bytes
) -> None:
    """Whatever the webhook answers, the letter is in the queue and the others are done."""
    with webhook(monkeypatch, status, answer):
        ended = world.call("retry", [cloud_event("poison"), cloud_event(retry_message())])
    assert [one["disposition"] for one in ended] == ["dead_letter", "done"]
    assert len(world.dead_letters()) == 1


@pytest.mark.parametrize("address", ["http://127.0.0.1:1/", "ftp://x", "not an address", "http://["])
def test_a_webhook_that_is_not_there_never_fails_the_work(
    world: World, monkeypatch: pytest.MonkeyPatch, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nor does an address where nobody answers, or that is none; and no log says it, for it may hold a key."""
    monkeypatch.setenv("CAB_WEBHOOK_URL", address)
    assert world.call("retry", cloud_event("poison"))["disposition"] == "dead_letter"
    assert "the webhook in CAB_WEBHOOK_URL failed" in caplog.text
    assert address not in caplog.text


def test_the_night_tells_what_waits(world: World, platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """After a deep sweep one digest: letters by reason, those that will soon be lost, and the drift."""
    platform.send(set_aside(), queue=LETTERS)
    world.cloud.advance(3 * 86_400)
    platform.send(set_aside("throttled"), queue=LETTERS)
    world.key = world.cloud.as_function()
    with webhook(monkeypatch) as told:
        world.call("reconcile", {"sweep": "fast"})
        answer = world.call("reconcile", {"sweep": "deep"})
    ((_, digest),) = told
    assert (digest["kind"], digest["dead letters"]) == ("digest", 2)
    assert digest["dead letters by reason"] == {"access_denied": 1, "throttled": 1}
    assert digest["dead letters that are lost within two days"] == 1
    assert answer["dead_letters"]["told"] is True
    assert len(world.dead_letters()) == 2


def test_a_sweep_that_runs_out_of_time_leaves_some_for_the_digest(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deep sweep ends early enough to tell people what it left over."""
    with webhook(monkeypatch) as told:
        answer = world.call("reconcile", {"sweep": "deep"}, world.context(timeout=round(SPARE_SECONDS + RESERVE)))
    assert (answer["sweep"]["in_scope"], answer["sweep"]["left_over"]) == (2, 2)
    ((_, digest),) = told
    assert digest["accounts left for the next sweep"] == 2
    assert answer["dead_letters"]["told"] is True


def test_a_sweep_that_fails_is_told_with_what_waits(
    world: World, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A night without a sweep is not a night without a digest, and the log says why it failed."""
    platform.send(set_aside(), queue=LETTERS)
    world.cloud.fault(service="resourcedirectory", action="ListAccounts", code="NoPermission", status=403, count=None)
    with webhook(monkeypatch) as told:
        answer = world.call("reconcile", {"sweep": "deep"})
    assert (answer["disposition"], answer["reason"], answer["dead_letters"]["told"]) == (
        "failed",
        "access_denied",
        True,
    )
    ((_, digest),) = told
    assert "NoPermission" in digest["the sweep failed"]
    assert digest["dead letters"] == 1


def test_a_night_without_the_queue_is_still_a_sweep(world: World) -> None:
    """Where the dead letters cannot be read, the sweep is done all the same and says so."""
    world.cloud.fault(service="mns", action="ReceiveMessage", code="AccessDenied", status=403)
    answer = world.call("reconcile", {"sweep": "deep"})
    assert answer["sweep"]["repaired"] == 2
    assert "AccessDenied" in answer["dead_letters"]["unreadable"]
