"""What the tests of Cloud Backup share: a member account that is enrolled by hand, as the product's page says."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

MEMBER = 1000000000000011
OTHER = 1000000000000012
ROLE = "hbrcrossrole"
REGION = "cn-hangzhou"
START = int(time.time()) - 43200
DAILY, WEEKLY = f"I|{START}|P1D", f"I|{START}|P1W"
"""Schedules whose runs fall half a day away from the start of a test."""
CROSS = {"cross_account_type": "CROSS_ACCOUNT", "cross_account_user_id": MEMBER, "cross_account_role_name": ROLE}


@pytest.fixture
def backup(cloud: LocalCloud) -> Any:
    """Cloud Backup in the backup account."""
    return cloud.client("hbr", account="backup")


def link(cloud: LocalCloud) -> str:
    """Create the service-linked role of cross-account backup in the backup account; its ARN."""
    request = ram.CreateServiceLinkedRoleRequest(service_name="crossbackup.hbr.aliyuncs.com")
    answer = cloud.client("ram", account="backup").create_service_linked_role(request)
    return str(answer.body.role.arn)


def create_role(cloud: LocalCloud, trusted: str, *, member: int = MEMBER, policy: str = "AliyunHBRRolePolicy") -> None:
    """Create the backup role in a member account, trusting one principal, with one system policy (or none)."""
    inside = cloud.client("ram", key=cloud.into(str(member)))
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [trusted]}}
    trust = json.dumps({"Statement": [statement], "Version": "1"})
    inside.create_role(ram.CreateRoleRequest(role_name=ROLE, assume_role_policy_document=trust))
    if policy:
        attach = ram.AttachPolicyToRoleRequest(policy_type="System", policy_name=policy, role_name=ROLE)
        inside.attach_policy_to_role(attach)


def register(backup: Any, member: int = MEMBER, **more: Any) -> Any:
    """Add a member account to the backup account."""
    fields = {"cross_account_user_id": member, "cross_account_role_name": ROLE, "alias": "prod-app", **more}
    return backup.add_cross_account(hbr.AddCrossAccountRequest(**fields)).body


@pytest.fixture
def enrolled(cloud: LocalCloud, backup: Any) -> Any:
    """Cloud Backup in the backup account, active, with the member prod-app registered and its role made."""
    create_role(cloud, link(cloud))
    register(backup)
    backup.open_hbr_service()
    return backup


def create_vault(cloud: LocalCloud, backup: Any, **more: Any) -> str:
    """Create a vault and wait until it is ready."""
    fields = {"vault_name": "central", "vault_region_id": REGION, **more}
    vault: str = backup.create_vault(hbr.CreateVaultRequest(**fields)).body.vault_id
    cloud.advance(60)
    return vault


def rules(vault: str | None, *extra: Any, retention: int = 30, schedule: str = DAILY) -> list[Any]:
    """The least that makes a policy: a daily backup and how long it is kept."""
    make = hbr.CreatePolicyV2RequestRules
    backup = make(rule_type="BACKUP", backup_type="COMPLETE", schedule=schedule, vault_id=vault)
    return [backup, make(rule_type="TRANSITION", retention=retention), *extra]


def create_policy(backup: Any, vault: str | None, *extra: Any, **more: Any) -> str:
    """Create a policy."""
    request = hbr.CreatePolicyV2Request(policy_name="daily", rules=rules(vault, *extra, **more))
    policy: str = backup.create_policy_v2(request).body.policy_id
    return policy


def bind(backup: Any, policy: str, source_type: str, data_source: str, **more: Any) -> Any:
    """Bind one data source of the member account to a policy."""
    item = hbr.CreatePolicyBindingsRequestPolicyBindingList(
        source_type=source_type, data_source_id=data_source, **{**CROSS, **more}
    )
    request = hbr.CreatePolicyBindingsRequest(policy_id=policy, policy_binding_list=[item])
    return backup.create_policy_bindings(request).body


def jobs(backup: Any, source_type: str | None = None) -> list[Any]:
    """All backup jobs of a type, newest first."""
    answer = backup.describe_backup_jobs_2(hbr.DescribeBackupJobs2Request(source_type=source_type, page_size=99))
    found: list[Any] = answer.body.backup_jobs.backup_job
    return found


def snapshots(backup: Any, vault: str, source_type: str | None = None) -> list[Any]:
    """All snapshots in a vault, oldest first."""
    query = [{"field": "VaultId", "value": vault, "operation": "MATCH_TERM"}]
    request = hbr.SearchHistoricalSnapshotsRequest(query=query, source_type=source_type, limit=100)
    found: list[Any] = backup.search_historical_snapshots(request).body.snapshots.snapshot
    return found
