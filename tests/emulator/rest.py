"""A request that works for each action of queues, functions and the log service, to be signed by hand and spoilt."""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree as ET

from tests.emulator.signing import own

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx

    from tests.cloud import LocalCloud


class Asked(NamedTuple):
    """A request before it is signed."""

    scheme: str
    method: str
    path: str
    query: str = ""
    body: bytes = b""
    headers: Mapping[str, str] = MappingProxyType({})


ATTRIBUTES = b"<Queue><VisibilityTimeout>40</VisibilityTimeout><LoggingEnabled>true</LoggingEnabled></Queue>"
PROPERTY = "<PropertyValue><Name>a</Name><Value>b</Value><Type>STRING</Type></PropertyValue>"
MESSAGE = (
    f"<Message><MessageBody>x</MessageBody><Priority>1</Priority><UserProperties>{PROPERTY}</UserProperties></Message>"
)
HANDLE, HANDLES = "ReceiptHandle=HANDLE", b"<ReceiptHandles><ReceiptHandle>HANDLE</ReceiptHandle></ReceiptHandles>"
PROJECT = b'{"projectName": "another-one", "description": "for a test", "recycleBinEnabled": true}'
STORE = b'{"logstoreName": "more", "ttl": 30, "shardCount": 2, "autoSplit": true, "maxSplitShard": 4, "hot_ttl": 7}'
INDEX = (
    b'{"line": {"token": [" ", ","], "include_keys": ["message"]}, "max_text_len": 100,'
    b' "keys": {"message": {"type": "text", "token": [" "]}, "a": {"type": "json", "json_keys": '
    b'{"b": {"type": "long"}}}}}'
)
WANTED = b'{"from": 1, "to": 9999999999, "query": "loaded", "line": 10, "offset": 0, "reverse": true}'
V3 = "/2023-03-30/functions"
REQUESTS = {
    "CreateQueue": Asked("MNS", "PUT", "/queues/another", "", ATTRIBUTES),
    "SetQueueAttributes": Asked("MNS", "PUT", "/queues/jobs", "metaoverride=true", ATTRIBUTES),
    "GetQueueAttributes": Asked("MNS", "GET", "/queues/jobs"),
    "DeleteQueue": Asked("MNS", "DELETE", "/queues/jobs"),
    "ListQueue": Asked("MNS", "GET", "/queues", headers={"x-mns-ret-number": "1", "x-mns-with-meta": "true"}),
    "SendMessage": Asked("MNS", "POST", "/queues/jobs/messages", "", f"<Messages>{MESSAGE}</Messages>".encode()),
    "ReceiveMessage": Asked("MNS", "GET", "/queues/jobs/messages", "numOfMessages=2&waitseconds=0"),
    "PeekMessage": Asked("MNS", "GET", "/queues/jobs/messages", "peekonly=true&numOfMessages=2"),
    "DeleteMessage": Asked("MNS", "DELETE", "/queues/jobs/messages", HANDLE),
    "ChangeMessageVisibility": Asked("MNS", "PUT", "/queues/jobs/messages", f"{HANDLE}&VisibilityTimeout=9"),
    "BatchDeleteMessage": Asked("MNS", "DELETE", "/queues/jobs/messages", "", HANDLES),
    "InvokeFunction 2.0": Asked("FC", "POST", "/2016-08-15/services/any/functions/work/invocations", "", b"{}"),
    "InvokeFunction": Asked("FC", "POST", f"{V3}/work/invocations", "qualifier=LATEST", b"{}"),
    "ListFunctions": Asked("FC", "GET", V3, "limit=1&prefix=w&nextToken=a"),
    "GetFunction": Asked("FC", "GET", f"{V3}/work"),
    "ListTriggers": Asked("FC", "GET", f"{V3}/work/triggers", "limit=1"),
    "GetTrigger": Asked("FC", "GET", f"{V3}/work/triggers/yearly"),
    "GetAsyncInvokeConfig": Asked("FC", "GET", f"{V3}/work/async-invoke-config", "qualifier=LATEST"),
    "GetConcurrencyConfig": Asked("FC", "GET", f"{V3}/work/concurrency"),
    "CreateProject": Asked("LOG", "POST", "/", "", PROJECT),
    "GetProject": Asked("LOG", "GET", "/"),
    "CreateLogStore": Asked("LOG", "POST", "/logstores", "", STORE),
    "GetLogStore": Asked("LOG", "GET", "/logstores/lines"),
    "CreateIndex": Asked("LOG", "POST", "/logstores/empty/index", "", INDEX),
    "GetIndex": Asked("LOG", "GET", "/logstores/lines/index"),
    "UpdateIndex": Asked("LOG", "PUT", "/logstores/lines/index", "", INDEX),
    "GetLogsV2": Asked("LOG", "POST", "/logstores/lines/logs", "", WANTED),
}
"""Action → a request that works in the cloud of ``test_malformed_rest.py``.

HANDLE stands for one that was received, KEY in a header for the operator's.
"""
SERVICES = {"MNS": "mns", "FC": "fc", "LOG": "logs"}
"""The word before the key in a signature → the endpoint."""


def signed(cloud: LocalCloud, asked: Asked) -> httpx.Request:
    """The request, signed after it was spoilt: what is refused is what it says."""
    endpoint: str = cloud.endpoints[SERVICES[asked.scheme]]
    base = endpoint if endpoint.startswith("http://") else f"http://{endpoint}"
    url = f"{base}{asked.path}" + (f"?{asked.query}" if asked.query else "")
    key, host = cloud.key(), {"host": "made-here.x"} if asked.scheme == "LOG" else {}
    headers = {name: text.replace("KEY", key.access_key_id) for name, text in {**host, **asked.headers}.items()}
    return own(url, key, asked.scheme, asked.body, asked.method, **headers)


def code(asked: Asked, request: httpx.Request, answer: httpx.Response) -> str:
    """The code of a refusal, where that protocol has it; empty where it is none."""
    if asked.method == "HEAD" or (answer.is_success and asked.scheme != "MNS"):
        return ""
    if asked.scheme == "MNS":
        root = ET.fromstring(answer.content or b"<a/>")  # noqa: S314 - the emulator's own
        found = {node.tag.rpartition("}")[2]: node.text or "" for node in root.iter()}
        return "" if answer.is_success else found.get("Code") or found["ErrorCode"]
    older = request.url.path.startswith("/2016-08-15/")
    name = "errorCode" if asked.scheme == "LOG" else "ErrorCode" if older else "Code"
    return str(answer.json()[name])
