"""STS: who may become which role, for how long, and who a caller is."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_ram20150501 import models as ram
from alibabacloud_sts20150401 import models as sts

from tests.cloud import Key
from tests.emulator.refusals import refused

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

MANAGEMENT = "1000000000000001"
BACKUP = "1000000000000002"
MEMBER = "1000000000000012"
ACCESS = f"acs:ram::{MEMBER}:role/ResourceDirectoryAccountAccessRole"


def trust(principal: dict[str, Any], **more: Any) -> str:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal, **more}
    return json.dumps({"Version": "1", "Statement": [statement]})


def create(cloud: LocalCloud, document: str, name: str = "target") -> str:
    """A role in the member account with this trust policy; its ARN."""
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    request = ram.CreateRoleRequest(role_name=name, assume_role_policy_document=document)
    return str(inside.create_role(request).body.role.arn)


def assume(cloud: LocalCloud, arn: str, **fields: Any) -> Any:
    """AssumeRole as the management account's operator, or with another key."""
    client = cloud.client("sts", key=fields.pop("key", None), account=fields.pop("account", "management"))
    return client.assume_role(sts.AssumeRoleRequest(**{"role_arn": arn, "role_session_name": "test", **fields})).body


def test_a_session_is_its_role_s(cloud: LocalCloud) -> None:
    """The credentials act in the role's account, under the role's name and the session's."""
    body = assume(cloud, ACCESS, role_session_name="alice")
    assert body.assumed_role_user.arn == f"{ACCESS}/alice"
    given = body.credentials
    key = Key(given.access_key_id, given.access_key_secret, given.security_token)
    who = cloud.client("sts", key=key).get_caller_identity().body
    assert (who.account_id, who.identity_type, who.arn) == (MEMBER, "AssumedRoleUser", f"{ACCESS}/alice")
    assert who.principal_id == body.assumed_role_user.assumed_role_id


def test_trust_is_evaluated(cloud: LocalCloud) -> None:
    """A caller whom the trust policy does not name is refused, however much its own policies allow."""
    arn = create(cloud, trust({"RAM": [f"acs:ram::{BACKUP}:root"]}))
    assert refused(lambda: assume(cloud, arn)) == (403, "NoPermission")
    decision = cloud.journal(action="AssumeRole")[-1]["decision"]
    assert (decision["allowed"], decision["source"]) == (False, "trust policy")
    assume(cloud, arn, account="backup")
    assert cloud.journal(action="AssumeRole")[-1]["decision"]["source"] == "System:AdministratorAccess"


def test_trust_may_name_one_user(cloud: LocalCloud) -> None:
    """A trust policy that names a user lets in this user and no other identity of the account."""
    arn = create(cloud, trust({"RAM": [f"acs:ram::{BACKUP}:user/backup-operator"]}))
    assume(cloud, arn, account="backup")
    role = cloud.client("ram", account="backup")
    document = trust({"RAM": [f"acs:ram::{BACKUP}:root"]})
    role.create_role(ram.CreateRoleRequest(role_name="other", assume_role_policy_document=document))
    attach = ram.AttachPolicyToRoleRequest(role_name="other", policy_type="System", policy_name="AdministratorAccess")
    role.attach_policy_to_role(attach)
    other = cloud.assume(f"acs:ram::{BACKUP}:role/other", account="backup")
    assert refused(lambda: assume(cloud, arn, key=other)) == (403, "NoPermission")


def test_a_role_may_assume_a_role(cloud: LocalCloud) -> None:
    """A session counts as its role in a trust policy, in whichever case that is written."""
    arn = create(cloud, trust({"RAM": [f"acs:ram::{MEMBER}:role/resourcedirectoryaccountaccessrole"]}))
    assume(cloud, arn, key=cloud.into(MEMBER))


def test_a_role_of_a_service_is_not_for_users(cloud: LocalCloud) -> None:
    """A role that trusts a service lets no user in."""
    arn = f"acs:ram::{MANAGEMENT}:role/cab-functions"
    assert refused(lambda: assume(cloud, arn)) == (403, "NoPermission")


def test_the_caller_needs_the_permission(cloud: LocalCloud) -> None:
    """Trust alone does not do: the caller's own policies must allow sts:AssumeRole on the role."""
    create(cloud, trust({"RAM": [f"acs:ram::{MEMBER}:root"]}), "weak")
    arn = create(cloud, trust({"RAM": [f"acs:ram::{MEMBER}:root"]}))
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    attach = ram.AttachPolicyToRoleRequest(role_name="weak", policy_type="System", policy_name="ReadOnlyAccess")
    inside.attach_policy_to_role(attach)
    weak = cloud.assume(f"acs:ram::{MEMBER}:role/weak", key=cloud.into(MEMBER))
    assert refused(lambda: assume(cloud, arn, key=weak)) == (403, "NoPermission")
    attach = ram.AttachPolicyToRoleRequest(
        role_name="weak", policy_type="System", policy_name="AliyunSTSAssumeRoleAccess"
    )
    inside.attach_policy_to_role(attach)
    assume(cloud, arn, key=weak)


