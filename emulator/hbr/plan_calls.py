"""The table of the actions on backup plans; what they do is in ``plans.py``."""

from __future__ import annotations

from emulator.hbr import places, plans
from emulator.hbr.answers import PAGE
from emulator.hbr.filters import WITHOUT_OPERATOR
from emulator.service import Action, Param
from emulator.shapes import Record

EDITION = Param(choices=("BASIC", "STANDARD"))
_KIND = Param(choices=tuple(plans.SOURCE_FIELDS))
_DAYS = Param("integer", minimum=1)
_NAME = Param(minimum=1, maximum=64)
_PATTERN = Param(maximum=255)

_RULE = Record(
    {
        **dict.fromkeys(("BackupType", "DestinationRegionId", "RuleName", "Schedule"), str),
        **dict.fromkeys(("Disabled", "DoCopy"), bool),
        **dict.fromkeys(("DestinationRetention", "Retention"), int),
    }
)

_SHARED = {
    "Schedule": Param(),
    "Retention": _DAYS,
    "KeepLatestSnapshots": Param("integer", minimum=0, maximum=1),
    "Rule": Param("maps", shape=_RULE),
    "ChangeListPath": Param(),
    "Detail": Param("json", shape=dict),
    "Edition": EDITION,
    "Exclude": _PATTERN,
    "Include": _PATTERN,
    "Options": Param(),
    "OtsDetail": Param("json", shape=Record({"TableNames": [str]})),
    "Path": Param("texts"),
    "Prefix": Param(),
    "SpeedLimit": Param(),
    "VaultId": Param(),
}
_NAMED = {"PlanId": Param(required=True), "VaultId": Param(), "SourceType": _KIND, "Edition": EDITION}
_ERRORS = ("ResourceNotFound",)

ACTIONS = {
    "CreateBackupPlan": Action(
        plans.create_backup_plan,
        {
            **_SHARED,
            **places.PARAMS,
            "SourceType": Param(required=True, choices=tuple(plans.SOURCE_FIELDS)),
            "PlanName": Param(required=True, minimum=1, maximum=64),
            "BackupType": Param(choices=("COMPLETE",)),
            "Disabled": Param("boolean", default=False),
            "Bucket": Param(),
            "FileSystemId": Param(),
            "InstanceId": Param(),
            "InstanceName": Param(),
            "CreateTime": Param("integer"),
            "ClusterId": Param(),
            "DataSourceId": Param(),
            "DestDataSourceDetail": Param("json", shape=dict),
            "DestDataSourceId": Param(),
            "DestSourceType": Param(),
            "UdmRegionId": Param(),
        },
        permission="hbr:CreateBackupPlan",
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
    "UpdateBackupPlan": Action(
        plans.update_backup_plan,
        {**_NAMED, **_SHARED, "PlanName": _NAME, "UpdatePaths": Param("boolean")},
        permission="hbr:UpdateBackupPlan",
        writes=True,
        errors=("ResourceNotFound", "BadRequest"),
    ),
    "DeleteBackupPlan": Action(
        plans.delete_backup_plan,
        {**_NAMED, "RequireNoRunningJobs": Param("boolean")},
        permission="hbr:DeleteBackupPlan",
        writes=True,
        errors=("ResourceNotFound", "BadRequest"),
    ),
    "DisableBackupPlan": Action(
        plans.disable_backup_plan, _NAMED, permission="hbr:DisableBackupPlan", writes=True, errors=_ERRORS
    ),
    "EnableBackupPlan": Action(
        plans.enable_backup_plan, _NAMED, permission="hbr:EnableBackupPlan", writes=True, errors=_ERRORS
    ),
    "ExecuteBackupPlan": Action(
        plans.execute_backup_plan,
        {**_NAMED, "RuleId": Param()},
        permission="hbr:ExecuteBackupPlan",
        writes=True,
        errors=_ERRORS,
    ),
    "DescribeBackupPlans": Action(
        plans.describe_backup_plans,
        {**PAGE, "SourceType": _KIND, "Edition": EDITION, "Filters": WITHOUT_OPERATOR},
        permission="hbr:DescribeBackupPlans",
        errors=("BadRequest",),
    ),
}
