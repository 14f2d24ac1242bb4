from __future__ import annotations

import importlib
import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from emulator.bus.patterns import compile_pattern
from shared import events
from shared.config import load
from shared.invoke import TIMEOUT_SECONDS
from shared.messages import AccountChanged, Hint
from shared.trail import ACCOUNT_EVENTS
from tests.unit import deployment

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
FUNCTIONS = deployment.functions(DOCUMENT)
CONFIG = load({"CAB_CONFIG": str(ROOT / "config.yaml")})

every_function = pytest.mark.parametrize("name", sorted(FUNCTIONS))


def triggers(name: str, kind: str) -> list[dict[str, Any]]:
    """The configurations of a function's triggers of one kind."""
    found = FUNCTIONS[name].get("triggers", [])
    return [trigger["triggerConfig"] for trigger in found if trigger["triggerType"] == kind]


def patterns() -> dict[str, dict[str, Any]]:
    """Function → what it asks of the default event bus."""
    return {
        name: json.loads(config["eventRuleFilterPattern"])
        for name in FUNCTIONS
        for config in triggers(name, "eventbridge")
        if config["eventSourceConfig"]["eventSourceType"] == "Default"
    }


def texts(value: Any) -> list[str]:
    """Every text anywhere in ``value``."""
    if isinstance(value, dict | list):
        return [text for item in (value.values() if isinstance(value, dict) else value) for text in texts(item)]
    return [value] if isinstance(value, str) else []


def test_the_five_functions_are_declared() -> None:
    """Every door in functions/ is deployed under the name by which the console calls it, and nothing else is."""
    doors = {path.stem for path in (ROOT / "functions").glob("*.py") if path.stem != "__init__"}
    assert set(FUNCTIONS) == doors == {"onboard", "retry", "teardown", "reconcile", "replay"}
    assert {name: props["functionName"] for name, props in FUNCTIONS.items()} == {
        name: f"{CONFIG.functions.prefix}{name}" for name in doors
    }


def test_the_top_level() -> None:
    """The file is of edition 3.0.0, and each resource of component fc3, with keys that Serverless Devs knows."""
    assert set(DOCUMENT) <= {"edition", "name", "access", "vars", "template", "resources"}
    assert DOCUMENT["edition"] == "3.0.0"
    for resource in DOCUMENT["resources"].values():
        assert resource["component"] == "fc3"
        assert set(resource) <= {"component", "extend", "actions", "props"}


@every_function
def test_keys_and_limits(name: str) -> None:
    """Every key is one that the component knows, and every value is within the documented limits."""
    props = FUNCTIONS[name]
    assert deployment.mistakes(props, deployment.FUNCTION, name) == []
    assert set(props) >= deployment.REQUIRED
    for trigger in props.get("triggers", []):
        place = f"{name}.{trigger['triggerName']}"
        assert deployment.mistakes(trigger, deployment.TRIGGER, place) == []
        assert deployment.mistakes(trigger["triggerConfig"], deployment.CONFIG[trigger["triggerType"]], place) == []


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("handlr", "x"),
        ("memorySize", 500),
        ("timeout", True),
        ("runtime", "python3.11"),
        ("role", "acs:ram::1000000000000001:role/Cab"),
        ("environmentVariables", {"FC_API": "3.0"}),
        ("environmentVariables", {"API": 3}),
        ("asyncInvokeConfig", {"retries": 1}),
    ],
)
def test_the_table_finds_mistakes(key: str, value: object) -> None:
    """A misspelt key and a value out of its limits are found."""
    assert len(deployment.mistakes({**FUNCTIONS["retry"], key: value}, deployment.FUNCTION, "retry")) == 1


@every_function
def test_the_console_waits_for_the_answer(name: str) -> None:
    """Whatever time a function has, whoever invoked it from the console is still there at its end."""
    assert FUNCTIONS[name]["timeout"] < TIMEOUT_SECONDS


@every_function
def test_everything_is_rendered(name: str) -> None:
    """No variable is misspelt: none is left after rendering."""
    assert [text for text in texts(FUNCTIONS[name]) if "${" in text] == []


@every_function
def test_memory_suits_cpu(name: str) -> None:
    """Memory in GB is one to four times the number of processors (limits page)."""
    props = FUNCTIONS[name]
    assert 1 <= props["memorySize"] / 1024 / props["cpu"] <= 4


@every_function
def test_handlers_exist(name: str) -> None:
    """The handler is a function of a module that is there, and takes event and context."""
    module, _, function = FUNCTIONS[name]["handler"].rpartition(".")
    handler = getattr(importlib.import_module(module), function)
    assert module == f"functions.{name}"
    assert handler.__code__.co_varnames[: handler.__code__.co_argcount] == ("event", "context")


@every_function
def test_triggers_can_be_deployed(name: str) -> None:
    """Trigger names are unique, and the eventbridge one is the last: the component stops after an unchanged one."""
    found = FUNCTIONS[name].get("triggers", [])
    kinds = [trigger["triggerType"] for trigger in found]
    assert len({trigger["triggerName"] for trigger in found}) == len(found)
    assert "eventbridge" not in kinds[:-1]


