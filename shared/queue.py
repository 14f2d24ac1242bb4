"""The MNS queues: the memory of retries, and the place where messages wait for a person.

The SDK's ``Account`` holds one connection and is not thread-safe, so each thread has its own.
"""

from __future__ import annotations

import base64
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from http.client import BadStatusLine
from typing import Any

from shared.clients import BRIEF_WAITS, READ_SECONDS, Credentials
from shared.config import Config
from shared.deadline import Deadline
from shared.log import redacted
from shared.messages import DeadLetterMessage, Held, Message, Times, fitting, plain

LARGEST_BODY = 65_536
"""Bytes of a message as it lies in the queue, base64 included (page "Limits" of Simple Message Queue)."""
BATCH = 16
"""Messages that one call receives at most (same page)."""
EMPTY = "MessageNotExist"
"""The code for an empty queue, and for a handle that is void by now (page "Error codes")."""
DAMAGED = "RespDataDamaged"
"""The SDK's code for an answer that cannot be read."""
PASSING = frozenset({"InternalError", "InternalServerError", "QpsLimitExceeded", "NetWorkException", DAMAGED})
"""Codes of MNS, and of its SDK where no answer came or none that can be read: over within a second, perhaps."""
QUICK_SECONDS = 2.0
"""What took longer to fail is not tried again at once."""
LEAST_SECONDS = 0.5
"""A try has at least so long, however little time is left."""


