"""A dead letter for every reason, put into the queue of a local cloud for the runbook's commands to work on."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from mns.account import Account
from mns.queue import Message

from shared.outcome import Reason
from tests.cloud import ROOT, LocalCloud

if TYPE_CHECKING:
    from collections.abc import Iterable

QUEUE = "cab-dead-letters"
LETTER: dict[str, Any] = json.loads((ROOT / "tests/messages/v1/dead-letter.json").read_text(encoding="utf-8"))
RECORD = (ROOT / "events" / "failure-record.destination.json").read_text(encoding="utf-8")
ANSWERS = {Reason.GRACE, Reason.NO_TURN}
"""Reasons that are only in answers and logs."""
REASONS = sorted(set(Reason) - ANSWERS)
"""Those that a letter can have."""
MESSAGES: dict[Reason, Any] = {
    Reason.BAD_REQUEST: {"accountId": "17"},
    Reason.REPLAY_STOPPED: {"replay": [LETTER["message"]["original"]], "preview": False},
    Reason.UNREADABLE: "poison",
    Reason.UNKNOWN_VERSION: {**LETTER["message"], "version": 2},
}
"""What such a letter is about; all others are about a member account."""


def body(reason: Reason) -> str:
    """A letter of that reason, as it lies in the queue."""
    if reason is Reason.UNDELIVERED:
        return RECORD
    return json.dumps({**LETTER, "reason": reason, "message": MESSAGES.get(reason, LETTER["message"])})


def put(cloud: LocalCloud, reasons: Iterable[Reason]) -> dict[Reason, str]:
    """Put a letter of each reason into the queue; their ids."""
    key = cloud.key()
    queue = Account(cloud.endpoints["mns"], key.access_key_id, key.access_key_secret).get_queue(QUEUE)
    return {reason: queue.send_message(Message(body(reason))).message_id for reason in reasons}


def waiting(cloud: LocalCloud) -> set[str]:
    """The ids of what is in the queue, whoever is looking at it."""
    return set(cloud.state()["mns"]["queues"][cloud.accounts["management"]][QUEUE]["messages"])
