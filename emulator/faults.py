"""Failures on demand: what the next calls of an action shall suffer, before or after the work is done.

``before``: nothing was done. ``after``: the work is done and the answer is lost or replaced, which is the case that
callers forget.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import MutableMapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

Phase = Literal["before", "after"]
Effect = Literal["hold", "expire", "refuse", "kill"]


class Fault(BaseModel):
    """One planned failure. Without ``status``, ``drop`` and ``effect`` it only delays by ``latency_ms`` (real ms)."""

    model_config = ConfigDict(extra="forbid")

    service: str
    """Key of the endpoint (``ram``, ``hbr``, ``mns`` …) or ``*``."""
    action: str = "*"
    account: str | None = None
    """Only calls made with the credentials of this account."""
    region: str | None = None
    phase: Phase = "before"
    status: int | None = None
    code: str = "InternalError"
    message: str = "The request processing has failed due to some unknown error."
    body: str | dict[str, Any] | None = None
    """The whole body instead of the error envelope: a text goes out as it is, an object as JSON."""
    headers: dict[str, str] = {}
    latency_ms: int = 0
    drop: bool = False
    """Close the connection without an answer."""
    effect: Effect | None = None
    """What befalls the world and not only the answer; see ``effects.py``."""
    skip: int = 0
    """How many calls that fit pass by before it hits."""
    count: int | None = 1
    """How many calls it hits; null for all."""
    probability: float = 1.0
    seed: int = 0
    name: str = ""
    """Under which its hits are counted."""

    def fits(self, call: dict[str, str]) -> bool:
        """Whether this fault is meant for a call (``service``, ``action``, ``account``, ``region``)."""
        return all(getattr(self, name) in ("*", None, value) for name, value in call.items())


class Faults:
    """The planned failures in the order in which they were planned."""

    def __init__(self) -> None:
        self._planned: list[tuple[Fault, random.Random]] = []
        self.struck: Counter[str] = Counter()
        """How many calls have been hit since the last ``clear``, by the faults' names."""

    def plan(self, fault: Fault) -> None:
        """Add one; its own generator makes a probability repeatable."""
        self._planned.append((fault, random.Random(fault.seed)))

    @property
    def planned(self) -> bool:
        """Whether there is any, so that the usual call costs nothing."""
        return bool(self._planned)

    def clear(self) -> None:
        """Forget them all."""
        self._planned.clear()
        self.struck.clear()

    def take(self, service: str, action: str, phase: Phase, *, account: str = "", region: str = "") -> Fault | None:
        """The first planned fault that fits this call, counted down; None in the usual case."""
        call = {"service": service, "action": action, "account": account, "region": region}
        for entry in tuple(self._planned):
            fault, chance = entry
            if fault.phase == phase and fault.fits(call) and chance.random() < fault.probability:
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                self.struck[fault.name] += 1
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self._planned.remove(entry)
                return fault
        return None


async def suffer(fault: Fault | None) -> Fault | None:
    """Wait out a fault's latency; the fault itself where it also replaces or drops the answer, else None."""
    if fault is None:
        return None
    if fault.latency_ms:
        await asyncio.sleep(fault.latency_ms / 1000)
    return fault if fault.drop or fault.status is not None else None


async def drop(scope: MutableMapping[str, Any]) -> None:
    """Close the connection of an ASGI request without an answer; the application returns right after."""
    scope["emulator.transport"].abort()
    await asyncio.sleep(0.01)
