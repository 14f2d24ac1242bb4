"""One emulator for the whole run, begun again before each test."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import httpx
import pytest

from emulator.server import SERVICES
from tests.cloud import LocalCloud, local_cloud
from tests.emulator import tours
from tests.emulator.hbr import tours as backup
from tests.emulator.refusals import of_another_status

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.emulator.sdk_models import Moment

_TABLES = {service.name: service for service in SERVICES if service.name != "hbr"}
"""Cloud Backup's codes are left out: one of them is a guess that can be set to anything."""
_GATEWAY = (
    *("InvalidAccessKeyId.", "InvalidSecurityToken.", "InvalidTimeStamp.", "UnknownParameter.", "Signature"),
    *("MissingAccessKeyId", "MissingSecurityToken", "MissingSignature", "MissingTimestamp", "IncompleteSignature"),
    *("InvalidSignatureMethod", "InvalidVersion", "InvalidApi.NotFound", "NoPermission", "Throttling.User"),
)
"""What any call may be answered before its action runs; a text is the beginning of a code."""


@pytest.fixture(scope="session")
def running_cloud() -> Iterator[LocalCloud]:
    with local_cloud() as cloud:
        yield cloud


@pytest.fixture(scope="session")
def http() -> Iterator[httpx.Client]:
    """One client for all that is signed by hand."""
    with httpx.Client(trust_env=False) as client:
        yield client


@pytest.fixture(scope="session")
def toured(running_cloud: LocalCloud) -> dict[str, Any]:
    """Service → the official client after its tour through all actions, with all that came and went."""
    return {**dict(tours.tour(running_cloud)), "hbr": backup.tour(running_cloud)}


@pytest.fixture(scope="session")
def moments(toured: dict[str, Any]) -> dict[tuple[str, str], list[Moment]]:
    """Every call of those tours, with the cloud just before it."""
    return {(name, action): found for name, client in toured.items() for action, found in client.moments.items()}


@pytest.fixture
def cloud(running_cloud: LocalCloud) -> Iterator[LocalCloud]:
    """The emulator as at the start; afterwards, each code must be in its action's table, with the documented status."""
    running_cloud.reset()
    yield running_cloud
    assert [entry for entry in running_cloud.journal() if _undeclared(entry) or of_another_status(entry)] == []


def _undeclared(entry: dict[str, Any]) -> bool:
    service = _TABLES.get(entry["service"])
    if service is None or not entry["code"] or entry["code"].startswith(_GATEWAY):
        return False
    action = service.actions[entry["action"]]
    formats = {text.format(name=name) for name in action.params for text in (service.missing, service.invalid)}
    given = {code for param in action.params.values() for code in (param.invalid, param.length, param.missing)}
    return entry["code"] not in {*action.errors, *formats, *given}
