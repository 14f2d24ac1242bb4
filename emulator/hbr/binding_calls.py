"""The actions on policy bindings: bind, list, change, unbind, run now."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.hbr import bindings, filters, places, runs
from emulator.hbr.answers import TOKENS, find, mine, place_fields, refuse, token_page
from emulator.hbr.rules import SOURCE_TYPES
from emulator.service import Action, Param
from emulator.shapes import Record, Shape

if TYPE_CHECKING:
    from emulator.hbr.state import Binding, Policy
    from emulator.service import Call


def create_policy_bindings(call: Call) -> dict[str, Any]:
    """Bind data sources to a policy, all or none (API page "CreatePolicyBindings"; "or none" is inferred).

    All must be of one type (the same page).
    """
    items = call.params["PolicyBindingList"]
    policy = find(call, call.cloud.state.hbr.policies, call.params["PolicyId"])
    if len({item.get("SourceType") for item in items}) != 1:
        raise refuse("BadRequest", "PolicyBindingList must hold data sources of one type.")
    if len({item.get("DataSourceId") for item in items}) != len(items):
        raise refuse("BadRequest", "PolicyBindingList names a data source twice.")
    found = [(item, bindings.check(call, policy, item)) for item in items]
    for item, place in found:
        settings = {key: item[key] for key in bindings.SETTINGS if item.get(key)}
        bindings.bind(
            call.cloud,
            policy,
            place,
            (item["SourceType"], item["DataSourceId"]),
            call.now,
            fields={"disabled": item.get("Disabled", "").lower() == "true", "settings": settings},
        )
    return {}


def describe_policy_bindings(call: Call) -> dict[str, Any]:
    """Bindings by policy, data sources, type and filters, in pages by token (API page "DescribePolicyBindings")."""
    params, hbr = call.params, call.cloud.state.hbr
    for policy in mine(call, hbr.policies):
        bindings.bind_tagged(call.cloud, policy, call.now)
    wanted = [
        binding
        for binding in mine(call, hbr.bindings)
        if params["PolicyId"] in (None, binding.policy_id)
        and params["SourceType"] in (None, binding.source_type)
        and (not params["DataSourceIds"] or binding.data_source in params["DataSourceIds"])
        and filters.passes(_keys(binding), params["Filters"])
    ]
    shown, token = token_page(wanted, params["NextToken"], params["MaxResults"])
    return {
        "PolicyBindings": [_render(binding) for binding in shown],
        "MaxResults": params["MaxResults"],
        "NextToken": token,
        "TotalCount": len(wanted),
    }


def _keys(binding: Binding) -> dict[str, Any]:
    """The documented filter keys (SDK model DescribePolicyBindingsRequestFilters)."""
    return {
        "PolicyId": binding.policy_id,
        "DataSourceId": binding.data_source,
        "DataSourceType": binding.source_type,
    }


def _render(binding: Binding) -> dict[str, Any]:
    """Keys and types of SDK model DescribePolicyBindingsResponseBody."""
    texts = ("Source", "Include", "Exclude", "SpeedLimit", "PolicyBindingDescription")
    return {
        "PolicyBindingId": binding.id,
        "PolicyId": binding.policy_id,
        "SourceType": binding.source_type,
        "DataSourceId": binding.data_source,
        **place_fields(binding.place),
        "Disabled": binding.disabled,
        "CreatedByTag": bool(binding.tags),
        "HitTags": [{"Value": "", **tag} for tag in binding.tags],
        "AdvancedOptions": _options(binding.settings.get("AdvancedOptions", {})),
        **{key: _text(binding.settings.get(key)) for key in texts},
        "CreatedTime": int(binding.created_at),
        "UpdatedTime": int(binding.updated_at),
    }


def _text(value: object) -> str:
    """What was sent, as text; a list becomes JSON, as in the API's examples."""
    return value if isinstance(value, str) else json.dumps(value) if value else ""


