"""The HTTP side of Function Compute: invocations on the 2.0 and 3.0 paths, and reading what is deployed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from emulator import faults, signatures
from emulator.errors import CloudError
from emulator.fc import describe
from emulator.fc.asynchronous import PAYLOAD_BYTES, Event, submit
from emulator.fc.signature import authenticate

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from emulator.cloud import Cloud
    from emulator.fc.compute import Compute, Outcome
    from emulator.fc.functions import Function
    from emulator.permissions import Decision

SYNC_BYTES = 32 * 1024 * 1024
"""Largest event of a synchronous call (help page "Limits")."""
_DELAY_SECONDS = 3600


@dataclass
class Exchange:
    """One call, and what the journal will say of it."""

    cloud: Cloud
    http: HttpRequest
    body: bytes
    request_id: str
    action: str
    principal: str = ""
    claimed: str = ""
    """The account whose key the call claims to be signed with."""
    code: str = ""
    decision: Decision | None = None

    @property
    def compute(self) -> Compute:
        """The deployed functions."""
        compute: Compute = self.cloud.state.fc.compute
        return compute

    @property
    def function(self) -> Function:
        """The function that the path names: ``fn``, or ``service$fn`` where that is what is deployed."""
        path = self.http.path_params
        service, name = path.get("service", "").partition(".")[0], path.get("function", "")
        full = f"{service}${name}"
        return self.compute.find(full if full in self.compute.functions else name)

    def header(self, name: str, default: str = "") -> str:
        """A request header."""
        return self.http.headers.get(name, default)


Answer = Callable[[Exchange], Awaitable[Response]]


async def invoke(exchange: Exchange) -> Response:
    """InvokeFunction: the answer itself, or 202 and silence (API pages InvokeFunction of both versions)."""
    function = exchange.function
    _check_qualifier(exchange)
    kind = exchange.header("x-fc-invocation-type", "Sync")
    if kind == "Async":
        return _accept(exchange, function)
    if kind != "Sync":
        raise CloudError("InvalidArgument", f"invocation type '{kind}' is not supported")
    _check_size(exchange.body, SYNC_BYTES)
    outcome = await exchange.compute.run(function, exchange.body, exchange.request_id)
    if outcome.code:
        raise CloudError(outcome.code, outcome.body.decode(), outcome.status)
    return _result(exchange, function, outcome)


def _accept(exchange: Exchange, function: Function) -> Response:
    """Queue an asynchronous call; ``x-fc-async-delay`` (s) postpones it (help page "Asynchronous invocation")."""
    _check_size(exchange.body, PAYLOAD_BYTES)
    delay = exchange.header("x-fc-async-delay", "0")
    if not re.fullmatch(r"\d{1,4}", delay) or int(delay) > _DELAY_SECONDS:
        raise CloudError("InvalidArgument", f"x-fc-async-delay must be 0 to {_DELAY_SECONDS} seconds")
    task = exchange.header("x-fc-async-task-id") or exchange.header("x-fc-stateful-async-invocation-id")
    now = exchange.cloud.clock.now()
    event = Event(exchange.compute, function, exchange.body, exchange.request_id, "async", now)
    submit(event, float(delay))
    return Response(status_code=202, headers={"x-fc-async-task-id": task or exchange.request_id})


def _result(exchange: Exchange, function: Function, outcome: Outcome) -> Response:
    """Errors of the function are 200 with ``x-fc-error-type`` (help page "Error handling")."""
    headers = {
        "x-fc-invocation-duration": f"{outcome.duration_ms:.2f}",
        "x-fc-instance-id": outcome.instance_id,
        "x-fc-max-memory-usage": "0",
        "x-fc-invocation-service-version": "LATEST",
        "x-fc-code-checksum": exchange.compute.checksum(function),
    }
    if outcome.error_type:
        headers["x-fc-error-type"] = outcome.error_type
    if exchange.header("x-fc-log-type") == "Tail":
        headers["x-fc-log-result"] = base64.b64encode(outcome.log.encode()).decode()
    kind = "application/json" if outcome.error_type else "application/octet-stream"
    return Response(outcome.body, headers=headers, media_type=kind)


def _check_size(body: bytes, most: int) -> None:
    if len(body) > most:
        raise CloudError("EntityTooLarge", f"payload size exceeds maximum allowed size ({most} bytes)")


def _check_qualifier(exchange: Exchange) -> None:
    """Nothing is published here: there is only LATEST."""
    service = exchange.http.path_params.get("service", "")
    qualifier = exchange.http.query_params.get("qualifier") or service.partition(".")[2] or "LATEST"
    if qualifier != "LATEST":
        raise CloudError("VersionNotFound", f"version or alias '{qualifier}' does not exist", 404)


def _reading(read: Callable[[Exchange], dict[str, Any]]) -> Answer:
    async def answer(exchange: Exchange) -> Response:
        return Response(json.dumps(read(exchange), ensure_ascii=False), media_type="application/json")

    return answer


_V3 = "/2023-03-30/functions"
_TRIGGERS = _V3 + "/{function}/triggers"
_ROUTES: tuple[tuple[str, str, str, Answer], ...] = (
    ("POST", "/2016-08-15/services/{service}/functions/{function}/invocations", "InvokeFunction", invoke),
    ("POST", _V3 + "/{function}/invocations", "InvokeFunction", invoke),
    ("GET", _V3, "ListFunctions", _reading(lambda e: describe.functions(e.compute, e.http.query_params))),
    ("GET", _V3 + "/{function}", "GetFunction", _reading(lambda e: describe.function(e.compute, e.function))),
    (
        *("GET", _TRIGGERS, "ListTriggers"),
        _reading(lambda e: describe.triggers(e.compute, e.function, e.http.query_params)),
    ),
    (
        *("GET", _TRIGGERS + "/{trigger}", "GetTrigger"),
        _reading(lambda e: describe.one_trigger(e.compute, e.function, e.http.path_params["trigger"])),
    ),
    (
        *("GET", _V3 + "/{function}/async-invoke-config", "GetAsyncInvokeConfig"),
        _reading(lambda e: describe.async_invoke_config(e.compute, e.function)),
    ),
    (
        *("GET", _V3 + "/{function}/concurrency", "GetConcurrencyConfig"),
        _reading(lambda e: describe.concurrency(e.compute, e.function)),
    ),
)
"""Method, path, action, function. Whatever else is asked for is ``PathNotSupported``."""


def app(cloud: Cloud) -> Starlette:
    """The application of the Function Compute socket."""
    routes = [Route(path, _endpoint(cloud, action, answer), methods=[verb]) for verb, path, action, answer in _ROUTES]
    verbs = ["GET", "POST", "PUT", "DELETE"]
    return Starlette(routes=[*routes, Route("/{path:path}", _endpoint(cloud, "", _unsupported), methods=verbs)])


async def _unsupported(exchange: Exchange) -> Response:
    path = exchange.http.url.path
    raise CloudError("PathNotSupported", f"'{exchange.http.method}' against '{path}' is not supported")


def _endpoint(cloud: Cloud, action: str, answer: Answer) -> Callable[[HttpRequest], Awaitable[Response]]:
    async def endpoint(http: HttpRequest) -> Response:
        exchange = Exchange(cloud, http, await http.body(), cloud.new_id(), action)
        exchange.claimed = _claimed_account(exchange)
        try:
            response = await _answer(exchange, answer)
        except CloudError as error:
            response = _refusal(exchange, error)
        response.headers["x-fc-request-id"] = exchange.request_id
        _note(exchange, response.status_code)
        return response

    return endpoint


async def _answer(exchange: Exchange, answer: Answer) -> Response:
    """Authenticate, authorise, run; a planned fault may strike before or after."""
    struck = await _strike(exchange, "before")
    if struck is None:
        _authorise(exchange)
        response = await answer(exchange)
        struck = await _strike(exchange, "after")
        return struck or response
    return struck


def _authorise(exchange: Exchange) -> None:
    """Who it is, and whether RAM lets it (help page "Policies and sample policies" of Function Compute)."""
    http, cloud = exchange.http, exchange.cloud
    raw = http.scope["raw_path"].decode()
    request = signatures.Request(
        http.method, raw, signatures.decoded(http.scope["query_string"]), dict(http.headers), exchange.body
    )
    principal = authenticate(cloud, http.method, http.url.path, request)
    exchange.principal = principal.arn
    account_id = exchange.compute.account_id
    name = http.path_params.get("function", "*")
    region = exchange.compute.functions[name].region if name in exchange.compute.functions else "cn-hangzhou"
    resource = f"acs:fc:{region}:{account_id}:functions/{name}"
    if principal.account_id != account_id:
        raise CloudError("AccessDenied", f"the resource doesn't belong to you: {resource}", 403)
    exchange.decision = cloud.decide(principal, f"fc:{exchange.action or '*'}", resource)
    if not exchange.decision.allowed:
        raise CloudError(
            "AccessDenied", f"the caller is not authorized to perform fc:{exchange.action} on {resource}", 403
        )


def _refusal(exchange: Exchange, error: CloudError) -> Response:
    """The 2.0 paths say ``ErrorCode``, the 3.0 paths ``Code`` (help page "Error codes"; what the SDKs read)."""
    exchange.code = error.code
    if exchange.http.url.path.startswith("/2016-08-15/"):
        body = {"ErrorCode": error.code, "ErrorMessage": error.message}
    else:
        body = {"Code": error.code, "Message": error.message, "RequestId": exchange.request_id, **error.extra}
    return Response(json.dumps(body), error.status, error.headers, "application/json")


async def _strike(exchange: Exchange, phase: faults.Phase) -> Response | None:
    """What a planned fault answers instead; None in the usual case."""
    fault = exchange.cloud.faults.take("fc", exchange.action, phase, account=exchange.claimed)
    fault = await faults.suffer(fault)
    if fault is None:
        return None
    exchange.code = fault.code
    if fault.drop:
        await faults.drop(dict(exchange.http.scope))
        return Response(status_code=500)
    if fault.body is not None:
        text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        return Response(text, fault.status or 500, fault.headers)
    return _refusal(exchange, CloudError(fault.code, fault.message, fault.status or 500, headers=fault.headers))


def _claimed_account(exchange: Exchange) -> str:
    key = re.search(r"(?:FC |Credential=)([^:,\s]+)", exchange.header("authorization"))
    state = exchange.cloud.state
    known = (state.keys.get(key.group(1)) or state.sessions.get(key.group(1))) if key else None
    return known.principal.account_id if known else ""


def _note(exchange: Exchange, status: int) -> None:
    exchange.cloud.journal.add(
        service="fc",
        action=exchange.action,
        principal=exchange.principal,
        params={**exchange.http.path_params, **exchange.http.query_params},
        status=status,
        code=exchange.code,
        decision=exchange.decision,
        request_id=exchange.request_id,
    )