def test_an_external_id_may_be_wanted(cloud: LocalCloud) -> None:
    """A condition of the trust policy on sts:ExternalId must be met."""
    principal = {"RAM": [f"acs:ram::{MANAGEMENT}:root"]}
    arn = create(cloud, trust(principal, Condition={"StringEquals": {"sts:ExternalId": "secret"}}))
    assert refused(lambda: assume(cloud, arn)) == (403, "NoPermission")
    assert refused(lambda: assume(cloud, arn, external_id="wrong")) == (403, "NoPermission")
    assume(cloud, arn, external_id="secret")


def test_a_role_must_exist(cloud: LocalCloud) -> None:
    """An absent role and an absent account look the same."""
    for arn in (f"acs:ram::{MEMBER}:role/absent", "acs:ram::9999999999999999:role/absent"):
        assert refused(assume, cloud, arn) == (404, "EntityNotExist.Role")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"role_arn": None}, "MissingParameter.RoleArn"),
        ({"role_session_name": None}, "MissingParameter.RoleSessionName"),
        ({"role_arn": "target"}, "InvalidParameter.RoleArn"),
        ({"role_arn": f"acs:ram::{MEMBER}:user/target"}, "InvalidParameter.RoleArn"),
        ({"role_session_name": "a"}, "InvalidParameter.RoleSessionName"),
        ({"role_session_name": "a" * 65}, "InvalidParameter.RoleSessionName"),
        ({"role_session_name": "a b"}, "InvalidParameter.RoleSessionName"),
        ({"duration_seconds": 899}, "InvalidParameter.DurationSeconds"),
        ({"duration_seconds": 3601}, "InvalidParameter.DurationSeconds"),
        ({"policy": "{}"}, "InvalidParameter.PolicyGrammar"),
        ({"policy": " " * 2049}, "InvalidParameter.PolicySize"),
        ({"external_id": "a b"}, "InvalidParameter.ExternalId"),
    ],
)
def test_a_bad_request_is_refused(cloud: LocalCloud, fields: dict[str, Any], code: str) -> None:
    """Each parameter is checked, and no session is made."""
    assert refused(lambda: assume(cloud, **{"arn": ACCESS, **fields})) == (400, code)
    assert cloud.state()["sessions"] == {}


def test_a_role_bounds_its_sessions(cloud: LocalCloud) -> None:
    """A session may last as long as the role's MaxSessionDuration says."""
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    update = ram.UpdateRoleRequest(role_name="ResourceDirectoryAccountAccessRole", new_max_session_duration=43200)
    inside.update_role(update)
    assume(cloud, ACCESS, duration_seconds=43200)


def test_a_new_role_may_take_a_while(cloud: LocalCloud) -> None:
    """Under the guess, STS sees a new role only after the propagation delay."""
    cloud.guess(role_propagation_seconds=30)
    arn = create(cloud, trust({"RAM": [f"acs:ram::{MANAGEMENT}:root"]}))
    assert refused(assume, cloud, arn) == (404, "EntityNotExist.Role")
    cloud.advance(31)
    assume(cloud, arn)


def test_a_new_trust_policy_may_take_a_while(cloud: LocalCloud) -> None:
    """Under the guess, STS goes by the trust policy before until the propagation delay is over."""
    arn = create(cloud, trust({"RAM": [f"acs:ram::{MANAGEMENT}:root"]}))
    cloud.advance(60)
    cloud.guess(role_propagation_seconds=30)
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    new = trust({"RAM": [f"acs:ram::{BACKUP}:root"]})
    inside.update_role(ram.UpdateRoleRequest(role_name="target", new_assume_role_policy_document=new))
    assume(cloud, arn)
    assert refused(lambda: assume(cloud, arn, account="backup")) == (403, "NoPermission")
    cloud.advance(31)
    assert refused(assume, cloud, arn) == (403, "NoPermission")
    assume(cloud, arn, account="backup")


def test_a_user_is_told_who_it_is(cloud: LocalCloud) -> None:
    """GetCallerIdentity needs no permission and names account and user."""
    who = cloud.client("sts", account="backup").get_caller_identity().body
    told = (who.identity_type, who.account_id, who.arn)
    assert told == ("RAMUser", BACKUP, f"acs:ram::{BACKUP}:user/backup-operator")
