"""RAM custom policies, and the system policies that every account sees."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator import permissions
from emulator.accounts import Policy
from emulator.clock import utc
from emulator.errors import CloudError
from emulator.ram.roles import paged, tags

if TYPE_CHECKING:
    from emulator.accounts import Account
    from emulator.service import Call

CUSTOM_POLICIES_PER_ACCOUNT = 1500
"""Help page "Limits" of RAM."""


def _existing(call: Call, kind: str) -> Policy:
    known = call.account.policies if kind == "Custom" else call.cloud.state.system_policies
    policy = known.get(call.params["PolicyName"])
    if policy is None:
        raise CloudError("EntityNotExist.Policy", f"The policy does not exist: {call.params['PolicyName']}.", 404)
    return policy


def _attachments(account: Account, policy: Policy) -> dict[str, int]:
    """How many roles and users of the account hold the policy."""
    reference = f"{policy.kind}:{policy.name}"
    return {
        "Role": sum(reference in role.attached for role in account.roles.values()),
        "User": sum(reference in user.attached for user in account.users.values()),
    }


def _describe(policy: Policy) -> dict[str, Any]:
    return {
        "PolicyName": policy.name,
        "PolicyType": policy.kind,
        "Description": policy.description,
        "DefaultVersion": f"v{policy.version}",
        "CreateDate": utc(policy.created_at),
    }


def create(call: Call) -> dict[str, Any]:
    """API page "CreatePolicy"."""
    sent, known = call.params, call.account.policies
    if sent["PolicyName"] in known:
        raise CloudError("EntityAlreadyExists.Policy", f"The policy already exists: {sent['PolicyName']}.", 409)
    if len(known) >= CUSTOM_POLICIES_PER_ACCOUNT:
        raise CloudError("LimitExceeded.Policy", "The count of policies beyond the current limits.", 409)
    permissions.parse(sent["PolicyDocument"])
    policy = Policy(
        name=sent["PolicyName"],
        document=sent["PolicyDocument"],
        description=sent["Description"],
        tags={tag["Key"]: tag.get("Value", "") for tag in sent["Tag"] or []},
        created_at=call.now,
    )
    known[policy.name] = policy
    return {"Policy": _describe(policy)}


def get(call: Call) -> dict[str, Any]:
    """API page "GetPolicy"; of its versions the emulator keeps the default one."""
    policy = _existing(call, call.params["PolicyType"])
    created = utc(policy.created_at)
    return {
        "Policy": {
            **_describe(policy),
            "AttachmentCount": sum(_attachments(call.account, policy).values()),
            "UpdateDate": created,
            "PolicyDocument": policy.document,
        },
        "DefaultPolicyVersion": {
            "VersionId": f"v{policy.version}",
            "IsDefaultVersion": True,
            "CreateDate": created,
            "PolicyDocument": policy.document,
        },
    }


def create_version(call: Call) -> dict[str, Any]:
    """API page "CreatePolicyVersion": only as the new default, and with the oldest one making room for it."""
    sent, policy = call.params, _existing(call, "Custom")
    permissions.parse(sent["PolicyDocument"])
    for name, expected in (
        ("SetAsDefault", True),
        ("RotateStrategy", "DeleteOldestNonDefaultVersionWhenLimitExceeded"),
    ):
        if sent[name] != expected:
            raise CloudError(f"InvalidParameter.{name}", f"Only {name}={expected} is emulated.")
    policy.document, policy.version = sent["PolicyDocument"], policy.version + 1
    version = {"VersionId": f"v{policy.version}", "IsDefaultVersion": True, "CreateDate": utc(call.now)}
    return {"PolicyVersion": {**version, "PolicyDocument": policy.document}}


def delete(call: Call) -> dict[str, Any]:
    """API page "DeletePolicy": refused while attached, or with versions (the codes' endings are inferred).

    ``CascadingDelete`` deletes the versions too (SDK model DeletePolicyRequest); that it detaches is not emulated.
    """
    policy = _existing(call, "Custom")
    if policy.version > 1 and not call.params["CascadingDelete"]:
        raise CloudError("DeleteConflict.Policy.Version", "The policy cannot be deleted while it has versions.", 409)
    for kind, count in _attachments(call.account, policy).items():
        if count:
            raise CloudError(f"DeleteConflict.Policy.{kind}", "The policy cannot be deleted while attached.", 409)
    del call.account.policies[policy.name]
    return {}


def list_policies(call: Call) -> dict[str, Any]:
    """API page "ListPolicies": system and custom ones, 100 per page by default, 1,000 at most."""
    kind = call.params["PolicyType"]
    wanted = {tag["Key"]: tag.get("Value", "") for tag in call.params["Tag"] or []}
    known = [*call.account.policies.values(), *call.cloud.state.system_policies.values()]
    page, answer = paged(
        call, [each for each in known if kind in (None, each.kind) and wanted.items() <= each.tags.items()]
    )
    answer["Policies"] = {
        "Policy": [
            {
                **_describe(policy),
                "UpdateDate": utc(policy.created_at),
                "AttachmentCount": sum(_attachments(call.account, policy).values()),
                "Tags": tags(policy.tags),
            }
            for policy in page
        ]
    }
    return answer