def _options(sent: dict[str, Any]) -> dict[str, Any]:
    """Every group of options with every key, empty where it was not sent."""
    return {
        group: {key: (sent.get(group) or {}).get(key, make()) for key, make in keys.items()}
        for group, keys in _OPTIONS.items()
    }


_SLICES: Mapping[str, Callable[[], Any]] = {"FetchSliceSize": int, "FullOnIncrementFail": bool}
_OPTIONS: Mapping[str, Mapping[str, Callable[[], Any]]] = {
    "CommonFileSystemDetail": _SLICES,
    "CommonNasDetail": {**_SLICES, "ClientId": str, "ClusterId": str},
    "FileDetail": {"AdvPolicy": bool, "UseVSS": bool},
    "OssDetail": {"IgnoreArchiveObject": bool, "InventoryCleanupPolicy": str, "InventoryId": str},
    "UdmDetail": {
        **dict.fromkeys(("AppConsistent", "EnableFsFreeze", "EnableWriters", "SnapshotGroup"), bool),
        **dict.fromkeys(("DestinationKmsKeyId", "PostScriptPath", "PreScriptPath", "RamRoleName"), str),
        **dict.fromkeys(("DiskIdList", "ExcludeDiskIdList"), list),
        "TimeoutInSeconds": int,
    },
}
"""Groups and keys of SDK model DescribePolicyBindingsResponseBodyPolicyBindingsAdvancedOptions."""


def update_policy_binding(call: Call) -> dict[str, Any]:
    """Suspend, resume or resize what is bound (API page "UpdatePolicyBinding")."""
    binding = _named(call, call.params["DataSourceId"])
    sent = {key: call.params[key] for key in bindings.SETTINGS if call.params[key] is not None}
    binding.settings = {**binding.settings, **sent}
    binding.disabled = binding.disabled if call.params["Disabled"] is None else call.params["Disabled"]
    binding.updated_at = call.now
    return {}


def _named(call: Call, data_source: str) -> Binding:
    """The binding that policy, type and data source name.

    Raises:
        CloudError: ``ResourceNotFound`` (inferred: the code for what is not bound is not documented).
    """
    policy = find(call, call.cloud.state.hbr.policies, call.params["PolicyId"])
    binding = bindings.locate(call.cloud.state.hbr, policy.id, call.params["SourceType"], data_source)
    if binding is None:
        raise refuse("ResourceNotFound", f"The specified resource is not found: {data_source}.")
    return binding


def delete_policy_binding(call: Call) -> dict[str, Any]:
    """Unbind; backups stay. Without ids, all of that type (API page "DeletePolicyBinding"; the latter is inferred)."""
    params, hbr = call.params, call.cloud.state.hbr
    if params["DataSourceIds"]:
        found = [_named(call, data_source) for data_source in params["DataSourceIds"]]
    else:
        policy = find(call, hbr.policies, params["PolicyId"])
        found = [b for b in bindings.of(hbr, policy.id) if params["SourceType"] in (None, b.source_type)]
    for binding in {binding.id: binding for binding in found}.values():
        bindings.unbind(hbr, binding)
    return {}


def execute_policy(call: Call) -> dict[str, Any]:
    """Run one BACKUP rule now, for one data source or all (API page "ExecutePolicyV2"); the first job's id.

    Raises:
        CloudError: ``ResourceNotFound`` for an unknown rule, or where nothing is bound (inferred).
    """
    params, hbr = call.params, call.cloud.state.hbr
    policy: Policy = find(call, hbr.policies, params["PolicyId"])
    rule = next((r for r in policy.rules if r["RuleId"] == params["RuleId"] and r["RuleType"] == "BACKUP"), None)
    bound = [
        binding
        for binding in bindings.of(hbr, policy.id)
        if params["DataSourceId"] in (None, binding.data_source) and params["SourceType"] in (None, binding.source_type)
    ]
    if rule is None or not bound:
        raise refuse("ResourceNotFound", "The specified resource is not found.")
    jobs = [runs.run_binding(call.cloud, policy, rule, binding, call.now, trigger="MANUAL") for binding in bound]
    return {"JobId": jobs[0].id}


