"""Every secret that this cloud ever gave out or was shown, so that a test can look for them where none may be."""

from __future__ import annotations

import os
from collections import deque
from pathlib import Path
from typing import Any

KEPT = 200_000
"""Secrets kept; the oldest go first."""
WIDTH = 16
"""So many first characters tell one secret from another; all are longer."""


class Issued:
    """Secrets of access keys and sessions, security tokens, and the signatures of requests."""

    def __init__(self) -> None:
        self._kept: deque[str] = deque(maxlen=KEPT)
        self.beginnings: set[str] = set()
        """The first characters of each."""
        self.count = 0
        """How many there have been."""

    def add(self, *secrets: str) -> None:
        """Remember them; one that is known already is not counted again."""
        for secret in secrets:
            if len(secret) >= WIDTH and secret[:WIDTH] not in self.beginnings:
                if len(self._kept) == KEPT:
                    self.beginnings.discard(self._kept[0][:WIDTH])
                self._kept.append(secret)
                self.beginnings.add(secret[:WIDTH])
                self.count += 1

    def write(self, folder: Path) -> None:
        """Leave their beginnings there, one a line, for whoever searches what this emulator's callers printed."""
        (folder / str(os.getpid())).write_text("\n".join(self.beginnings), encoding="utf-8")

    def since(self, count: int) -> dict[str, Any]:
        """Those after the first ``count``, and how many there are now."""
        missed = max(0, min(self.count - count, len(self._kept)))
        return {"count": self.count, "secrets": list(self._kept)[len(self._kept) - missed :]}
