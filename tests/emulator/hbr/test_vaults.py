from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_tea_openapi.exceptions import ClientException

from tests.emulator.hbr.conftest import REGION, bind, create_policy, create_vault, jobs, rules, snapshots

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.cloud import LocalCloud


def vaults(backup: Any, **more: Any) -> list[Any]:
    found: list[Any] = backup.describe_vaults(hbr.DescribeVaultsRequest(**more)).body.vaults.vault
    return found


def delete(backup: Any, vault: str) -> Any:
    return backup.delete_vault(hbr.DeleteVaultRequest(vault_id=vault)).body


def code_of(refusal: pytest.ExceptionInfo[ClientException]) -> str:
    return str(refusal.value.code)


def test_a_vault_becomes_ready_by_the_clock(cloud: LocalCloud, enrolled: Any) -> None:
    """A new vault initializes first; only after that is it CREATED and its task completed."""
    made = enrolled.create_vault(hbr.CreateVaultRequest(vault_name="v", vault_region_id=REGION)).body
    task = hbr.DescribeTaskRequest(task_id=made.task_id)
    assert [vault.status for vault in vaults(enrolled)] == ["INITIALIZING"]
    assert enrolled.describe_task(task).body.description == "created"
    cloud.advance(60)
    assert [vault.status for vault in vaults(enrolled)] == ["CREATED"]
    assert enrolled.describe_task(task).body.description == "completed"


def test_the_state_shows_a_ready_vault_without_a_call(cloud: LocalCloud, enrolled: Any) -> None:
    """What falls due is done when the clock says so, not when somebody looks."""
    vault = create_vault(cloud, enrolled)
    assert cloud.state()["hbr"]["vaults"][vault]["status"] == "CREATED"


def test_an_account_has_100_vaults_at_most(enrolled: Any) -> None:
    """The 101st is refused."""
    request = hbr.CreateVaultRequest(vault_name="v", vault_region_id=REGION)
    for _ in range(100):
        enrolled.create_vault(request)
    with pytest.raises(ClientException) as refusal:
        enrolled.create_vault(request)
    assert code_of(refusal) == "BadRequest"


def test_a_vault_s_region_is_its_endpoint_s(enrolled: Any) -> None:
    """A vault of another region cannot be made here."""
    with pytest.raises(ClientException) as refusal:
        enrolled.create_vault(hbr.CreateVaultRequest(vault_name="v", vault_region_id="cn-shanghai"))
    assert code_of(refusal) == "BadRequest"


def test_a_vault_of_another_region_is_unknown(cloud: LocalCloud, enrolled: Any) -> None:
    """The endpoint of another region neither lists nor deletes it."""
    vault = create_vault(cloud, enrolled)
    elsewhere = cloud.client("hbr", account="backup", region="cn-shanghai")
    assert vaults(elsewhere) == []
    with pytest.raises(ClientException) as refusal:
        delete(elsewhere, vault)
    assert code_of(refusal) == "VaultNotExist"


def test_vaults_are_found_by_filters(cloud: LocalCloud, enrolled: Any) -> None:
    """Name, type and status each narrow the list."""
    one = create_vault(cloud, enrolled, vault_name="one")
    two = create_vault(cloud, enrolled, vault_name="two", vault_type="OTS_BACKUP")
    assert [vault.vault_id for vault in vaults(enrolled)] == [one, two]
    assert [vault.vault_id for vault in vaults(enrolled, vault_name="one")] == [one]
    assert [vault.vault_id for vault in vaults(enrolled, vault_type="OTS_BACKUP")] == [two]
    assert vaults(enrolled, status="INITIALIZING") == []
    assert vaults(enrolled, vault_id="v-unknown") == []


def test_a_young_vault_is_not_deleted(enrolled: Any) -> None:
    """While it initializes a vault cannot be deleted."""
    vault = enrolled.create_vault(hbr.CreateVaultRequest(vault_name="v", vault_region_id=REGION)).body.vault_id
    with pytest.raises(ClientException) as refusal:
        delete(enrolled, vault)
    assert code_of(refusal) == "BadRequest"


