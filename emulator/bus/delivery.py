"""Delivering to a function, again when it fails, aside when it keeps failing. Rules and streams share it.

Retry strategies and dead letters as in the help page "Retry policies and dead-letter queues" of EventBridge. Whether a
function's own error counts as a failed delivery is the guess ``function_errors_redelivered``.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.errors import CloudError
from emulator.mns import messages

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from emulator.bus.state import RetryStrategy
    from emulator.cloud import Cloud

_QUEUE_ARN = re.compile(r"acs:mns:([a-z0-9-]*):(\d*):/queues/([A-Za-z0-9_-]+)(/messages)?")


@dataclass(frozen=True)
class Delivery:
    """One payload on its way to one function."""

    cloud: Cloud
    invoke: Callable[[bytes, float], Awaitable[bool]]
    """Calls the function with the payload and when it was due; whether it took the payload."""
    payload: bytes
    retry: RetryStrategy
    dead_letter: str
    """ARN of an MNS queue, or empty."""
    dead_letters: tuple[str, ...]
    """The raw events that go there, one message each."""
    finished: Callable[[bool], None] = lambda _: None
    """Told at the end whether the payload was taken."""


def start(delivery: Delivery, due: float, attempt: int = 0) -> None:
    """Deliver at ``due`` (emulated epoch seconds); every failure plans the next attempt until none is left.

    A retry counts its pause from when the attempt was due, not from when a jump of the clock let it happen. A reset
    ends it.
    """
    cloud, state = delivery.cloud, delivery.cloud.state

    async def work() -> None:
        taken = await delivery.invoke(delivery.payload, due)
        if cloud.state is not state:
            return
        if taken:
            delivery.finished(True)  # noqa: FBT003 - the parameter of a callback has no name
            return
        delays = RETRIES[delivery.retry](cloud.rng)
        if attempt < len(delays):
            start(delivery, due + delays[attempt], attempt + 1)
            return
        for body in delivery.dead_letters:
            send(cloud, delivery.dead_letter, body)
        delivery.finished(False)  # noqa: FBT003 - the same

    cloud.clock.at(due, work)


def send(cloud: Cloud, queue_arn: str, body: str) -> bool:
    """Put a message of the cloud's own into the queue; False when there is no such queue."""
    match = _QUEUE_ARN.fullmatch(queue_arn)
    if match is None:
        return False
    if cloud.guesses.cloud_messages == "base64":
        body = base64.b64encode(body.encode()).decode()
    try:
        messages.send(cloud, messages.find(cloud, match.group(2), match.group(3)), body)
    except CloudError:
        return False
    return True


def _backoff(rng: random.Random) -> list[float]:
    """Three times, 10 to 20 s apart."""
    return [rng.uniform(10, 20) for _ in range(3)]


def _decay(_: random.Random) -> list[float]:
    """176 times in a day: 1, 2, 4 … 256 s, then every 512 s."""
    return [float(2**power) for power in range(9)] + [512.0] * 167


RETRIES: Mapping[str, Callable[[random.Random], list[float]]] = {
    "BACKOFF_RETRY": _backoff,
    "EXPONENTIAL_DECAY_RETRY": _decay,
}
