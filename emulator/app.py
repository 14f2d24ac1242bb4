"""From sockets to actions and back: the chain that every RPC call goes through, as a list to read.

One socket per endpoint tells services and regions apart, because the vendor's SDKs say neither in the request. No
product's behaviour belongs here.
"""

from __future__ import annotations

import sys
import traceback
from collections import defaultdict
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator import answers, identity, parameters, signatures
from emulator.errors import CloudError
from emulator.service import Action, Call, Service
from emulator.signatures import Request
from emulator.traffic import Trace

if TYPE_CHECKING:
    from emulator.accounts import Principal
    from emulator.answers import Send
    from emulator.cloud import Cloud
    from emulator.faults import Fault
    from emulator.permissions import Decision

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Record = Callable[[Call, dict[str, Any], CloudError | None], None]


@dataclass
class Exchange:
    """One call on its way through the chain; each step fills in what it finds out."""

    cloud: Cloud
    service: Service
    region: str
    request: Request
    name: str
    """The action asked for, known or not."""
    trace: Trace
    source_ip: str
    principal: Principal | None = None
    action: Action | None = None
    call: Call | None = None
    decision: Decision | None = None
    answer: dict[str, Any] = field(default_factory=dict)


def authenticate(exchange: Exchange) -> None:
    """Whose secret signed it."""
    exchange.principal = signatures.authenticate(exchange.cloud, exchange.request)


def find_action(exchange: Exchange) -> None:
    """The version and the action must be ones that the service has."""
    headers, sent = exchange.request.headers, dict(exchange.request.query + exchange.request.form)
    version = headers.get("x-acs-version") or sent.get("Version")
    if version != exchange.service.version:
        raise CloudError("InvalidVersion", f"Specified parameter Version is not valid: {version}.")
    exchange.action = exchange.service.actions.get(exchange.name)
    if exchange.action is None:
        raise CloudError("InvalidApi.NotFound", f"Specified api is not found: {exchange.name}.", 404)


def validate(exchange: Exchange) -> None:
    """The parameters must be ones that the action has, and well formed; what was sent is kept for the trail."""
    request, principal = exchange.request, exchange.principal
    if exchange.action is None or principal is None:
        return
    exchange.call = call = Call(
        cloud=exchange.cloud,
        service=exchange.service,
        action=exchange.name,
        region=exchange.region,
        params={name: value for name, value in request.query + request.form if name not in parameters.COMMON},
        caller=principal,
        request_id=exchange.trace.request_id,
        source_ip=exchange.source_ip,
        user_agent=request.headers.get("user-agent", ""),
    )
    call.params = parameters.validate(exchange.service, exchange.action.params, request.query + request.form)


def throttle(exchange: Exchange) -> None:
    """One call out of the account's bucket for this API."""
    account = exchange.principal.account_id if exchange.principal else ""
    now = exchange.cloud.clock.now()
    exchange.cloud.state.quotas.spend(now, exchange.service.name, exchange.name, account)


_CONDITION_KEYS = {"ServiceName": "ram:ServiceName", "ExternalId": "sts:ExternalId"}
"""Parameters that policies can put conditions on, under their key."""


def authorise(exchange: Exchange) -> None:
    """The caller's policies must allow the action on the resource."""
    action, call = exchange.action, exchange.call
    if action is None or call is None or action.permission is None:
        return
    values = {name: value for name, value in call.params.items() if value is not None}
    known = defaultdict(lambda: "*", values, account=call.caller.account_id, region=call.region or "*")
    context = {key: values[name] for name, key in _CONDITION_KEYS.items() if name in values}
    context["acs:SourceIp"] = call.source_ip
    resource = action.resource.format_map(known)
    exchange.decision = exchange.cloud.decide(call.caller, action.permission, resource, context)
    if not exchange.decision.allowed:
        raise identity.no_permission(call.caller, action.permission, resource, exchange.decision)


def run(exchange: Exchange) -> None:
    """The action itself."""
    if exchange.action is not None and exchange.call is not None:
        exchange.answer = exchange.action.run(exchange.call)


CHAIN: tuple[Callable[[Exchange], None], ...] = (authenticate, find_action, validate, throttle, authorise, run)
"""Before it come reading and planned faults; after it planned faults, the trail, the journal and the answer."""


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
            await answers.send(send, *answers.replaced(fault, lambda refusal: answers.usual(exchange, refusal)))

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
        except CloudError as refusal:
            error = refusal
        except Exception as bug:  # noqa: BLE001  # a bug of ours must not look like a network failure
            traceback.print_exc(file=sys.stderr)
            error = CloudError("InternalError", f"The emulator failed: {bug!r}", 500)
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
