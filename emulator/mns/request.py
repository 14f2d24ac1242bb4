"""What an MNS action gets and gives: one authenticated call, one answer."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from emulator.mns import messages
from emulator.mns.wire import whole_number

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.mns.state import Queue


@dataclass(frozen=True)
class Request:
    """One authenticated MNS call."""

    cloud: Cloud
    account_id: str
    base_url: str
    queue_name: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    @property
    def queue(self) -> Queue:
        """The queue that the path names."""
        return messages.find(self.cloud, self.account_id, self.queue_name)

    def number(self, name: str, low: int, high: int) -> int:
        """An integer of the query string, within its range."""
        return whole_number(name, self.query.get(name), low, high)


@dataclass(frozen=True)
class Answer:
    """What goes back."""

    status: int
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()


Run = Callable[[Request], "Answer | Awaitable[Answer]"]
