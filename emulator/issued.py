"""Every secret that this cloud ever gave out or was shown, so that a test can look for them where none may be."""

from __future__ import annotations

from collections import deque
from typing import Any

KEPT = 200_000
"""Secrets kept; the oldest go first."""


class Issued:
    """Secrets of access keys and sessions, security tokens, and the signatures of requests."""

    def __init__(self) -> None:
        self._kept: deque[str] = deque(maxlen=KEPT)
        self._known: set[str] = set()
        self.count = 0
        """How many there have been."""

    def add(self, *secrets: str) -> None:
        """Remember them; one that is known already is not counted again."""
        for secret in secrets:
            if secret and secret not in self._known:
                if len(self._kept) == KEPT:
                    self._known.discard(self._kept[0])
                self._kept.append(secret)
                self._known.add(secret)
                self.count += 1

    def since(self, count: int) -> dict[str, Any]:
        """Those after the first ``count``, and how many there are now."""
        missed = max(0, min(self.count - count, len(self._kept)))
        return {"count": self.count, "secrets": list(self._kept)[len(self._kept) - missed :]}
