"""What is still to happen in Cloud Backup, in the order of its time.

It is kept in the state, so a dump holds it, and caught up with whenever the clock reaches an entry and before every
action: a long step of the clock loses nothing, everything happens at its own time and in order, and no answer depends
on how fast a background task is. What an entry means is in the file of its subject; ``__init__.py`` fills the table.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.cloud import Cloud

Work = Callable[["Cloud", str, float], None]
"""Given the cloud, the entry's id, and the time (epoch seconds) at which it happens."""

WORK: dict[str, Work] = {}


def enter(cloud: Cloud, due: float, what: str, record_id: str) -> None:
    """Note that ``what`` happens to a record at ``due`` (epoch seconds)."""
    heapq.heappush(cloud.state.hbr.agenda, (due, what, record_id))
    _wake(cloud, due)


def resume(cloud: Cloud) -> None:
    """Go on with the agenda of a state that was loaded."""
    for due, _, _ in cloud.state.hbr.agenda:
        _wake(cloud, due)


def _wake(cloud: Cloud, due: float) -> None:
    async def wake() -> None:
        catch_up(cloud)

    cloud.clock.at(due, wake)


def catch_up(cloud: Cloud) -> None:
    """Do everything that has fallen due; what that adds to the agenda is done too, where it is due as well."""
    agenda = cloud.state.hbr.agenda
    while agenda and agenda[0][0] <= cloud.clock.now():
        due, what, record_id = heapq.heappop(agenda)
        WORK[what](cloud, record_id, due)
