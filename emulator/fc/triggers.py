"""What starts functions: rules on the default bus, queues, timers. One function that arms them all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.bus import delivery
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
    """Set up every enabled trigger of every function, and go on with what was under way.

    Called after each start, reset and load.
    """
    cloud = compute.cloud
    cloud.state.bus.rules = {}
    cloud.state.mns.listeners.clear()
    for function in compute.functions.values():
        for trigger in function.triggers:
            config, name = trigger.trigger_config, trigger.trigger_name
            place = f"{function.function_name}/{name}"
            if isinstance(config, Timer):
                if config.enable:
                    _time(compute, function, name, config)
            elif not config.trigger_enable:
                continue
            elif config.event_source_config.event_source_type == "MNS":
                stream = compute.armed[place] = Stream(compute, function, name, config)
                cloud.state.mns.listeners.append(stream.heard)
                stream.look()
            else:
                compute.armed[place] = None
                cloud.state.bus.rules[place] = _rule(compute, function, name, config)
    asynchronous.resume(compute)
    delivery.resume(cloud)


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
    schedule, cloud, timers = Schedule.parse(config.cron_expression), compute.cloud, compute.state.timers
    function_name = function.function_name
    place = f"{function_name}/{name}"

    def plan(due: float, *, late: bool = False) -> None:
        timers[place] = due

        async def work() -> None:
            following = timers[place] = schedule.after(due)
            body = {"triggerTime": utc(due), "triggerName": name, "payload": config.payload}
            event = json.dumps(body).encode()
            await asynchronous.run(compute, asynchronous.accepted(compute, function_name, event, name, due))
            now = cloud.clock.now()
            if compute.over:
                return
            if following > now:
                plan(following)
            elif late:
                plan(schedule.after(now))
            else:
                plan(following, late=True)

        cloud.clock.at(due, work)

    plan(timers.get(place) or schedule.after(cloud.clock.now()))
