"""EventBridge: which events reach which function, how often, and what happens when the function fails."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from alibabacloud_fc20230330.models import EventBridgeTriggerConfig
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from tests.cloud import LocalCloud
from tests.emulator.deployed import (
    ACCOUNT,
    control,
    events,
    queue,
    queue_arn,
    runs,
    settings,
    wait_for,
)
from tests.emulator.sdk_models import unlike
from tests.emulator.signing import own, send

if TYPE_CHECKING:
    from tests.cloud import Key

OTHER_SOURCES = ".eventSourceConfig.eventSourceParameters.source"
CREATED = {"source": ["acs.resourcemanager"], "data": {"eventName": ["CreateResourceAccount"]}}


def heard(pattern: Any, **config: Any) -> dict[str, Any]:
    """A function with one trigger on the default bus."""
    rule = {
        "triggerEnable": True,
        "asyncInvocationType": False,
        "eventRuleFilterPattern": json.dumps(pattern),
        "eventSourceConfig": {"eventSourceType": "Default"},
        **config,
    }
    return {"triggers": [{"triggerName": "rule", "triggerType": "eventbridge", "triggerConfig": rule}]}


def failing(strategy: str, dead_letters: str, name: str) -> dict[str, Any]:
    options = {"retryStrategy": {"PushRetryStrategy": strategy}, "errorsTolerance": "ALL"}
    if dead_letters:
        options["deadLetterQueue"] = {"Arn": queue_arn(dead_letters)}
    pattern = {"data": {"eventName": [name]}}
    return heard(pattern, runOptions=options) | {"environmentVariables": {"FAIL": "yes"}}


FUNCTIONS: dict[str, dict[str, Any]] = {
    "created": heard(CREATED),
    "later": heard(CREATED, asyncInvocationType=True),
    "bare": heard(CREATED, eventSinkConfig={"deliveryOption": {"eventSchema": "RawData"}}),
    "singapore": heard(CREATED) | {"region": "ap-southeast-1"},
    "disabled": heard(CREATED, triggerEnable=False),
    "roles": heard({"source": ["acs.ram"], "type": [{"suffix": ":ActionTrail:ApiCall"}]}),
    "stubborn": failing("BACKOFF_RETRY", "dead", "CreateFolder"),
    "patient": failing("EXPONENTIAL_DECAY_RETRY", "", "CreatePolicy"),
}


def make_account(cloud: LocalCloud, name: str = "fresh") -> str:
    request = rd.CreateResourceAccountRequest(display_name=name)
    return str(cloud.client("resourcedirectory").create_resource_account(request).body.account.account_id)


def make_folder(cloud: LocalCloud) -> str:
    request = rd.CreateFolderRequest(folder_name="new", parent_folder_id="r-Landing")
    return str(cloud.client("resourcedirectory").create_folder(request).body.folder.folder_id)


def make_policy(cloud: LocalCloud, key: Key | None = None) -> None:
    request = ram.CreatePolicyRequest(policy_name="p", policy_document='{"Version":"1","Statement":[]}')
    cloud.client("ram", key=key).create_policy(request)


def test_a_created_account_reaches_the_function(cloud: LocalCloud) -> None:
    """One call of CreateResourceAccount ends in one invocation with one CloudEvent around the trail's event."""
    account = make_account(cloud)
    wait_for(cloud, "created", 1)
    (event,) = events(cloud, "created")
    expected = {
        "source": "acs.resourcemanager",
        "type": "resourcemanager:ActionTrail:ApiCall",
        "specversion": "1.0",
        "aliyunaccountid": ACCOUNT,
        "aliyunregionid": "cn-hangzhou",
        "aliyuneventbusname": "default",
    }
    assert expected == {name: event[name] for name in expected}
    assert event["id"] == event["data"]["eventId"]
    assert event["data"]["responseElements"]["Account"]["AccountId"] == account
    assert runs(cloud, "created")[0]["source"] == "rule"


def test_a_rule_can_invoke_asynchronously(cloud: LocalCloud) -> None:
    """The asynchronous trigger gets the same event."""
    make_account(cloud)
    wait_for(cloud, "later", 1)
    assert events(cloud, "later")[0]["data"]["eventName"] == "CreateResourceAccount"


