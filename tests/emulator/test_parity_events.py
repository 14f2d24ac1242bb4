"""The answers of ActionTrail and MNS-open against the official SDKs' models."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_actiontrail20200706 import models as trail
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from emulator.mns.open import SERVICE as MNS
from emulator.trail.lookup import SERVICE as TRAIL
from tests.emulator.sdk_models import differences, recorder

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

ACTIONS = [(service.name, action) for service in (MNS, TRAIL) for action in sorted(service.actions)]


def tour_queues(cloud: LocalCloud) -> Any:
    client = recorder(cloud, "mnsopen")
    policy = mns.CreateQueueRequestDlqPolicy(enabled=True, dead_letter_target_queue="dead", max_receive_count=3)
    tag = mns.CreateQueueRequestTag(key="team", value="backup")
    client.create_queue(mns.CreateQueueRequest(queue_name="jobs", dlq_policy=policy, tag=[tag]))
    client.set_queue_attributes(mns.SetQueueAttributesRequest(queue_name="jobs", delay_seconds=1))
    client.get_queue_attributes(mns.GetQueueAttributesRequest(queue_name="jobs"))
    client.list_queue(mns.ListQueueRequest())
    client.delete_queue(mns.DeleteQueueRequest(queue_name="jobs"))
    return client


def tour_trail(cloud: LocalCloud) -> Any:
    directory = cloud.client("resourcedirectory")
    for name in ("one", "two"):
        directory.create_folder(rd.CreateFolderRequest(folder_name=name))
    client = recorder(cloud, "actiontrail")
    attribute = trail.LookupEventsRequestLookupAttribute(key="EventName", value="CreateFolder")
    client.lookup_events(trail.LookupEventsRequest(max_results="1", lookup_attribute=[attribute]))
    return client


@pytest.fixture(scope="module")
def answers(running_cloud: LocalCloud) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Every answer of a tour through all actions of the two services."""
    running_cloud.reset()
    clients = {"mnsopen": tour_queues(running_cloud), "actiontrail": tour_trail(running_cloud)}
    return {(name, action): found for name, client in clients.items() for action, found in client.answers.items()}


@pytest.mark.parametrize(("service", "action"), ACTIONS)
def test_answers_are_the_sdk_s(answers: dict[tuple[str, str], list[dict[str, Any]]], service: str, action: str) -> None:
    """An answer has the keys of the official SDK's model, no other, and values of its types."""
    found = {difference for answer in answers[service, action] for difference in differences(service, action, answer)}
    assert found == set()
