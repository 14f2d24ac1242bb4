from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_tea_openapi.exceptions import ClientException

from tests.emulator.hbr.conftest import CROSS, DAILY, MEMBER, create_vault, jobs

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

INSTANCE = "i-prod0000000000001"


def install(backup: Any, *instances: str) -> Any:
    return backup.install_backup_clients(hbr.InstallBackupClientsRequest(**CROSS, instance_ids=list(instances))).body


def clients(backup: Any, **more: Any) -> list[Any]:
    request = hbr.DescribeBackupClientsRequest(client_type="ECS_CLIENT", **{**CROSS, **more})
    found: list[Any] = backup.describe_backup_clients(request).body.clients
    return found


def test_a_client_is_installed_by_a_task(cloud: LocalCloud, enrolled: Any) -> None:
    """It is INSTALLING, then ACTIVATED with a heartbeat, and it is listed under its own account only."""
    answer = install(enrolled, INSTANCE, "i-unknown")
    assert [(status.instance_id, status.error_code) for status in answer.instance_statuses] == [
        (INSTANCE, ""),
        ("i-unknown", "InstanceNotExists"),
    ]
    assert [client.status for client in clients(enrolled)] == ["INSTALLING"]
    cloud.advance(200)
    (client,) = clients(enrolled)
    assert (client.status, client.instance_id) == ("ACTIVATED", INSTANCE)
    assert abs(client.last_heart_beat_time - cloud.advance(0)) < 60
    assert enrolled.describe_task(hbr.DescribeTaskRequest(task_id=answer.task_id)).body.progress == 100
    assert clients(enrolled, cross_account_type="SELF_ACCOUNT") == []
    install(enrolled, INSTANCE)
    assert len(clients(enrolled)) == 1


@pytest.mark.parametrize(
    ("setting", "code"),
    [("running", "InstanceNotRunning"), ("cloud_assistant", "CloudAssistNotRunningOnInstance")],
)
def test_an_instance_may_not_be_fit(cloud: LocalCloud, enrolled: Any, setting: str, code: str) -> None:
    """An instance that is stopped, or has no Cloud Assistant, gets no client."""
    state = cloud.state()
    for resource in state["accounts"][str(MEMBER)]["resources"]:
        resource[setting] = False
    cloud.load(state)
    (status,) = install(enrolled, INSTANCE).instance_statuses
    assert (status.valid_instance, status.error_code) == (False, code)
    assert clients(enrolled) == []


def test_twenty_instances_at_most(enrolled: Any) -> None:
    """The twenty-first is too many."""
    with pytest.raises(ClientException) as refusal:
        install(enrolled, *[f"i-{number}" for number in range(21)])
    assert refusal.value.code == "BadRequest"


def test_a_client_is_deleted_an_hour_after_its_last_heartbeat(cloud: LocalCloud, enrolled: Any) -> None:
    """Not while it lives, not right after it is uninstalled, but an hour later, with its jobs."""
    vault = create_vault(cloud, enrolled)
    install(enrolled, INSTANCE)
    cloud.advance(200)
    enrolled.create_backup_job(
        hbr.CreateBackupJobRequest(**CROSS, source_type="ECS_FILE", instance_id=INSTANCE, vault_id=vault)
    )
    cloud.advance(120)
    (client,) = clients(enrolled)
    delete = hbr.DeleteBackupClientRequest(client_id=client.client_id)
    with pytest.raises(ClientException):
        enrolled.delete_backup_client(delete)
    enrolled.uninstall_backup_clients(hbr.UninstallBackupClientsRequest(**CROSS, instance_ids=[INSTANCE]))
    cloud.advance(200)
    assert [client.status for client in clients(enrolled)] == ["DEACTIVATED"]
    with pytest.raises(ClientException):
        enrolled.delete_backup_client(delete)
    assert len(jobs(enrolled)) == 1
    cloud.advance(3600)
    enrolled.delete_backup_client(delete)
    assert (clients(enrolled), jobs(enrolled)) == ([], [])


