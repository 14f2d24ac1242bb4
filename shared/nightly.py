"""What waits for a person, told once a night: the dead letters, above all those that will soon be lost, and the drift.

The dead-letter queue never speaks by itself, and its letters do not live for ever. Not being able to look, or to tell,
never fails the sweep that this is told after.
"""

from __future__ import annotations

from typing import Any

from shared import notify
from shared.cloud import Cloud
from shared.dead_letters import look
from shared.letters import waiting
from shared.queue import QueueError
from shared.sweep import SweepReport


def digest(swept: SweepReport | None, failure: str, cloud: Cloud) -> dict[str, Any]:
    """Look at the dead letters and tell what is there; return them in numbers. A sweep that failed is told, too."""
    letters = _waiting(cloud)
    findings = {
        **({"the sweep failed": failure} if failure else {}),
        "dead letters": letters.get("count", letters.get("unreadable")),
        "dead letters that are lost within two days": letters.get("ending_soon", 0),
        "dead letters by reason": letters.get("by_reason", {}),
        **(_swept(swept, cloud.ports.config.sweep.deep_days) if swept else {}),
    }
    told = notify.digest(findings, cloud.ports.config, cloud.calls.deadline)
    return {**letters, "told": told}


def _swept(swept: SweepReport, deep_days: int) -> dict[str, Any]:
    return {
        "accounts": swept.members,
        "accounts in scope": swept.in_scope,
        "accounts repaired": swept.repaired,
        "accounts left for the next sweep": swept.left_over,
        "accounts due that nobody looked at": swept.not_examined,
        **({"days until their turn comes again": deep_days} if swept.not_examined else {}),
        "findings": dict(swept.kinds),
    }


def _waiting(cloud: Cloud) -> dict[str, Any]:
    try:
        with look(cloud.queues) as seen:
            return {**waiting(seen.letters), "complete": seen.complete}
    except QueueError as error:
        return {"unreadable": str(error)}
