"""RAM: roles, policies, attachments and service-linked roles."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcemanager20200331 import models as rm

from tests.emulator.refusals import refused

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

MEMBER = "1000000000000012"
BACKUP = "1000000000000002"
LINKED = "AliyunServiceRoleForHbrCrossAccountBackup"
SERVICE = "crossbackup.hbr.aliyuncs.com"


def trust(*names: str) -> str:
    principal = {"RAM": list(names or ["acs:ram::1000000000000001:root"])}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal}
    return json.dumps({"Version": "1", "Statement": [statement]})


def document(action: str = "oss:*") -> str:
    return json.dumps({"Version": "1", "Statement": [{"Effect": "Allow", "Action": action, "Resource": "*"}]})


@pytest.fixture
def inside(cloud: LocalCloud) -> Any:
    """RAM in a member account."""
    return cloud.client("ram", key=cloud.into(MEMBER))


def create(client: Any, name: str = "reader", **more: Any) -> Any:
    fields = {"role_name": name, "assume_role_policy_document": trust(), **more}
    return client.create_role(ram.CreateRoleRequest(**fields)).body.role


def attach(client: Any, name: str, kind: str = "System", role: str = "reader") -> Any:
    request = ram.AttachPolicyToRoleRequest(role_name=role, policy_type=kind, policy_name=name)
    return client.attach_policy_to_role(request)


def detach(name: str, kind: str = "System", role: str = "reader") -> Any:
    return ram.DetachPolicyFromRoleRequest(role_name=role, policy_type=kind, policy_name=name)


def roles(cloud: LocalCloud, account: str = MEMBER) -> dict[str, Any]:
    found: dict[str, Any] = cloud.state()["accounts"][account]["roles"]
    return found


def test_a_role_is_kept_as_it_was_sent(inside: Any) -> None:
    """GetRole answers what CreateRole was given, and the ARN of its account."""
    create(inside, description="reads", max_session_duration=7200)
    role = inside.get_role(ram.GetRoleRequest(role_name="reader")).body.role
    assert (role.description, role.max_session_duration) == ("reads", 7200)
    assert (role.arn, role.assume_role_policy_document) == (f"acs:ram::{MEMBER}:role/reader", trust())
    assert role.is_service_linked_role is False


def test_a_role_belongs_to_its_account(cloud: LocalCloud, inside: Any) -> None:
    """A role made in one account is not there in another."""
    create(inside)
    assert refused(cloud.client("ram").get_role, ram.GetRoleRequest(role_name="reader")) == (404, "EntityNotExist.Role")


def test_a_name_is_given_once(cloud: LocalCloud, inside: Any) -> None:
    """A second role of that name, in whatever case, is refused and the first one stays as it is."""
    create(inside)
    for name in ("reader", "READER"):
        request = ram.CreateRoleRequest(role_name=name, assume_role_policy_document=trust(f"acs:ram::{BACKUP}:root"))
        assert refused(inside.create_role, request) == (409, "EntityAlreadyExists.Role")
    assert roles(cloud)["reader"]["trust"] == trust()


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"role_name": None}, "MissingParameter.RoleName"),
        ({"role_name": "a_b"}, "InvalidParameter.RoleName.InvalidChars"),
        ({"role_name": "a" * 65}, "InvalidParameter.RoleName.Length"),
        ({"description": "d" * 1025}, "InvalidParameter.Description.Length"),
        ({"max_session_duration": 3599}, "InvalidParameter.MaxSessionDuration"),
        ({"max_session_duration": 43201}, "InvalidParameter.MaxSessionDuration"),
        ({"assume_role_policy_document": None}, "MissingParameter.AssumeRolePolicyDocument"),
        ({"assume_role_policy_document": "{}"}, "MalformedPolicyDocument"),
        ({"assume_role_policy_document": document()}, "MalformedPolicyDocument"),
        ({"assume_role_policy_document": " " * 4097}, "InvalidParameter.AssumeRolePolicyDocument.Length"),
    ],
)
def test_a_bad_role_is_refused(cloud: LocalCloud, inside: Any, fields: dict[str, Any], code: str) -> None:
    """Names, lengths, durations and trust policies out of range are refused, and nothing is made."""
    request = ram.CreateRoleRequest(**{"role_name": "reader", "assume_role_policy_document": trust(), **fields})
    assert refused(inside.create_role, request) == (400, code)
    assert roles(cloud).keys() == {"ResourceDirectoryAccountAccessRole"}


def test_the_number_of_roles_is_limited(cloud: LocalCloud, inside: Any) -> None:
    """An account holds 1,000 roles."""
    state = cloud.state()
    known = state["accounts"][MEMBER]["roles"]
    known |= {f"r{n}": {**known["ResourceDirectoryAccountAccessRole"], "name": f"r{n}"} for n in range(999)}
    cloud.load(state)
    request = ram.CreateRoleRequest(role_name="more", assume_role_policy_document=trust())
    assert refused(inside.create_role, request) == (409, "LimitExceeded.Role")


def test_an_update_changes_what_is_sent(inside: Any) -> None:
    """UpdateRole leaves alone what it is not given."""
    create(inside, description="reads")
    update = ram.UpdateRoleRequest(role_name="reader", new_assume_role_policy_document=trust(f"acs:ram::{BACKUP}:root"))
    inside.update_role(update)
    role = inside.get_role(ram.GetRoleRequest(role_name="reader")).body.role
    assert (role.description, role.assume_role_policy_document) == ("reads", trust(f"acs:ram::{BACKUP}:root"))


def test_an_update_is_checked(inside: Any) -> None:
    """A role that is not there and a trust policy that is none are refused."""
    absent = ram.UpdateRoleRequest(role_name="absent", new_description="x")
    assert refused(inside.update_role, absent) == (404, "EntityNotExist.Role")
    create(inside)
    bad = ram.UpdateRoleRequest(role_name="reader", new_assume_role_policy_document="{}")
    assert refused(inside.update_role, bad) == (400, "MalformedPolicyDocument")


def test_principals_must_exist_where_that_is_guessed(cloud: LocalCloud, inside: Any) -> None:
    """Under the guess, a trust policy may name only what is there."""
    cloud.guess(trust_names_must_exist=True)
    for name in (f"acs:ram::{BACKUP}:role/absent", "acs:ram::9999999999999999:root", f"acs:ram::{BACKUP}:user/absent"):
        request = ram.CreateRoleRequest(role_name="reader", assume_role_policy_document=trust(name))
        assert refused(inside.create_role, request) == (400, "MalformedPolicyDocument")
    create(inside, assume_role_policy_document=trust(f"acs:ram::{BACKUP}:role/cab-backup"))


def test_a_role_with_policies_stays(cloud: LocalCloud, inside: Any) -> None:
    """A role is deleted only once nothing is attached to it."""
    create(inside)
    attach(inside, "ReadOnlyAccess")
    delete = ram.DeleteRoleRequest(role_name="reader")
    assert refused(inside.delete_role, delete) == (409, "DeleteConflict.Role.Policy")
    inside.detach_policy_from_role(detach("ReadOnlyAccess"))
    inside.delete_role(delete)
    assert "reader" not in roles(cloud)
    assert refused(inside.delete_role, delete) == (404, "EntityNotExist.Role")


def test_an_attachment_is_made_once(cloud: LocalCloud, inside: Any) -> None:
    """Attaching twice and detaching twice are refused, each with its code."""
    create(inside)
    attach(inside, "AliyunHBRRolePolicy")
    assert refused(attach, inside, "AliyunHBRRolePolicy") == (409, "EntityAlreadyExists.Role.Policy")
    assert roles(cloud)["reader"]["attached"].keys() == {"System:AliyunHBRRolePolicy"}
    inside.detach_policy_from_role(detach("AliyunHBRRolePolicy"))
    gone = (404, "EntityNotExist.Role.Policy")
    assert refused(inside.detach_policy_from_role, detach("AliyunHBRRolePolicy")) == gone


def test_an_attachment_needs_both_ends(inside: Any) -> None:
    """Role and policy must be there, the policy of the kind that is named."""
    assert refused(attach, inside, "ReadOnlyAccess") == (404, "EntityNotExist.Role")
    create(inside)
    assert refused(attach, inside, "Absent") == (404, "EntityNotExist.Policy")
    assert refused(attach, inside, "ReadOnlyAccess", "Custom") == (404, "EntityNotExist.Policy")
    assert refused(attach, inside, "ReadOnlyAccess", "Other") == (400, "InvalidParameter.PolicyType")
    assert refused(inside.detach_policy_from_role, detach("Absent")) == (404, "EntityNotExist.Policy")


def test_the_number_of_attachments_is_limited(inside: Any) -> None:
    """A role holds ten custom policies."""
    create(inside)
    for number in range(11):
        inside.create_policy(ram.CreatePolicyRequest(policy_name=f"p{number}", policy_document=document()))
    for number in range(10):
        attach(inside, f"p{number}", "Custom")
    assert refused(attach, inside, "p10", "Custom") == (409, "LimitExceeded.Role.Policy")
    attach(inside, "ReadOnlyAccess")


def test_lists_are_paged(inside: Any) -> None:
    """ListRoles and ListPolicies go on where the marker says, until nothing is left."""
    for number in range(5):
        create(inside, f"r{number}")
    found: list[str] = []
    marker = None
    while True:
        body = inside.list_roles(ram.ListRolesRequest(max_items=2, marker=marker)).body
        found += [role.role_name for role in body.roles.role]
        marker = body.marker
        if not body.is_truncated:
            break
    assert found == ["ResourceDirectoryAccountAccessRole", "r0", "r1", "r2", "r3", "r4"]


@pytest.mark.parametrize("size", [0, 1001])
def test_a_page_has_limits(inside: Any, size: int) -> None:
    """A page has 1 to 1,000 items."""
    assert refused(inside.list_roles, ram.ListRolesRequest(max_items=size)) == (400, "InvalidParameter.MaxItems")
    marker = ram.ListRolesRequest(marker="x")
    assert refused(inside.list_roles, marker) == (400, "InvalidParameter.Marker")


def test_system_policies_are_there(inside: Any) -> None:
    """Every account sees the vendor's policies by name, with documents that parse."""
    body = inside.list_policies(ram.ListPoliciesRequest(policy_type="System", max_items=1000)).body
    names = {policy.policy_name for policy in body.policies.policy}
    assert {"AdministratorAccess", "AliyunHBRRolePolicy", "AliyunServiceRolePolicyForHbrCrossAccountBackup"} <= names
    request = ram.GetPolicyRequest(policy_type="System", policy_name="AdministratorAccess")
    found = inside.get_policy(request).body.default_policy_version.policy_document
    assert json.loads(found)["Statement"] == [{"Effect": "Allow", "Action": "*", "Resource": "*"}]


