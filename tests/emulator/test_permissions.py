"""Policy documents: which are well formed, what they allow, and that every call is judged by them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from alibabacloud_sts20150401 import models as sts

from emulator.errors import CloudError
from emulator.permissions import evaluate, parse, trusts
from tests.emulator.hbr.conftest import create_role, link
from tests.emulator.refusals import refused

if TYPE_CHECKING:
    from tests.cloud import Key, LocalCloud

MEMBER = "1000000000000012"
BACKUP = "1000000000000002"
TRUST_MANAGEMENT = {"RAM": ["acs:ram::1000000000000001:root"]}
READ = {"Effect": "Allow", "Action": ["ram:Get*", "ram:List*"], "Resource": "*"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "1", "Statement": statements})


def allow(**fields: Any) -> dict[str, Any]:
    """An allowing statement; everything on everything unless told otherwise."""
    defaults = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    for name in ("Action", "Resource"):
        if f"Not{name}" in fields:
            del defaults[name]
    return {**defaults, **fields}


@pytest.mark.parametrize(
    ("statement", "allowed"),
    [
        (allow(), True),
        (allow(Action="ram:GetRole"), True),
        (allow(Action="RAM:getrole"), True),
        (allow(Action="ram:Get*"), True),
        (allow(Action="ram:GetRol?"), True),
        (allow(Action=["oss:*", "ram:*"]), True),
        (allow(Action="ram:ListRoles"), False),
        (allow(Action="ram:GetRoles"), False),
        (allow(NotAction="ram:DeleteRole"), True),
        (allow(NotAction=["ram:*"]), False),
        (allow(Resource="acs:ram:*:1:role/backup"), True),
        (allow(Resource="acs:ram:*:1:role/BACKUP"), True),
        (allow(Resource="acs:ram::1:role/backup"), True),
        (allow(Resource="acs:ram:*:*:role/*"), True),
        (allow(Resource="acs:ram:*:2:role/*"), False),
        (allow(Resource="acs:ram:*:1:user/*"), False),
        (allow(Resource="acs:oss:*:*:*"), False),
        (allow(NotResource="acs:ram:*:1:role/other"), True),
        (allow(NotResource="acs:ram:*:1:role/b*"), False),
        (allow(Condition={"StringEquals": {"acs:SourceIp": "10.0.0.1"}}), True),
        (allow(Condition={"StringEquals": {"acs:SourceIp": ["10.0.0.2", "10.0.0.1"]}}), True),
        (allow(Condition={"StringEquals": {"acs:SourceIp": "10.0.0.2"}}), False),
        (allow(Condition={"StringNotEquals": {"acs:SourceIp": "10.0.0.2"}}), True),
        (allow(Condition={"StringLike": {"acs:SourceIp": "10.*"}}), True),
        (allow(Condition={"StringNotLike": {"acs:SourceIp": "10.*"}}), False),
        (allow(Condition={"StringEqualsIgnoreCase": {"acs:SecureTransport": "TRUE"}}), True),
        (allow(Condition={"IpAddress": {"acs:SourceIp": ["192.168.0.0/16", "10.0.0.0/8"]}}), True),
        (allow(Condition={"IpAddress": {"acs:SourceIp": "10.0.0.2"}}), False),
        (allow(Condition={"NotIpAddress": {"acs:SourceIp": "10.0.0.0/8"}}), False),
        (allow(Condition={"Bool": {"acs:SecureTransport": True}}), True),
        (allow(Condition={"Bool": {"acs:SecureTransport": ["false"]}}), False),
        (allow(Condition={"DateLessThan": {"acs:CurrentTime": "2027-01-01T00:00:00Z"}}), True),
        (allow(Condition={"DateGreaterThan": {"acs:CurrentTime": "2027-01-01T00:00:00Z"}}), False),
        (allow(Condition={"NumericLessThanEquals": {"acs:MFAAge": "300"}}), True),
        (allow(Condition={"NumericGreaterThan": {"acs:MFAAge": 300}}), False),
        (allow(Condition={"StringEquals": {"acs:Unsent": "x"}}), False),
        (allow(Condition={"StringNotEquals": {"acs:Unsent": "x"}}), True),
        (allow(Condition={"Bool": {"acs:SecureTransport": True}, "IpAddress": {"acs:SourceIp": "1.1.1.1"}}), False),
    ],
)
def test_a_statement_is_evaluated(statement: dict[str, Any], allowed: bool) -> None:  # noqa: FBT001  # a table's column
    """A statement applies where action, resource and every condition fit."""
    context = {
        "acs:SourceIp": "10.0.0.1",
        "acs:SecureTransport": "true",
        "acs:CurrentTime": "2026-11-22T02:03:04Z",
        "acs:MFAAge": "300",
    }
    decision = evaluate([("p", document(statement))], "ram:GetRole", "acs:ram:*:1:role/backup", context)
    assert decision.allowed is allowed


def test_a_denial_beats_every_allowance() -> None:
    """One denying statement decides, in whichever policy and order it stands."""
    denial = {**allow(Action="ram:Get*"), "Effect": "Deny"}
    policies = [("all", document(allow())), ("not-this", document(denial)), ("again", document(allow()))]
    decision = evaluate(policies, "ram:GetRole", "*", {})
    assert (decision.allowed, decision.source, decision.statement) == (False, "not-this", denial)


def test_nothing_said_is_a_denial() -> None:
    """Without a statement that applies the answer is no."""
    decision = evaluate([], "ram:GetRole", "*", {})
    assert (decision.allowed, decision.source) == (False, "implicit deny")


@pytest.mark.parametrize(
    "text",
    [
        "not json",
        "[]",
        "{}",
        '{"Version":"2","Statement":[]}',
        '{"Version":"1"}',
        '{"Version":"1","Statement":{}}',
        '{"Version":"1","Statement":[],"Id":"x"}',
        '{"Version":"1","Statement":["x"]}',
        document({"Action": "*", "Resource": "*"}),
        document(allow(Effect="allow")),
        document(allow(Sid="x")),
        document(allow(Action=[])),
        document(allow(Action=1)),
        document(allow(Action="GetRole")),
        document({**allow(), "NotAction": "ram:*"}),
        document({"Effect": "Allow", "Action": "*"}),
        document(allow(Resource="arn:aws:iam::1:role/x")),
        document(allow(Resource="acs:ram:role/x")),
        document(allow(Principal={"RAM": ["acs:ram::1:root"]})),
        document(allow(Condition=["x"])),
        document(allow(Condition={"StringMatches": {"acs:SourceIp": "x"}})),
        document(allow(Condition={"IpAddress": {"acs:SourceIp": "ten"}})),
        document(allow(Condition={"NumericEquals": {"acs:MFAAge": "old"}})),
        document(allow(Condition={"StringEquals": {"acs:SourceIp": {"a": "b"}}})),
    ],
)
def test_a_malformed_document_is_refused(cloud: LocalCloud, text: str) -> None:
    """What the grammar does not know is not stored."""
    request = ram.CreatePolicyRequest(policy_name="bad", policy_document=text)
    assert refused(cloud.client("ram").create_policy, request) == (400, "MalformedPolicyDocument")
    assert "bad" not in cloud.state()["accounts"]["1000000000000001"]["policies"]


@pytest.mark.parametrize(
    "statement",
    [
        {"Effect": "Allow", "Action": "sts:AssumeRole"},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": "*"},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"AWS": "acs:ram::1:root"}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["1"]}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["acs:ram::*:root"]}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"RAM": ["acs:ram::1:role/*"]}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": ["fc"]}},
        {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": TRUST_MANAGEMENT, "Resource": "*"},
    ],
)
def test_a_malformed_trust_policy_is_refused(statement: dict[str, Any]) -> None:
    """A trust policy names principals exactly, and no resource."""
    with pytest.raises(CloudError, match="MalformedPolicyDocument"):
        parse(document(statement), trust=True)


@pytest.mark.parametrize(
    ("caller", "trusted"),
    [
        ("acs:ram::1:role/AliyunServiceRoleForHbrCrossAccountBackup", True),
        ("acs:ram::1:role/aliyunserviceroleforhbrcrossaccountbackup", True),
        ("acs:ram::2:role/AliyunServiceRoleForHbrCrossAccountBackup", False),
        ("acs:ram::1:role/other", False),
        ("acs:ram::1:root", False),
    ],
)
def test_a_trust_policy_names_its_principal(caller: str, trusted: bool) -> None:  # noqa: FBT001  # a table's column
    """Only the principal named is let in, in whichever case its role's name is written."""
    principal = {"RAM": ["acs:ram::1:role/AliyunServiceRoleForHbrCrossAccountBackup"]}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    assert trusts(document(statement), [("RAM", caller)], {}).allowed is trusted


