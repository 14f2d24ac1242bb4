"""From sockets to the chain of an RPC call, and back to the wire.

One socket per endpoint tells services and regions apart, because the vendor's SDKs say neither in the request.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any

from emulator import answers, identity, signatures
from emulator.chain import CHAIN, Exchange
from emulator.errors import CloudError, refusal
from emulator.service import Call, Service
from emulator.signatures import Request
from emulator.traffic import Trace

if TYPE_CHECKING:
    from emulator.answers import Send
    from emulator.cloud import Cloud
    from emulator.faults import Fault

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Record = Callable[[Call, dict[str, Any], CloudError | None], None]


class Rpc:
    """The ASGI application of one endpoint: one service, in one region (``""`` for global services)."""

    def __init__(self, cloud: Cloud, service: Service, region: str, record: Record) -> None:
        self.cloud = cloud
        self.service = service
        self.region = region
        self.record = record

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        exchange = await self._read(scope, receive)
        error: CloudError | None = None
        fault = await exchange.trace.strike("before", scope)
        if fault is None:
            error = self._work(exchange)
            self.cloud.invariants.look(exchange.principal, exchange.call, error)
            fault = await exchange.trace.strike("after", scope)
        await _end(exchange, error, fault, scope)
        if fault is None:
            await answers.send(send, *answers.usual(exchange, error))
        elif not fault.drop:
            await answers.send(send, *answers.replaced(fault, lambda own: answers.usual(exchange, own)))

    async def _read(self, scope: Scope, receive: Receive) -> Exchange:
        trace = Trace(self.cloud, self.service.name, region=self.region)
        headers: dict[str, str] = {}
        for raw, value in scope["headers"]:
            name = raw.decode("latin-1")
            headers[name] = f"{headers[name]},{value.decode('latin-1')}" if name in headers else value.decode("latin-1")
        body = await read_body(receive)
        is_form = headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
        request = Request(
            method=scope["method"],
            path=scope["path"],
            query=signatures.decoded(scope["query_string"]),
            headers=headers,
            body=body,
            form=signatures.decoded(body) if is_form else (),
        )
        name = headers.get("x-acs-action") or dict(request.query + request.form).get("Action", "")
        trace.action, trace.key = name, signatures.access_key_id(request)
        source = scope["client"][0] if scope.get("client") else ""
        return Exchange(self.cloud, self.service, self.region, request, name, trace, source)

    def _work(self, exchange: Exchange) -> CloudError | None:
        """Every step in turn; the first refusal ends it. Then the trail."""
        error: CloudError | None = None
        try:
            for step in CHAIN:
                step(exchange)
        except Exception as raised:  # noqa: BLE001 - a bug is answered, too
            error = refusal(raised)
        if exchange.call is not None and exchange.action is not None and exchange.action.writes:
            self.record(exchange.call, exchange.answer, error)
        return error


async def _end(exchange: Exchange, error: CloudError | None, fault: Fault | None, scope: Scope) -> None:
    trace = exchange.trace
    trace.principal = exchange.principal.arn if exchange.principal else ""
    trace.params = exchange.call.params if exchange.call else {}
    trace.code = error.code if error else ""
    trace.decision = error.decision if isinstance(error, identity.DeniedError) else exchange.decision
    await trace.end(error.status if error else 200, fault, scope)


async def read_body(receive: Receive) -> bytes:
    """The whole body of an ASGI request."""
    body: bytes = b""
    while True:
        message = await receive()
        body += message.get("body", b"")
        if not message.get("more_body"):
            return body
