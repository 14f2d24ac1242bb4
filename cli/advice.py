"""What to do next: one sentence for each reason for which something was not done.

The sentences are for people at the console; the runbook (docs/operations.md) has the whole story of each reason.
"""

from __future__ import annotations

from cli.output import NotDoneError
from shared.by_hand import UnansweredError
from shared.config import Config, ConfigError
from shared.invoke import InvokeError
from shared.outcome import AttemptError, Reason
from shared.queue import QueueError

BY_HAND = "by hand: "
"""What no command does begins with this."""
NEXT: dict[Reason, str] = {
    Reason.ACCESS_DENIED: "compare the caller's policies and the role's trust policy with policies/, then try again",
    Reason.ACCOUNT_RESTRICTED: "the account is in debt or locked: settle that in its billing console, then try again",
    Reason.ACCESS_ROLE_MISSING: "create the access role in the account (an invited account has none), or exclude it",
    Reason.BAD_CONFIGURATION: "correct config.yaml; `cab config check` finds what can be found without the cloud",
    Reason.BAD_REQUEST: "correct the request: an account id has 16 digits",
    Reason.CLOUD_BACKUP_NOT_OPEN: "open Cloud Backup in the backup account, then try again",
    Reason.CLOUD_FAULT: "try again in a few minutes; if it stays, open a ticket with the request id",
    Reason.DEREGISTRATION_REFUSED: "wait for the account's jobs, or cancel them in Cloud Backup, then try again",
    Reason.DIRECTORY_UNAVAILABLE: "run this with credentials of the management account, whose directory is in use",
    Reason.FOREIGN_ROLE: "look at the role: set adopt_role to take it over, or role_name to leave it alone",
    Reason.GRACE: "nothing: it is withdrawn when the grace is over, unless it is back; `cab teardown` does it now",
    Reason.INCOMPLETE_LISTING: "try again: the listing changed while it was read, or the cloud cut it short",
    Reason.LIMIT_EXCEEDED: "ask for a higher quota, or remove what is not needed, then try again",
    Reason.MASS_REMOVAL: "look with `cab plan --all` whether so many are to go; `cab apply` of that plan releases them",
    Reason.NOT_READY: "wait: a new account or role takes a moment; `cab onboard ACCOUNT` makes what is missing",
    Reason.NO_TURN: "nothing: its turn comes; `cab status` shows how many are left",
    Reason.OUT_OF_BUDGET: "try again; if it stays so, find out which calls are slow, or raise `timeout` in s.yaml",
    Reason.REPLAY_STOPPED: "redrive it: it goes on where it stopped, and what is done stays done",
    Reason.RESTORABLE_DATA: "decide what becomes of the backups; teardown.mode keep withdraws and keeps them",
    Reason.RESOURCE_DIRECTORY_MODE_OFF: "enable Cloud Backup as a trusted service of the Resource Directory",
    Reason.ROLE_NOT_USABLE: "look at the backup role with `cab plan ACCOUNT`; `cab onboard ACCOUNT` repairs it",
    Reason.THROTTLED: "wait a minute, then try again",
    Reason.UNDELIVERED: "redrive it: the platform could not reach the function or the queue when it happened",
    Reason.UNREACHABLE: "check the network and the endpoints (`cab config show`), then try again",
    Reason.UNREADABLE: "look at the event: it is of no form that is known",
    Reason.UNKNOWN_ERROR: "read the code in the message; try again, or open a ticket with the request id",
    Reason.UNKNOWN_VERSION: "the message comes from another version of this project: deploy the newer one",
    Reason.UNWORKABLE: "settle what keeps the account from working (its bills, its creation), then try again",
}

NO_QUEUE = "QueueNotExist"
"""The code of a queue that is not there (page "Error codes" of Simple Message Queue)."""
MADE_AGAIN = "it makes the queue again; what lay in it is lost, and a sweep finds what that was about"

EXPECTED = (ConfigError, AttemptError, QueueError, InvokeError)
"""Errors that have an explanation; everything else is a bug, and shown as one."""

INVOKED: dict[int, str] = {
    0: "check the network and the endpoint of Function Compute (`cab config show`), or work from here with --direct",
    200: "read the function's log; --direct does the same from here",
    403: "your credentials need fc:InvokeFunction; --direct uses your own rights instead of the function's",
    404: "deploy the functions: `cab doctor` says by which command; or work from here with --direct",
    429: "it is running already: try again in a few minutes",
}
"""By HTTP status of an invocation; 0 where no answer came, 200 where the function itself failed."""


def deploy(config: Config, region: str = "") -> str:
    """The command that deploys: it names what s.yaml would otherwise take from the local cloud."""
    where = f"DEPLOY_ACCOUNT_ID={config.management_account} DEPLOY_REGION={region or config.region}"
    return f"make package && {where} s deploy"


def advise(reason: str | None) -> str:
    """What to do about a reason, as a function's answer names it."""
    return NEXT.get(Reason(reason), "") if reason in {str(known) for known in Reason} else ""


ROLE_REFUSED = "`cab doctor` says what is wrong with the role of the backup account, and what mends it"


def keeps_out(error: Exception) -> bool:
    """Whether the backup account's role lets nobody in: the one cause of all that cannot be read there."""
    denied = isinstance(error, AttemptError) and error.reason in {Reason.ACCESS_DENIED, Reason.BAD_CONFIGURATION}
    return denied and str(error).partition(": ")[2].startswith("AssumeBackupRole")


def explained(error: Exception) -> NotDoneError:
    """An expected error with what to do about it."""
    match error:
        case ConfigError() if isinstance(error.__cause__, FileNotFoundError):
            instead = "run this in the project's folder, or name the file with --config"
            return NotDoneError(str(error), instead, reason="bad_configuration")
        case ConfigError():
            return NotDoneError(str(error), "correct the file, then `cab config check`", reason="bad_configuration")
        case AttemptError():
            ids = f" (request id {error.request_id})" if error.request_id else ""
            instead = ROLE_REFUSED if keeps_out(error) else NEXT.get(error.reason, "")
            if isinstance(error, UnansweredError):
                instead = f"it may have been started: look with `{error.look}` before you start it again"
            return NotDoneError(f"{error}{ids}", instead, reason=str(error.reason))
        case InvokeError():
            ids = f" (request id {error.request_id})" if error.request_id else ""
            what = f"the function could not be run: {error}{ids}"
            made = f"`cab bootstrap`: {MADE_AGAIN}" if NO_QUEUE in what else ""
            return NotDoneError(what, made or INVOKED.get(error.status, INVOKED[200]), reason="not_invoked")
        case QueueError(code=code) if code == NO_QUEUE:
            return NotDoneError(str(error), f"`cab bootstrap`: {MADE_AGAIN}", reason="no_queue")
        case _:
            return NotDoneError(str(error), "check that you may use the queues, and that they can be reached")
