"""Projects and logstores: CreateProject, GetProject, CreateLogStore, GetLogStore.

Parameters and answers as in the models of ``alibabacloud_sls20201230``. Encryption, ingest processors, sharding
policies and storage classes beyond the second are not emulated: asking for them is refused, not ignored.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from emulator.errors import CloudError
from emulator.logs.call import REGION, Call, answer
from emulator.logs.indexes import FULL_TEXT
from emulator.logs.state import Index, Logstore, Project
from emulator.shapes import Record

if TYPE_CHECKING:
    from collections.abc import Iterable

    from starlette.responses import Response

PROJECT = Record(
    {
        "projectName": str,
        "description": str,
        "dataRedundancyType": str,
        "recycleBinEnabled": bool,
        "resourceGroupId": str,
    },
    required=("projectName",),
)
STORE = Record(
    {
        "logstoreName": str,
        "ttl": int,
        "shardCount": int,
        "autoSplit": bool,
        "maxSplitShard": int,
        "enable_tracking": bool,
        "appendMeta": bool,
        "mode": str,
        "hot_ttl": int,
        "infrequentAccessTTL": int,
        "telemetryType": str,
        "enableModify": bool,
        "encrypt_conf": dict,
        "processorId": str,
        "resourceGroupId": str,
        "shardingPolicy": dict,
    },
    required=("logstoreName", "ttl", "shardCount"),
)
NOT_EMULATED = (
    "infrequentAccessTTL",
    "enableModify",
    "encrypt_conf",
    "processorId",
    "resourceGroupId",
    "shardingPolicy",
)
DEFAULTS: dict[str, Any] = {
    "autoSplit": False,
    "maxSplitShard": 0,
    "enable_tracking": False,
    "appendMeta": False,
    "mode": "standard",
    "telemetryType": "",
    "hot_ttl": -1,
    "infrequentAccessTTL": -1,
    "productType": "",
}
"""What GetLogStore says where nothing was said: the page; -1 is in the vendor's own tests of their Java SDK."""
MOST_STORES = 200
"""In a project (API page "CreateLogStore")."""
LEAST_HOT_DAYS = 7
_PROJECT_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]")
_STORE_NAME = re.compile(r"[a-z0-9]([a-z0-9_-]{0,61})[a-z0-9]")
"""SDK models CreateProjectRequest (3 to 63 characters) and CreateLogStoreRequest (2 to 63)."""


def create_project(call: Call) -> Response:
    """A new project (API page "CreateProject").

    That a description must not be left out is on the page; the code for that and for a wrong name is inferred from the
    one that the page has for a wrong body.
    """
    sent = call.body
    if not _PROJECT_NAME.fullmatch(sent["projectName"]):
        raise CloudError("ParameterInvalid", f"The project name {sent['projectName']} is invalid.")
    if "description" not in sent:
        raise CloudError("ParameterInvalid", "description is required.")
    if sent.get("dataRedundancyType", "LRS") not in {"LRS", "ZRS"}:
        raise CloudError("ParameterInvalid", "dataRedundancyType must be LRS or ZRS.")
    projects = call.cloud.state.logs.projects
    if sent["projectName"] in projects:
        raise CloudError("ProjectAlreadyExist", f"Project {sent['projectName']} already exist")
    projects[sent["projectName"]] = Project(
        name=sent["projectName"],
        account_id=call.principal.account_id,
        description=sent["description"],
        created_at=call.now,
        redundancy=sent.get("dataRedundancyType", "LRS"),
        recycle_bin=sent.get("recycleBinEnabled", False),
        resource_group=sent.get("resourceGroupId", ""),
    )
    return answer()


def get_project(call: Call) -> Response:
    """What there is to know of a project (API page "GetProject"; the form of its times is inferred)."""
    project = call.project
    made = str(int(project.created_at))
    return answer(
        {
            "projectName": project.name,
            "description": project.description,
            "owner": project.account_id,
            "region": REGION,
            "status": "Normal",
            "createTime": made,
            "lastModifyTime": made,
            "dataRedundancyType": project.redundancy,
            "recycleBinEnabled": project.recycle_bin,
            "resourceGroupId": project.resource_group,
            "quota": {},
            "internetEndpoint": f"{REGION}.log.aliyuncs.com",
            "internalEndpoint": f"{REGION}-intranet.log.aliyuncs.com",
        }
    )


def create_log_store(call: Call) -> Response:
    """A new logstore, without an index (API page "CreateLogStore").

    Its page has LogStoreInfoInvalid for what is wrong in the body; so do the vendor's own tests and SDKs, for names,
    storage classes, and keys that are not known.
    """
    stores, name = call.project.stores, call.body["logstoreName"]
    problem = _problem(call.body)
    if problem:
        raise CloudError("LogStoreInfoInvalid", problem)
    if name in stores:
        raise CloudError("LogStoreAlreadyExist", f"logstore {name} already exists")
    if len(stores) >= MOST_STORES:
        raise CloudError("ProjectQuotaExceed", "Project Quota Exceed.")
    stores[name] = Logstore(settings={**DEFAULTS, **call.body}, created_at=call.now)
    return answer()


def _problem(sent: dict[str, Any]) -> str:
    """What is wrong with a logstore; ranges are those of the API page and of the SDK's model."""
    unknown, hot = [name for name in NOT_EMULATED if name in sent], sent.get("hot_ttl", LEAST_HOT_DAYS)
    checks = (
        (_STORE_NAME.fullmatch(sent["logstoreName"]), "logstore name  is invalid"),
        (1 <= sent["ttl"] <= 3650, "ttl must be 1 to 3650 days"),  # noqa: PLR2004 - which is for ever
        (1 <= sent["shardCount"] <= 10, "shardCount must be 1 to 10"),  # noqa: PLR2004
        (not sent.get("autoSplit") or 1 <= sent.get("maxSplitShard", 0) <= 256, "maxSplitShard must be 1 to 256"),  # noqa: PLR2004
        (sent.get("mode", "standard") in {"standard", "query"}, "mode must be standard or query"),
        (LEAST_HOT_DAYS <= hot <= max(sent["ttl"], LEAST_HOT_DAYS), "hot_ttl must be 7 days to ttl"),
        (sent.get("telemetryType", "") in {"", "None"}, "telemetryType Metrics is not emulated"),
        (not unknown, f"{', '.join(unknown)} is not emulated"),
    )
    return next((text for holds, text in checks if not holds), "")


def get_log_store(call: Call) -> Response:
    """A logstore's settings (API page "GetLogStore", SDK model Logstore)."""
    store = call.store
    made = int(store.created_at)
    return answer({**store.settings, "createTime": made, "lastModifyTime": made})


def in_zone(account_id: str, name: str, stores: Iterable[str], at: float) -> Project:
    """A project of a landing zone, each of its logstores with a full-text index."""
    described = {
        one: Logstore(
            settings={**DEFAULTS, "logstoreName": one, "ttl": 90, "shardCount": 2},
            created_at=at,
            indexes=[Index(since=at, body={"line": FULL_TEXT})],
        )
        for one in stores
    }
    return Project(name=name, account_id=account_id, description="", created_at=at, stores=described)
