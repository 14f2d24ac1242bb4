"""The MNS queues: the memory of retries, and the place where messages wait for a person.

The SDK's ``Account`` holds one connection and is not thread-safe, so each thread has its own.
"""

from __future__ import annotations

import threading
from typing import Any

from shared.clients import CONNECT_SECONDS, READ_SECONDS, Credentials
from shared.config import Config
from shared.messages import DeadLetterMessage, Message


class QueueError(Exception):
    """The message is in no queue: the invocation must fail, so that the platform brings the event back."""


class Queues:
    """Sends to the retry queue and to the dead-letter queue."""

    def __init__(self, config: Config, credentials: Credentials) -> None:
        self._endpoint = config.endpoints.mns.format(account=config.management_account, region=config.region)
        self._names = config.queues
        self._credentials = credentials
        self._accounts = threading.local()

    def retry_later(self, message: Message, delay: int) -> None:
        """Put ``message`` into the retry queue, to come back after ``delay`` seconds."""
        self._send(self._names.retry, message.model_dump_json(), delay)

    def set_aside(self, letter: DeadLetterMessage) -> None:
        """Put ``letter`` into the dead-letter queue."""
        self._send(self._names.dead_letters, letter.model_dump_json(), 0)

    def _send(self, queue_name: str, body: str, delay: int) -> None:
        from mns.mns_exception import MNSExceptionBase
        from mns.queue import Message as MnsMessage

        try:
            self._account().get_queue(queue_name).send_message(MnsMessage(body, delay))
        except MNSExceptionBase as error:
            raise QueueError(f"queue {queue_name}: {error.type}: {error.message}"[:300]) from error

    def _account(self) -> Any:  # noqa: ANN401 - the SDK ships no types
        if not hasattr(self._accounts, "account"):
            from mns.account import Account

            keys = self._credentials
            account = Account(self._endpoint, keys.access_key_id, keys.access_key_secret, keys.security_token or "")
            account.mns_client.set_connection_timeout(READ_SECONDS)
            # Over https the SDK sets no timeout at all; its connection is http.client's, whose own one works.
            account.mns_client.http.conn.timeout = CONNECT_SECONDS + READ_SECONDS
            self._accounts.account = account
        return self._accounts.account