_SLICE_SHAPE = Record({"FetchSliceSize": int, "FullOnIncrementFail": bool})
_UPDATED: Mapping[str, Shape] = {
    "CommonFileSystemDetail": _SLICE_SHAPE,
    "OssDetail": Record({"IgnoreArchiveObject": bool, "InventoryCleanupPolicy": str, "InventoryId": str}),
    "UdmDetail": Record(
        {
            **dict.fromkeys(("AppConsistent", "EnableFsFreeze", "EnableWriters", "SnapshotGroup"), bool),
            **dict.fromkeys(("PostScriptPath", "PreScriptPath", "RamRoleName"), str),
            **dict[str, Shape].fromkeys(("DiskIdList", "ExcludeDiskIdList"), [str]),
            "TimeoutInSeconds": int,
        }
    ),
}
_UPDATED_OPTIONS = Record(_UPDATED)
_NEW_OPTIONS = Record(
    {
        **_UPDATED,
        "CommonNasDetail": Record({**_SLICE_SHAPE.keys, "ClusterId": str}),
        "FileDetail": Record({"AdvPolicy": bool, "UseVSS": bool}),
    }
)
_BINDING = Record(
    {
        **places.ACCOUNT.keys,
        **{key: _NEW_OPTIONS if key == "AdvancedOptions" else str for key in bindings.SETTINGS},
        "DataSourceId": str,
        "Disabled": str,
        "SourceType": str,
    }
)
"""SDK models CreatePolicyBindingsRequest and UpdatePolicyBindingRequest."""

_TYPE = Param(choices=SOURCE_TYPES)
_POLICY = {"PolicyId": Param(required=True)}
_TEXTS = {key: Param() for key in bindings.SETTINGS if key != "AdvancedOptions"}

ACTIONS = {
    "CreatePolicyBindings": Action(
        create_policy_bindings,
        {**_POLICY, "PolicyBindingList": Param("json", required=True, shape=[_BINDING])},
        permission="hbr:CreatePolicyBindings",
        writes=True,
        errors=(
            "ResourceNotFound",
            "BadRequest",
            "PolicyAlreadyBoundWithThisDataSource",
            "NoPermission",
            "AssumeRoleFail",
            "RoleNotExist",
            "CrossAccountBackupSlrNotExist",
        ),
    ),
    "DescribePolicyBindings": Action(
        describe_policy_bindings,
        {
            **TOKENS,
            "PolicyId": Param(),
            "SourceType": _TYPE,
            "DataSourceIds": Param("json", shape=[str]),
            "Filters": filters.PARAM,
        },
        permission="hbr:DescribePolicyBindings",
        errors=("BadRequest",),
    ),
    "UpdatePolicyBinding": Action(
        update_policy_binding,
        {
            **_POLICY,
            **_TEXTS,
            "SourceType": Param(required=True, choices=SOURCE_TYPES),
            "DataSourceId": Param(required=True),
            "Disabled": Param("boolean"),
            "AdvancedOptions": Param("json", shape=_UPDATED_OPTIONS),
        },
        permission="hbr:UpdatePolicyBinding",
        writes=True,
        errors=("ResourceNotFound",),
    ),
    "DeletePolicyBinding": Action(
        delete_policy_binding,
        {**_POLICY, "SourceType": _TYPE, "DataSourceIds": Param("json", shape=[str])},
        permission="hbr:DeletePolicyBinding",
        writes=True,
        errors=("ResourceNotFound",),
    ),
    "ExecutePolicyV2": Action(
        execute_policy,
        {**_POLICY, "RuleId": Param(required=True), "SourceType": _TYPE, "DataSourceId": Param()},
        permission="hbr:ExecutePolicyV2",
        writes=True,
        errors=("ResourceNotFound",),
    ),
}
