"""The Resource Directory: the tables of ResourceDirectoryMaster 2022-04-19 and of ResourceManager 2020-03-31.

Both are made of the same functions. The older product lacks some parameters and some keys of answers (SDK models of
both); ActionTrail writes ``ResourceManager`` for both (help page "Audit events of Resource Management").
"""

from __future__ import annotations

from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

from emulator.directory.table import ACTIONS
from emulator.ram import CREATE_SERVICE_LINKED_ROLE, DELETE_SERVICE_LINKED_ROLE, service_roles
from emulator.service import Action, Param, Service

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.service import Call

SERVICE = Service(name="resourcedirectory", product="ResourceManager", version="2022-04-19", actions=ACTIONS)

_NEW_PARAMS: Mapping[str, set[str]] = {
    "CreateFolder": {"Tag"},
    "ListFoldersForParent": {"Tag"},
    "CreateResourceAccount": {"DryRun"},
    "UpdateAccount": {"DryRun"},
    "ListAccounts": {"MaxResults", "NextToken", "QueryKeyword"},
    "InviteAccountToResourceDirectory": {"ParentFolderId"},
    "CreateControlPolicy": {"Tag"},
    "ListControlPolicies": {"Tag"},
}
_NEW_KEYS: Mapping[str, set[str]] = {
    "GetResourceDirectory": {"MemberAccountDisplayNameSyncStatus"},
    "ListFoldersForParent": {"Tags"},
    "GetAccount": {"HasSecureMobilePhone", "SecureMobilePhone"},
    "ListAccounts": {"AccountName", "DeletionStatus"},
    "ListAccountsForParent": {"AccountName", "DeletionStatus"},
    "ListControlPolicies": {"Tags"},
}
"""What only the newer product has: parameters and keys, by action."""


def _older(name: str, action: Action) -> Action:
    """The action as the older product has it."""
    params = {key: param for key, param in action.params.items() if key not in _NEW_PARAMS.get(name, ())}
    new_keys, run = _NEW_KEYS.get(name, set()), action.run

    @wraps(run)
    def reduced(call: Call) -> Any:  # noqa: ANN401  # any JSON object
        return _without(run(call), new_keys)

    return replace(action, params=params, run=reduced)


def _without(answer: Any, keys: set[str]) -> Any:  # noqa: ANN401  # any JSON value
    """A copy of an answer without some keys, at every depth."""
    if isinstance(answer, dict):
        return {key: _without(value, keys) for key, value in answer.items() if key not in keys}
    if isinstance(answer, list):
        return [_without(value, keys) for value in answer]
    return answer


RESOURCE_MANAGER = Service(
    name="resourcemanager",
    product="ResourceManager",
    version="2020-03-31",
    actions={name: _older(name, action) for name, action in ACTIONS.items()}
    | {
        "CreateServiceLinkedRole": CREATE_SERVICE_LINKED_ROLE,
        "DeleteServiceLinkedRole": DELETE_SERVICE_LINKED_ROLE,
        "GetServiceLinkedRoleDeletionStatus": Action(
            service_roles.deletion_status,
            {"DeletionTaskId": Param(required=True)},
            permission="ram:GetServiceLinkedRoleDeletionStatus",
            errors=("EntityNotExist.ServiceLinkedRole.DeletionTask",),
        ),
    },
)
