"""What there is before a flow begins."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from shared.backups import PLAIN_MARK
from shared.member import DESCRIPTION
from tests.flows.backups import DAILY, START, Backups, cross
from tests.flows.test_dead_letters import set_aside
from tests.flows.world import BACKUP, MANAGEMENT, PROD, REGIONS, SLR, TEST
from tests.matrix.ends import ROLE
from tests.matrix.platform import Platform

Work = Callable[[Platform], None]
HERE = REGIONS[:1]
INSTANCE = "i-prod0000000000001"
UNHEARD = "1000000000001001"
"""The first account that is created."""
SWEEPS = 3
"""First the vault is made, then, when it is ready, what needs it."""


def policy(name: str, kind: str, *sources: tuple[str, str], **more: Any) -> dict[str, Any]:
    """A backup policy of the configuration."""
    found = {"name": name, "kind": kind, "regions": list(HERE), "vault": {"name": "central"}, "schedule": DAILY}
    return {
        **found,
        "retention_days": 30,
        "sources": [{"account": one, "id": source} for one, source in sources],
        **more,
    }


BUCKETS = policy("buckets", "oss", (PROD, "prod-app-data"), (TEST, "test-app-data"))
FILES = policy("files", "ecs_files", (PROD, INSTANCE), install_client=True)
HANA = policy("erp", "hana", (PROD, "erp/SYSTEMDB"))
BY_TAG = policy("by-tag", "oss", tags={"backup": "daily"})


def enrolled(*accounts: str) -> Work:
    def prepare(platform: Platform) -> None:
        for account in accounts:
            assert platform.world.enrol(account)["state"] == "protected"

    return prepare


def wanting(*policies: dict[str, Any], regions: tuple[str, ...] = HERE) -> Work:
    """These policies for every account, in one region, so that no call is made twice for nothing."""

    def prepare(platform: Platform) -> None:
        names = [one["name"] for one in policies]
        enrolment = {"backup_policies": names, "regions": list(regions)}
        platform.world.configure(backup_policies=list(policies), enrolment=enrolment, sweep={"deep_days": 1})
        if BACKUP not in platform.cloud.state()["hbr"]["opened"]:
            Backups(platform.world).open()

    return prepare


def swept(platform: Platform) -> None:
    """Everything is there, and bound."""
    for _ in range(SWEEPS):
        platform.world.call("reconcile", {"sweep": "fast"})
        platform.cloud.advance(60)
        platform.world.key = platform.cloud.as_function()
    assert platform.world.call("reconcile", {"sweep": "fast"})["sweep"]["kinds"] == {}


def hana_registered(platform: Platform) -> None:
    """A person with the database's password has registered the instance."""
    a = Backups(platform.world)
    named = {"hana_name": f"{PLAIN_MARK}-erp", "sid": "HXE", "ecs_instance_id": json.dumps([INSTANCE])}
    vault = a.state("vaults")[0]["id"] if a.state("vaults") else a.vault()
    a.api.create_hana_instance(hbr.CreateHanaInstanceRequest(vault_id=vault, **named, **cross(PROD)))


def backed_up(platform: Platform) -> None:
    """There are restorable points of everything that is bound."""
    a = Backups(platform.world)
    for one in a.state("policies"):
        a.run(one["id"])
    assert a.points()


def planned_the_old_way(platform: Platform) -> None:
    """A backup plan of the older kind, of ours."""
    a = Backups(platform.world)
    a.plan(a.state("vaults")[0]["id"], "prod-app-data")


def rescheduled(a: Backups, name: str) -> None:
    """Somebody changes a policy's rules: once a week, kept for a day."""
    (found,) = (one for one in a.state("policies") if one["name"] == name)
    make = hbr.UpdatePolicyV2RequestRules
    weekly = f"I|{START}|P1W"
    rules = [make(rule_type="BACKUP", backup_type="COMPLETE", schedule=weekly, vault_id=a.state("vaults")[0]["id"])]
    rules.append(make(rule_type="TRANSITION", retention=1))
    a.api.update_policy_v2(hbr.UpdatePolicyV2Request(policy_id=found["id"], rules=rules))


