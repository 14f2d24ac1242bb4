"""ResourceDirectoryMaster 2022-04-19 and, from the same functions, ResourceManager 2020-03-31."""

from __future__ import annotations

from emulator import directory_members as members
from emulator.ram import CREATE_SERVICE_LINKED_ROLE
from emulator.service import Action, Param, Service

_ACCOUNT = Param(required=True, pattern=r"\d+")

_ACTIONS = {
    "CreateResourceAccount": Action(
        members.create,
        {
            "DisplayName": Param(required=True),
            "ParentFolderId": Param(),
            "PayerAccountId": Param(),
            "AccountNamePrefix": Param(),
            "Tag": Param("maps"),
            "ResellAccountType": Param(),
            "DryRun": Param("boolean"),
        },
        permission="resourcemanager:CreateResourceAccount",
        writes=True,
    ),
    "GetAccount": Action(
        members.get,
        {"AccountId": _ACCOUNT, "IncludeTags": Param("boolean")},
        permission="resourcemanager:GetAccount",
    ),
}

SERVICE = Service(name="resourcedirectory", product="ResourceDirectoryMaster", version="2022-04-19", actions=_ACTIONS)
RESOURCE_MANAGER = Service(
    name="resourcemanager",
    product="ResourceManager",
    version="2020-03-31",
    actions={**_ACTIONS, "CreateServiceLinkedRole": CREATE_SERVICE_LINKED_ROLE},
)
