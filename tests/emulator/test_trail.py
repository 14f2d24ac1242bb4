"""ActionTrail: what is recorded of a write call, and how it can be looked up."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from alibabacloud_actiontrail20200706 import models
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from alibabacloud_tea_openapi.exceptions import ClientException

from tests.cloud import Key

if TYPE_CHECKING:
    from tests.cloud import LocalCloud


def look(cloud: LocalCloud, *pairs: tuple[str, str], key: Key | None = None, **more: Any) -> Any:
    attributes = [models.LookupEventsRequestLookupAttribute(key=name, value=value) for name, value in pairs]
    request = models.LookupEventsRequest(lookup_attribute=attributes or None, **more)
    return cloud.client("actiontrail", key=key).lookup_events(request).body


def names(body: Any) -> list[str]:
    return [event["eventName"] for event in body.events]


def make_account(cloud: LocalCloud, name: str = "fresh") -> str:
    request = rd.CreateResourceAccountRequest(display_name=name)
    return str(cloud.client("resourcedirectory").create_resource_account(request).body.account.account_id)


def make_folders(cloud: LocalCloud, count: int) -> None:
    client = cloud.client("resourcedirectory")
    for number in range(count):
        client.create_folder(rd.CreateFolderRequest(folder_name=f"folder-{number}", parent_folder_id="r-Landing"))


def test_a_write_call_is_recorded_with_its_answer(cloud: LocalCloud) -> None:
    """An event says who did what where, with parameters as texts and the answer as it was."""
    account = make_account(cloud)
    (event,) = look(cloud, ("EventName", "CreateResourceAccount")).events
    assert event["responseElements"]["Account"]["AccountId"] == account
    assert event["requestParameters"]["DisplayName"] == "fresh"
    assert json.loads(event["requestParameterJson"]) == {"DisplayName": "fresh"}
    assert event["userIdentity"]["type"] == "ram-user"
    assert event["userIdentity"]["userName"] == "operator"
    expected = {
        "serviceName": "ResourceManager",
        "eventSource": "resourcemanager-share.aliyuncs.com",
        "eventRW": "Write",
        "eventType": "ApiCall",
        "apiVersion": "2022-04-19",
        "acsRegion": "cn-hangzhou",
        "isGlobal": True,
        "recipientAccountId": "1000000000000001",
    }
    assert expected == {name: event[name] for name in expected}
    assert "errorCode" not in event


def test_a_failed_call_is_recorded_too(cloud: LocalCloud) -> None:
    """A refused write has errorCode and errorMessage and no response."""
    with pytest.raises(ClientException):
        cloud.client("ram").delete_role(ram.DeleteRoleRequest(role_name="nobody"))
    (event,) = look(cloud, ("EventName", "DeleteRole")).events
    assert event["errorCode"] == "EntityNotExist.Role"
    assert "responseElements" not in event
    assert event["resourceName"] == "nobody"


def test_reading_leaves_no_trace(cloud: LocalCloud) -> None:
    """Read calls are not recorded."""
    cloud.client("ram").list_roles(ram.ListRolesRequest())
    cloud.client("resourcedirectory").list_accounts(rd.ListAccountsRequest())
    assert look(cloud).events == []


def test_roles_and_sessions_are_named(cloud: LocalCloud) -> None:
    """What a session did is in the trail of the account that it acted in, under role and session name."""
    inside = cloud.into("1000000000000011")
    trust = (
        '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
        '"Principal":{"Service":["fc.aliyuncs.com"]}}]}'
    )
    request = ram.CreateRoleRequest(role_name="new", assume_role_policy_document=trust)
    cloud.client("ram", key=inside).create_role(request)
    (event,) = look(cloud, ("EventName", "CreateRole"), key=inside).events
    assert event["userIdentity"]["type"] == "assumed-role"
    assert event["userIdentity"]["userName"] == "ResourceDirectoryAccountAccessRole:test"
    assert look(cloud, ("EventName", "CreateRole")).events == []


def test_pages_go_on_where_they_ended(cloud: LocalCloud) -> None:
    """Newest first, page by page without gap or double, also when events arrive between two pages."""
    make_folders(cloud, 5)
    first = look(cloud, ("EventName", "CreateFolder"), max_results="2")
    make_account(cloud)
    second = look(cloud, ("EventName", "CreateFolder"), max_results="2", next_token=first.next_token)
    third = look(cloud, ("EventName", "CreateFolder"), max_results="2", next_token=second.next_token)
    found = [event["requestParameters"]["FolderName"] for page in (first, second, third) for event in page.events]
    assert found == ["folder-4", "folder-3", "folder-2", "folder-1", "folder-0"]
    assert third.next_token is None


def test_forward_is_oldest_first(cloud: LocalCloud) -> None:
    """FORWARD turns the order round."""
    make_folders(cloud, 1)
    make_account(cloud)
    assert names(look(cloud, direction="FORWARD")) == ["CreateFolder", "CreateResourceAccount"]
    assert names(look(cloud)) == ["CreateResourceAccount", "CreateFolder"]


def code(cloud: LocalCloud, *pairs: tuple[str, str], **more: Any) -> str:
    with pytest.raises(ClientException) as caught:
        look(cloud, *pairs, **more)
    return str(caught.value.code)


def test_a_token_belongs_to_its_parameters(cloud: LocalCloud) -> None:
    """A token used with other parameters is refused."""
    make_folders(cloud, 3)
    token = look(cloud, ("EventName", "CreateFolder"), max_results="1").next_token
    assert code(cloud, ("EventName", "DeleteFolder"), next_token=token) == "InvalidNextToken"
    assert code(cloud, next_token="nonsense") == "InvalidNextToken"


def test_only_some_attributes_go_together(cloud: LocalCloud) -> None:
    """Two attributes of a documented pair are ANDed, other pairs and unknown keys are refused, a third is ignored."""
    make_folders(cloud, 1)
    make_account(cloud)
    both = look(cloud, ("ServiceName", "ResourceManager"), ("EventName", "CreateFolder"))
    assert names(both) == ["CreateFolder"]
    third = look(cloud, ("ServiceName", "ResourceManager"), ("EventName", "CreateFolder"), ("EventName", "X"))
    assert names(third) == ["CreateFolder"]
    assert code(cloud, ("EventName", "CreateFolder"), ("User", "operator")) == "InvalidLookupAttribute"
    assert code(cloud, ("Colour", "red")) == "InvalidLookupAttribute"
    again = look(cloud, ("EventName", "CreateFolder"), ("EventName", "CreateResourceAccount"))
    assert names(again) == ["CreateResourceAccount"]


KEYS = (
    *("ServiceName", "EventName", "User", "PrincipalId", "EventId", "ResourceType", "ResourceName", "EventRW"),
    *("EventAccessKeyId", "SensitiveAction", "SourceIpAddress", "EventType", "RoleName"),
)
PAIRS = (
    *(("ServiceName", name) for name in ("EventName", "User", "PrincipalId", "RoleName", "ResourceName")),
    *(("ServiceName", name) for name in ("EventRW", "SensitiveAction", "EventType")),
    *(("ResourceName", name) for name in ("ResourceType", "EventName", "User", "RoleName")),
    ("EventType", "EventName"),
)
"""Help page "How to set the LookupAttribute parameter"."""


def test_each_key_narrows_by_itself(cloud: LocalCloud) -> None:
    """Every documented key finds an event by the value that it has there, and by no other."""
    role = "acs:ram::1000000000000012:role/ResourceDirectoryAccountAccessRole"
    inside = cloud.assume(role, duration_seconds=900)
    trust = '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"Service":["x"]}}]}'
    cloud.client("ram", key=inside).create_role(
        ram.CreateRoleRequest(role_name="new", assume_role_policy_document=trust.replace("x", "fc.aliyuncs.com"))
    )
    (event,) = look(cloud, ("EventName", "CreateRole"), key=inside).events
    who = event["userIdentity"]
    values = {
        **{key: event[key[0].lower() + key[1:]] for key in KEYS if key[0].lower() + key[1:] in event},
        "User": who["userName"],
        "PrincipalId": who["principalId"],
        "EventAccessKeyId": who["accessKeyId"],
        "RoleName": "ResourceDirectoryAccountAccessRole",
    }
    assert values.keys() == set(KEYS) - {"SensitiveAction"}  # none of what is emulated is marked as one
    for key, value in values.items():
        assert names(look(cloud, (key, value), key=inside)) == ["CreateRole"], key
        assert look(cloud, (key, f"{value}x"), key=inside).events == [], key
    assert look(cloud, ("SensitiveAction", "true"), key=inside).events == []


@pytest.mark.parametrize("one", KEYS)
def test_two_keys_go_together_only_where_the_page_says(cloud: LocalCloud, one: str) -> None:
    """In either order; every other two are refused."""
    for other in set(KEYS) - {one}:
        if (one, other) in PAIRS or (other, one) in PAIRS:
            look(cloud, (one, "x"), (other, "x"))
        else:
            assert code(cloud, (one, "x"), (other, "x")) == "InvalidLookupAttribute"


def test_times_come_in_pairs(cloud: LocalCloud) -> None:
    """One time without the other is refused, and so are malformed times and windows that run backwards."""
    assert code(cloud, start_time="2026-11-22T00:00:00Z") == "InvalidParameterCombination"
    both = {"start_time": "2026-11-22T00:00:00Z", "end_time": "2026-11-21T00:00:00Z"}
    assert code(cloud, **both) == "InvalidParameterCombination"
    assert code(cloud, start_time="yesterday", end_time="now") == "InvalidParameter.StartTime"


def test_page_sizes_are_one_to_fifty(cloud: LocalCloud) -> None:
    """0 and 51 are refused."""
    assert code(cloud, max_results="0") == "InvalidParameter.MaxResults"
    assert code(cloud, max_results="51") == "InvalidParameter.MaxResults"


def test_memory_is_a_week_unless_told_and_ninety_days_at_most(cloud: LocalCloud) -> None:
    """Without times only the last seven days are searched; after 90 days an event is gone."""
    make_folders(cloud, 1)
    now = cloud.advance(8 * 86400)

    def window(days: int) -> dict[str, Any]:
        end = datetime.fromtimestamp(now, timezone.utc) + timedelta(days=100)
        start = end - timedelta(days=days)
        return {"start_time": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "end_time": end.strftime("%Y-%m-%dT%H:%M:%SZ")}

    assert look(cloud).events == []
    assert names(look(cloud, **window(110))) == ["CreateFolder"]
    cloud.advance(83 * 86400)
    assert look(cloud, **window(110)).events == []


def test_events_can_be_late(cloud: LocalCloud) -> None:
    """With a lag set, an event can be looked up only once that time has passed."""
    httpx.post(cloud.endpoints["control"] + "/trail", json={"lag_seconds": 600}).raise_for_status()
    make_folders(cloud, 1)
    assert look(cloud).events == []
    cloud.advance(601)
    assert names(look(cloud)) == ["CreateFolder"]


def test_two_questions_a_second(cloud: LocalCloud) -> None:
    """With quotas on, a third look within a second is throttled."""
    cloud.quotas(enabled=True)
    look(cloud)
    look(cloud)
    assert code(cloud) == "Throttling.User"


def user(name: str) -> dict[str, Any]:
    return {"name": name, "access_key_id": name, "access_key_secret": name, "policies": ["System:AdministratorAccess"]}


@pytest.mark.parametrize(("trail", "seen"), [("invited", []), ("both", ["AcceptHandshake"])])
def test_an_invitation_is_accepted_in_the_invited_account(cloud: LocalCloud, trail: str, seen: list[str]) -> None:
    """AcceptHandshake is in the trail of the account that joined, and only under that guess in the other's."""
    accounts = [
        {"id": "1000000000000001", "name": "m", "users": [user("host")]},
        {"id": "1000000000000009", "name": "g", "users": [user("guest")], "member": False},
    ]
    zone = {"management": "1000000000000001", "backup": "1000000000000001", "accounts": accounts}
    cloud.reset(zone=zone, handshake_trail=trail)
    host, guest = Key("host", "host"), Key("guest", "guest")
    invitation = rd.InviteAccountToResourceDirectoryRequest(target_entity="1000000000000009", target_type="Account")
    answer = cloud.client("resourcedirectory", key=host).invite_account_to_resource_directory(invitation)
    accept = rd.AcceptHandshakeRequest(handshake_id=answer.body.handshake.handshake_id)
    cloud.client("resourcedirectory", key=guest).accept_handshake(accept)
    assert names(look(cloud, key=guest)) == ["AcceptHandshake"]
    assert names(look(cloud, key=host)) == [*seen, "InviteAccountToResourceDirectory"]
