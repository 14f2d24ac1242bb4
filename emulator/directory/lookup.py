"""What every directory action begins with: the directory, a folder, a member, a page of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from emulator import paging
from emulator.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from emulator.accounts import Directory, Member
    from emulator.service import Call

Item = TypeVar("Item")


def directory_of(call: Call) -> Directory:
    """The directory that the caller may manage, or may read as a delegated administrator.

    Raises:
        CloudError: ``EntityNotExists.ResourceDirectory`` 404 for everybody else.
    """
    directory = call.cloud.state.directory
    account = call.caller.account_id
    if directory is not None:
        delegated = any(account in administrators for administrators in directory.delegated.values())
        if account == directory.management_account or (delegated and not call.service.actions[call.action].writes):
            return directory
    message = "The resource directory for the account is not enabled."
    raise CloudError("EntityNotExists.ResourceDirectory", message, 404)


def member_of(directory: Directory, account_id: str) -> Member:
    """A member by its account id.

    Raises:
        CloudError: ``EntityNotExists.Account`` 404.
    """
    member = directory.members.get(account_id)
    if member is None:
        raise CloudError("EntityNotExists.Account", "This resource directory account does not exist.", 404)
    return member


def folder_of(directory: Directory, folder_id: str | None) -> str:
    """A folder's id, the root's where none is given.

    Raises:
        CloudError: ``EntityNotExists.Folder`` 404.
    """
    if folder_id and folder_id not in directory.folders:
        raise CloudError("EntityNotExists.Folder", "The resource directory folder does not exist.", 404)
    return folder_id or directory.root_folder


def path_of(directory: Directory, folder_id: str) -> str:
    """``rd-…/r-…/fd-…``, the directory first."""
    folders: list[str] = []
    while folder_id:
        folders.insert(0, folder_id)
        folder_id = directory.folders[folder_id].parent
    return "/".join([directory.directory_id, *folders])


def page_of(call: Call, items: Sequence[Item]) -> tuple[Sequence[Item], dict[str, Any]]:
    """One page by ``PageNumber`` and ``PageSize``, and the keys that every such list answers."""
    number, size = call.params["PageNumber"], call.params["PageSize"]
    return paging.numbered(items, number, size), {"PageNumber": number, "PageSize": size, "TotalCount": len(items)}


def tokens_of(call: Call, items: Sequence[Item], default: int) -> tuple[Sequence[Item], dict[str, Any]]:
    """One page by ``NextToken`` and ``MaxResults``; the token is left out on the last page."""
    page, following = paging.placed(items, call.params["NextToken"], call.params["MaxResults"] or default)
    return page, ({"NextToken": following} if following else {})


def tagged(sent: list[dict[str, str]] | None) -> dict[str, str]:
    """The ``Tag.N.Key`` and ``Tag.N.Value`` parameters as a mapping."""
    return {tag["Key"]: tag.get("Value", "") for tag in sent or []}


def with_tags(answer: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
    """An item of a list with its tags."""
    return {**answer, "Tags": {"Tag": [{"Key": key, "Value": value} for key, value in tags.items()]}}
