"""The watch over what is done in the backup account: about whom it is, and that every restorable point stays."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_hbr20170908 import models as hbr

from tests.cloud import LocalCloud
from tests.emulator.hbr.conftest import CROSS, DAILY, MEMBER, ROLE, bind, create_policy, create_vault, rules

BACKUP = "1000000000000002"
INSTANCE = "i-prod0000000000001"
WATCHED = {
    "arn": f"acs:ram::{BACKUP}:user/backup-operator",
    "session": "nobody",
    "backup_account": BACKUP,
    "trusts": f"acs:ram::{BACKUP}:role/AliyunServiceRoleForHbrCrossAccountBackup",
    "mark": "ours:",
    "policies": [],
}


class Backups:
    """What there is of the member account before the watch begins: a vault, a policy, SAP HANA, a suspended binding."""

    def __init__(self, cloud: LocalCloud, api: Any) -> None:
        self.cloud, self.api = cloud, api
        self.vault = create_vault(cloud, api)
        self.policy = create_policy(api, self.vault)
        bind(api, self.policy, "NAS", "1ca404prod")
        self.switch(disabled=True)
        fields = {"vault_id": self.vault, "ecs_instance_id": json.dumps([INSTANCE]), "hana_name": "erp", "sid": "HXE"}
        self.cluster = api.create_hana_instance(hbr.CreateHanaInstanceRequest(**CROSS, **fields)).body.cluster_id

    def switch(self, *, disabled: bool) -> None:
        """Suspend or resume the binding."""
        source = {"source_type": "NAS", "data_source_id": "1ca404prod"}
        request = hbr.UpdatePolicyBindingRequest(policy_id=self.policy, disabled=disabled, **source)
        self.api.update_policy_binding(request)

    def resume(self) -> None:
        """Let the suspended binding go on."""
        self.switch(disabled=False)

    def bind(self) -> None:
        """Bind another data source."""
        bind(self.api, self.policy, "OSS", "prod-app-data")

    def name_in_rule(self) -> None:
        """Give the policy a tag rule that names the account."""
        account = hbr.UpdatePolicyV2RequestRulesDataSourceFiltersAccounts(**CROSS)
        source = hbr.UpdatePolicyV2RequestRulesDataSourceFilters(source_type="OSS", accounts=[account])
        tag = hbr.UpdatePolicyV2RequestRulesTagFilters(key="backup", operator="EQUAL", value="daily")
        make = hbr.UpdatePolicyV2RequestRules
        tagged = make(rule_type="TAG", tag_filters=[tag], data_source_filters=[source])
        plain = [make().from_map(rule.to_map()) for rule in rules(self.vault)]
        self.api.update_policy_v2(hbr.UpdatePolicyV2Request(policy_id=self.policy, rules=[*plain, tagged]))

    def install(self) -> None:
        """Install a client on the account's instance."""
        self.api.install_backup_clients(hbr.InstallBackupClientsRequest(**CROSS, instance_ids=[INSTANCE]))

    def plan_hana(self) -> None:
        """Plan backups of the SAP HANA instance."""
        fields = {"database_name": "HXE", "plan_name": "erp", "backup_type": "COMPLETE", "schedule": DAILY}
        request = hbr.CreateHanaBackupPlanRequest(cluster_id=self.cluster, vault_id=self.vault, **fields)
        self.api.create_hana_backup_plan(request)

    def deregister(self) -> None:
        """End the registration."""
        fields = {"cross_account_user_id": MEMBER, "cross_account_role_name": ROLE}
        self.api.delete_cross_account(hbr.DeleteCrossAccountRequest(**fields))

    def unbind(self) -> None:
        """Take the binding away."""
        request = hbr.DeletePolicyBindingRequest(
            policy_id=self.policy, source_type="NAS", data_source_ids=["1ca404prod"]
        )
        self.api.delete_policy_binding(request)

    def watch(self, *, left: bool = False, **more: Any) -> None:
        """Begin; ``left`` takes the member account out of the directory first."""
        state = self.cloud.state()
        if left:
            del state["directory"]["members"][str(MEMBER)]
        self.cloud.load(state)
        self.cloud.watch(**WATCHED, **more)

    def seen(self) -> list[str]:
        """What the watch says."""
        return [found["what"] for found in self.cloud.violations()]


@pytest.fixture
def backups(cloud: LocalCloud, enrolled: Any) -> Backups:
    return Backups(cloud, enrolled)


Work = Callable[[Backups], None]
BEGINNING = (Backups.bind, Backups.resume, Backups.name_in_rule, Backups.install, Backups.plan_hana)


@pytest.mark.parametrize("work", BEGINNING, ids=lambda work: work.__name__)
def test_what_is_begun_for_a_stranger_is_seen(backups: Backups, work: Work) -> None:
    """However a request names the account: in an item, in a rule, by a cluster or a binding that is there."""
    backups.watch(left=True)
    work(backups)
    (what,) = backups.seen()
    assert what == f"a write in or about account {MEMBER}, which is neither listed nor declared"


@pytest.mark.parametrize("work", BEGINNING, ids=lambda work: work.__name__)
def test_what_is_begun_for_an_account_out_of_scope_is_seen(backups: Backups, work: Work) -> None:
    """The same of a member that is to be left out."""
    backups.watch(out_of_scope=[str(MEMBER)])
    work(backups)
    (what,) = backups.seen()
    assert what == f"account {MEMBER} is out of scope, but is being enrolled"


@pytest.mark.parametrize("whose", [{}, {"left": True, "declared": [str(MEMBER)]}], ids=["member", "declared"])
@pytest.mark.parametrize("work", BEGINNING, ids=lambda work: work.__name__)
def test_what_is_begun_for_one_of_us_is_no_violation(backups: Backups, work: Work, whose: dict[str, Any]) -> None:
    """Nor is it for an account outside the directory that is declared."""
    backups.watch(**whose)
    work(backups)
    assert backups.seen() == []


def test_what_ends_something_for_a_stranger_is_no_violation(backups: Backups) -> None:
    """Whoever has left is suspended, unbound and deregistered; and a rule is replaced with those whom it named."""
    backups.name_in_rule()
    backups.watch(left=True)
    backups.name_in_rule()
    backups.switch(disabled=True)
    backups.unbind()
    backups.deregister()
    assert backups.seen() == []


def test_a_restorable_point_that_a_request_takes_away_is_seen(backups: Backups) -> None:
    """Deleting a vault takes its points along; one whose own retention ends is not taken away by anybody."""
    vault = create_vault(backups.cloud, backups.api, vault_name="second")
    bind(backups.api, create_policy(backups.api, vault, retention=2), "OSS", "prod-app-data")
    backups.cloud.advance(86_400)
    points = {one["id"]: one for one in backups.cloud.state()["hbr"]["snapshots"].values()}
    assert {one["vault_id"] for one in points.values()} == {vault}
    backups.watch()
    backups.cloud.advance(4 * 86_400)
    backups.unbind()
    assert not set(points) <= set(backups.cloud.state()["hbr"]["snapshots"])
    assert backups.seen() == []
    backups.watch()
    for one in backups.api.describe_policies_v2(hbr.DescribePoliciesV2Request()).body.policies:
        backups.api.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id=one.policy_id))
    left = set(backups.cloud.state()["hbr"]["snapshots"])
    assert left
    backups.api.delete_vault(hbr.DeleteVaultRequest(vault_id=vault))
    assert set(backups.seen()) == {f"the restorable point {point} is gone" for point in left}
