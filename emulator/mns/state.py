"""What MNS remembers: queues and messages, per account. No behaviour: that is in the files beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from pydantic import BaseModel, ConfigDict, Field


class Message(BaseModel):
    """One message. Times are emulated epoch seconds; ``body`` is the text as it was sent, base64 or not."""

    id: str
    order: int
    body: str
    md5: str
    priority: int = 8
    enqueued_at: float
    visible_at: float
    first_dequeued_at: float = 0.0
    dequeue_count: int = 0
    handle: str = ""
    """The receipt handle of the last receive or visibility change; every older one is void."""
    properties: dict[str, list[dict[str, str]]] = Field(default_factory=dict)
    """``UserProperties`` and ``SystemProperties`` as they were sent."""


class DeadLetterPolicy(BaseModel):
    """Where a message goes that was received too often."""

    enabled: bool = False
    target: str = ""
    max_receive_count: int = 16


class Queue(BaseModel):
    """One queue with its attributes (seconds and bytes) and messages."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    name: str
    created_at: float
    modified_at: float
    delay_seconds: int = 0
    visibility_timeout: int = 30
    maximum_message_size: int = 65536
    message_retention_period: int = 345600
    polling_wait_seconds: int = 0
    logging_enabled: bool = False
    dead_letter: DeadLetterPolicy = Field(default_factory=DeadLetterPolicy)
    tags: dict[str, str] = Field(default_factory=dict)
    messages: dict[str, Message] = Field(default_factory=dict)
    hidden: list[tuple[float, int, str]] = Field(default_factory=list)
    """Heap of (visible_at, order, id); an entry that no longer agrees with its message is stale and skipped."""
    visible: list[tuple[int, int, str]] = Field(default_factory=list)
    """Heap of (priority, order, id), with the same rule."""
    waiting: list[asyncio.Event] = Field(default_factory=list, exclude=True)
    """Who is to be woken when a message comes; of this run only."""


class MnsState(BaseModel):
    """The state of MNS."""

    queues: dict[str, dict[str, Queue]] = Field(default_factory=dict)
    """Account id → queue name → queue."""
    sent: int = 0
    """How many messages were ever sent: the source of orders and message ids."""
    listeners: list[Callable[[Queue], None]] = Field(default_factory=list, exclude=True)
    """Told of every change that may make messages visible; of this run only."""