def test_case_counts_where_that_is_guessed() -> None:
    """Under the guess ``trust_arn_case: exact`` a role is trusted only as its name is written."""
    principal = {"RAM": ["acs:ram::1:role/Reader"]}
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
    assert trusts(trust, [("RAM", "acs:ram::1:role/Reader")], {}, exact_case=True).allowed
    assert not trusts(trust, [("RAM", "acs:ram::1:role/reader")], {}, exact_case=True).allowed


@pytest.mark.parametrize("kind", ["Federated", "Service"])
def test_a_name_of_another_kind_lets_nobody_in(kind: str) -> None:
    """A name is trusted as the kind of principal that it stands under, and as no other."""
    principal = {"Federated": ["acs:ram::1:root"]} if kind == "Federated" else {"Service": ["fc.aliyuncs.com"]}
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal})
    names = [("RAM", "acs:ram::1:root"), ("RAM", "fc.aliyuncs.com")]
    assert not trusts(trust, names, {}).allowed


@pytest.mark.parametrize(
    ("condition", "let_in"),
    [
        ({"DateGreaterThan": {"acs:CurrentTime": "2000-01-01T00:00:00Z"}}, True),
        ({"DateLessThan": {"acs:CurrentTime": "2000-01-01T00:00:00Z"}}, False),
        ({"Bool": {"acs:SecureTransport": "true"}}, True),
        ({"NumericLessThan": {"acs:CurrentTime": "1"}}, False),
        ({"IpAddress": {"acs:CurrentTime": "10.0.0.0/8"}}, False),
        ({"NotIpAddress": {"acs:CurrentTime": "10.0.0.0/8"}}, True),
    ],
)
def test_a_trust_policy_has_conditions(cloud: LocalCloud, condition: Any, let_in: Any) -> None:
    """Time and transport are known to a trust policy, too; a value that is no number or address fits none of theirs."""
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": TRUST_MANAGEMENT, "Condition": condition}
    trust = document(statement)
    inside.create_role(ram.CreateRoleRequest(role_name="timed", assume_role_policy_document=trust))
    if let_in:
        assert cloud.assume(f"acs:ram::{MEMBER}:role/timed").token
    else:
        request = sts.AssumeRoleRequest(role_arn=f"acs:ram::{MEMBER}:role/timed", role_session_name="test")
        assert refused(cloud.client("sts").assume_role, request) == (403, "NoPermission")


