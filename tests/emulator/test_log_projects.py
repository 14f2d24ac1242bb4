"""What may be made of log projects, logstores and indexes, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_sls20201230 import models
from Tea.exceptions import TeaException

from emulator import logs
from tests.cloud import LocalCloud
from tests.emulator.log_service import PROJECT, SEPARATORS, STORE, LogService, full_text

Ask = Callable[[LogService], Any]


@pytest.fixture
def service(cloud: LocalCloud) -> LogService:
    """The operator's client; one project with one logstore has been made by it."""
    made = LogService(cloud)
    made.create_project()
    made.create_store()
    return made


def refused(service: LogService, ask: Ask) -> tuple[int, str]:
    """Status and code."""
    with pytest.raises(TeaException) as refusal:
        ask(service)
    return refusal.value.data["httpCode"], refusal.value.code


def test_what_is_made_is_there(cloud: LocalCloud, service: LogService) -> None:
    """A project, a logstore and an index are read back as they were made."""
    service.create_index()
    project = service("get_project", "made-here", models.GetProjectRequest())
    assert (project.project_name, project.owner, project.description) == ("made-here", "1000000000000001", "for a test")
    store = service("get_log_store", "made-here", "lines")
    assert (store.logstore_name, store.ttl, store.shard_count, store.mode) == ("lines", 30, 2, "standard")
    index = service("get_index", "made-here", "lines")
    assert (index.line.token, index.line.case_sensitive, index.ttl) == (SEPARATORS, False, 30)
    assert set(cloud.state()["logs"]["projects"]) == {PROJECT, "made-here"}


def test_an_index_that_is_changed_is_replaced(service: LogService) -> None:
    """Nothing of the one before is left."""
    service.create_index()
    service.update_index(keys={"message": models.IndexKey(type="text", token=[" "])})
    index = service("get_index", "made-here", "lines")
    assert index.line is None
    assert list(index.keys) == ["message"]


ABSENT: dict[str, tuple[tuple[int, str], Ask]] = {
    "project": ((404, "ProjectNotExist"), lambda s: s("get_project", "nowhere", models.GetProjectRequest())),
    "project of a logstore": ((404, "ProjectNotExist"), lambda s: s.create_store("more", "nowhere")),
    "logstore": ((404, "LogStoreNotExist"), lambda s: s("get_log_store", "made-here", "nowhere")),
    "logstore of an index": ((404, "LogStoreNotExist"), lambda s: s.create_index(store="nowhere")),
    "index": ((400, "IndexConfigNotExist"), lambda s: s("get_index", "made-here", "lines")),
    "index to change": ((400, "ParameterInvalid"), lambda s: s.update_index()),
}
TWICE: dict[str, tuple[tuple[int, str], Ask]] = {
    "project": ((400, "ProjectAlreadyExist"), lambda s: s.create_project()),
    "logstore": ((400, "LogStoreAlreadyExist"), lambda s: s.create_store()),
    "index": ((400, "IndexAlreadyExist"), lambda s: s.create_index(PROJECT, STORE)),
}


@pytest.mark.parametrize(
    ("wanted", "ask"), [*ABSENT.values(), *TWICE.values()], ids=[*ABSENT, *(f"{n} twice" for n in TWICE)]
)
def test_what_is_not_there_or_there_already_is_refused(service: LogService, wanted: tuple[int, str], ask: Ask) -> None:
    """By the code and status of the API pages."""
    assert refused(service, ask) == wanted


@pytest.mark.parametrize("name", ["ab", "a" * 64, "Upper", "under_score", "-begins", "ends-", "dot.ted", ""])
def test_a_wrong_name_of_a_project_is_refused(service: LogService, name: str) -> None:
    """3 to 63 lower-case letters, digits and hyphens, the first and last no hyphen."""
    assert refused(service, lambda s: s.create_project(name)) == (400, "ParameterInvalid")


