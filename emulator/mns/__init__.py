"""Message Service queues (MNS 2015-06-06, XML): queues and messages, and nothing that is not a queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from starlette.applications import Starlette

    from emulator.app import Record
    from emulator.cloud import Cloud


def app(cloud: Cloud, record: Record) -> Starlette:
    """The application of the MNS socket; ``record`` keeps ActionTrail's events."""
    from emulator.mns import server  # noqa: PLC0415 - the state's module is in this package

    return server.app(cloud, record)
