"""Failures that do more than spoil an answer, the watch over a program's requests, and the list of secrets."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from Tea.exceptions import TeaException

from tests.cloud import Key, LocalCloud
from tests.emulator.tours import TRUST

MEMBER, BACKUP, OUTSIDE = "1000000000000011", "1000000000000002", "1000000000000099"
SLR = f"acs:ram::{BACKUP}:role/AliyunServiceRoleForHbrCrossAccountBackup"
WATCHED = {
    "arn": "acs:ram::1000000000000001:role/cab-functions",
    "session": "test",
    "backup_account": BACKUP,
    "trusts": SLR,
    "mark": "ours:",
    "policies": ["System:AliyunHBRRolePolicy"],
}


def who(cloud: LocalCloud) -> Any:
    return cloud.client("sts").get_caller_identity().body.account_id


def test_a_refusing_endpoint_refuses_until_faults_are_cleared(cloud: LocalCloud) -> None:
    """The port is really closed: kept connections end, new ones are refused, and clearing opens it again."""
    cloud.fault(service="sts", effect="refuse", skip=1)
    assert who(cloud)
    for expected in ("Connection aborted", "Connection refused"):
        with pytest.raises(TeaException, match=expected):
            who(cloud)
    assert cloud.struck() == {"": 1}
    cloud.clear_faults()
    assert who(cloud)


def test_whoever_is_gone_reaches_nobody_any_more(cloud: LocalCloud) -> None:
    """The call itself may have been processed; every later one, of any service, is dropped until faults are cleared."""
    cloud.fault(service="ram", effect="gone", phase="after")
    client = cloud.client("ram", key=cloud.into(MEMBER))
    with pytest.raises(TeaException):
        client.create_role(ram.CreateRoleRequest(role_name="last", assume_role_policy_document=TRUST))
    for _ in range(2):
        with pytest.raises(TeaException):
            who(cloud)
    cloud.clear_faults()
    assert who(cloud)
    assert "last" in cloud.state()["accounts"][MEMBER]["roles"]


def test_an_expired_session_stays_expired(cloud: LocalCloud) -> None:
    """``expire`` ends the caller's session for this call and all later ones."""
    key = cloud.into(MEMBER)
    cloud.fault(service="ram", effect="expire")
    for _ in range(2):
        with pytest.raises(TeaException, match=r"InvalidSecurityToken\.Expired"):
            cloud.client("ram", key=key).get_role(ram.GetRoleRequest(role_name="x"))


def test_a_held_call_waits_for_its_release(cloud: LocalCloud) -> None:
    """A call that is held is neither processed nor answered until somebody lets it go on."""
    assert not cloud.held(0)
    cloud.fault(service="sts", effect="hold")
    with ThreadPoolExecutor(1) as thread:
        waiting = thread.submit(who, cloud)
        assert cloud.held(10)
        assert who(cloud)
        assert not waiting.done()
        cloud.release()
        assert waiting.result(10)


def role(cloud: LocalCloud, key: Key, principal: str = SLR, description: str = "ours: x") -> None:
    """Make the backup role."""
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [principal]}}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    request = ram.CreateRoleRequest(role_name="r", assume_role_policy_document=document, description=description)
    cloud.client("ram", key=key).create_role(request)


def attach(cloud: LocalCloud, key: Key, policy: str) -> None:
    request = ram.AttachPolicyToRoleRequest(policy_type="System", policy_name=policy, role_name="r")
    cloud.client("ram", key=key).attach_policy_to_role(request)


def register(cloud: LocalCloud, account: str, key: Key) -> None:
    request = hbr.AddCrossAccountRequest(
        cross_account_user_id=int(account), cross_account_role_name="r", cross_account_type="CROSS_ACCOUNT", alias="x"
    )
    cloud.client("hbr", key=key).add_cross_account(request)


def in_backup(cloud: LocalCloud) -> Key:
    """A session in the backup account under the watched name, with every right."""
    return cloud.assume(f"acs:ram::{BACKUP}:role/ResourceDirectoryAccountAccessRole")


