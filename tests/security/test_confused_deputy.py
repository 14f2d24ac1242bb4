"""We hold rights in many accounts: nobody may borrow them by what an event, a name or an account claims."""

from __future__ import annotations

import json
import os
from typing import Any

import pytest
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from shared.config import ConfigError, load
from shared.member import DESCRIPTION
from tests.flows.test_withdraw import left
from tests.flows.world import BACKUP, MANAGEMENT, PROD, SLR, TEST, World
from tests.matrix.flows import trail
from tests.matrix.runs import OURS

OUTSIDE = "1000000000000099"
"""An account that exists, and is not in the directory."""


@pytest.fixture
def watched(world: World) -> World:
    """Every request of ours is judged by the cloud itself."""
    world.cloud.watch(**OURS)
    return world


@pytest.mark.parametrize("door", ["onboard", "teardown", "retry", "replay"])
@pytest.mark.parametrize("account", [OUTSIDE, "1000000000007777", MANAGEMENT, BACKUP])
def test_a_forged_event_about_a_stranger_writes_nothing(watched: World, door: str, account: str) -> None:
    """Whoever can invoke a function still cannot make it work on an account that is not a member."""
    event: Any = trail("CreateResourceAccount", account)
    watched.call(door, {"replay": [event], "preview": False} if door == "replay" else event)
    assert watched.writes() == []
    assert watched.cloud.violations() == []


def test_a_forged_event_cannot_say_whose_directory_it_is(watched: World) -> None:
    """An event of another directory names its own accounts, which ours does not list."""
    event = trail("CreateResourceAccount", OUTSIDE)
    event |= {"recipientAccountId": OUTSIDE, "userIdentity": {"accountId": OUTSIDE}, "acsRegion": "cn-hangzhou"}
    event["responseElements"]["Account"]["ResourceDirectoryId"] = "rd-another"
    assert watched.call("onboard", event)["disposition"] == "ignored"
    assert watched.writes() == []


def test_an_event_cannot_choose_folder_name_role_or_region(watched: World) -> None:
    """What an event says beside the account's id is not believed: the directory and the configuration decide."""
    event = trail("CreateResourceAccount", PROD)
    event["responseElements"]["Account"] |= {"FolderId": "fd-sandbox0001", "DisplayName": "boss", "Status": "Gone"}
    event |= {"roleName": "AdministratorRole", "regions": ["eu-west-1"], "backupAccount": OUTSIDE}
    assert watched.call("onboard", event)["state"] == "protected"
    assert watched.is_protected(PROD)
    assert watched.trusted(PROD) == [SLR]
    assert [entry["params"]["Alias"] for entry in watched.cloud.journal(action="AddCrossAccount")] == [
        f"prod-app-{PROD}"
    ] * 2


@pytest.mark.parametrize("name", ["RemoveCloudAccount", "DeleteAccount", "MoveAccount"])
def test_a_forged_departure_withdraws_nobody(watched: World, name: str) -> None:
    """A member that the directory lists, in scope, stays protected whatever an event says."""
    watched.enrol()
    mark = watched.mark()
    watched.call("teardown", left(PROD, name))
    assert watched.is_protected(PROD)
    assert not [action for action in watched.writes(mark) if action.startswith(("Delete", "Detach"))]


def test_a_replayed_event_changes_nothing(watched: World) -> None:
    """The same event again, and again later, finds everything as it is to be."""
    event = trail("CreateResourceAccount", PROD)
    watched.call("onboard", event)
    before = watched.cloud.state()["accounts"][PROD]["roles"]
    for _ in range(3):
        watched.cloud.advance(3600)
        watched.key = watched.cloud.as_function()
        watched.call("onboard", event)
    assert watched.cloud.state()["accounts"][PROD]["roles"] == before
    assert watched.is_protected(PROD)


HOSTILE_IDS = [
    f"{PROD}:role/x",
    f"{PROD}/../{TEST}",
    "acs:ram::1000000000000011:root",
    "*",
    f"{PROD}\n",
    f" {PROD}",
    "１０００００００００００００１１",  # noqa: RUF001 - fullwidth digits
    "10000000000000１1",  # noqa: RUF001 - the same, one of them
    f"{PROD}&Action=DeleteRole",
    f"{PROD}%00",
    "-100000000000011",
    "1e15",
    "",
    [PROD],
    {"AccountId": PROD},
    1000000000000011.5,
    True,
]


