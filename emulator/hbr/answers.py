"""The shapes that Cloud Backup's answers share: success, refusals, pages, ids, and the records that a caller may see.

Only what more than one action needs. What an action means is in the file of its subject.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from emulator import paging
from emulator.errors import CloudError
from emulator.service import Param

if TYPE_CHECKING:
    from emulator.hbr.state import HbrState, Place, Record
    from emulator.service import Call

R = TypeVar("R", bound="Record")

PAGE: Mapping[str, Param] = {
    "PageNumber": Param("integer", default=1, minimum=1),
    "PageSize": Param("integer", default=10, minimum=1, maximum=99),
}
"""Page style: 1 to 99, default 10 (SDK model DescribeCrossAccountsRequest; the metadata of 2024 still says 100)."""

TOKENS: Mapping[str, Param] = {
    "MaxResults": Param("integer", default=10, minimum=10, maximum=100),
    "NextToken": Param(),
}
"""Token style: 10 to 100, default 10 (SDK model DescribePolicyBindingsRequest)."""

_IDS = "0123456789abcdefghijklmnopqrstuvwxyz"


def refuse(code: str, message: str) -> CloudError:
    """One of the product's documented refusals, with its status (help page "Error codes" of Cloud Backup)."""
    return CloudError(code, message, STATUS[code])


STATUS: Mapping[str, int] = {
    "AccountNotEnableRdTrustedService": 400,
    "ArchiveDaysTooShort": 400,
    "ArchiveRetentionDaysTooShort": 400,
    "AssumeRoleFail": 403,
    "BackupAccountNotInSpecifiedRd": 403,
    "BadRequest": 400,
    "CannotDeleteReplicationSourceVault": 400,  # named by the Terraform provider; the status is inferred
    "CrossAccountBackupSlrNotExist": 200,  # API page "CheckRole"
    "NoPermission": 403,
    "ORDER.OPEND": 400,  # named by the Terraform provider; the status is inferred
    "PolicyAlreadyBoundWithThisDataSource": 400,  # API page "CreatePolicyBindings"
    "ResourceNotFound": 404,
    "RoleNotExist": 404,
    "ServiceNotActivated": 403,
    "TaskNotFound": 404,
    "VaultBoundPolicyCannotBeDeleted": 400,  # named by the Terraform provider; the status is inferred
    "VaultNotExist": 404,
}
"""Code → HTTP status; where nothing else is said, of the help page "Error codes" of Cloud Backup."""


def mint(call: Call, prefix: str) -> str:
    """A new id, for a call."""
    return record_id(prefix, next_number(call.cloud.state.hbr))


def record_id(prefix: str, number: int) -> str:
    """An id in the product's form: ``v-0001…``, ``po-0001…``; twenty characters after the dash, in order of age."""
    digits = ""
    while number:
        number, digit = divmod(number, len(_IDS))
        digits = _IDS[digit] + digits
    return f"{prefix}-{digits.rjust(20, '0')}"


def stamp(call: Call, prefix: str) -> dict[str, Any]:
    """The first fields of every new record."""
    return {
        "id": mint(call, prefix),
        "owner": call.caller.account_id,
        "region": call.region,
        "created_at": call.now,
        "updated_at": call.now,
    }


def next_number(hbr: HbrState) -> int:
    """The next number of the sequence that all ids are made of."""
    hbr.sequence += 1
    return hbr.sequence


def mine(call: Call, records: Mapping[str, R]) -> list[R]:
    """The records that this account sees at this region's endpoint, oldest first."""
    return [r for r in records.values() if r.owner == call.caller.account_id and r.region == call.region]


def find(call: Call, records: Mapping[str, R], record_id: str | None, code: str = "ResourceNotFound") -> R:
    """One record of this account at this endpoint.

    Raises:
        CloudError: ``code``, where there is none of that id, or it is another account's or region's.
    """
    record = records.get(record_id or "")
    if record is None or (record.owner, record.region) != (call.caller.account_id, call.region):
        raise refuse(code, f"The specified resource is not found: {record_id}.")
    return record


def page(call: Call, items: Sequence[Any], render: Callable[[Any], dict[str, Any]], *path: str) -> dict[str, Any]:
    """One page of ``items`` under ``path`` (``"Vaults", "Vault"``), rendered only where shown."""
    number, size = call.params["PageNumber"], call.params["PageSize"]
    content: Any = [render(item) for item in paging.numbered(items, number, size)]
    for key in reversed(path):
        content = {key: content}
    return {**content, "PageNumber": number, "PageSize": size, "TotalCount": len(items)}


def token_page(items: Sequence[R], token: str | None, limit: int) -> tuple[Sequence[R], str]:
    """The items after ``token``, and the token of the next page (empty on the last; inferred).

    Raises:
        CloudError: ``BadRequest`` for a token that was not given out here.
    """
    try:
        last = base64.urlsafe_b64decode((token or "").encode()).decode()
    except ValueError as error:
        raise refuse("BadRequest", "NextToken is invalid.") from error
    shown, following = paging.behind(items, last, limit, lambda item: item.id)
    return shown, base64.urlsafe_b64encode(following.encode()).decode()


def place_fields(place: Place) -> dict[str, Any]:
    """The three fields in which an answer says whose data it is; one's own account is named too (inferred)."""
    return {
        "CrossAccountType": place.kind,
        "CrossAccountUserId": int(place.account_id),
        "CrossAccountRoleName": place.role_name,
    }