def test_a_vault_with_a_policy_is_not_deleted(cloud: LocalCloud, enrolled: Any) -> None:
    """As long as a policy names it; then it goes."""
    vault = create_vault(cloud, enrolled)
    policy = create_policy(enrolled, vault)
    with pytest.raises(ClientException) as refusal:
        delete(enrolled, vault)
    assert code_of(refusal) == "VaultBoundPolicyCannotBeDeleted"
    enrolled.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id=policy))
    assert delete(enrolled, vault).success
    assert vaults(enrolled) == []


def test_deleting_a_vault_destroys_what_is_in_it(cloud: LocalCloud, enrolled: Any) -> None:
    """Jobs and snapshots go with the vault, where deleting the policy had left them."""
    vault = create_vault(cloud, enrolled)
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", "prod-app-data")
    cloud.advance(86400 + 120)
    enrolled.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id=policy))
    assert len(snapshots(enrolled, vault)) == 1
    delete(enrolled, vault)
    state = cloud.state()["hbr"]
    assert (state["snapshots"], state["jobs"]) == ({}, {})


def test_a_locked_vault_keeps_its_backups(cloud: LocalCloud, enrolled: Any) -> None:
    """A lock cannot be taken off, and neither vault nor snapshot can be deleted before the retention ends."""
    vault = create_vault(cloud, enrolled)
    enrolled.update_vault(hbr.UpdateVaultRequest(vault_id=vault, worm_enabled=True))
    policy = create_policy(enrolled, vault, retention=2)
    bind(enrolled, policy, "OSS", "prod-app-data")
    cloud.advance(86400 + 120)
    (snapshot,) = snapshots(enrolled, vault)
    enrolled.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id=policy))
    refusals: tuple[Callable[[], Any], ...] = (
        lambda: enrolled.update_vault(hbr.UpdateVaultRequest(vault_id=vault, worm_enabled=False)),
        lambda: delete(enrolled, vault),
        lambda: enrolled.delete_snapshot(hbr.DeleteSnapshotRequest(snapshot_id=snapshot.snapshot_id, vault_id=vault)),
    )
    for refused in refusals:
        with pytest.raises(ClientException) as refusal:
            refused()
        assert code_of(refusal) == "BadRequest"
    cloud.advance(2 * 86400)
    assert delete(enrolled, vault).success


def test_a_replicated_vault_has_a_mirror(cloud: LocalCloud, enrolled: Any) -> None:
    """A REPLICATION rule makes a vault in the other region, fills it too, and protects the source from deletion."""
    vault = create_vault(cloud, enrolled)
    copy = hbr.CreatePolicyV2RequestRules(rule_type="REPLICATION", replication_region_id="cn-shanghai", retention=30)
    policy = create_policy(enrolled, vault, copy)
    bind(enrolled, policy, "OSS", "prod-app-data")
    cloud.advance(86400 + 120)
    elsewhere = cloud.client("hbr", account="backup", region="cn-shanghai")
    (mirror,) = vaults(elsewhere)
    assert (mirror.replication, mirror.replication_source_vault_id) == (True, vault)
    assert len(snapshots(elsewhere, mirror.vault_id)) == 1
    enrolled.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id=policy))
    with pytest.raises(ClientException) as refusal:
        delete(enrolled, vault)
    assert code_of(refusal) == "CannotDeleteReplicationSourceVault"
    delete(elsewhere, mirror.vault_id)
    assert delete(enrolled, vault).success


def test_a_vault_counts_what_is_stored(cloud: LocalCloud, enrolled: Any) -> None:
    """Sizes are the landing zone's; kinds of data are named."""
    vault = create_vault(cloud, enrolled)
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", "prod-app-data")
    bind(enrolled, policy, "NAS", "1ca404prod")
    cloud.advance(86400 + 120)
    (shown,) = vaults(enrolled)
    assert shown.storage_size == 5368709120 + 1073741824
    assert shown.snapshot_count == 2
    assert shown.source_types.source_type == ["NAS", "OSS"]


def test_a_vault_that_is_not_ready_takes_no_policy(enrolled: Any) -> None:
    """Only a CREATED vault can be backed up to."""
    vault = enrolled.create_vault(hbr.CreateVaultRequest(vault_name="v", vault_region_id=REGION)).body.vault_id
    with pytest.raises(ClientException) as refusal:
        enrolled.create_policy_v2(hbr.CreatePolicyV2Request(policy_name="p", rules=rules(vault)))
    assert code_of(refusal) == "BadRequest"
    assert jobs(enrolled) == []
