"""One step outside each restriction: refused by the cloud, whatever our code might one day ask for."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from alibabacloud_sts20150401 import models as sts
from mns.account import Account
from mns.mns_exception import MNSServerException
from mns.queue import Message
from Tea.exceptions import TeaException

from tests.cloud import Key
from tests.flows.world import BACKUP, MANAGEMENT, PROD, World
from tests.security.policies import ACCESS_ROLE

Ask = Callable[[Any], Any]
NO_ONE = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{MANAGEMENT}:root"]}}
        ],
    }
)


def functions(world: World) -> Key:
    return world.cloud.as_function()


def backup(world: World) -> Key:
    return world.cloud.assume(f"acs:ram::{BACKUP}:role/cab-backup", key=functions(world))


def member(world: World) -> Key:
    """The access role with exactly our policy, without a session's further restriction."""
    return world.cloud.assume(f"acs:ram::{PROD}:role/{ACCESS_ROLE}", key=functions(world))


OUTSIDE: dict[str, tuple[Callable[[World], Key], str, Ask]] = {
    "M: another role of a member": (
        functions,
        "sts",
        lambda c: c.assume_role(
            sts.AssumeRoleRequest(role_arn=f"acs:ram::{PROD}:role/another", role_session_name="session")
        ),
    ),
    "M: make a role": (
        functions,
        "ram",
        lambda c: c.create_role(ram.CreateRoleRequest(role_name="x", assume_role_policy_document=NO_ONE)),
    ),
    "M: move an account": (
        functions,
        "resourcedirectory",
        lambda c: c.move_account(rd.MoveAccountRequest(account_id=PROD, destination_folder_id="fd-sandbox0001")),
    ),
    "M: remove an account": (
        functions,
        "resourcedirectory",
        lambda c: c.remove_cloud_account(rd.RemoveCloudAccountRequest(account_id=PROD)),
    ),
    "A: read another role": (backup, "ram", lambda c: c.get_role(ram.GetRoleRequest(role_name="cab-backup"))),
    "A: another service-linked role": (
        backup,
        "ram",
        lambda c: c.create_service_linked_role(
            ram.CreateServiceLinkedRoleRequest(service_name="ecsbackup.hbr.aliyuncs.com")
        ),
    ),
    "A: delete a vault": (backup, "hbr", lambda c: c.delete_vault(hbr.DeleteVaultRequest(vault_id="v-1"))),
    "A: delete a restorable point": (
        backup,
        "hbr",
        lambda c: c.delete_snapshot(hbr.DeleteSnapshotRequest(snapshot_id="s-1", vault_id="v-1")),
    ),
    "A: delete a backup policy": (
        backup,
        "hbr",
        lambda c: c.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id="po-1")),
    ),
    "A: restore": (
        backup,
        "hbr",
        lambda c: c.create_restore_job(hbr.CreateRestoreJobRequest(restore_type="OSS", source_type="OSS")),
    ),
    "B: read another role": (member, "ram", lambda c: c.get_role(ram.GetRoleRequest(role_name=ACCESS_ROLE))),
    "B: make another role": (
        member,
        "ram",
        lambda c: c.create_role(ram.CreateRoleRequest(role_name="x", assume_role_policy_document=NO_ONE)),
    ),
    "B: give the role more than its policy": (
        member,
        "ram",
        lambda c: c.attach_policy_to_role(
            ram.AttachPolicyToRoleRequest(
                policy_type="System", policy_name="AdministratorAccess", role_name="hbrcrossrole"
            )
        ),
    ),
}


@pytest.mark.parametrize("what", OUTSIDE)
def test_one_step_outside_is_refused(world: World, what: str) -> None:
    """Another resource, another service, another action: NoPermission."""
    assert world.enrol()["state"] == "protected"
    who, service, ask = OUTSIDE[what]
    with pytest.raises(TeaException, match="NoPermission"):
        ask(world.cloud.client(service, key=who(world)))


QUEUES: dict[str, Ask] = {
    "send to another queue": lambda account: account.get_queue("cab-other").send_message(Message("{}")),
    "take from the retry queue": lambda account: account.get_queue("cab-retry").receive_message(),
    "peek into the retry queue": lambda account: account.get_queue("cab-retry").peek_message(),
    "peek into the dead letters": lambda account: account.get_queue("cab-dead-letters").peek_message(),
    "look at the retry queue": lambda account: account.get_queue("cab-retry").get_attributes(),
    "delete the dead letters": lambda account: account.get_queue("cab-dead-letters").delete(),
}


@pytest.mark.parametrize("what", QUEUES)
def test_one_step_outside_of_the_queues_is_refused(world: World, what: str) -> None:
    """The functions send to two queues and read the dead letters; the trigger alone takes from the retry queue."""
    key = functions(world)
    account = Account(world.cloud.endpoints["mns"], key.access_key_id, key.access_key_secret, key.token)
    with pytest.raises(MNSServerException) as refused:
        QUEUES[what](account)
    assert refused.value.type == "AccessDenied"
