"""An account ends protected, whatever arrives and however often."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from alibabacloud_hbr20170908.models import DeleteCrossAccountRequest
from alibabacloud_ram20150501 import models as ram

from shared.member import DESCRIPTION
from tests.cloud import ROOT
from tests.flows.world import BACKUP, MANAGEMENT, PROD, REGIONS, SANDBOX, SLR, World, unprotected

ROLE = "hbrcrossrole"
TRUSTING_US = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [SLR]}}


def made_by_hand(world: World, account_id: str, principals: list[str], description: str = "") -> Any:
    """A backup role made by a person; returns the RAM client of the account."""
    client = world.cloud.client("ram", key=world.cloud.into(account_id))
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": principals}}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    client.create_role(
        ram.CreateRoleRequest(role_name=ROLE, assume_role_policy_document=document, description=description)
    )
    return client


@pytest.mark.every_guess
def test_a_new_account_ends_protected(world: World) -> None:
    """A created account gets the role with the exact trust, the policy, and one registration in every region."""
    account = world.create("payments")
    answer = world.call("onboard", {"accountId": account})
    assert (answer["disposition"], answer["state"]) == ("done", "protected")
    assert world.is_protected(account)


def test_the_alias_ends_in_the_account_id(world: World) -> None:
    """The alias is the display name, cut so that the whole has 32 characters and ends in the account id."""
    account = world.create("a-very-long-display-name-indeed")
    world.enrol(account)
    (alias,) = [row["alias"] for row in world.records()]
    assert alias == f"a-very-long-dis-{account}"
    assert len(alias) == 32


@pytest.mark.not_under("where a second one doubles, the list is read first", second_add_cross_account="double")
@pytest.mark.not_under("where the code is not known, the list decides", duplicate_code="SomethingElse.Entirely")
@pytest.mark.not_under("it might speak of a record of the other type: the list decides", both_types_coexist=False)
def test_a_duplicate_only_reads_in_the_member(world: World) -> None:
    """A second event reads in B and makes at most one AddCrossAccount per region in A."""
    world.enrol()
    mark = world.mark()
    assert world.enrol()["state"] == "protected"
    assert world.writes(mark) == ["AddCrossAccount"] * len(world.regions)
    assert "DescribeCrossAccounts" not in world.calls(mark)
    assert world.is_protected(PROD)


@pytest.mark.not_under("the cloud does not tell that one was there", second_add_cross_account="update")
@pytest.mark.not_under("the record of one region is there in the other, too", registrations="global")
def test_what_was_there_already_is_not_told_as_done(world: World) -> None:
    """The steps of a first event are all changes and checks; those of a second one say which record was there."""
    assert [step[0] for step in world.enrol()["steps"] if "register in" in step] == ["+"] * len(world.regions)
    told = [step.partition(" as ")[0] for step in world.enrol()["steps"] if "register in" in step]
    assert sorted(told) == [f"= there already: register in {region}" for region in sorted(world.regions)]


@pytest.mark.not_under("where a second one doubles, the list is read first", second_add_cross_account="double")
def test_a_fresh_account_costs_no_listing(world: World) -> None:
    """Registering one account lists nothing: the cost does not grow with the fleet."""
    world.enrol()
    assert "DescribeCrossAccounts" not in world.calls()


def test_a_hundred_at_once_leave_one(world: World) -> None:
    """The same event a hundred times at once leaves one role and one registration per region."""
    with ThreadPoolExecutor(100) as threads:
        answers = list(threads.map(lambda _: world.enrol(), range(100)))
    assert {answer["disposition"] for answer in answers} <= {"done", "retry"}
    assert world.is_protected(PROD)


@pytest.mark.not_under("one region is enough there", registrations="global")
def test_regions_are_registered_side_by_side(world: World) -> None:
    """Four regions take as long as one: each AddCrossAccount begins before any other has been answered."""
    regions = ["cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-shenzhen"]
    world.configure(enrolment={"regions": regions})
    world.cloud.fault(service="hbr", action="AddCrossAccount", latency_ms=1000, count=None)
    assert world.enrol()["state"] == "protected"
    calls = world.cloud.journal(action="AddCrossAccount")
    assert sorted(entry["region"] for entry in calls) == sorted(regions)
    assert max(entry["began"] for entry in calls) < min(entry["time"] for entry in calls)


def backed_up_in_management(world: World) -> str:
    """A is the management account: the functions' role may do in it what ``cab-backup`` may in another account."""
    client = world.cloud.client("ram")
    document = (world.policies / "backup-account.json").read_text(encoding="utf-8")
    client.create_policy(ram.CreatePolicyRequest(policy_name="in-a", policy_document=document))
    client.attach_policy_to_role(
        ram.AttachPolicyToRoleRequest(policy_type="Custom", policy_name="in-a", role_name="cab-functions")
    )
    world.configure(backup_account={"id": MANAGEMENT, "role": None})
    world.key = world.cloud.as_function()
    return MANAGEMENT


