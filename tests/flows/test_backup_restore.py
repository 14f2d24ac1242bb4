"""The product page's own story: back up two accounts into a third, restore each into the other, then disable it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

import pytest

from shared.backups import Job, Place, Point
from shared.by_hand import ByHand, UnansweredError
from shared.clients import Credentials
from shared.cloud import Cloud, connect, connect_backup_account
from shared.config import load
from shared.coverage import coverage, state
from shared.deadline import Deadline
from shared.kinds import KINDS, kind_of
from shared.limits import LimitError
from shared.outcome import AttemptError
from shared.restore import Restoration, Target, allow, choose, planned
from shared.scope import Member, desired
from shared.standing import for_sweep
from tests.flows.backups import DAILY, ROLE, Backups
from tests.flows.test_inventory import withdraw
from tests.flows.test_protection import INSTANCES, OSS, bound, configure, sweep
from tests.flows.world import BACKUP, PROD, REGIONS, TEST, World


@contextmanager
def in_backup_account(world: World, account: str = BACKUP) -> Iterator[tuple[Cloud, ByHand]]:
    """A person who is logged in to the backup account."""
    key = world.cloud.key("backup") if account == BACKUP else world.cloud.into(account)
    credentials = Credentials(key.access_key_id, key.access_key_secret, key.token or None)
    with connect_backup_account(load(os.environ), credentials, Deadline.after(60)) as made:
        yield made


def place(account_id: str, owner: str = BACKUP) -> Place:
    """How the account is reached."""
    return Place(account_id, "SELF_ACCOUNT") if account_id == owner else Place(account_id, "CROSS_ACCOUNT", ROLE)


def newest(cloud: Cloud, account_id: str, kind: str) -> Point:
    """The newest restorable point of that kind of an account's data."""
    known = {("UDM_ECS", INSTANCE_OF[account_id])}
    return choose(cloud.ports.records.points("cn-hangzhou", account_id, known), kind, "", None, None)


def restore(world: World, plan: Callable[[Cloud], Restoration], owner: str, *, overwrite: bool = False) -> Job:
    """Start a restore that is planned, and wait until it is over."""
    with in_backup_account(world, owner) as (cloud, by_hand):
        planned_one = allow(plan(cloud), overwrite=overwrite)
        job_id = by_hand.restore(planned_one)
        world.cloud.advance(120)
        kind = KINDS[kind_of(planned_one.point.source_type)]
        job = by_hand.restore_job("cn-hangzhou", kind.restore_type, job_id)
    world.key = world.cloud.as_function()
    assert job is not None
    return job


INSTANCE_OF = {PROD: "i-prod0000000000001", TEST: "i-test0000000000001"}
BUCKET_OF = {PROD: "prod-app-data", TEST: "test-app-data"}
BOTH = {**INSTANCES, "sources": [{"account": account, "id": source} for account, source in INSTANCE_OF.items()]}
DISABLING = ["UpdatePolicyBinding", "DeleteCrossAccount", "DetachPolicyFromRole", "DeleteRole"]
"""The page's "Disable cross-account backup", in calls: bindings rest, the account is deleted, then its role."""


def backed_up(world: World, owner: str = BACKUP) -> Backups:
    """Production and test account, each with a bucket and an instance, swept and backed up once into ``owner``."""
    zone = world.zone()
    instance = {"kind": "UDM_ECS", "id": INSTANCE_OF[TEST], "region": "cn-hangzhou", "size": 2**30}
    next(one for one in zone["accounts"] if one["id"] == TEST)["resources"].append(instance)
    world.cloud.reset(zone=zone)
    world.key = world.cloud.as_function()
    if owner == PROD:
        world.configure(
            backup_account={"id": PROD, "role": "ResourceDirectoryAccountAccessRole"},
            external=[{"account_id": PROD, "display_name": "prod-app"}],
        )
    a = Backups(world, key=None if owner == BACKUP else world.cloud.into(owner)).open()
    configure(world, OSS, BOTH)
    sweep(world, times=3)
    for policy in a.state("policies"):
        a.run(policy["id"])
    return a


