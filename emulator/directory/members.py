"""Member accounts: making, finding, renaming and moving them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator.accounts import Account, Member, Role
from emulator.clock import utc
from emulator.directory.lookup import (
    directory_of,
    folder_of,
    member_of,
    page_of,
    path_of,
    tagged,
    tokens_of,
    with_tags,
)
from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.accounts import Directory
    from emulator.cloud import Cloud
    from emulator.service import Call

ACCESS_ROLE = "ResourceDirectoryAccountAccessRole"
"""The role that the directory makes in each account that it creates (help page "Access a member")."""
_FIRST_CREATED = 1000000000001001


def access_role(management: str, role_id: str, now: float) -> Role:
    """The access role: trusts the management account, with AdministratorAccess."""
    trusted = {"RAM": [f"acs:ram::{management}:root"]}
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": trusted}
    return Role(
        role_id=role_id,
        name=ACCESS_ROLE,
        trust=json.dumps({"Version": "1", "Statement": [statement]}),
        attached={"System:AdministratorAccess": now},
        created_at=now,
        updated_at=now,
    )


def describe(directory: Directory, member: Member) -> dict[str, Any]:
    """A member as every account action answers it."""
    return {
        "AccountId": member.account_id,
        "AccountName": f"{member.account_name or member.account_id}@{directory.directory_id}.aliyunid.com",
        "DisplayName": member.display_name,
        "FolderId": member.folder_id,
        "JoinMethod": member.join_method,
        "JoinTime": utc(member.joined_at),
        "ModifyTime": utc(member.modified_at),
        "ResourceDirectoryId": directory.directory_id,
        "Status": member.status,
        "Type": member.kind,
    }


def create(call: Call) -> dict[str, Any]:
    """API page "CreateResourceAccount": the account is there when the answer comes, its access role too."""
    directory, sent = directory_of(call), call.params
    folder = folder_of(directory, sent["ParentFolderId"])
    _check_name(directory, sent["DisplayName"])
    member = Member(
        account_id=_next_account(call.cloud),
        account_name=sent["AccountNamePrefix"] or "",
        display_name=sent["DisplayName"],
        folder_id=folder,
        joined_at=call.now,
        modified_at=call.now,
        tags=tagged(sent["Tag"]),
    )
    if sent.get("DryRun"):
        return {}
    role = access_role(directory.management_account, call.cloud.new_number(), call.now)
    call.cloud.state.accounts[member.account_id] = Account(
        account_id=member.account_id, display_name=member.display_name, roles={role.name: role}
    )
    directory.members[member.account_id] = member
    return {"Account": describe(directory, member)}


def _check_name(directory: Directory, name: str) -> None:
    if any(member.display_name == name for member in directory.members.values()):
        code = "InvalidParameter.Account.DisplayName.AlreadyUsed"
        raise CloudError(code, "The displayname of account has been used.", 409)


def _next_account(cloud: Cloud) -> str:
    number = _FIRST_CREATED
    while str(number) in cloud.state.accounts:
        number += 1
    return str(number)


def get(call: Call) -> dict[str, Any]:
    """API page "GetAccount"; tags only where ``IncludeTags`` asks for them."""
    directory = directory_of(call)
    member = member_of(directory, call.params["AccountId"])
    path = f"{path_of(directory, member.folder_id)}/{member.account_id}"
    answer = {
        **describe(directory, member),
        "EmailStatus": "",
        "HasSecureMobilePhone": False,
        "IdentityInformation": directory.directory_id,
        "Location": "root" + path.removeprefix(f"{directory.directory_id}/{directory.root_folder}"),
        "ResourceDirectoryPath": path,
        "SecureMobilePhone": "",
    }
    if call.params["IncludeTags"]:
        answer["Tags"] = [{"Key": key, "Value": value} for key, value in member.tags.items()]
    return {"Account": answer}


def update(call: Call) -> dict[str, Any]:
    """API page "UpdateAccount": either the name or the type."""
    directory, sent = directory_of(call), call.params
    member = member_of(directory, sent["AccountId"])
    name, kind = sent["NewDisplayName"], sent["NewAccountType"]
    if bool(name) == bool(kind):
        message = "Either display name or account type must be specified."
        raise CloudError("MissingDisplayNameOrAccountType", message, 409)
    if kind == member.kind:
        message = "The type or status of the member account cannot satisfy the current operation."
        raise CloudError("AccountTypeMismatch", message, 409)
    if name and name != member.display_name:
        _check_name(directory, name)
    if not sent.get("DryRun"):
        member.display_name, member.kind = name or member.display_name, kind or member.kind
        member.modified_at = call.now
    return {"Account": describe(directory, member)}


def list_all(call: Call) -> dict[str, Any]:
    """API page "ListAccounts": pages by number, or by token once ``MaxResults`` is given."""
    directory = directory_of(call)
    found = _matching(call, directory)
    if call.params.get("MaxResults") or call.params.get("NextToken"):
        page, answer = tokens_of(call, found, default=10)
    else:
        page, answer = page_of(call, found)
    accounts = [
        {**item, "ResourceDirectoryPath": f"{path_of(directory, item['FolderId'])}/{item['AccountId']}"}
        for item in (_listed(call, directory, member) for member in page)
    ]
    return {**answer, "TotalCount": len(found), "Accounts": {"Account": accounts}}


def list_for_parent(call: Call) -> dict[str, Any]:
    """API page "ListAccountsForParent": the accounts right in one folder, not in those below it."""
    directory = directory_of(call)
    parent = folder_of(directory, call.params["ParentFolderId"])
    found = [member for member in _matching(call, directory) if member.folder_id == parent]
    page, answer = page_of(call, found)
    return {**answer, "Accounts": {"Account": [_listed(call, directory, member) for member in page]}}


def _matching(call: Call, directory: Directory) -> list[Member]:
    """Members with the keyword in their name and with all tags asked for."""
    keyword, wanted = call.params.get("QueryKeyword") or "", tagged(call.params["Tag"])
    if not keyword and not wanted:
        return list(directory.members.values())
    return [
        member
        for member in directory.members.values()
        if keyword in member.display_name and wanted.items() <= member.tags.items()
    ]


def _listed(call: Call, directory: Directory, member: Member) -> dict[str, Any]:
    answer = {**describe(directory, member), "DeletionStatus": member.deletion_status}
    return with_tags(answer, member.tags) if call.params["IncludeTags"] else answer


def move(call: Call) -> dict[str, Any]:
    """API page "MoveAccount"."""
    directory = directory_of(call)
    member = member_of(directory, call.params["AccountId"])
    member.folder_id = folder_of(directory, call.params["DestinationFolderId"])
    member.modified_at = call.now
    return {}
