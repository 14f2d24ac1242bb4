"""The directory itself and its tree of folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.accounts import Folder
from emulator.clock import utc
from emulator.directory.lookup import directory_of, folder_of, page_of, path_of, tagged, with_tags
from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.service import Call

DEPTH = 5
FOLDERS = 100
"""Help page "Limits" of Resource Directory."""


def describe(folder_id: str, folder: Folder, *extra: str) -> dict[str, Any]:
    """A folder as every folder action answers it, plus its parent where that is asked for."""
    answer = {"FolderId": folder_id, "FolderName": folder.name, "CreateTime": utc(folder.created_at)}
    return {**answer, **({"ParentFolderId": folder.parent} if "ParentFolderId" in extra else {})}


def get_directory(call: Call) -> dict[str, Any]:
    """API page "GetResourceDirectory"; members may ask too."""
    directory, account = call.cloud.state.directory, call.caller.account_id
    if directory is None or account not in {directory.management_account, *directory.members}:
        message = "The specified account is not an Alibaba Cloud account or a member account of the resource directory."
        raise CloudError("ResourceDirectoryNotInUse", message, 404)
    return {
        "ResourceDirectory": {
            "ResourceDirectoryId": directory.directory_id,
            "RootFolderId": directory.root_folder,
            "MasterAccountId": directory.management_account,
            "MasterAccountName": call.cloud.state.accounts[directory.management_account].display_name,
            "CreateTime": utc(directory.created_at),
            "ControlPolicyStatus": "Enabled" if directory.control_policies_enabled else "Disabled",
            "MemberDeletionStatus": "Enabled" if directory.member_deletion_enabled else "Disabled",
            "MemberAccountDisplayNameSyncStatus": "Disabled",
            "IdentityInformation": directory.directory_id,
        }
    }


def create(call: Call) -> dict[str, Any]:
    """API page "CreateFolder": five levels below the root, names unique under one parent."""
    directory, sent = directory_of(call), call.params
    parent = folder_of(directory, sent["ParentFolderId"])
    if any(folder.parent == parent and folder.name == sent["FolderName"] for folder in directory.folders.values()):
        code = "InvalidParameter.Folder.Name.AlreadyUsed"
        raise CloudError(code, "The name already exists under the same parent. Please change to another name.")
    if path_of(directory, parent).count("/") > DEPTH:
        raise CloudError("LimitExceeded.Folder.Depth", f"The folder depth exceeds the limit of {DEPTH}.", 409)
    if len(directory.folders) > FOLDERS:
        raise CloudError("QuotaExceeded.Folder.Count", "The number of folders exceeds the quota.", 409)
    folder_id = f"fd-{call.cloud.random_text(10)}"
    folder = Folder(name=sent["FolderName"], parent=parent, created_at=call.now, tags=tagged(sent.get("Tag")))
    directory.folders[folder_id] = folder
    return {"Folder": describe(folder_id, folder, "ParentFolderId")}


def get(call: Call) -> dict[str, Any]:
    """API page "GetFolder"."""
    directory = directory_of(call)
    folder_id = folder_of(directory, call.params["FolderId"])
    answer = describe(folder_id, directory.folders[folder_id], "ParentFolderId")
    return {"Folder": {**answer, "ResourceDirectoryPath": path_of(directory, folder_id)}}


def list_for_parent(call: Call) -> dict[str, Any]:
    """API page "ListFoldersForParent": direct children only, the root's where no parent is named."""
    directory, sent = directory_of(call), call.params
    parent = folder_of(directory, sent["ParentFolderId"])
    wanted = tagged(sent.get("Tag"))
    found = [
        with_tags(describe(folder_id, folder), folder.tags)
        for folder_id, folder in directory.folders.items()
        if folder.parent == parent
        and (sent["QueryKeyword"] or "") in folder.name
        and wanted.items() <= folder.tags.items()
    ]
    page, answer = page_of(call, found)
    return {**answer, "Folders": {"Folder": page}}


def list_ancestors(call: Call) -> dict[str, Any]:
    """API page "ListAncestors": from the root down to the parent of the folder ``ChildId``."""
    directory = directory_of(call)
    parent = directory.folders[folder_of(directory, call.params["ChildId"])].parent
    above = path_of(directory, parent).split("/")[1:]
    return {"Folders": {"Folder": [describe(folder_id, directory.folders[folder_id]) for folder_id in above]}}
