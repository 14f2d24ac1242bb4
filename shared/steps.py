"""What every step of a plan is: one change or check, with a sign for the console. What it does is in ``apply.py``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Step:
    """One change or check. ``sign`` is how the console draws it."""

    sign: ClassVar[str] = "~"


@dataclass(frozen=True)
class RegionalStep(Step):
    """A step in the backup account, in one region; steps of different regions do not depend on each other."""

    region: str
