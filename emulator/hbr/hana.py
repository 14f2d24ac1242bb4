"""SAP HANA instances and their backup plans."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator.hbr import places, rules, runs, vaults
from emulator.hbr.account import require_open
from emulator.hbr.answers import PAGE, find, mine, page, place_fields, refuse, stamp
from emulator.hbr.schedules import next_run
from emulator.hbr.state import Hana, HanaPlan
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.service import Call

_SETTINGS = ("AlertSetting", "HanaName", "Host", "InstanceNumber", "Sid", "UseSsl", "UserName", "ValidateCertificate")
_REGISTERED = 0
"""``Status`` of an instance in order: the SDK's model has a number where the API page's example has INITIALIZED."""


def create_hana_instance(call: Call) -> dict[str, Any]:
    """Register an SAP HANA instance on ECS instances, which must be there (API page "CreateHanaInstance")."""
    require_open(call)
    params = call.params
    vault = vaults.require_vault(call, params["VaultId"])
    instances = _instances(params["EcsInstanceId"])
    place = places.place_of(call)
    places.require_reach(call, place, places.NEEDS["HANA"])
    for instance in instances:
        if not places.find_resource(call.cloud, place, call.region, "HANA", instance):
            raise refuse("ResourceNotFound", f"The specified resource is not found: {instance}.")
    hana = Hana(
        **stamp(call, "cl"),
        vault_id=vault.id,
        place=place,
        settings={key: params[key] for key in _SETTINGS if params[key] is not None} | {"EcsInstanceIds": instances},
    )
    call.cloud.state.hbr.hanas[hana.id] = hana
    return {"ClusterId": hana.id}


def _instances(text: str | None) -> list[str]:
    """One id, or a JSON list of them (API page: "the IDs of the ECS instances")."""
    try:
        given = json.loads(text or "[]")
    except ValueError:
        given = [text]
    instances = [str(item) for item in given] if isinstance(given, list) else []
    if not instances:
        raise refuse("BadRequest", "EcsInstanceId is required.")
    return instances


def describe_hana_instances(call: Call) -> dict[str, Any]:
    """SAP HANA instances by id and vault, page by page (API page "DescribeHanaInstances"); tags are not emulated."""
    wanted = [
        hana
        for hana in mine(call, call.cloud.state.hbr.hanas)
        if call.params["ClusterId"] in (None, hana.id)
        and call.params["VaultId"] in (None, hana.vault_id)
        and not call.params["Tag"]
    ]
    return page(call, wanted, _render, "Hanas", "Hana")


def _render(hana: Hana) -> dict[str, Any]:
    """Keys and types of SDK model DescribeHanaInstancesResponseBody."""
    return {
        "ClusterId": hana.id,
        "VaultId": hana.vault_id,
        **place_fields(hana.place),
        "Status": _REGISTERED,
        "StatusMessage": "",
        "ResourceGroupId": "",
        "Tags": {"Tag": []},
        "InstanceNumber": hana.settings.get("InstanceNumber", 0),
        **{key: hana.settings.get(key, "") for key in ("AlertSetting", "HanaName", "Host", "UserName")},
        **{key: hana.settings.get(key, False) for key in ("UseSsl", "ValidateCertificate")},
    }


def delete_hana_instance(call: Call) -> dict[str, Any]:
    """Unregister an instance; its plans go with it (API page "DeleteHanaInstance"; the plans are inferred)."""
    hbr = call.cloud.state.hbr
    hana = find(call, hbr.hanas, call.params["ClusterId"])
    if (hana.vault_id, hana.settings.get("Sid")) != (call.params["VaultId"], call.params["Sid"]):
        raise refuse("ResourceNotFound", f"The specified resource is not found: {hana.id}.")
    del hbr.hanas[hana.id]
    for plan_id in [plan.id for plan in hbr.hana_plans.values() if plan.cluster_id == hana.id]:
        del hbr.hana_plans[plan_id]
    return {}


def create_hana_backup_plan(call: Call) -> dict[str, Any]:
    """Make a plan for one database (API page "CreateHanaBackupPlan")."""
    params, hbr = call.params, call.cloud.state.hbr
    hana = find(call, hbr.hanas, params["ClusterId"])
    vault = vaults.require_vault(call, params["VaultId"])
    next_run(params["Schedule"], call.now)
    plan = HanaPlan(
        **stamp(call, "pl"),
        cluster_id=hana.id,
        vault_id=vault.id,
        name=params["PlanName"],
        settings={key: params[key] or "" for key in ("BackupPrefix", "BackupType", "DatabaseName", "Schedule")},
    )
    hbr.hana_plans[plan.id] = plan
    rules.await_run(call.cloud, "hana_plan", plan.id, runs.hana_rule(plan), call.now)
    return {"PlanId": plan.id}


def describe_hana_backup_plans(call: Call) -> dict[str, Any]:
    """The plans of one instance, page by page (API page "DescribeHanaBackupPlans")."""
    wanted = [
        plan
        for plan in mine(call, call.cloud.state.hbr.hana_plans)
        if plan.cluster_id == call.params["ClusterId"]
        and call.params["VaultId"] in (None, plan.vault_id)
        and call.params["DatabaseName"] in (None, plan.settings["DatabaseName"])
    ]
    return page(call, wanted, _render_plan, "HanaBackupPlans", "HanaBackupPlan")


def _render_plan(plan: HanaPlan) -> dict[str, Any]:
    """Keys and types of SDK model DescribeHanaBackupPlansResponseBody."""
    return {
        "PlanId": plan.id,
        "PlanName": plan.name,
        "ClusterId": plan.cluster_id,
        "VaultId": plan.vault_id,
        "Disabled": plan.disabled,
        "BusinessStatus": "ACTIVE",
        **plan.settings,
    }


def delete_hana_backup_plan(call: Call) -> dict[str, Any]:
    """Forget a plan (API page "DeleteHanaBackupPlan")."""
    del call.cloud.state.hbr.hana_plans[_plan(call).id]
    return {}


def _plan(call: Call) -> HanaPlan:
    plan = find(call, call.cloud.state.hbr.hana_plans, call.params["PlanId"])
    if (plan.cluster_id, plan.vault_id) != (call.params["ClusterId"], call.params["VaultId"]):
        raise refuse("ResourceNotFound", f"The specified resource is not found: {plan.id}.")
    return plan


def disable_hana_backup_plan(call: Call) -> dict[str, Any]:
    """Suspend a plan (API page "DisableHanaBackupPlan")."""
    _plan(call).disabled = True
    return {}


def enable_hana_backup_plan(call: Call) -> dict[str, Any]:
    """Resume a plan (API page "EnableHanaBackupPlan")."""
    _plan(call).disabled = False
    return {}


_GROUP = {"ResourceGroupId": Param()}
_REQUIRED = Param(required=True)
_CLUSTER = {**_GROUP, "ClusterId": _REQUIRED, "VaultId": _REQUIRED}
_PLAN = {**_CLUSTER, "PlanId": _REQUIRED}

ACTIONS = {
    "CreateHanaInstance": Action(
        create_hana_instance,
        {
            **_GROUP,
            **places.PARAMS,
            **dict.fromkeys(
                ("AlertSetting", "EcsInstanceId", "HanaName", "Host", "Password", "Sid", "UserName"), Param()
            ),
            "VaultId": _REQUIRED,
            "InstanceNumber": Param("integer"),
            "UseSsl": Param("boolean"),
            "ValidateCertificate": Param("boolean"),
        },
        permission="hbr:CreateHanaInstance",
        writes=True,
        errors=(
            "ServiceNotActivated",
            "VaultNotExist",
            "BadRequest",
            "ResourceNotFound",
            "NoPermission",
            "AssumeRoleFail",
            "RoleNotExist",
            "CrossAccountBackupSlrNotExist",
        ),
    ),
    "DescribeHanaInstances": Action(
        describe_hana_instances,
        {**PAGE, **_GROUP, "ClusterId": Param(), "VaultId": Param(), "Tag": Param("maps")},
        permission="hbr:DescribeHanaInstances",
    ),
    "DeleteHanaInstance": Action(
        delete_hana_instance,
        {**_CLUSTER, "Sid": _REQUIRED},
        permission="hbr:DeleteHanaInstance",
        writes=True,
        errors=("ResourceNotFound",),
    ),
    "CreateHanaBackupPlan": Action(
        create_hana_backup_plan,
        {
            **_CLUSTER,
            "BackupType": Param(required=True, choices=("COMPLETE", "INCREMENTAL", "DIFFERENTIAL")),
            "DatabaseName": _REQUIRED,
            "PlanName": _REQUIRED,
            "Schedule": _REQUIRED,
            "BackupPrefix": Param(),
        },
        permission="hbr:CreateHanaBackupPlan",
        writes=True,
        errors=("ResourceNotFound", "VaultNotExist", "BadRequest"),
    ),
    "DescribeHanaBackupPlans": Action(
        describe_hana_backup_plans,
        {**PAGE, **_GROUP, "ClusterId": _REQUIRED, "VaultId": Param(), "DatabaseName": Param()},
        permission="hbr:DescribeHanaBackupPlans",
    ),
    **{
        f"{verb}HanaBackupPlan": Action(
            run, _PLAN, permission=f"hbr:{verb}HanaBackupPlan", writes=True, errors=("ResourceNotFound",)
        )
        for verb, run in (
            ("Delete", delete_hana_backup_plan),
            ("Disable", disable_hana_backup_plan),
            ("Enable", enable_hana_backup_plan),
        )
    },
}
