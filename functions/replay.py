"""A window of ActionTrail, or given events, back through the same door."""

from __future__ import annotations

from typing import Any

from shared.door import answer


def handler(event: bytes, context: Any) -> str:  # noqa: ANN401 - the platform's object
    """Answer one invocation with what was, or (in a preview) would be, done for each account."""
    return answer("replay", event, context)
