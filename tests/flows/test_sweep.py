"""The sweep finds every kind of drift and repairs it, and the next sweep finds nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram

from tests.flows.world import BACKUP, MANAGEMENT, PROD, REGIONS, SLR, TEST, World

ROLE = "hbrcrossrole"


def sweep(world: World, depth: str = "fast") -> Any:
    """Run the reconcile function."""
    return world.call("reconcile", {"sweep": depth})["sweep"]


@pytest.fixture
def swept(world: World) -> World:
    """A landing zone in which everything is as desired; every account is due for the deep sweep."""
    world.configure(sweep={"deep_days": 1})
    sweep(world)
    assert world.is_protected(PROD)
    assert world.is_protected(TEST)
    return world


def in_member(world: World) -> Any:
    """A RAM client in the production account."""
    return world.cloud.client("ram", key=world.cloud.into(PROD))


def in_backup(world: World, region: str = "cn-hangzhou") -> Any:
    """A Cloud Backup client in A."""
    return world.cloud.client("hbr", account="backup", region=region)


def test_without_any_event_members_are_protected(world: World) -> None:
    """The first sweep protects every member in scope and touches no other."""
    report = sweep(world)
    assert (report["members"], report["in_scope"], report["repaired"]) == (4, 2, 2)
    assert world.is_protected(PROD)
    assert world.is_protected(TEST)


def test_where_all_is_well_a_fast_sweep_only_lists(swept: World) -> None:
    """Nothing per account: the directory once, the folders, and the registrations once per region."""
    mark = swept.mark()
    assert sweep(swept)["kinds"] == {}
    assert swept.writes(mark) == []
    listings = [action for action in swept.calls(mark) if action != "AssumeRole"]
    assert listings.count("ListAccounts") == 1
    assert listings.count("DescribeCrossAccounts") == len(swept.regions)
    assert set(listings) == {"ListAccounts", "ListFoldersForParent", "DescribeCrossAccounts"}


def wider(world: World) -> None:
    """Somebody lets the management account in."""
    statement = {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"RAM": [SLR, f"acs:ram::{MANAGEMENT}:root"]},
    }
    document = json.dumps({"Version": "1", "Statement": [statement]})
    world.link()
    in_member(world).update_role(ram.UpdateRoleRequest(role_name=ROLE, new_assume_role_policy_document=document))


def other_trust(world: World) -> None:
    """Somebody replaces the principal."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [f"acs:ram::{PROD}:root"]}}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    in_member(world).update_role(ram.UpdateRoleRequest(role_name=ROLE, new_assume_role_policy_document=document))


def longer_session(world: World) -> None:
    """Somebody lengthens the role's sessions."""
    in_member(world).update_role(ram.UpdateRoleRequest(role_name=ROLE, new_max_session_duration=7200))


def policy_gone(world: World) -> None:
    """Somebody detaches the policy."""
    in_member(world).detach_policy_from_role(
        ram.DetachPolicyFromRoleRequest(policy_type="System", policy_name="AliyunHBRRolePolicy", role_name=ROLE)
    )


def policy_too_many(world: World) -> None:
    """Somebody attaches AdministratorAccess."""
    in_member(world).attach_policy_to_role(
        ram.AttachPolicyToRoleRequest(policy_type="System", policy_name="AdministratorAccess", role_name=ROLE)
    )


def role_gone(world: World) -> None:
    """Somebody deletes the role."""
    policy_gone(world)
    in_member(world).delete_role(ram.DeleteRoleRequest(role_name=ROLE))


def unregistered(world: World) -> None:
    """Somebody deletes the registration in one region."""
    in_backup(world).delete_cross_account(
        hbr.DeleteCrossAccountRequest(cross_account_user_id=int(PROD), cross_account_role_name=ROLE)
    )


def stale(world: World) -> None:
    """Somebody registers the account with another role as well."""
    in_backup(world).add_cross_account(
        hbr.AddCrossAccountRequest(cross_account_user_id=int(PROD), cross_account_role_name="old", alias="old")
    )


DRIFT: dict[str, Callable[[World], None]] = {
    "trust_too_wide": wider,
    "role_changed": longer_session,
    "policy_missing": policy_gone,
    "policy_extra": policy_too_many,
    "role_missing": role_gone,
    "unregistered": unregistered,
    "stale_registration": stale,
}


@pytest.mark.parametrize("kind", DRIFT)
def test_every_kind_of_drift_is_found_and_repaired(swept: World, kind: str) -> None:
    """A change made by hand is named, repaired, and not found again."""
    DRIFT[kind](swept)
    report = sweep(swept, "deep")
    assert kind in report["kinds"]
    assert all(finding["repaired"] for finding in report["findings"])
    assert swept.is_protected(PROD)
    assert sweep(swept, "deep")["kinds"] == {}