@pytest.mark.parametrize("account", HOSTILE_IDS, ids=repr)
def test_an_account_id_cannot_escape_an_arn(watched: World, account: Any) -> None:
    """What is not sixteen digits never comes near an ARN: it is set aside, and no call but that is made."""
    for event in (trail("CreateResourceAccount", account), {"accountId": account}):
        answer = watched.call("onboard", event)
        assert answer["disposition"] in {"dead_letter", "ignored"}
    assert {entry["service"] for entry in watched.cloud.journal() if "role/cab" in entry["principal"]} <= {"mns"}


HOSTILE_NAMES = ["x:role/y", "../x", "x*", "x y", "a" * 65, "", "röle", "x\n", "x&Action=y"]


@pytest.mark.parametrize("name", HOSTILE_NAMES)
@pytest.mark.parametrize("where", ["role_name", "access_role", "backup_account"])
def test_a_role_name_cannot_escape_an_arn(world: World, where: str, name: str) -> None:
    """A name in the configuration that is none is refused before any call."""
    if where == "role_name":
        world.configure(enrolment={"role_name": name})
    elif where == "access_role":
        world.configure(access_role=name)
    else:
        world.configure(backup_account={"role": name})
    with pytest.raises(ConfigError):
        load(os.environ)


HOSTILE_ALIASES = [
    "{account_id}",
    "{display_name}",
    "{0}{account_id}{account_id}",
    'a"b',
    "a&Alias=b",
    "a\nb",
    "a\\u0000",
    "%41",
    "$(id)",
    "日本語" * 4,
    "=cmd|' /C calc'!A0",
    "</a><b>",
]


@pytest.mark.parametrize("name", HOSTILE_ALIASES, ids=repr)
def test_an_alias_injects_nothing(watched: World, name: str) -> None:
    """A display name is text and nothing else: the alias has it cut, ends in the account's id, and fits."""
    state = watched.cloud.state()
    state["directory"]["members"][PROD]["display_name"] = name
    watched.cloud.load(state)
    watched.key = watched.cloud.as_function()
    assert watched.enrol()["state"] == "protected"
    (alias,) = {
        one["alias"]
        for place, records in watched.cloud.state()["hbr"]["cross_accounts"].items()
        for rows in records.values()
        for one in rows
        if place.startswith(BACKUP)
    }
    assert alias == f"{name[:15].strip()}-{PROD}"
    assert len(alias) <= 32


@pytest.mark.parametrize(
    "principal",
    [
        f"acs:ram::{PROD}:role/AliyunServiceRoleForHbrCrossAccountBackup",
        f"acs:ram::{OUTSIDE}:role/aliyunserviceroleforhbrcrossaccountbackup",
        f"acs:ram::{BACKUP}:root",
        f"acs:ram::{BACKUP}:role/AliyunServiceRoleForHbrCrossAccountBackup2",
        f"acs:ram::{BACKUP}:user/AliyunServiceRoleForHbrCrossAccountBackup",
    ],
)
def test_a_member_cannot_pass_for_the_backup_account(world: World, principal: str) -> None:
    """A trust that only looks like the right one is replaced by the right one."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [principal]}}
    state = world.cloud.state()
    state["accounts"][PROD]["roles"]["hbrcrossrole"] = {
        "role_id": "300000000000000007",
        "name": "hbrcrossrole",
        "trust": json.dumps({"Version": "1", "Statement": [statement]}),
        "description": DESCRIPTION,
        "attached": {"System:AliyunHBRRolePolicy": 0.0},
    }
    world.cloud.load(state)
    world.cloud.watch(**OURS)
    world.key = world.cloud.as_function()
    assert world.enrol()["state"] == "protected"
    assert world.trusted(PROD) == [SLR]
    assert world.cloud.violations() == []


def test_an_account_that_takes_the_backup_accounts_name_is_an_account_like_any_other(watched: World) -> None:
    """Names mean nothing: a member called as the backup account is registered as itself."""
    request = rd.CreateResourceAccountRequest(display_name="backup2", parent_folder_id="fd-prod000001")
    client = watched.cloud.client("resourcedirectory")
    account: str = client.create_resource_account(request).body.account.account_id
    assert watched.enrol(account)["state"] == "protected"
    assert watched.trusted(account) == [SLR]
    assert watched.registered(BACKUP) == {}
