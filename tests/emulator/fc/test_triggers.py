"""Queues and timers as triggers of functions."""

from __future__ import annotations

import base64
import json
import time
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mns.queue import Message

from tests.cloud import LocalCloud
from tests.emulator.deployed import ACCOUNT, events, queue, queue_arn, runs, wait_for

if TYPE_CHECKING:
    pass


def fed(name: str, *, count: int = 10, seconds: int = 5, mode: str = "event-streaming", **more: Any) -> dict[str, Any]:
    """A function fed by the queue of its own name; ``more`` are run options and other parts of the configuration."""
    source = {"RegionId": "cn-hangzhou", "QueueName": name, "IsBase64Decode": more.pop("decode", True)}
    window = {"CountBasedWindow": count, "TimeBasedWindow": seconds}
    options = {"mode": mode, "errorsTolerance": "ALL", "batchWindow": window, **more.pop("options", {})}
    config = {
        "eventRuleFilterPattern": "{}",
        "eventSourceConfig": {"eventSourceType": "MNS", "eventSourceParameters": {"sourceMNSParameters": source}},
        "eventSinkConfig": {"deliveryOption": {"mode": mode, "eventSchema": more.pop("schema", "CloudEvents")}},
        "runOptions": options,
        **more,
    }
    return {"triggers": [{"triggerName": "feed", "triggerType": "eventbridge", "triggerConfig": config}]}


def timed(expression: str, *, enable: bool = True) -> dict[str, Any]:
    config = {"cronExpression": expression, "enable": enable, "payload": '{"why": "time"}'}
    return {"triggers": [{"triggerName": "clock", "triggerType": "timer", "triggerConfig": config}]}


FAIL = {"environmentVariables": {"FAIL": "yes"}}
FUNCTIONS: dict[str, dict[str, Any]] = {
    "batches": fed("batches"),
    "plain": fed("plain", decode=False, seconds=0),
    "single": fed("single", mode="event-driven", seconds=0, count=1),
    "bare": fed("bare", schema="RawData", seconds=0),
    "choosy": fed("choosy", seconds=0, count=1, eventRuleFilterPattern='{"data":{"messageBody":[{"prefix":"yes"}]}}'),
    "aside": fed("aside", seconds=0, count=1, options={"deadLetterQueue": {"Arn": queue_arn("dead")}}) | FAIL,
    "blocked": fed("blocked", seconds=0, count=1, options={"errorsTolerance": "NONE"}) | FAIL,
    "hourly": timed("0 0 * * * *"),
    "often": timed("@every 10m"),
    "off": timed("0 0 * * * *", enable=False),
    "failing": timed("0 30 18 * * *") | FAIL | {"asyncInvokeConfig": {"maxAsyncRetryAttempts": 2}},
}


def left(cloud: LocalCloud, name: str) -> int:
    return len(cloud.state()["mns"]["queues"][ACCOUNT][name]["messages"])


def test_a_full_batch_goes_at_once(cloud: LocalCloud) -> None:
    """Ten messages are one array of CloudEvents; the messages are gone afterwards."""
    jobs = queue(cloud, "batches")
    sent = jobs.batch_send_message([Message(f"body-{number}") for number in range(10)])
    wait_for(cloud, "batches", 1)
    (batch,) = events(cloud, "batches")
    assert [event["data"]["messageBody"] for event in batch] == [f"body-{number}" for number in range(10)]
    assert [event["data"]["messageId"] for event in batch] == [message.message_id for message in sent]
    expected = {
        "source": "MNS-batches-feed",
        "type": "mns:Queue:SendMessage",
        "subject": f"acs:mns:cn-hangzhou:{ACCOUNT}:queues/batches",
        "aliyunregionid": "cn-hangzhou",
    }
    assert expected == {name: batch[0][name] for name in expected}
    assert set(batch[0]["data"]) == {"requestId", "messageId", "messageBody"}
    cloud.advance(1)
    assert left(cloud, "batches") == 0


def test_a_window_gathers_what_comes(cloud: LocalCloud) -> None:
    """Fewer messages wait until the window is over, and are one batch."""
    jobs = queue(cloud, "batches")
    jobs.send_message(Message("first"))
    cloud.advance(1)
    jobs.send_message(Message("second"))
    assert runs(cloud, "batches") == []
    cloud.advance(5)
    (batch,) = events(cloud, "batches")
    assert [event["data"]["messageBody"] for event in batch] == ["first", "second"]


def test_a_delayed_message_arrives_in_its_time(cloud: LocalCloud) -> None:
    """A message sent with a delay invokes the function when the emulator's clock has passed delay and window."""
    jobs = queue(cloud, "batches")
    jobs.send_message(Message("later", 600))
    cloud.advance(500)
    assert runs(cloud, "batches") == []
    cloud.advance(106)
    assert events(cloud, "batches")[0][0]["data"]["messageBody"] == "later"


def test_many_messages_are_many_batches(cloud: LocalCloud) -> None:
    """One batch after the other, none larger than the window's count, none lost, none doubled."""
    jobs = queue(cloud, "batches")
    for start in range(0, 64, 16):
        jobs.batch_send_message([Message(str(number)) for number in range(start, start + 16)])
    cloud.advance(10)
    batches = events(cloud, "batches")
    bodies = [int(event["data"]["messageBody"]) for batch in batches for event in batch]
    assert (sorted(bodies), max(len(batch) for batch in batches)) == (list(range(64)), 10)


