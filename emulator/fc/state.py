"""What Function Compute remembers: what was invoked and what the functions wrote; they are in s.yaml."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field


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
    compute: Any = Field(default=None, exclude=True)
    """The running functions (``emulator.fc.compute.Compute``), of this run only."""
