"""What a check finds, and what makes it whole again."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from cli import advice

BY_HAND = advice.BY_HAND
"""A fix that no command does begins with this."""
IN_CONFIG = "in config.yaml: "
"""One that is a change of the configuration begins with this, and is YAML after it."""

DECIDE = (
    "cab plan --all",
    f"{BY_HAND}decide: if a rule in config.yaml or a move is the mistake, undo that, and nobody is withdrawn",
    f"{BY_HAND}only if all of them are to go: `cab plan --all --json > plan.json`, read it, then `cab apply plan.json`",
)
"""What comes before many accounts are taken out. No line withdraws anybody by being pasted: see the brake."""


@dataclass(frozen=True)
class Finding:
    """One thing that was seen."""

    seen: str
    cause: str = ""
    fix: tuple[str, ...] = ()
    """In order: commands, or what ``BY_HAND`` or ``IN_CONFIG`` introduces."""
    state: str = "ok"
    """``ok``; ``cause``; ``warning``, which breaks nothing; ``unknown``, where the cloud does not tell."""

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {"state": self.state, "seen": self.seen, "cause": self.cause, "fix": list(self.fix)}


def ok(seen: str) -> Finding:
    """As it should be."""
    return Finding(seen)


def unknown(seen: str) -> Finding:
    """The cloud does not tell, and nothing is claimed."""
    return Finding(seen, state="unknown")


def warning(seen: str) -> Finding:
    """Nothing is broken, and somebody should know of it; the words say what to do."""
    return Finding(seen, state="warning")


def cause(cause: str, *fix: str, seen: str = "") -> Finding:
    """Something is wrong; ``fix`` makes it right."""
    return Finding(seen or cause, cause, fix, "cause")


def some(ids: Iterable[str], most: int = 5) -> str:
    """A few of them, and how many more there are."""
    known = list(ids)
    return ", ".join(known[:most]) + (f" and {len(known) - most} more" if len(known) > most else "")
