"""Timer: every member account against what is desired, and repair of what differs."""

from __future__ import annotations

from typing import Any

from shared.door import answer


def handler(event: bytes, context: Any) -> str:  # noqa: ANN401 - the platform's object
    """Answer one invocation; the sweep is its own retry, so a failed one is simply followed by the next."""
    return answer("reconcile", event, context)
