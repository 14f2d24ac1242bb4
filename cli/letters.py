"""The dead letters as a verb sees them: when it ends, everybody sees them again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.table import Column, Table
from rich.text import Text

from cli.output import console
from cli.selection import age
from shared import dead_letters
from shared.dead_letters import HOLD_SECONDS, SHOWN_AGAIN_SECONDS, Look
from shared.queue import Queues

WIDE = 120
"""Columns from which on a table of letters has room for what each says in detail."""
HIDDEN = f"letters that somebody is working on are hidden for at most {age(HOLD_SECONDS)}"
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


def table(letters: Sequence[dict[str, Any]], first: str = "id") -> Table:
    """Letters (as JSON) as rows of whole words, however narrow the terminal: an id is what other verbs want."""
    wide = console().width >= WIDE
    # Rich cuts a column that is not to be wrapped, unless it has the width of its longest cell.
    words = [(one["id"], one["reason"], max(one.get("accounts", [""]), key=len)) for one in letters]
    columns = [
        Column(name, no_wrap=True, min_width=max(map(len, column)))
        for name, column in zip((first, "reason", "account"), zip(*words, strict=True), strict=True)
    ]
    shown = Table(*columns, *(["age", "left", "tries", "detail"] if wide else ["left"]), box=SIMPLE_HEAD)
    for one in letters:
        left = Text(_short(one["seconds_left"]), "bold red" if one["ends_soon"] else "")
        tries, accounts = str(one.get("attempts") or ""), "\n".join(one.get("accounts", []))
        more = [_short(one["age_seconds"]), left, tries, one["detail"]] if wide else [left]
        shown.add_row(one["id"], one["reason"], accounts, *more)
    return shown


def _short(seconds: float) -> str:
    """The larger of an age's two units, which never breaks."""
    return age(seconds).partition(" ")[0]
