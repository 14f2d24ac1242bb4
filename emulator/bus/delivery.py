"""Delivering to a function, again when it fails, aside when it keeps failing. Rules and streams share it.

Retry strategies and dead letters as in the help page "Retry policies and dead-letter queues" of EventBridge. Whether a
function's own error counts as a failed delivery is the guess ``function_errors_redelivered``.
"""

from __future__ import annotations

import base64
import random
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from emulator.errors import CloudError
from emulator.mns import messages

if TYPE_CHECKING:
    from emulator.bus.state import Delivery
    from emulator.cloud import Cloud

_QUEUE_ARN = re.compile(r"acs:mns:([a-z0-9-]*):(\d*):/queues/([A-Za-z0-9_-]+)(/messages)?")


def start(cloud: Cloud, delivery: Delivery) -> None:
    """Deliver when it is due; every failure plans the next attempt until none is left."""
    bus = cloud.state.bus
    bus.last_delivery += 1
    bus.deliveries[bus.last_delivery] = delivery
    _plan(cloud, bus.last_delivery)


def resume(cloud: Cloud) -> None:
    """Go on with what a loaded state was delivering; what is for a function that is not here waits for its return."""
    compute = cloud.state.fc.compute
    for number, delivery in cloud.state.bus.deliveries.items():
        if f"{delivery.function}/{delivery.trigger}" in compute.armed:
            _plan(cloud, number)


def _plan(cloud: Cloud, number: int) -> None:
    """One attempt at the time at which it is due, and what comes of it. A reset ends it.

    A retry counts its pause from when the attempt was due, not from when a jump of the clock let it happen.
    """
    state = cloud.state
    delivery = state.bus.deliveries[number]

    async def work() -> None:
        taken = await _invoke(cloud, delivery)
        if cloud.state is not state:
            return
        delays = [] if taken else RETRIES[delivery.retry](cloud.rng)
        if delivery.attempt < len(delays):
            delivery.due += delays[delivery.attempt]
            delivery.attempt += 1
            _plan(cloud, number)
            return
        del state.bus.deliveries[number]
        for body in () if taken else delivery.dead_letters:
            send(cloud, delivery.dead_letter, body)
        state.fc.compute.delivered(delivery, taken=taken)

    cloud.clock.at(delivery.due, work)


async def _invoke(cloud: Cloud, delivery: Delivery) -> bool:
    """Whether the function, or its asynchronous queue, took the payload."""
    taken: bool = await cloud.state.fc.compute.trigger(
        delivery.function,
        delivery.payload.encode(),
        delivery.trigger,
        async_invocation_type=delivery.async_invocation_type,
        due=delivery.due,
    )
    return taken


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
