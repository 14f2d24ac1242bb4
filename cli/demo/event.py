"""``make run EVENT=FILE``: one given event on the way that it would come."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from cli.demo.story import Demo

Answers = list[dict[str, Any]]


def ended(demo: Demo, path: Path) -> Answers:
    """How each event in the file ended: published on the bus where it is the directory's, else given to its door."""
    raw = path.read_bytes()
    try:
        event = json.loads(raw)
    except ValueError:
        event = None
    if isinstance(event, dict) and event.get("source") == "acs.resourcemanager":
        before = len(demo.cloud.answers())
        demo.cloud.control("bus", publish=event)
        demo.pass_time(0)
        return demo.cloud.answers()[before:] or [{"disposition": "ignored", "why": "no rule matches this event"}]
    answer = json.loads(demo.invoker.invoke(door(event), raw).text)
    return answer if isinstance(answer, list) else [answer]


def done(answers: Answers) -> bool:
    """Whether nothing is left to do: no attempt is to come, and no person is asked for."""
    return all(answer["disposition"] in {"done", "ignored"} for answer in answers)


def door(event: object) -> str:
    """The function that is sent such an event (see s.yaml); any of them would understand it."""
    if isinstance(event, list) or _queued(event):
        return "cab-retry"
    if not isinstance(event, dict):
        return "cab-onboard"
    if event.get("do") == "withdraw":
        return "cab-teardown"
    if "replay" in event:
        return "cab-replay"
    return "cab-reconcile" if {"sweep", "triggerName"} & event.keys() else "cab-onboard"


def _queued(event: object) -> bool:
    """Whether it was in a queue: a trigger's message, or a failure record, which is put there."""
    if not isinstance(event, dict):
        return False
    inner = event.get("data")
    return "requestPayload" in event or "messageBody" in (inner if isinstance(inner, dict) else event)
