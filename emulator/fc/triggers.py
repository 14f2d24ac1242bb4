"""What starts functions: rules on the default bus, queues, timers. One function that arms them all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.bus.state import Rule
from emulator.clock import utc
from emulator.fc import asynchronous
from emulator.fc.cron import Schedule
from emulator.fc.stream import Stream
from emulator.fc.trigger_settings import EventBridge, Timer

if TYPE_CHECKING:
    from emulator.fc.compute import Compute
    from emulator.fc.functions import Function


def arm(compute: Compute) -> None:
    """Set up every enabled trigger of every function; called after each start, reset and load."""
    cloud = compute.cloud
    cloud.state.bus.rules = {}
    cloud.state.mns.listeners.clear()
    for function in compute.functions.values():
        for trigger in function.triggers:
            config, name = trigger.trigger_config, trigger.trigger_name
            if isinstance(config, Timer):
                if config.enable:
                    _time(compute, function, name, config)
            elif not config.trigger_enable:
                continue
            elif config.event_source_config.event_source_type == "MNS":
                stream = Stream(compute, function, name, config)
                cloud.state.mns.listeners.append(stream.heard)
                stream.look()
            else:
                cloud.state.bus.rules[f"{function.function_name}/{name}"] = _rule(compute, function, name, config)


def _rule(compute: Compute, function: Function, name: str, config: EventBridge) -> Rule:
    """A rule is in the region of its function, and so hears the events of that region only."""
    options = config.run_options
    return Rule(
        name=name,
        account_id=compute.account_id,
        region=function.region,
        pattern=config.event_rule_filter_pattern,
        function=function.function_name,
        async_invocation_type=config.async_invocation_type,
        raw_data=config.event_sink_config.delivery_option.event_schema == "RawData",
        retry=options.retry_strategy.push_retry_strategy,
        dead_letter=options.dead_letter_queue.arn if options.dead_letter_queue else "",
    )


def _time(compute: Compute, function: Function, name: str, config: Timer) -> None:
    """Run on schedule; what falls due while a run lasts, or in one jump of the clock, is one run and not many.

    Timers invoke asynchronously (help page "Timer triggers"), so a failed run is retried as such.
    """
    schedule, cloud = Schedule.parse(config.cron_expression), compute.cloud

    def plan(due: float, *, late: bool = False) -> None:
        async def work() -> None:
            body = {"triggerTime": utc(due), "triggerName": name, "payload": config.payload}
            event = json.dumps(body).encode()
            await asynchronous.run(asynchronous.Event(compute, function, event, cloud.new_id(), name, due), due)
            following, now = schedule.after(due), cloud.clock.now()
            if compute.over:
                return
            if following > now:
                plan(following)
            elif late:
                plan(schedule.after(now))
            else:
                plan(following, late=True)

        cloud.clock.at(due, work)

    plan(schedule.after(cloud.clock.now()))
