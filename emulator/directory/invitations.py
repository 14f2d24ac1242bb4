"""Inviting an account that exists into the directory."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.accounts import Handshake, Member
from emulator.clock import utc
from emulator.directory.lookup import directory_of, folder_of, tagged
from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.accounts import Directory
    from emulator.service import Call

VALID_SECONDS = 14 * 86400
"""An invitation is valid for 14 days (help page "Invite an Alibaba Cloud account to join a resource directory")."""


def _describe(call: Call, directory: Directory, handshake: Handshake) -> dict[str, Any]:
    return {
        "Handshake": {
            "HandshakeId": handshake.handshake_id,
            "ResourceDirectoryId": directory.directory_id,
            "MasterAccountId": directory.management_account,
            "MasterAccountName": call.cloud.state.accounts[directory.management_account].display_name,
            "TargetEntity": handshake.target,
            "TargetType": handshake.target_type,
            "Note": handshake.note,
            "Status": handshake.status,
            "CreateTime": utc(handshake.created_at),
            "ModifyTime": utc(handshake.modified_at),
            "ExpireTime": utc(handshake.created_at + VALID_SECONDS),
        }
    }


def invite(call: Call) -> dict[str, Any]:
    """API page "InviteAccountToResourceDirectory". Accounts of the emulator have no e-mail address but their id's."""
    directory, sent = directory_of(call), call.params
    target = sent["TargetEntity"].partition("@")[0]
    if target not in call.cloud.state.accounts:
        raise CloudError("InvalidParameter.TargetEntity", "The TargetEntity is invalid.")
    if target in directory.members or target == directory.management_account:
        message = "This resource directory account already exists."
        raise CloudError("EntityAlreadyExists.ResourceDir.Account", message, 409)
    if any(_open(call, known) and known.target == sent["TargetEntity"] for known in directory.handshakes.values()):
        message = "Handshakes with the same target entity already exist."
        raise CloudError("EntityAlreadyExists.Handshake", message, 409)
    handshake = Handshake(
        handshake_id=f"h-{call.cloud.random_text(14)}",
        target=sent["TargetEntity"],
        target_type=sent["TargetType"],
        note=sent["Note"] or "",
        folder_id=folder_of(directory, sent.get("ParentFolderId")),
        tags=tagged(sent["Tag"]),
        created_at=call.now,
        modified_at=call.now,
    )
    directory.handshakes[handshake.handshake_id] = handshake
    return _describe(call, directory, handshake)


def _open(call: Call, handshake: Handshake) -> bool:
    return handshake.status == "Pending" and call.now < handshake.created_at + VALID_SECONDS


def accept(call: Call) -> dict[str, Any]:
    """API page "AcceptHandshake": called by the invited account, which keeps its roles and gets no access role."""
    directory, account = call.cloud.state.directory, call.account
    handshake = directory.handshakes.get(call.params["HandshakeId"]) if directory else None
    if directory is None or handshake is None or handshake.target.partition("@")[0] != account.account_id:
        raise CloudError("EntityNotExists.Handshake", "The specified handshake does not exist.", 404)
    if not _open(call, handshake):
        raise CloudError("HandshakeStatusMismatch", "The invitation is invalid.", 409)
    handshake.status, handshake.modified_at = "Accepted", call.now
    directory.members[account.account_id] = Member(
        account_id=account.account_id,
        display_name=account.display_name,
        folder_id=handshake.folder_id,
        kind="CloudAccount",
        join_method="invited",
        status="InviteSuccess",
        joined_at=call.now,
        modified_at=call.now,
        tags=handshake.tags,
    )
    return _describe(call, directory, handshake)
