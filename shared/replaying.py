"""One request for a replay, carried out (or only previewed) as far as the time allows, and from where to go on."""

from __future__ import annotations

import json
import logging
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import cached_property
from typing import Any

from shared import events
from shared.attempt import attempt, now_text, put_aside
from shared.cloud import Cloud
from shared.dead_letters import look
from shared.fleet import Registrations
from shared.letters import Letter
from shared.log import redact
from shared.messages import LONGEST_DETAIL, AccountChanged, DeadLetterMessage, Hint, Selection
from shared.outcome import AttemptError, Reason
from shared.queue import GoneError, QueueError
from shared.replay import Place, ReplayError, beginning, gathered
from shared.review import Standings, review
from shared.standing import for_sweep
from shared.wording import counted

STOP_SECONDS = 30.0
"""No further account is begun with less time left: one that meets timeouts takes that long."""


@dataclass
class Replayed:
    """How far a replay came."""

    preview: bool
    read: int = 0
    ignored: int = 0
    unreadable: list[dict[str, str]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    next: Place = None
    """From where to go on; None at the end."""
    stopped: str | None = None
    """Why it stopped before its end."""
    letters: list[str] | None = None
    """Ids of the dead letters that are dealt with, and so are gone; in a preview, of those that were looked at."""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        always = ("read", "ignored", "unreadable", "accounts")
        return {name: value for name, value in vars(self).items() if name in always or value is not None}


def replayed(request: events.ReplayRequest, cloud: Cloud) -> dict[str, Any]:
    """Look at every account that the request names, once for each kind of change: ``done``, ``stopped`` or ``failed``.

    Anything that stops it is in the answer, with the place from where to go on; whoever gave ``most`` goes on from
    there. Nobody need read the answer of another one: what it leaves over becomes a dead letter. Safe to repeat: it
    changes nothing that is as it should be. Raises QueueError where the rest could be put nowhere.
    """
    run = _Run(request, cloud, Replayed(request.preview))
    try:
        if request.letters is not None:
            run.take_letters(request.letters)
        else:
            run.take_events()
    except ReplayError as error:
        return {"disposition": "failed", "reason": str(Reason.BAD_REQUEST), "replay": {"error": str(error)}}
    except (AttemptError, QueueError) as error:
        run.done.stopped = redact(str(error))
    except Exception as error:
        # A bug of ours or of an SDK, such as an answer without what it is to hold: what is left over is kept as well.
        logging.getLogger(__name__).exception("unexpected failure")
        run.done.stopped = redact(f"{type(error).__name__}: {error}"[:300])
    if run.done.stopped is None:
        return {"disposition": "done", "replay": run.done.shown()}
    rest = _rest(request, run.done)
    for one in rest:
        put_aside(_letter(one, run.done.stopped), cloud)
    following = _following(request, letters=len(rest))
    return {"disposition": "stopped", "following": following, "replay": run.done.shown()}


def _rest(request: events.ReplayRequest, done: Replayed) -> list[dict[str, Any]]:
    """The requests for what is left over, where nobody waits to make them: each fits into a message."""
    if request.preview or request.most is not None or done.next is None:
        return []
    if isinstance(done.next, str):
        return [{"replay": {"after": done.next}, "preview": False}]
    parts, size = list[list[Any]](), 0
    for given in request.events[done.next :]:
        length = len(json.dumps(given))
        if not parts or size + length > events.WHOLE_EVENT_BYTES:
            parts.append([])
            size = 0
        parts[-1].append(given)
        size += length
    return [{"replay": part, "preview": False} for part in parts]


def _letter(rest: dict[str, Any], stopped: str) -> DeadLetterMessage:
    now = now_text()
    return DeadLetterMessage(
        reason=Reason.REPLAY_STOPPED,
        detail=f"what is left of a replay: {stopped}"[:LONGEST_DETAIL],
        attempts=1,
        first_failed_at=now,
        last_failed_at=now,
        message=rest,
    )


def _following(request: events.ReplayRequest, letters: int) -> str:
    """What to do next."""
    if request.letters is not None:
        return "replay the dead letters again: those that are left are where they were"
    if letters:
        return f"what is left waits as {counted(letters, 'dead letter')} with the reason replay_stopped: redrive them"
    return "ask again from `next` on"


class _Run:
    """One replay under way."""

    def __init__(self, request: events.ReplayRequest, cloud: Cloud, done: Replayed) -> None:
        self.request, self.cloud, self.done = request, cloud, done
        self._seen: set[tuple[str, Hint]] = set()

    def take_events(self) -> None:
        """A window, or given events."""
        now = datetime.now(timezone.utc)
        window = self.request.start is not None or self.request.after is not None
        self.done.next = beginning(self.request, self.cloud.ports.config, now).text() if window else self.request.skip
        for event, behind in gathered(self.request, self.cloud.ports, now):
            if self._enough():
                return
            self._take(event)
            self.done.next = behind
        self.done.next = None

    def take_letters(self, selection: Selection) -> None:
        """Dead letters: each is deleted once its accounts have been attempted, and so are where they belong.

        One with something in it that cannot be replayed stays.
        """
        self.done.letters = []
        with look(self.cloud.queues, ids=selection.ids) as seen:
            for letter in seen.chosen(selection) if self.request.preview else seen.each(selection):
                if self._enough():
                    return
                took = self._took(letter)
                if took and not self.request.preview:
                    # Not ours any more: who has it by now finds nothing left to do.
                    with suppress(GoneError):
                        seen.delete(letter)
                if took or self.request.preview:
                    self.done.letters.append(letter.id)

    def _took(self, letter: Letter) -> bool:
        """Whether everything in the letter could be attempted, or is nothing to us."""
        found = events.read(letter.held.body)
        for event in found:
            self._take(event)
        return all(isinstance(event, AccountChanged | events.Ignored) for event in found)

    def _enough(self) -> bool:
        if self.request.most is not None and len(self.done.accounts) >= self.request.most:
            self.done.stopped = f"after {counted(self.request.most, 'account')}, as asked"
        elif self.cloud.calls.deadline.left < STOP_SECONDS:
            self.done.stopped = "no time was left in this invocation"
        return self.done.stopped is not None

    def _take(self, event: events.Event) -> None:
        self.done.read += 1
        match event:
            case AccountChanged():
                self._account(event)
            case events.Unreadable(reason=reason, detail=detail):
                self.done.unreadable.append({"reason": str(reason), "detail": detail})
            case events.Ignored():
                self.done.ignored += 1
            case _:
                detail = f"{type(event).__name__} cannot be replayed"
                self.done.unreadable.append({"reason": "bad_request", "detail": detail})

    def _account(self, change: AccountChanged) -> None:
        if (change.account_id, change.hint) in self._seen:
            return
        if self.request.preview:
            listed = self._listed.of(change.account_id)
            shown = review(change.account_id, change.hint, self.cloud.ports, listed, self._standing).shown()
        else:
            shown = attempt(change, self.cloud, again=True).shown()
        self.done.accounts.append(shown)
        self._seen.add((change.account_id, change.hint))

    @cached_property
    def _listed(self) -> Registrations:
        """Listed once for a preview of many accounts."""
        return Registrations(self.cloud.ports)

    @cached_property
    def _standing(self) -> Standings:
        """The same of what is bound."""
        return for_sweep(self.cloud.ports, deep=True)
