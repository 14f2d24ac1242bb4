"""Simple Log Service 2020-12-30: the projects, logstores and indexes in which the functions' lines are found.

Actions: ``projects.py``, ``indexes.py``, ``search.py``. A project's name is the first label of the host (each API page,
"Host"), which an address of this machine cannot have: the SDK is given the emulator as its proxy.
"""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from starlette.responses import Response
from starlette.routing import Route

from emulator import answers
from emulator.errors import CloudError, refusal
from emulator.logs import indexes, projects, search
from emulator.logs.call import REGION, Call
from emulator.logs.signature import AUTHORIZATION, authenticate
from emulator.service import Call as RecordedCall
from emulator.service import Service
from emulator.shapes import Record as Shape
from emulator.shapes import checked, parsed
from emulator.traffic import Trace, routed

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request as HttpRequest

    from emulator.accounts import Principal
    from emulator.app import Record
    from emulator.cloud import Cloud


@dataclass(frozen=True)
class Action:
    """One line of the table. Permissions and resources: section "Authentication resources" of each API page."""

    name: str
    verb: str
    path: str
    run: Callable[[Call], Response]
    errors: tuple[str, ...]
    """The documented codes that ``run`` may answer; those of absent projects and logstores are common to all."""
    permission: str = ""
    """``log:`` and the action's name, unless told."""
    body: Shape | None = None
    malformed: str = ""
    """The code for a body that is no such record."""
    writes: bool = False

    @property
    def ram(self) -> str:
        """The action of RAM."""
        return self.permission or f"log:{self.name}"


_INDEX, _BAD_INDEX = "/logstores/{store}/index", "IndexInfoInvalid"
_INDEX_ERRORS = (_BAD_INDEX, "ParameterInvalid")
ACTIONS = (
    Action(
        "CreateProject",
        "POST",
        "/",
        projects.create_project,
        ("ProjectAlreadyExist", "ParameterInvalid"),
        body=projects.PROJECT,
        malformed="ParameterInvalid",
        writes=True,
    ),
    Action("GetProject", "GET", "/", projects.get_project, ()),
    Action(
        "CreateLogStore",
        "POST",
        "/logstores",
        projects.create_log_store,
        ("LogStoreAlreadyExist", "LogStoreInfoInvalid", "ProjectQuotaExceed"),
        body=projects.STORE,
        malformed="LogStoreInfoInvalid",
        writes=True,
    ),
    Action("GetLogStore", "GET", "/logstores/{store}", projects.get_log_store, ()),
    Action(
        "CreateIndex",
        "POST",
        _INDEX,
        indexes.create_index,
        ("IndexAlreadyExist", *_INDEX_ERRORS),
        body=indexes.INDEX,
        malformed=_BAD_INDEX,
        writes=True,
    ),
    # Pages of 2026 say "no authorization" of GetIndex, those of 2023 log:GetIndex.
    Action("GetIndex", "GET", _INDEX, indexes.get_index, ("IndexConfigNotExist",)),
    Action(
        "UpdateIndex",
        "PUT",
        _INDEX,
        indexes.update_index,
        _INDEX_ERRORS,
        body=indexes.INDEX,
        malformed=_BAD_INDEX,
        writes=True,
    ),
    Action(
        "GetLogsV2",
        "POST",
        "/logstores/{store}/logs",
        search.get_logs,
        ("IndexConfigNotExist", "ParameterInvalid", "PostBodyInvalid"),
        permission="log:GetLogStoreLogs",
        body=search.ASKED,
        malformed="PostBodyInvalid",
    ),
)


_PRODUCT = Service(name="logs", product="Sls", version="2020-12-30", actions={})
"""What the trail has to know of these calls (help page "Audit events of Simple Log Service")."""


def app(cloud: Cloud, record: Record) -> Starlette:
    """The application of the log service's socket; ``record`` keeps ActionTrail's events."""
    return routed([Route(one.path, _endpoint(cloud, one, record), methods=[one.verb]) for one in ACTIONS], _unknown)


async def _unknown(http: HttpRequest) -> Response:
    """What is not in the table; the SDK reads nothing but this form (the code is inferred)."""
    text = f"the emulator has no action for {http.method} {http.scope['path']}"
    return _refusal(CloudError("InvalidAPI", text, 404))


