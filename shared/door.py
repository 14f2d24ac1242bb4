"""What every door does with an invocation: parse, have done what concerns us, log, answer.

An ignored event ends here: no configuration is read, and neither an SDK nor most of this project is imported for it.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from shared import events, log

DEFAULT_TIMEOUT = 60.0
"""Seconds, where the context does not say."""

GARBAGE_THRESHOLD = 100_000
"""New objects after which the collector looks for garbage during an invocation. By default it looks after each 700, and
finds none in what the imports of a cold start make. Between invocations it works as usual, or an instance would grow.
"""


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


def answer(function: str, raw: bytes, context: Any) -> str:  # noqa: ANN401 - the platform's object
    """Handle every event in ``raw``; return how each ended, as JSON (one object, or a list for a batch).

    Raises QueueError, or ConfigError, if an event could be put nowhere: the platform then brings it back.
    """
    log.protect()
    invocation = Invocation.of(function, context)
    ended = []
    usual = gc.get_threshold()
    gc.set_threshold(GARBAGE_THRESHOLD)
    try:
        for one in _handle(events.read(raw), invocation):
            # At once, since one that is still to come may raise.
            log.line(request_id=invocation.request_id, function=function, **one)
            ended.append(one)
    finally:
        gc.set_threshold(*usual)
    return json.dumps(ended[0] if len(ended) == 1 else ended)


def _handle(read: list[events.Event], invocation: Invocation) -> Iterable[dict[str, Any]]:
    """How each event ended, as it ends."""
    if all(isinstance(event, events.Ignored) for event in read):
        return [event.shown() for event in read if isinstance(event, events.Ignored)]
    # Only now, since importing it is most of a cold start.
    from shared.handling import handle_invocation

    return handle_invocation(read, invocation.function, invocation.context, invocation.timeout)
