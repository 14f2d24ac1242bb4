"""The HTTP side of MNS: which action a request is, whether it may be done, and how an answer or a refusal looks."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.responses import Response

from emulator import answers
from emulator.errors import CloudError, refusal
from emulator.mns import message_actions, queue_actions
from emulator.mns.request import Answer, Request, Run
from emulator.mns.signature import authenticate
from emulator.mns.wire import document
from emulator.service import Service
from emulator.traffic import Trace, routed

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request as HttpRequest

    from emulator.app import Record
    from emulator.cloud import Cloud
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
ACTIONS = {action.name for table in (_ACCOUNT, _QUEUE, _MESSAGES) for action in table.values()}
"""The names of them all."""
_RECORDED = [action for (method, _), action in _QUEUE.items() if method != "GET"]
"""What manages queues is in the trail, as on the RPC side; what moves messages is not (inferred: data events)."""
_PRODUCT = Service(name="mns", product="Mns", version="2015-06-06", actions={})
"""What the trail has to know of these calls."""
_SELECTORS = ("peekonly", "ReceiptHandle", "metaoverride")
"""Query items whose presence makes another action of the same method and path."""


def app(cloud: Cloud, record: Record) -> Starlette:
    """The application of the MNS socket; ``record`` keeps ActionTrail's events."""

    async def serve(http: HttpRequest) -> Response:
        return await _serve(cloud, http, record)

    return routed([], serve)


async def _serve(cloud: Cloud, http: HttpRequest, record: Record) -> Response:
    """Answer one request and write it down; a planned fault may strike before or after."""
    key = http.headers.get("authorization", "").removeprefix("MNS ").partition(":")[0]
    trace = Trace(cloud, "mns", region=REGION, key=key, params={"QueueName": "", **http.query_params})
    answer = Answer(200)
    try:
        action, queue = _find(http)
        trace.action, trace.params["QueueName"] = action.name, queue
        fault = await trace.strike("before", http.scope)
        if fault is None:
            answer = await _answer(trace, http, action, record)
            fault = await trace.strike("after", http.scope)
    except CloudError as error:
        fault, trace.code, answer = None, error.code, _refusal(trace, error)
    await trace.end(answer.status, fault, http.scope)
    if fault is not None:
        status, text, own = answers.replaced(fault, lambda own: _plain(_refusal(trace, own)))
        answer = Answer(status, text, tuple(own.items()))
    headers = {**dict(answer.headers), "x-mns-request-id": trace.request_id, "x-mns-version": "2015-06-06"}
    kind = {"content-type": "text/xml;charset=utf-8"} if answer.body else {}
    return Response(answer.body, answer.status, {**kind, **headers})


async def _answer(trace: Trace, http: HttpRequest, action: Action, record: Record) -> Answer:
    """Authenticate, authorise, run, and leave a trail of what changes a queue."""
    cloud, headers, queue = trace.cloud, dict(http.headers), trace.params["QueueName"]
    body, failed, principal = await http.body(), None, None
    try:
        query = http.scope["query_string"]
        target = (http.scope["raw_path"] + (b"?" + query if query else b"")).decode()
        principal = authenticate(cloud, http.method, target, headers, body)
        trace.principal = principal.arn
        account_id = _owner(cloud)
        _authorise(trace, principal, action, account_id)
        answer = action.run(Request(cloud, account_id, _base_url(http), queue, dict(http.query_params), headers, body))
        if inspect.isawaitable(answer):
            answer = await answer
    except Exception as raised:  # noqa: BLE001 - a bug is answered, too
        failed = refusal(raised)
        trace.code, answer = failed.code, _refusal(trace, failed)
    if principal is not None and action in _RECORDED:
        record(trace.call(_PRODUCT, principal, http, {"QueueName": queue}), {}, failed)
    return answer


def _find(http: HttpRequest) -> tuple[Action, str]:
    """The action of a method, path and query, and the queue's name."""
    match http.scope["path"].split("/"):
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


def _authorise(trace: Trace, principal: Principal, action: Action, account_id: str) -> None:
    """Queues belong to one account, and RAM decides within it (help page "Permission policies and examples").

    That page gives batch calls the permission of the single call.
    """
    if principal.account_id != account_id:
        raise CloudError(
            "AccessDenied", "The OwnerId that your Access Key Id associated to is forbidden for this operation.", 403
        )
    queue = trace.params["QueueName"]
    path = f"/queues/{queue}" if queue else "/queues"
    tail = "/messages" if action in _MESSAGES.values() else ""
    resource = f"acs:mns:{REGION}:{account_id}:{path}{tail}"
    trace.decision = trace.cloud.decide(principal, action.permission, resource)
    if not trace.decision.allowed:
        text = f"The OwnerId that your Access Key Id associated to is forbidden for this operation: {action.permission}"
        raise CloudError("AccessDenied", f"{text} on {resource}.", 403)


def _refusal(trace: Trace, error: CloudError) -> Answer:
    """The error document; the SDK needs all four elements."""
    host = f"http://{_owner(trace.cloud)}.mns.{REGION}.aliyuncs.com"
    fields = {"Code": error.code, "Message": error.message, "RequestId": trace.request_id, "HostId": host}
    return Answer(error.status, document("Error", fields), tuple(error.headers.items()))


def _owner(cloud: Cloud) -> str:
    """The account whose queues this port serves."""
    directory = cloud.state.directory
    return directory.management_account if directory else next(iter(cloud.state.accounts))


def _base_url(http: HttpRequest) -> str:
    return f"{http.scope['scheme']}://{http.headers.get('host', '')}"


def _plain(answer: Answer) -> answers.Answer:
    return answer.status, answer.body, dict(answer.headers)