@pytest.mark.every_guess("rd_trusted_service", "registrations", "both_types_coexist", "hbr_refusals")
@pytest.mark.parametrize("authorization", ["ram_role", "resource_directory"])
@pytest.mark.parametrize("topology", ["A is another account", "A is the management account"])
def test_both_modes_in_both_topologies(world: World, topology: str, authorization: str) -> None:
    """Once and again, whichever account holds the vaults and whichever way it reaches the others: the same end state.

    With CROSS_ACCOUNT_BY_RD the registration is everything: no role is made, and B is not entered.
    """
    owner = backed_up_in_management(world) if "management" in topology else BACKUP
    world.configure(enrolment={"authorization": authorization})
    for _ in range(2):
        assert world.enrol()["state"] == "protected"
        if authorization == "ram_role":
            assert unprotected(world.cloud.state(), PROD, owner=owner) == []
        else:
            assert world.registered(PROD, owner) == {region: ["CROSS_ACCOUNT_BY_RD"] for region in REGIONS}
            assert world.role(PROD) is None
            assert not [entry for entry in world.cloud.journal() if f"::{PROD}:" in entry["principal"]]


def test_check_registers_nothing(world: World) -> None:
    """``do: check`` proves the role in every region and writes nothing."""
    world.enrol()
    mark = world.mark()
    assert world.call("onboard", {"accountId": PROD, "do": "check"})["state"] == "checked"
    assert world.writes(mark) == []
    assert world.calls(mark).count("CheckRole") == len(world.regions)


def test_check_of_an_unprotected_account_fails_without_a_retry(world: World) -> None:
    """Whoever asks for a check gets the answer; nothing is queued."""
    answer = world.call("onboard", {"accountId": PROD, "do": "check"})
    assert (answer["disposition"], answer["reason"]) == ("failed", "role_not_usable")
    assert world.retries() == world.dead_letters() == []


def test_check_without_a_role_looks_for_the_registrations(world: World) -> None:
    """Where the directory authorizes, what proves an account is the listing, and a record that is missing is told."""
    world.configure(enrolment={"authorization": "resource_directory"})
    answer = world.call("onboard", {"accountId": PROD, "do": "check"})
    assert (answer["disposition"], answer["reason"]) == ("failed", "not_ready")
    assert ", in ".join(f"{region} as CROSS_ACCOUNT_BY_RD" for region in world.regions) in answer["detail"]
    world.enrol()
    mark = world.mark()
    answer = world.call("onboard", {"accountId": PROD, "do": "check"})
    assert (answer["state"], answer["why"]) == ("checked", "the account is registered in every wanted region")
    assert world.writes(mark) == []
    region = world.regions[-1]
    client = world.cloud.client("hbr", account="backup", region=region)
    record = {"cross_account_user_id": int(PROD), "cross_account_role_name": ROLE}
    client.delete_cross_account(DeleteCrossAccountRequest(cross_account_type="CROSS_ACCOUNT_BY_RD", **record))
    answer = world.call("onboard", {"accountId": PROD, "do": "check"})
    assert (answer["disposition"], answer["detail"].count(f"not registered in {region}")) == ("failed", 1)


def test_check_of_what_needs_no_registration_says_so(world: World) -> None:
    """The backup account's own resources need no road: there is nothing to check, and nothing is called proven."""
    world.configure(external=[{"account_id": BACKUP, "display_name": "backup"}])
    answer = world.call("onboard", {"accountId": BACKUP, "do": "check"})
    assert (answer["state"], answer["why"]) == ("checked", "no registration is wanted: there is nothing to check")


@pytest.mark.parametrize("account", ["1000000000009999", MANAGEMENT, BACKUP])
def test_an_account_that_is_none_of_ours_is_refused(world: World, account: str) -> None:
    """What the directory does not list, and M and A themselves, are left alone, whatever the event says."""
    answer = world.enrol(account)
    assert (answer["disposition"], answer["state"]) == ("ignored", "ignored")
    assert world.writes() == []


def test_an_account_out_of_scope_is_enrolled_only_by_hand(world: World) -> None:
    """An event for an account outside the scope does nothing; a person may enrol it all the same."""
    event = {
        "eventName": "CreateResourceAccount",
        "serviceName": "ResourceManager",
        "responseElements": {"Account": {"AccountId": SANDBOX}},
    }
    assert world.call("onboard", event)["disposition"] == "ignored"
    assert world.role(SANDBOX) is None
    assert world.enrol(SANDBOX)["rule"] == "by hand, outside the scope"
    assert world.is_protected(SANDBOX)


def test_wide_trust_is_narrowed_before_anything_else(world: World) -> None:
    """A principal too many on our role is removed first."""
    world.link()
    made_by_hand(world, PROD, [SLR, f"acs:ram::{MANAGEMENT}:root"], DESCRIPTION)
    mark = world.mark()
    assert world.enrol()["state"] == "protected"
    assert world.trusted(PROD) == [SLR]
    inside = [action for action in world.writes(mark) if action != "CreateServiceLinkedRole"]
    assert inside[:2] == ["CreateRole", "UpdateRole"]


