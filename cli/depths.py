"""How many messages wait in the queues, from CloudMonitor, where that can be asked.

The queues themselves no longer say: their three counters "will be deprecated and default to 0" (SDK model
GetQueueAttributesResponseBodyData of MNS-open). CloudMonitor's SDK is an extra of the console; without it, and on the
local cloud, which has no CloudMonitor, the answer is that nothing is known, and why.
"""

from __future__ import annotations

import json
from typing import Any

from cli.output import NotDoneError
from cli.sdks import Metrics
from cli.session import Session
from shared.clients import Calls
from shared.deadline import Deadline
from shared.outcome import AttemptError

METRICS = {"active": "ActiveMessages", "inactive": "InactiveMessages", "delayed": "DelayMessages"}
"""Metrics of a queue (namespace acs_mns_new; help page "Simple Message Queue monitoring"), every five minutes."""
SECONDS = 30.0


def depths(session: Session) -> dict[str, Any]:
    """Queue → its last counts; or ``not_available`` and why."""
    if session.local:
        return {"not_available": "the local cloud has no CloudMonitor"}
    config = session.config
    names = [config.queues.retry, config.queues.dead_letters]
    found: dict[str, Any] = {name: {} for name in names}
    try:
        metrics = Metrics(config, session.credentials, Calls(Deadline.after(SECONDS)))
        for word, metric in METRICS.items():
            for name, count in last(metrics.last(metric, names)).items():
                found.setdefault(name, {})[word] = count
    except (AttemptError, NotDoneError) as error:
        return {"not_available": str(error)}
    return found


def last(datapoints: str) -> dict[str, int]:
    """Queue → the count of the newest of DescribeMetricLast's data points, which come as JSON in a text."""
    newest: dict[str, dict[str, Any]] = {}
    for point in json.loads(datapoints or "[]"):
        known = newest.get(point["queue"])
        if known is None or point["timestamp"] > known["timestamp"]:
            newest[point["queue"]] = point
    return {name: round(point.get("Maximum", point.get("value", 0))) for name, point in newest.items()}


def told(found: dict[str, Any]) -> list[str]:
    """The same for people."""
    if "not_available" in found:
        return [f"queue depths: not available ({found['not_available']})"]
    return [
        f"queue {name}: " + (", ".join(f"{count} {word}" for word, count in counts.items()) or "no data yet")
        for name, counts in found.items()
    ]