@pytest.mark.parametrize("fields", [{"description": None}, {"data_redundancy_type": "XRS"}])
def test_a_wrong_project_is_refused(service: LogService, fields: dict[str, Any]) -> None:
    """A description is needed, and there are two kinds of redundancy."""
    assert refused(service, lambda s: s.create_project("another-one", **fields)) == (400, "ParameterInvalid")


@pytest.mark.parametrize(
    "fields",
    [
        *({"name": name} for name in ("a", "a" * 64, "Upper", "-begins", "ends_", "dot.ted", "")),
        *({"ttl": ttl} for ttl in (0, -1, 3651, None)),
        *({"shard_count": count} for count in (0, 11, None)),
        *({"mode": "fast"}, {"hot_ttl": 6}, {"hot_ttl": 31}, {"telemetry_type": "Metrics"}),
        *({"auto_split": True}, {"auto_split": True, "max_split_shard": 257}),
        *({"infrequent_access_ttl": 30}, {"processor_id": "p"}, {"resource_group_id": "rg"}),
    ],
    ids=str,
)
def test_a_wrong_logstore_is_refused(service: LogService, fields: dict[str, Any]) -> None:
    """Name, days, shards, kind; and what is not emulated, which is never ignored."""
    assert refused(service, lambda s: s.create_store(**{"name": "more", **fields})) == (400, "LogStoreInfoInvalid")


@pytest.mark.parametrize("days", [1, 7, 90, 3650])
def test_days_within_the_range_are_taken(service: LogService, days: int) -> None:
    """1 to 3650."""
    service.create_store("more", ttl=days)
    assert service("get_log_store", "made-here", "more").ttl == days


TEXT = models.IndexKey(type="text", token=[" "])
BAD = "IndexInfoInvalid"


@pytest.mark.parametrize(
    ("index", "code"),
    [
        ({"log_reduce": False}, BAD),
        ({"line": models.IndexLine()}, BAD),
        ({"line": models.IndexLine(token=[])}, BAD),
        ({"line": models.IndexLine(token=[" ", ""])}, BAD),
        (full_text(include_keys=["a"], exclude_keys=["b"]), BAD),
        ({"keys": {"message": models.IndexKey(token=[" "])}}, "ParameterInvalid"),
        ({"keys": {"message": models.IndexKey(type="words")}}, "ParameterInvalid"),
        ({"keys": {"message": models.IndexKey(type="text")}}, BAD),
        ({"keys": {"message": models.IndexKey(type="long", token=[""])}}, BAD),
        ({"keys": {"message": TEXT}, "max_text_len": 63}, BAD),
        ({"keys": {"message": TEXT}, "max_text_len": 16_385}, BAD),
        ({"keys": {"message": TEXT}, "scan_index": True}, BAD),
    ],
)
def test_a_wrong_index_is_refused(service: LogService, index: dict[str, Any], code: str) -> None:
    """Made or changed: it must cover something, by separators, with types, within the documented lengths."""
    assert refused(service, lambda s: s.create_index(**index)) == (400, code)
    service.create_index()
    assert refused(service, lambda s: s.update_index(**index)) == (400, code)


def test_a_name_that_another_account_has_is_taken(cloud: LocalCloud, service: LogService) -> None:
    """Names are unique among all accounts; what others have cannot be looked at."""
    other = LogService(cloud, cloud.key("backup"))
    assert refused(other, lambda s: s.create_project()) == (400, "ProjectAlreadyExist")
    assert refused(other, lambda s: s("get_log_store", "made-here", "lines")) == (404, "ProjectNotExist")
    assert service("get_project", "made-here", models.GetProjectRequest()).owner == "1000000000000001"


EACH: dict[str, Ask] = {
    "CreateProject": lambda s: s.create_project("another-one"),
    "GetProject": lambda s: s("get_project", PROJECT, models.GetProjectRequest()),
    "CreateLogStore": lambda s: s.create_store("more"),
    "GetLogStore": lambda s: s("get_log_store", PROJECT, STORE),
    "CreateIndex": lambda s: s.create_index(),
    "GetIndex": lambda s: s("get_index", PROJECT, STORE),
    "UpdateIndex": lambda s: s.update_index(PROJECT, STORE),
    "GetLogsV2": lambda s: s.search(from_=0, to=1),
}


