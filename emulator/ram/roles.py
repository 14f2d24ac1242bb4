"""RAM roles: what the role actions do. Names and lengths are checked before, by the table in ``__init__.py``."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from emulator import paging, permissions
from emulator.accounts import Role
from emulator.clock import utc
from emulator.conditions import malformed
from emulator.errors import CloudError
from emulator.identity import find_role, role_arn

if TYPE_CHECKING:
    from emulator.accounts import Account, Policy
    from emulator.service import Call
    from emulator.state import State

T = TypeVar("T")

ROLES_PER_ACCOUNT = 1000
POLICIES_PER_ROLE = {"System": 20, "Custom": 10}
"""Help page "Limits" of RAM."""


def existing(account: Account, name: str) -> Role:
    """A role that must be there.

    Raises:
        CloudError: ``EntityNotExist.Role`` 404.
    """
    role = find_role(account, name)
    if role is None:
        raise CloudError("EntityNotExist.Role", f"The role does not exist: {name}.", 404)
    return role


def ordinary(account: Account, name: str) -> Role:
    """A role that must be there and may be changed by its owner.

    A service-linked role belongs to its service (help page "Service-linked roles"); the refusal's code is inferred.
    """
    role = existing(account, name)
    if role.service:
        raise CloudError("NoPermission.ServiceLinkedRole", "A service-linked role is changed by its service only.", 403)
    return role


def describe(account_id: str, role: Role, *extra: str) -> dict[str, Any]:
    """A role as every role action answers it, plus ``UpdateDate`` or the trust policy where they are asked for."""
    more = {"UpdateDate": utc(role.updated_at), "AssumeRolePolicyDocument": role.trust}
    return {
        "RoleId": role.role_id,
        "RoleName": role.name,
        "Arn": role_arn(account_id, role),
        "CreateDate": utc(role.created_at),
        "Description": role.description,
        "MaxSessionDuration": role.max_session_seconds,
        "AllowConsoleLogin": role.console_login,
        **{name: more[name] for name in extra},
    }


def _check_trust(call: Call, document: str) -> None:
    """A trust policy must be well formed; whether its principals must exist is a guess."""
    statements = permissions.parse(document, trust=True)
    if not call.cloud.guesses.trust_names_must_exist:
        return
    for kind, name in (principal for statement in statements for principal in statement.principals):
        if kind == "RAM" and not _exists(call.cloud.state, name):
            raise malformed(f"the principal {name} does not exist")


def _exists(state: State, arn: str) -> bool:
    _, _, _, account_id, relative = arn.split(":", 4)
    account = state.accounts.get(account_id)
    kind, _, name = relative.partition("/")
    if account is None or kind == "root":
        return account is not None
    return name in account.users if kind == "user" else find_role(account, name) is not None


def create(call: Call) -> dict[str, Any]:
    """API page "CreateRole"."""
    sent, account = call.params, call.account
    if find_role(account, sent["RoleName"]):
        raise CloudError("EntityAlreadyExists.Role", f"The role already exists: {sent['RoleName']}.", 409)
    if len(account.roles) >= ROLES_PER_ACCOUNT:
        raise CloudError("LimitExceeded.Role", "The count of roles beyond the current limits.", 409)
    _check_trust(call, sent["AssumeRolePolicyDocument"])
    role = Role(
        role_id=call.cloud.new_number(),
        name=sent["RoleName"],
        trust=sent["AssumeRolePolicyDocument"],
        description=sent["Description"],
        max_session_seconds=sent["MaxSessionDuration"] or 3600,
        console_login=sent["AllowConsoleLogin"],
        tags={tag["Key"]: tag.get("Value", "") for tag in sent["Tag"] or []},
        created_at=call.now,
        updated_at=call.now,
    )
    account.roles[role.name] = role
    return {"Role": describe(account.account_id, role, "AssumeRolePolicyDocument")}


def get(call: Call) -> dict[str, Any]:
    """API page "GetRole"."""
    role = existing(call.account, call.params["RoleName"])
    answer = describe(call.account.account_id, role, "AssumeRolePolicyDocument", "UpdateDate")
    answer["IsServiceLinkedRole"] = bool(role.service)
    if role.service:
        answer["RolePrincipalName"] = role.service
    return {"Role": answer}


def update(call: Call) -> dict[str, Any]:
    """API page "UpdateRole". What is not sent stays as it is."""
    sent = call.params
    role = ordinary(call.account, sent["RoleName"])
    if sent["NewAssumeRolePolicyDocument"]:
        _check_trust(call, sent["NewAssumeRolePolicyDocument"])
        role.previous_trust, role.trust = role.trust, sent["NewAssumeRolePolicyDocument"]
    if sent["NewDescription"] is not None:
        role.description = sent["NewDescription"]
    if sent["NewMaxSessionDuration"]:
        role.max_session_seconds = sent["NewMaxSessionDuration"]
    if sent["NewAllowConsoleLogin"] is not None:
        role.console_login = sent["NewAllowConsoleLogin"]
    role.updated_at = call.now
    return {"Role": describe(call.account.account_id, role, "AssumeRolePolicyDocument", "UpdateDate")}


def delete(call: Call) -> dict[str, Any]:
    """API page "DeleteRole": refused while a policy is attached."""
    role = ordinary(call.account, call.params["RoleName"])
    if role.attached:
        raise CloudError("DeleteConflict.Role.Policy", "The role cannot be deleted while policies are attached.", 409)
    del call.account.roles[role.name]
    return {}


def list_roles(call: Call) -> dict[str, Any]:
    """API page "ListRoles": 100 per page by default, 1,000 at most."""
    wanted = {tag["Key"]: tag.get("Value", "") for tag in call.params["Tag"] or []}
    roles = [role for role in call.account.roles.values() if wanted.items() <= role.tags.items()]
    page, answer = paged(call, roles)
    answer["Roles"] = {
        "Role": [{**describe(call.account.account_id, role, "UpdateDate"), "Tags": tags(role.tags)} for role in page]
    }
    return answer


def paged(call: Call, items: Sequence[T]) -> tuple[Sequence[T], dict[str, Any]]:
    """One page of a ``Marker``/``MaxItems`` list, and the keys that say whether there is more."""
    page, following = paging.placed(items, call.params["Marker"], call.params["MaxItems"])
    return page, {"IsTruncated": bool(following), **({"Marker": following} if following else {})}


def tags(known: dict[str, str]) -> dict[str, Any]:
    """Tags as RAM's lists answer them."""
    return {"Tag": [{"TagKey": key, "TagValue": value} for key, value in known.items()]}