def test_a_policy_in_use_stays(cloud: LocalCloud, inside: Any) -> None:
    """A custom policy is deleted only once it is attached to nothing."""
    create(inside)
    inside.create_policy(ram.CreatePolicyRequest(policy_name="mine", policy_document=document()))
    again = ram.CreatePolicyRequest(policy_name="mine", policy_document=document("*"))
    assert refused(inside.create_policy, again) == (409, "EntityAlreadyExists.Policy")
    attach(inside, "mine", "Custom")
    delete = ram.DeletePolicyRequest(policy_name="mine")
    assert refused(inside.delete_policy, delete) == (409, "DeleteConflict.Policy.Role")
    inside.detach_policy_from_role(detach("mine", "Custom"))
    inside.delete_policy(delete)
    assert cloud.state()["accounts"][MEMBER]["policies"] == {}
    assert refused(inside.delete_policy, delete) == (404, "EntityNotExist.Policy")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"policy_name": "a b"}, "InvalidParameter.PolicyName.InvalidChars"),
        ({"policy_name": "a" * 129}, "InvalidParameter.PolicyName.Length"),
        ({"policy_document": document("ecs:" + "a" * 6144)}, "InvalidParameter.PolicyDocument.Length"),
    ],
)
def test_a_bad_policy_is_refused(inside: Any, fields: dict[str, Any], code: str) -> None:
    """Names and lengths out of range are refused."""
    request = ram.CreatePolicyRequest(**{"policy_name": "mine", "policy_document": document(), **fields})
    assert refused(inside.create_policy, request) == (400, code)


