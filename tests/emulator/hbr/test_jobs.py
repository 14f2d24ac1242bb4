from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_tea_openapi.exceptions import ClientException

from tests.emulator.hbr.conftest import (
    CROSS,
    DAILY,
    MEMBER,
    REGION,
    ROLE,
    WEEKLY,
    bind,
    create_policy,
    create_vault,
    jobs,
    rules,
    snapshots,
)

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

DAY = 86400
INSTANCE = "i-prod0000000000001"
BUCKET = "prod-app-data"


@pytest.fixture
def vault(cloud: LocalCloud, enrolled: Any) -> str:
    return create_vault(cloud, enrolled)


def landing_zone(cloud: LocalCloud, source: str, **settings: Any) -> None:
    """Say more about a data source of the member account."""
    state = cloud.state()
    for resource in state["accounts"][str(MEMBER)]["resources"]:
        if resource["id"] == source:
            resource.update(settings)
    cloud.load(state)


def backup_rule(backup: Any, policy: str) -> str:
    found = backup.describe_policies_v2(hbr.DescribePoliciesV2Request(policy_id=policy)).body.policies[0]
    return next(str(rule.rule_id) for rule in found.rules if rule.rule_type == "BACKUP")


def execute(backup: Any, policy: str) -> str:
    request = hbr.ExecutePolicyV2Request(policy_id=policy, rule_id=backup_rule(backup, policy))
    return str(backup.execute_policy_v2(request).body.job_id)


