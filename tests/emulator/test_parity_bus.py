"""What ``s.yaml`` may say and what EventBridge delivers, against the models of the official SDKs.

EventBridge has no endpoint here: its rules are made by triggers. Its witnesses are Function Compute's models of a
trigger, and EventBridge's own models of a rule's target and of an event.
"""

from __future__ import annotations

import inspect
import json
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_eventbridge20200401 import models as eb
from alibabacloud_fc20230330 import models as fc

from emulator.bus import wrap
from emulator.bus.delivery import RETRIES
from emulator.fc import functions, trigger_settings
from tests.emulator.sdk_models import fields

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pydantic import BaseModel

    from tests.cloud import LocalCloud

COMPONENT = {
    ("DeliveryOption", "mode"),
    ("RunOptions", "maximumTasks"),
    ("AsyncInvoke", "qualifier"),
    *(("Function", name) for name in ("region", "endpoint", "triggers", "asyncInvokeConfig", "concurrencyConfig")),
    *(("Function", name) for name in ("vpcBinding", "provisionConfig", "scalingConfig")),
}
"""Keys of the component fc3 that it makes other calls of, or passes on unseen (``schema.json`` of devsapp/fc3). Of the
others only ``code`` has another type there: it is the path of a folder."""
NOT_EMULATED = {
    *(("SourceParameters", f"source{kind}Parameters") for kind in ("DTS", "Kafka", "MQTT", "RabbitMQ", "RocketMQ")),
    ("Hook", "command"),
    *(("Function", f"{name}Config") for name in ("customContainer", "customRuntime", "gpu", "juiceFs", "polarFs")),
    *(("Function", name) for name in ("microSandboxConfig", "sessionAffinity", "sessionAffinityConfig")),
    *(("Function", name) for name in ("disableInjectCredentials", "disableOndemand", "enableLongLiving")),
    *(("Function", name) for name in ("idleTimeout", "instanceIsolationMode")),
}
"""What the SDK has and ``s.yaml`` may not say here: it stops the start."""
EXTENSIONS = {"accountid", "originalaccountid", "publishtime", "eventbusname", "regionid", "publishaddr"}
"""After ``aliyun``: help page "CloudEvents" of EventBridge; the second is in Function Compute's samples."""
PAIRS: Iterable[tuple[type[BaseModel], type]] = [
    (trigger_settings.Timer, fc.TimerTriggerConfig),
    (trigger_settings.QueueSource, fc.SourceMNSParameters),
    (trigger_settings.SourceParameters, fc.EventSourceParameters),
    (trigger_settings.Source, fc.EventSourceConfig),
    (trigger_settings.DeliveryOption, fc.DeliveryOption),
    (trigger_settings.Sink, fc.EventSinkConfig),
    (trigger_settings.Retries, fc.RetryStrategy),
    (trigger_settings.DeadLetters, fc.DeadLetterQueue),
    (trigger_settings.Window, fc.BatchWindow),
    (trigger_settings.RunOptions, fc.RunOptions),
    (trigger_settings.EventBridge, fc.EventBridgeTriggerConfig),
    (trigger_settings.Trigger, fc.CreateTriggerInput),
    (functions.Hook, fc.LifecycleHook),
    (functions.Lifecycle, fc.InstanceLifecycleConfig),
    (functions.Destination, fc.Destination),
    (functions.Destinations, fc.DestinationConfig),
    (functions.AsyncInvoke, fc.PutAsyncInvokeConfigInput),
    (functions.Concurrency, fc.PutConcurrencyInput),
    (functions.Function, fc.CreateFunctionInput),
]
TYPES = {"string": "str", "integer": "int", "number": "float", "boolean": "bool"}
"""A plain type in a JSON schema → in the SDK."""


@pytest.mark.parametrize(("declared", "model"), PAIRS, ids=lambda one: one.__name__)
def test_a_declared_key_is_the_sdk_s(declared: type[BaseModel], model: type) -> None:
    """``s.yaml`` may say what the SDK can send, under the same names and of the same types."""
    name = declared.__name__
    mine = declared.model_json_schema(by_alias=True)["properties"]
    theirs = fields(model)
    assert {(name, key) for key in mine.keys() - theirs.keys()} == {one for one in COMPONENT if one[0] == name}
    assert {(name, key) for key in theirs.keys() - mine.keys()} == {one for one in NOT_EMULATED if one[0] == name}
    plain = {key: TYPES[mine[key]["type"]] for key in mine.keys() & theirs.keys() if mine[key].get("type") in TYPES}
    assert {(name, key) for key, kind in plain.items() if kind != theirs[key].__name__} <= {("Function", "code")}


def test_every_declared_part_is_compared() -> None:
    """No model of what ``s.yaml`` may say is left out."""
    parts = {
        found
        for module in (trigger_settings, functions)
        for _, found in inspect.getmembers(module, inspect.isclass)
        if issubclass(found, trigger_settings.Declared)
    }
    assert parts - {trigger_settings.Declared, trigger_settings.Parameters} == {declared for declared, _ in PAIRS}


def test_strategies_and_tolerances_are_the_rule_s() -> None:
    """Retry strategies, their counts, and tolerances are those that EventBridge's own SDK says."""
    said = inspect.getsource(eb.CreateRuleRequestEventTargets)
    assert all(f"`{name}`" in said for name in (*RETRIES, "ALL", "NONE"))
    assert said.count("_RETRY`") == len(RETRIES)
    assert "three retry attempts at random intervals of 10 to 20 seconds" in said
    assert "176 retry attempts over 24 hours" in said
    assert fields(eb.CreateRuleRequestEventTargetsDeadLetterQueue).keys() >= {"Arn"}


@pytest.fixture
def recorded(toured: dict[str, Any], moments: Any, running_cloud: LocalCloud) -> list[dict[str, Any]]:
    """Every event that a tour through the directory leaves in the trail."""
    assert toured
    running_cloud.load(moments["resourcedirectory", "GetControlPolicyEnablementStatus"][0].again())
    trails = running_cloud.state()["trail"]["events"].values()
    return [kept["event"] for events in trails for kept in events]


def test_every_event_is_a_cloud_event_as_the_sdk_has_it(recorded: list[dict[str, Any]]) -> None:
    """Its attributes are the SDK's, all of them texts but the data; the rest are extensions of Alibaba Cloud's."""
    model = fields(eb.PutEventsRequestEventList)
    attributes = {name.lower() for name in model}
    assert recorded
    for event in recorded:
        sent = wrap(event)
        extensions = {name for name in sent if name.startswith("aliyun")}
        assert sent.keys() - extensions == attributes - {"dataschema"}
        assert extensions == {"aliyun" + name for name in EXTENSIONS}
        assert [name for name, value in sent.items() if type(value) is not str] == ["data"]
        assert (sent["specversion"], json.loads(json.dumps(sent["data"]))) == ("1.0", event)