@pytest.mark.parametrize("owner", [BACKUP, PROD], ids=["C is the backup account", "A1 itself is"])
def test_the_page_s_story(world: World, owner: str) -> None:
    """A1's and B1's resources are backed up, data goes both ways, an instance only home; then it is disabled.

    The backup account is one of its own, or the production account: then its own data needs no role and no record.
    """
    a = backed_up(world, owner)
    members = [PROD, TEST] if owner == BACKUP else [TEST]
    for account in (PROD, TEST):
        assert bound(a, account) == {BUCKET_OF[account]: "OSS", INSTANCE_OF[account]: "UDM_ECS"}
        assert set(world.registered(account, owner)) == (set(REGIONS) if account in members else set())
        assert (world.role(account) is not None) == (account in members)
    kinds = {(one["place"]["account_id"], one["place"]["kind"]) for one in a.state("bindings")}
    assert kinds == {(PROD, "CROSS_ACCOUNT" if owner == BACKUP else "SELF_ACCOUNT"), (TEST, "CROSS_ACCOUNT")}
    in_vaults = {one["vault_id"] for one in a.state("snapshots") if one["source_type"] == "OSS"}
    assert in_vaults == {one["id"] for one in a.state("vaults")}

    for source, to, size in ((PROD, TEST, 5 * 2**30), (TEST, PROD, 104_857_600)):
        target = Target(place(to, owner), BUCKET_OF[to], f"from-{source}")
        job = restore(world, lambda cloud: planned(newest(cloud, source, "oss"), source, target), owner)  # noqa: B023
        assert (job.status, job.place.account_id, job.bytes_done) == ("COMPLETE", to, size)
        refuses_another_account(world, source, to, owner)
        home = Target(place(source, owner), INSTANCE_OF[source])
        plan = lambda cloud: planned(newest(cloud, source, "ecs_instance"), source, home)  # noqa: E731, B023
        with pytest.raises(LimitError, match="asked twice"):
            restore(world, plan, owner)
        job = restore(world, plan, owner, overwrite=True)
        assert (job.status, job.place.account_id) == ("COMPLETE", source)
    assert [one["place"]["account_id"] for one in a.state("restores")] == [TEST, PROD, PROD, TEST]

    points = {account: a.points(account) for account in (PROD, TEST)}
    for account in members:
        mark = world.mark()
        assert withdraw(world, account)["state"] == "withdrawn"
        assert [call for call, _ in groupby(one for one in world.calls(mark) if one in DISABLING)] == DISABLING
        assert (world.role(account), world.registered(account, owner), bound(a, account)) == (None, {}, {})
    assert {account: a.points(account) for account in (PROD, TEST)} == points
    assert all(points.values())
    assert set(bound(a, PROD)) == (set() if owner == BACKUP else {BUCKET_OF[PROD], INSTANCE_OF[PROD]})


def refuses_another_account(world: World, source: str, to: str, owner: str) -> None:
    """An ECS instance goes to its own account only; the rule, its page and what works instead are named."""
    mark = world.mark()
    with in_backup_account(world, owner) as (cloud, _):
        point = newest(cloud, source, "ecs_instance")
        with pytest.raises(LimitError, match="only to the source Alibaba Cloud account") as refused:
            planned(point, source, Target(place(to, owner), point.source))
    assert "Limits" in refused.value.limit.page
    assert "ecs_files" in refused.value.limit.instead
    assert "CreateRestoreJob" not in world.calls(mark)


RESOURCES = {
    "ecs_instance": ("cn-hangzhou", "i-prod0000000000001"),
    "ecs_files": ("cn-hangzhou", "i-prod0000000000001"),
    "nas": ("cn-hangzhou", "1ca404prod"),
    "oss": ("cn-hangzhou", "prod-app-data"),
    "tablestore": ("cn-shanghai", "prod-orders"),
    "hana": ("cn-hangzhou", "erp/SYSTEMDB"),
}


def of_kind(kind: str) -> dict[str, Any]:
    """A policy that backs up the production account's resource of that kind."""
    region, source = RESOURCES[kind]
    policy = {
        "name": kind,
        "kind": kind,
        "regions": [region],
        "schedule": DAILY,
        "retention_days": 7,
        "sources": [{"account": PROD, "id": source}],
    }
    return policy | ({"vault": {"name": f"for-{kind}"}} if KINDS[kind].vault else {})


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.way == "policy"])
def test_each_kind_is_bound_backed_up_and_restored_through_its_own_api(world: World, kind: str) -> None:
    """The emulator has the binding, a complete job and a point; the point goes back to where it is from."""
    region, source = RESOURCES[kind]
    a = Backups(world, region).open()
    configure(world, of_kind(kind))
    sweep(world, times=3)
    (binding,) = a.state("bindings")
    assert (binding["source_type"], binding["data_source"]) == (KINDS[kind].source_type, source)
    assert binding["place"]["account_id"] == PROD
    a.run(a.state("policies")[0]["id"])
    assert {one["status"] for one in a.state("jobs")} == {"COMPLETE"}
    with in_backup_account(world) as (cloud, by_hand):
        known = {(KINDS[kind].source_type, source)}
        point = choose(cloud.ports.records.points(region, PROD, known), kind, source, None, None)
        plan = planned(point, PROD, Target(place(PROD), source))
        assert plan.in_place
        job_id = by_hand.restore(plan)
        world.cloud.advance(120)
        job = by_hand.restore_job(region, KINDS[kind].restore_type, job_id)
    assert job is not None
    assert (job.status, kind_of(job.source_type)) == ("COMPLETE", kind)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.way == "policy"])
