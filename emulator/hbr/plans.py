"""Backup plans: one data source, one vault, one schedule (CreateBackupPlan and its family).

When a plan runs is in ``runs.py``.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.hbr import bindings, jobs, places, rules, runs, vaults
from emulator.hbr.account import require_open
from emulator.hbr.answers import find, mine, mint, page, place_fields, refuse, stamp
from emulator.hbr.filters import passes
from emulator.hbr.schedules import next_run
from emulator.hbr.state import Plan

if TYPE_CHECKING:
    from emulator.service import Call

SOURCE_FIELDS: Mapping[str, str] = {
    "ECS_FILE": "InstanceId",
    "UDM_ECS": "InstanceId",
    "OSS": "Bucket",
    "NAS": "FileSystemId",
    "OTS": "InstanceName",
    "SYNC": "DataSourceId",
}
"""Source type → the parameter that names the data source (SDK model CreateBackupPlanRequest)."""

_SETTINGS = (
    *("ChangeListPath", "ClusterId", "CreateTime", "DestDataSourceDetail", "DestDataSourceId", "DestSourceType"),
    *("Detail", "Exclude", "Include", "Options", "OtsDetail", "Path", "Prefix", "SpeedLimit"),
)


def create_backup_plan(call: Call) -> dict[str, Any]:
    """Make a plan (API page "CreateBackupPlan").

    A vault is needed for all but ECS instances, and a name is taken once per vault and source type (the same page;
    the code for a second is inferred).
    """
    require_open(call)
    params, hbr = call.params, call.cloud.state.hbr
    kind, source = params["SourceType"], params[SOURCE_FIELDS[params["SourceType"]]]
    vault_id = "" if kind == "UDM_ECS" else vaults.require_vault(call, params["VaultId"]).id
    if not source or not bindings.suits(hbr, {"VaultId": vault_id}, kind):
        raise refuse("BadRequest", f"{SOURCE_FIELDS[kind]} and a vault for {kind} are required.")
    named = (plan for plan in mine(call, hbr.plans) if plan.name == params["PlanName"])
    if any(plan.source_type == kind and plan.vault_id == vault_id for plan in named):
        raise refuse("BadRequest", f"The plan name {params['PlanName']} is taken.")
    place = places.place_of(call)
    places.require_reach(call, place, places.NEEDS.get(kind, ()))
    if kind in places.NEEDS and not places.find_resource(call.cloud, place, call.region, kind, source):
        raise refuse("ResourceNotFound", f"The specified resource is not found: {source}.")
    plan = Plan(
        **stamp(call, "plan"),
        name=params["PlanName"],
        source_type=kind,
        data_source=source,
        place=place,
        vault_id=vault_id,
        disabled=params["Disabled"],
        retention=params["Retention"],
        keep_latest=params["KeepLatestSnapshots"] or 0,
        settings=_settings(params),
    )
    _set_rules(call, plan)
    hbr.plans[plan.id] = plan
    return {"PlanId": plan.id}


def _settings(params: Mapping[str, Any]) -> dict[str, Any]:
    sent = {key: params[key] for key in _SETTINGS if params.get(key) is not None}
    return {**sent, "TableNames": (sent.get("OtsDetail") or {}).get("TableNames") or []}


def _set_rules(call: Call, plan: Plan) -> None:
    """The plan's rules, or its one schedule as a rule.

    Raises:
        CloudError: ``BadRequest`` where there is neither (API page "CreateBackupPlan"), or a schedule is malformed.
    """
    given = call.params["Rule"] or ([{"Schedule": call.params["Schedule"]}] if call.params["Schedule"] else [])
    if not given:
        raise refuse("BadRequest", "Schedule is required.")
    for rule in given:
        next_run(rule.get("Schedule") or "", call.now)
    plan.rules = [{**rule, "RuleId": mint(call, "rule")} for rule in given]
    for rule in plan.rules:
        rules.await_run(call.cloud, "plan", plan.id, rule, call.now)


def update_backup_plan(call: Call) -> dict[str, Any]:
    """Change what is given (API page "UpdateBackupPlan")."""
    params = call.params
    plan = _named(call)
    if params["Schedule"] or params["Rule"]:
        _set_rules(call, plan)
    plan.name = params["PlanName"] or plan.name
    plan.retention = params["Retention"] or plan.retention
    keep = params["KeepLatestSnapshots"]
    plan.keep_latest = plan.keep_latest if keep is None else keep
    changed = _settings(params)
    if not params["OtsDetail"]:
        del changed["TableNames"]
    plan.settings = {
        **plan.settings,
        **changed,
        **({"Path": []} if params["UpdatePaths"] and not params["Path"] else {}),
    }
    plan.updated_at = call.now
    return {}


def _named(call: Call) -> Plan:
    """The plan of the parameters; a vault that is not its own makes it unknown (inferred)."""
    plan = find(call, call.cloud.state.hbr.plans, call.params["PlanId"])
    if plan.vault_id and call.params.get("VaultId") not in (None, plan.vault_id):
        raise refuse("ResourceNotFound", f"The specified resource is not found: {plan.id}.")
    return plan


def delete_backup_plan(call: Call) -> dict[str, Any]:
    """Forget a plan; its backups stay (API page "DeleteBackupPlan"). The vault must be named unless it has none."""
    plan = _named(call)
    if plan.vault_id and not call.params["VaultId"]:
        raise refuse("BadRequest", "VaultId is required.")
    if call.params["RequireNoRunningJobs"] and jobs.busy(call.cloud, plan.id):
        raise refuse("BadRequest", "The plan has running jobs.")
    del call.cloud.state.hbr.plans[plan.id]
    return {}


def disable_backup_plan(call: Call) -> dict[str, Any]:
    """Suspend a plan (API page "DisableBackupPlan")."""
    _named(call).disabled = True
    return {}


def enable_backup_plan(call: Call) -> dict[str, Any]:
    """Resume a plan (API page "EnableBackupPlan")."""
    _named(call).disabled = False
    return {}


def execute_backup_plan(call: Call) -> dict[str, Any]:
    """Run a plan now, by the rule that is named or its first (API page "ExecuteBackupPlan")."""
    plan = _named(call)
    rule = next((rule for rule in plan.rules if call.params["RuleId"] in (None, rule["RuleId"])), None)
    if rule is None:
        raise refuse("ResourceNotFound", "The specified rule is not found.")
    return {"JobId": runs.start_plan(call.cloud, plan, rule, call.now, trigger="MANUAL").id}


def describe_backup_plans(call: Call) -> dict[str, Any]:
    """Plans by type and filters, page by page (API page "DescribeBackupPlans")."""
    wanted = [
        plan
        for plan in mine(call, call.cloud.state.hbr.plans)
        if call.params["SourceType"] in (None, plan.source_type) and passes(_keys(plan), call.params["Filters"])
    ]
    return page(call, wanted, _render, "BackupPlans", "BackupPlan")


def _keys(plan: Plan) -> dict[str, Any]:
    """Keys to filter by; no page lists them, these are the Terraform provider's and the fields alike (inferred)."""
    return {
        "RegionId": plan.region,
        "PlanId": plan.id,
        "PlanName": plan.name,
        "VaultId": plan.vault_id,
        "SourceType": plan.source_type,
        "CrossAccountUserId": plan.place.account_id,
        **source_keys(plan.source_type, plan.data_source),
    }


