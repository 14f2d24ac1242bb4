"""Landing zones as people find them who look, work, set up, or work with backups."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from alibabacloud_hbr20170908 import models as hbr

from shared.backups import PLAIN_MARK
from tests.flows.backups import DAILY, Backups, cross
from tests.flows.test_protection import INSTANCES, OSS, configure, sweep
from tests.flows.world import BACKUP, MANAGEMENT, PROD, TEST, World

FOR_PEOPLE = ("cab-operator", "cab-operator-read-only")

INSTANCE = "i-prod0000000000001"
UNBOUND = "i-test0000000000001"
"""Of the test account; no policy has it."""
FILES = {"account": PROD, "id": "1ca404prod"}


def used(world: World) -> None:
    """One account is protected, one message set aside; the roles are as ``cab bootstrap`` makes them."""
    assert world.enrol(PROD)["state"] == "protected"
    world.call("onboard", b"no event at all")
    _marked(world)


def _marked(world: World) -> None:
    state = world.cloud.state()
    for account, name in ((MANAGEMENT, "cab-functions"), (BACKUP, "cab-backup")):
        state["accounts"][account]["roles"][name]["description"] = "cross-account-backup: made"
    world.cloud.load(state)


def leaving(world: World) -> None:
    """An account is being deleted."""
    used(world)
    state = world.cloud.state()
    state["directory"]["members"][TEST]["deletion_status"] = "Deleting"
    world.cloud.load(state)


def denied(world: World) -> None:
    """A control policy forbids what is to be done in an account."""
    used(world)
    state = world.cloud.state()
    statement = {"Effect": "Deny", "Action": "ram:CreateRole", "Resource": "*"}
    state["directory"]["control_policies"]["cp-0001"] = {
        "policy_id": "cp-0001",
        "name": "no-roles",
        "document": json.dumps({"Version": "1", "Statement": [statement]}),
        "targets": {TEST: 0.0},
    }
    world.cloud.load(state)
    world.key = world.cloud.as_function()
    assert world.call("onboard", {"accountId": TEST})["disposition"] == "dead_letter"


def foreign(world: World) -> None:
    """A role of that name is somebody else's."""
    used(world)
    state = world.cloud.state()
    role = {**state["accounts"][PROD]["roles"]["hbrcrossrole"], "description": "somebody's"}
    state["accounts"][TEST]["roles"]["hbrcrossrole"] = role
    world.cloud.load(state)


def empty(world: World) -> None:
    """Nobody has made anything for us yet."""
    state = world.cloud.state()
    for account in (MANAGEMENT, BACKUP):
        state["accounts"][account]["roles"].pop("cab-functions", None)
        state["accounts"][account]["roles"].pop("cab-backup", None)
        state["accounts"][account]["policies"] = {}
    state["mns"]["queues"] = {}
    state["logs"]["projects"] = {}
    world.cloud.load(state)


def _policies(*names: str) -> dict[str, Any]:
    return {name: {"name": name, "document": '{"Version": "1", "Statement": []}'} for name in names}


def set_up(world: World) -> None:
    """The policies for people are there, too, attached to nobody."""
    used(world)
    state = world.cloud.state()
    state["accounts"][MANAGEMENT]["policies"] |= _policies(*FOR_PEOPLE)
    world.cloud.load(state)


def differing(world: World) -> None:
    """Somebody changed what was made: trust, policy, queues, and the index of the log."""
    used(world)
    state = world.cloud.state()
    mine = state["accounts"][MANAGEMENT]
    mine["policies"]["cab-functions"]["document"] = '{"Version": "1", "Statement": []}'
    mine["policies"] |= _policies("theirs", *FOR_PEOPLE)
    mine["roles"]["cab-functions"]["trust"] = mine["roles"]["cab-functions"]["trust"].replace("fc.", "ecs.")
    mine["roles"]["cab-functions"]["attached"] = {"Custom:theirs": 0.0}
    for queue in state["mns"]["queues"][MANAGEMENT].values():
        queue["message_retention_period"] = 3600
    [project] = state["logs"]["projects"].values()
    project["stores"]["functions"]["indexes"][0]["body"]["line"]["token"] = ["|"]
    world.cloud.load(state)


def backed_up(world: World) -> None:
    """Two accounts' buckets and an instance are backed up, and a file system in a vault that nobody else uses."""
    state = world.cloud.state()
    state["accounts"][TEST]["resources"].append({"kind": "UDM_ECS", "id": UNBOUND, "region": "cn-hangzhou", "size": 1})
    world.cloud.load(state)
    a = Backups(world).open()
    own = {**OSS, "name": "own", "kind": "nas", "vault": {"name": "own"}, "sources": [FILES]}
    configure(world, OSS, INSTANCES, own)
    sweep(world, times=3)
    for policy in a.state("policies"):
        a.run(policy["id"])


def equipped(world: World) -> None:
    """Beside backups: a plan of the older kind, a client, a SAP HANA instance with a plan, and points of our making."""
    backed_up(world)
    a = Backups(world)
    vault = next(one["id"] for one in a.state("vaults") if one["name"] == "own")
    a.plan(vault, "prod-app-data")
    a.bind(a.policy(vault, "files"), "ECS_FILE", INSTANCE)
    a.api.install_backup_clients(hbr.InstallBackupClientsRequest(instance_ids=[INSTANCE], **cross(PROD)))
    hana = {"vault_id": vault, "ecs_instance_id": f'["{INSTANCE}"]', "hana_name": f"{PLAIN_MARK}-erp", "sid": "HXE"}
    cluster = a.api.create_hana_instance(hbr.CreateHanaInstanceRequest(**hana, **cross(PROD))).body.cluster_id
    plan = {"cluster_id": cluster, "vault_id": vault, "database_name": "SYSTEMDB", "plan_name": f"{PLAIN_MARK}-plan"}
    request = hbr.CreateHanaBackupPlanRequest(**plan, backup_type="COMPLETE", schedule=DAILY)
    a.api.create_hana_backup_plan(request)
    world.cloud.advance(300)


def uninstalled(world: World) -> None:
    """The same when the client has been silent for an hour."""
    equipped(world)
    a = Backups(world)
    (client,) = a.state("clients")
    request = hbr.UninstallBackupClientsRequest(client_ids=[client["id"]], **cross(PROD))
    a.api.uninstall_backup_clients(request)
    world.cloud.advance(2 * 3600)


ZONES = (used, set_up, leaving, denied, foreign, empty, differing, backed_up, equipped, uninstalled)
PREPARED: dict[str, Callable[[World], None]] = {one.__name__: one for one in ZONES}
