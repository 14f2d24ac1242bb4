"""Backup policies: rules for when, how long and where (CreatePolicyV2 and its family).

Which data sources a policy is applied to is in ``bindings.py``; what a rule's run does is in ``jobs.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.hbr import bindings, places, rules, vaults
from emulator.hbr.account import require_open
from emulator.hbr.answers import TOKENS, find, mine, refuse, stamp, token_page
from emulator.hbr.state import Policy
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.service import Call


def create_policy(call: Call) -> dict[str, Any]:
    """Make a policy (API page "CreatePolicyV2").

    Without a type it is STANDARD where a rule names a vault, else UDM_ECS_ONLY (SDK model CreatePolicyV2Request).
    """
    require_open(call)
    params = call.params
    sent = rules.accepted(call, params["Rules"] or [])
    has_vault = any(rule.get("VaultId") for rule in sent)
    policy = Policy(
        **stamp(call, "po"),
        name=params["PolicyName"],
        kind=params["PolicyType"] or ("STANDARD" if has_vault else "UDM_ECS_ONLY"),
        description=params["PolicyDescription"] or "",
    )
    _require_vaults(call, policy.kind, sent)
    call.cloud.state.hbr.policies[policy.id] = policy
    rules.replace(call, policy, sent)
    bindings.bind_tagged(call.cloud, policy, call.now)
    return {"PolicyId": policy.id}


def update_policy(call: Call) -> dict[str, Any]:
    """Change what is given; rules are replaced as a whole (API page "UpdatePolicyV2"; "as a whole" is inferred)."""
    params = call.params
    policy = find(call, call.cloud.state.hbr.policies, params["PolicyId"])
    if params["Rules"]:
        sent = rules.accepted(call, params["Rules"])
        _require_vaults(call, policy.kind, sent)
        rules.replace(call, policy, sent)
        bindings.bind_tagged(call.cloud, policy, call.now)
    policy.name = params["PolicyName"] or policy.name
    policy.description = policy.description if params["PolicyDescription"] is None else params["PolicyDescription"]
    policy.updated_at = call.now
    return {}


def _require_vaults(call: Call, kind: str, sent: list[dict[str, Any]]) -> None:
    """A STANDARD policy backs up to vaults that are there; one for ECS instances has none."""
    region = next((rule["ReplicationRegionId"] for rule in sent if rule["RuleType"] == "REPLICATION"), "")
    for rule in (rule for rule in sent if rule["RuleType"] == "BACKUP"):
        if kind == "STANDARD":
            vault = vaults.require_vault(call, rule.get("VaultId"))
            if region:
                vaults.ensure_mirror(call, vault, region)
        elif rule.get("VaultId"):
            raise refuse("BadRequest", "A policy of type UDM_ECS_ONLY has no vault.")


def delete_policy(call: Call) -> dict[str, Any]:
    """Forget a policy and its bindings; what it backed up stays (API page "DeletePolicyV2")."""
    hbr = call.cloud.state.hbr
    policy = find(call, hbr.policies, call.params["PolicyId"])
    for binding in bindings.of(hbr, policy.id):
        bindings.unbind(hbr, binding)
    del hbr.policies[policy.id]
    return {}


def describe_policies(call: Call) -> dict[str, Any]:
    """Policies by id or by the accounts that their rules name, in pages by token (API page "DescribePoliciesV2").

    ``Accounts`` and ``AccountScope`` pick policies with a TAG rule for one of those accounts, or of that scope; what
    ``RuleScope`` picks is documented nowhere and it is ignored (both inferred from the SDK's names alone).
    """
    params, hbr = call.params, call.cloud.state.hbr
    wanted = [
        policy
        for policy in mine(call, hbr.policies)
        if params["PolicyId"] in (None, policy.id)
        and (not params["AccountScope"] or params["AccountScope"] in _scopes(policy))
        and (not params["Accounts"] or _ids(params["Accounts"]) & _ids(_accounts(policy)))
    ]
    shown, token = token_page(wanted, params["NextToken"], params["MaxResults"])
    return {
        "Policies": [_render(policy, len(bindings.of(hbr, policy.id))) for policy in shown],
        "MaxResults": params["MaxResults"],
        "NextToken": token,
        "TotalCount": len(wanted),
    }


def _filters(policy: Policy) -> list[dict[str, Any]]:
    return [item for rule in policy.rules for item in rule.get("DataSourceFilters") or []]


def _scopes(policy: Policy) -> set[str]:
    return {item.get("AccountScope") or "" for item in _filters(policy)}


def _accounts(policy: Policy) -> list[dict[str, Any]]:
    return [account for item in _filters(policy) for account in item.get("Accounts") or []]


def _ids(accounts: list[dict[str, Any]]) -> set[str]:
    return {str(account.get("CrossAccountUserId")) for account in accounts}


def _render(policy: Policy, bound: int) -> dict[str, Any]:
    """Keys and types of SDK model DescribePoliciesV2ResponseBody."""
    return {
        "PolicyId": policy.id,
        "PolicyName": policy.name,
        "PolicyType": policy.kind,
        "PolicyDescription": policy.description,
        "PolicyBindingCount": bound,
        "BusinessStatus": "ACTIVE",
        "CreatedTime": int(policy.created_at),
        "UpdatedTime": int(policy.updated_at),
        "Rules": [_complete(rule) for rule in policy.rules],
    }


def _complete(rule: dict[str, Any]) -> dict[str, Any]:
    """A rule with every key of the model, empty where it does not apply."""
    filled = {key: rule[key] if rule.get(key) is not None else make() for key, make in _RULE_KEYS.items()}
    filled["DataSourceFilters"] = [{**_NO_FILTER, **given} for given in filled["DataSourceFilters"]]
    return filled


_NO_FILTER: Mapping[str, Any] = {"AccountScope": "", "Accounts": [], "DataSourceIds": []}
_RULE_KEYS: Mapping[str, Callable[[], Any]] = {
    **dict.fromkeys(("RuleId", "RuleType", "BackupType", "Schedule", "VaultId", "ReplicationRegionId"), str),
    **dict.fromkeys(("Retention", "ArchiveDays", "KeepLatestSnapshots"), int),
    **dict.fromkeys(("DataSourceFilters", "RetentionRules", "TagFilters"), list),
    "Immutable": bool,
}

_ID = {"PolicyId": Param(required=True)}
_FIELDS = {
    "PolicyName": Param(minimum=1, maximum=64),
    "PolicyDescription": Param(),
    "Rules": Param("json", shape=[rules.UPDATED]),
}

ACTIONS = {
    "CreatePolicyV2": Action(
        create_policy,
        _FIELDS
        | {
            "PolicyName": Param(required=True, minimum=1, maximum=64),
            "Rules": Param("json", shape=[rules.NEW]),
            "PolicyType": Param(choices=("STANDARD", "UDM_ECS_ONLY")),
        },
        permission="hbr:CreatePolicyV2",
        writes=True,
        errors=(
            "ServiceNotActivated",
            "BadRequest",
            "VaultNotExist",
            "ArchiveDaysTooShort",
            "ArchiveRetentionDaysTooShort",
        ),
    ),
    "UpdatePolicyV2": Action(
        update_policy,
        _FIELDS | _ID,
        permission="hbr:UpdatePolicyV2",
        writes=True,
        errors=(
            "ResourceNotFound",
            "BadRequest",
            "VaultNotExist",
            "ArchiveDaysTooShort",
            "ArchiveRetentionDaysTooShort",
        ),
    ),
    "DeletePolicyV2": Action(
        delete_policy, _ID, permission="hbr:DeletePolicyV2", writes=True, errors=("ResourceNotFound",)
    ),
    "DescribePoliciesV2": Action(
        describe_policies,
        {
            **TOKENS,
            "PolicyId": Param(),
            "Accounts": Param("json", shape=[places.ACCOUNT]),
            "AccountScope": Param(),
            "RuleScope": Param(),
        },
        permission="hbr:DescribePoliciesV2",
    ),
}
