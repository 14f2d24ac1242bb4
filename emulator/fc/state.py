"""What Function Compute remembers: what was invoked, what waits, what the functions wrote; they are in s.yaml."""

from __future__ import annotations

import base64
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer


def _decoded(value: bytes | str) -> bytes:
    return base64.b64decode(value) if isinstance(value, str) else value


Bytes = Annotated[
    bytes,
    BeforeValidator(_decoded),
    PlainSerializer(lambda value: base64.b64encode(value).decode(), return_type=str, when_used="json"),
]
"""Any bytes; base64 in a dump."""


class Invocation(BaseModel):
    """One finished run of a function. Times are emulated epoch seconds, durations real milliseconds."""

    function: str
    request_id: str
    instance_id: str
    source: str
    """``sync``, ``async``, or the name of the trigger."""
    attempt: int = 1
    started_at: float
    duration_ms: float
    status: int
    error_type: str = ""
    cold: bool = False
    response: str = ""
    """The first 65,536 bytes of the answer."""


class Event(BaseModel):
    """One accepted asynchronous invocation that has not ended. Times are emulated epoch seconds."""

    function: str
    payload: Bytes
    request_id: str
    source: str
    """``async``, the name of the trigger, or ``destination:`` and the function that it reports on."""
    accepted_at: float
    due: float
    """When the next attempt is to be made."""
    attempt: int = 1
    throttled: int = 0
    """How often the platform could not run it."""


class Line(BaseModel):
    """One line that a function wrote."""

    at: float
    """Emulated epoch seconds."""
    text: str


class FcState(BaseModel):
    """The state of Function Compute."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    invocations: list[Invocation] = Field(default_factory=list)
    """The last ones, oldest first."""
    logs: dict[str, list[Line]] = Field(default_factory=dict)
    """Function → its last lines, stdout and stderr together."""
    events: dict[str, Event] = Field(default_factory=dict)
    """Request id → asynchronous invocation."""
    timers: dict[str, float] = Field(default_factory=dict)
    """``function/trigger`` → when it is due next."""
    compute: Any = Field(default=None, exclude=True)
    """The running functions (``emulator.fc.compute.Compute``), of this run only."""
