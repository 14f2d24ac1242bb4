"""A tour through every action of Cloud Backup with the official SDK, for the tests that look at what came and went."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alibabacloud_hbr20170908 import models as hbr

from tests.emulator.hbr.conftest import (
    CROSS,
    DAILY,
    MEMBER,
    REGION,
    ROLE,
    bind,
    create_policy,
    create_role,
    create_vault,
    jobs,
    link,
    register,
    snapshots,
)
from tests.emulator.sdk_models import recorder

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

INSTANCE = "i-prod0000000000001"


def tour(cloud: LocalCloud) -> Any:
    """The client that made it, with all answers."""
    cloud.reset()
    state = cloud.state()
    (member,) = (account for account in state["accounts"].values() if account["account_id"] == str(MEMBER))
    member["resources"].append({"kind": "OTS", "id": "orders", "region": REGION, "size": 4, "tables": ["t1", "t2"]})
    member["resources"][0]["tags"] = {"backup": "yes"}
    cloud.load(state)
    client = recorder(cloud, "hbr", account="backup")
    for part in (tour_roles, tour_policies, tour_plans, tour_clients, tour_hana, tour_restores, tour_ends):
        part(cloud, client)
    return client


def tour_roles(cloud: LocalCloud, client: Any) -> None:
    create_role(cloud, link(cloud))
    register(client)
    client.describe_cross_accounts(hbr.DescribeCrossAccountsRequest())
    client.check_role(
        hbr.CheckRoleRequest(
            check_role_type="CrossAccountRole", cross_account_user_id=MEMBER, cross_account_role_name=ROLE
        )
    )
    client.describe_regions()
    client.open_hbr_service()


def tour_policies(cloud: LocalCloud, client: Any) -> None:
    vault = create_vault(cloud, client, description="kept")
    client.update_vault(hbr.UpdateVaultRequest(vault_id=vault, vault_name="renamed"))
    rule = hbr.CreatePolicyV2RequestRules
    account = hbr.CreatePolicyV2RequestRulesDataSourceFiltersAccounts(**CROSS)
    tag = rule(
        rule_type="TAG",
        tag_filters=[hbr.CreatePolicyV2RequestRulesTagFilters(key="backup", operator="EQUAL", value="yes")],
        data_source_filters=[hbr.CreatePolicyV2RequestRulesDataSourceFilters(source_type="OSS", accounts=[account])],
    )
    copy = rule(rule_type="REPLICATION", replication_region_id="cn-shanghai", retention=30)
    policy = create_policy(client, vault, tag, copy)
    client.update_policy_v2(hbr.UpdatePolicyV2Request(policy_id=policy, policy_name="renamed"))
    bind(client, policy, "NAS", "1ca404prod", source="/a")
    found = client.describe_policies_v2(hbr.DescribePoliciesV2Request(policy_id=policy)).body.policies[0]
    client.execute_policy_v2(
        hbr.ExecutePolicyV2Request(policy_id=policy, rule_id=found.rules[0].rule_id, source_type="NAS")
    )
    client.describe_policy_bindings(hbr.DescribePolicyBindingsRequest(policy_id=policy))
    fields = {"policy_id": policy, "source_type": "NAS"}
    client.update_policy_binding(hbr.UpdatePolicyBindingRequest(**fields, data_source_id="1ca404prod", disabled=True))
    client.delete_policy_binding(hbr.DeletePolicyBindingRequest(**fields, data_source_ids=["1ca404prod"]))
    client.describe_vaults(hbr.DescribeVaultsRequest(vault_id=vault))


def tour_plans(cloud: LocalCloud, client: Any) -> None:
    vault = create_vault(cloud, client)
    create = hbr.CreateBackupPlanRequest(
        **CROSS,
        source_type="ECS_FILE",
        plan_name="files",
        instance_id=INSTANCE,
        vault_id=vault,
        path=["/home"],
        schedule=DAILY,
        retention=7,
        detail={"appConsistent": False},
    )
    plan = client.create_backup_plan(create).body.plan_id
    named = {"plan_id": plan, "vault_id": vault, "source_type": "ECS_FILE"}
    client.update_backup_plan(hbr.UpdateBackupPlanRequest(**named, plan_name="renamed"))
    client.disable_backup_plan(hbr.DisableBackupPlanRequest(**named))
    client.enable_backup_plan(hbr.EnableBackupPlanRequest(**named))
    job = client.execute_backup_plan(hbr.ExecuteBackupPlanRequest(**named)).body.job_id
    client.describe_backup_plans(hbr.DescribeBackupPlansRequest())
    client.cancel_backup_job(hbr.CancelBackupJobRequest(job_id=job, vault_id=vault))
    client.execute_backup_plan(hbr.ExecuteBackupPlanRequest(**named))
    client.create_backup_job(
        hbr.CreateBackupJobRequest(**CROSS, source_type="UDM_ECS", instance_id=INSTANCE, backup_type="COMPLETE")
    )
    tables = create_vault(cloud, client, vault_type="OTS_BACKUP")
    create = hbr.CreateBackupPlanRequest(
        **CROSS,
        source_type="OTS",
        plan_name="tables",
        instance_name="orders",
        vault_id=tables,
        schedule=DAILY,
        ots_detail=hbr.OtsDetail(table_names=["t1", "t2"]),
    )
    other = client.create_backup_plan(create).body.plan_id
    client.execute_backup_plan(hbr.ExecuteBackupPlanRequest(plan_id=other, vault_id=tables))
    cloud.advance(120)
    client.describe_backup_plans(hbr.DescribeBackupPlansRequest())
    jobs(client)
    assert snapshots(client, vault)
    client.describe_recoverable_ots_instances(hbr.DescribeRecoverableOtsInstancesRequest(**CROSS))
    client.describe_ots_table_snapshots(hbr.DescribeOtsTableSnapshotsRequest(**CROSS))
    client.delete_backup_plan(hbr.DeleteBackupPlanRequest(**named))


def tour_clients(cloud: LocalCloud, client: Any) -> None:
    install = hbr.InstallBackupClientsRequest(**CROSS, instance_ids=[INSTANCE])
    task = client.install_backup_clients(install).body.task_id
    cloud.advance(200)
    client.describe_task(hbr.DescribeTaskRequest(task_id=task))
    listed = client.describe_backup_clients(hbr.DescribeBackupClientsRequest(**CROSS, client_type="ECS_CLIENT"))
    uninstall = hbr.UninstallBackupClientsRequest(**CROSS, client_ids=[listed.body.clients[0].client_id])
    client.uninstall_backup_clients(uninstall)


def tour_hana(cloud: LocalCloud, client: Any) -> None:
    vault = create_vault(cloud, client)
    create = hbr.CreateHanaInstanceRequest(
        **CROSS, vault_id=vault, ecs_instance_id=json.dumps([INSTANCE]), hana_name="erp", sid="HXE", instance_number=0
    )
    hana = {"cluster_id": client.create_hana_instance(create).body.cluster_id, "vault_id": vault}
    client.describe_hana_instances(hbr.DescribeHanaInstancesRequest(vault_id=vault))
    request = hbr.CreateHanaBackupPlanRequest(
        **hana, backup_type="COMPLETE", database_name="SYSTEMDB", plan_name="p", schedule=DAILY
    )
    plan = {**hana, "plan_id": client.create_hana_backup_plan(request).body.plan_id}
    client.disable_hana_backup_plan(hbr.DisableHanaBackupPlanRequest(**plan))
    client.enable_hana_backup_plan(hbr.EnableHanaBackupPlanRequest(**plan))
    client.describe_hana_backup_plans(hbr.DescribeHanaBackupPlansRequest(**hana))
    client.delete_hana_backup_plan(hbr.DeleteHanaBackupPlanRequest(**plan))
    client.delete_hana_instance(hbr.DeleteHanaInstanceRequest(**hana, sid="HXE"))


def tour_restores(_: LocalCloud, client: Any) -> None:
    listed = hbr.ListProtectedResourcesRequest(source_type="ECS_FILE")
    resource = client.list_protected_resources(listed).body.protected_resources[0].protected_resource_id
    find = hbr.ListSnapshotsRequest(protected_resource_id=resource, source_type="ECS_FILE")
    snapshot = client.list_snapshots(find).body.snapshots[0]
    restore = hbr.CreateRestoreJobRequest(
        **CROSS,
        restore_type="ECS_FILE",
        source_type="ECS_FILE",
        snapshot_id=snapshot.snapshot_id,
        vault_id=snapshot.vault_id,
        target_instance_id=INSTANCE,
        target_path="/restored",
    )
    job = client.create_restore_job(restore).body.restore_id
    client.describe_restore_jobs_2(hbr.DescribeRestoreJobs2Request())
    client.cancel_restore_job(hbr.CancelRestoreJobRequest(restore_id=job, vault_id=snapshot.vault_id))
    client.delete_snapshot(hbr.DeleteSnapshotRequest(snapshot_id=snapshot.snapshot_id, vault_id=snapshot.vault_id))


def tour_ends(cloud: LocalCloud, client: Any) -> None:
    now = int(cloud.advance(0))
    span = {"start_time": now - 86400, "end_time": now, "udm_region_id": REGION}
    client.describe_udm_snapshots(hbr.DescribeUdmSnapshotsRequest(source_type="UDM_ECS", **span))
    client.delete_udm_ecs_instance(hbr.DeleteUdmEcsInstanceRequest(instance_id=INSTANCE))
    cloud.advance(7200)
    listed = client.describe_backup_clients(hbr.DescribeBackupClientsRequest(**CROSS, client_type="ECS_CLIENT"))
    client.delete_backup_client(hbr.DeleteBackupClientRequest(client_id=listed.body.clients[0].client_id))
    for policy in client.describe_policies_v2(hbr.DescribePoliciesV2Request()).body.policies:
        client.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id=policy.policy_id))
    client.delete_vault(hbr.DeleteVaultRequest(vault_id=create_vault(cloud, client)))
    client.delete_cross_account(
        hbr.DeleteCrossAccountRequest(cross_account_user_id=MEMBER, cross_account_role_name=ROLE)
    )