def test_a_job_runs_and_ends_by_the_clock(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """A job is RUNNING with a growing part done, then COMPLETE, and its snapshot has the data's size."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    job = execute(enrolled, policy)
    cloud.advance(30)
    (shown,) = jobs(enrolled)
    assert (shown.job_id, shown.status, shown.trigger_mode) == (job, "RUNNING", "MANUAL")
    assert 0 < shown.bytes_done < shown.bytes_total == 5368709120
    cloud.advance(60)
    (shown,) = jobs(enrolled)
    assert (shown.status, shown.progress, shown.bytes_done) == ("COMPLETE", 10000, 5368709120)
    assert (shown.cross_account_user_id, shown.bucket, shown.plan_id) == (MEMBER, BUCKET, policy)
    (snapshot,) = snapshots(enrolled, vault)
    assert (snapshot.job_id, snapshot.bytes_total, snapshot.status) == (job, 5368709120, "COMPLETE")
    assert snapshot.expire_time - snapshot.complete_time == 30 * DAY


@pytest.mark.parametrize(("outcome", "kept"), [("COMPLETE", 1), ("PARTIAL_COMPLETE", 1), ("FAILED", 0), ("EXPIRED", 0)])
def test_the_landing_zone_says_how_a_job_ends(
    cloud: LocalCloud, enrolled: Any, vault: str, outcome: str, kept: int
) -> None:
    """The outcome of a data source is its jobs' status; a failed job, or one that timed out, leaves nothing."""
    landing_zone(cloud, BUCKET, outcome=outcome, seconds=10)
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    execute(enrolled, policy)
    cloud.advance(11)
    assert [job.status for job in jobs(enrolled)] == [outcome]
    assert [snapshot.status for snapshot in snapshots(enrolled, vault)] == [outcome] * kept


def test_a_schedule_runs_every_day(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """After three days there are three jobs, made by the schedule; a suspended binding makes none."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    bind(enrolled, policy, "NAS", "1ca404prod", disabled="true")
    cloud.advance(3 * DAY + 120)
    assert [(job.bucket, job.trigger_mode) for job in jobs(enrolled)] == [(BUCKET, "SCHEDULE")] * 3


def test_a_run_waits_for_the_one_before(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """While a job goes on, its schedule starts no other."""
    landing_zone(cloud, BUCKET, seconds=1.5 * DAY)
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    cloud.advance(4 * DAY + 120)
    assert len(jobs(enrolled)) == 2


def test_a_changed_schedule_replaces_the_old(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """After an update only the new rules run."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    weekly = [
        hbr.UpdatePolicyV2RequestRules(**{name: value for name, value in vars(rule).items() if value is not None})
        for rule in rules(vault, schedule=WEEKLY)
    ]
    enrolled.update_policy_v2(hbr.UpdatePolicyV2Request(policy_id=policy, rules=weekly))
    cloud.advance(7 * DAY + 120)
    assert len(jobs(enrolled)) == 1


def test_old_snapshots_expire(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """A backup is gone after its retention, while the newer ones stay."""
    policy = create_policy(enrolled, vault, retention=2)
    bind(enrolled, policy, "OSS", BUCKET)
    cloud.advance(5 * DAY + 120)
    assert len(jobs(enrolled)) == 5
    assert len(snapshots(enrolled, vault)) == 2


def test_backups_outlive_what_made_them(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """Deleting binding, policy and registration keeps the snapshots."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    execute(enrolled, policy)
    cloud.advance(120)
    unbind = hbr.DeletePolicyBindingRequest(policy_id=policy, source_type="OSS", data_source_ids=[BUCKET])
    enrolled.delete_policy_binding(unbind)
    enrolled.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id=policy))
    enrolled.delete_cross_account(
        hbr.DeleteCrossAccountRequest(cross_account_user_id=MEMBER, cross_account_role_name=ROLE)
    )
    assert len(snapshots(enrolled, vault)) == 1


def test_a_deregistered_account_is_backed_up_no_more(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """What still runs by schedule fails and says why."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    enrolled.delete_cross_account(
        hbr.DeleteCrossAccountRequest(cross_account_user_id=MEMBER, cross_account_role_name=ROLE)
    )
    cloud.advance(DAY + 120)
    assert [(job.status, job.error_message) for job in jobs(enrolled)] == [("FAILED", "NoPermission")]


def test_a_deregistration_may_have_to_wait_for_jobs(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """Under the guess ``delete_while_running_code`` an account with a running job stays until the job has ended."""
    request = hbr.DeleteCrossAccountRequest(cross_account_user_id=MEMBER, cross_account_role_name=ROLE)
    cloud.guess(delete_while_running_code="CrossAccountInUse")
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    execute(enrolled, policy)
    with pytest.raises(ClientException) as refusal:
        enrolled.delete_cross_account(request)
    assert (refusal.value.code, refusal.value.status_code) == ("CrossAccountInUse", 400)
    cloud.advance(120)
    assert enrolled.delete_cross_account(request).body.success


def test_a_role_without_rights_fails_the_job(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """Every job really assumes the role: detach its policy and the next run fails; so it does without the role."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    inside = cloud.client("ram", key=cloud.into(str(MEMBER)))
    inside.detach_policy_from_role(
        ram.DetachPolicyFromRoleRequest(policy_type="System", policy_name="AliyunHBRRolePolicy", role_name=ROLE)
    )
    execute(enrolled, policy)
    inside.delete_role(ram.DeleteRoleRequest(role_name=ROLE))
    execute(enrolled, policy)
    assert [(job.status, job.error_message) for job in jobs(enrolled)] == [
        ("FAILED", "RoleNotExist"),
        ("FAILED", "NoPermission"),
    ]


def test_jobs_are_filtered_and_sorted(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """By status, id and time; newest first unless asked otherwise."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    first = execute(enrolled, policy)
    cloud.advance(120)
    second = execute(enrolled, policy)

    def found(key: str, *values: str, operator: str | None = None, **more: Any) -> list[str]:
        by = hbr.DescribeBackupJobs2RequestFilters(key=key, values=list(values), operator=operator)
        request = hbr.DescribeBackupJobs2Request(filters=[by], **more)
        return [job.job_id for job in enrolled.describe_backup_jobs_2(request).body.backup_jobs.backup_job]

    assert found("Status", "RUNNING") == [second]
    assert found("VaultId", vault) == [second, first]
    assert found("VaultId", vault, sort_direction="ASCEND") == [first, second]
    assert found("CompleteTime", "1", operator="GREATER_THAN") == [first]
    assert found("JobId", first, "job-unknown") == [first]
    assert found("Status", "RUNNING", source_type="NAS") == []


def test_a_cancelled_job_leaves_nothing(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """It stays CANCELED after its time, has no snapshot, and cannot be cancelled twice."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    cancel = hbr.CancelBackupJobRequest(job_id=execute(enrolled, policy), vault_id=vault)
    enrolled.cancel_backup_job(cancel)
    cloud.advance(120)
    assert [job.status for job in jobs(enrolled)] == ["CANCELED"]
    assert snapshots(enrolled, vault) == []
    with pytest.raises(ClientException) as refusal:
        enrolled.cancel_backup_job(cancel)
    assert refusal.value.code == "BadRequest"


def test_a_plan_runs_by_itself_and_keeps_its_backups(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """Daily, not while disabled, and what it made stays when it is deleted; its name is taken meanwhile."""
    create = hbr.CreateBackupPlanRequest(
        **CROSS, source_type="NAS", plan_name="nas", file_system_id="1ca404prod", create_time=1, vault_id=vault,
        backup_type="COMPLETE", schedule=DAILY, retention=7,
    )  # fmt: skip
    plan = enrolled.create_backup_plan(create).body.plan_id
    with pytest.raises(ClientException) as refusal:
        enrolled.create_backup_plan(create)
    assert refusal.value.code == "BadRequest"
    cloud.advance(DAY + 120)
    named = {"plan_id": plan, "vault_id": vault, "source_type": "NAS"}
    enrolled.disable_backup_plan(hbr.DisableBackupPlanRequest(**named))
    cloud.advance(2 * DAY)
    (shown,) = enrolled.describe_backup_plans(hbr.DescribeBackupPlansRequest()).body.backup_plans.backup_plan
    assert (shown.disabled, shown.cross_account_user_id, shown.file_system_id) == (True, MEMBER, "1ca404prod")
    enrolled.delete_backup_plan(hbr.DeleteBackupPlanRequest(**named))
    assert [snapshot.file_system_id for snapshot in snapshots(enrolled, vault, "NAS")] == ["1ca404prod"]


def test_a_plan_needs_a_reachable_source(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """Without the role in the member account no plan is made."""
    inside = cloud.client("ram", key=cloud.into(str(MEMBER)))
    inside.detach_policy_from_role(
        ram.DetachPolicyFromRoleRequest(policy_type="System", policy_name="AliyunHBRRolePolicy", role_name=ROLE)
    )
    inside.delete_role(ram.DeleteRoleRequest(role_name=ROLE))
    create = hbr.CreateBackupPlanRequest(
        **CROSS, source_type="OSS", plan_name="oss", bucket=BUCKET, vault_id=vault, schedule=DAILY
    )
    with pytest.raises(ClientException) as refusal:
        enrolled.create_backup_plan(create)
    assert (refusal.value.code, refusal.value.status_code) == ("RoleNotExist", 404)


def instance_backup(cloud: LocalCloud, backup: Any) -> str:
    create = hbr.CreateBackupJobRequest(
        **CROSS, source_type="UDM_ECS", instance_id=INSTANCE, backup_type="COMPLETE", retention=7
    )
    backup.create_backup_job(create)
    cloud.advance(120)
    now = int(cloud.advance(0))
    request = hbr.DescribeUdmSnapshotsRequest(
        source_type="UDM_ECS", udm_region_id=REGION, start_time=now - DAY, end_time=now
    )
    (snapshot,) = backup.describe_udm_snapshots(request).body.snapshots
    assert (snapshot.instance_id, snapshot.bytes_total) == (INSTANCE, 42949672960)
    return str(snapshot.snapshot_id)


def test_an_instance_goes_back_to_its_own_account_only(cloud: LocalCloud, enrolled: Any) -> None:
    """The backup of an ECS instance is restored in its source account and refused in the backup account."""
    restore = {
        "restore_type": "UDM_ECS_ROLLBACK",
        "source_type": "UDM_ECS",
        "snapshot_id": instance_backup(cloud, enrolled),
        "udm_detail": {"sourceInstanceId": INSTANCE},
    }
    with pytest.raises(ClientException) as refusal:
        enrolled.create_restore_job(hbr.CreateRestoreJobRequest(**restore))
    assert refusal.value.code == "BadRequest"
    assert enrolled.create_restore_job(hbr.CreateRestoreJobRequest(**CROSS, **restore)).body.restore_id


def restores(backup: Any) -> list[Any]:
    found: list[Any] = backup.describe_restore_jobs_2(hbr.DescribeRestoreJobs2Request()).body.restore_jobs.restore_job
    return found


def test_other_data_may_go_to_any_account(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """Objects of a member are restored into a bucket of the backup account, and the job ends by the clock."""
    state = cloud.state()
    state["accounts"][cloud.accounts["backup"]]["resources"] = [{"kind": "OSS", "id": "drill", "region": REGION}]
    cloud.load(state)
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    execute(enrolled, policy)
    cloud.advance(120)
    (snapshot,) = snapshots(enrolled, vault)
    fields = {"restore_type": "OSS", "source_type": "OSS", "snapshot_id": snapshot.snapshot_id, "vault_id": vault}
    enrolled.create_restore_job(hbr.CreateRestoreJobRequest(**fields, target_bucket="drill", target_prefix="/t"))
    assert [job.status for job in restores(enrolled)] == ["RUNNING"]
    cloud.advance(120)
    (job,) = restores(enrolled)
    assert (job.status, job.bytes_done, job.target_bucket, job.target_prefix) == ("COMPLETE", 5368709120, "drill", "/t")
    for wrong in ({"target_bucket": "unknown"}, {}):
        with pytest.raises(ClientException):
            enrolled.create_restore_job(hbr.CreateRestoreJobRequest(**fields, **wrong))


def test_snapshots_are_searched_by_conditions(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """A vault must be named; other fields narrow; a limit of 0 only counts; tokens page."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    cloud.advance(3 * DAY + 120)
    in_vault = {"field": "VaultId", "value": vault, "operation": "MATCH_TERM"}

    def search(*query: Any, **more: Any) -> Any:
        request = hbr.SearchHistoricalSnapshotsRequest(query=list(query), source_type="OSS", **more)
        return enrolled.search_historical_snapshots(request).body

    every = search(in_vault).snapshots.snapshot
    assert len(every) == 3
    later = {"field": "CompleteTime", "value": str(every[1].complete_time), "operation": "GREATER_THAN_OR_EQUAL"}
    assert [each.snapshot_id for each in search(in_vault, later).snapshots.snapshot] == [
        each.snapshot_id for each in every[1:]
    ]
    counted = search(in_vault, limit=0)
    assert (counted.snapshots.snapshot, counted.total_count) == ([], 3)
    first = search(in_vault, limit=2)
    second = search(in_vault, limit=2, next_token=first.next_token)
    assert [len(page.snapshots.snapshot) for page in (first, second)] == [2, 1]
    with pytest.raises(ClientException) as refusal:
        search(later)
    assert refusal.value.code == "BadRequest"


def test_a_dump_carries_what_is_still_to_come(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """A state that is loaded again goes on: its running jobs end and its schedules run."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", BUCKET)
    execute(enrolled, policy)
    cloud.load(cloud.state())
    cloud.advance(DAY + 120)
    assert [job.status for job in jobs(enrolled)] == ["COMPLETE", "COMPLETE"]