@pytest.mark.every_guess
def test_a_replaced_trust_is_repaired(swept: World) -> None:
    """A trust policy that names somebody else instead of us is too wide, and repaired."""
    other_trust(swept)
    assert sweep(swept, "deep")["kinds"].get("trust_too_wide") == 1
    assert swept.is_protected(PROD)


@pytest.mark.parametrize("kind", DRIFT)
def test_what_is_only_to_be_observed_is_reported_and_left(swept: World, kind: str) -> None:
    """A kind under ``sweep.observe`` changes nothing, sweep after sweep."""
    DRIFT[kind](swept)
    everything = [*DRIFT, "role_not_usable"]
    swept.configure(sweep={"deep_days": 1, "observe": everything})
    mark = swept.mark()
    assert kind in sweep(swept, "deep")["kinds"]
    assert swept.writes(mark) == []


def test_a_registration_nobody_declared_is_reported_and_left(swept: World) -> None:
    """An account that neither the directory nor the configuration knows is named and never touched by the sweep."""
    in_backup(swept).add_cross_account(
        hbr.AddCrossAccountRequest(cross_account_user_id=1000000000005555, cross_account_role_name="x", alias="x")
    )
    mark = swept.mark()
    report = sweep(swept, "deep")
    assert report["kinds"] == {"stranger": 1}
    assert swept.writes(mark) == []
    assert swept.registered("1000000000005555")


def test_an_account_that_fell_out_of_scope_is_only_listed(swept: World) -> None:
    """The sweep withdraws nobody: it reports what is registered although it is not wanted."""
    swept.configure(scope=[{"name": "without production", "folder": "fd-prod000001", "enrol": False}])
    report = sweep(swept)
    assert report["kinds"]["undeclared"] == 1
    assert swept.is_protected(PROD)


def test_a_foreign_role_is_reported_and_does_not_stop_the_others(world: World) -> None:
    """One account that cannot be worked on never holds up its neighbours."""
    world.link()
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [SLR]}}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    in_member(world).create_role(ram.CreateRoleRequest(role_name=ROLE, assume_role_policy_document=document))
    report = sweep(world)
    assert world.is_protected(TEST)
    assert world.role(PROD)["attached"] == {}
    assert report["kinds"]["failed"] == 1
    assert world.retries() == world.dead_letters() == []


@pytest.mark.not_under("a global record is in no region that could be dropped", registrations="global")
def test_a_region_that_is_no_longer_wanted_is_cleaned(swept: World) -> None:
    """A registration in a region that the rules no longer name is stale, if the configuration remembers the region."""
    swept.configure(enrolment={"regions": ["cn-hangzhou"]}, former_regions=["cn-shanghai"])
    assert sweep(swept)["kinds"] == {"stale_registration": 2}
    assert set(swept.registered(PROD)) == {"cn-hangzhou"}


@pytest.mark.parametrize("coexist", [True, False])
@pytest.mark.parametrize("there", [True, False])
def test_a_change_of_mode_migrates_every_account(swept: World, *, coexist: bool, there: bool) -> None:
    """From role to Resource Directory mode and back, whether or not the cloud lets both records stand side by side."""
    swept.cloud.guess(both_types_coexist=coexist)
    swept.configure(assumptions={"types_coexist": coexist})
    if there:
        swept.configure(enrolment={"authorization": "resource_directory"})
        sweep(swept, "deep")
        assert swept.registered(PROD) == {region: ["CROSS_ACCOUNT_BY_RD"] for region in REGIONS}
        assert swept.role(PROD) is None
        swept.configure(enrolment={"authorization": "ram_role"})
    report = sweep(swept, "deep")
    assert swept.is_protected(PROD), report
    assert set(swept.registered(PROD, BACKUP)) == set(REGIONS)


def test_a_role_that_vanishes_under_the_sweep_fails_that_account_alone(swept: World) -> None:
    """What was there when it was read and is gone when it is changed is that account's failure, not the sweep's."""
    longer_session(swept)
    detach = ram.DetachPolicyFromRoleRequest(policy_type="System", policy_name="AliyunHBRRolePolicy", role_name=ROLE)
    swept.cloud.client("ram", key=swept.cloud.into(TEST)).detach_policy_from_role(detach)
    swept.cloud.fault(service="ram", action="UpdateRole", phase="before", status=404, code="EntityNotExist.Role")
    report = sweep(swept, "deep")
    assert [one["account_id"] for one in report["findings"] if one["kind"] == "failed"] == [PROD]
    assert (report["repaired"], swept.is_protected(TEST)) == (1, True)
    assert sweep(swept, "deep")["repaired"] == 1
    assert swept.is_protected(PROD)
