"""The summary, as a table."""

from __future__ import annotations

from rich.box import SIMPLE_HEAD
from rich.table import Table
from rich.text import Text

from cli.demo.verdict import Story

COLUMNS = ("account", "display name", "role", "regions", "state", "to protected", "API calls", "attempts")


def table(stories: list[Story]) -> Table:
    """One row for each account."""
    shown = Table(title="What the emulator's own state says", box=SIMPLE_HEAD)
    for column in COLUMNS:
        shown.add_column(column, justify="right" if column in COLUMNS[5:] else "left", no_wrap=column == "account")
    for story in stories:
        colour = "red" if story.wrong else "green"
        shown.add_row(
            story.account_id,
            story.display_name,
            story.role,
            " ".join(story.regions),
            Text(story.state, colour),
            f"{story.seconds:.2f} s" if story.seconds is not None else "",
            str(story.api_calls),
            str(story.attempts),
        )
    return shown
