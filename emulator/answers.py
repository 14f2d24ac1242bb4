"""What goes back on the wire: success, refusal, or what a planned fault puts in its place."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.chain import Exchange
    from emulator.faults import Fault

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Answer = tuple[int, bytes, dict[str, str]]
"""Status, body and headers."""


def usual(exchange: Exchange, error: CloudError | None) -> Answer:
    """Status, body and headers, as the gateway words success and refusal (help page "Response structure")."""
    if error is None:
        body = {"RequestId": exchange.trace.request_id, **exchange.service.success, **exchange.answer}
        return 200, _json(body), {}
    return error.status, _json(envelope(exchange, error)), error.headers


def envelope(exchange: Exchange, error: CloudError) -> dict[str, Any]:
    """The body of a refusal."""
    return {
        "RequestId": exchange.trace.request_id,
        "HostId": exchange.request.headers.get("host", ""),
        "Code": error.code,
        "Message": error.message,
        "Recommend": f"https://api.aliyun.com/troubleshoot?q={error.code}&product={exchange.service.product}",
        **(exchange.service.error_extra if error.status == 200 else {}),  # noqa: PLR2004  # HTTP 200
        **error.extra,
    }


def replaced(fault: Fault, refuse: Callable[[CloudError], Answer]) -> Answer:
    """What a planned fault answers: its own body, or its code as the protocol words a refusal."""
    status = fault.status or 500
    if isinstance(fault.body, str):
        return status, fault.body.encode(), {"content-type": "text/html;charset=utf-8", **fault.headers}
    if fault.body is not None:
        return status, _json(fault.body), {"content-type": "application/json;charset=utf-8", **fault.headers}
    return refuse(CloudError(fault.code, fault.message, status, headers=fault.headers))


def _json(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


async def send(out: Send, status: int, body: bytes, headers: dict[str, str]) -> None:
    """Send one answer; headers given replace the usual ones."""
    all_headers = {
        "content-type": "application/json;charset=utf-8",
        "content-length": str(len(body)),
        **{name.lower(): value for name, value in headers.items()},
    }
    raw = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in all_headers.items()]
    await out({"type": "http.response.start", "status": status, "headers": raw})
    await out({"type": "http.response.body", "body": body})
