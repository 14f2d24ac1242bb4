"""For every resource and every condition that a policy names: a request just outside it, by who holds the policy."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from alibabacloud_fc20230330 import models as fc_models
from alibabacloud_fc20230330.client import Client as Fc
from alibabacloud_ram20150501 import models as ram
from alibabacloud_sls20201230 import models as sls
from alibabacloud_tea_openapi.utils_models import Config
from mns.account import Account
from mns.queue import Message, QueueMeta

from tests.cloud import Key
from tests.emulator.log_service import PROJECT, LogService
from tests.flows.world import BACKUP, MANAGEMENT, PROD, World
from tests.security.policies import ACCESS_ROLE, read

Ask = Callable[[World, Key], Any]
NO_ONE = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": [f"acs:ram::{MANAGEMENT}:root"]}}
        ],
    }
)


def person(file: str) -> Callable[[World], Key]:
    """The operator of the management account, who holds exactly that file; there is a log project of others, too."""

    def holder(world: World) -> Key:
        state = world.cloud.state()
        mine = state["accounts"][MANAGEMENT]
        mine["policies"][file] = {"name": file, "document": json.dumps(read(file))}
        mine["users"]["operator"]["attached"] = {f"Custom:{file}": 0.0}
        projects = state["logs"]["projects"]
        projects["another"] = {**projects[PROJECT], "name": "another"}
        world.cloud.load(state)
        return world.cloud.key()

    return holder


def functions(world: World) -> Key:
    """The functions' role."""
    return world.cloud.as_function()


def backup(world: World) -> Key:
    """The role in the backup account."""
    return world.cloud.assume(f"acs:ram::{BACKUP}:role/cab-backup", key=functions(world))


def member(world: World) -> Key:
    """The access role with exactly our policy, without a session's further restriction."""
    return world.cloud.assume(f"acs:ram::{PROD}:role/{ACCESS_ROLE}", key=functions(world))


HOLDER: dict[str, Callable[[World], Key]] = {
    "functions": functions,
    "backup-account": backup,
    "member-account": member,
    **{file: person(file) for file in ("operator-read-only", "operator", "deployer")},
}


def assume(account: str) -> Ask:
    """Assume a role that no file names."""
    return lambda world, key: world.cloud.assume(f"acs:ram::{account}:role/another", key=key)


def of_ram(action: str, model: Any, **fields: Any) -> Ask:
    """Ask RAM."""
    return lambda world, key: getattr(world.cloud.client("ram", key=key), action)(model(**fields))


def of_queue(name: str, do: Callable[[Any], Any]) -> Ask:
    """Ask a queue."""

    def ask(world: World, key: Key) -> Any:
        account = Account(world.cloud.endpoints["mns"], key.access_key_id, key.access_key_secret, key.token)
        return do(account.get_queue(name))

    return ask


def of_functions(do: Callable[[Any], Any]) -> Ask:
    """Ask Function Compute."""

    def ask(world: World, key: Key) -> Any:
        endpoint = world.cloud.endpoints["fc"].removeprefix("http://")
        given = {"access_key_id": key.access_key_id, "access_key_secret": key.access_key_secret}
        return do(Fc(Config(**given, security_token=key.token or None, endpoint=endpoint, protocol="http")))

    return ask


def of_log(do: Callable[[LogService], Any]) -> Ask:
    """Ask the log service."""
    return lambda world, key: do(LogService(world.cloud, key))


def role(name: str) -> str:
    """A role in a policy."""
    return f"acs:ram:*:*:role/{name}"


def queue(name: str) -> str:
    """A queue in a policy."""
    return f"acs:mns:*:*:/queues/{name}"


LOG_PROJECT, LOG_STORE = "acs:log:*:*:project/cab-*", "acs:log:*:*:project/cab-*/logstore/functions"
OTHER_ROLE = of_ram("get_role", ram.GetRoleRequest, role_name="AliyunServiceRoleForHbrCrossAccountBackup2")
NEW_POLICY = of_ram(
    "create_policy",
    ram.CreatePolicyRequest,
    policy_name="x",
    policy_document='{"Version": "1", "Statement": []}',
)
NEW_ROLE = of_ram("create_role", ram.CreateRoleRequest, role_name="x", assume_role_policy_document=NO_ONE)
SEND = of_queue("cab-other", lambda one: one.send_message(Message("{}")))
LOOK = of_queue("cab-other", lambda one: one.get_attributes())
TAKE = of_queue("cab-retry", lambda one: one.receive_message())
DELETE = of_queue("cab-retry", lambda one: one.delete_message("handle"))
MAKE = of_queue("cab-other", lambda one: one.create(QueueMeta()))
ATTACH = {"policy_type": "System", "policy_name": "AdministratorAccess", "role_name": "hbrcrossrole"}
DETACH = {"policy_type": "System", "policy_name": "AdministratorAccess", "role_name": ACCESS_ROLE}