def _endpoint(cloud: Cloud, action: Action, record: Record) -> Callable[[HttpRequest], Awaitable[Response]]:
    async def serve(http: HttpRequest) -> Response:
        return await _serve(cloud, action, record, http)

    return serve


async def _serve(cloud: Cloud, action: Action, record: Record, http: HttpRequest) -> Response:
    """Answer one request and write it down; a planned fault may strike before or after."""
    host = http.headers.get("host", "").partition(".")[0]
    where = {"Project": host, "Logstore": http.path_params.get("store", "")}
    claimed = AUTHORIZATION.fullmatch(http.headers.get("authorization", ""))
    trace = Trace(cloud, "logs", REGION, action.name, claimed.group(1) if claimed else "", params=where)
    scope = http.scope
    fault, answer = await trace.strike("before", scope), Response()
    if fault is None:
        try:
            answer = _answer(trace, action, record, http, await http.body())
        except Exception as raised:  # noqa: BLE001 - a bug is answered, too
            error = refusal(raised)
            trace.code, answer = error.code, _refusal(error)
        fault = await trace.strike("after", scope)
    await trace.end(answer.status_code, fault, scope)
    if fault is not None:
        status, text, headers = answers.replaced(fault, lambda own: _plain(_refusal(own)))
        answer = Response(text, status, headers)
    answer.headers["x-log-requestid"] = trace.request_id
    return answer


def _refusal(error: CloudError) -> Response:
    """The error document (help page "Error codes")."""
    text = json.dumps({"errorCode": error.code, "errorMessage": error.message})
    return Response(text, error.status, error.headers, "application/json")


def _plain(answer: Response) -> answers.Answer:
    return answer.status_code, bytes(answer.body), dict(answer.headers)


def _answer(trace: Trace, action: Action, record: Record, http: HttpRequest, body: bytes) -> Response:
    """Authenticate, run, and leave a trail of what changes something."""
    if http.scope["query_string"]:
        raise CloudError("ParameterInvalid", "the emulator knows no query here.")
    principal = authenticate(trace.cloud, http.method, http.scope["path"], dict(http.headers), body)
    trace.principal = principal.arn
    try:
        answer = _run(trace, action, principal, body)
    except CloudError as error:
        if action.writes:
            record(_event(trace, principal, http), {}, error)
        raise
    if action.writes:
        record(_event(trace, principal, http), {}, None)
    return answer


def _event(trace: Trace, caller: Principal, http: HttpRequest) -> RecordedCall:
    return trace.call(_PRODUCT, caller, http, {name: value for name, value in trace.params.items() if value != ""})


def _run(trace: Trace, action: Action, principal: Principal, body: bytes) -> Response:
    """Read, authorise, run."""
    sent = _read(action, body) if action.body else {}
    trace.params |= sent
    # The two that make something name it in the body.
    trace.params["Project"] = str(sent.get("projectName", trace.params["Project"]))
    trace.params["Logstore"] = str(sent.get("logstoreName", trace.params["Logstore"]))
    call = Call(trace.cloud, principal, trace.params["Project"], trace.params["Logstore"], sent)
    _authorise(trace, action, call)
    return action.run(call)


def _read(action: Action, body: bytes) -> dict[str, Any]:
    try:
        sent: Any = checked(action.body or object, parsed(body), "body")
    except (ValueError, TypeError) as error:
        raise CloudError(action.malformed, f"The body is not valid json string: {error}") from error
    return dict(sent)


def _authorise(trace: Trace, action: Action, call: Call) -> None:
    """RAM decides within the account that the project is, or is to be, of."""
    owner = call.principal.account_id if action.name == "CreateProject" else call.project.account_id
    below = f"/logstore/{call.store_name}" if call.store_name else ""
    resource = f"acs:log:{REGION}:{owner}:project/{call.project_name}{below}"
    trace.decision = trace.cloud.decide(call.principal, action.ram, resource)
    if not trace.decision.allowed:
        raise CloudError("Unauthorized", f"denied by sts or ram, action: {action.ram}, resource: {resource}", 401)