def make_role(cloud: LocalCloud, *statements: dict[str, Any]) -> Key:
    """Credentials of a role in the member account that holds one custom policy."""
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    trust = document({"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": TRUST_MANAGEMENT})
    inside.create_role(ram.CreateRoleRequest(role_name="narrow", assume_role_policy_document=trust))
    inside.create_policy(ram.CreatePolicyRequest(policy_name="narrow", policy_document=document(*statements)))
    attach = ram.AttachPolicyToRoleRequest(role_name="narrow", policy_type="Custom", policy_name="narrow")
    inside.attach_policy_to_role(attach)
    return cloud.assume(f"acs:ram::{MEMBER}:role/narrow")


def test_every_call_is_judged(cloud: LocalCloud) -> None:
    """A role may do what its policy allows and nothing else, whatever the service."""
    key = make_role(cloud, READ)
    inside = cloud.client("ram", key=key)
    assert inside.get_role(ram.GetRoleRequest(role_name="narrow")).body.role.role_name == "narrow"
    assert refused(inside.delete_role, ram.DeleteRoleRequest(role_name="narrow")) == (403, "NoPermission")
    accounts = cloud.client("hbr", key=key)
    assert refused(accounts.describe_cross_accounts, hbr.DescribeCrossAccountsRequest())[0] == 403
    assert "narrow" in cloud.state()["accounts"][MEMBER]["roles"]


def test_a_resource_bounds_an_action(cloud: LocalCloud) -> None:
    """An action allowed on one role is refused on another."""
    key = make_role(cloud, allow(Action="ram:GetRole", Resource=f"acs:ram:*:{MEMBER}:role/narrow"))
    inside = cloud.client("ram", key=key)
    inside.get_role(ram.GetRoleRequest(role_name="narrow"))
    other = ram.GetRoleRequest(role_name="ResourceDirectoryAccountAccessRole")
    assert refused(inside.get_role, other) == (403, "NoPermission")


def test_a_condition_bounds_a_service_linked_role(cloud: LocalCloud) -> None:
    """`ram:ServiceName` tells which service's role may be made."""
    condition = {"StringEquals": {"ram:ServiceName": "crossbackup.hbr.aliyuncs.com"}}
    inside = cloud.client("ram", key=make_role(cloud, allow(Action="ram:*", Condition=condition)))
    other = ram.CreateServiceLinkedRoleRequest(service_name="fc.aliyuncs.com")
    assert refused(inside.create_service_linked_role, other) == (403, "NoPermission")
    inside.create_service_linked_role(ram.CreateServiceLinkedRoleRequest(service_name="crossbackup.hbr.aliyuncs.com"))


