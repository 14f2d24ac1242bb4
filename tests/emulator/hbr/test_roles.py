from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_tea_openapi.exceptions import ClientException

from emulator.hbr import SERVICE
from tests.emulator.hbr.conftest import MEMBER, ROLE, create_role, link, register
from tests.emulator.signing import acs3, refusal

if TYPE_CHECKING:
    from tests.cloud import LocalCloud


def check(backup: Any, role_type: str = "CrossAccountRole", member: int | None = MEMBER) -> Any:
    name = ROLE if member else None
    request = hbr.CheckRoleRequest(
        check_role_type=role_type, cross_account_user_id=member, cross_account_role_name=name
    )
    return backup.check_role(request).body


def refused(backup: Any, **more: Any) -> tuple[str, int]:
    with pytest.raises(ClientException) as refusal:
        check(backup, **more)
    return refusal.value.code, refusal.value.status_code


def test_a_proper_role_passes(cloud: LocalCloud, backup: Any) -> None:
    """The role that the product's page describes is proved, whether the account is registered or not."""
    create_role(cloud, link(cloud))
    answer = check(backup)
    assert (answer.success, answer.code) == (True, "200")


def test_the_trusted_name_may_be_in_mixed_case(cloud: LocalCloud, backup: Any) -> None:
    """The product's page writes the service-linked role in mixed case where its ARN comes back in lower case."""
    lower = link(cloud)
    assert lower == f"acs:ram::{cloud.accounts['backup']}:role/aliyunserviceroleforhbrcrossaccountbackup"
    create_role(cloud, f"acs:ram::{cloud.accounts['backup']}:role/AliyunServiceRoleForHbrCrossAccountBackup")
    assert check(backup).success


def test_a_missing_service_linked_role_is_an_answer_with_200(cloud: LocalCloud, backup: Any) -> None:
    """The one documented refusal comes with HTTP 200 and Success false, and raises nothing."""
    create_role(cloud, f"acs:ram::{cloud.accounts['backup']}:root")
    answer = check(backup)
    assert (answer.success, answer.code) == (False, "CrossAccountBackupSlrNotExist")


def test_a_missing_role_is_told(cloud: LocalCloud, backup: Any) -> None:
    """A role, or an account, that does not exist is RoleNotExist."""
    link(cloud)
    assert refused(backup) == ("RoleNotExist", 404)
    assert refused(backup, member=1) == ("RoleNotExist", 404)


def test_a_role_that_trusts_another_fails(cloud: LocalCloud, backup: Any) -> None:
    """A trust policy that names somebody else does not let the service-linked role in."""
    link(cloud)
    create_role(cloud, f"acs:ram::{cloud.accounts['management']}:root")
    assert refused(backup) == ("AssumeRoleFail", 403)


@pytest.mark.parametrize("policy", ["", "AliyunOSSFullAccess"])
def test_a_role_without_enough_rights_fails(cloud: LocalCloud, backup: Any, policy: str) -> None:
    """A role that may do nothing, or not all that backups need, is NoPermission."""
    create_role(cloud, link(cloud), policy=policy)
    assert refused(backup) == ("NoPermission", 403)


def test_one_kind_of_backup_can_be_asked_for(cloud: LocalCloud, backup: Any) -> None:
    """A role for OSS alone passes as OssRole and fails as NasRole."""
    create_role(cloud, link(cloud), policy="AliyunOSSFullAccess")
    assert check(backup, "OssRole").success
    assert refused(backup, role_type="NasRole") == ("NoPermission", 403)


def test_ones_own_roles_are_the_service_linked_ones(cloud: LocalCloud, backup: Any) -> None:
    """Without an account, the service-linked role of that kind of backup must be there."""
    assert refused(backup, role_type="OssRole", member=None) == ("RoleNotExist", 404)
    request = ram.CreateServiceLinkedRoleRequest(service_name="ossbackup.hbr.aliyuncs.com")
    cloud.client("ram", account="backup").create_service_linked_role(request)
    assert check(backup, "OssRole", None).success


def test_the_check_may_want_a_registration(cloud: LocalCloud, backup: Any) -> None:
    """Under that guess a role is proved only for an account that is registered in the region."""
    create_role(cloud, link(cloud))
    assert check(backup).success
    cloud.guess(check_role_needs_registration=True)
    assert refused(backup) == ("NoPermission", 403)
    register(backup)
    assert check(backup).success


def test_a_fresh_role_may_take_a_while(cloud: LocalCloud, backup: Any) -> None:
    """Under the guess of a propagation delay, a role is not there before it has passed."""
    cloud.guess(role_propagation_seconds=30)
    linked = link(cloud)
    cloud.advance(31)
    create_role(cloud, linked)
    assert refused(backup) == ("RoleNotExist", 404)
    cloud.advance(31)
    assert check(backup).success


def test_no_session_is_left_behind(cloud: LocalCloud, backup: Any) -> None:
    """The session that proves a role is Cloud Backup's own: nobody finds its key in the state."""
    create_role(cloud, link(cloud))
    before = set(cloud.state()["sessions"])
    check(backup)
    assert set(cloud.state()["sessions"]) == before


INTO = [name for name, action in SERVICE.actions.items() if "CrossAccountUserId" in str(action.params)]
BY_ITSELF = {"AddCrossAccount", "DeleteCrossAccount", "CreatePolicyV2", "UpdatePolicyV2", "DescribePoliciesV2"}
"""What only writes down, or reads, which account is meant; a policy's TAG rules look into accounts later."""


@pytest.mark.parametrize("action", sorted(set(INTO) - BY_ITSELF))
@pytest.mark.parametrize("spoilt", ["gone", "trusts another"])
def test_every_call_into_an_account_assumes_its_role(
    running_cloud: LocalCloud, moments: Any, action: str, spoilt: str
) -> None:
    """Whatever names a member's data is refused, and has done nothing, where its role is gone or lets nobody in."""
    moment = next(one for one in moments["hbr", action] if "CrossAccountUserId" in str(one.sent))
    state = copy.deepcopy(moment.again())
    roles = state["accounts"][str(MEMBER)]["roles"]
    if spoilt == "gone":
        del roles[ROLE]
    else:
        roles[ROLE]["trust"] = roles[ROLE]["trust"].replace("role/", "role/not")
    running_cloud.load(state)
    host = running_cloud.endpoints["hbr"]["cn-hangzhou"]
    wanted = (404, "RoleNotExist") if spoilt == "gone" else (403, "AssumeRoleFail")
    assert refusal(acs3(host, moment.key, action, SERVICE.version, moment.sent)) == wanted
    assert running_cloud.state()["hbr"] == state["hbr"]
