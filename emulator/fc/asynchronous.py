"""Asynchronous invocations: tried until they succeed, fail for good or grow too old, then reported.

Help pages "Retry policy" and "Result callback" (destinations) of Function Compute. The pause before a function's error
is retried, and the condition of an event that grew too old, are in no document.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.bus import delivery
from emulator.fc.state import Event
from emulator.state import Principal

if TYPE_CHECKING:
    from emulator.fc.compute import Compute, Outcome
    from emulator.fc.functions import Destination, Function

PAYLOAD_BYTES = 128 * 1024
"""Largest event (help page "Limits")."""
_SYSTEM_SECONDS = 5 * 3600.0
"""Throttling and failures of the platform are retried this long, from half a second on, doubling."""
_SYSTEM = (429, 500, 503)


def accepted(compute: Compute, function: str, payload: bytes, source: str, due: float | None = None) -> Event:
    """An invocation of now, or of when it fell due."""
    at = compute.cloud.clock.now() if due is None else due
    request_id = compute.cloud.new_id()
    return Event(function=function, payload=payload, request_id=request_id, source=source, accepted_at=at, due=at)


def submit(compute: Compute, event: Event) -> None:
    """Run it when it is due; the caller gets no answer."""
    compute.state.events[event.request_id] = event
    _plan(compute, event)


def resume(compute: Compute) -> None:
    """Go on with what waited in a loaded state; what is for a function that is not here waits for its return."""
    for event in compute.state.events.values():
        if event.function in compute.functions:
            _plan(compute, event)


def _plan(compute: Compute, event: Event) -> None:
    async def work() -> None:
        await run(compute, event)

    compute.cloud.clock.at(event.due, work)


async def run(compute: Compute, event: Event) -> None:
    """One attempt; plans the next one or reports the end.

    Ages and pauses count from when the attempt was due, not from when a jump of the clock let it happen.
    """
    compute.state.events[event.request_id] = event
    function = compute.functions[event.function]
    config = function.async_invoke_config
    if event.due > event.accepted_at + config.max_async_event_age_in_seconds:
        event.attempt -= 1
        _end(compute, event, None, "EventAgeExceeded")
        return
    outcome = await compute.run(function, event.payload, event.request_id, source=event.source, attempt=event.attempt)
    if compute.over:
        return
    if outcome.ok:
        _end(compute, event, outcome, "")
    elif outcome.status in _SYSTEM and event.due < event.accepted_at + _SYSTEM_SECONDS:
        event.due += 0.5 * 2**event.throttled
        event.throttled += 1
        _plan(compute, event)
    elif outcome.error_type and event.attempt <= config.max_async_retry_attempts:
        event.due += float(2 ** (event.attempt - 1))
        event.attempt += 1
        _plan(compute, event)
    else:
        _end(compute, event, outcome, outcome.error_type or outcome.code)


def _end(compute: Compute, event: Event, outcome: Outcome | None, condition: str) -> None:
    """Forget the invocation; send its record to the destination of its end, where there is one."""
    del compute.state.events[event.request_id]
    function = compute.functions[event.function]
    destinations = function.async_invoke_config.destination_config
    succeeded = outcome is not None and outcome.ok
    destination = destinations.on_success if succeeded else destinations.on_failure
    if destination is None:
        return
    record = {
        "timestamp": int(compute.cloud.clock.now() * 1000),
        "requestContext": {
            "requestId": event.request_id,
            "functionArn": compute.arn(function),
            "condition": condition,
            "approximateInvokeCount": event.attempt,
        },
        "requestPayload": event.payload.decode("utf-8", "replace"),
        "responseContext": {
            "statusCode": outcome.status if outcome else 0,
            "functionError": outcome.error_type if outcome else "",
        },
        "responsePayload": outcome.body.decode("utf-8", "replace") if outcome else "",
    }
    _send(compute, function, destination, json.dumps(record, ensure_ascii=False))


def _send(compute: Compute, function: Function, destination: Destination, record: str) -> None:
    """Deliver with the permissions of the function's role (help page "Result callback"); a refusal is only logged."""
    name, arn, product = function.function_name, destination.destination, destination.destination.split(":")[1]
    parts = arn.split(":")
    parts[3] = parts[3] or compute.account_id
    arn = ":".join(parts)
    permission = {"mns": "mns:SendMessage", "fc": "fc:InvokeFunction"}[product]
    role = Principal(account_id=compute.account_id, kind="role", name=function.role.rpartition("/")[2])
    if not compute.cloud.decide(role, permission, arn).allowed:
        compute.log(name, f"[platform] {permission} on {arn} is not allowed: the destination got nothing")
    elif product == "fc":
        if (target := arn.rpartition("/")[2]) in compute.functions:
            submit(compute, accepted(compute, target, record.encode(), f"destination:{name}"))
    elif not delivery.send(compute.cloud, arn, record):
        compute.log(name, f"[platform] the destination {arn} does not exist or refused the record")
