"""The same queues through MNS-open 2022-01-19, where dead-letter policies are set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_mns_open20220119 import models
from alibabacloud_tea_openapi.exceptions import ClientException
from mns.account import Account
from mns.queue import Message, QueueMeta

if TYPE_CHECKING:
    from tests.cloud import LocalCloud


def wire(cloud: LocalCloud, name: str) -> Any:
    key = cloud.key()
    return Account(cloud.endpoints["mns"], key.access_key_id, key.access_key_secret).get_queue(name)


def create(cloud: LocalCloud, name: str, **attributes: Any) -> Any:
    request = models.CreateQueueRequest(queue_name=name, **attributes)
    return cloud.client("mnsopen").create_queue(request).body


def described(cloud: LocalCloud, name: str) -> Any:
    request = models.GetQueueAttributesRequest(queue_name=name)
    return cloud.client("mnsopen").get_queue_attributes(request).body.data


def test_the_two_sides_share_queues(cloud: LocalCloud) -> None:
    """A queue made on the RPC side is used on the XML side, and the other way round."""
    answer = create(cloud, "jobs", visibility_timeout=77)
    assert (answer.code, answer.status, answer.success, answer.data.success) == (200, "Success", True, True)
    assert wire(cloud, "jobs").get_attributes().visibility_timeout == 77
    wire(cloud, "other").create(QueueMeta(vis_timeout=12))
    assert described(cloud, "other").visibility_timeout == 12


def test_nothing_is_lost_when_the_sdk_reads_attributes(cloud: LocalCloud) -> None:
    """Every field of the SDK's model has a value."""
    create(cloud, "dead")
    policy = models.CreateQueueRequestDlqPolicy(enabled=True, dead_letter_target_queue="dead", max_receive_count=3)
    create(cloud, "jobs", dlq_policy=policy, tag=[models.CreateQueueRequestTag(key="a", value="b")])
    got = described(cloud, "jobs")
    assert [name for name, value in vars(got).items() if value is None] == []
    assert (got.dlq_policy.dead_letter_target_queue, got.dlq_policy.max_receive_count) == ("dead", "3")
    assert (got.tags[0].tag_key, got.tags[0].tag_value) == ("a", "b")


def test_attributes_change_one_by_one(cloud: LocalCloud) -> None:
    """Setting one attribute leaves the others; a dead-letter policy can be set later."""
    create(cloud, "jobs", visibility_timeout=50, delay_seconds=3)
    policy = models.SetQueueAttributesRequestDlqPolicy(enabled=True, dead_letter_target_queue="d", max_receive_count=2)
    request = models.SetQueueAttributesRequest(queue_name="jobs", visibility_timeout=60, dlq_policy=policy)
    cloud.client("mnsopen").set_queue_attributes(request)
    got = described(cloud, "jobs")
    assert (got.visibility_timeout, got.delay_seconds, got.dlq_policy.enabled) == (60, 3, True)


def test_what_was_received_too_often_goes_aside(cloud: LocalCloud) -> None:
    """After MaxReceiveCount receives a message is in the dead-letter queue, its retention still counting."""
    create(cloud, "dead", message_retention_period=600)
    policy = models.CreateQueueRequestDlqPolicy(enabled=True, dead_letter_target_queue="dead", max_receive_count=2)
    create(cloud, "jobs", dlq_policy=policy, visibility_timeout=10)
    jobs, dead = wire(cloud, "jobs"), wire(cloud, "dead")
    sent = jobs.send_message(Message("poison"))
    for _ in range(2):
        assert jobs.receive_message().message_body == b"poison"
        cloud.advance(11)
    got = dead.peek_message()
    assert (got.message_id, got.message_body, got.dequeue_count) == (sent.message_id, b"poison", 0)
    assert cloud.state()["mns"]["queues"]["1000000000000001"]["jobs"]["messages"] == {}
    cloud.advance(580)
    assert cloud.state()["mns"]["queues"]["1000000000000001"]["dead"]["messages"] != {}
    with pytest.raises(Exception, match="MessageNotExist"):
        dead.receive_message()


def test_queues_are_listed_in_pages(cloud: LocalCloud) -> None:
    """Page sizes are bent into 10 to 50; the totals count what fits the filter."""
    for number in range(12):
        create(cloud, f"jobs-{number:02}")
    create(cloud, "other", tag=[models.CreateQueueRequestTag(key="a", value="b")])
    client = cloud.client("mnsopen")
    page = client.list_queue(models.ListQueueRequest(page_num=2, page_size=3, queue_name="jobs")).body.data
    assert (page.page_size, page.pages, page.size, page.total) == (10, 2, 2, 12)
    assert [one.queue_name for one in page.page_data] == ["jobs-10", "jobs-11"]
    tagged = client.list_queue(models.ListQueueRequest(tag=[models.ListQueueRequestTag(key="a", value="b")]))
    assert [one.queue_name for one in tagged.body.data.page_data] == ["other"]


def refusal(cloud: LocalCloud, name: str, **attributes: Any) -> str:
    with pytest.raises(ClientException) as caught:
        create(cloud, name, **attributes)
    return str(caught.value.code)


def test_impossible_queues_are_refused(cloud: LocalCloud) -> None:
    """Ranges, a queue as its own dead-letter queue, other attributes, and what is not emulated."""
    own = models.CreateQueueRequestDlqPolicy(enabled=True, dead_letter_target_queue="jobs", max_receive_count=2)
    assert refusal(cloud, "jobs", visibility_timeout=0) == "InvalidParameter.VisibilityTimeout"
    assert refusal(cloud, "jobs", dlq_policy=own) == "InvalidParameter.DlqPolicy"
    assert refusal(cloud, "jobs", enable_sse=True) == "InvalidParameter.EnableSSE"
    assert refusal(cloud, "jobs", queue_type="fifo") == "InvalidParameter.QueueType"
    create(cloud, "jobs")
    assert refusal(cloud, "jobs", delay_seconds=9) == "QueueAlreadyExist"


def test_deleting_and_missing(cloud: LocalCloud) -> None:
    """A deleted queue is gone; deleting it again is fine; reading it is not."""
    create(cloud, "jobs")
    client = cloud.client("mnsopen")
    for _ in range(2):
        client.delete_queue(models.DeleteQueueRequest(queue_name="jobs"))
    with pytest.raises(ClientException) as caught:
        described(cloud, "jobs")
    assert (caught.value.code, caught.value.status_code) == ("QueueNotExist", 404)


def test_each_account_has_its_own_queues(cloud: LocalCloud) -> None:
    """On the RPC side the caller's account decides whose queues are meant."""
    create(cloud, "jobs")
    listed = cloud.client("mnsopen", account="backup").list_queue(models.ListQueueRequest()).body.data
    assert listed.total == 0
