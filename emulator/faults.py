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

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr

Phase = Literal["before", "after"]
Effect = Literal["hold", "expire", "refuse", "kill", "gone"]


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
    status: int | None = Field(default=None, ge=200, le=599)
    code: str = "InternalError"
    message: str = "The request processing has failed due to some unknown error."
    body: str | dict[str, Any] | None = None
    """The whole body instead of the error envelope: a text goes out as it is, an object as JSON."""
    headers: dict[str, str] = {}
    latency_ms: int = Field(default=0, ge=0)
    drop: bool = False
    """Close the connection without an answer."""
    effect: Effect | None = None
    """What befalls the world and not only the answer; see ``effects.py``."""
    skip: int = Field(default=0, ge=0)
    """How many calls that fit pass by before it hits."""
    count: int | None = Field(default=1, ge=1)
    """How many calls it hits; null for all."""
    probability: float = Field(default=1.0, ge=0, le=1)
    seed: int = 0
    name: str = ""
    """Under which its hits are counted."""
    asked: int = 0
    """How often its probability was asked: from there it goes on after a load."""
    _chance: random.Random | None = PrivateAttr(default=None)

    def strikes(self) -> bool:
        """Whether its probability wants this call; its own generator makes that repeatable."""
        if self._chance is None:
            self._chance = random.Random(self.seed)
            for _ in range(self.asked):
                self._chance.random()
        self.asked += 1
        return self._chance.random() < self.probability

    def fits(self, call: dict[str, str]) -> bool:
        """Whether this fault is meant for a call (``service``, ``action``, ``account``, ``region``)."""
        return all(getattr(self, name) in ("*", None, value) for name, value in call.items())


class Faults(BaseModel):
    """The planned failures in the order in which they were planned."""

    planned: list[Fault] = Field(default_factory=list)
    struck: Counter[str] = Field(default_factory=Counter)
    """How many calls have been hit since the last ``clear``, by the faults' names."""

    def clear(self) -> None:
        """Forget them all."""
        self.planned.clear()
        self.struck.clear()

    def take(self, service: str, action: str, phase: Phase, *, account: str = "", region: str = "") -> Fault | None:
        """The first planned fault that fits this call, counted down; None in the usual case."""
        call = {"service": service, "action": action, "account": account, "region": region}
        for fault in tuple(self.planned):
            if fault.phase == phase and fault.fits(call) and fault.strikes():
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                self.struck[fault.name] += 1
                if fault.count is not None:
                    fault.count -= 1
                    if fault.count <= 0:
                        self.planned = [one for one in self.planned if one is not fault]
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
