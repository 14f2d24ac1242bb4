"""Which flow needs which right: for every element of every policy a test of a flow that fails without it."""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable
from types import ModuleType
from typing import Any

from shared.clients import Credentials
from shared.cloud import connect
from shared.config import load
from shared.dead_letters import delete
from shared.deadline import Deadline
from shared.member import DESCRIPTION
from shared.messages import Selection
from shared.outcome import Reason
from tests.flows import (
    test_backup_restore,
    test_dead_letters,
    test_inventory,
    test_protection,
    test_replay,
    test_sweep,
    test_teardown_modes,
    test_withdraw,
)
from tests.flows.backups import Backups
from tests.flows.world import MANAGEMENT, PROD, SLR, World
from tests.security.policies import held

Flow = tuple[ModuleType | None, Callable[..., Any]]


def protected(world: World) -> None:
    """An account is enrolled, and is protected at the end."""
    assert world.enrol()["state"] == "protected"
    assert world.is_protected(PROD)


def protected_again(world: World) -> None:
    """What is protected is found so without a write in the account."""
    protected(world)
    mark = world.mark()
    assert world.enrol()["state"] == "protected"
    assert set(world.writes(mark)) == {"AddCrossAccount"}


def narrowed(world: World) -> None:
    """A role of ours that lets others in, and has policies too many, is narrowed."""
    state = world.cloud.state()
    names = [SLR, f"acs:ram::{MANAGEMENT}:root"]
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": names}}
    state["accounts"][PROD]["policies"]["theirs"] = {"name": "theirs", "document": '{"Version": "1", "Statement": []}'}
    state["accounts"][PROD]["roles"]["hbrcrossrole"] = {
        "role_id": "300000000000000007",
        "name": "hbrcrossrole",
        "trust": json.dumps({"Version": "1", "Statement": [statement]}),
        "description": DESCRIPTION,
        "attached": {"System:ReadOnlyAccess": 0.0, "Custom:theirs": 0.0},
    }
    world.cloud.load(state)
    world.key = world.cloud.as_function()
    protected(world)


def withdrawn(world: World) -> None:
    """An account is withdrawn, and nothing of it is left."""
    protected(world)
    answer = world.call("teardown", {"accountId": PROD, "do": "withdraw"})
    assert answer["state"] == "withdrawn"
    assert (world.role(PROD), world.registered(PROD)) == (None, {})


def put_off(world: World) -> None:
    """What cannot be done now is in the retry queue."""
    world.cloud.fault(service="ram", action="CreateRole", status=500)
    assert world.enrol()["disposition"] == "retry"
    assert len(world.retries()) == 1


def set_aside(world: World) -> None:
    """What nobody can read is in the dead-letter queue, and can be read and deleted there by the functions."""
    assert world.call("onboard", b"no event at all")["disposition"] == "dead_letter"
    chosen = Selection(reasons=frozenset({Reason.UNREADABLE}))
    assert len(list(delete(test_dead_letters.fresh_queues(world), chosen))) == 1
    assert world.dead_letters() == []


def moved_out(world: World) -> None:
    """An account that left the scope is withdrawn, and the brake has looked at everybody."""
    protected(world)
    world.configure(teardown={"grace_hours": 0})
    test_withdraw.move(world, PROD, "fd-sandbox0001")
    assert world.call("onboard", test_withdraw.left(PROD, "MoveAccount"))["state"] == "withdrawn"


def rewritten(world: World) -> None:
    """A backup policy of ours that somebody changed is as it was after the next sweep."""
    a, kind = Backups(world).open(), "backup_policy_changed"
    test_protection.test_drift_is_found_repaired_and_gone(world, a, test_protection.rescheduled, kind)


def jobs_read(world: World) -> None:
    """What `cab status` calls proven is read with the functions' role in the backup account."""
    a = Backups(world).open()
    test_protection.configure(world, test_protection.OSS)
    test_protection.sweep(world, times=3)
    a.run(a.state("policies")[0]["id"])
    credentials = Credentials(world.key.access_key_id, world.key.access_key_secret, world.key.token)
    with connect(load(os.environ), credentials, Deadline.after(60)) as cloud:
        assert list(cloud.ports.records.jobs("cn-hangzhou", Status="COMPLETE"))


def of(module: ModuleType, name: str) -> Flow:
    """A test of a flow."""
    return module, getattr(module, name)


OWN: dict[str, Flow] = {
    function.__name__: (None, function)
    for function in (
        protected,
        protected_again,
        narrowed,
        withdrawn,
        put_off,
        set_aside,
        moved_out,
        rewritten,
        jobs_read,
    )
}
KEPT = of(test_teardown_modes, "test_keep_switches_off_what_is_ours_and_keeps_every_point")
INVENTORY = of(test_inventory, "test_every_kind_of_backup_is_found")
DEAD_LETTERS = of(test_dead_letters, "test_deleting_is_for_good")
HANA = of(test_backup_restore, "test_an_sap_hana_database_is_planned_once_its_instance_is_registered")

