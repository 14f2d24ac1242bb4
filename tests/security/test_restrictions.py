"""One step outside each restriction: refused by the cloud, whatever our code might one day ask for."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from mns.account import Account
from mns.mns_exception import MNSServerException
from Tea.exceptions import TeaException

from tests.cloud import Key
from tests.flows.world import PROD, World
from tests.security.policies import ACCESS_ROLE, FOLDER, read, texts
from tests.security.restrictions import BESIDE, HOLDER, NO_ONE, backup, functions, member

Ask = Callable[[Any], Any]
CALLED = {
    "GetFunctionAsyncInvokeConfig": "GetAsyncInvokeConfig",
    "GetLogStoreLogs": "GetLogsV2",
    "log:": "logs:",
}
"""Where the journal has other words than RAM has."""
REFUSALS = {"NoPermission", "AccessDenied", "Unauthorized"}


def restrictions() -> Iterator[tuple[str, int, str]]:
    """Every resource that is not everything, and every condition, of every file."""
    for file in sorted(path.stem for path in FOLDER.glob("*.json")):
        for number, statement in enumerate(read(file)["Statement"]):
            yield from ((file, number, text) for text in texts(statement["Resource"]) if text != "*")
            yield from ((file, number, key) for keys in statement.get("Condition", {}).values() for key in keys)


def test_every_restriction_has_its_request() -> None:
    """A resource or condition that is added to a policy needs a request that it refuses."""
    assert set(restrictions()) == set(BESIDE)


@pytest.mark.parametrize("restriction", BESIDE, ids=str)
def test_one_step_outside_is_refused(world: World, restriction: tuple[str, int, str]) -> None:
    """The same action on another resource, or under another condition: no permission, and nothing else is wrong."""
    assert world.enrol()["state"] == "protected"
    key, mark = HOLDER[restriction[0]](world), world.mark()
    with pytest.raises((TeaException, MNSServerException)):
        BESIDE[restriction](world, key)
    (entry,) = [one for one in world.cloud.journal() if one["seq"] > mark]
    assert entry["code"] in REFUSALS
    asked = f"{entry['service']}:{entry['action']}"
    assert asked in {
        _as_journal(action) for action in texts(read(restriction[0])["Statement"][restriction[1]]["Action"])
    }


def _as_journal(action: str) -> str:
    """The name of the API's action."""
    for permission, called in CALLED.items():
        action = action.replace(permission, called)
    return action


FORBIDDEN: dict[str, tuple[Callable[[World], Key], str, Ask]] = {
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
}


@pytest.mark.parametrize("what", FORBIDDEN)
def test_what_no_flow_does_is_refused(world: World, what: str) -> None:
    """Actions that no file has: NoPermission, before anything is looked for."""
    who, service, ask = FORBIDDEN[what]
    with pytest.raises(TeaException, match="NoPermission"):
        ask(world.cloud.client(service, key=who(world)))


QUEUES: dict[str, Ask] = {
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
