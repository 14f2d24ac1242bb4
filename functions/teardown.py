"""An account has left, or is to leave: withdraw it from central backup."""

from __future__ import annotations

from typing import Any

from shared.door import answer


def handler(event: bytes, context: Any) -> str:  # noqa: ANN401 - the platform's object
    """Answer one invocation; raises only if an event could be put nowhere, so that the platform brings it back."""
    return answer("teardown", event, context)