@every_function
def test_modes_agree(name: str) -> None:
    """An event bus drives, a queue streams; sink and run options say the same, and nothing blocks or is lost."""
    for config in triggers(name, "eventbridge"):
        mode = "event-streaming" if config["eventSourceConfig"]["eventSourceType"] == "MNS" else "event-driven"
        assert config["eventSinkConfig"]["deliveryOption"]["mode"] == config["runOptions"]["mode"] == mode
        assert config["runOptions"]["errorsTolerance"] == "ALL"
        assert config["runOptions"]["deadLetterQueue"]["Arn"]


def test_everything_else_is_started_by_something() -> None:
    """Each function but replay, which a person starts, has a trigger that is switched on."""
    started = {
        name
        for name in FUNCTIONS
        for config in [*triggers(name, "eventbridge"), *triggers(name, "timer")]
        if config.get("triggerEnable", config.get("enable"))
    }
    assert started == set(FUNCTIONS) - {"replay"}


def test_queues_are_those_of_the_configuration() -> None:
    """The retry function listens to the configured queue, and what fails for good goes to the configured other one."""
    sources = [config["eventSourceConfig"] for config in triggers("retry", "eventbridge")]
    parameters = [source["eventSourceParameters"]["sourceMNSParameters"] for source in sources]
    assert parameters == [{"RegionId": CONFIG.region, "QueueName": CONFIG.queues.retry, "IsBase64Decode": True}]
    home = f"acs:mns:{CONFIG.region}:{CONFIG.management_account}:/queues/"
    named = {text for props in FUNCTIONS.values() for text in texts(props) if "/queues/" in text}
    assert named == {f"{home}{CONFIG.queues.dead_letters}", f"{home}{CONFIG.queues.dead_letters}/messages"}


def test_the_functions_may_use_their_queues() -> None:
    """The policy that is shipped for the functions' role names the same two queues."""
    policy = json.loads((ROOT / "policies" / "functions.json").read_text(encoding="utf-8"))
    named = {text.removesuffix("/messages") for text in texts(policy) if "/queues/" in text}
    assert named == {f"acs:mns:*:*:/queues/{queue}" for queue in (CONFIG.queues.retry, CONFIG.queues.dead_letters)}


@every_function
def test_functions_run_where_the_configuration_says(name: str) -> None:
    """Region and account of a function are those of the configuration, and it runs with the functions' role."""
    props = FUNCTIONS[name]
    assert props["region"] == CONFIG.region
    assert props["role"] == f"acs:ram::{CONFIG.management_account}:role/cab-functions"


def test_patterns_name_the_events_that_are_understood() -> None:
    """Onboard asks for all events by which an account joins or moves, teardown for all by which it leaves."""
    asked = {name: set(pattern["data"]["eventName"]) for name, pattern in patterns().items()}
    hints = {"onboard": {Hint.JOINED, Hint.MOVED}, "teardown": {Hint.LEFT}}
    assert asked == {
        door: {event for event, (hint, _) in ACCOUNT_EVENTS.items() if hint in wanted} for door, wanted in hints.items()
    }


def cloudevents() -> list[Any]:
    return [json.loads(path.read_bytes()) for path in sorted((ROOT / "events").glob("*.cloudevent.json"))]


@pytest.mark.parametrize(
    "document", cloudevents(), ids=lambda document: document["data"].get("eventName", document["type"])
)
def test_events_reach_one_door(document: dict[str, Any]) -> None:
    """An event that concerns an account reaches the door for it and no other; what concerns none reaches none."""
    reached = [name for name, pattern in patterns().items() if compile_pattern(pattern)(document)]
    (event,) = events.read(json.dumps(document))
    match event:
        case AccountChanged(hint=Hint.LEFT):
            assert reached == ["teardown"]
        case AccountChanged():
            assert reached == ["onboard"]
        case _ if document["data"].get("eventName") not in ACCOUNT_EVENTS or document["source"] == "acs.rds":
            assert reached == []


def test_quotas_are_divided_among_the_instances_there_are() -> None:
    """Each function's reserved concurrency is the number of instances by which the configuration divides quotas."""
    reserved = {name: props["concurrencyConfig"]["reservedConcurrency"] for name, props in FUNCTIONS.items()}
    assert reserved == CONFIG.quotas.instances


def test_sweeps_do_not_pile_up() -> None:
    """The timer's payload asks for a sweep; a run ends, and an old request is dropped, before the next is due."""
    timer, nightly = triggers("reconcile", "timer")
    event = {"triggerTime": "2026-11-22T02:05:00Z", "triggerName": "every-five-minutes", "payload": timer["payload"]}
    props, interval = FUNCTIONS["reconcile"], 300
    assert events.read(json.dumps(event)) == [events.SweepRequest(deep=False)]
    assert events.read(json.dumps({**event, "payload": nightly["payload"]})) == [events.SweepRequest(deep=True)]
    assert timer["cronExpression"] == "0 */5 * * * *"
    assert nightly["cronExpression"] == "0 32 18 * * *"
    assert props["concurrencyConfig"]["reservedConcurrency"] == 1
    assert props["timeout"] < interval
    assert props["asyncInvokeConfig"]["maxAsyncEventAgeInSeconds"] < interval
    assert props["asyncInvokeConfig"]["maxAsyncRetryAttempts"] == 0
    assert "destinationConfig" not in props["asyncInvokeConfig"], (
        "a failed sweep is no dead letter: the next one follows"
    )
