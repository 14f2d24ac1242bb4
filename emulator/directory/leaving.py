"""How an account leaves: a cloud account is removed at once, a resource account is deleted after a while."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.accounts import Deletion
from emulator.clock import utc
from emulator.directory.lookup import directory_of, member_of
from emulator.errors import CloudError
from emulator.usage import trusted_services_using

if TYPE_CHECKING:
    from emulator.accounts import Directory, Member
    from emulator.cloud import Cloud
    from emulator.service import Call

CHECK_SECONDS = 60
"""How long the deletion check takes (inferred)."""
DELETE_SECONDS = 60
"""How long a direct deletion takes after the check (inferred)."""
SILENCE_SECONDS = 45 * 86400
"""SDK model GetAccountDeletionStatusResponseBody: an account with pay-as-you-go resources is silent for 45 days."""


def remove(call: Call) -> dict[str, Any]:
    """API page "RemoveCloudAccount": refused while a trusted service or a delegation uses the account."""
    directory = directory_of(call)
    member = _leaving(call, directory)
    if member.kind != "CloudAccount":
        message = "You cannot perform the action on the member account."
        raise CloudError("AccountTypeOrStatusMismatch", message, 409)
    if services := trusted_services_using(call.cloud.state, member.account_id):
        message = f"You attempted to remove an account that is used in {', '.join(services)}."
        raise CloudError("Deny.TrustedService", message, 409)
    del directory.members[member.account_id]
    return {}


def _leaving(call: Call, directory: Directory) -> Member:
    """The member that is to leave; a delegated administrator cannot (the vendor misspells the code)."""
    member = member_of(directory, call.params["AccountId"])
    if any(member.account_id in administrators for administrators in directory.delegated.values()):
        message = "You must first deregister this account as a delegated administrator."
        raise CloudError("RemoveConfilctAccountAsDelegatedAdministator", message, 409)
    return member


def delete(call: Call) -> dict[str, Any]:
    """API page "DeleteAccount": asynchronous, and with a silence period where there are resources."""
    directory = directory_of(call)
    member = _leaving(call, directory)
    if not directory.member_deletion_enabled:
        message = "The resource directory has not enabled the delete operation."
        raise CloudError("NoLicense.ResourceDirectory", message, 409)
    if member.kind != "ResourceAccount":
        message = "Cloud account type members do not support deletion."
        raise CloudError("MemberTypeError.DeleteAccount", message, 409)
    if member.deletion_status:
        message = "The account is already in the process of deletion."
        raise CloudError("ExistProcessingDeleteFlow.DeleteAccount", message, 409)
    silent = bool(call.cloud.state.accounts[member.account_id].resources)
    directory.deletions[member.account_id] = deletion = Deletion(
        kind="1" if silent else "0",
        status="Checking",
        created_at=call.now,
        ends_at=call.now + CHECK_SECONDS + (SILENCE_SECONDS if silent else DELETE_SECONDS),
    )
    _proceed(call.cloud, member.account_id)
    return {"DeletionType": deletion.kind}


def _proceed(cloud: Cloud, account_id: str) -> None:
    """Bring a deletion to where it is by now, and come back when it goes on."""
    directory = cloud.state.directory
    deletion = directory.deletions.get(account_id) if directory else None
    if directory is None or deletion is None or deletion.status == "Success":
        return
    checked = deletion.created_at + CHECK_SECONDS
    if cloud.clock.now() >= deletion.ends_at:
        deletion.status = "Success"
        _forget(cloud, directory, account_id)
        return
    deletion.status = "Deleting" if cloud.clock.now() >= checked else "Checking"
    directory.members[account_id].deletion_status = deletion.status
    due = checked if deletion.status == "Checking" else deletion.ends_at

    async def go_on() -> None:
        _proceed(cloud, account_id)

    cloud.clock.at(due, go_on)


def _forget(cloud: Cloud, directory: Directory, account_id: str) -> None:
    """A deleted account has no roles, no users and no credentials any more."""
    directory.members.pop(account_id, None)
    account = cloud.state.accounts[account_id]
    for held in (account.roles, account.users, account.policies, account.resources):
        held.clear()
    for known in (cloud.state.keys, cloud.state.sessions):
        for key in [key for key, entry in known.items() if entry.principal.account_id == account_id]:
            del known[key]


def resume(cloud: Cloud) -> None:
    """Go on with the deletions of a state that was loaded."""
    for account_id in list(cloud.state.directory.deletions) if cloud.state.directory else []:
        _proceed(cloud, account_id)


def deletion_status(call: Call) -> dict[str, Any]:
    """API page "GetAccountDeletionStatus"; it also answers for an account that is gone."""
    directory, account_id = directory_of(call), call.params["AccountId"]
    deletion = directory.deletions.get(account_id)
    if deletion is None:
        member_of(directory, account_id)
        raise CloudError("EntityNotExists.CheckAccount", "There is no check task for this account", 409)
    return {
        "RdAccountDeletionStatus": {
            "AccountId": account_id,
            "CreateTime": utc(deletion.created_at),
            "DeletionTime": utc(deletion.ends_at) if deletion.status == "Success" else "",
            "DeletionType": deletion.kind,
            "FailReasonList": [],
            "Status": deletion.status,
        }
    }
