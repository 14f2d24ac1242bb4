"""The kinds of resources that can be backed up across accounts: one table, from which config, code and docs follow.

Facts only, each with its source. "Page" is the product page "Back up data across Alibaba Cloud accounts". What the page
does not state is said to be so; nothing is filled in.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

PAGE = "product page “Back up data across Alibaba Cloud accounts”"

PAYS = "account pays"
PAYS_A = "backup and restoration fees"
"""Page, "Billing": "Account A that is used to back up and restore data pays for the backup and restoration fees"."""
NOTHING = "nothing"
"""The page prints "/" in that cell."""
NOT_STATED = "not stated by the page"


@dataclass(frozen=True)
class Kind:
    """One kind of resource. ``source_type`` is Cloud Backup's word for it in policies, jobs and bindings."""

    title: str
    """As the page names it under "Limits"."""
    source_type: str
    """Empty where no operation of the API takes it as a data source."""
    way: Literal["policy", "hana_plan", "console"]
    """What backs it up on a schedule: a policy binding, a plan of SAP HANA, or only the console."""
    api: str
    parameters: str
    """How the call names the account and the data source."""
    needs: tuple[str, ...]
    """RAM actions that the backup role in B must allow for a backup. Which of many are needed is inferred; the system
    policy AliyunHBRRolePolicy has them all."""
    pays_b: str
    needs_restore: tuple[str, ...] = ()
    """The same of the account that is restored to; none where no operation restores it."""
    vault: Literal["STANDARD", "OTS_BACKUP", ""] = "STANDARD"
    """The type of vault it is backed up to (SDK model CreateVaultRequest); none for disk snapshots."""
    by_tag: bool = True
    """Whether a TAG rule selects it (SDK model CreatePolicyV2RequestRulesDataSourceFilters)."""
    restore_type: str = ""
    """``RestoreType`` of CreateRestoreJob; empty where it takes none for this kind."""
    restore_source_type: str = ""
    target: str = ""
    """The parameter of CreateRestoreJob that names where to."""
    restore_to: Literal["any account", "source account"] = "any account"
    console: str = ""
    """Why something is left to the console; empty where nothing is."""


CROSS = "CrossAccountType, …UserId, …RoleName"
BOUND = f"PolicyBindingList[]: {CROSS}, SourceType, DataSourceId"
ECS = ("ecs:DescribeInstances", "ecs:RunCommand")

KINDS: dict[str, Kind] = {
    "ecs_instance": Kind(
        "ECS instance backup",
        "UDM_ECS",
        "policy",
        "CreatePolicyBindings; now: CreateBackupJob",
        f"{BOUND} (instance id)",
        ("ecs:DescribeInstances", "ecs:CreateSnapshot"),
        "snapshot service fees and OSS request fees",
        needs_restore=("ecs:DescribeInstances", "ecs:ResetDisk"),
        vault="",
        restore_type="UDM_ECS_ROLLBACK",
        restore_source_type="UDM_ECS",
        target="udm_detail",
        restore_to="source account",
    ),
    "ecs_files": Kind(
        "ECS file backup",
        "ECS_FILE",
        "policy",
        "CreatePolicyBindings; client: InstallBackupClients",
        f"{BOUND} (instance id), Source (paths); client: {CROSS}, InstanceIds",
        ECS,
        NOTHING,
        needs_restore=ECS,
        restore_type="ECS_FILE",
        restore_source_type="ECS_FILE",
        target="target_instance_id",
    ),
    "nas": Kind(
        "File Storage NAS (NAS) backup",
        "NAS",
        "policy",
        "CreatePolicyBindings",
        f"{BOUND} (file system id)",
        ("nas:DescribeFileSystems",),
        NOT_STATED,
        needs_restore=("nas:DescribeFileSystems",),
        restore_type="NAS",
        restore_source_type="NAS",
        target="target_file_system_id",
    ),
    "oss": Kind(
        "Object Storage Service (OSS) backup",
        "OSS",
        "policy",
        "CreatePolicyBindings",
        f"{BOUND} (bucket), Source (one prefix)",
        ("oss:ListObjects", "oss:GetObject"),
        NOT_STATED,
        needs_restore=("oss:PutObject",),
        restore_type="OSS",
        restore_source_type="OSS",
        target="target_bucket",
    ),
    "tablestore": Kind(
        "Tablestore backup",
        "OTS",
        "policy",
        "CreatePolicyBindings",
        f"{BOUND} (instance name), Source (tables)",
        ("ots:ListTable", "ots:GetRange"),
        NOTHING,
        vault="OTS_BACKUP",
        needs_restore=("ots:CreateTable", "ots:BatchWriteRow"),
        restore_type="OTS_TABLE",
        restore_source_type="OTS_TABLE",
        target="target_instance_name",
    ),
    "ecs_database": Kind(
        "ECS database backup",
        "",
        "console",
        "none",
        "none",
        ECS,
        NOTHING,
        by_tag=False,
        console="no operation of HBR 2017-09-08 takes a database as a data source: neither policy bindings nor backup "
        "plans nor backup jobs name one",
    ),
    "hana": Kind(
        "SAP HANA backup",
        "HANA",
        "hana_plan",
        "CreateHanaInstance, then CreateHanaBackupPlan",
        f"{CROSS}, EcsInstanceId, VaultId; plan: ClusterId, DatabaseName",
        ECS,
        NOTHING,
        by_tag=False,
        console="restoring: CreateHanaRestore names neither an account nor a backup point of CreateRestoreJob's kind, "
        "and stops the database; a backup now: no operation starts one",
    ),
}
"""By the name that the configuration and the console use, in the page's order."""

