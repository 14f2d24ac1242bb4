"""How a test asks for a refusal through the official SDK, and what the vendor's metadata says of refusals.

``documented_codes.json`` is taken from the official API metadata of 2024: action → code → HTTP status. It has none for
RAM, and few for Cloud Backup and for control policies and tags.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from Tea.exceptions import TeaException

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_METADATA: Mapping[str, Mapping[str, Mapping[str, int]]] = json.loads(
    Path(__file__).with_name("documented_codes.json").read_text(encoding="utf-8")
)


def documented(service: str, action: str) -> Mapping[str, int]:
    """Code → status of an action; the older directory product has the newer one's."""
    twin = "resourcedirectory" if service == "resourcemanager" else service
    return _METADATA.get(twin, {}).get(action, {})


def of_another_status(entry: Mapping[str, Any]) -> bool:
    """Whether the journal has a refusal of whose code the metadata gives another status."""
    return bool(documented(entry["service"], entry["action"]).get(entry["code"], entry["status"]) != entry["status"])


def refused(call: Callable[..., object], *arguments: Any) -> tuple[int, str]:
    """HTTP status and code of the refusal that a call must end in."""
    with pytest.raises(TeaException) as caught:
        call(*arguments)
    error: Any = caught.value
    return error.status_code, error.code