def test_bodies_can_stay_encoded(cloud: LocalCloud) -> None:
    """Without IsBase64Decode the function sees what is in the queue; with it, plain text passes as it is."""
    queue(cloud, "plain").send_message(Message("text"))
    wait_for(cloud, "plain", 1)
    assert events(cloud, "plain")[0][0]["data"]["messageBody"] == base64.b64encode(b"text").decode()
    queue(cloud, "bare", encode=False).send_message(Message('{"not": "base64"}'))
    cloud.advance(1)
    assert events(cloud, "bare")[0][0]["messageBody"] == '{"not": "base64"}'


def test_event_driven_is_one_object(cloud: LocalCloud) -> None:
    """In the mode event-driven each message is a call of its own, with an object and no array."""
    queue(cloud, "single").batch_send_message([Message("a"), Message("b")])
    wait_for(cloud, "single", 2)
    assert [event["data"]["messageBody"] for event in events(cloud, "single")] == ["a", "b"]


def test_a_pattern_filters_messages(cloud: LocalCloud) -> None:
    """What does not fit is taken from the queue and passed over."""
    queue(cloud, "choosy").batch_send_message([Message("no"), Message("yes, please")])
    wait_for(cloud, "choosy", 1)
    assert events(cloud, "choosy")[0][0]["data"]["messageBody"] == "yes, please"
    cloud.advance(1)
    assert left(cloud, "choosy") == 0


def test_a_failing_batch_is_tried_again_and_goes_aside(cloud: LocalCloud) -> None:
    """Three more times, then the raw event is in the dead-letter queue and the stream goes on with the next."""
    dead = queue(cloud, "dead", encode=False)
    jobs = queue(cloud, "aside")
    jobs.send_message(Message("poison"))
    wait_for(cloud, "aside", 1)
    assert left(cloud, "aside") == 1
    cloud.advance(61)
    assert len(runs(cloud, "aside")) == 4
    letter = json.loads(dead.receive_message().message_body)
    assert letter["data"]["messageBody"] == "poison"
    assert left(cloud, "aside") == 0
    jobs.send_message(Message("next"))
    wait_for(cloud, "aside", 5)


def test_without_tolerance_the_stream_stops(cloud: LocalCloud) -> None:
    """With errorsTolerance NONE an exhausted batch stays in the queue, and nothing more is delivered."""
    jobs = queue(cloud, "blocked")
    jobs.send_message(Message("poison"))
    cloud.advance(61)
    assert len(runs(cloud, "blocked")) == 4
    jobs.send_message(Message("next"))
    cloud.advance(3600)
    assert (len(runs(cloud, "blocked")), left(cloud, "blocked")) == (4, 2)
    assert "has stopped" in cloud.state()["fc"]["logs"]["blocked"][-1]["text"]


def test_messages_that_waited_are_taken_after_a_load(cloud: LocalCloud) -> None:
    """A stream takes what was in its queue before it began."""
    queue(cloud, "batches").send_message(Message("old", 100))
    state = cloud.state()
    cloud.reset()
    cloud.load(state)
    cloud.advance(106)
    assert events(cloud, "batches")[0][0]["data"]["messageBody"] == "old"


def until(cloud: LocalCloud, second: int) -> float:
    """Seconds from the emulator's now to the next time of day (in seconds)."""
    now = cloud.advance(0)
    return (second - now) % 86400


def test_a_timer_runs_when_it_is_due(cloud: LocalCloud) -> None:
    """The event has the time, the trigger's name and the payload as text."""
    cloud.advance(until(cloud, 18 * 3600) - 30)
    before = len(runs(cloud, "hourly"))
    cloud.advance(31)
    assert len(runs(cloud, "hourly")) == before + 1
    event = events(cloud, "hourly")[-1]
    assert (event["triggerName"], json.loads(event["payload"])) == ("clock", {"why": "time"})
    assert event["triggerTime"].endswith("T18:00:00Z")


def test_a_skipped_day_is_no_burst(cloud: LocalCloud) -> None:
    """A jump over a day with 144 due times runs the timer once or twice, and then on schedule again."""
    cloud.advance(86400)
    first = len(runs(cloud, "often"))
    assert 1 <= first <= 2
    cloud.advance(601)
    assert len(runs(cloud, "often")) == first + 1


def test_a_disabled_timer_rests(cloud: LocalCloud) -> None:
    """``enable: false`` runs nothing."""
    cloud.advance(7200)
    assert runs(cloud, "off") == []


def test_a_failing_timer_is_retried_as_asynchronous_calls_are(cloud: LocalCloud) -> None:
    """Timers invoke asynchronously, so the declared retries apply."""
    cloud.advance(until(cloud, 18 * 3600 + 1800) + 60)
    assert [run["attempt"] for run in runs(cloud, "failing")] == [1, 2, 3]


def test_an_idle_emulator_rests(cloud: LocalCloud) -> None:
    """With streams, rules and timers armed and nothing to do, two seconds cost less than a tenth of a second of CPU."""
    queue(cloud, "batches")

    def spent() -> float:
        fields = Path(f"/proc/{cloud.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / 100

    before = spent()
    time.sleep(2)
    assert spent() - before < 0.1


def test_times_are_utc(cloud: LocalCloud) -> None:
    """The time in the event is the emulator's, in UTC."""
    now = cloud.advance(3600)
    event = events(cloud, "hourly")[0]
    due = datetime.strptime(event["triggerTime"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=timezone.utc)
    assert now - 3601 < due.timestamp() <= now
