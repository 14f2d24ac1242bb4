"""Every request that was answered: who, what, how it was decided. For tests and for the person who wonders why."""

from __future__ import annotations

from collections import deque
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from emulator.permissions import Decision

KEPT = 100_000
"""Entries kept; the oldest go first."""


class Journal:
    """A bounded list of entries, each with a sequence number from 1 on."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._entries: deque[dict[str, Any]] = deque(maxlen=KEPT)
        self._last = 0

    def add(
        self,
        *,
        service: str,
        action: str,
        region: str = "",
        principal: str = "",
        params: dict[str, Any] | None = None,
        status: int = 200,
        code: str = "",
        decision: Decision | None = None,
        request_id: str = "",
        fault: str = "",
        began: float | None = None,
    ) -> None:
        """Write one entry: an ARN, an error code or nothing, and the phase of a planned fault that hid the answer.

        ``began`` is when the request came (emulated epoch seconds); ``time`` is when it was answered.
        """
        self._last += 1
        now = self._now()
        self._entries.append(
            {
                "seq": self._last,
                "began": now if began is None else began,
                "time": now,
                "service": service,
                "action": action,
                "region": region,
                "principal": principal,
                "params": params or {},
                "status": status,
                "code": code,
                "decision": decision,
                "request_id": request_id,
                "fault": fault,
            }
        )

    def entries(self, since: int = 0, **wanted: str) -> list[dict[str, Any]]:
        """Entries after sequence number ``since`` whose fields equal ``wanted`` (compared as text)."""
        return [
            {**entry, "decision": asdict(entry["decision"]) if entry["decision"] else None}
            for entry in self._entries
            if entry["seq"] > since and all(str(entry.get(name)) == value for name, value in wanted.items())
        ]
