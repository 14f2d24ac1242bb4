"""Everything that can be wrong with a request of ``rest.py``: path, query, headers, body, method."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode
from xml.etree import ElementTree as ET

from hypothesis import strategies as st

from tests.emulator.odd import INSIDE, ODD, changed

if TYPE_CHECKING:
    from tests.emulator.rest import Asked

QUERIES = {
    "MNS": ("numOfMessages", "waitseconds", "peekonly", "ReceiptHandle", "metaoverride", "VisibilityTimeout"),
    "FC": ("qualifier", "limit", "nextToken", "prefix"),
    "LOG": ("type",),
}
HEADERS = {
    "MNS": ("x-mns-ret-number", "x-mns-prefix", "x-mns-marker", "x-mns-with-meta", "x-mns-version", "security-token"),
    "FC": ("x-fc-invocation-type", "x-fc-async-delay", "x-fc-async-task-id", "x-fc-log-type", "x-fc-security-token"),
    "LOG": ("x-log-apiversion", "x-log-bodyrawsize", "x-log-signaturemethod", "x-acs-security-token"),
}
COMMON = ("authorization", "content-md5", "content-type", "date", "host", "accept-encoding", "user-agent")
XML = (
    *(
        b"",
        b"<",
        b"<Queue/>",
        b"<Message/>",
        b"<Messages><Message/></Messages>",
        b"\xff\xfe<\x00a\x00/\x00>\x00",
        b"\x00",
    ),
    *(
        f'<?xml version="1.0" encoding="{name}"?><Queue/>'.encode()
        for name in ("nope", "gbk", "utf-7", "cp037", "utf-16")
    ),
    *(b"<a>" * 5000, b"<a>" * 5000 + b"</a>" * 5000, b'<!DOCTYPE a [<!ENTITY b "c">]><Queue>&b;</Queue>'),
)
JSON = (
    b"",
    b"{",
    b"[" * 100_000,
    b'{"a":' * 100_000,
    b"\xff",
    b"NaN",
    b"[]",
    b'"x"',
    b"5",
    b"1" * 5000,
    b'{"from": 1e999}',
)
PLAIN = st.text(st.characters(codec="latin-1", exclude_categories=("Cc", "Zs", "Zl", "Zp")), max_size=10)
"""What a header can hold."""


@st.composite
def spoilt(draw: st.DrawFn, asked: Asked) -> Asked:
    """The request with one part of it, or two, replaced by anything."""
    parts = (path, query, headers, method, *([body] * 3 if asked.body else [body]))
    for part in draw(st.lists(st.sampled_from(parts), min_size=1, max_size=2, unique=True)):
        asked = draw(part(asked))
    return asked


@st.composite
def path(draw: st.DrawFn, asked: Asked) -> Asked:
    """Another name in the path, or one more."""
    parts = asked.path.split("/")
    place = draw(st.integers(1, len(parts)))
    text = quote(
        draw(st.sampled_from(ODD) | st.text(max_size=5) | st.binary(max_size=3) | st.sampled_from("?#%/.*")), safe=""
    )
    parts[place : place + draw(st.integers(0, 1))] = [text]
    return asked._replace(path="/".join(parts))


@st.composite
def query(draw: st.DrawFn, asked: Asked) -> Asked:
    """Another query, well formed or not."""
    name = draw(st.sampled_from(QUERIES[asked.scheme]) | st.text(max_size=3))
    value = draw(st.sampled_from(ODD) | st.text(max_size=5) | st.integers(-2, 20).map(str))
    odd = draw(st.sampled_from(("&", "%", "%ff", "a=b=c;d", "=", urlencode({name: value}))))
    return asked._replace(query=draw(st.sampled_from((odd, "", f"{odd}&{asked.query}", f"{asked.query}&{odd}"))))


@st.composite
def headers(draw: st.DrawFn, asked: Asked) -> Asked:
    """Another value of a header that somebody reads."""
    name = draw(st.sampled_from((*COMMON, *HEADERS[asked.scheme])))
    dates = st.sampled_from(("Mon, 99999999999999999999 Jan 2020 00:00:00 GMT", "Mon, 01 Jan 0001 00:00:00 -0000"))
    keys = PLAIN.map(lambda text: f"{asked.scheme} KEY:{text}")
    kinds = st.sampled_from(("Async", "Sync", "Tail", "-1", "9" * 25, "[", "a:b:c", "x" * 7000, "²"))
    return asked._replace(headers={**asked.headers, name: draw(PLAIN | dates | keys | kinds)})


@st.composite
def body(draw: st.DrawFn, asked: Asked) -> Asked:
    """Another body: of the same language with one thing changed, or nothing that can be read."""
    text = asked.body.decode()
    if asked.scheme == "MNS":
        made = st.sampled_from(XML) | xml(text) if text else st.sampled_from(XML)
    else:
        made = st.sampled_from(JSON) | st.binary(max_size=9) | INSIDE.map(json.dumps).map(str.encode)
        whole = json.loads(text or "{}")
        made |= st.sampled_from(sorted(whole) or [""]).map(lambda one: without(whole, one))
        made |= changed(text or "{}").map(str.encode)
    return asked._replace(body=draw(made))


def without(whole: dict[str, object], name: str) -> bytes:
    """An object that lacks a key."""
    return json.dumps({key: value for key, value in whole.items() if key != name}).encode()


@st.composite
def xml(draw: st.DrawFn, text: str) -> bytes:
    """An XML document with one of its elements renamed, emptied, doubled or filled with something else."""
    root = ET.fromstring(text)  # noqa: S314 - our own
    node = draw(st.sampled_from(list(root.iter())))
    names = sorted({one.tag for one in root.iter()} | {"DelaySeconds", "ReceiptHandle", "SystemProperties", "x"})
    match draw(st.sampled_from(("text", "text", "rename", "empty", "double", "inside"))):
        case "rename":
            node.tag = draw(st.sampled_from(names))
        case "empty":
            node.clear()
        case "double":
            node.extend(list(node))
        case "inside":
            ET.SubElement(node, draw(st.sampled_from(names))).text = draw(st.sampled_from(("", "5", "x")))
        case _:
            odd = [one for one in ODD if "\x00" not in one]
            node.text = draw(st.sampled_from(odd) | st.text(st.characters(codec="utf-8", min_codepoint=32), max_size=5))
    return ET.tostring(root)


@st.composite
def method(draw: st.DrawFn, asked: Asked) -> Asked:
    """Another method."""
    return asked._replace(method=draw(st.sampled_from(("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD"))))