def source_keys(source_type: str, data_source: str) -> dict[str, str]:
    """The data source under the field of its type; the fields of the other types are empty."""
    named = SOURCE_FIELDS.get(source_type, "InstanceId")
    return {
        key: data_source if key == named else "" for key in ("InstanceId", "Bucket", "FileSystemId", "InstanceName")
    }


def _render(plan: Plan) -> dict[str, Any]:
    """Keys and types of SDK model DescribeBackupPlansResponseBody."""
    settings = plan.settings
    texts = ("ChangeListPath", "ClusterId", "DestDataSourceId", "DestSourceType", "Exclude", "Include", "Options")
    return {
        "PlanId": plan.id,
        "PlanName": plan.name,
        "SourceType": plan.source_type,
        **source_keys(plan.source_type, plan.data_source),
        "DataSourceId": plan.data_source if plan.source_type == "SYNC" else "",
        "VaultId": plan.vault_id,
        **place_fields(plan.place),
        "BackupType": "COMPLETE",
        "BusinessStatus": "ACTIVE",
        "Disabled": plan.disabled,
        "Schedule": plan.rules[0]["Schedule"],
        "Retention": plan.retention or 0,
        "KeepLatestSnapshots": plan.keep_latest,
        **{key: settings.get(key, "") for key in (*texts, "Prefix", "SpeedLimit")},
        **{key: json.dumps(settings[key]) if key in settings else "" for key in ("Detail", "DestDataSourceDetail")},
        "CreateTime": settings.get("CreateTime", 0),
        "Paths": {"Path": settings.get("Path", [])},
        "OtsDetail": {"TableNames": {"TableName": settings["TableNames"]}},
        "Rules": {"Rule": [{**_NO_RULE, **rule} for rule in plan.rules]},
        "LatestExecuteJobId": plan.latest_job,
        "LatestFinishJobId": plan.latest_job,
        "CreatedTime": int(plan.created_at),
        "UpdatedTime": int(plan.updated_at),
        **_CONSTANT,
    }


_NO_RULE: Mapping[str, Any] = {
    "BackupType": "COMPLETE",
    "DestinationRegionId": "",
    "DestinationRetention": 0,
    "Disabled": False,
    "DoCopy": False,
    "Retention": 0,
    "RuleName": "",
}
_CONSTANT: Mapping[str, Any] = {
    "BackupSourceGroupId": "",
    "ClientId": "",
    "CreatedByTag": False,
    "HitTags": {"HitTag": []},
    "InstanceGroupId": "",
    "Resources": {"Resource": []},
    "TrialInfo": {
        "KeepAfterTrialExpiration": False,
        "TrialExpireTime": 0,
        "TrialStartTime": 0,
        "TrialVaultReleaseTime": 0,
    },
}
"""What is not emulated."""
