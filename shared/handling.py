"""The events of one invocation, each attempted by itself; what only some of them need is imported when they need it.

A failure of one neither holds up nor repeats its neighbours.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator, Mapping
from typing import Any

from shared import events, log
from shared.attempt import attempt, set_aside
from shared.clients import Credentials
from shared.cloud import Cloud, connect, memory
from shared.config import Config, ConfigError, load
from shared.deadline import Deadline
from shared.messages import AccountChanged
from shared.outcome import AttemptError, Reason
from shared.queue import QueueError

SECONDS_A_DAY = 86_400
SPARE_SECONDS = 30.0
"""Kept back of a sweep's time: to end what is begun, and at night to look at the dead letters and to tell people.

One account that meets timeouts takes that long.
"""


def handle_invocation(
    read: list[events.Event], function: str, context: object, timeout: float
) -> Iterator[dict[str, Any]]:
    """Handle events with what the environment and the platform's context object say; ``timeout`` in seconds."""
    config = load(os.environ)
    for ended in handle(read, config, credentials(context, os.environ), Deadline.after(timeout), function):
        yield {**ended, "config": config.fingerprint}


def credentials(context: object, environ: Mapping[str, str]) -> Credentials:
    """The role's credentials: on the context up to Python 3.10, in the environment from 3.12."""
    given = getattr(context, "credentials", None)
    if given is not None and getattr(given, "access_key_id", None):
        return Credentials(given.access_key_id, given.access_key_secret, given.security_token or None)
    names = ("ALIBABA_CLOUD_ACCESS_KEY_ID", "ALIBABA_CLOUD_ACCESS_KEY_SECRET", "ALIBABA_CLOUD_SECURITY_TOKEN")
    key_id, secret, token = (environ.get(name, "") for name in names)
    if not (key_id and secret):
        raise ConfigError(f"no credentials: expected a role of the function, or {names[0]} and {names[1]}")
    return Credentials(key_id, secret, token or None)


def handle(
    read: list[events.Event], config: Config, credentials: Credentials, deadline: Deadline, function: str = ""
) -> Iterator[dict[str, Any]]:
    """Attempt each event, at the pace of ``function``; say how it ended as soon as it has.

    Where one of them could be put nowhere, the others are done all the same before its QueueError is raised.
    """
    nowhere = list[QueueError]()
    with connect(config, credentials, deadline, function) as cloud:
        for event in read:
            try:
                yield _handle_one(event, cloud, deadline)
            except QueueError as error:
                nowhere.append(error)
    if nowhere:
        raise nowhere[0]


def _handle_one(event: events.Event, cloud: Cloud, deadline: Deadline) -> dict[str, Any]:
    match event:
        case events.Ignored():
            return event.shown()
        case AccountChanged():
            return attempt(event, cloud).shown()
        case events.Unreadable():
            return set_aside(event, cloud).shown()
        case events.SweepRequest():
            return _swept(event, cloud, deadline)
        case events.ReplayRequest():
            from shared.replaying import replayed

            return replayed(event, cloud)


def _swept(request: events.SweepRequest, cloud: Cloud, deadline: Deadline) -> dict[str, Any]:
    """What a sweep found and did. One that fails is not brought back: the next one is its retry."""
    from shared import notify
    from shared.nightly import digest
    from shared.sweep import sweep

    today = int(time.time() // SECONDS_A_DAY)
    until = Deadline(deadline.at - SPARE_SECONDS)
    swept, ended = None, dict[str, Any]()
    try:
        swept = sweep(cloud.ports, until, day=today, deep=request.deep, everything=request.everything)
        ended = {"disposition": "done", "sweep": swept.shown()}
    except AttemptError as error:
        memory().forget()
        ended = {"disposition": "failed", "reason": str(error.reason), "detail": log.redact(error.detail)}
    except Exception as error:
        # A bug of ours or of an SDK, such as an answer without what it is to hold: people are told of it all the same.
        logging.getLogger(__name__).exception("unexpected failure")
        memory().forget()
        detail = log.redact(f"{type(error).__name__}: {error}"[:300])
        ended = {"disposition": "failed", "reason": str(Reason.UNKNOWN_ERROR), "detail": detail}
    if swept and swept.too_wide:
        notify.too_wide(swept.too_wide, cloud.ports.config, deadline)
    if request.deep:
        ended["dead_letters"] = digest(swept, ended.get("detail", ""), cloud)
    return ended
