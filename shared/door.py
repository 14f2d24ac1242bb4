"""What every door does with an invocation: parse, attempt each event by itself, log, answer.

An ignored event ends here without the configuration being read or an SDK being imported.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared import events, log
from shared.attempt import attempt, set_aside
from shared.clients import Credentials
from shared.cloud import Cloud, connect
from shared.config import Config, load
from shared.deadline import Deadline
from shared.messages import AccountChanged
from shared.nightly import digest
from shared.queue import QueueError
from shared.replaying import replayed
from shared.sweep import sweep

SECONDS_A_DAY = 86_400
DEFAULT_TIMEOUT = 60.0
"""Seconds, where the context does not say."""


@dataclass(frozen=True)
class Invocation:
    """What Function Compute says about the invocation, in either form of its context object."""

    function: str
    request_id: str
    timeout: float
    context: Any

    @classmethod
    def of(cls, function: str, context: Any) -> Invocation:  # noqa: ANN401 - the platform's object
        """Read the context; ``function.timeout`` is text in some runtimes."""
        timeout = getattr(getattr(context, "function", None), "timeout", None)
        return cls(function, getattr(context, "request_id", "") or "", float(timeout or DEFAULT_TIMEOUT), context)

    def credentials(self, environ: Mapping[str, str]) -> Credentials:
        """The role's credentials: on the context up to Python 3.10, in the environment from 3.12."""
        given = getattr(self.context, "credentials", None)
        if given is not None and getattr(given, "access_key_id", None):
            return Credentials(given.access_key_id, given.access_key_secret, given.security_token or None)
        return Credentials(
            environ["ALIBABA_CLOUD_ACCESS_KEY_ID"],
            environ["ALIBABA_CLOUD_ACCESS_KEY_SECRET"],
            environ.get("ALIBABA_CLOUD_SECURITY_TOKEN") or None,
        )


def answer(function: str, raw: bytes, context: Any) -> str:  # noqa: ANN401 - the platform's object
    """Handle every event in ``raw``; return how each ended, as JSON (one object, or a list for a batch).

    Raises QueueError, or ConfigError, if an event could be put nowhere: the platform then brings it back.
    """
    log.protect()
    invocation = Invocation.of(function, context)
    read = events.read(raw)
    if all(isinstance(event, events.Ignored) for event in read):
        ended = [_ignored(event) for event in read if isinstance(event, events.Ignored)]
    else:
        ended = _handle(read, invocation)
    for one in ended:
        log.line(request_id=invocation.request_id, function=function, **one)
    return json.dumps(ended[0] if len(ended) == 1 else ended)


def _ignored(event: events.Ignored) -> dict[str, Any]:
    return {"disposition": "ignored", "why": event.why, "source_event_id": event.event_id}


def _handle(read: list[events.Event], invocation: Invocation) -> list[dict[str, Any]]:
    config = load(os.environ)
    return handle(read, config, invocation.credentials(os.environ), Deadline.after(invocation.timeout))


def handle(
    read: list[events.Event], config: Config, credentials: Credentials, deadline: Deadline
) -> list[dict[str, Any]]:
    """Attempt each event by itself: one that fails neither holds up nor repeats its neighbours.

    Where one of them could be put nowhere, the others are done all the same before its QueueError is raised.
    """
    ended, nowhere = list[dict[str, Any]](), list[QueueError]()
    with connect(config, credentials, deadline) as cloud:
        for event in read:
            try:
                ended.append(_handle_one(event, cloud, deadline))
            except QueueError as error:
                nowhere.append(error)
    if nowhere:
        raise nowhere[0]
    return ended


def _handle_one(event: events.Event, cloud: Cloud, deadline: Deadline) -> dict[str, Any]:
    match event:
        case events.Ignored():
            return _ignored(event)
        case AccountChanged():
            return attempt(event, cloud).shown()
        case events.Unreadable():
            return set_aside(event, cloud).shown()
        case events.SweepRequest(deep, everything):
            today = int(time.time() // SECONDS_A_DAY)
            swept = sweep(cloud.ports, deadline, day=today, deep=deep, everything=everything)
            told = {"dead_letters": digest(swept, cloud)} if deep else {}
            return {"disposition": "done", "sweep": swept.shown(), **told}
        case events.ReplayRequest():
            return {"disposition": "done", "replay": replayed(event, cloud)}
