"""The options by which a person chooses among the dead letters."""

from __future__ import annotations

import re
from typing import Annotated

import typer

from cli.attempted import checked
from cli.output import WrongUseError
from shared.messages import Selection
from shared.outcome import Reason

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
AGE = re.compile(r"(\d+)([smhd])")
PANEL = "Which letters"

Ids = Annotated[list[str] | None, typer.Argument(metavar="ID", help="Ids, as `cab dead-letters list` shows them.")]
Reasons = Annotated[
    list[str] | None,
    typer.Option("--reason", metavar="REASON", help="Only of this reason; may be said again.", rich_help_panel=PANEL),
]
Accounts = Annotated[
    list[str] | None,
    typer.Option(
        "--account", metavar="ACCOUNT", help="Only of this account; may be said again.", rich_help_panel=PANEL
    ),
]
Older = Annotated[
    str | None,
    typer.Option(
        "--older-than", metavar="AGE", help="In the queue at least so long: 90m, 6h, 2d.", rich_help_panel=PANEL
    ),
]
Newer = Annotated[
    str | None, typer.Option("--newer-than", metavar="AGE", help="In the queue at most so long.", rich_help_panel=PANEL)
]


def chosen(
    ids: list[str] | None,
    reasons: list[str] | None,
    accounts: list[str] | None,
    older_than: str | None,
    newer_than: str | None,
) -> Selection:
    """The selection that the options describe; without any, everything. Raises WrongUseError."""
    return Selection(
        ids=frozenset(ids or ()),
        reasons=frozenset(map(_reason, reasons or ())),
        accounts=frozenset(map(checked, accounts or ())),
        older_than_seconds=_seconds(older_than) if older_than else 0.0,
        newer_than_seconds=_seconds(newer_than) if newer_than else None,
    )


def _reason(text: str) -> Reason:
    try:
        return Reason(text)
    except ValueError as error:
        raise WrongUseError(f"expected a reason, found {text!r}", f"one of {', '.join(Reason)}") from error


def _seconds(text: str) -> float:
    found = AGE.fullmatch(text)
    if found is None:
        raise WrongUseError(f"expected an age as 90m, 6h or 2d, found {text!r}")
    return float(int(found[1]) * SECONDS[found[2]])


def age(seconds: float) -> str:
    """An age as people read it: ``3d 4h``, ``12m``."""
    left, parts = int(seconds), []
    for unit in ("d", "h", "m", "s"):
        number, left = divmod(left, SECONDS[unit])
        if number:
            parts.append(f"{number}{unit}")
    return " ".join(parts[:2]) or "0s"