def link(client: Any, **more: Any) -> Any:
    request = ram.CreateServiceLinkedRoleRequest(**{"service_name": SERVICE, **more})
    return client.create_service_linked_role(request).body.role


def test_a_service_linked_role_comes_back_lower_cased(cloud: LocalCloud) -> None:
    """Its ARN has the name in lower case, its name keeps its case, and its policy is attached."""
    role = link(cloud.client("ram", account="backup"))
    assert (role.role_name, role.arn) == (LINKED, f"acs:ram::{BACKUP}:role/{LINKED.lower()}")
    made = roles(cloud, BACKUP)[LINKED]
    assert made["attached"].keys() == {"System:AliyunServiceRolePolicyForHbrCrossAccountBackup"}
    assert json.loads(made["trust"])["Statement"][0]["Principal"] == {"Service": [SERVICE]}


def test_a_service_linked_role_is_made_once(cloud: LocalCloud) -> None:
    """Through RAM or ResourceManager, a second one is refused."""
    link(cloud.client("ram", account="backup"))
    exists = (409, "EntityAlreadyExists.Role")
    assert refused(link, cloud.client("ram", account="backup")) == exists
    other = cloud.client("resourcemanager", account="backup")
    again = rm.CreateServiceLinkedRoleRequest(service_name=SERVICE)
    assert refused(other.create_service_linked_role, again) == exists


