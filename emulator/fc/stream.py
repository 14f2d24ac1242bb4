"""An MNS queue as event source: EventBridge takes messages in batches, calls the function, and deletes what was taken.

Help pages "MNS queue triggers" and "Formats of event for different triggers" of Function Compute. EventBridge consumes
with its own service-linked role, so no policy is asked. That a failed call means the whole batch again is inferred
(guess ``function_errors_redelivered``).
"""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import TYPE_CHECKING, Any

from emulator.bus.delivery import start
from emulator.bus.patterns import compile_pattern
from emulator.bus.state import Delivery
from emulator.clock import utc
from emulator.mns import messages

if TYPE_CHECKING:
    from emulator.fc.compute import Compute
    from emulator.fc.functions import Function
    from emulator.fc.trigger_settings import EventBridge, QueueSource
    from emulator.mns.state import Message, Queue

_HIDDEN_SECONDS = 43200
"""How long a taken message stays hidden while it is retried: the longest that a queue knows."""


class Stream:
    """One trigger's consumer. Wakes when messages come or become visible; does nothing in between."""

    def __init__(self, compute: Compute, function: Function, name: str, config: EventBridge) -> None:
        source = config.event_source_config.event_source_parameters.source_mns_parameters
        if source is None:
            raise ValueError("a stream needs a queue")
        self._compute, self._function, self._name, self._config = compute, function, name, config
        self._cloud = compute.cloud
        self._source: QueueSource = source
        self._fits = compile_pattern(json.loads(config.event_rule_filter_pattern))
        bus, self._id = self._cloud.state.bus, f"{function.function_name}/{name}"
        self._busy = any(f"{one.function}/{one.trigger}" == self._id for one in bus.deliveries.values())
        self._stopped = self._id in bus.stopped
        self._look_due = math.inf
        self._take_due = math.inf
        self._streaming = config.run_options.mode == "event-streaming"
        window = config.run_options.batch_window
        self._count = window.count_based_window if self._streaming else 1
        self._seconds = window.time_based_window if self._streaming else 0

    def heard(self, queue: Queue) -> None:
        """A message came into some queue."""
        if queue.name == self._source.queue_name:
            self.look()

    def look(self) -> None:
        """Take a batch now, once its window is over, or when the next message shows; nothing while one is handled."""
        queue = self._queue()
        if queue is None or self._busy or self._stopped:
            return
        visible = messages.peek(self._cloud, queue, self._count)
        if visible:
            first = min(message.visible_at for message in visible)
            self._take_at(first + (self._seconds if len(visible) < self._count else 0))
        elif queue.hidden and queue.hidden[0][0] < self._look_due:
            self._look_at(queue.hidden[0][0])

    def _queue(self) -> Queue | None:
        queues = self._cloud.state.mns.queues.get(self._compute.account_id, {})
        return queues.get(self._source.queue_name)

    def _look_at(self, due: float) -> None:
        self._look_due = due

        async def work() -> None:
            self._look_due = math.inf
            self.look()

        self._cloud.clock.at(due, work)

    def _take_at(self, due: float) -> None:
        """Until the batch is taken, further messages only make it fuller; a full one does not wait for its window."""
        if due >= self._take_due:
            return
        self._take_due = due

        async def work() -> None:
            if self._take_due == due:
                self._take_due = math.inf
                self._take(due)

        self._cloud.clock.at(due, work)

    def _take(self, due: float) -> None:
        queue = self._queue()
        if queue is None or self._busy:
            return
        self._busy = True
        taken = messages.receive(self._cloud, queue, self._count, visibility=_HIDDEN_SECONDS)
        ids, events = [message.id for message in taken], [self._event(message) for message in taken]
        events = [event for event in events if self._fits(event)]
        if events:
            self._deliver(ids, events, due)
        else:
            self.ended(ids, taken=True)

    def _deliver(self, ids: list[str], events: list[dict[str, Any]], due: float) -> None:
        options = self._config.run_options
        raw = self._config.event_sink_config.delivery_option.event_schema == "RawData"
        shown = [event["data"] if raw else event for event in events]
        aside = options.dead_letter_queue.arn if options.dead_letter_queue else ""
        delivery = Delivery(
            function=self._function.function_name,
            trigger=self._name,
            payload=json.dumps(shown if self._streaming else shown[0], ensure_ascii=False),
            async_invocation_type=self._config.async_invocation_type,
            retry=options.retry_strategy.push_retry_strategy,
            dead_letter=aside,
            dead_letters=[json.dumps(event, ensure_ascii=False) for event in events] if aside else [],
            messages=ids,
            due=due,
        )
        start(self._cloud, delivery)

    def ended(self, ids: list[str], *, taken: bool) -> None:
        """The batch was taken, or is not tried again: its messages go, and the next ones come; or the stream stops."""
        self._busy = False
        if not taken and self._config.run_options.errors_tolerance == "NONE":
            self._stopped = True
            self._cloud.state.bus.stopped.append(self._id)
            self._compute.log(self._function.function_name, f"[platform] the stream {self._name} has stopped")
            return
        if (queue := self._queue()) is not None:
            for message_id in ids:
                queue.messages.pop(message_id, None)
        self.look()

    def _event(self, message: Message) -> dict[str, Any]:
        """One message as a CloudEvent: no dequeue count, no receipt handle, no attributes."""
        account, region = self._compute.account_id, self._function.region
        return {
            "id": message.id,
            "source": f"MNS-{self._function.function_name}-{self._name}",
            "specversion": "1.0",
            "type": "mns:Queue:SendMessage",
            "datacontenttype": "application/json; charset=utf-8",
            "subject": f"acs:mns:{region}:{account}:queues/{self._source.queue_name}",
            "time": utc(message.enqueued_at),
            "aliyunaccountid": account,
            "aliyunoriginalaccountid": account,
            "aliyunpublishtime": utc(self._cloud.clock.now()),
            "aliyuneventbusname": f"MNS-{self._function.function_name}-{self._name}",
            "aliyunregionid": region,
            "aliyunpublishaddr": "127.0.0.1",
            "data": {
                "requestId": message.id.replace("-", ""),
                "messageId": message.id,
                "messageBody": _decoded(message.body) if self._source.is_base64_decode else message.body,
            },
        }


def _decoded(body: str) -> str:
    """The text behind base64; what is none stays as it is (inferred)."""
    try:
        return base64.b64decode(body, validate=True).decode()
    except (binascii.Error, ValueError):
        return body