class QueueError(Exception):
    """The message is in no queue: the invocation must fail, so that the platform brings the event back."""

    def __init__(self, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.code = code
        """The vendor's."""


class GoneError(QueueError):
    """The message that was received is not ours any more: its time was over, and somebody else may have it."""


class Queues:
    """Sends to the retry queue and to the dead-letter queue, and reads the latter."""

    def __init__(self, config: Config, credentials: Credentials, deadline: Deadline) -> None:
        self._endpoint = config.endpoints.mns.format(account=config.management_account, region=config.region)
        self._names = config.queues
        self._credentials = credentials
        self._deadline = deadline
        self._accounts = threading.local()

    def retry_later(self, message: Message, delay: int) -> None:
        """Put ``message`` into the retry queue, to come back after ``delay`` seconds."""
        self._send(self._names.retry, _body(message), delay)

    def set_aside(self, letter: DeadLetterMessage) -> None:
        """Put ``letter`` into the dead-letter queue."""
        self._send(self._names.dead_letters, _body(letter), 0)

    def bring_back(self, body: str, delay: int) -> None:
        """Put the text of a dead letter into the retry queue, as it is."""
        self._send(self._names.retry, body, delay)

    def receive_dead_letters(self) -> list[Held]:
        """Up to 16 dead letters, hidden from now on for the queue's visibility timeout; none if there are none."""

        def received(queue: Any) -> list[Held]:  # noqa: ANN401 - the SDK ships no types
            return [_held(one) for one in queue.batch_receive_message(BATCH, 0)]

        try:
            found: list[Held] = self._on(self._names.dead_letters, received)
        except GoneError:
            return []
        return found

    def hide(self, held: Held, seconds: int) -> Held:
        """Keep a received message hidden for so many seconds from now (1 to 43200); raises GoneError if it is not ours.

        Source: API page ChangeMessageVisibility. The handle changes with it.
        """

        def hidden(queue: Any) -> Held:  # noqa: ANN401 - the SDK ships no types
            changed = queue.change_message_visibility(held.handle, seconds)
            return replace(held, handle=changed.receipt_handle, hidden_until=int(changed.next_visible_time) / 1000)

        found: Held = self._on(self._names.dead_letters, hidden)
        return found

    def delete(self, held: Held) -> None:
        """Delete a dead letter that was received; raises GoneError if it is not ours any more.

        Where it is gone only at a further try, an earlier one deleted it, and its answer was lost.
        """
        tries = 0

        def deleted(queue: Any) -> None:  # noqa: ANN401 - the SDK ships no types
            nonlocal tries
            tries += 1
            queue.delete_message(held.handle)

        try:
            self._on(self._names.dead_letters, deleted)
        except GoneError:
            if tries == 1:
                raise

    def dead_letter_times(self) -> Times:
        """How long the dead-letter queue keeps and hides messages."""
        found = self._on(self._names.dead_letters, lambda queue: queue.get_attributes())
        return Times(found.message_retention_period, found.visibility_timeout)

    def _send(self, name: str, body: str, delay: int) -> None:
        from mns.queue import Message as MnsMessage

        # Plain only where base64 would make it too large, as it may with a message that the cloud itself wrote.
        encoded = len(base64.b64encode(body.encode())) <= LARGEST_BODY
        self._on(name, lambda queue: queue.send_message(MnsMessage(body, delay)), encoded=encoded)

    def _on(self, name: str, call: Callable[[Any], Any], *, encoded: bool = False) -> Any:  # noqa: ANN401 - the SDK
        """Call the queue; briefly again where that may help (a message sent twice does no harm).

        All tries end before the invocation is cut off: each has its share of the time until then.
        """
        for tries, wait in zip((3, 2), BRIEF_WAITS, strict=True):
            began = time.monotonic()
            try:
                return self._once(name, call, self._deadline.to_the_end / tries, encoded=encoded)
            except QueueError as error:
                if error.code not in PASSING or time.monotonic() - began > QUICK_SECONDS:
                    raise
                time.sleep(min(wait * random.uniform(0.5, 1.5), self._deadline.to_the_end / tries))
        return self._once(name, call, self._deadline.to_the_end - LEAST_SECONDS, encoded=encoded)

    def _once(self, name: str, call: Callable[[Any], Any], seconds: float, *, encoded: bool) -> Any:  # noqa: ANN401
        from mns.mns_exception import MNSExceptionBase

        try:
            account = self._account()
            _limit(account.mns_client.http.conn, min(max(seconds, LEAST_SECONDS), READ_SECONDS))
            queue = account.get_queue(name)
            queue.set_encoding(encoded)
            return call(queue)
        except MNSExceptionBase as error:
            kind = GoneError if error.type == EMPTY else QueueError
            raise kind(f"queue {name}: {error.type}: {error.message}"[:300], error.type) from error
        except ValueError as error:
            # The SDK minds what is missing in an answer, and not a number that is none.
            raise QueueError(f"queue {name}: {DAMAGED}: {error}"[:300], DAMAGED) from error

    def _account(self) -> Any:  # noqa: ANN401 - the SDK ships no types
        if not hasattr(self._accounts, "account"):
            from mns.account import Account

            keys = self._credentials
            self._accounts.account = Account(
                self._endpoint, keys.access_key_id, keys.access_key_secret, keys.security_token or ""
            )
            _send_once(self._accounts.account.mns_client.http.conn)
        return self._accounts.account


def _limit(connection: Any, seconds: float) -> None:  # noqa: ANN401 - the SDK's, of http.client
    """How long connecting, and each wait for an answer, may take. Over https the SDK itself sets no timeout at all."""
    connection.timeout = connection.connection_timeout = seconds
    if connection.sock is not None:
        connection.sock.settimeout(seconds)


def _send_once(connection: Any) -> None:  # noqa: ANN401 - the same
    """Keep the SDK from sending again, unseen by us, what was not answered before the connection was closed."""
    answer = connection.getresponse

    def answered() -> Any:  # noqa: ANN401 - the same
        try:
            return answer()
        except BadStatusLine as error:
            raise ConnectionError(str(error)) from error

    connection.getresponse = answered


def _held(message: Any) -> Held:  # noqa: ANN401 - the same
    body = message.message_body
    return Held(
        message.message_id,
        message.receipt_handle,
        plain(body.decode(errors="replace") if isinstance(body, bytes) else body),
        message.enqueue_time / 1000,
        message.next_visible_time / 1000,
    )


def _body(message: Message | DeadLetterMessage) -> str:
    """A message as text, without the secrets that somebody may have put into an event."""
    return json.dumps(redacted(fitting(message)), ensure_ascii=False, separators=(",", ":"))