BESIDE: dict[tuple[str, int, str], Ask] = {
    ("functions", 2, role("resourcedirectoryaccountaccessrole")): assume(PROD),
    ("functions", 2, role("cab-backup")): assume(BACKUP),
    ("functions", 3, queue("cab-retry/messages")): SEND,
    ("functions", 3, queue("cab-dead-letters/messages")): SEND,
    ("functions", 4, queue("cab-dead-letters")): LOOK,
    ("functions", 4, queue("cab-dead-letters/messages")): TAKE,
    ("backup-account", 3, role("aliyunserviceroleforhbrcrossaccountbackup")): OTHER_ROLE,
    ("backup-account", 4, "ram:ServiceName"): of_ram(
        "create_service_linked_role", ram.CreateServiceLinkedRoleRequest, service_name="ecsbackup.hbr.aliyuncs.com"
    ),
    ("member-account", 0, role("hbrcrossrole")): NEW_ROLE,
    ("member-account", 1, "acs:ram:*:system:policy/AliyunHBRRolePolicy"): of_ram(
        "attach_policy_to_role", ram.AttachPolicyToRoleRequest, **ATTACH
    ),
    ("member-account", 2, "acs:ram:*:*:policy/*"): of_ram(
        "detach_policy_from_role", ram.DetachPolicyFromRoleRequest, **DETACH
    ),
    ("operator-read-only", 2, role("resourcedirectoryaccountaccessrole")): assume(PROD),
    ("operator-read-only", 2, role("cab-backup")): assume(BACKUP),
    ("operator-read-only", 3, queue("cab-dead-letters/messages")): TAKE,
    ("operator-read-only", 4, queue("cab-dead-letters")): LOOK,
    ("operator-read-only", 4, queue("cab-retry")): LOOK,
    ("operator-read-only", 5, "acs:fc:*:*:functions/cab-*"): of_functions(
        lambda fc: fc.get_concurrency_config("another")
    ),
    ("operator-read-only", 6, role("cab-functions")): OTHER_ROLE,
    ("operator-read-only", 6, "acs:ram:*:*:policy/cab-functions"): of_ram(
        "get_policy", ram.GetPolicyRequest, policy_type="Custom", policy_name="another"
    ),
    ("operator-read-only", 7, LOG_PROJECT): of_log(lambda log: log("get_project", "another", sls.GetProjectRequest())),
    ("operator-read-only", 8, LOG_STORE): of_log(lambda log: log.search(PROJECT, "another", from_=0, to=1)),
    ("operator", 0, "acs:fc:*:*:functions/cab-*"): of_functions(
        lambda fc: fc.invoke_function("another", fc_models.InvokeFunctionRequest())
    ),
    ("operator", 1, queue("cab-retry/messages")): SEND,
    ("operator", 1, queue("cab-dead-letters/messages")): SEND,
    ("operator", 2, queue("cab-dead-letters/messages")): DELETE,
    ("deployer", 0, queue("cab-retry")): MAKE,
    ("deployer", 0, queue("cab-dead-letters")): MAKE,
    ("deployer", 1, queue("cab-dead-letters/messages")): TAKE,
    ("deployer", 2, role("cab-functions")): NEW_ROLE,
    ("deployer", 3, "acs:ram:*:*:policy/cab-functions"): NEW_POLICY,
    ("deployer", 4, "acs:ram:*:*:policy/cab-operator"): NEW_POLICY,
    ("deployer", 4, "acs:ram:*:*:policy/cab-operator-read-only"): NEW_POLICY,
    ("deployer", 5, LOG_PROJECT): of_log(lambda log: log.create_project("a-third")),
    ("deployer", 6, LOG_STORE): of_log(lambda log: log.create_store("another", PROJECT)),
    ("deployer", 7, role("resourcedirectoryaccountaccessrole")): assume(PROD),
}
"""(File, statement, resource or key of a condition) → what is refused because of it."""
