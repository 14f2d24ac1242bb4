"""What the vendor's error codes mean to us: one table, by action and code.

Classification is by code first and by HTTP status second, never by the SDK's exception class or the message's text.
"Already exists" and "does not exist" are observations. A code that is not here is temporary, and bounded by the retry
budget. Sources are named per block; rows marked "guess" are listed in docs/live-checks.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from shared.outcome import AttemptError, NotReadyError, PermanentError, Reason, TemporaryError


class ExistsError(TemporaryError):
    """An observation: what was to be made is there already. Where nobody expected it, the next attempt looks anew."""


class AbsentError(TemporaryError):
    """An observation: what was asked for, or to be removed, is not there. Where nobody expected it, the same."""


KINDS: dict[str, type[TemporaryError]] = {
    "exists": ExistsError,
    "absent": AbsentError,
    "not_ready": NotReadyError,
    "temporary": TemporaryError,
}


@dataclass(frozen=True)
class Meaning:
    """What a code means."""

    kind: Literal["exists", "absent", "temporary", "not_ready", "permanent"]
    reason: Reason = Reason.UNKNOWN_ERROR


EXISTS = Meaning("exists")
ABSENT = Meaning("absent")
THROTTLED = Meaning("temporary", Reason.THROTTLED)
FAULT = Meaning("temporary", Reason.CLOUD_FAULT)
UNKNOWN = Meaning("temporary", Reason.UNKNOWN_ERROR)
DENIED = Meaning("permanent", Reason.ACCESS_DENIED)
RESTRICTED = Meaning("permanent", Reason.ACCOUNT_RESTRICTED)
MISCONFIGURED = Meaning("permanent", Reason.BAD_CONFIGURATION)
NO_RD_MODE = Meaning("permanent", Reason.RESOURCE_DIRECTORY_MODE_OFF)

ANY = "*"
LONGEST_SHOWN = 500
"""Characters kept of what the cloud says."""

REMOVING = (
    "DeleteBackupClient",
    "DeleteBackupPlan",
    "DeleteHanaBackupPlan",
    "DeleteHanaInstance",
    "DeletePolicyBinding",
    "DeletePolicyV2",
    "DeleteSnapshot",
    "UpdatePolicyBinding",
    "DisableBackupPlan",
    "DisableHanaBackupPlan",
)
"""Actions after which something of Cloud Backup is to be gone, or to rest: not there is as good."""
BACKING_UP = (
    "CreateBackupJob",
    "CreateHanaBackupPlan",
    "CreateHanaInstance",
    "CreatePolicyBindings",
    "CreatePolicyV2",
    "CreateRestoreJob",
    "CreateVault",
    "ExecutePolicyV2",
    "InstallBackupClients",
    "UpdatePolicyV2",
)
"""Actions that name a data source, a vault or a rule from the configuration or from a person: what is wrong is said."""

MEANINGS: dict[tuple[str, str], Meaning] = {
    # Gateway, all products: pages "Common error codes" and "How do I handle throttling".
    (ANY, "Throttling"): THROTTLED,
    (ANY, "Rejected.Throttling"): THROTTLED,
    (ANY, "QpsLimitExceeded"): THROTTLED,
    (ANY, "ServiceUnavailable"): FAULT,
    (ANY, "InternalError"): FAULT,
    (ANY, "InternalServerError"): FAULT,
    (ANY, "SignatureNonceUsed"): FAULT,
    (ANY, "InvalidTimeStamp"): FAULT,
    (ANY, "InvalidSecurityToken.Expired"): FAULT,
    (ANY, "NoPermission"): DENIED,
    (ANY, "Forbidden"): DENIED,
    (ANY, "InvalidAccessKeyId"): DENIED,
    (ANY, "SignatureDoesNotMatch"): DENIED,
    # Simple Log Service: page "Error codes".
    (ANY, "Unauthorized"): DENIED,
    (ANY, "MissingParameter"): MISCONFIGURED,
    (ANY, "InvalidParameter"): MISCONFIGURED,
    # RAM: page "RAM API error codes"; SLR: ResourceManager CreateServiceLinkedRole.
    (ANY, "EntityAlreadyExists"): EXISTS,
    (ANY, "EntityNotExist"): ABSENT,
    (ANY, "LimitExceeded"): Meaning("permanent", Reason.LIMIT_EXCEEDED),
    (ANY, "MalformedPolicyDocument"): MISCONFIGURED,
    ("AttachPolicyToRole", "EntityNotExist.Policy"): MISCONFIGURED,
    ("AttachPolicyToRole", "EntityNotExist.Role"): Meaning("not_ready", Reason.NOT_READY),
    # Someone attached a policy between our detach and our delete: the next attempt reads again.
    ("DeleteRole", "DeleteConflict"): FAULT,
    # STS into a member: a brand-new account's access role needs a moment, an invited account has none.
    ("AssumeRole", "EntityNotExist.Role"): Meaning("not_ready", Reason.ACCESS_ROLE_MISSING),
    ("AssumeRole", "NoPermission"): Meaning("not_ready", Reason.ACCESS_DENIED),
    # STS into the backup account is a matter of configuration.
    ("AssumeBackupRole", "EntityNotExist.Role"): MISCONFIGURED,
    # Resource Directory: API pages of 2022-04-19.
    (ANY, "EntityNotExists"): ABSENT,
    (ANY, "EntityNotExists.ResourceDirectory"): Meaning("permanent", Reason.DIRECTORY_UNAVAILABLE),
    (ANY, "ResourceDirectoryNotInUse"): Meaning("permanent", Reason.DIRECTORY_UNAVAILABLE),
    # Cloud Backup: page "Error codes" of HBR 2017-09-08, and the API page of CheckRole.
    (ANY, "CrossAccountBackupSlrNotExist"): Meaning("not_ready", Reason.ROLE_NOT_USABLE),
    (ANY, "RoleNotExist"): Meaning("not_ready", Reason.ROLE_NOT_USABLE),
    (ANY, "AssumeRoleFail"): Meaning("not_ready", Reason.ROLE_NOT_USABLE),
    ("CheckRole", "NoPermission"): Meaning("not_ready", Reason.ROLE_NOT_USABLE),
    (ANY, "ServiceNotActivated"): Meaning("permanent", Reason.CLOUD_BACKUP_NOT_OPEN),
    (ANY, "InDebt"): RESTRICTED,
    (ANY, "InDebtOverdue"): RESTRICTED,
    (ANY, "RiskControlProhibited"): RESTRICTED,
    # What is bound already, and what is gone already: API pages of each action; those of "not found" are a guess.
    ("CreatePolicyBindings", "PolicyAlreadyBoundWithThisDataSource"): EXISTS,
    **{(action, "ResourceNotFound"): ABSENT for action in REMOVING},
    **{(action, code): MISCONFIGURED for action in BACKING_UP for code in ("ResourceNotFound", "BadRequest")},
    **{(action, "VaultNotExist"): MISCONFIGURED for action in BACKING_UP},
    ("DeleteVault", "VaultNotExist"): ABSENT,
    # A client that was heard of in the last hour, a vault with a policy or a lock: a person has to wait or decide.
    **{(action, "BadRequest"): MISCONFIGURED for action in ("DeleteBackupClient", "DeleteVault", "DeleteSnapshot")},
    ("DeleteVault", "VaultBoundPolicyCannotBeDeleted"): MISCONFIGURED,
    ("DeleteVault", "CannotDeleteReplicationSourceVault"): MISCONFIGURED,
    (ANY, "AccountNotEnableRdTrustedService"): NO_RD_MODE,
    (ANY, "BackupAccountNotInSpecifiedRd"): NO_RD_MODE,
}


def meaning(action: str, code: str, status: int) -> Meaning:
    """Look a code up: for this action, then for any; whole, then by its dotted families; then by status."""
    for family in _families(code):
        for who in (action, ANY):
            if (who, family) in MEANINGS:
                return MEANINGS[who, family]
    if status == 429:  # noqa: PLR2004 - Too Many Requests
        return THROTTLED
    return FAULT if status >= 500 else UNKNOWN  # noqa: PLR2004 - server errors


def _families(code: str) -> Iterator[str]:
    """``A.B.C`` belongs to ``A.B`` and to ``A``."""
    parts = code.split(".")
    yield from (".".join(parts[:length]) for length in range(len(parts), 0, -1))


def failure(
    action: str,
    code: str,
    status: int,
    detail: str,
    *,
    request_id: str | None = None,
    delay: float | None = None,
    denied: object = None,
) -> AttemptError:
    """The exception to raise for a refusal; ``delay`` in seconds where the cloud asked for one.

    ``denied`` is its AccessDeniedDetail, if any (help page "How to troubleshoot an access denied error").
    """
    meant = meaning(action, code, status)
    shown = f"{action}: {code}: {detail}"[:LONGEST_SHOWN]
    error: AttemptError
    if meant.kind == "permanent":
        error = PermanentError(meant.reason, shown, code=code, request_id=request_id)
    else:
        error = KINDS[meant.kind](meant.reason, shown, code=code, request_id=request_id, delay=delay)
    error.access_denied_detail = denied
    return error
