"""The HTTP side of MNS: which action a request is, whether it may be done, and how an answer or a refusal looks."""

from __future__ import annotations

import inspect
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from starlette.applications import Starlette
from starlette.requests import Request as HttpRequest
from starlette.responses import Response
from starlette.routing import Route

from emulator import effects, faults
from emulator.errors import CloudError
from emulator.mns import message_actions, queue_actions
from emulator.mns.request import Answer, Request, Run
from emulator.mns.signature import authenticate
from emulator.mns.wire import document

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.permissions import Decision
    from emulator.state import Principal

REGION = "cn-hangzhou"
"""One port serves the management account's queues in this region; the real cloud names both in the host."""


@dataclass(frozen=True)
class Action:
    """One line of the table: what it is called, what it needs, what it may carry in its query string."""

    name: str
    run: Run
    permission: str
    query: frozenset[str] = frozenset()


_MESSAGES = {
    ("POST", ""): Action("SendMessage", message_actions.send_message, "mns:SendMessage"),
    ("GET", ""): Action(
        "ReceiveMessage",
        message_actions.receive_message,
        "mns:ReceiveMessage",
        frozenset({"numOfMessages", "waitseconds"}),
    ),
    ("GET", "peekonly"): Action(
        "PeekMessage", message_actions.peek_message, "mns:PeekMessage", frozenset({"peekonly", "numOfMessages"})
    ),
    ("DELETE", ""): Action("BatchDeleteMessage", message_actions.batch_delete_message, "mns:DeleteMessage"),
    ("DELETE", "ReceiptHandle"): Action(
        "DeleteMessage", message_actions.delete_message, "mns:DeleteMessage", frozenset({"ReceiptHandle"})
    ),
    ("PUT", "ReceiptHandle"): Action(
        "ChangeMessageVisibility",
        message_actions.change_visibility,
        "mns:ChangeMessageVisibility",
        frozenset({"ReceiptHandle", "VisibilityTimeout"}),
    ),
}
_QUEUE = {
    ("PUT", ""): Action("CreateQueue", queue_actions.create_queue, "mns:CreateQueue"),
    ("PUT", "metaoverride"): Action(
        "SetQueueAttributes", queue_actions.set_queue_attributes, "mns:SetQueueAttributes", frozenset({"metaoverride"})
    ),
    ("GET", ""): Action("GetQueueAttributes", queue_actions.get_queue_attributes, "mns:GetQueueAttributes"),
    ("DELETE", ""): Action("DeleteQueue", queue_actions.delete_queue, "mns:DeleteQueue"),
}
_ACCOUNT = {("GET", ""): Action("ListQueue", queue_actions.list_queue, "mns:ListQueue")}
_SELECTORS = ("peekonly", "ReceiptHandle", "metaoverride")
"""Query items whose presence makes another action of the same method and path."""


def app(cloud: Cloud) -> Starlette:
    """The application of the MNS socket."""

    async def serve(http: HttpRequest) -> Response:
        return await _serve(cloud, http)

    return Starlette(routes=[Route("/{path:path}", serve, methods=["GET", "PUT", "POST", "DELETE"])])


@dataclass
class _Trace:
    """What the journal will say of a request, filled in as it becomes known."""

    request_id: str
    action: str = ""
    queue: str = ""
    claimed: str = ""
    """The account whose key the request claims to be signed with."""
    principal: str = ""
    decision: Decision | None = None
    code: str = ""


async def _serve(cloud: Cloud, http: HttpRequest) -> Response:
    """Answer one request and write it down."""
    trace = _Trace(cloud.new_id())
    try:
        answer = await _answer(cloud, http, trace)
    except CloudError as error:
        trace.code = error.code
        answer = _refusal(cloud, error, trace.request_id)
    cloud.journal.add(
        service="mns",
        action=trace.action,
        region=REGION,
        principal=trace.principal,
        params={"QueueName": trace.queue, **http.query_params},
        status=answer.status,
        code=trace.code,
        decision=trace.decision,
        request_id=trace.request_id,
    )
    headers = {**dict(answer.headers), "x-mns-request-id": trace.request_id, "x-mns-version": "2015-06-06"}
    kind = {"content-type": "text/xml;charset=utf-8"} if answer.body else {}
    return Response(answer.body, answer.status, {**kind, **headers})


