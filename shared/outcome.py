"""How an attempt can end, and what is done with a message whose attempt failed.

    AttemptError
    ├── TemporaryError        may pass: try again later
    │   ├── NotReadyError     the account or its role is too new: try again soon, but not for long
    │   ├── ExistsError, AbsentError   (in ``vendor.py``) observations; a failure only where nobody expected them
    │   ├── GraceError        nothing failed, but the time has not come
    │   └── NoTurnError       nothing was tried: others are first
    └── PermanentError        will not pass by itself: a person is needed

``dispose`` is the only place that decides between done, later and dead letter. It is pure: no clock, no queue, no
random source enters this module. What a vendor's code means is decided in ``vendor.py``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from enum import Enum


class Reason(str, Enum):
    """The stable codes of refusals and dead letters; each has an entry in docs/operations.md."""

    ACCESS_DENIED = "access_denied"
    ACCOUNT_RESTRICTED = "account_restricted"
    ACCESS_ROLE_MISSING = "access_role_missing"
    BAD_CONFIGURATION = "bad_configuration"
    BAD_REQUEST = "bad_request"
    CLOUD_BACKUP_NOT_OPEN = "cloud_backup_not_open"
    CLOUD_FAULT = "cloud_fault"
    DEREGISTRATION_REFUSED = "deregistration_refused"
    DIRECTORY_UNAVAILABLE = "directory_unavailable"
    FOREIGN_ROLE = "foreign_role"
    GRACE = "grace"
    INCOMPLETE_LISTING = "incomplete_listing"
    LIMIT_EXCEEDED = "limit_exceeded"
    MASS_REMOVAL = "mass_removal"
    NO_TURN = "no_turn"
    NOT_READY = "not_ready"
    OUT_OF_BUDGET = "out_of_budget"
    REPLAY_STOPPED = "replay_stopped"
    RESTORABLE_DATA = "restorable_data"
    RESOURCE_DIRECTORY_MODE_OFF = "resource_directory_mode_off"
    ROLE_NOT_USABLE = "role_not_usable"
    THROTTLED = "throttled"
    UNDELIVERED = "undelivered"
    UNREACHABLE = "unreachable"
    UNREADABLE = "unreadable"
    UNKNOWN_ERROR = "unknown_error"
    UNKNOWN_VERSION = "unknown_version"
    UNWORKABLE = "unworkable"

    def __str__(self) -> str:
        return self.value


class AttemptError(Exception):
    """An attempt that did not end as desired, with what a person needs to find out why."""

    def __init__(self, reason: Reason, detail: str, *, code: str = "", request_id: str | None = None) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason = reason
        self.detail = detail
        self.code = code
        """The vendor's code, where there was one."""
        self.request_id = request_id
        self.access_denied_detail: object = None
        """Which policy refused, as the cloud returned it, if it did."""


class TemporaryError(AttemptError):
    """May pass. ``delay`` (seconds), where the cloud named one, is the least wait before the next attempt."""

    def __init__(
        self,
        reason: Reason,
        detail: str,
        *,
        code: str = "",
        request_id: str | None = None,
        delay: float | None = None,
    ) -> None:
        super().__init__(reason, detail, code=code, request_id=request_id)
        self.delay = delay


class NotReadyError(TemporaryError):
    """A brand-new account or role that the cloud does not let us use yet."""


class GraceError(TemporaryError):
    """Nothing failed: the account has left, and what that means is to be done only after ``delay`` seconds."""


class NoTurnError(TemporaryError):
    """Nothing was tried: the quotas, or the invocation's time, are taken. Its turn comes in ``delay`` seconds.

    Not an attempt: however often that happens, nothing of the budget is used up.
    """


class PermanentError(AttemptError):
    """Will not pass by itself."""


@dataclass(frozen=True)
class Tries:
    """What a message remembers of its attempts, this one included."""

    attempt: int = 1
    """1 for the first."""
    not_ready: int = 0
    """How many earlier attempts ended in NotReadyError: they follow a schedule of their own."""
    waited: bool = False
    """Whether the grace before a withdrawal is over."""
    turns: int = 0
    """How often it was sent away untried since its last attempt; such messages come for their turn."""


LONGEST_DELAY = 604_800
"""Seconds, seven days: a queue delays a message for no longer (page "Limits" of Simple Message Queue)."""


@dataclass(frozen=True)
class Schedule:
    """The longest waits between attempts, in seconds; on average, half of each is waited ("full jitter")."""

    delays: tuple[float, ...]
    not_ready: tuple[float, ...]


@dataclass(frozen=True)
class Ack:
    """Done, or nothing to do."""


@dataclass(frozen=True)
class RetryLater:
    """Send the message to the retry queue with this delay (whole seconds)."""

    delay: int
    next: Tries


@dataclass(frozen=True)
class DeadLetter:
    """Set the message aside for a person."""

    reason: Reason


Disposition = Ack | RetryLater | DeadLetter


def dispose(error: AttemptError | None, tries: Tries, schedule: Schedule, jitter: float) -> Disposition:
    """Decide what becomes of a message.

    ``jitter`` in [0, 1) spreads the wait over the whole interval ("full jitter"), so that a thousand accounts that
    failed together do not come back together; a delay that the cloud asked for is always kept in full.
    """
    match error:
        case None:
            return Ack()
        case NoTurnError():
            asked = error.delay or 0.0
            again = replace(tries, turns=tries.turns + 1)
            return RetryLater(max(math.ceil(min(asked + jitter, LONGEST_DELAY)), 1), again)
        case GraceError():
            return RetryLater(int(min(error.delay or 0.0, LONGEST_DELAY)), Tries(waited=True))
        case NotReadyError():
            waits, used = schedule.not_ready, tries.not_ready
            following = Tries(tries.attempt + 1, tries.not_ready + 1, tries.waited)
        case TemporaryError():
            waits, used = schedule.delays, max(tries.attempt - tries.not_ready - 1, 0)
            following = Tries(tries.attempt + 1, tries.not_ready, tries.waited)
        case _:
            return DeadLetter(error.reason)
    if used >= len(waits):
        return DeadLetter(error.reason)
    asked, spread = error.delay or 0.0, waits[used] * jitter
    return RetryLater(math.floor(min(max(math.ceil(asked), spread, 1), LONGEST_DELAY)), following)
