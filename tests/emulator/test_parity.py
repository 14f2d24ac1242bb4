"""The emulated actions against the official SDKs' models: nothing is dropped, nothing is missing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from alibabacloud_resourcemanager20200331 import models as rm
from alibabacloud_sts20150401 import models as sts

from emulator.server import SERVICES
from tests.cloud import Key
from tests.emulator.sdk_models import differences, parameters, recorder

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

MEMBER = "1000000000000012"
OUTSIDE = "1000000000000099"
TRUST = json.dumps(
    {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"RAM": ["acs:ram::1000000000000001:root"]},
            }
        ],
    }
)
POLICY = '{"Version":"1","Statement":[{"Effect":"Deny","Action":"ram:DeleteRole","Resource":"*"}]}'
ACTIONS = [(service.name, action) for service in SERVICES for action in sorted(service.actions)]
IDENTITY = [(service, action) for service, action in ACTIONS if service in ("ram", "sts", "resourcedirectory")]
IDENTITY += [(service, action) for service, action in ACTIONS if service == "resourcemanager"]
LEFT_OUT = {
    ("ram", "GetRole"): {
        ".Role.LatestDeletionTask is missing",  # only while a deletion is under way, which ends at once here
        ".Role.RolePrincipalName is missing",  # only of service-linked roles
    },
    ("sts", "AssumeRole"): {".SourceIdentity is missing"},  # only where one was sent
    ("sts", "GetCallerIdentity"): {".UserId is missing", ".RoleId is missing"},  # one of the two, by kind of caller
    ("ram", "ListRoles"): {".Marker is missing"},  # on the last page
    ("ram", "ListPolicies"): {".Marker is missing"},
    ("resourcedirectory", "ListAccounts"): {
        ".NextToken is missing",  # a list is paged by number
        ".PageNumber is missing",  # or by token
        ".PageSize is missing",
    },
    ("resourcedirectory", "ListTagResources"): {".NextToken is missing"},
    ("resourcemanager", "ListTagResources"): {".NextToken is missing"},
}


def tour_ram(cloud: LocalCloud) -> Any:
    client = recorder(cloud, "ram", key=cloud.into(MEMBER))
    tag = ram.CreateRoleRequestTag(key="team", value="backup")
    client.create_role(
        ram.CreateRoleRequest(role_name="reader", assume_role_policy_document=TRUST, description="reads", tag=[tag])
    )
    client.update_role(ram.UpdateRoleRequest(role_name="reader", new_max_session_duration=7200))
    client.get_role(ram.GetRoleRequest(role_name="reader"))
    client.create_policy(ram.CreatePolicyRequest(policy_name="no-delete", policy_document=POLICY))
    attachment = {"role_name": "reader", "policy_type": "Custom", "policy_name": "no-delete"}
    client.attach_policy_to_role(ram.AttachPolicyToRoleRequest(**attachment))
    client.list_policies_for_role(ram.ListPoliciesForRoleRequest(role_name="reader"))
    client.get_policy(ram.GetPolicyRequest(policy_type="Custom", policy_name="no-delete"))
    version = {"set_as_default": True, "rotate_strategy": "DeleteOldestNonDefaultVersionWhenLimitExceeded"}
    request = ram.CreatePolicyVersionRequest(policy_name="no-delete", policy_document=POLICY, **version)
    client.create_policy_version(request)
    client.list_roles(ram.ListRolesRequest(max_items=1))
    client.list_roles(ram.ListRolesRequest())
    client.list_policies(ram.ListPoliciesRequest(max_items=1))
    client.list_policies(ram.ListPoliciesRequest())
    client.detach_policy_from_role(ram.DetachPolicyFromRoleRequest(**attachment))
    client.delete_policy(ram.DeletePolicyRequest(policy_name="no-delete", cascading_delete=True))
    client.delete_role(ram.DeleteRoleRequest(role_name="reader"))
    client.create_service_linked_role(ram.CreateServiceLinkedRoleRequest(service_name="fc.aliyuncs.com"))
    client.get_role(ram.GetRoleRequest(role_name="AliyunServiceRoleForFC"))
    client.delete_service_linked_role(ram.DeleteServiceLinkedRoleRequest(role_name="AliyunServiceRoleForFC"))
    return client


def tour_sts(cloud: LocalCloud) -> Any:
    client = recorder(cloud, "sts")
    role = f"acs:ram::{MEMBER}:role/ResourceDirectoryAccountAccessRole"
    client.assume_role(sts.AssumeRoleRequest(role_arn=role, role_session_name="who", source_identity="alice"))
    client.assume_role(sts.AssumeRoleRequest(role_arn=role, role_session_name="who"))
    client.get_caller_identity()
    as_role = recorder(cloud, "sts", key=cloud.into(MEMBER))
    as_role.get_caller_identity()
    client.answers["GetCallerIdentity"] += as_role.answers["GetCallerIdentity"]
    return client


def tour_directory(cloud: LocalCloud, service: str, models: Any) -> Any:
    client = recorder(cloud, service)
    client.get_resource_directory()
    folder = client.create_folder(models.CreateFolderRequest(folder_name="unit")).body.folder.folder_id
    client.get_folder(models.GetFolderRequest(folder_id=folder))
    client.list_folders_for_parent(models.ListFoldersForParentRequest())
    client.list_ancestors(models.ListAncestorsRequest(child_id=folder))
    tag = models.CreateResourceAccountRequestTag(key="stage", value="new")
    create = models.CreateResourceAccountRequest(display_name="new", account_name_prefix="new", tag=[tag])
    account = {"account_id": client.create_resource_account(create).body.account.account_id}
    client.get_account(models.GetAccountRequest(**account, include_tags=True))
    client.update_account(models.UpdateAccountRequest(**account, new_display_name="newer"))
    client.move_account(models.MoveAccountRequest(**account, destination_folder_id=folder))
    client.list_accounts(models.ListAccountsRequest(include_tags=True))
    if service == "resourcedirectory":
        client.list_accounts(models.ListAccountsRequest(include_tags=True, max_results=1))
    client.list_accounts_for_parent(models.ListAccountsForParentRequest(parent_folder_id=folder, include_tags=True))
    tagged = {"resource_type": "Account", "resource_id": [account["account_id"]]}
    client.tag_resources(
        models.TagResourcesRequest(**tagged, tag=[models.TagResourcesRequestTag(key="team", value="a")])
    )
    client.list_tag_resources(models.ListTagResourcesRequest(**tagged))
    client.list_tag_resources(models.ListTagResourcesRequest(**tagged, max_results=1))
    client.untag_resources(models.UntagResourcesRequest(**tagged, tag_key=["team"]))
    tour_leaving(cloud, client, models, account)
    tour_trust(client, models, folder)
    return client


def tour_leaving(cloud: LocalCloud, client: Any, models: Any, account: dict[str, str]) -> None:
    client.delete_account(models.DeleteAccountRequest(**account, abandonable_check_id=["NON_SP_cs"]))
    client.get_account_deletion_status(models.GetAccountDeletionStatusRequest(**account))
    invite = models.InviteAccountToResourceDirectoryRequest(target_entity=OUTSIDE, target_type="Account", note="hi")
    handshake = client.invite_account_to_resource_directory(invite).body.handshake.handshake_id
    invited = recorder(cloud, "resourcedirectory", key=outside(cloud))
    invited.accept_handshake(rd.AcceptHandshakeRequest(handshake_id=handshake))
    client.answers |= invited.answers
    client.remove_cloud_account(models.RemoveCloudAccountRequest(account_id=OUTSIDE))


def tour_trust(client: Any, models: Any, folder: str) -> None:
    delegation = {"account_id": MEMBER, "service_principal": "config.aliyuncs.com"}
    client.register_delegated_administrator(models.RegisterDelegatedAdministratorRequest(**delegation))
    client.list_delegated_administrators(models.ListDelegatedAdministratorsRequest())
    client.deregister_delegated_administrator(models.DeregisterDelegatedAdministratorRequest(**delegation))
    client.list_trusted_service_status(models.ListTrustedServiceStatusRequest())
    create = models.CreateControlPolicyRequest(
        policy_name="no-delete", effect_scope="RAM", policy_document=POLICY, description="keep"
    )
    policy = client.create_control_policy(create).body.control_policy.policy_id
    client.attach_control_policy(models.AttachControlPolicyRequest(policy_id=policy, target_id=folder))
    client.list_control_policies(models.ListControlPoliciesRequest())
    target = models.ListControlPolicyAttachmentsForTargetRequest(target_id=folder)
    client.list_control_policy_attachments_for_target(target)
    client.detach_control_policy(models.DetachControlPolicyRequest(policy_id=policy, target_id=folder))
    client.delete_control_policy(models.DeleteControlPolicyRequest(policy_id=policy))
    client.disable_control_policy()
    client.enable_control_policy()
    client.get_control_policy_enablement_status()


def tour_resource_manager(cloud: LocalCloud) -> Any:
    client = tour_directory(cloud, "resourcemanager", rm)
    client.create_service_linked_role(rm.CreateServiceLinkedRoleRequest(service_name="fc.aliyuncs.com"))
    delete = rm.DeleteServiceLinkedRoleRequest(role_name="AliyunServiceRoleForFC")
    task = client.delete_service_linked_role(delete).body.deletion_task_id
    status = rm.GetServiceLinkedRoleDeletionStatusRequest(deletion_task_id=task)
    client.get_service_linked_role_deletion_status(status)
    return client


def outside(cloud: LocalCloud) -> Key:
    """The key of the account that is not in the directory."""
    keys = cloud.state()["keys"].items()
    (key,) = (Key(key, entry["secret"]) for key, entry in keys if entry["principal"]["account_id"] == OUTSIDE)
    return key


@pytest.fixture(scope="module")
def answers(running_cloud: LocalCloud) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Every answer of a tour through all actions of the identity services."""
    running_cloud.reset()
    clients = {
        "ram": tour_ram(running_cloud),
        "sts": tour_sts(running_cloud),
        "resourcedirectory": tour_directory(running_cloud, "resourcedirectory", rd),
    }
    running_cloud.reset()
    clients["resourcemanager"] = tour_resource_manager(running_cloud)
    return {(name, action): found for name, client in clients.items() for action, found in client.answers.items()}


@pytest.mark.parametrize(("service", "action"), ACTIONS)
def test_parameters_are_the_sdk_s(service: str, action: str) -> None:
    """An action takes exactly the parameters that the official SDK can send."""
    (table,) = (known for known in SERVICES if known.name == service)
    assert set(table.actions[action].params) == parameters(service, action)


@pytest.mark.parametrize(("service", "action"), IDENTITY)
def test_answers_are_the_sdk_s(answers: dict[tuple[str, str], list[dict[str, Any]]], service: str, action: str) -> None:
    """An answer has the keys of the official SDK's model, no other, and values of its types."""
    found = {difference for answer in answers[service, action] for difference in differences(service, action, answer)}
    assert found == LEFT_OUT.get((service, action), set())