def test_what_is_allowed_is_no_violation(cloud: LocalCloud) -> None:
    """The exact trust, the allowed policy and a member's registration are what the watched program is for."""
    cloud.watch(**WATCHED)
    key = cloud.into(MEMBER)
    role(cloud, key)
    attach(cloud, key, "AliyunHBRRolePolicy")
    register(cloud, MEMBER, in_backup(cloud))
    assert cloud.violations() == []


def test_every_kind_of_violation_is_seen(cloud: LocalCloud) -> None:
    """Wide trust, a policy too many, a stranger registered, a role deleted while registered."""
    cloud.watch(**WATCHED)
    key = cloud.into(MEMBER)
    role(cloud, key, "acs:ram::1000000000000001:root")
    attach(cloud, key, "AdministratorAccess")
    register(cloud, OUTSIDE, in_backup(cloud))
    register(cloud, MEMBER, in_backup(cloud))
    detach = ram.DetachPolicyFromRoleRequest(policy_type="System", policy_name="AdministratorAccess", role_name="r")
    cloud.client("ram", key=key).detach_policy_from_role(detach)
    cloud.client("ram", key=key).delete_role(ram.DeleteRoleRequest(role_name="r"))
    assert [found["action"] for found in cloud.violations()] == [
        "CreateRole",
        "AttachPolicyToRole",
        "AddCrossAccount",
        "DeleteRole",
    ]


def test_a_write_in_an_account_of_nobody_is_seen(cloud: LocalCloud) -> None:
    """In an account that the directory does not list, nothing may be written unless it is declared."""
    key = Key("LTAI5tOutside00000000001", "outside-secret-0000000000000001")
    watched = {**WATCHED, "arn": f"acs:ram::{OUTSIDE}:user/owner"}
    cloud.watch(**watched)
    role(cloud, key)
    (found,) = cloud.violations()
    assert found["what"] == f"a write in or about account {OUTSIDE}, which is neither listed nor declared"
    cloud.watch(**watched, declared=[OUTSIDE])
    attach(cloud, key, "AliyunHBRRolePolicy")
    assert cloud.violations() == []


def test_deleting_a_foreign_role_is_seen(cloud: LocalCloud) -> None:
    """Even if nothing needs it any more: it is not ours to delete."""
    key = cloud.into(MEMBER)
    role(cloud, key, description="somebody's")
    cloud.watch(**WATCHED)
    cloud.client("ram", key=key).delete_role(ram.DeleteRoleRequest(role_name="r"))
    assert [found["what"] for found in cloud.violations()] == ["the foreign role r was deleted"]


def test_others_may_do_what_they_like(cloud: LocalCloud) -> None:
    """What an owner does in the account is not the watched program's doing."""
    cloud.watch(**{**WATCHED, "session": "another"})
    role(cloud, cloud.into(MEMBER), "acs:ram::1000000000000001:root")
    assert cloud.violations() == []


def test_a_foreign_role_and_an_account_out_of_scope_are_off_limits(cloud: LocalCloud) -> None:
    """A role without the mark must not be touched, and an account that is left out must not be enrolled."""
    key = cloud.into(MEMBER)
    role(cloud, key, description="somebody's")
    cloud.watch(**WATCHED, out_of_scope=[MEMBER])
    cloud.client("ram", key=key).update_role(ram.UpdateRoleRequest(role_name="r", new_description="ours: now"))
    whats = [found["what"] for found in cloud.violations()]
    assert len(whats) == 2
    assert "out of scope" in whats[0]
    assert "foreign role" in whats[1]


def test_secrets_are_listed_and_looked_for(cloud: LocalCloud) -> None:
    """Every secret, token and signature is known, and one that lies in a queue is found."""
    key = cloud.into(MEMBER)
    known, leaks = cloud.secrets()
    assert {cloud.key().access_key_secret, key.access_key_secret, key.token} <= set(known)
    assert leaks == []
    state = cloud.state()
    state["fc"]["logs"]["f"] = [{"at": 0.0, "text": f"a token: {key.token}"}]
    cloud.load(state)
    assert cloud.secrets()[1] == ["the log of f"]
