"""Whether a secret that this cloud gave out lies where it must not: in a function's log or answer, or in a queue.

Nothing of the emulated cloud depends on this; it is for tests.
"""

from __future__ import annotations

import base64
import binascii
import re
from typing import TYPE_CHECKING

from emulator.issued import WIDTH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from emulator.cloud import Cloud

_RUNS = re.compile(rf"[A-Za-z0-9+/=_-]{{{WIDTH},}}")
"""What a secret is made of."""


def found(cloud: Cloud) -> list[str]:
    """Where a secret was found, each place once, without the secret itself."""
    return [place for place, text in _texts(cloud) if holds(text, cloud.issued.beginnings)]


def holds(text: str, beginnings: set[str]) -> bool:
    """Whether any of ``beginnings`` is anywhere in the text; only what could be a secret is looked at closely."""
    return any(run[at : at + WIDTH] in beginnings for run in _RUNS.findall(text) for at in range(len(run) - WIDTH + 1))


def _texts(cloud: Cloud) -> Iterator[tuple[str, str]]:
    state = cloud.state
    yield from ((f"the log of {name}", "\n".join(line.text for line in lines)) for name, lines in state.fc.logs.items())
    yield from ((f"an answer of {one.function}", one.response) for one in state.fc.invocations)
    for queues in state.mns.queues.values():
        for name, queue in queues.items():
            yield from ((f"a message in {name}", text) for text in _bodies(one.body for one in queue.messages.values()))


def _bodies(bodies: Iterable[str]) -> Iterator[str]:
    """Messages as they are, and decoded where they are base64."""
    for body in bodies:
        yield body
        try:
            yield base64.b64decode(body, validate=True).decode("utf-8", "replace")
        except binascii.Error:
            continue
