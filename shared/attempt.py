"""One attempt: converge, decide, carry the decision out, say so. Every door's message comes through here."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from shared import events, log, notify
from shared.cloud import Cloud, memory
from shared.messages import LONGEST_DETAIL, AccountChanged, DeadLetterMessage, Hint, denial, message
from shared.onboarding import Occasion, converge
from shared.outcome import (
    Ack,
    AttemptError,
    DeadLetter,
    Disposition,
    GraceError,
    NoTurnError,
    Reason,
    RetryLater,
    Schedule,
    TemporaryError,
    dispose,
)
from shared.ports import Report

SOON_SECONDS = 10.0
"""After which a message comes again that its invocation had no time for."""
LEAST_SECONDS = 5.0
"""With less time left no account is begun: it would be left in the middle."""


@dataclass
class Ended:
    """How one message ended, for the log line and for whoever invoked the function by hand."""

    account_id: str | None = None
    source_event_id: str | None = None
    event_at: str | None = None
    event_source: str | None = None
    event_type: str | None = None
    attempt: int | None = None
    display_name: str | None = None
    state: str | None = None
    why: str | None = None
    rule: str | None = None
    regions: list[str] | None = None
    role_name: str | None = None
    steps: list[str] = field(default_factory=list)
    warnings: list[str] | None = None
    inventory: dict[str, Any] | None = None
    """Of an account that is withdrawn: its backups, which are kept."""
    disposition: str = "done"
    """``done``, ``ignored``, ``retry``, ``dead_letter``, or ``failed``: a check, which nothing brings back."""
    reason: str | None = None
    detail: str | None = None
    access_denied_detail: dict[str, Any] | None = None
    delay: int | None = None
    api_calls: int = 0
    duration_ms: int = 0

    def shown(self) -> dict[str, Any]:
        """What is known, without what is not."""
        return {name: value for name, value in vars(self).items() if value not in (None, [])}


def attempt(change: AccountChanged, cloud: Cloud, *, again: bool = False) -> Ended:
    """Try once, and put the message where it belongs. Raises QueueError if it could be put nowhere.

    ``again`` says that the account has probably been dealt with before, as a later attempt says by itself.
    """
    began, calls_before = time.monotonic(), cloud.calls.counted.total()
    report = Report(change.account_id)
    error = _tried(change, cloud, report, again=again or change.tries.attempt > 1)
    decision = _decide(change, error, cloud)
    if error is not None:
        _carry_out(decision, change, error, cloud)
    ended = Ended(
        account_id=change.account_id,
        source_event_id=change.event_id,
        event_at=change.event_at,
        event_source=change.delivered[0] or None,
        event_type=change.delivered[1] or None,
        attempt=change.tries.attempt,
        display_name=report.display_name or None,
        state=report.state,
        why=report.why or None,
        rule=report.rule or None,
        regions=list(report.regions),
        role_name=report.role_name or None,
        steps=report.steps,
        warnings=report.warnings,
        inventory=report.inventory,
        api_calls=cloud.calls.counted.total() - calls_before,
        duration_ms=round((time.monotonic() - began) * 1000),
    )
    return _with_decision(ended, decision, error)


def _tried(change: AccountChanged, cloud: Cloud, report: Report, *, again: bool) -> AttemptError | None:
    if cloud.calls.deadline.left < LEAST_SECONDS:
        # Its neighbours in the batch took the time: it comes back in an invocation of its own.
        detail = "no time was left for it in this invocation"
        return NoTurnError(Reason.OUT_OF_BUDGET, detail, delay=SOON_SECONDS)
    came_for_turn, first = change.tries.turns > 0, change.tries.attempt == 1
    wait = cloud.calls.admit(len(cloud.ports.config.enrolment.regions), again=came_for_turn or not first)
    if wait and change.hint is not Hint.CHECK:
        return NoTurnError(Reason.NO_TURN, f"others are first; its turn comes in {wait:.0f} s", delay=wait)
    try:
        tries, hurried = change.tries, came_for_turn and first
        occasion = Occasion(change.hint, waited=tries.waited, again=again, hurried=hurried)
        converge(change.account_id, occasion, cloud.ports, report)
    except AttemptError as error:
        memory().forget()
        return error
    except Exception as error:
        # A bug of ours or of an SDK: bounded by the retry budget, then set aside with its words. Never acknowledged.
        logging.getLogger(__name__).exception("unexpected failure")
        memory().forget()
        return TemporaryError(Reason.UNKNOWN_ERROR, f"{type(error).__name__}: {error}"[:300])
    return None


def _decide(change: AccountChanged, error: AttemptError | None, cloud: Cloud) -> Disposition:
    # Whoever asked for a check is waiting for the answer; there is nothing to bring back.
    failure = None if change.hint is Hint.CHECK else error
    return dispose(failure, change.tries, _schedule(cloud), random.random())


def _schedule(cloud: Cloud) -> Schedule:
    retry = cloud.ports.config.retry
    return Schedule(retry.delays, retry.not_ready)


def _carry_out(decision: Disposition, change: AccountChanged, error: AttemptError, cloud: Cloud) -> None:
    request_ids = (error.request_id,) if error.request_id else ()
    match decision:
        case RetryLater(delay, following):
            failed_at = None if isinstance(error, NoTurnError | GraceError) else now_text()
            cloud.queues.retry_later(message(change, following, failed_at, request_ids), delay)
        case DeadLetter(reason):
            original = message(change, change.tries, now_text(), request_ids)
            put_aside(
                DeadLetterMessage(
                    reason=reason,
                    detail=log.redact(error.detail)[:LONGEST_DETAIL],
                    attempts=change.earlier + change.tries.attempt,
                    first_failed_at=original.first_failed_at or now_text(),
                    last_failed_at=now_text(),
                    request_ids=original.request_ids,
                    access_denied_detail=denial(error.access_denied_detail),
                    message=original.model_dump(mode="json"),
                ),
                cloud,
            )


def put_aside(letter: DeadLetterMessage, cloud: Cloud) -> None:
    """Into the dead-letter queue first, and only then told to people: what is told is there to be looked at."""
    cloud.queues.set_aside(letter)
    notify.dead_letter(letter, cloud.ports.config, cloud.calls.deadline)


def _with_decision(ended: Ended, decision: Disposition, error: AttemptError | None) -> Ended:
    if error is not None:
        ended.reason, ended.detail = str(error.reason), log.redact(error.detail)
        ended.access_denied_detail = denial(error.access_denied_detail)
    match decision:
        case RetryLater(delay, _):
            ended.disposition, ended.delay = "retry", delay
        case DeadLetter(_):
            ended.disposition = "dead_letter"
        case Ack() if ended.state == "ignored":
            ended.disposition = "ignored"
        case Ack():
            ended.disposition = "done" if error is None else "failed"
    return ended


def set_aside(unreadable: events.Unreadable, cloud: Cloud) -> Ended:
    """Dispose of what nobody could read: it is set aside once, as it is. Raises QueueError if that was not possible."""
    letter = DeadLetterMessage(
        reason=unreadable.reason,
        detail=unreadable.detail[:LONGEST_DETAIL],
        attempts=unreadable.earlier + 1,
        first_failed_at=unreadable.first_failed_at or now_text(),
        last_failed_at=now_text(),
        message=unreadable.original,
    )
    put_aside(letter, cloud)
    return Ended(disposition="dead_letter", reason=str(unreadable.reason), detail=log.redact(unreadable.detail))


def now_text() -> str:
    """Now, as our messages write it."""
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
