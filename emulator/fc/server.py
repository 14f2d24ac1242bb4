"""The HTTP side of Function Compute: invocations on the 2.0 and 3.0 paths, and reading what is deployed."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from emulator import answers, signatures
from emulator.errors import CloudError, refusal
from emulator.fc import describe
from emulator.fc.asynchronous import PAYLOAD_BYTES, submit
from emulator.fc.signature import authenticate
from emulator.fc.state import Event
from emulator.traffic import Trace, routed

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request as HttpRequest

    from emulator.cloud import Cloud
    from emulator.fc.compute import Compute, Outcome
    from emulator.fc.functions import Function

SYNC_BYTES = 32 * 1024 * 1024
"""Largest event of a synchronous call (help page "Limits")."""
_DELAY_SECONDS = 3600


@dataclass
class Exchange:
    """One call."""

    trace: Trace
    http: HttpRequest
    body: bytes

    @property
    def cloud(self) -> Cloud:
        """Where it all happens."""
        return self.trace.cloud

    @property
    def request_id(self) -> str:
        """As the client will see it."""
        return self.trace.request_id

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
    event = Event(
        function=function.function_name,
        payload=exchange.body,
        request_id=exchange.request_id,
        source="async",
        accepted_at=now,
        due=now + float(delay),
    )
    submit(exchange.compute, event)
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


QUERY: Mapping[str, frozenset[str]] = {
    "InvokeFunction": frozenset({"qualifier"}),
    "ListFunctions": frozenset({"limit", "nextToken", "prefix"}),
    "GetFunction": frozenset({"qualifier"}),
    "ListTriggers": frozenset({"limit", "nextToken", "prefix"}),
    "GetAsyncInvokeConfig": frozenset({"qualifier"}),
}
"""Action → what its query string may hold; whatever else is unknown or not emulated, and would change the answer."""


def _check_query(exchange: Exchange) -> None:
    """Refuse what would be passed over. Nothing is published here: there is only LATEST."""
    unknown = exchange.http.query_params.keys() - QUERY.get(exchange.trace.action, frozenset())
    if exchange.trace.action and unknown:
        raise CloudError("InvalidArgument", f"'{min(unknown)}' is not known in the query string")
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
ACTIONS = frozenset(action for _, _, action, _ in _ROUTES)
_RIGHTS = {
    "GetAsyncInvokeConfig": ("GetFunctionAsyncInvokeConfig", ""),
    "ListTriggers": ("ListTriggers", "/triggers/*"),
    "GetTrigger": ("GetTrigger", "/triggers/{trigger}"),
}
"""Action → RAM action, and what is asked for below the function, where it is not the action on the function itself
(help page "Policies and sample policies", custom policies)."""


def app(cloud: Cloud) -> Starlette:
    """The application of the Function Compute socket."""
    routes = [Route(path, _endpoint(cloud, action, answer), methods=[verb]) for verb, path, action, answer in _ROUTES]
    return routed(routes, _endpoint(cloud, "", _unsupported))


async def _unsupported(exchange: Exchange) -> Response:
    path = exchange.http.scope["path"]
    raise CloudError("PathNotSupported", f"'{exchange.http.method}' against '{path}' is not supported")


def _endpoint(cloud: Cloud, action: str, answer: Answer) -> Callable[[HttpRequest], Awaitable[Response]]:
    async def endpoint(http: HttpRequest) -> Response:
        key = _CLAIMED.search(http.headers.get("authorization", ""))
        trace = Trace(cloud, "fc", action=action, key=key.group(1) if key else "")
        trace.region = _region(cloud, http.path_params.get("function", ""))
        trace.params = {**http.path_params, **http.query_params}
        exchange = Exchange(trace, http, await http.body())
        response = await _answer(exchange, answer)
        response.headers["x-fc-request-id"] = trace.request_id
        return response

    return endpoint


_CLAIMED = re.compile(r"(?:FC |Credential=)([^:,\s]+)")


async def _answer(exchange: Exchange, answer: Answer) -> Response:
    """Authenticate, authorise, run, write down; a planned fault may strike before or after."""
    trace, scope, response = exchange.trace, exchange.http.scope, Response()
    fault = await trace.strike("before", scope)
    if fault is None:
        try:
            _authorise(exchange)
            _check_query(exchange)
            response = await answer(exchange)
        except Exception as raised:  # noqa: BLE001 - a bug is answered, too
            error = refusal(raised)
            trace.code, response = error.code, _refusal(exchange, error)
        fault = await trace.strike("after", scope)
    await trace.end(response.status_code, fault, scope)
    if fault is None:
        return response
    status, text, headers = answers.replaced(fault, lambda own: _plain(_refusal(exchange, own)))
    return Response(text, status, headers)


def _plain(response: Response) -> answers.Answer:
    return response.status_code, bytes(response.body), dict(response.headers)


def _region(cloud: Cloud, name: str) -> str:
    """Where a function is; where none of that name is, the region of the others."""
    compute = cloud.state.fc.compute
    known = compute.functions if compute else {}
    return known[name].region if name in known else next((one.region for one in known.values()), "cn-hangzhou")


def _authorise(exchange: Exchange) -> None:
    """Who it is, and whether RAM lets it (help page "Policies and sample policies" of Function Compute)."""
    http, cloud = exchange.http, exchange.cloud
    raw = http.scope["raw_path"].decode()
    request = signatures.Request(
        http.method, raw, signatures.decoded(http.scope["query_string"]), dict(http.headers), exchange.body
    )
    principal = authenticate(cloud, http.method, http.scope["path"], request)
    exchange.trace.principal = principal.arn
    account_id = exchange.compute.account_id
    name = http.path_params.get("function", "*")
    right, below = _RIGHTS.get(exchange.trace.action, (exchange.trace.action or "*", ""))
    resource = f"acs:fc:{exchange.trace.region}:{account_id}:functions/{name}{below.format(**http.path_params)}"
    if principal.account_id != account_id:
        raise CloudError("AccessDenied", f"the resource doesn't belong to you: {resource}", 403)
    exchange.trace.decision = cloud.decide(principal, f"fc:{right}", resource)
    if not exchange.trace.decision.allowed:
        raise CloudError("AccessDenied", f"the caller is not authorized to perform fc:{right} on {resource}", 403)


def _refusal(exchange: Exchange, error: CloudError) -> Response:
    """The 2.0 paths say ``ErrorCode``, the 3.0 paths ``Code`` (help page "Error codes"; what the SDKs read)."""
    if exchange.http.scope["path"].startswith("/2016-08-15/"):
        body = {"ErrorCode": error.code, "ErrorMessage": error.message}
    else:
        body = {"Code": error.code, "Message": error.message, "RequestId": exchange.request_id, **error.extra}
    return Response(json.dumps(body), error.status, error.headers, "application/json")
