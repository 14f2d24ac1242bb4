"""Whatever arrives is read: as an event that can be acted on, or as one that can be set aside in a message."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared import events
from shared.forms import FORMS
from shared.messages import AccountChanged, DeadLetterMessage, denial, fitting, message
from shared.outcome import Reason
from shared.trail import ACCOUNT_EVENTS

EVENTS = Path(__file__).parents[2] / "events"

OPTIONAL = ("id", "source", "payload", "account_id", "do", "eventId", "requestParameters", "responseElements")
LIKELY = (1, 1000000000000011, "1000000000000011", "joined", "fast", "enrol", "{}", "[]", *ACCOUNT_EVENTS)
VALUES = st.none() | st.booleans() | st.floats() | st.text(st.characters(), max_size=8) | st.sampled_from(LIKELY)


def grown(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    """JSON that holds ``inner``: lists, forms that are known (with anything in them), and JSON in text."""
    optional = dict.fromkeys(OPTIONAL, inner)
    forms = [
        st.fixed_dictionaries(dict.fromkeys(sorted(keys), inner), optional={"AccountId": VALUES, **optional})
        for keys in [frozenset[str](), *(keys for keys, _ in FORMS)]
    ]
    return st.lists(inner, max_size=4) | st.one_of(forms) | inner.map(json.dumps)


DOCUMENTS = st.recursive(VALUES, grown, max_leaves=12)


def well_formed(event: events.Event) -> bool:
    return not isinstance(event, AccountChanged) or re.fullmatch("[0-9]{16}", event.account_id, re.ASCII) is not None


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=64))
def test_reading_never_raises_for_bytes(raw: bytes) -> None:
    """Any bytes at all are read, and never as an account with a malformed id."""
    assert all(map(well_formed, events.read(raw)))


@settings(max_examples=250, deadline=None)
@given(DOCUMENTS)
@example([{"messageBody": "\ud800"}])
@example({"specversion": "1.0", "id": "1", "source": "s", "data": "\ud800"})
def test_reading_never_raises_for_json(document: Any) -> None:
    """Any JSON at all is read, and never as an account with a malformed id."""
    assert all(map(well_formed, events.read(json.dumps(document).encode())))


@settings(max_examples=100, deadline=None)
@given(st.sampled_from(sorted(path.name for path in EVENTS.glob("*.json"))), st.data())
def test_reading_survives_damaged_events(name: str, data: st.DataObject) -> None:
    """A real event with one value replaced by something else, anywhere in it, is still read."""
    document = json.loads((EVENTS / name).read_bytes())
    at = document
    while isinstance(at, dict | list) and at:
        key = data.draw(st.sampled_from(sorted(at) if isinstance(at, dict) else range(len(at))))
        if data.draw(st.booleans()) or not isinstance(at[key], dict | list):
            at[key] = data.draw(VALUES)
            break
        at = at[key]
    assert all(map(well_formed, events.read(json.dumps(document))))


def test_reading_never_raises_for_text() -> None:
    """Text that no encoding can carry (replay reads text) is set aside like any other."""
    assert len(events.read("\ud800")) == 1


def test_one_bad_item_does_not_spoil_its_neighbours() -> None:
    """In a batch, an item that nobody can read is set aside alone."""
    bad = {"specversion": "1.0", "id": "1", "source": "s", "data": "\ud800"}
    found = events.read(json.dumps([bad, {"accountId": "1000000000000011"}]))
    assert [type(event) for event in found] == [events.Unreadable, AccountChanged]


BIGGEST_BODY = 65_536 * 3 // 4
"""MNS takes 64 KB; in base64 that is so many bytes."""


def letter(raw: bytes) -> bytes:
    """The dead letter that is sent for the unreadable ``raw``."""
    (event,) = events.read(raw)
    assert isinstance(event, events.Unreadable)
    fields = {"reason": event.reason, "detail": event.detail, "first_failed_at": "", "last_failed_at": ""}
    return DeadLetterMessage(attempts=1, message=event.original, **fields).model_dump_json().encode()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"x" * events.WHOLE_EVENT_BYTES, id="text"),
        pytest.param(b"x" * (events.WHOLE_EVENT_BYTES + 1), id="longer text"),
        pytest.param(b'{"x": NaN}', id="NaN"),
        pytest.param(b'{"x": ' + b"1" * 4000 + b"}", id="long number"),
        pytest.param(b"\xff" * events.WHOLE_EVENT_BYTES, id="no UTF-8"),
        pytest.param(b'"' * events.WHOLE_EVENT_BYTES, id="quotes"),
        pytest.param(b"\0" * events.WHOLE_EVENT_BYTES, id="control characters"),
        pytest.param(b'{"x": "\\ud800"}', id="lone surrogate"),
        pytest.param(b'{"x": ' + b"[" * 300 + b"]" * 300 + b"}", id="deep"),
        pytest.param(b'{"' + b"k" * 100_000 + b'": 1}', id="long key"),
    ],
)
def test_whatever_is_set_aside_fits_a_message(raw: bytes) -> None:
    """What cannot be read can always be sent to the dead-letter queue: it can be written, and is small enough."""
    assert len(letter(raw)) <= BIGGEST_BODY


def test_whatever_is_tried_can_be_tried_again() -> None:
    """An event that is acted on can always be written into the retry queue."""
    deep = json.loads("[" * 300 + "]" * 300)
    event = {"eventName": "MoveAccount", "requestParameters": {"AccountId": "1000000000000011"}, "deep": deep}
    (change,) = events.read(json.dumps(event))
    assert isinstance(change, AccountChanged)
    assert len(message(change, change.tries, "", ()).model_dump_json()) <= BIGGEST_BODY


@pytest.mark.parametrize("wide", ["x", "\0", "\U0001f600"], ids=["letters", "control characters", "wide characters"])
def test_the_largest_message_fits(wide: str) -> None:
    """However large what travels in it may be, a message and its dead letter are never larger than a queue takes."""
    ids = tuple(wide * 300 + str(number) for number in range(40))
    whole = {"x": wide * (events.WHOLE_EVENT_BYTES // 6 - 40)}
    (change,) = events.read(json.dumps({"accountId": "1000000000000011"}))
    assert isinstance(change, AccountChanged)
    change = replace(change, event_id=wide * 200, original=whole)
    sent = message(change, change.tries, "2026-11-22T02:03:09Z", ids)
    letter = DeadLetterMessage(
        reason=Reason.ACCESS_DENIED,
        detail=wide * 500,
        attempts=9,
        first_failed_at="2026-11-22T02:03:09Z",
        last_failed_at="2026-11-22T02:03:09Z",
        request_ids=sent.request_ids,
        access_denied_detail=denial({"AuthAction": "ram:CreateRole", "EncodedDiagnosticMessage": "x" * 8000}),
        message=sent.model_dump(mode="json"),
    )
    assert letter.access_denied_detail is not None
    for form in (sent, letter):
        assert len(json.dumps(fitting(form), ensure_ascii=False, separators=(",", ":")).encode()) <= BIGGEST_BODY
    (back,) = events.read(json.dumps(fitting(letter)))
    assert isinstance(back, AccountChanged)
    assert (back.account_id, back.earlier) == ("1000000000000011", 9)
