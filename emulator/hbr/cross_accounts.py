"""Registrations: which accounts a backup account may reach.

Whether reaching one then works is no concern of a registration; that is ``places.py``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.errors import CloudError
from emulator.hbr.answers import PAGE, next_number, page, refuse
from emulator.hbr.state import CrossAccount, Place
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.hbr.state import Job, Restore
    from emulator.service import Call

TYPES = ("CROSS_ACCOUNT", "CROSS_ACCOUNT_BY_RD")


def shelf(cloud: Cloud, owner: str, region: str) -> dict[str, list[CrossAccount]]:
    """An account's registrations, of this region or, under the guess ``registrations: global``, of all regions."""
    region = region if cloud.guesses.registrations == "regional" else ""
    return cloud.state.hbr.cross_accounts.setdefault(f"{owner}/{region}", {})


def registered(cloud: Cloud, owner: str, region: str, place: Place) -> bool:
    """Whether ``owner`` has a registration of this account, role and type there."""
    return _key(place) in shelf(cloud, owner, region)


def _mine(call: Call) -> dict[str, list[CrossAccount]]:
    return shelf(call.cloud, call.caller.account_id, call.region)


def _key(place: Place) -> str:
    """Account and role make a record (inferred from the Terraform provider's id); the type keeps two kinds apart."""
    return f"{place.account_id}:{place.role_name}:{place.kind}"


def _place(call: Call) -> Place:
    """The parameters as a place; without a type it is CROSS_ACCOUNT (inferred: Terraform never sends one)."""
    kind = call.params["CrossAccountType"] or "CROSS_ACCOUNT"
    role_name = call.params["CrossAccountRoleName"] or ""
    # By resource directory there is no role; DeleteCrossAccount asks for a name all the same (inferred: any will do).
    role_name = role_name if kind == "CROSS_ACCOUNT" else ""
    return Place(account_id=str(call.params["CrossAccountUserId"]), kind=kind, role_name=role_name)


def add_cross_account(call: Call) -> dict[str, Any]:
    """Register an account (API page "AddCrossAccount").

    Neither the account nor the role is looked at (inferred: the Terraform provider's acceptance test registers the
    account ``1``). What a second one does is the guess ``second_add_cross_account``; the refusal's status is taken
    from the one documented refusal of this family, CrossAccountBackupSlrNotExist at 200 (inferred).
    """
    guesses, params = call.cloud.guesses, call.params
    if params["CrossAccountUserId"] is None:
        raise refuse("BadRequest", "CrossAccountUserId is required.")
    place = _place(call)
    if place.kind == "CROSS_ACCOUNT_BY_RD":
        _same_directory(call, place.account_id)
    elif not place.role_name:
        raise refuse("BadRequest", "CrossAccountRoleName is required.")
    records = _mine(call)
    old = records.setdefault(_key(place), [])
    if old and guesses.second_add_cross_account == "update":
        old[0].alias, old[0].updated_at = params["Alias"] or "", call.now
        return {}
    if (old and guesses.second_add_cross_account == "refuse") or _other_type(call, place):
        if not old:
            del records[_key(place)]
        raise CloudError(guesses.duplicate_code, "The cross account already exists.", 200)
    old.append(
        CrossAccount(
            id=next_number(call.cloud.state.hbr),
            owner=call.caller.account_id,
            place=place,
            alias=params["Alias"] or "",
            created_at=call.now,
            updated_at=call.now,
        )
    )
    return {}


def _other_type(call: Call, place: Place) -> bool:
    """Whether the guess ``both_types_coexist: false`` forbids this record, the account having one of the other type."""
    if call.cloud.guesses.both_types_coexist:
        return False
    return any(
        record.place.account_id == place.account_id and record.place.kind != place.kind
        for records in _mine(call).values()
        for record in records
    )


