"""What a planned failure does to the world: a call that waits, a session that ends, a closed port, a dead process.

Answers that are lost or replaced are in ``faults.py``.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from emulator.faults import Fault

if TYPE_CHECKING:
    from collections.abc import MutableMapping

    from emulator.cloud import Cloud


class Holding:
    """Calls that wait, between their arrival and their processing (or their answer), until they are released."""

    def __init__(self) -> None:
        self._gates: list[asyncio.Event] = []
        self._arrived = asyncio.Event()

    async def hold(self) -> None:
        """Wait until ``release``."""
        gate = asyncio.Event()
        self._gates.append(gate)
        self._arrived.set()
        await gate.wait()

    async def arrival(self, seconds: float) -> bool:
        """Whether a call is held by now, or within so many real seconds."""
        try:
            await asyncio.wait_for(self._arrived.wait(), seconds)
        except asyncio.TimeoutError:
            return False
        return True

    def release(self) -> None:
        """Let all of them go on."""
        for gate in self._gates:
            gate.set()
        self._gates.clear()
        self._arrived.clear()


async def befall(cloud: Cloud, fault: Fault | None, key: str, scope: MutableMapping[str, Any]) -> None:
    """Do what the fault does beside its answer. ``key`` is the access key that the call claims to be signed with."""
    if fault is None or fault.effect is None:
        return
    match fault.effect:
        case "hold":
            await cloud.holding.hold()
        case "expire":
            if key in cloud.state.sessions:
                cloud.state.sessions[key].expires_at = cloud.clock.now()
        case "refuse":
            fault.drop = True
            cloud.refuse(scope["server"][1])
        case "kill":
            fault.drop = True
            if cloud.state.fc.compute is not None:
                cloud.state.fc.compute.kill()
        case "gone":
            fault.drop = True
            cloud.state.faults.planned.insert(0, Fault(service="*", drop=True, count=None))
