"""``make run EVENT=FILE``: one given event on the way that it would come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import RenderableType

from cli import reconcile
from cli.attempted import happened
from cli.demo.story import Demo
from cli.demo.verdict import Evidence, not_protected

Answers = list[dict[str, Any]]


def ended(demo: Demo, path: Path) -> Answers:
    """How each event in the file ended: published on the bus where it is the directory's, else given to its door."""
    raw = path.read_bytes()
    try:
        event = json.loads(raw)
    except ValueError:
        event = None
    if isinstance(event, dict) and event.get("source") == "acs.resourcemanager":
        demo.say(f"{path} is published on the bus")
        before = len(demo.cloud.answers())
        demo.cloud.control("bus", publish=event)
        demo.pass_time(0)
        return demo.cloud.answers()[before:] or [{"disposition": "ignored", "why": "no rule matches this event"}]
    demo.say(f"{path} is given to {door(event)}")
    answer = json.loads(demo.invoker.invoke(door(event), raw).text)
    return answer if isinstance(answer, list) else [answer]


def done(answers: Answers) -> bool:
    """Whether nothing is left to do: no attempt is to come, and no person is asked for."""
    return all(answer["disposition"] in {"done", "ignored"} for answer in answers)


def told(answers: Answers) -> Iterator[RenderableType]:
    """What became of each, for people, in the words of the console."""
    for answer in answers:
        if "sweep" in answer:
            yield from reconcile.shown(answer["sweep"])
        for one in _about_accounts(answer):
            yield from happened(one, None)


def verdict(answers: Answers) -> str:
    """In one line, whether it was done, was nothing to be done, or is left to do."""
    if not done(answers):
        later = all(one["disposition"] in {"done", "ignored", "retry"} for one in answers)
        return f"not done: it {'is tried again by itself' if later else 'waits for a person, as a dead letter'}"
    if any(answer["disposition"] == "done" for answer in answers):
        return "done: the event ended as it should"
    return "ignored: nothing was to be done"


def mistaken(demo: Demo, answers: Answers) -> list[str]:
    """What the emulator's own state lacks of what the answers say: that a function says protected is no proof."""
    seen = Evidence(demo.config, demo.cloud.control("state"), demo.cloud.control("journal"), answers)
    named = {one["account_id"] for answer in answers for one in _about_accounts(answer) if _says_protected(one)}
    return [f"{account_id}: {why}" for account_id in sorted(named) for why in not_protected(account_id, seen)]


def _about_accounts(answer: dict[str, Any]) -> list[dict[str, Any]]:
    if "replay" in answer:
        accounts: list[dict[str, Any]] = answer["replay"].get("accounts", [])
        return accounts
    return [] if "sweep" in answer else [answer]


def _says_protected(one: dict[str, Any]) -> bool:
    return (one.get("disposition"), one.get("state")) == ("done", "protected")


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
