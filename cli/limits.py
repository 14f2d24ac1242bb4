"""What the product's limits, and ours, refuse at the console: as wrong use, with what would work instead."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from cli.output import NotDoneError, WrongUseError
from shared.backups import Place
from shared.cloud import Cloud
from shared.enrolment import Registration
from shared.limits import ENROLLED, LimitError, reached
from shared.messages import Hint
from shared.outcome import AttemptError
from shared.verdict import find, judge

T = TypeVar("T")

UNREADABLE_DIRECTORY = (
    "declare the account under `external`; or let the backup account read the directory, as a delegated "
    "administrator of hbr.aliyuncs.com"
)
"""The management account, and delegated administrators, may list members (API page "ListAccounts")."""


def refused(check: Callable[[], T]) -> T:
    """What a check of the limits returns. Raises WrongUseError where it refuses."""
    try:
        return check()
    except LimitError as error:
        raise WrongUseError(str(error), error.limit.instead) from error


def place_of(account_id: str, region: str, cloud: Cloud) -> Place:
    """How Cloud Backup reaches the account there, as it is registered now. Raises WrongUseError."""
    return refused(lambda: reached(account_id, region, _roads(region, cloud)))


def _roads(region: str, cloud: Cloud) -> dict[str, Place]:
    """Every account that Cloud Backup reaches there: those that are registered, and itself, which needs no road."""
    owner = cloud.ports.config.backup_account.id
    every = sorted(cloud.ports.backup.registrations(region), key=_ours_last)
    roads = {account_id: Place(account_id, one.type, one.role_name) for account_id, one in every}
    return roads | {owner: Place(owner, "SELF_ACCOUNT")}


def _ours_last(found: tuple[str, Registration]) -> tuple[bool, bool]:
    """An account may be registered twice: the road that we made, which is by its role where there are both."""
    account_id, one = found
    return one.alias.endswith(account_id), one.type == "CROSS_ACCOUNT"


def destination(account_id: str, region: str, cloud: Cloud) -> Place:
    """The same of an account that data is to be restored to, which must be wanted under central backup, or be A.

    That it is registered is not enough: what anybody registered, or what has left, would be given data.
    """
    if account_id != cloud.ports.config.backup_account.id:
        _require_wanted(account_id, cloud)
    return place_of(account_id, region, cloud)


def _require_wanted(account_id: str, cloud: Cloud) -> None:
    """Judged as ``converge`` judges it, from what the directory says now."""
    ports = cloud.ports
    try:
        member = find(account_id, ports)
    except AttemptError as error:
        what = f"whether account {account_id} is enrolled cannot be told: {error}"
        raise NotDoneError(what, UNREADABLE_DIRECTORY, reason=str(error.reason)) from error
    wanted, why = judge(member, Hint.JOINED, ports.config)
    if wanted is None:
        refusal = LimitError(ENROLLED, f"account {account_id}: {why}")
        raise WrongUseError(str(refusal), ENROLLED.instead)
