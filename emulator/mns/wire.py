"""XML in, XML out, as ``aliyun-mns-sdk`` 1.3.0 writes and reads it. Knows no state and decides nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

from emulator.errors import CloudError

NAMESPACE = "http://mns.aliyuncs.com/doc/v1/"
_HEAD = '<?xml version="1.0" encoding="utf-8"?>'
_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""What no XML can hold, and a path or a query can (XML 1.0, "Characters")."""
_RETURN = {"\r": "&#13;"}
"""Left as it is, it would be read as a line feed (XML 1.0, "End-of-Line Handling")."""
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,10}")


def element(tag: str, content: object) -> str:
    """One element; a mapping becomes children, a list of mappings repeats the tag, anything else becomes text."""
    if isinstance(content, list):
        return "".join(element(tag, item) for item in content)
    if isinstance(content, Mapping):
        return f"<{tag}>{''.join(element(k, v) for k, v in content.items())}</{tag}>"
    text = _NO_XML.sub("\N{REPLACEMENT CHARACTER}", str(content))
    return f"<{tag}>{escape(text, _RETURN)}</{tag}>"


def document(root: str, content: object) -> bytes:
    """A whole answer, in the namespace that the SDK strips."""
    return (_HEAD + element(root, content).replace(f"<{root}>", f'<{root} xmlns="{NAMESPACE}">', 1)).encode()


def parse(body: bytes) -> ET.Element:
    """The root element, its tags freed from the namespace; ``MalformedXML`` (400) otherwise.

    That an encoding which the parser does not know is no other case is inferred.
    """
    try:
        root = ET.fromstring(body)  # noqa: S314 - a local emulator reads what its own user sends
    except (ET.ParseError, LookupError, ValueError) as error:
        raise CloudError("MalformedXML", "The XML you provided was not well-formed.") from error
    for node in root.iter():
        node.tag = node.tag.rpartition("}")[2]
    return root


def children(node: ET.Element, allowed: Iterable[str]) -> dict[str, ET.Element]:
    """The children by tag; a tag that is not ``allowed`` breaks the schema (``InvalidArgument``, 400)."""
    found = {child.tag: child for child in node}
    for tag in found.keys() - set(allowed):
        raise schema_error(tag)
    return found


def whole_number(name: str, text: str | None, low: int, high: int) -> int:
    """An integer within its documented range, else ``InvalidArgument`` (400)."""
    if text is None or not _WHOLE_NUMBER.fullmatch(text.strip()) or not low <= int(text) <= high:
        raise CloudError("InvalidArgument", f"The value of {name} should between {low} and {high} seconds/bytes.")
    return int(text)


def schema_error(cause: str) -> CloudError:
    """What the cloud says to XML of the wrong shape (help page "Error codes")."""
    text = f"The XML you provided did not validate against our published schema, cause by {cause}."
    return CloudError("InvalidArgument", text)