@pytest.mark.parametrize("action", [action.name for action in logs.ACTIONS])
def test_each_action_needs_its_permission(cloud: LocalCloud, service: LogService, action: str) -> None:
    """Whoever may do everything else in the log service is refused; whoever may do only this is let in."""
    needed = next(one.ram for one in logs.ACTIONS if one.name == action)
    allow = {"Effect": "Allow", "Resource": "*"}
    for statements, let_in in (
        ([{**allow, "Action": "log:*"}, {"Effect": "Deny", "Action": needed, "Resource": "*"}], False),
        ([{**allow, "Action": needed}], True),
    ):
        state = cloud.state()
        mine = state["accounts"]["1000000000000001"]
        mine["policies"]["some"] = {"name": "some", "document": json.dumps({"Version": "1", "Statement": statements})}
        mine["users"]["operator"]["attached"] = {"Custom:some": 0.0}
        cloud.load(state)
        if let_in:
            EACH[action](service)
        else:
            assert refused(service, EACH[action]) == (401, "Unauthorized")


def test_permissions_are_asked_for_on_the_documented_resource(cloud: LocalCloud, service: LogService) -> None:
    """A project's own, or the logstore's below it; that of what is made is the one that it will have."""
    state = cloud.state()
    mine = state["accounts"]["1000000000000001"]
    resources = ["acs:log:*:1000000000000001:project/made-here", "acs:log:*:*:project/made-here/logstore/lines"]
    statement = {"Effect": "Allow", "Action": "log:*", "Resource": resources}
    mine["policies"]["some"] = {"name": "some", "document": json.dumps({"Version": "1", "Statement": [statement]})}
    mine["users"]["operator"]["attached"] = {"Custom:some": 0.0}
    del state["logs"]["projects"]["made-here"]
    cloud.load(state)
    service.create_project()
    assert refused(service, lambda s: s.create_project("another-one"))[1] == "Unauthorized"
    service.create_store()
    assert refused(service, lambda s: s.create_store("more"))[1] == "Unauthorized"
    service.create_index()
    service("get_index", "made-here", "lines")
    assert refused(service, lambda s: s("get_log_store", PROJECT, STORE))[1] == "Unauthorized"


def test_a_project_has_room_for_200_logstores(cloud: LocalCloud, service: LogService) -> None:
    """The next one is refused."""
    state = cloud.state()
    stores = state["logs"]["projects"]["made-here"]["stores"]
    stores |= {f"lines-{number}": stores["lines"] for number in range(199)}
    cloud.load(state)
    assert refused(service, lambda s: s.create_store("more")) == (400, "ProjectQuotaExceed")


def test_every_write_is_in_the_trail(cloud: LocalCloud, service: LogService) -> None:
    """What makes or changes something is an event, done or refused; what reads is none."""
    for _, ask in [*ABSENT.values(), *TWICE.values()]:
        with pytest.raises(TeaException):
            ask(service)
    service.create_index()
    service.update_index()
    events = [kept["event"] for kept in cloud.state()["trail"]["events"]["1000000000000001"]]
    assert {event["eventName"] for event in events} == {action.name for action in logs.ACTIONS if action.writes}
    done = [event["eventName"] for event in events if "errorCode" not in event]
    assert done == ["CreateProject", "CreateLogStore", "CreateIndex", "UpdateIndex"]
    assert len(events) > len(done)
    assert {(event["serviceName"], event["acsRegion"]) for event in events} == {("Sls", "cn-hangzhou")}
    asked = events[0]["requestParameters"]
    assert (asked["projectName"], asked["description"]) == ("made-here", "for a test")


def test_what_is_not_emulated_is_refused_in_words(service: LogService) -> None:
    """The SDK can read the refusal of an action that is not in the table."""
    unknown = models.ListLogStoresRequest()
    assert refused(service, lambda s: s("list_log_stores", "made-here", unknown)) == (404, "InvalidAPI")