def backups_drifted(platform: Platform) -> None:
    """The policy changed, one data source taken out, one suspended, one bound that nobody wants, and a plan missing."""
    a = Backups(platform.world)
    (buckets,) = (one["id"] for one in a.state("policies") if one["name"] == "buckets")
    gone = hbr.DeletePolicyBindingRequest(policy_id=buckets, source_type="OSS", data_source_ids=["prod-app-data"])
    a.api.delete_policy_binding(gone)
    a.suspend(buckets, "test-app-data")
    a.bind(buckets, "NAS", "1ca404prod")
    rescheduled(a, "buckets")
    hana_registered(platform)


def in_member(platform: Platform, account: str) -> Any:
    return platform.cloud.client("ram", key=platform.cloud.into(account))


def trusting(*names: str) -> str:
    """A trust policy."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": list(names)}}
    return json.dumps({"Version": "1", "Statement": [statement]})


def wide_role(platform: Platform) -> None:
    """Our role, let wide open by somebody: a principal too many, a policy too many, and not the one that is needed."""
    document, client = trusting(SLR, f"acs:ram::{MANAGEMENT}:root"), in_member(platform, PROD)
    client.create_role(
        ram.CreateRoleRequest(role_name=ROLE, assume_role_policy_document=document, description=DESCRIPTION)
    )
    attach = ram.AttachPolicyToRoleRequest(policy_type="System", policy_name="ReadOnlyAccess", role_name=ROLE)
    client.attach_policy_to_role(attach)


def drifted(platform: Platform) -> None:
    """Somebody widens the trust, detaches the policy, and takes the registration in one region away."""
    client, document = in_member(platform, PROD), trusting(SLR, f"acs:ram::{PROD}:root")
    client.update_role(ram.UpdateRoleRequest(role_name=ROLE, new_assume_role_policy_document=document))
    detach = ram.DetachPolicyFromRoleRequest(policy_type="System", policy_name="AliyunHBRRolePolicy", role_name=ROLE)
    client.detach_policy_from_role(detach)
    request = hbr.DeleteCrossAccountRequest(cross_account_user_id=int(PROD), cross_account_role_name=ROLE)
    platform.cloud.client("hbr", account="backup", region=REGIONS[1]).delete_cross_account(request)


def moved(folder: str) -> Work:
    """Somebody moves the production account."""

    def prepare(platform: Platform) -> None:
        request = rd.MoveAccountRequest(account_id=PROD, destination_folder_id=folder)
        platform.cloud.client("resourcedirectory").move_account(request)

    return prepare


OUT, IN = moved("fd-sandbox0001"), moved("fd-prod000001")


def created_unheard(platform: Platform) -> None:
    """An account is created, and its event reaches nobody; the trail has it."""
    assert platform.world.create("unheard") == UNHEARD


def set_aside_before(platform: Platform) -> None:
    """The production account's message waits for a person, who has repaired meanwhile what was wrong."""
    platform.set_aside(set_aside(account=PROD))


def withdrawn(platform: Platform) -> None:
    """The production account was withdrawn, and its backups were suspended and kept."""
    assert platform.world.call("teardown", {"accountId": PROD, "do": "withdraw"})["state"] == "withdrawn"


def every_account_is_due(platform: Platform) -> None:
    platform.world.configure(sweep={"deep_days": 1})


def blocking(platform: Platform) -> None:
    """Whoever has restorable points is not withdrawn without a person."""
    platform.world.configure(teardown={"mode": "block"})


def tagged(platform: Platform) -> None:
    """Each member's bucket bears the tag."""
    state = platform.cloud.state()
    for account in (PROD, TEST):
        for resource in state["accounts"][account]["resources"]:
            resource["tags"] = {"backup": "daily"} if resource["kind"] == "OSS" else {}
    platform.cloud.load(state)
    platform.world.key = platform.cloud.as_function()
