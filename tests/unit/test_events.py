from __future__ import annotations

import base64
import json
import re
from pathlib import Path
from typing import Any

import pytest

from shared import events
from shared.messages import AccountChanged, message
from shared.outcome import Reason, Tries
from shared.trail import ACCOUNT_EVENTS

EVENTS = Path(__file__).parents[2] / "events"
NOT_YET: dict[str, str] = {}
"""Files that are not read as the table says, and why."""


def told(event: events.Event) -> str:
    """An event as the column "read as" of events/README.md tells it."""
    match event:
        case AccountChanged(account_id, hint, tries=Tries(attempt)):
            return f"{account_id} {hint}" + (f", attempt {attempt}" if attempt > 1 else "")
        case events.SweepRequest(deep):
            return "sweep deep" if deep else "sweep fast"
        case events.ReplayRequest(events=given_events, start=start):
            return "replay of a window" if start else f"replay of {len(given_events)} events"
        case events.Unreadable(reason=reason):
            return str(reason)
        case events.Ignored():
            return "ignored"


def table() -> dict[str, str]:
    """File → "read as", from the tables of events/README.md."""
    text = (EVENTS / "README.md").read_text(encoding="utf-8")
    return dict(re.findall(r"^\| `(\S+)` \| .* \| .* \| (.*) \| .* \|$", text, re.MULTILINE))


def read(name: str) -> list[events.Event]:
    return events.read((EVENTS / name).read_bytes())


def only(raw: bytes | str) -> events.Event:
    """The one event in ``raw``."""
    (event,) = events.read(raw)
    return event


def unreadable(document: Any) -> events.Unreadable:
    event = only(json.dumps(document))
    assert isinstance(event, events.Unreadable)
    return event


def cases() -> list[Any]:
    return [pytest.param(*row, id=row[0]) for row in table().items()]


def test_every_file_is_in_the_table() -> None:
    """The README of events/ tells of every file in it, and of no other."""
    assert sorted(table()) == sorted(path.name for path in EVENTS.glob("*.json"))


@pytest.mark.parametrize(("name", "expected"), cases())
def test_files_are_read_as_the_table_says(name: str, expected: str) -> None:
    """What becomes of each file is what its row in events/README.md says."""
    assert "; ".join(map(told, read(name))) == expected


def test_every_account_event_has_a_file() -> None:
    """Each event name that leads to an account is shown by at least one file."""
    names = {event.event_name for name in table() for event in read(name) if isinstance(event, AccountChanged)}
    assert set(ACCOUNT_EVENTS) <= names


@pytest.mark.parametrize("name", sorted(ACCOUNT_EVENTS))
def test_failed_calls_are_ignored(name: str) -> None:
    """An error code means that nothing happened, whichever event it is."""
    event = {"eventName": name, "errorCode": "NoPermission", "requestParameters": {"AccountId": "1000000000000011"}}
    assert told(only(json.dumps(event))) == "ignored"


@pytest.mark.parametrize("name", sorted(ACCOUNT_EVENTS))
def test_events_of_other_services_are_ignored(name: str) -> None:
    """A call of the same name of another service is not about an account of the directory, whatever it names."""
    event = {"eventName": name, "serviceName": "Rds", "requestParameters": {"AccountId": "1000000000000011"}}
    assert told(only(json.dumps(event))) == "ignored"


@pytest.mark.parametrize("written", ["requestParameters", "requestParameterJson"])
@pytest.mark.parametrize("dry_run", [True, "true", "True"])
def test_dry_runs_are_ignored(dry_run: object, written: str) -> None:
    """A dry run made no account, whether the parameter is text (as on the wire) or not, and wherever it is."""
    parameters = {"AccountId": "1000000000000011", "DryRun": dry_run}
    event = {"eventName": "MoveAccount", written: json.dumps(parameters) if written.endswith("Json") else parameters}
    assert told(only(json.dumps(event))) == "ignored"


@pytest.mark.parametrize(
    "found",
    [
        *("", "0", "100000000000****", "1000000000000011 ", "+100000000000011", "10000000000000111"),  # text
        *("１０００００００００００００１１", "../1000000000000011"),  # noqa: RUF001 - full-width digits are the point
        *(-1, 1.5, True, [], {}, ["1000000000000011"]),  # other JSON
    ],
)
def test_malformed_account_ids_are_set_aside(found: object) -> None:
    """Whatever is not sixteen ASCII digits never becomes an account to look at."""
    event = {"eventName": "MoveAccount", "requestParameters": {"AccountId": found}}
    assert isinstance(only(json.dumps(event)), events.Unreadable)