def test_raw_data_is_the_event_alone(cloud: LocalCloud) -> None:
    """With RawData the function gets the trail's event without envelope."""
    make_account(cloud)
    wait_for(cloud, "bare", 1)
    assert events(cloud, "bare")[0]["eventName"] == "CreateResourceAccount"


def test_rules_hear_their_own_region_only(cloud: LocalCloud) -> None:
    """Where the directory's events are published decides which region's rule hears them."""
    make_account(cloud)
    wait_for(cloud, "created", 1)
    cloud.guess(directory_event_region="ap-southeast-1")
    make_account(cloud, "second")
    wait_for(cloud, "singapore", 1)
    cloud.advance(1)
    assert (len(runs(cloud, "created")), len(runs(cloud, "singapore"))) == (1, 1)
    assert events(cloud, "singapore")[0]["data"]["acsRegion"] == "ap-southeast-1"


def test_the_directory_may_be_silent(cloud: LocalCloud) -> None:
    """Under the guess that its events are not published, nothing comes, while other products are still heard."""
    cloud.guess(directory_events="absent")
    make_account(cloud)
    make_policy(cloud)
    wait_for(cloud, "roles", 1)
    assert runs(cloud, "created") == []
    assert [event["data"]["eventName"] for event in events(cloud, "roles")] == ["CreatePolicy"]


def test_the_directory_s_events_may_have_the_newer_product_s_name(cloud: LocalCloud) -> None:
    """Under that guess name, source and type are others, and a rule for the older ones hears nothing."""
    cloud.guess(directory_service_name="ResourceDirectoryMaster")
    make_account(cloud)
    make_policy(cloud)
    wait_for(cloud, "roles", 1)
    assert runs(cloud, "created") == []


def test_a_disabled_trigger_hears_nothing(cloud: LocalCloud) -> None:
    """``triggerEnable: false`` makes no rule."""
    make_account(cloud)
    wait_for(cloud, "created", 1)
    assert runs(cloud, "disabled") == []
    assert "disabled/rule" not in control(cloud, "bus")["rules"]


def test_a_rule_is_shown_as_the_sdk_reads_it(cloud: LocalCloud) -> None:
    """The configuration that GetTrigger tells has the official SDK's keys; two of the component's come on top."""
    answer = send(own(f"{cloud.endpoints['fc']}/2023-03-30/functions/stubborn/triggers/rule", cloud.key(), "FC"))
    config = json.loads(answer.json()["triggerConfig"])
    assert config["runOptions"]["deadLetterQueue"] == {"Arn": queue_arn("dead")}
    odd = {one for one in unlike(config, EventBridgeTriggerConfig) if not one.startswith(OTHER_SOURCES)}
    component = {".eventSinkConfig.deliveryOption.mode is unknown", ".runOptions.maximumTasks is unknown"}
    assert odd == component


def test_other_accounts_have_other_buses(cloud: LocalCloud) -> None:
    """What a member account does is not on the management account's bus."""
    make_policy(cloud, cloud.into("1000000000000011"))
    cloud.advance(1)
    assert events(cloud, "roles") == []


def test_delivery_can_double(cloud: LocalCloud) -> None:
    """With duplication on, each event comes twice, with the same id."""
    settings(cloud, "bus", duplicate=1)
    make_account(cloud)
    wait_for(cloud, "created", 2)
    first, second = events(cloud, "created")
    assert first["id"] == second["id"]


def test_delivery_can_change_the_order(cloud: LocalCloud) -> None:
    """With reordering on, events do not come in the order in which they happened; all come."""
    settings(cloud, "bus", reorder_seconds=600)
    for number in range(8):
        make_account(cloud, f"fresh-{number}")
    assert runs(cloud, "created") == []
    for _ in range(60):
        cloud.advance(10)
    names = [event["data"]["requestParameters"]["DisplayName"] for event in events(cloud, "created")]
    assert sorted(names) == [f"fresh-{number}" for number in range(8)]
    assert names != sorted(names)


