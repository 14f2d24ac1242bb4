"""The properties of a message: help page "Message attributes" of Simple Message Queue, and what its SDK can write.

The code of a refusal is that of any XML of the wrong shape (inferred).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from emulator.mns.wire import children, schema_error

if TYPE_CHECKING:
    from xml.etree import ElementTree as ET

ITEMS = {"UserProperties": "PropertyValue", "SystemProperties": "SystemPropertyValue"}
"""The list → an item of it."""
_TYPES = {"UserProperties": {"STRING", "NUMBER", "BOOLEAN", "BINARY"}, "SystemProperties": {"STRING"}}
_PARTS = ("Name", "Value", "Type")
_NAME = re.compile(r"(?!\.)[A-Za-z0-9_.-]{1,256}(?<!\.)")
_SYSTEM_NAMES = {"traceparent", "tracestate", "baggage", "DLQMessageType", "DLQSourceArn", "DLQOriginMessageId"}
"""SDK ``mns/message_property.py``, SystemPropertyName."""
_MOST, _LONGEST = 50, 4096
"""Properties of a message, and characters of a value."""


def read(kind: str, node: ET.Element) -> list[dict[str, str]]:
    """Name, value and type of each; ``InvalidArgument`` for what the page or the SDK does not know."""
    if len(node) > _MOST or (node.text or "").strip():
        raise schema_error(kind)
    found = [_one(kind, item) for item in node]
    if len({one["Name"] for one in found}) < len(found):
        raise schema_error("Name")
    return found


def _one(kind: str, node: ET.Element) -> dict[str, str]:
    if node.tag != ITEMS[kind]:
        raise schema_error(node.tag)
    given = {name: part.text or "" for name, part in children(node, _PARTS).items()}
    for name in _PARTS:
        if name not in given:
            raise schema_error(name)
    if not _NAME.fullmatch(given["Name"]) or (kind == "SystemProperties" and given["Name"] not in _SYSTEM_NAMES):
        raise schema_error("Name")
    if given["Type"] not in _TYPES[kind]:
        raise schema_error("Type")
    if len(given["Value"]) > _LONGEST or (given["Type"] == "BOOLEAN" and given["Value"] not in ("true", "false")):
        raise schema_error("Value")
    return given