NEEDED_BY: dict[str, Flow] = {
    "resourcemanager:GetAccount": OWN["protected"],
    "resourcemanager:GetAccountDeletionStatus": of(test_withdraw, "test_an_account_being_deleted_counts_as_leaving"),
    "resourcemanager:ListAccounts": of(test_sweep, "test_without_any_event_members_are_protected"),
    "resourcemanager:ListFoldersForParent": OWN["moved_out"],
    "actiontrail:LookupEvents": of(test_replay, "test_a_window_brings_back_what_was_missed"),
    "sts:AssumeRole": OWN["protected"],
    "acs:ram:*:*:role/resourcedirectoryaccountaccessrole": OWN["protected"],
    "acs:ram:*:*:role/cab-backup": OWN["protected"],
    "mns:SendMessage": OWN["put_off"],
    "acs:mns:*:*:/queues/cab-retry/messages": OWN["put_off"],
    "acs:mns:*:*:/queues/cab-dead-letters/messages": OWN["set_aside"],
    "mns:GetQueueAttributes": DEAD_LETTERS,
    "mns:ReceiveMessage": DEAD_LETTERS,
    "mns:ChangeMessageVisibility": of(test_dead_letters, "test_a_look_shows_every_letter_and_hands_it_back"),
    "mns:DeleteMessage": DEAD_LETTERS,
    "acs:mns:*:*:/queues/cab-dead-letters": DEAD_LETTERS,
    "hbr:AddCrossAccount": OWN["protected"],
    "hbr:DeleteCrossAccount": OWN["withdrawn"],
    "hbr:DescribeCrossAccounts": OWN["withdrawn"],
    "hbr:CheckRole": OWN["protected"],
    "ram:GetRole": OWN["protected_again"],
    "ram:CreateServiceLinkedRole": OWN["protected"],
    "ram:CreateRole": OWN["protected"],
    "ram:AttachPolicyToRole": OWN["protected"],
    "ram:ListPoliciesForRole": OWN["protected_again"],
    "ram:UpdateRole": OWN["narrowed"],
    "ram:DetachPolicyFromRole": OWN["withdrawn"],
    "ram:DeleteRole": OWN["withdrawn"],
    "hbr:DescribePoliciesV2": KEPT,
    "hbr:DescribePolicyBindings": KEPT,
    "hbr:DescribeBackupPlans": KEPT,
    "hbr:DescribeBackupJobs2": OWN["jobs_read"],
    "hbr:DescribeVaults": INVENTORY,
    "hbr:DescribeBackupClients": INVENTORY,
    "hbr:DescribeHanaInstances": INVENTORY,
    "hbr:DescribeHanaBackupPlans": INVENTORY,
    "hbr:DescribeOtsTableSnapshots": INVENTORY,
    "hbr:DescribeUdmSnapshots": of(test_inventory, "test_an_ecs_instances_disk_snapshots_are_found"),
    "hbr:ListProtectedResources": INVENTORY,
    "hbr:ListSnapshots": INVENTORY,
    "hbr:DisableBackupPlan": KEPT,
    "hbr:UpdatePolicyBinding": KEPT,
    "hbr:CreateVault": of(test_protection, "test_sweeps_make_vault_policy_and_bindings"),
    "hbr:CreatePolicyV2": of(test_protection, "test_sweeps_make_vault_policy_and_bindings"),
    "hbr:CreatePolicyBindings": of(test_protection, "test_sweeps_make_vault_policy_and_bindings"),
    "hbr:DeletePolicyBinding": of(test_protection, "test_a_source_that_is_wanted_no_more_is_unbound"),
    "hbr:UpdatePolicyV2": OWN["rewritten"],
    "hbr:CreateHanaBackupPlan": HANA,
    "hbr:DisableHanaBackupPlan": HANA,
    "hbr:EnableHanaBackupPlan": HANA,
    "hbr:InstallBackupClients": of(test_backup_restore, "test_a_client_is_installed_before_files_are_backed_up"),
}
"""Element → the flow that shows that it is needed."""


def run(flow: Flow, world: World) -> None:
    """Run a flow in this world, with the fixtures of its own module made from it; its rights must stay as they are."""
    module, function = flow
    before = held(world.cloud)
    function(**_arguments(module, function, world))
    assert held(world.cloud) == before, "a flow that gives itself rights proves nothing"


def _arguments(module: ModuleType | None, function: Callable[..., Any], world: World) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name == "world":
            found[name] = world
        elif parameter.default is inspect.Parameter.empty:
            fixture = inspect.unwrap(getattr(module, name))
            found[name] = fixture(**_arguments(module, fixture, world))
    return found