def test_identity_of_the_event() -> None:
    """An event is known by its own id, and by source and id of its envelope only where it has none."""
    bare = {"eventName": "MoveAccount", "requestParameters": {"AccountId": "1000000000000011"}}
    envelope = {"id": "7", "source": "acs.resourcemanager", "specversion": "1.0", "data": bare}
    named = {**envelope, "data": {**bare, "eventId": "E-1"}}
    assert [getattr(only(json.dumps(event)), "event_id", None) for event in (envelope, named)] == [
        "acs.resourcemanager/7",
        "E-1",
    ]


def test_retry_messages_keep_their_history() -> None:
    """A message written for the queue is read back as the change that it was, with the tries it was given."""
    change = only((EVENTS / "create-resource-account.cloudevent.json").read_bytes())
    assert isinstance(change, AccountChanged)
    written = message(change, Tries(4, 2), "2026-11-22T02:03:09Z", ("R-1",)).model_dump_json()
    back = only(json.dumps({"messageBody": base64.b64encode(written.encode()).decode()}))
    assert isinstance(back, AccountChanged)
    assert (back.account_id, back.hint, back.event_id, back.event_name, back.original) == (
        *(change.account_id, change.hint, change.event_id, change.event_name, change.original),
    )
    assert (back.tries, back.first_failed_at, back.request_ids) == (Tries(4, 2), "2026-11-22T02:03:09Z", ("R-1",))


def test_dead_letters_that_come_back_start_again() -> None:
    """A redriven dead letter has its whole budget again and still knows when it first failed, and by which requests."""
    (event,) = read("dead-letter.mns-queue.json")
    assert isinstance(event, AccountChanged)
    assert event.tries == Tries()
    assert event.first_failed_at == "2026-11-22T02:03:09Z"
    assert len(event.request_ids) == 2


@pytest.mark.parametrize("version", [0, 2, "1", None, 1.5])
def test_unknown_versions_are_never_guessed_at(version: object) -> None:
    """A message of a version that is not known is set aside with that reason, whatever else is in it."""
    document = {"version": version, "hint": "joined", "account_id": "1000000000000011", "attempt": "many"}
    assert unreadable(document).reason is Reason.UNKNOWN_VERSION


@pytest.mark.parametrize("document", [{"accountId": "1000000000000011", "do": "explode"}, {"sweep": "fast", "x": 1}])
def test_requests_with_unknown_options_are_refused(document: dict[str, Any]) -> None:
    """A misspelt option of a request by hand is not dropped in silence."""
    assert unreadable(document).reason is Reason.UNREADABLE


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"not json", b"[" * 5000, b"null", b"7", b'"text"', b"1" * 5000])
def test_what_is_no_event_is_set_aside(raw: bytes) -> None:
    """Bytes that are no JSON, or JSON that is no object, become one unreadable event."""
    assert isinstance(only(raw), events.Unreadable)


@pytest.mark.parametrize("raw", ["[]", "[[]]", '{"specversion": "1.0", "id": "1", "source": "s", "data": []}'])
def test_an_empty_batch_is_ignored(raw: str) -> None:
    """A list without an event is nothing to do, and is said to be that."""
    assert only(raw) == events.Ignored("an empty batch")


def test_huge_events_are_set_aside_by_their_digest() -> None:
    """What is larger than any trigger sends is not even parsed, and what is kept of it is small."""
    event = only(b'{"accountId": "1000000000000011", "x": "' + b"x" * events.MOST_BYTES + b'"}')
    assert isinstance(event, events.Unreadable)
    assert set(event.original) == {"sha256", "bytes"}


def test_large_events_travel_by_what_identifies_them() -> None:
    """An event too large for our messages is acted on all the same, and its id, name, account and digest are kept."""
    event = json.loads((EVENTS / "create-resource-account.actiontrail.json").read_bytes())
    change = only(json.dumps(event | {"additionalEventData": {"x": "x" * events.WHOLE_EVENT_BYTES}}))
    assert isinstance(change, AccountChanged)
    assert change.account_id == "1000000000000011"
    assert set(change.original) == {"eventId", "eventName", "eventTime", "accountId", "sha256", "bytes"}


def test_null_ids_are_absent_ids() -> None:
    """An event whose id is null is read like one without."""
    event = {"eventName": "MoveAccount", "eventId": None, "requestParameters": {"AccountId": "1000000000000011"}}
    assert told(only(json.dumps(event))) == "1000000000000011 moved"