def policies_of(call: Call) -> dict[str, Any]:
    """API page "ListPoliciesForRole": no paging."""
    role = existing(call.account, call.params["RoleName"])
    listed = []
    for reference, attached_at in role.attached.items():
        kind, _, name = reference.partition(":")
        policy = _policy(call, kind, name)
        listed.append(
            {
                "PolicyName": name,
                "PolicyType": kind,
                "Description": policy.description if policy else "",
                "DefaultVersion": f"v{policy.version if policy else 1}",
                "AttachDate": utc(attached_at),
            }
        )
    return {"Policies": {"Policy": listed}}


def _policy(call: Call, kind: str, name: str) -> Policy | None:
    return (call.account.policies if kind == "Custom" else call.cloud.state.system_policies).get(name)


def _attachment(call: Call) -> tuple[Role, str, str]:
    """The role, the policy's kind and its reference, both of which must exist.

    RAM is asked for the policy too: role and policy are both required resource types of these two actions (API pages
    "AttachPolicyToRole" and "DetachPolicyFromRole"; that they are asked for one after the other is inferred).
    """
    sent = call.params
    owner = "system" if sent["PolicyType"] == "System" else call.caller.account_id
    call.cloud.require(call.caller, f"ram:{call.action}", f"acs:ram:*:{owner}:policy/{sent['PolicyName']}")
    role = ordinary(call.account, sent["RoleName"])
    if _policy(call, sent["PolicyType"], sent["PolicyName"]) is None:
        raise CloudError("EntityNotExist.Policy", f"The policy does not exist: {sent['PolicyName']}.", 404)
    return role, sent["PolicyType"], f"{sent['PolicyType']}:{sent['PolicyName']}"


def attach(call: Call) -> dict[str, Any]:
    """API page "AttachPolicyToRole": 20 system and 10 custom policies at most."""
    role, kind, reference = _attachment(call)
    if reference in role.attached:
        raise CloudError("EntityAlreadyExists.Role.Policy", "The policy is already attached to the role.", 409)
    if sum(known.startswith(kind) for known in role.attached) >= POLICIES_PER_ROLE[kind]:
        raise CloudError("LimitExceeded.Role.Policy", "The count of policies of the role beyond the limit.", 409)
    role.attached[reference] = call.now
    return {}


def detach(call: Call) -> dict[str, Any]:
    """API page "DetachPolicyFromRole"."""
    role, _, reference = _attachment(call)
    if role.attached.pop(reference, None) is None:
        raise CloudError("EntityNotExist.Role.Policy", "The policy is not attached to the role.", 404)
    return {}