def test_three_more_times_and_then_aside(cloud: LocalCloud) -> None:
    """BACKOFF_RETRY tries three more times, 10 to 20 seconds apart; then the raw event is in the dead-letter queue."""
    dead = queue(cloud, "dead", encode=False)
    make_folder(cloud)
    wait_for(cloud, "stubborn", 1)
    cloud.advance(4)
    assert len(runs(cloud, "stubborn")) == 1
    cloud.advance(57)
    assert len(runs(cloud, "stubborn")) == 4
    letter = json.loads(dead.receive_message().message_body)
    assert (letter["source"], letter["data"]["eventName"]) == ("acs.resourcemanager", "CreateFolder")
    cloud.advance(86400)
    assert len(runs(cloud, "stubborn")) == 4


def test_for_a_day_and_then_dropped(cloud: LocalCloud) -> None:
    """EXPONENTIAL_DECAY_RETRY tries 176 more times within a day; without a dead-letter queue the event is gone."""
    make_policy(cloud)
    wait_for(cloud, "patient", 1)
    cloud.advance(511)
    assert len(runs(cloud, "patient")) == 10
    cloud.advance(86400)
    assert len(runs(cloud, "patient")) == 177


def test_failed_calls_are_events_too(cloud: LocalCloud) -> None:
    """A refused write is delivered, with its error code."""
    with pytest.raises(Exception, match=r"EntityNotExist\.Role"):
        cloud.client("ram").delete_role(ram.DeleteRoleRequest(role_name="nobody"))
    wait_for(cloud, "roles", 1)
    found = [event["data"] for event in events(cloud, "roles")]
    assert [event["errorCode"] for event in found] == ["EntityNotExist.Role"]


def test_an_event_by_hand(cloud: LocalCloud) -> None:
    """The control API puts any CloudEvent on the bus and says how many rules it fitted."""
    data = {"eventName": "CreateResourceAccount"}
    event = {"id": "1", "source": "acs.resourcemanager", "specversion": "1.0", "type": "x", "data": data}
    assert settings(cloud, "bus", publish=event)["matched"] == 4
    wait_for(cloud, "created", 1)
    assert events(cloud, "created")[0]["data"] == data
    assert settings(cloud, "bus", publish={**event, "aliyunaccountid": "1", "aliyunregionid": "x"})["matched"] == 0


@pytest.mark.parametrize("body", [{"duplicate": 2}, {"colour": "red"}, {"publish": {"id": "1"}}])
def test_wrong_settings_are_refused(cloud: LocalCloud, body: dict[str, Any]) -> None:
    """Unknown names, values out of range and incomplete events are a 400."""
    assert httpx.post(cloud.endpoints["control"] + "/bus", json=body).status_code == 400


def test_which_value_is_asynchronous_is_a_guess(cloud: LocalCloud) -> None:
    """Under the other reading ``false`` is accepted at once, and Function Compute retries instead of EventBridge."""
    make_folder(cloud)
    cloud.advance(120)
    assert [run["attempt"] for run in runs(cloud, "stubborn")] == [1, 1, 1, 1]
    cloud.reset(async_invocation_type="false")
    make_folder(cloud)
    cloud.advance(120)
    assert [run["attempt"] for run in runs(cloud, "stubborn")] == [1, 2, 3, 4]


def test_errors_of_functions_may_count_as_delivered(cloud: LocalCloud) -> None:
    """Under that guess a failing function is called once and nothing goes aside."""
    cloud.guess(function_errors_redelivered=False)
    dead = queue(cloud, "dead", encode=False)
    make_folder(cloud)
    cloud.advance(120)
    assert len(runs(cloud, "stubborn")) == 1
    with pytest.raises(Exception, match="MessageNotExist"):
        dead.receive_message()


def test_the_clouds_own_messages_may_be_encoded(cloud: LocalCloud) -> None:
    """Under that guess dead letters are base64, as the SDK writes messages."""
    cloud.guess(cloud_messages="base64")
    dead = queue(cloud, "dead")
    make_folder(cloud)
    cloud.advance(120)
    assert json.loads(dead.receive_message().message_body)["data"]["eventName"] == "CreateFolder"
