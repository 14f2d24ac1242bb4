"""Reading ``s.yaml``: what is understood, and that everything else is refused by name."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from emulator.fc.functions import declared
from emulator.fc.template import BadTemplateError, load

if TYPE_CHECKING:
    from pathlib import Path

GOOD: dict[str, Any] = {
    "edition": "3.0.0",
    "name": "demo",
    "access": "default",
    "vars": {"region": "${env('R', 'cn-hangzhou')}", "prefix": "${env('P','demo')}", "size": 1024, "deep": {"er": "x"}},
    "template": {
        "base": {
            "region": "${vars.region}",
            "runtime": "python3.10",
            "code": "./",
            "memorySize": "${vars.size}",
            "environmentVariables": {"A": "${vars.prefix}-a", "B": "${vars.deep.er}"},
            "logConfig": {"project": "${vars.prefix}-log", "logstore": "all"},
        }
    },
    "resources": {
        "one": {
            "component": "fc3",
            "extend": {"name": "base"},
            "actions": {"pre-deploy": [{"run": "true"}]},
            "props": {
                "functionName": "${vars.prefix}-one",
                "handler": "functions.one.handler",
                "description": "in ${this.props.region}",
                "environmentVariables": {"B": "own", "C": "c"},
            },
        }
    },
}


def read(folder: Path, document: Any, **environment: str) -> Any:
    path = folder / "s.yaml"
    path.write_text(yaml.safe_dump(document))
    return declared(load(path, environment))


def test_variables_environment_and_templates_are_put_in(tmp_path: Path) -> None:
    """Maps merge key by key, a text that is one expression keeps its type, defaults stand in for the environment."""
    one = read(tmp_path, GOOD)["demo-one"]
    assert (one.region, one.memory_size, one.description) == ("cn-hangzhou", 1024, "in cn-hangzhou")
    assert one.environment_variables == {"A": "demo-a", "B": "own", "C": "c"}
    assert one.log_config == {"project": "demo-log", "logstore": "all"}
    assert (one.timeout, one.async_invoke_config.max_async_retry_attempts) == (3, 3)
    assert "p-one" in read(tmp_path, GOOD, P="p", R="cn-shanghai")


def changed(path: str, value: Any) -> dict[str, Any]:
    document = copy.deepcopy(GOOD)
    *parents, last = path.split("/")
    node = document
    for name in parents:
        node = node[name]
    if value is ...:
        del node[last]
    else:
        node[last] = value
    return document


PROPS = "resources/one/props/"
TIMER = {"triggerName": "t", "triggerType": "timer", "triggerConfig": {"cronExpression": "0 0 0 * * *", "enable": True}}


def bus(source: dict[str, Any], **more: Any) -> dict[str, Any]:
    config = {"eventSourceConfig": source, **more}
    return {"triggerName": "b", "triggerType": "eventbridge", "triggerConfig": config}


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        ("edition", "1.0.0", "edition"),
        ("services", {}, "services"),
        ("resources/one/component", "fc", "component"),
        ("resources/one/extend", {"name": "other"}, "names no template"),
        ("resources/one/prop", {}, "prop"),
        (PROPS + "handlr", "x.y", "handlr"),
        (PROPS + "handler", ..., "handler"),
        (PROPS + "handler", "handler", "handler"),
        (PROPS + "timeout", 0, "timeout"),
        (PROPS + "timeout", "300", "timeout"),
        (PROPS + "memorySize", 100, "memorySize"),
        (PROPS + "cpu", 4.0, "between 1:1 and 1:4"),
        (PROPS + "runtime", "python3.11", "runtime"),
        (PROPS + "functionName", "9lives", "functionName"),
        (PROPS + "instanceConcurrency", 10, "instanceConcurrency"),
        (PROPS + "environmentVariables", {"FC_MINE": "x"}, "FC_MINE"),
        (PROPS + "environmentVariables", {"A": 1}, "environmentVariables"),
        (PROPS + "environmentVariables", {"A": "x" * 4096}, "4096"),
        (PROPS + "description", "${vars.nothing}", "vars.nothing"),
        (PROPS + "description", "${config('AccountID')}", "config"),
        (PROPS + "description", "${env('UNSET')}", "UNSET"),
        (PROPS + "description", "${this.props.description}", "circle"),
        (PROPS + "asyncInvokeConfig", {"maxAsyncRetryAttempts": 9}, "maxAsyncRetryAttempts"),
        (PROPS + "asyncInvokeConfig", {"maxAsyncEventAgeInSeconds": 604801}, "maxAsyncEventAgeInSeconds"),
        (
            PROPS + "asyncInvokeConfig",
            {"destinationConfig": {"onFailure": {"destination": "acs:mns:r:1:/queues/q"}}},
            "destination",
        ),
        (PROPS + "triggers", [{**TIMER, "triggerType": "oss"}], "oss"),
        (PROPS + "triggers", [{**TIMER, "triggerConfig": {"cron": "0 0 0 * * *", "enable": True}}], "cron"),
        (PROPS + "triggers", [{**TIMER, "triggerConfig": {"cronExpression": "0 0 * * *", "enable": True}}], "six"),
        (PROPS + "triggers", [{**TIMER, "triggerConfig": {"cronExpression": "@every 1m"}}], "enable"),
        (PROPS + "triggers", [TIMER, TIMER], "same name"),
        (
            PROPS + "triggers",
            [bus({"eventSourceType": "Default"}, eventRuleFilterPattern="{")],
            "eventRuleFilterPattern",
        ),
        (PROPS + "triggers", [bus({"eventSourceType": "MNS"})], "sourceMNSParameters"),
        (PROPS + "triggers", [bus({"eventSourceType": "Kafka"})], "MNS"),
    ],
)
def test_what_is_not_understood_is_named(tmp_path: Path, path: str, value: Any, named: str) -> None:
    """Unknown keys, wrong types, values out of range and unknown expressions stop the start and say where."""
    with pytest.raises(BadTemplateError) as caught:
        read(tmp_path, changed(path, value))
    assert named in str(caught.value)


def test_two_functions_of_one_name(tmp_path: Path) -> None:
    """Names are unique across resources."""
    document = copy.deepcopy(GOOD)
    document["resources"]["two"] = document["resources"]["one"]
    with pytest.raises(BadTemplateError, match="second function"):
        read(tmp_path, document)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """A missing file and broken YAML are said as such."""
    with pytest.raises(BadTemplateError):
        load(tmp_path / "none.yaml", {})
    (tmp_path / "s.yaml").write_text("a: [")
    with pytest.raises(BadTemplateError):
        load(tmp_path / "s.yaml", {})
