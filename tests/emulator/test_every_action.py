"""What is true of every action in every table: who may not call it, what it does not take, and what it leaves behind.

Each action is called once as in its tour (``moments``), at the state just before; what is not to change is compared
with that state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from emulator.server import SERVICES
from tests.emulator.refusals import of_another_status
from tests.emulator.signing import acs3

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.service import Action, Param, Service
    from tests.cloud import LocalCloud
    from tests.emulator.sdk_models import Moment

TABLES = {service.name: service for service in SERVICES}
ACTIONS = [(name, action) for name, table in TABLES.items() for action in table.actions]
GUARDED = [(name, action) for name, action in ACTIONS if TABLES[name].actions[action].permission]
ROLES = "acs:ram::{account}:role/"
PASSING = ("trail", "clock_offset", "chance", "quotas")
"""Parts of the state that time, chance and a refusal itself may change."""
READS = ("Check", "Describe", "Get", "List", "Lookup", "Search")
"""How the names of actions begin that only read."""
Key = tuple[str, str]


class Caller:
    """One action at one moment, to be called with whatever parameters."""

    def __init__(self, cloud: LocalCloud, http: httpx.Client, called: Key, moment: Moment) -> None:
        self.cloud, self.http, self.moment = cloud, http, moment
        self.service: Service = TABLES[called[0]]
        self.name = called[1]
        self.action: Action = self.service.actions[self.name]
        self.state = moment.again()

    def load(self) -> None:
        """Go back to just before the call."""
        self.cloud.load(self.state)

    def call(self, sent: dict[str, str] | None = None) -> httpx.Response:
        """Send it, with the parameters of the tour unless told."""
        endpoint = self.cloud.endpoints[self.service.name]
        host = endpoint if isinstance(endpoint, str) else endpoint["cn-hangzhou"]
        query = self.moment.sent if sent is None else sent
        return self.http.send(acs3(host, self.moment.key, self.name, self.service.version, query))

    def refused(self, sent: dict[str, str] | None = None) -> tuple[int, str]:
        """Status and code; the state must be as before."""
        answer = self.call(sent)
        assert unchanged(self.cloud.state()) == unchanged(self.state), answer.text
        assert not of_another_status(self.cloud.journal()[-1])
        return answer.status_code, answer.json().get("Code", "")


def unchanged(state: dict[str, Any]) -> dict[str, Any]:
    return {name: part for name, part in state.items() if name not in PASSING}


@pytest.fixture
def caller(running_cloud: LocalCloud, http: httpx.Client, moments: Any, called: Key) -> Caller:
    return Caller(running_cloud, http, called, moments[called][0])


@pytest.mark.parametrize("called", ACTIONS, ids="-".join)
def test_what_a_parameter_table_says_is_kept(caller: Caller) -> None:
    """A required parameter that is missing, an unknown one, and values just outside each limit are refused."""
    caller.load()
    sent, service = caller.moment.sent, caller.service
    assert caller.refused({**sent, "Colour": "red"}) == (400, "UnknownParameter.Colour")
    for name, param in caller.action.params.items():
        without = {key: value for key, value in sent.items() if key.partition(".")[0] != name}
        if param.required:
            assert caller.refused(without) == (400, param.missing or service.missing.format(name=name))
        for value, form in outside(param):
            key = f"{name}.1" if param.kind == "texts" else name
            code = (form == "length" and param.length) or param.invalid or service.invalid.format(name=name)
            assert caller.refused({**without, key: value}) == (param.status, code), (name, value)


def outside(param: Param) -> Iterator[tuple[str, str]]:
    """Values that are wrong by as little as possible, and how."""
    least, most = param.minimum, param.maximum
    if param.kind == "integer":
        numbers = ["" if least is None else str(least - 1), "" if most is None else str(most + 1), "ten"]
        yield from ((number, "value") for number in numbers if number)
    if param.kind in ("text", "texts"):
        lengths = [(least or 0) - 1, 0 if most is None else most + 1]
        yield from (("x" * length, "length") for length in lengths if length > 0)
        if param.pattern is not None and (least or 0) <= 1:
            yield "\x00", "value"
    wrong = {"boolean": "yes", "json": "{", "text": "Colour" if param.choices else ""}.get(param.kind)
    if wrong:
        yield wrong, "value"


@pytest.mark.parametrize("called", GUARDED, ids="-".join)
def test_without_a_policy_nothing_is_allowed(caller: Caller) -> None:
    """Whom no policy allows the action is refused with NoPermission, and nothing has happened."""
    state = caller.state = {**caller.state, "accounts": dict(caller.state["accounts"])}
    holder = (state["keys"] | state["sessions"])[caller.moment.key.access_key_id]["principal"]
    account = state["accounts"][holder["account_id"]]
    people = f"{holder['kind']}s"
    bare = {**account[people][holder["name"]], "attached": {}}
    state["accounts"][holder["account_id"]] = {**account, people: {**account[people], holder["name"]: bare}}
    caller.load()
    assert caller.refused() == (403, "NoPermission")
    (entry,) = caller.cloud.journal()
    assert (entry["decision"]["allowed"], entry["action"]) == (False, caller.name)


@pytest.mark.parametrize("called", ACTIONS, ids="-".join)
def test_beyond_its_quota_every_action_is_throttled(caller: Caller) -> None:
    """With quotas on and its bucket empty, an action answers Throttling.User and does nothing."""
    caller.load()
    caller.cloud.quotas(enabled=True, limits={f"{caller.service.name}:{caller.name}": 0.0})
    assert caller.refused() == (400, "Throttling.User")
    caller.cloud.quotas(enabled=False)


EVENT = {
    "eventId": str, "eventVersion": int, "eventCategory": str, "eventRW": str, "eventType": str, "eventName": str,
    "eventSource": str, "serviceName": str, "apiVersion": str, "eventTime": str, "acsRegion": str, "isGlobal": bool,
    "requestId": str, "recipientAccountId": str, "sourceIpAddress": str, "userAgent": str, "userIdentity": dict,
    "requestParameters": dict, "requestParameterJson": str, "resourceType": str, "resourceName": str,
    "referencedResources": dict,
}  # fmt: skip
"""Every field that a management event has, and its type (help pages "Management event structure" and "Log fields")."""


@pytest.mark.parametrize("called", ACTIONS, ids="-".join)
def test_every_write_leaves_its_event_and_no_read_does(caller: Caller) -> None:
    """A write call is in the caller's trail in the documented shape, done or refused; a read call changes nothing."""
    caller.load()
    before = sum(map(len, caller.state["trail"]["events"].values()))
    answer = caller.call()
    assert answer.status_code == 200, answer.text
    assert caller.action.writes != caller.name.startswith(READS)
    if not caller.action.writes:
        assert unchanged(caller.cloud.state()) == unchanged(caller.state)
    refusal = caller.call({**caller.moment.sent, "Colour": "red"}).json()
    found = [kept for events in caller.cloud.state()["trail"]["events"].values() for kept in events]
    events = [kept["event"] for kept in sorted(found, key=lambda kept: kept["number"])][before:]
    assert len(events) == (2 if caller.action.writes else 0)
    for event, body in zip(events, (answer.json(), refusal), strict=False):
        outcome = {"errorCode": str, "errorMessage": str} if body is refusal else {"responseElements": dict}
        assert {name: type(value) for name, value in event.items()} == EVENT | outcome
        assert (event["eventId"], event["requestId"]) == (body["RequestId"], body["RequestId"])
        assert (event["eventName"], event["eventRW"], event["eventType"]) == (caller.name, "Write", "ApiCall")
        assert event["apiVersion"] == caller.service.version
        assert all(isinstance(value, str) for value in event["requestParameters"].values())
        usual = {*caller.service.success, "RequestId"}
        told = event.get("responseElements", {"RequestId": body["RequestId"]})
        assert told.keys() - usual == (set() if body is refusal else answer.json().keys() - usual)
