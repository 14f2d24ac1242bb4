"""What Function Compute and its component fc3 accept in s.yaml: every key that may be there, with its limits.

Sources: README and properties of the component fc3 of Serverless Devs; help pages "Limits", "Environment variables" and
"Runtimes" of Function Compute 3.0, "MNS queue triggers", "Timer triggers", and "Retry policies and dead-letter queues"
of EventBridge. The component itself drops unknown keys in silence, so this table is the only check there is.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

Allowed = Callable[[Any], bool] | Mapping[str, Any]
"""A test of a value, or what is allowed under each key of an object."""


def text(pattern: str = ".*") -> Callable[[Any], bool]:
    """A text that matches as a whole."""
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.DOTALL) is not None


def number(least: float, most: float, step: float = 1) -> Callable[[Any], bool]:
    """A number within limits, in whole steps."""
    return lambda value: (
        isinstance(value, int | float)
        and not isinstance(value, bool)
        and least <= value <= most
        and abs(value / step - round(value / step)) < 1e-9
    )


def one_of(*values: object) -> Callable[[Any], bool]:
    """One of these values, of the same type."""
    return lambda value: any(value == known and type(value) is type(known) for known in values)


def environment(value: Any) -> bool:
    """Texts under proper names, 4 KB in all; names that begin with FC_ are the platform's own."""
    return (
        isinstance(value, dict)
        and all(
            isinstance(item, str) and re.fullmatch(r"(?!FC_)[A-Za-z][A-Za-z0-9_]*", name)
            for name, item in value.items()
        )
        and sum(len(name) + len(item) for name, item in value.items()) <= 4096
    )


def pattern(value: Any) -> bool:
    """A JSON object in a text."""
    return isinstance(value, str) and isinstance(json.loads(value), dict)


flag = one_of(True, False)  # noqa: FBT003 - the values themselves
NAME = text("[A-Za-z_][0-9A-Za-z_-]{0,127}")
QUEUE = r"acs:mns:[a-z0-9-]+:\d{16}:/queues/[A-Za-z0-9][A-Za-z0-9-]{0,119}"
DESTINATION = {"destination": text(rf"{QUEUE}/messages")}

FUNCTION: Mapping[str, Any] = {
    "region": text("[a-z]{2}-[a-z0-9-]+"),
    "functionName": NAME,
    "description": text(".{0,256}"),
    "runtime": one_of("python3.10", "python3.12"),  # there is no 3.11
    "code": text(r"\./\w+"),
    "handler": text(r"[A-Za-z_][\w.]*\.[A-Za-z_]\w*"),
    "cpu": number(0.05, 16, 0.05),
    "memorySize": number(128, 32_768, 64),
    "diskSize": one_of(512, 10_240),
    "timeout": number(1, 86_400),  # 3 s if nothing is said
    "role": text(r"acs:ram::\d{16}:role/[a-z0-9.-]{1,64}"),  # the component lower-cases it
    "internetAccess": flag,
    "environmentVariables": environment,
    "logConfig": {
        "project": text("[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
        "logstore": text("[a-z0-9][a-z0-9_-]{0,61}[a-z0-9]"),
        "enableRequestMetrics": flag,
        "enableInstanceMetrics": flag,
        "logBeginRule": one_of("DefaultRegex", "None"),
    },
    "asyncInvokeConfig": {
        "asyncTask": flag,
        "maxAsyncRetryAttempts": number(0, 8),
        "maxAsyncEventAgeInSeconds": number(1, 604_800),  # documents differ above this
        "destinationConfig": {"onSuccess": DESTINATION, "onFailure": DESTINATION},
    },
    "concurrencyConfig": {"reservedConcurrency": number(0, 300)},
    "triggers": lambda value: isinstance(value, list) and len(value) <= 50,
}
REQUIRED = frozenset({"region", "functionName", "runtime", "code", "handler", "timeout", "role"})

TRIGGER: Mapping[str, Any] = {
    "triggerName": NAME,
    "triggerType": one_of("timer", "eventbridge"),
    "triggerConfig": lambda value: isinstance(value, dict),
    "description": text(".{0,256}"),
    "qualifier": one_of("LATEST"),
}
CONFIG: Mapping[str, Mapping[str, Any]] = {
    "timer": {
        "cronExpression": text(r"@every \d+[smh]|(CRON_TZ=\S+ )?\S+( \S+){5}"),  # six fields, seconds first
        "enable": flag,
        "payload": text(".{0,4096}"),
    },
    "eventbridge": {
        "triggerEnable": flag,
        "asyncInvocationType": flag,
        "eventRuleFilterPattern": pattern,
        "eventSourceConfig": {
            "eventSourceType": one_of("Default", "MNS"),
            "eventSourceParameters": {
                "sourceMNSParameters": {"RegionId": text("[a-z0-9-]+"), "QueueName": text(), "IsBase64Decode": flag},
            },
        },
        "eventSinkConfig": {
            "deliveryOption": {
                "mode": one_of("event-driven", "event-streaming"),
                "eventSchema": one_of("CloudEvents", "RawData"),
            },
        },
        "runOptions": {
            "mode": one_of("event-driven", "event-streaming"),
            "errorsTolerance": one_of("ALL", "NONE"),
            "retryStrategy": {"PushRetryStrategy": one_of("BACKOFF_RETRY", "EXPONENTIAL_DECAY_RETRY")},
            "deadLetterQueue": {"Arn": text(QUEUE)},
            "batchWindow": {"CountBasedWindow": number(1, 10_000), "TimeBasedWindow": number(0, 15)},
        },
    },
}  # fmt: skip


def mistakes(value: Any, allowed: Allowed, where: str) -> list[str]:
    """Every key that is not known and every value that is out of its limits, by its place."""
    if not isinstance(allowed, Mapping):
        return [] if allowed(value) else [f"{where}: {value!r}"]
    if not isinstance(value, dict):
        return [f"{where}: no object"]
    unknown = [f"{where}.{key}: unknown" for key in value if key not in allowed]
    return unknown + [
        mistake for key in value if key in allowed for mistake in mistakes(value[key], allowed[key], f"{where}.{key}")
    ]


def functions(document: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Resource → its properties, with its template, and the variables put in."""
    templates, variables = document["template"], render(document["vars"], {})
    return {
        key: render(merged(templates[resource["extend"]["name"]], resource["props"]), variables)
        for key, resource in document["resources"].items()
    }


def merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """``extend`` of Serverless Devs: objects are merged key by key, everything else is replaced."""
    both = {key: merged(below[key], above[key]) for key in above if isinstance(below.get(key), dict)}
    return {**below, **above, **both}


def render(value: Any, variables: Mapping[str, str]) -> Any:
    """Put in ``${vars.name}``, and the default of ``${env('NAME', 'default')}``."""
    if isinstance(value, dict):
        return {key: render(item, variables) for key, item in value.items()}
    if isinstance(value, list):
        return [render(item, variables) for item in value]
    if not isinstance(value, str):
        return value
    filled = re.sub(r"\$\{vars\.(\w+)\}", lambda match: variables.get(match[1], match[0]), value)
    return re.sub(r"\$\{env\('\w+', *'([^']*)'\)\}", lambda match: match[1], filled)