def test_each_kind_fails_where_the_role_lacks_its_access(world: World, kind: str) -> None:
    """Without that kind's rights in B a job fails, which is no proof, and binding names the right that is missing."""
    region, _ = RESOURCES[kind]
    a = Backups(world, region).open()
    configure(world, of_kind(kind))
    sweep(world, times=3)
    without(world, KINDS[kind].needs)
    a.run(a.state("policies")[0]["id"])
    (job,) = a.state("jobs")
    assert (job["status"], job["error"]) == ("FAILED", "NoPermission")
    assert (a.state("snapshots"), reached(world)) == ([], "covered")
    with in_backup_account(world) as (cloud, _):
        (policy,) = cloud.ports.protection.policies(region)
        (have,) = cloud.ports.protection.bindings(region, [policy])
        cloud.ports.protection.unbind(region, have)
        with pytest.raises(Exception, match="not authorized to do"):
            cloud.ports.protection.bind(region, have)
    assert a.state("bindings") == []


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.restore_type])
def test_each_kind_is_not_restored_where_the_role_lacks_its_access(world: World, kind: str) -> None:
    """Without that kind's rights to restore, the refusal names the one that is missing, and no job is started."""
    region, source = RESOURCES[kind]
    a = Backups(world, region).open()
    configure(world, of_kind(kind))
    sweep(world, times=3)
    a.run(a.state("policies")[0]["id"])
    without(world, KINDS[kind].needs_restore)
    with in_backup_account(world) as (cloud, by_hand):
        known = {(KINDS[kind].source_type, source)}
        point = choose(cloud.ports.records.points(region, PROD, known), kind, source, None, None)
        with pytest.raises(AttemptError, match="not authorized to do") as refused:
            by_hand.restore(planned(point, PROD, Target(place(PROD), source)))
    assert any(need in str(refused.value) for need in KINDS[kind].needs_restore)
    assert a.state("restores") == []


def without(world: World, needs: tuple[str, ...]) -> None:
    """Give the backup role of the production account everything but these rights."""
    import json  # noqa: PLC0415

    from alibabacloud_ram20150501 import models as ram  # noqa: PLC0415

    inside = world.cloud.client("ram", key=world.cloud.into(PROD))
    every = sorted({need for one in KINDS.values() for need in (*one.needs, *one.needs_restore)} - set(needs))
    document = json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": every, "Resource": "*"}]})
    inside.create_policy(ram.CreatePolicyRequest(policy_name="less", policy_document=document))
    for change, kind, name in (("attach", "Custom", "less"), ("detach", "System", "AliyunHBRRolePolicy")):
        verb = "AttachPolicyToRole" if change == "attach" else "DetachPolicyFromRole"
        request = getattr(ram, f"{verb}Request")(policy_type=kind, policy_name=name, role_name=ROLE)
        method = inside.attach_policy_to_role if change == "attach" else inside.detach_policy_from_role
        method(request)


def reached(world: World, account_id: str = PROD) -> str:
    """How far the account's backups are, by the cloud's clock."""
    now = world.cloud.advance(0)
    with in_backup_account(world) as (cloud, _):
        config, ports = cloud.ports.config, cloud.ports
        wanted = desired(Member(account_id, "", "created", ("fd-prod000001",)), config)
        standing = for_sweep(ports, deep=True)
        bindings = [one for here in standing.values() for one in here.of(account_id)]
        jobs = [one for region in standing for one in ports.records.jobs(region) if one.place.account_id == account_id]
        found = coverage(wanted.backup_policies, bindings, jobs, now)
    return state(found, "protected" if world.registered(account_id) else "unprotected")


def all_end(world: World, outcome: str, **more: Any) -> None:
    """From now on jobs on every resource end so; ``seconds`` says how long they run."""
    state = world.cloud.state()
    for account in state["accounts"].values():
        for resource in account["resources"]:
            resource |= {"outcome": outcome, **more}
    world.cloud.load(state)
    world.key = world.cloud.as_function()


def test_an_account_climbs_from_unprotected_to_proved_and_falls_back(world: World) -> None:
    """Registered, bound, backed up; and after the promised time without a good backup it is proved no more."""
    a = Backups(world).open()
    configure(world, OSS)
    assert reached(world) == "unprotected"
    world.enrol(PROD)
    assert reached(world) == "protected"
    sweep(world, times=3)
    assert reached(world) == "covered"
    policy = a.state("policies")[0]["id"]
    a.run(policy)
    assert reached(world) == "proved"
    for one in a.state("bindings"):
        a.suspend(policy, one["data_source"])
    a.day(1.1)
    assert reached(world) == "covered"