def test_a_foreign_role_is_left_alone(world: World) -> None:
    """A role of that name that lacks our mark is dead-lettered and not touched."""
    made_by_hand(world, PROD, [f"acs:ram::{MANAGEMENT}:root"], "made by someone")
    answer = world.enrol()
    assert (answer["disposition"], answer["reason"]) == ("dead_letter", "foreign_role")
    assert world.role(PROD)["description"] == "made by someone"
    assert [letter["reason"] for letter in world.dead_letters()] == ["foreign_role"]


def test_a_foreign_role_is_adopted_if_the_configuration_says_so(world: World) -> None:
    """With ``adopt_role`` the role becomes ours: mark, trust and policies."""
    made_by_hand(world, PROD, [f"acs:ram::{MANAGEMENT}:root"], "made by someone")
    world.configure(enrolment={"adopt_role": True})
    assert world.enrol()["state"] == "protected"
    assert world.is_protected(PROD)


def test_an_external_account_is_entered_by_its_own_role(world: World) -> None:
    """An account that the configuration declares is enrolled although no directory lists it."""
    world.cloud.reset(zone=outside())
    client = world.cloud.client("ram")
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": f"acs:ram:*:{OUTSIDE}:role/let-us-in"}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    client.create_policy(ram.CreatePolicyRequest(policy_name="partner", policy_document=document))
    client.attach_policy_to_role(
        ram.AttachPolicyToRoleRequest(policy_type="Custom", policy_name="partner", role_name="cab-functions")
    )
    world.key = world.cloud.as_function()
    world.configure(external=[{"account_id": OUTSIDE, "display_name": "partner", "access_role": "let-us-in"}])
    assert world.enrol(OUTSIDE)["state"] == "protected"
    assert world.is_protected(OUTSIDE)


OUTSIDE = "1000000000000077"


def outside() -> dict[str, Any]:
    """The small zone with an account beside the directory."""
    zone: dict[str, Any] = yaml.safe_load((ROOT / "emulator/zones/small.yaml").read_text(encoding="utf-8"))
    roles = [
        {
            "name": "let-us-in",
            "trusts": {"RAM": [f"acs:ram::{MANAGEMENT}:root"]},
            "policies": ["System:AdministratorAccess"],
        }
    ]
    zone["accounts"].append({"id": OUTSIDE, "name": "partner", "member": False, "roles": roles})
    return zone


@pytest.mark.every_guess
def test_an_external_account_may_make_its_own_role(world: World) -> None:
    """Without an access role we check and register, and enter nothing."""
    world.cloud.reset(zone=outside())
    world.link()
    client = world.cloud.client("ram", key=world.cloud.assume(f"acs:ram::{OUTSIDE}:role/let-us-in"))
    document = json.dumps({"Version": "1", "Statement": [TRUSTING_US]})
    client.create_role(ram.CreateRoleRequest(role_name=ROLE, assume_role_policy_document=document))
    client.attach_policy_to_role(
        ram.AttachPolicyToRoleRequest(policy_type="System", policy_name="AliyunHBRRolePolicy", role_name=ROLE)
    )
    world.key = world.cloud.as_function()
    world.configure(external=[{"account_id": OUTSIDE, "display_name": "partner"}])
    mark = world.mark()
    assert world.enrol(OUTSIDE)["state"] == "protected"
    assert set(world.registered(OUTSIDE)) == set(REGIONS)
    assert not [
        entry for entry in world.cloud.journal() if entry["seq"] > mark and f"::{OUTSIDE}:" in entry["principal"]
    ]


def test_a_declared_management_account_is_enrolled(world: World) -> None:
    """The management account has resources, too: declared, and with the role that its owner made, it is protected."""
    world.link()
    client = world.cloud.client("ram")
    document = json.dumps({"Version": "1", "Statement": [TRUSTING_US]})
    client.create_role(ram.CreateRoleRequest(role_name=ROLE, assume_role_policy_document=document))
    client.attach_policy_to_role(
        ram.AttachPolicyToRoleRequest(policy_type="System", policy_name="AliyunHBRRolePolicy", role_name=ROLE)
    )
    world.configure(external=[{"account_id": MANAGEMENT, "display_name": "management"}])
    assert world.enrol(MANAGEMENT)["state"] == "protected"
    assert world.is_protected(MANAGEMENT)


def test_a_broad_policy_is_allowed_with_a_warning(world: World) -> None:
    """AdministratorAccess is allowed by the product page, so it is allowed here, and warned about."""
    world.configure(enrolment={"policies": ["AdministratorAccess"]})
    answer = world.enrol()
    assert answer["state"] == "protected"
    assert [warning for warning in answer["warnings"] if "AdministratorAccess" in warning]


def test_credentials_come_from_the_environment_where_the_context_has_none(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The Python 3.12 runtime's context has no credentials: the environment has them."""
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_ID", world.key.access_key_id)
    monkeypatch.setenv("ALIBABA_CLOUD_ACCESS_KEY_SECRET", world.key.access_key_secret)
    monkeypatch.setenv("ALIBABA_CLOUD_SECURITY_TOKEN", world.key.token)
    context = SimpleNamespace(request_id="r", function=SimpleNamespace(timeout="300"))
    assert world.call("onboard", {"accountId": PROD}, context)["state"] == "protected"