def _same_directory(call: Call, account_id: str) -> None:
    """What CROSS_ACCOUNT_BY_RD needs (help page "Back up data sources across Alibaba Cloud accounts", 2026).

    Raises:
        CloudError: the codes of the help page "Error codes"; NoPermission for a caller that is neither the management
            account nor a delegated administrator is inferred.
    """
    directory, service = call.cloud.state.directory, call.cloud.guesses.rd_trusted_service
    if directory is None or service not in directory.trusted_services:
        raise refuse(
            "AccountNotEnableRdTrustedService", "You have not enabled HBR as a trust service of resource directory."
        )
    admins = {directory.management_account, *directory.delegated.get(service, [])}
    if call.caller.account_id not in admins:
        raise refuse("NoPermission", "User is not authorized to do this operation.")
    if account_id != directory.management_account and account_id not in directory.members:
        raise refuse("BackupAccountNotInSpecifiedRd", "The backup account is not in the specified resource directory.")


def delete_cross_account(call: Call) -> dict[str, Any]:
    """Remove a registration (API page "DeleteCrossAccount"); doubles go together (inferred).

    Whether it is refused while a job on that account's data runs is the guess ``delete_while_running_code``; where
    there is no such record, ``delete_unknown_cross_account`` and ``delete_unknown_code`` decide.
    """
    place, in_use = _place(call), call.cloud.guesses.delete_while_running_code
    if in_use and _busy(call, place):
        raise CloudError(in_use, "Jobs of the cross account are running.", 400)
    removed = _mine(call).pop(_key(place), None)
    if removed is None and call.cloud.guesses.delete_unknown_cross_account == "refuse":
        raise CloudError(call.cloud.guesses.delete_unknown_code, "The specified resource is not found.", 404)
    return {}


def _busy(call: Call, place: Place) -> bool:
    """Whether a backup or a restore by that road is under way: in the region, or where records are global, in any."""
    everywhere, hbr = call.cloud.guesses.registrations == "global", call.cloud.state.hbr
    under_way: tuple[Job | Restore, ...] = (*hbr.jobs.values(), *hbr.restores.values())
    return any(
        (job.owner, job.place, job.status) == (call.caller.account_id, place, "RUNNING")
        and (everywhere or job.region == call.region)
        for job in under_way
    )


def describe_cross_accounts(call: Call) -> dict[str, Any]:
    """All registrations, oldest first (order inferred), page by page; there is no filter (API page)."""
    records = [record for records in _mine(call).values() for record in records]
    return page(call, records, _render, "CrossAccounts", "CrossAccount")


def _render(record: CrossAccount) -> dict[str, Any]:
    """Keys and types of SDK model DescribeCrossAccountsResponseBody; user ids are int64, times are seconds."""
    return {
        "Id": record.id,
        "OwnerId": int(record.owner),
        "CrossAccountUserId": int(record.place.account_id),
        "CrossAccountRoleName": record.place.role_name,
        "CrossAccountType": record.place.kind,
        "Alias": record.alias,
        "CreatedTime": int(record.created_at),
        "UpdatedTime": int(record.updated_at),
    }


_TYPE = Param(choices=TYPES)

ACTIONS = {
    # The API pages of these two (2026-01) say "no authorization for this operation": RAM is asked only where the guess
    # hbr_authorises_cross_accounts says so.
    "AddCrossAccount": Action(
        add_cross_account,
        {
            "CrossAccountUserId": Param("integer", minimum=1),
            "CrossAccountRoleName": Param(maximum=64),
            "CrossAccountType": _TYPE,
            "Alias": Param(maximum=32),
        },
        writes=True,
        errors=("BadRequest", "AccountNotEnableRdTrustedService", "BackupAccountNotInSpecifiedRd", "NoPermission"),
    ),
    "DeleteCrossAccount": Action(
        delete_cross_account,
        {
            "CrossAccountUserId": Param("integer", required=True),
            "CrossAccountRoleName": Param(required=True),
            "CrossAccountType": _TYPE,
        },
        writes=True,
        errors=("NoPermission", "ResourceNotFound"),
    ),
    "DescribeCrossAccounts": Action(describe_cross_accounts, PAGE, permission="hbr:DescribeCrossAccounts"),
}
