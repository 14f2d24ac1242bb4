"""Member accounts of a Resource Directory: making, finding, moving, leaving."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from emulator.clock import utc
from emulator.errors import CloudError
from emulator.state import Account, Member, Role

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.service import Call
    from emulator.state import Directory

ACCESS_ROLE = "ResourceDirectoryAccountAccessRole"
"""The role that the directory makes in each account that it creates (help page "Access a member")."""
_FIRST_CREATED = 1000000000001001


def directory_of(call: Call) -> Directory:
    """The directory that the caller may manage: as its management account or a delegated administrator.

    Raises:
        CloudError: ``EntityNotExists.ResourceDirectory`` 404 for everybody else.
    """
    directory = call.cloud.state.directory
    account = call.caller.account_id
    if directory is not None:
        delegated = any(account in administrators for administrators in directory.delegated.values())
        if account == directory.management_account or (delegated and not call.service.actions[call.action].writes):
            return directory
    raise CloudError("EntityNotExists.ResourceDirectory", "The resource directory for the account is not enabled.", 404)


def member_of(call: Call, directory: Directory) -> Member:
    """The member named by ``AccountId``.

    Raises:
        CloudError: ``EntityNotExists.Account`` 404.
    """
    member = directory.members.get(call.params["AccountId"])
    if member is None:
        raise CloudError("EntityNotExists.Account", "This resource directory account does not exist.", 404)
    return member


def access_role(management: str, role_id: str, now: float) -> Role:
    """The access role: trusts the management account, with AdministratorAccess."""
    trust = {
        "Version": "1",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "sts:AssumeRole",
                "Principal": {"RAM": [f"acs:ram::{management}:root"]},
            }
        ],
    }
    return Role(
        role_id=role_id,
        name=ACCESS_ROLE,
        trust=json.dumps(trust),
        attached={"System:AdministratorAccess": now},
        created_at=now,
        updated_at=now,
    )


def describe(directory: Directory, member: Member) -> dict[str, Any]:
    """A member as every account action answers it."""
    return {
        "AccountId": member.account_id,
        "AccountName": f"{member.account_id}@{directory.directory_id}.aliyunid.com",
        "DisplayName": member.display_name,
        "FolderId": member.folder_id,
        "JoinMethod": member.join_method,
        "JoinTime": utc(member.joined_at),
        "ModifyTime": utc(member.modified_at),
        "ResourceDirectoryId": directory.directory_id,
        "Status": member.status,
        "Type": member.kind,
    }


def path_of(directory: Directory, folder_id: str) -> str:
    """``rd-…/r-…/fd-…``, the directory first."""
    folders: list[str] = []
    while folder_id:
        folders.insert(0, folder_id)
        folder_id = directory.folders[folder_id]["parent"]
    return "/".join([directory.directory_id, *folders])


def create(call: Call) -> dict[str, Any]:
    """API page "CreateResourceAccount": the account is there when the answer comes, its access role too."""
    directory, sent = directory_of(call), call.params
    folder = sent["ParentFolderId"] or directory.root_folder
    if folder not in directory.folders:
        raise CloudError("EntityNotExists.Folder", "The resource directory folder does not exist.", 404)
    if any(member.display_name == sent["DisplayName"] for member in directory.members.values()):
        code = "InvalidParameter.Account.DisplayName.AlreadyUsed"
        raise CloudError(code, "The displayname of account has been used.", 409)
    member = Member(
        account_id=_next_account(call.cloud),
        display_name=sent["DisplayName"],
        folder_id=folder,
        joined_at=call.now,
        modified_at=call.now,
        tags={tag["Key"]: tag.get("Value", "") for tag in sent["Tag"] or []},
    )
    if not sent.get("DryRun"):
        role = access_role(directory.management_account, call.cloud.new_number(), call.now)
        call.cloud.state.accounts[member.account_id] = Account(
            account_id=member.account_id, display_name=member.display_name, roles={role.name: role}
        )
        directory.members[member.account_id] = member
    return {"Account": describe(directory, member)}


def _next_account(cloud: Cloud) -> str:
    number = _FIRST_CREATED
    while str(number) in cloud.state.accounts:
        number += 1
    return str(number)


def get(call: Call) -> dict[str, Any]:
    """API page "GetAccount"; tags only where ``IncludeTags`` asks for them."""
    directory = directory_of(call)
    member = member_of(call, directory)
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