BY_SOURCE_TYPE = {kind.source_type: name for name, kind in KINDS.items() if kind.source_type}

CHECKED = "2026-11-22"
"""When the table of regions was last compared with its sources."""
ON_THE_PAGE = (
    *("cn-qingdao", "cn-beijing", "cn-zhangjiakou", "cn-huhehaote", "cn-wulanchabu", "cn-hangzhou", "cn-shanghai"),
    *("cn-shenzhen", "cn-heyuan", "cn-guangzhou", "cn-chengdu", "cn-hongkong"),
    *("ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3", "ap-southeast-5"),
    *("ap-southeast-6", "eu-central-1", "eu-west-1", "me-east-1", "us-east-1", "us-west-1"),
)
"""Regions of Cloud Backup by the help page "Supported regions"."""
WITH_AN_ENDPOINT = ("cn-hangzhou-finance", "cn-shanghai-finance-1", "cn-shenzhen-finance-1", "cn-beijing-finance-1")
"""Regions that only the endpoints of HBR 2017-09-08 in the API metadata name."""
REGIONS: dict[str, dict[str, bool | None]] = {
    region: dict.fromkeys(KINDS) for region in (*ON_THE_PAGE, *WITH_AN_ENDPOINT)
}
"""Region → kind → whether it is backed up across accounts there; None: no document that was found states it.

It is None throughout. "Supported regions" says that a region has all features, and in its next sentence that they may
vary with the data source; "Features available in each region", which the product page names, could not be read.
"""


def in_region(kind: str, region: str) -> bool | None:
    """Whether a kind is backed up across accounts in a region; None where nothing says."""
    return REGIONS.get(region, {}).get(kind)


def region_warning(region: str, kinds: Iterable[str] = ()) -> str | None:
    """What to say of a region that the table does not know, or not for these kinds; None where it knows."""
    if region not in REGIONS:
        return f"region {region} is not in the table of {CHECKED}: see {FEATURES}"
    if unknown := sorted({kind for kind in kinds if in_region(kind, region) is None}):
        return f"whether {region} backs up {', '.join(unknown)} across accounts no document says: see {FEATURES}"
    return None


FEATURES = "the page “Features available in each region” or the console"


def kind_of(source_type: str) -> str:
    """The kind's name of Cloud Backup's source type, which is its own name where the page lists no such kind."""
    return BY_SOURCE_TYPE.get(source_type, source_type)


def who_pays(name: str) -> str:
    """The page's billing rules for one kind, in words, as far as it states them."""
    kind = KINDS.get(name)
    if kind is None:
        return NOT_STATED
    b = (
        f"what the member account pays is {NOT_STATED}"
        if kind.pays_b == NOT_STATED
        else f"the member {PAYS} {kind.pays_b}"
    )
    return f"{kind.title}: the backup {PAYS} {PAYS_A}; {b}"
