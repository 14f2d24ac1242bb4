"""Input that is not meant well: real documents damaged in every way, and documents that only look like ours.

Everything comes out of one seeded generator, so that a failure can be had again.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

WORDS = (
    *("accountId", "AccountId", "eventName", "data", "body", "attrs", "messageBody", "Message", "TopicName", "replay"),
    *("version", "hint", "reason", "message", "requestContext", "requestPayload", "triggerName", "triggerTime"),
    *("payload", "specversion", "sweep", "responseElements", "Account", "requestParameters", "do", "attempt"),
    *("CreateResourceAccount", "MoveAccount", "RemoveCloudAccount", "joined", "withdraw", "deep", "events", "start"),
)
ODD: tuple[Any, ...] = (
    *(
        None,
        True,
        False,
        0,
        -1,
        1,
        2**63,
        -(2**63),
        1e308,
        -0.0,
        1.5,
        "",
        " ",
        "\0",
        "\ud800",
        "\u202e",
        "\u0661",
        "0" * 16,
    ),
    *(
        "1000000000000011",
        1000000000000011,
        "10000000000000110",
        "0" * 16,
        "null",
        "NaN",
        "{}",
        "[]",
        '{"a":',
        "x" * 5000,
    ),
    *([], {}, [[]], {"": ""}, {"__proto__": 1}, ["1000000000000011"], {"accountId": {"accountId": 1}}),
    *("acs:ram::1:root", "../../etc/passwd", "{{7*7}}", "%s%n", "';--", "${jndi:x}", "\r\nX: y", "=1+1"),
)


class Mutation:
    """Makes bad input from good."""

    def __init__(self, seed: int, samples: Sequence[Any]) -> None:
        self.chance = Random(seed)
        self._samples = samples

    def documents(self, count: int) -> Iterator[Any]:
        """So many documents: damaged ones, several at once, and invented ones."""
        for _ in range(count):
            kind = self.chance.random()
            if kind < 0.7:
                yield self.damaged(copy.deepcopy(self.chance.choice(self._samples)))
            elif kind < 0.85:
                yield [copy.deepcopy(self.chance.choice(self._samples)) for _ in range(self.chance.randint(0, 5))]
            else:
                yield self.invented(5)

    def texts(self, count: int) -> Iterator[bytes]:
        """The same as bytes, a third of them damaged once more as bytes."""
        for document in self.documents(count):
            raw = json.dumps(document).encode()
            yield self.broken(raw) if self.chance.random() < 1 / 3 else raw

    def damaged(self, document: Any) -> Any:
        """One to four values, somewhere, replaced, removed, renamed, repeated, wrapped or put into text."""
        for _ in range(self.chance.randint(1, 4)):
            document = self._once(document)
        return document

    def _once(self, document: Any) -> Any:
        if not isinstance(document, (dict, list)) or not document or self.chance.random() < 0.1:
            return self._instead(document)
        key = self.chance.choice(list(document) if isinstance(document, dict) else range(len(document)))
        if self.chance.random() < 0.6:
            document[key] = self._once(document[key])
            return document
        action = self.chance.randrange(4)
        if action == 0:
            del document[key]
        elif action == 1 and isinstance(document, dict):
            document[self.chance.choice(WORDS)] = document[key]
        elif action == 2 and isinstance(document, list):
            document.append(document[key])
        else:
            document[key] = self._instead(document[key])
        return document

    def _instead(self, value: Any) -> Any:
        action = self.chance.randrange(6)
        if action == 0:
            return [value]
        if action == 1:
            return {self.chance.choice(WORDS): value}
        if action == 2:
            return json.dumps(value)
        if action == 3:
            return self.invented(3)
        return copy.deepcopy(self.chance.choice(ODD))

    def invented(self, depth: int) -> Any:
        """JSON of our own words."""
        kind = self.chance.random()
        if depth == 0 or kind < 0.3:
            return copy.deepcopy(self.chance.choice(ODD))
        size = self.chance.randint(0, 4)
        if kind < 0.45:
            return [self.invented(depth - 1) for _ in range(size)]
        return {self.chance.choice(WORDS): self.invented(depth - 1) for _ in range(size)}

    def broken(self, raw: bytes) -> bytes:
        """Cut off, with bytes changed, repeated or put in."""
        at = self.chance.randrange(len(raw) + 1)
        action = self.chance.randrange(4)
        if action == 0:
            return raw[:at]
        if action == 1:
            return raw[:at] + bytes([self.chance.randrange(256)]) + raw[at + 1 :]
        if action == 2:
            return raw[:at] + raw[self.chance.randrange(len(raw) + 1) :]
        return raw[:at] + self.chance.randbytes(self.chance.randint(1, 8)) + raw[at:]