@pytest.mark.parametrize(
    ("fields", "status", "code"),
    [
        ({"service_name": "absent.aliyuncs.com"}, 404, "EntityNotExist.Service"),
        ({"description": "mine"}, 400, "InvalidParameter.Description.NotAllowed"),
        ({"custom_suffix": "mine"}, 400, "InvalidParameter.CustomSuffix.NotAllowed"),
        ({"service_name": None}, 400, "MissingParameter.ServiceName"),
    ],
)
def test_a_bad_service_linked_role_is_refused(
    cloud: LocalCloud, fields: dict[str, Any], status: int, code: str
) -> None:
    """The service must be known, and neither a description nor a suffix may be given."""
    assert refused(lambda: link(cloud.client("ram"), **fields)) == (status, code)


def test_a_service_linked_role_belongs_to_its_service(cloud: LocalCloud) -> None:
    """Its owner may neither change nor delete it as other roles."""
    client = cloud.client("ram", account="backup")
    link(client)
    forbidden = (403, "NoPermission.ServiceLinkedRole")
    update = ram.UpdateRoleRequest(role_name=LINKED, new_assume_role_policy_document=trust())
    assert refused(client.update_role, update) == forbidden
    assert refused(client.delete_role, ram.DeleteRoleRequest(role_name=LINKED)) == forbidden
    assert refused(attach, client, "AdministratorAccess", "System", LINKED) == forbidden


def test_a_service_linked_role_in_use_stays(cloud: LocalCloud) -> None:
    """Its deletion is a task, which fails while accounts are registered and says where."""
    client = cloud.client("ram", account="backup")
    link(client)
    accounts = cloud.client("hbr", account="backup")
    registered = {"cross_account_user_id": int(MEMBER), "cross_account_role_name": "hbrcrossrole"}
    accounts.add_cross_account(hbr.AddCrossAccountRequest(**registered, alias="test"))
    delete = ram.DeleteServiceLinkedRoleRequest(role_name=LINKED)
    status = rm.GetServiceLinkedRoleDeletionStatusRequest
    manager = cloud.client("resourcemanager", account="backup")

    task = client.delete_service_linked_role(delete).body.deletion_task_id
    body = manager.get_service_linked_role_deletion_status(status(deletion_task_id=task)).body
    (usage,) = body.reason.role_usages.role_usage
    assert (body.status, usage.region, usage.resources.resource) == ("FAILED", "cn-hangzhou", [MEMBER])

    accounts.delete_cross_account(hbr.DeleteCrossAccountRequest(**registered))
    task = client.delete_service_linked_role(delete).body.deletion_task_id
    body = manager.get_service_linked_role_deletion_status(status(deletion_task_id=task)).body
    assert (body.status, LINKED in roles(cloud, BACKUP)) == ("SUCCEEDED", False)


def test_only_service_linked_roles_are_deleted_as_such(cloud: LocalCloud, inside: Any) -> None:
    """An ordinary role, an absent one and an unknown task are refused."""
    create(inside)
    delete = inside.delete_service_linked_role
    ordinary = ram.DeleteServiceLinkedRoleRequest(role_name="reader")
    assert refused(delete, ordinary) == (404, "EntityNotExist.ServiceLinkedRole")
    assert refused(delete, ram.DeleteServiceLinkedRoleRequest(role_name="x")) == (404, "EntityNotExist.Role")
    status = rm.GetServiceLinkedRoleDeletionStatusRequest(deletion_task_id="x")
    found = refused(cloud.client("resourcemanager").get_service_linked_role_deletion_status, status)
    assert found == (404, "EntityNotExist.ServiceLinkedRole.DeletionTask")
