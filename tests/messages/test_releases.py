"""Messages of other releases: those of earlier ones end as they should, later ones are neither lost nor guessed."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest

from shared import events
from shared.clients import Credentials
from shared.config import load
from shared.dead_letters import look, redrive
from shared.deadline import Deadline
from shared.messages import MOST_BODY_BYTES, AccountChanged, DeadLetterMessage, Hint, Message, Selection
from shared.outcome import Reason, Tries
from shared.queue import Queues
from tests.cloud import ROOT
from tests.flows.platform import Platform, cloud_event
from tests.flows.world import PROD, SANDBOX, World

VERSIONS = sorted((ROOT / "tests" / "messages").glob("v*"))
FROZEN = {f"{path.parent.name}/{path.stem}": path.read_text("utf-8") for at in VERSIONS for path in at.glob("*.json")}
READ: dict[str, tuple[str, Hint, Tries, int]] = {
    "v1/retry": (PROD, Hint.JOINED, Tries(2), 0),
    "v1/not-ready": (PROD, Hint.JOINED, Tries(2, not_ready=1), 0),
    "v1/by-hand": (PROD, Hint.ENROL, Tries(2), 0),
    "v1/waited": (SANDBOX, Hint.MOVED, Tries(1, waited=True), 0),
    "v1/dead-letter": (PROD, Hint.JOINED, Tries(), 1),
    "v1/redriven": (PROD, Hint.JOINED, Tries(2), 1),
    "v1/untried": (PROD, Hint.JOINED, Tries(turns=1), 0),
}
"""Account, hint, attempts, and attempts before it was brought back."""
UNREADABLE = "v1/dead-letter-unreadable"
LETTER = json.loads(FROZEN["v1/dead-letter"])
RETRY = json.loads(FROZEN["v1/retry"])


def queues(world: World) -> Queues:
    """The queues with the functions' own role."""
    key = world.key
    return Queues(
        load(os.environ), Credentials(key.access_key_id, key.access_key_secret, key.token), Deadline.after(60)
    )


def come_back(world: World, body: Any) -> Any:
    """Hand a message to the retry function as the queue's trigger does."""
    return world.call("retry", [cloud_event(body if isinstance(body, str) else json.dumps(body))])


@pytest.mark.parametrize("name", sorted(FROZEN.keys() - {UNREADABLE}))
def test_earlier_messages_are_understood(name: str) -> None:
    """Every frozen message is read with its account, its hint and its history."""
    (change,) = events.read(FROZEN[name])
    assert isinstance(change, AccountChanged)
    assert (change.account_id, change.hint, change.tries, change.earlier) == READ[name]
    assert (change.first_failed_at is None) is (name == "v1/untried")
    assert change.original is not None


@pytest.mark.parametrize("name", sorted(FROZEN.keys() - {UNREADABLE}))
def test_earlier_messages_end(world: World, name: str) -> None:
    """Each account is protected afterwards, or withdrawn where the grace is over; nothing is left in the queues."""
    waited = READ[name][2].waited
    if waited:
        world.enrol(SANDBOX)
    assert come_back(world, FROZEN[name])["state"] == ("withdrawn" if waited else "protected")
    assert world.registered(SANDBOX) == {}
    assert world.is_protected(PROD) is not waited
    assert (world.retries(), world.dead_letters()) == ([], [])


def test_what_nobody_could_read_is_set_aside_again(world: World) -> None:
    """A frozen letter about something unreadable ends where it was, with both its attempts."""
    assert come_back(world, FROZEN[UNREADABLE])["disposition"] == "dead_letter"
    (letter,) = world.dead_letters()
    assert (letter["reason"], letter["message"], letter["attempts"]) == ("unreadable", "poison", 2)


@pytest.mark.parametrize("form", [Message, DeadLetterMessage])
def test_every_field_is_frozen(form: type[Message | DeadLetterMessage]) -> None:
    """A field that is added has a frozen message of its own, which says how it is read for ever after."""
    documents = [json.loads(text) for text in FROZEN.values()]
    documents += [one["message"] for one in documents if isinstance(one.get("message"), dict)]
    ours = [one for one in documents if ("reason" in one) is (form is DeadLetterMessage)]
    assert {key for one in ours for key in one} == set(form.model_fields)


def test_a_field_of_a_later_release_is_dropped(world: World) -> None:
    """After a roll-back a message of the same version with something more in it is attempted, and ends."""
    assert come_back(world, {**RETRY, "colour": "green"})["state"] == "protected"
    assert come_back(world, {**LETTER, "colour": "green"})["state"] == "protected"
    assert world.dead_letters() == []


def test_a_reason_of_a_later_release_is_kept(world: World) -> None:
    """A letter whose reason is not known is shown with it, and can be brought back with its history."""
    platform = Platform(world)
    platform.send({**LETTER, "reason": "moonlight"}, queue="cab-dead-letters")
    with look(queues(world)) as seen:
        (letter,) = seen.letters
    assert (letter.reason, letter.account_ids, letter.attempts) == ("moonlight", (PROD,), 1)
    world.cloud.advance(2)
    assert [one.failure for one in redrive(queues(world), Selection(ids=frozenset({letter.id})))] == [""]
    platform.work_off()
    assert world.is_protected(PROD)
    assert (world.retries(), world.dead_letters()) == ([], [])


@pytest.mark.parametrize("body", [{**RETRY, "version": 2}, {**LETTER, "version": 2}], ids=["message", "letter"])
def test_a_later_version_is_neither_guessed_nor_lost(world: World, body: dict[str, Any]) -> None:
    """It is set aside whole without a call to the cloud; the release that wrote it reads all of it there."""
    mark = world.mark()
    assert come_back(world, body)["reason"] == "unknown_version"
    assert set(world.calls(mark)) == {"SendMessage"}
    (letter,) = world.dead_letters()
    assert letter["message"] == body
    again = json.dumps({**letter, "message": {**letter["message"], "version": 1}})
    assert [event.account_id for event in events.read(again) if isinstance(event, AccountChanged)] == [PROD]


@pytest.mark.parametrize("body", [{**RETRY, "version": 2}, {**LETTER, "version": 2}], ids=["message", "letter"])
def test_a_large_one_of_a_later_version_loses_only_its_event(world: World, body: dict[str, Any]) -> None:
    """Where it is too large to be set aside whole, the original event goes, which only people read."""
    inner = body.get("message", body)
    spare = "x" * (MOST_BODY_BYTES - len(json.dumps(body)) - 50)
    large = {**inner, "original": {**inner["original"], "more": spare}}
    sent = {**body, "message": large} if "message" in body else large
    come_back(world, sent)
    (letter,) = world.dead_letters()
    kept = letter["message"].get("message", letter["message"])
    assert set(kept.pop("original")) == {"sha256", "bytes"}
    assert kept == {key: value for key, value in large.items() if key != "original"}


def test_a_letter_of_a_later_version_says_so(world: World) -> None:
    """In the dead-letter queue it is shown as what it is, not as something that could not be delivered."""
    Platform(world).send({**LETTER, "version": 2}, {**RETRY, "version": 2}, queue="cab-dead-letters")
    with look(queues(world)) as seen:
        assert [one.reason for one in seen.letters] == [Reason.UNKNOWN_VERSION] * 2