def test_an_unknown_task_is_told(enrolled: Any) -> None:
    """TaskNotFound."""
    with pytest.raises(ClientException) as refusal:
        enrolled.describe_task(hbr.DescribeTaskRequest(task_id="t-unknown"))
    assert (refusal.value.code, refusal.value.status_code) == ("TaskNotFound", 404)


def test_sap_hana_is_backed_up_by_its_plan(cloud: LocalCloud, enrolled: Any) -> None:
    """An instance is registered with its account; its plan makes jobs; unregistering takes the plan along."""
    vault = create_vault(cloud, enrolled)
    create = hbr.CreateHanaInstanceRequest(
        **CROSS, vault_id=vault, ecs_instance_id=json.dumps([INSTANCE]), hana_name="erp", sid="HXE"
    )
    cluster = enrolled.create_hana_instance(create).body.cluster_id
    listed = enrolled.describe_hana_instances(hbr.DescribeHanaInstancesRequest()).body.hanas.hana
    assert [(hana.cluster_id, hana.cross_account_user_id, hana.hana_name) for hana in listed] == [
        (cluster, MEMBER, "erp")
    ]
    plan = hbr.CreateHanaBackupPlanRequest(
        vault_id=vault, cluster_id=cluster, plan_name="p", database_name="SYSTEMDB", backup_type="COMPLETE",
        schedule=DAILY,
    )  # fmt: skip
    enrolled.create_hana_backup_plan(plan)
    cloud.advance(86400 + 120)
    assert [(job.source_type, job.status) for job in jobs(enrolled)] == [("HANA", "COMPLETE")]
    delete = hbr.DeleteHanaInstanceRequest(cluster_id=cluster, vault_id=vault, sid="other")
    with pytest.raises(ClientException) as refusal:
        enrolled.delete_hana_instance(delete)
    assert refusal.value.code == "ResourceNotFound"
    delete.sid = "HXE"
    enrolled.delete_hana_instance(delete)
    plans = enrolled.describe_hana_backup_plans(hbr.DescribeHanaBackupPlansRequest(cluster_id=cluster)).body
    assert plans.hana_backup_plans.hana_backup_plan == []


def test_tables_are_backed_up_one_by_one(cloud: LocalCloud, enrolled: Any) -> None:
    """A Tablestore instance leaves a snapshot per table, found by instance, and only with the road into the account."""
    state = cloud.state()
    tables = {"kind": "OTS", "id": "orders", "region": "cn-hangzhou", "size": 10, "tables": ["t1", "t2"]}
    state["accounts"][str(MEMBER)]["resources"].append(tables)
    cloud.load(state)
    vault = create_vault(cloud, enrolled, vault_type="OTS_BACKUP")
    create = hbr.CreateBackupPlanRequest(
        **CROSS, source_type="OTS", plan_name="t", instance_name="orders", vault_id=vault, schedule=DAILY
    )
    plan = enrolled.create_backup_plan(create).body.plan_id
    enrolled.execute_backup_plan(hbr.ExecuteBackupPlanRequest(plan_id=plan, vault_id=vault))
    cloud.advance(120)
    (found,) = enrolled.describe_recoverable_ots_instances(
        hbr.DescribeRecoverableOtsInstancesRequest(**CROSS)
    ).body.ots_instances
    assert (found.instance_name, found.table_names) == ("orders", ["t1", "t2"])
    one = hbr.DescribeOtsTableSnapshotsRequestOtsInstances(instance_name="orders", table_names=["t2"])
    listed = enrolled.describe_ots_table_snapshots(
        hbr.DescribeOtsTableSnapshotsRequest(**CROSS, ots_instances=[one])
    ).body.snapshots
    assert [(snapshot.table_name, snapshot.bytes_total) for snapshot in listed] == [("t2", 5)]
    stranger = {**CROSS, "cross_account_user_id": 1}
    with pytest.raises(ClientException) as refusal:
        enrolled.describe_recoverable_ots_instances(hbr.DescribeRecoverableOtsInstancesRequest(**stranger))
    assert refusal.value.code == "NoPermission"