def test_jobs_can_be_read_with_the_rights_of_the_functions(world: World) -> None:
    """`cab status` works with the role that the functions have in the backup account; it starts nothing."""
    backed_up(world)
    credentials = Credentials(world.key.access_key_id, world.key.access_key_secret, world.key.token)
    with connect(load(os.environ), credentials, Deadline.after(60)) as cloud:
        jobs = list(cloud.ports.records.jobs("cn-hangzhou", Status="COMPLETE"))
    assert {job.place.account_id for job in jobs} == {PROD, TEST}


@pytest.mark.parametrize("outcome", ["PARTIAL_COMPLETE", "FAILED", "EXPIRED"])
def test_a_job_that_does_not_end_well_is_no_proof(world: World, outcome: str) -> None:
    """A backup that was partial, failed or timed out leaves the account covered at most, however new it is."""
    a = Backups(world).open()
    configure(world, OSS)
    sweep(world, times=3)
    all_end(world, outcome)
    a.run(a.state("policies")[0]["id"])
    assert {one["status"] for one in a.state("jobs")} == {outcome}
    assert reached(world) == "covered"


def test_an_sap_hana_database_is_planned_once_its_instance_is_registered(world: World) -> None:
    """Before, the answer says that a person with the password must; after, the sweep makes and keeps the plan."""
    a = Backups(world).open()
    configure(world, of_kind("hana"))
    sweep(world, times=2)
    answer = world.enrol(PROD)
    assert (answer["state"], answer["reason"]) == ("protected", "bad_configuration")
    assert "`cab hana`" in answer["detail"]
    with in_backup_account(world) as (cloud, by_hand):
        (vault,) = cloud.ports.protection.vaults("cn-hangzhou")
        settings = {"hana_name": "cross-account-backup-erp", "ecs_instance_id": '["i-prod0000000000001"]', "sid": "HXE"}
        by_hand.register_hana("cn-hangzhou", place(PROD), vault_id=vault.id, **settings)
    assert world.enrol(PROD)["disposition"] == "done"
    (plan,) = world.cloud.state()["hbr"]["hana_plans"].values()
    assert (plan["name"], plan["settings"]["DatabaseName"]) == ("cross-account-backup-hana-SYSTEMDB", "SYSTEMDB")
    assert sweep(world, "deep")["kinds"] == {}
    a.day()
    assert reached(world) == "proved"
    withdraw(world)
    (plan,) = world.cloud.state()["hbr"]["hana_plans"].values()
    assert plan["disabled"] is True
    world.enrol(PROD)
    (plan,) = world.cloud.state()["hbr"]["hana_plans"].values()
    assert plan["disabled"] is False


def test_an_sap_hana_instance_is_registered_once_where_no_answer_comes(world: World) -> None:
    """It may be there: whoever registers it is told by which command one looks, and nothing is tried again."""
    vault = Backups(world).open().vault()
    world.enrol(PROD)
    world.cloud.fault(service="hbr", action="CreateHanaInstance", phase="after", drop=True)
    settings = {"hana_name": "erp", "ecs_instance_id": '["i-prod0000000000001"]', "sid": "HXE", "vault_id": vault}
    with in_backup_account(world) as (_, by_hand), pytest.raises(UnansweredError) as lost:
        by_hand.register_hana("cn-hangzhou", place(PROD), **settings)
    assert lost.value.look == "aliyun hbr DescribeHanaInstances --region cn-hangzhou"
    assert len(world.cloud.state()["hbr"]["hanas"]) == 1


def test_an_sap_hana_instance_is_refused_where_the_role_lacks_its_access(world: World) -> None:
    """Registering it names the right that is missing, and registers nothing."""
    a = Backups(world).open()
    vault = a.vault()
    world.enrol(PROD)
    without(world, KINDS["hana"].needs)
    settings = {"hana_name": "erp", "ecs_instance_id": '["i-prod0000000000001"]', "sid": "HXE", "vault_id": vault}
    with in_backup_account(world) as (_, by_hand), pytest.raises(Exception, match="not authorized to do ecs:"):
        by_hand.register_hana("cn-hangzhou", place(PROD), **settings)
    assert world.cloud.state()["hbr"]["hanas"] == {}


def test_a_client_is_installed_before_files_are_backed_up(world: World) -> None:
    """Where the policy says so, and only once."""
    a = Backups(world).open()
    configure(world, {**of_kind("ecs_files"), "install_client": True})
    sweep(world, times=3)
    (client,) = world.cloud.state()["hbr"]["clients"].values()
    assert (client["instance_id"], client["place"]["account_id"]) == ("i-prod0000000000001", PROD)
    a.suspend(a.state("policies")[0]["id"], "i-prod0000000000001", "ECS_FILE")
    sweep(world, times=2)
    assert bound(a) == {"i-prod0000000000001": "ECS_FILE"}
    assert len(world.cloud.state()["hbr"]["clients"]) == 1
