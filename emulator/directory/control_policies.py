"""Control policies: what nobody in a member account may do, whatever RAM says there.

Only denials of custom policies matter: the system policy FullAliyunAccess is attached everywhere and allows the rest.
The codes of this file are inferred where the API pages list none.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator import permissions
from emulator.accounts import ControlPolicy
from emulator.clock import utc
from emulator.directory.lookup import directory_of, page_of, tagged, with_tags
from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.accounts import Directory
    from emulator.service import Call

FULL_ACCESS = ControlPolicy(
    policy_id="cp-FullAliyunAccess",
    name="FullAliyunAccess",
    document='{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}',
    description="Allows all operations.",
    scope="All",
)


def _describe(policy: ControlPolicy) -> dict[str, Any]:
    return {
        "PolicyId": policy.policy_id,
        "PolicyName": policy.name,
        "PolicyType": "System" if policy.policy_id == FULL_ACCESS.policy_id else "Custom",
        "EffectScope": policy.scope,
        "Description": policy.description,
        "AttachmentCount": str(len(policy.targets)),
        "CreateDate": utc(policy.created_at),
        "UpdateDate": utc(policy.created_at),
    }


def _policy_of(call: Call, directory: Directory) -> ControlPolicy:
    policy = directory.control_policies.get(call.params["PolicyId"])
    if policy is None:
        raise CloudError("EntityNotExists.ControlPolicy", "The control policy does not exist.", 404)
    return policy


def create(call: Call) -> dict[str, Any]:
    """API page "CreateControlPolicy"."""
    directory, sent = directory_of(call), call.params
    permissions.parse(sent["PolicyDocument"])
    if any(policy.name == sent["PolicyName"] for policy in directory.control_policies.values()):
        raise CloudError("EntityAlreadyExists.ControlPolicy", "The control policy already exists.", 409)
    policy = ControlPolicy(
        policy_id=f"cp-{call.cloud.random_text(16)}",
        name=sent["PolicyName"],
        document=sent["PolicyDocument"],
        description=sent["Description"] or "",
        scope=sent["EffectScope"],
        tags=tagged(sent.get("Tag")),
        created_at=call.now,
    )
    directory.control_policies[policy.policy_id] = policy
    return {"ControlPolicy": _describe(policy)}


def delete(call: Call) -> dict[str, Any]:
    """API page "DeleteControlPolicy": refused while attached."""
    directory = directory_of(call)
    policy = _policy_of(call, directory)
    if policy.targets:
        message = "The control policy cannot be deleted while it is attached."
        raise CloudError("DeleteConflict.ControlPolicy.Attachment", message, 409)
    del directory.control_policies[policy.policy_id]
    return {}


def list_policies(call: Call) -> dict[str, Any]:
    """API page "ListControlPolicies": the system policy and the custom ones."""
    directory, kind, wanted = directory_of(call), call.params["PolicyType"], tagged(call.params.get("Tag"))
    rows = [
        with_tags(_describe(policy), policy.tags)
        for policy in (FULL_ACCESS, *directory.control_policies.values())
        if wanted.items() <= policy.tags.items()
    ]
    page, answer = page_of(call, [row for row in rows if kind in (None, row["PolicyType"])])
    return {**answer, "ControlPolicies": {"ControlPolicy": page}}


def list_for_target(call: Call) -> dict[str, Any]:
    """API page "ListControlPolicyAttachmentsForTarget": what is attached to this folder or member itself."""
    directory, target = directory_of(call), call.params["TargetId"]
    _check_target(directory, target)
    fields = ("PolicyId", "PolicyName", "PolicyType", "EffectScope", "Description")
    attached = [(FULL_ACCESS, directory.created_at)]
    attached += [(one, one.targets[target]) for one in directory.control_policies.values() if target in one.targets]
    rows = [{**{name: _describe(policy)[name] for name in fields}, "AttachDate": utc(at)} for policy, at in attached]
    return {"ControlPolicyAttachments": {"ControlPolicyAttachment": rows}}


def _check_target(directory: Directory, target: str) -> None:
    if target not in directory.folders and target not in directory.members:
        message = "The specified target does not exist in the resource directory."
        raise CloudError("EntityNotExists.Target", message, 404)


def attach(call: Call) -> dict[str, Any]:
    """API page "AttachControlPolicy": to a folder or a member."""
    directory, target = directory_of(call), call.params["TargetId"]
    policy = _policy_of(call, directory)
    _check_target(directory, target)
    if target in policy.targets:
        message = "The control policy is already attached to the target."
        raise CloudError("EntityAlreadyExists.ControlPolicy.Attachment", message, 409)
    policy.targets[target] = call.now
    return {}


def detach(call: Call) -> dict[str, Any]:
    """API page "DetachControlPolicy"."""
    directory = directory_of(call)
    if _policy_of(call, directory).targets.pop(call.params["TargetId"], None) is None:
        message = "The specified target does not exist in the resource directory."
        raise CloudError("EntityNotExists.Target", message, 404)
    return {}


def enable(call: Call) -> dict[str, Any]:
    """API page "EnableControlPolicy": the answer says that it is under way; here it is done by then."""
    directory_of(call).control_policies_enabled = True
    return {"EnablementStatus": "PendingEnable"}


def disable(call: Call) -> dict[str, Any]:
    """API page "DisableControlPolicy"."""
    directory_of(call).control_policies_enabled = False
    return {"EnablementStatus": "PendingDisable"}


def enablement(call: Call) -> dict[str, Any]:
    """API page "GetControlPolicyEnablementStatus"."""
    return {"EnablementStatus": "Enabled" if directory_of(call).control_policies_enabled else "Disabled"}
