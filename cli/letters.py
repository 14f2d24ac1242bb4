"""The dead letters as a verb sees them: when it ends, everybody sees them again."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from cli.selection import age
from shared import dead_letters
from shared.dead_letters import HOLD_SECONDS, SHOWN_AGAIN_SECONDS, Look
from shared.queue import Queues

HIDDEN = f"those that somebody looks at or works on just now are hidden, for {age(HOLD_SECONDS)} at most"
"""What no look can tell."""


@contextmanager
def look(queues: Queues) -> Iterator[Look]:
    """See the dead letters. Raises QueueError if the queue cannot be read.

    It ends when what was handed back shows again: otherwise the command that a person types next would find none.
    """
    with dead_letters.look(queues) as seen:
        yield seen
    if seen.letters:
        wait_until_shown()


def wait_until_shown() -> None:
    """Sleep until what has just been handed back shows again."""
    time.sleep(SHOWN_AGAIN_SECONDS + 0.1)
