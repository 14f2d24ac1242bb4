"""Tours through every action of all services but Cloud Backup, with the official SDKs."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from alibabacloud_actiontrail20200706 import models as trail
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from alibabacloud_resourcemanager20200331 import models as rm
from alibabacloud_sts20150401 import models as sts

from tests.cloud import Key
from tests.emulator.sdk_models import recorder

if TYPE_CHECKING:
    from collections.abc import Iterator

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
    client.moments |= invited.moments
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


def tour_queues(cloud: LocalCloud) -> Any:
    client = recorder(cloud, "mnsopen")
    policy = mns.CreateQueueRequestDlqPolicy(enabled=True, dead_letter_target_queue="dead", max_receive_count=3)
    tag = mns.CreateQueueRequestTag(key="team", value="backup")
    client.create_queue(mns.CreateQueueRequest(queue_name="jobs", dlq_policy=policy, tag=[tag]))
    client.set_queue_attributes(mns.SetQueueAttributesRequest(queue_name="jobs", delay_seconds=1))
    client.get_queue_attributes(mns.GetQueueAttributesRequest(queue_name="jobs"))
    client.list_queue(mns.ListQueueRequest())
    client.delete_queue(mns.DeleteQueueRequest(queue_name="jobs"))
    return client


def tour_trail(cloud: LocalCloud) -> Any:
    directory = cloud.client("resourcedirectory")
    for name in ("one", "two"):
        directory.create_folder(rd.CreateFolderRequest(folder_name=name))
    client = recorder(cloud, "actiontrail")
    attribute = trail.LookupEventsRequestLookupAttribute(key="EventName", value="CreateFolder")
    client.lookup_events(trail.LookupEventsRequest(max_results="1", lookup_attribute=[attribute]))
    return client


def tour(cloud: LocalCloud) -> Iterator[tuple[str, Any]]:
    """Each service's name, and the client that made its tour, with all answers; not of Cloud Backup."""
    cloud.reset()
    yield "ram", tour_ram(cloud)
    yield "sts", tour_sts(cloud)
    yield "resourcedirectory", tour_directory(cloud, "resourcedirectory", rd)
    cloud.reset()
    yield "resourcemanager", tour_resource_manager(cloud)
    cloud.reset()
    yield "mnsopen", tour_queues(cloud)
    yield "actiontrail", tour_trail(cloud)