async def _answer(cloud: Cloud, http: HttpRequest, trace: _Trace) -> Answer:
    """Find the action, authenticate, authorise, run; a planned fault may strike before or after."""
    headers, body = dict(http.headers), await http.body()
    action, trace.queue = _find(http)
    trace.action = action.name
    trace.claimed = _claimed_account(cloud, headers.get("authorization", ""))
    struck = await _strike(cloud, http, trace, "before")
    if struck is not None:
        return struck
    target = http.scope["raw_path"].decode() + (f"?{http.url.query}" if http.url.query else "")
    principal = authenticate(cloud, http.method, target, headers, body)
    trace.principal = principal.arn
    account_id = _owner(cloud)
    _authorise(cloud, principal, action, trace, account_id)
    request = Request(cloud, account_id, _base_url(http), trace.queue, dict(http.query_params), headers, body)
    try:
        answer = action.run(request)
        if inspect.isawaitable(answer):
            answer = await answer
    except CloudError as error:
        trace.code, answer = error.code, _refusal(cloud, error, trace.request_id)
    return await _strike(cloud, http, trace, "after") or answer


def _find(http: HttpRequest) -> tuple[Action, str]:
    """The action of a method, path and query, and the queue's name."""
    match http.url.path.split("/"):
        case ["", "queues"] | ["", "queues", ""]:
            table, name = _ACCOUNT, ""
        case ["", "queues", name]:
            table = _QUEUE
        case ["", "queues", name, "messages"]:
            table = _MESSAGES
        case _:
            raise CloudError("InvalidRequestURL", "Http request URL format invalid.")
    selector = next((key for key in _SELECTORS if key in http.query_params), "")
    action = table.get((http.method, selector)) or table.get((http.method, ""))
    if action is None:
        raise CloudError("InvalidRequestURL", f"{http.method} is not possible on this URL.")
    for item in http.query_params:
        if item not in action.query:
            raise CloudError("InvalidQueryString", f'Http request URL contains invalid querystring item "{item}".')
    return action, name


def _authorise(cloud: Cloud, principal: Principal, action: Action, trace: _Trace, account_id: str) -> None:
    """Queues belong to one account, and RAM decides within it (help page "Permission policies and examples").

    That page gives batch calls the permission of the single call.
    """
    if principal.account_id != account_id:
        raise CloudError(
            "AccessDenied", "The OwnerId that your Access Key Id associated to is forbidden for this operation.", 403
        )
    path = f"/queues/{trace.queue}" if trace.queue else "/queues"
    tail = "/messages" if action in _MESSAGES.values() else ""
    resource = f"acs:mns:{REGION}:{account_id}:{path}{tail}"
    trace.decision = cloud.decide(principal, action.permission, resource)
    if not trace.decision.allowed:
        text = f"The OwnerId that your Access Key Id associated to is forbidden for this operation: {action.permission}"
        raise CloudError("AccessDenied", f"{text} on {resource}.", 403)


async def _strike(cloud: Cloud, http: HttpRequest, trace: _Trace, phase: Literal["before", "after"]) -> Answer | None:
    """What a planned fault answers instead; None in the usual case."""
    fault = cloud.faults.take("mns", trace.action, phase, account=trace.claimed, region=REGION)
    await effects.befall(cloud, fault, _claimed_key(http.headers.get("authorization", "")), http.scope)
    fault = await faults.suffer(fault)
    if fault is None:
        return None
    trace.code = fault.code
    if fault.drop:
        await faults.drop(dict(http.scope))
        return Answer(500)
    if fault.body is not None:
        text = fault.body if isinstance(fault.body, str) else json.dumps(fault.body)
        return Answer(fault.status or 500, text.encode(), tuple(fault.headers.items()))
    error = CloudError(fault.code, fault.message, fault.status or 500, headers=fault.headers)
    return _refusal(cloud, error, trace.request_id)


def _refusal(cloud: Cloud, error: CloudError, request_id: str) -> Answer:
    """The error document; the SDK needs all four elements."""
    host = f"http://{_owner(cloud)}.mns.{REGION}.aliyuncs.com"
    fields = {"Code": error.code, "Message": error.message, "RequestId": request_id, "HostId": host}
    return Answer(error.status, document("Error", fields), tuple(error.headers.items()))


def _owner(cloud: Cloud) -> str:
    """The account whose queues this port serves."""
    directory = cloud.state.directory
    return directory.management_account if directory else next(iter(cloud.state.accounts))


def _base_url(http: HttpRequest) -> str:
    return f"{http.url.scheme}://{http.headers.get('host', '')}"


def _claimed_account(cloud: Cloud, authorization: str) -> str:
    """The account of the key that a request claims to be signed with, unproved (for faults of one account)."""
    key = _claimed_key(authorization)
    known = cloud.state.keys.get(key) or cloud.state.sessions.get(key)
    return known.principal.account_id if known else ""


def _claimed_key(authorization: str) -> str:
    return authorization.removeprefix("MNS ").partition(":")[0]
