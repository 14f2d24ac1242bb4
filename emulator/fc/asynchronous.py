"""Asynchronous invocations: tried until they succeed, fail for good or grow too old, then reported.

Help pages "Retry policy" and "Result callback" (destinations) of Function Compute. The pause before a function's error
is retried, and the condition of an event that grew too old, are in no document.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.bus import delivery
from emulator.state import Principal

if TYPE_CHECKING:
    from emulator.fc.compute import Compute, Outcome
    from emulator.fc.functions import Destination, Function

PAYLOAD_BYTES = 128 * 1024
"""Largest event (help page "Limits")."""
_SYSTEM_SECONDS = 5 * 3600.0
"""Throttling and failures of the platform are retried this long, from half a second on, doubling."""
_SYSTEM = (429, 500, 503)


@dataclass(frozen=True)
class Event:
    """One accepted asynchronous invocation."""

    compute: Compute
    function: Function
    payload: bytes
    request_id: str
    source: str
    accepted_at: float

    @property
    def too_old_at(self) -> float:
        """When it is given up, emulated epoch seconds."""
        return self.accepted_at + self.function.async_invoke_config.max_async_event_age_in_seconds


def submit(event: Event, delay: float = 0.0) -> None:
    """Run it ``delay`` emulated seconds after it was accepted; the caller gets no answer."""
    _at(event, event.accepted_at + delay, attempt=1, throttled=0)


def _at(event: Event, due: float, attempt: int, throttled: int) -> None:
    async def work() -> None:
        await run(event, due, attempt, throttled)

    event.compute.cloud.clock.at(due, work)


async def run(event: Event, due: float, attempt: int = 1, throttled: int = 0) -> None:
    """One attempt, at ``due``; plans the next one or reports the end.

    Ages and pauses count from when the attempt was due, not from when a jump of the clock let it happen.
    """
    config = event.function.async_invoke_config
    if due > event.too_old_at:
        _report(event, None, attempt - 1, "EventAgeExceeded")
        return
    outcome = await event.compute.run(
        event.function, event.payload, event.request_id, source=event.source, attempt=attempt
    )
    if event.compute.over:
        return
    if outcome.ok:
        _report(event, outcome, attempt, "")
    elif outcome.status in _SYSTEM and due < event.accepted_at + _SYSTEM_SECONDS:
        _at(event, due + 0.5 * 2**throttled, attempt, throttled + 1)
    elif outcome.error_type and attempt <= config.max_async_retry_attempts:
        _at(event, due + float(2 ** (attempt - 1)), attempt + 1, throttled)
    else:
        _report(event, outcome, attempt, outcome.error_type or outcome.code)


def _report(event: Event, outcome: Outcome | None, attempts: int, condition: str) -> None:
    """Send the record of the invocation to the destination of its end, where there is one."""
    destinations = event.function.async_invoke_config.destination_config
    succeeded = outcome is not None and outcome.ok
    destination = destinations.on_success if succeeded else destinations.on_failure
    if destination is None:
        return
    record = {
        "timestamp": int(event.compute.cloud.clock.now() * 1000),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": event.compute.arn(event.function),
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "requestPayload": event.payload.decode("utf-8", "replace"),
        "responseContext": {
            "statusCode": outcome.status if outcome else 0,
            "functionError": outcome.error_type if outcome else "",
        },
        "responsePayload": outcome.body.decode("utf-8", "replace") if outcome else "",
    }
    _send(event, destination, json.dumps(record, ensure_ascii=False))


def _send(event: Event, destination: Destination, record: str) -> None:
    """Deliver with the permissions of the function's role (help page "Result callback"); a refusal is only logged."""
    compute, name = event.compute, event.function.function_name
    arn, product = destination.destination, destination.destination.split(":")[1]
    parts = arn.split(":")
    parts[3] = parts[3] or compute.account_id
    arn = ":".join(parts)
    permission = {"mns": "mns:SendMessage", "fc": "fc:InvokeFunction"}[product]
    role = Principal(account_id=compute.account_id, kind="role", name=event.function.role.rpartition("/")[2])
    if not compute.cloud.decide(role, permission, arn).allowed:
        compute.log(name, f"[platform] {permission} on {arn} is not allowed: the destination got nothing")
    elif product == "fc":
        target = compute.functions.get(arn.rpartition("/")[2])
        if target is not None:
            now = compute.cloud.clock.now()
            submit(Event(compute, target, record.encode(), compute.cloud.new_id(), f"destination:{name}", now))
    elif not delivery.send(compute.cloud, arn, record):
        compute.log(name, f"[platform] the destination {arn} does not exist or refused the record")
