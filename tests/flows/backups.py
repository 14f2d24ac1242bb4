"""Backups made by hand in the backup account, with the official SDK: what the product page's step 5 leaves behind."""

from __future__ import annotations

import time
from typing import Any

from alibabacloud_hbr20170908 import models as hbr

from shared.backups import PLAIN_MARK
from shared.config import MARK
from tests.cloud import Key
from tests.flows.world import BACKUP, PROD, World

ROLE = "hbrcrossrole"
START = int(time.time()) - 43_200
DAILY = f"I|{START}|P1D"
"""A schedule whose runs are half a day away from the start of a test."""
HOUR = 3600


def cross(account_id: str, owner: str = BACKUP) -> dict[str, Any]:
    """The parameters that name a member account; none for the backup account itself."""
    if account_id == owner:
        return {}
    return {
        "cross_account_type": "CROSS_ACCOUNT",
        "cross_account_user_id": int(account_id),
        "cross_account_role_name": ROLE,
    }


class Backups:
    """The backup account, worked on by a person."""

    def __init__(self, world: World, region: str = "cn-hangzhou", key: Key | None = None) -> None:
        self.world = world
        self.region = region
        self.owner: str = world.config["backup_account"]["id"]
        self.api = world.cloud.client("hbr", account="backup", key=key, region=region)

    def open(self) -> Backups:
        """Activate Cloud Backup."""
        self.api.open_hbr_service()
        return self

    def vault(self, name: str = "central", *, ours: bool = True, **more: Any) -> str:
        """A vault that is ready."""
        fields = {"vault_name": name, "vault_region_id": self.region, "description": marked(name, ours=ours), **more}
        vault: str = self.api.create_vault(hbr.CreateVaultRequest(**fields)).body.vault_id
        self.world.cloud.advance(60)
        self.world.key = self.world.cloud.as_function()
        return vault

    def policy(self, vault: str | None, name: str = "daily", *, ours: bool = True, days: int = 30) -> str:
        """A daily policy; without a vault it is one for ECS instances."""
        make = hbr.CreatePolicyV2RequestRules
        rules = [
            make(rule_type="BACKUP", backup_type="COMPLETE", schedule=DAILY, vault_id=vault),
            make(rule_type="TRANSITION", retention=days),
        ]
        request = hbr.CreatePolicyV2Request(policy_name=name, policy_description=marked(name, ours=ours), rules=rules)
        policy: str = self.api.create_policy_v2(request).body.policy_id
        return policy

    def bind(self, policy: str, kind: str, source: str, account_id: str = PROD, *, ours: bool = True) -> None:
        """Bind one data source of an account."""
        item = hbr.CreatePolicyBindingsRequestPolicyBindingList(
            source_type=kind,
            data_source_id=source,
            policy_binding_description=marked(source, ours=ours),
            **cross(account_id, self.owner),
        )
        self.api.create_policy_bindings(hbr.CreatePolicyBindingsRequest(policy_id=policy, policy_binding_list=[item]))

    def plan(self, vault: str, bucket: str, account_id: str = PROD, *, ours: bool = True) -> str:
        """A backup plan of the older kind."""
        request = hbr.CreateBackupPlanRequest(
            source_type="OSS",
            bucket=bucket,
            vault_id=vault,
            plan_name=f"{PLAIN_MARK}-{bucket}" if ours else f"by-hand-{bucket}",
            schedule=DAILY,
            retention=30,
            backup_type="COMPLETE",
            **cross(account_id, self.owner),
        )
        plan: str = self.api.create_backup_plan(request).body.plan_id
        return plan

    def run(self, policy: str) -> None:
        """Back up everything that is bound to a policy now, and wait until that is done."""
        (found,) = self.api.describe_policies_v2(hbr.DescribePoliciesV2Request(policy_id=policy)).body.policies
        rule = next(rule.rule_id for rule in found.rules if rule.rule_type == "BACKUP")
        self.api.execute_policy_v2(hbr.ExecutePolicyV2Request(policy_id=policy, rule_id=rule))
        self.world.cloud.advance(300)
        self.world.key = self.world.cloud.as_function()

    def suspend(self, policy: str, source: str, kind: str = "OSS") -> None:
        """Suspend one binding, as a person would."""
        request = hbr.UpdatePolicyBindingRequest(
            policy_id=policy, source_type=kind, data_source_id=source, disabled=True
        )
        self.api.update_policy_binding(request)

    def day(self, days: float = 1) -> None:
        """Let time pass; sessions expire meanwhile."""
        self.world.cloud.advance(days * 24 * HOUR)
        self.world.key = self.world.cloud.as_function()

    def state(self, of: str) -> list[dict[str, Any]]:
        """What the emulator knows of these: ``bindings``, ``plans``, ``vaults``, ``snapshots`` and so on."""
        records: dict[str, dict[str, Any]] = self.world.cloud.state()["hbr"][of]
        return [one for one in records.values() if (one["owner"], one["region"]) == (self.owner, self.region)]

    def points(self, account_id: str = PROD) -> list[str]:
        """The ids of an account's restorable points."""
        return sorted(one["id"] for one in self.state("snapshots") if one["place"]["account_id"] == account_id)


def marked(text: str, *, ours: bool) -> str:
    """A description that bears our mark, or somebody's own."""
    return f"{MARK} {text}" if ours else f"made by hand: {text}"