def test_a_refusal_says_who_and_what(cloud: LocalCloud) -> None:
    """The refusal carries the action, the principal and the kind of denial; the journal the deciding statement."""
    denial = {"Effect": "Deny", "Action": "ram:DeleteRole", "Resource": "*"}
    inside = cloud.client("ram", key=make_role(cloud, allow(), denial))
    with pytest.raises(Exception, match="not authorized") as caught:
        inside.delete_role(ram.DeleteRoleRequest(role_name="narrow"))
    detail = caught.value.data["AccessDeniedDetail"]  # type: ignore[attr-defined]  # of the SDK's exception
    told = (detail["AuthAction"], detail["AuthPrincipalType"], detail["NoPermissionType"], detail["PolicyType"])
    assert told == ("ram:DeleteRole", "AssumedRoleUser", "ExplicitDeny", "AccountLevelIdentityBasedPolicy")
    (entry,) = cloud.journal(action="DeleteRole")
    assert entry["decision"] == {"allowed": False, "source": "Custom:narrow", "statement": denial}


def test_a_session_policy_narrows(cloud: LocalCloud) -> None:
    """A session may do what both the role's policies and its own policy allow."""
    role = f"acs:ram::{MEMBER}:role/ResourceDirectoryAccountAccessRole"
    inside = cloud.client("ram", key=cloud.assume(role, policy=document(READ)))
    inside.list_roles(ram.ListRolesRequest())
    create = ram.CreatePolicyRequest(policy_name="more", policy_document=document(allow()))
    assert refused(inside.create_policy, create) == (403, "NoPermission")
    narrow = make_role(cloud, READ)
    assert narrow
    wide = cloud.assume(f"acs:ram::{MEMBER}:role/narrow", policy=document(allow()))
    assert refused(cloud.client("ram", key=wide).create_policy, create) == (403, "NoPermission")


def control(cloud: LocalCloud, target: str, action: str) -> None:
    """Forbid an action in a folder or an account."""
    client = cloud.client("resourcedirectory")
    denial = {"Effect": "Deny", "Action": action, "Resource": "*"}
    create = rd.CreateControlPolicyRequest(
        policy_name=f"no-{action[4:]}", effect_scope="RAM", policy_document=document(denial)
    )
    policy = client.create_control_policy(create).body.control_policy.policy_id
    client.attach_control_policy(rd.AttachControlPolicyRequest(policy_id=policy, target_id=target))


@pytest.mark.parametrize("target", ["r-Landing", "fd-test000001", MEMBER])
def test_a_control_policy_denies(cloud: LocalCloud, target: str) -> None:
    """What a control policy on the account or a folder above denies, not even an administrator may do."""
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    control(cloud, target, "ram:ListRoles")
    assert refused(inside.list_roles, ram.ListRolesRequest()) == (403, "NoPermission")
    inside.get_role(ram.GetRoleRequest(role_name="ResourceDirectoryAccountAccessRole"))
    cloud.client("resourcedirectory").disable_control_policy()
    inside.list_roles(ram.ListRolesRequest())


def test_a_control_policy_spares_others(cloud: LocalCloud) -> None:
    """A control policy reaches neither the management account nor accounts in other folders."""
    control(cloud, "fd-prod000001", "ram:ListRoles")
    control(cloud, "r-Landing", "ram:ListPolicies")
    cloud.client("ram", key=cloud.into(MEMBER)).list_roles(ram.ListRolesRequest())
    cloud.client("ram").list_policies(ram.ListPoliciesRequest())


def test_a_control_policy_spares_service_linked_roles(cloud: LocalCloud) -> None:
    """What a service does through its own role is not bound by control policies, what its owner does is."""
    create_role(cloud, link(cloud), member=int(MEMBER))
    control(cloud, BACKUP, "sts:AssumeRole")
    check = hbr.CheckRoleRequest(
        check_role_type="CrossAccountRole", cross_account_user_id=int(MEMBER), cross_account_role_name="hbrcrossrole"
    )
    assert cloud.client("hbr", account="backup").check_role(check).body.success is True
    access = f"acs:ram::{MEMBER}:role/ResourceDirectoryAccountAccessRole"
    assert refused(lambda: cloud.assume(access, account="backup")) == (403, "NoPermission")


def test_a_deleted_role_may_do_nothing(cloud: LocalCloud) -> None:
    """A session outlives its role, but what it may do does not."""
    key = make_role(cloud, READ)
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    detach = ram.DetachPolicyFromRoleRequest(role_name="narrow", policy_type="Custom", policy_name="narrow")
    inside.detach_policy_from_role(detach)
    inside.delete_role(ram.DeleteRoleRequest(role_name="narrow"))
    assert refused(cloud.client("ram", key=key).list_roles, ram.ListRolesRequest()) == (403, "NoPermission")
