"""Simple Log Service, as far as reading goes: what the functions wrote, searched by GetLogsV2.

Projects and logstores are those that the deployed functions name (``logConfig`` in ``s.yaml``); their index is taken to
be made. Request, answer, signature: API page "GetLogsV2", help pages "Request signatures" and "Error codes" of Simple
Log Service; SDK ``alibabacloud_sls20201230`` with ``alibabacloud_gateway_sls`` (signature v1 with HMAC-SHA256).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import re
import time
import zlib
from collections.abc import Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from emulator.errors import CloudError
from emulator.signatures import WINDOW
from emulator.traffic import Trace

if TYPE_CHECKING:
    from starlette.requests import Request as HttpRequest

    from emulator.accounts import Principal
    from emulator.cloud import Cloud
    from emulator.fc.compute import Compute

MOST_ROWS = 100
"""``line`` is 0 to 100, and 100 where it is not said (API page)."""
ASKED = {"from", "to", "query", "line", "offset", "reverse", "topic", "forward", "highlight", "session"} | {
    "isAccurate",
    "powerSql",
}
_AUTHORIZATION = re.compile(r"LOG ([^:\s]+):(\S+)")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_DELIMITERS = re.compile(r"""[,\s'";=()\[\]{}?@&<>/:]+""")
"""What separates words in a full-text index unless told otherwise (help page "Create indexes")."""
_WORD = re.compile(r"[\w.-]+")


def app(cloud: Cloud) -> Starlette:
    """The application of the log service's socket."""

    async def search(http: HttpRequest) -> Response:
        return await _serve(cloud, http)

    return Starlette(routes=[Route("/logstores/{store}/logs", search, methods=["POST"])])


async def _serve(cloud: Cloud, http: HttpRequest) -> Response:
    """Answer one request and write it down. The project is the first label of the host (API page, "Host")."""
    where = {"Project": http.headers.get("host", "").partition(".")[0], "Logstore": http.path_params["store"]}
    claimed = _AUTHORIZATION.fullmatch(http.headers.get("authorization", ""))
    trace = Trace(cloud, "logs", action="GetLogsV2", key=claimed.group(1) if claimed else "", params=where)
    scope = http.scope
    fault, answer = await trace.strike("before", scope), Response(status_code=500)
    if fault is None:
        try:
            answer = await _answer(trace, http)
        except CloudError as error:
            trace.code, answer = error.code, _refusal(error)
        fault = await trace.strike("after", scope)
    if fault is not None:
        trace.code = fault.code
        answer = _refusal(CloudError(fault.code, fault.message, fault.status or 500, headers=fault.headers))
    await trace.end(answer.status_code, fault, scope)
    answer.headers["x-log-requestid"] = trace.request_id
    return answer


def _refusal(error: CloudError) -> Response:
    text = json.dumps({"errorCode": error.code, "errorMessage": error.message})
    return Response(text, error.status, error.headers, "application/json")


async def _answer(trace: Trace, http: HttpRequest) -> Response:
    body = await http.body()
    principal = authenticate(trace.cloud, http.method, http.url.path, dict(http.headers), body)
    trace.principal = principal.arn
    asked = _asked(body)
    trace.params |= asked
    return _found(trace, principal, asked)


def authenticate(cloud: Cloud, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Principal:
    """The principal whose secret signed the request.

    Raises:
        CloudError: codes and statuses of the help page "Error codes".
    """
    match = _AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None or headers.get("x-log-signaturemethod") != "hmac-sha256":
        raise CloudError("ParameterInvalid", "Http extend authorization : authorization pair is invalid.")
    if headers.get("x-log-apiversion") != "0.6.0":
        raise CloudError("ParameterInvalid", "Http extend x-log-apiversion is invalid.")
    try:
        sent = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except (TypeError, ValueError) as error:
        raise CloudError("InvalidRequestTime", "Request time not follow RFC822 spec.") from error
    if abs(time.time() - sent) > WINDOW:
        raise CloudError("RequestTimeExpired", "Request time has been expired.")
    try:
        principal, secret = cloud.identify(match.group(1), headers.get("x-acs-security-token", ""))
    except CloudError as error:
        raise CloudError("Unauthorized", error.message, 401) from error
    digest = hashlib.md5(body).hexdigest().upper() if body else ""
    if digest != headers.get("content-md5", ""):
        raise CloudError("ParameterInvalid", "Http extend content-md5 is invalid.")
    if not hmac.compare_digest(_signature(secret, method, path, headers), match.group(2)):
        raise CloudError("SignatureNotMatch", f"Signature {match.group(2)} not matched.", 401)
    cloud.issued.add(match.group(2))
    return principal


def _signature(secret: str, method: str, path: str, headers: Mapping[str, str]) -> str:
    """Base64 of the HMAC over method, MD5, type, date, the ``x-log-`` and ``x-acs-`` headers, and the resource."""
    own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith(("x-log-", "x-acs-")))
    first = [method, headers.get("content-md5", ""), headers.get("content-type", ""), headers.get("date", "")]
    text = "\n".join(first) + "\n" + own + path
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _asked(body: bytes) -> dict[str, Any]:
    try:
        asked = json.loads(body)
        start, end = int(asked["from"]), int(asked["to"])
    except (ValueError, TypeError, KeyError) as error:
        raise CloudError("PostBodyInvalid", "The request body is not valid JSON object.") from error
    if start >= end:
        raise CloudError("ParameterInvalid", "begin time must be less than end time.")
    if asked.keys() - ASKED or not 0 <= int(asked.get("line", MOST_ROWS)) <= MOST_ROWS:
        raise CloudError("ParameterInvalid", "line must be between 0 and 100; other parameters are not known.")
    return dict(asked)


def _found(trace: Trace, principal: Principal, asked: Mapping[str, Any]) -> Response:
    """The rows, compressed as the request accepts (only gzip here, which SDK and page mean as zlib's format)."""
    cloud, project, store = trace.cloud, trace.params["Project"], trace.params["Logstore"]
    compute: Compute = cloud.state.fc.compute
    stores = _stores(compute)
    resource = f"project/{project}/logstore/{store}"
    region = next((found.region for found in compute.functions.values()), "*")
    arn = f"acs:log:{region}:{compute.account_id}:{resource}"
    if principal.account_id != compute.account_id or project not in {project for project, _ in stores}:
        raise CloudError("ProjectNotExist", f"The Project does not exist : {project}", 404)
    trace.decision = cloud.decide(principal, "log:GetLogStoreLogs", arn)
    if not trace.decision.allowed:
        text = f"denied by sts or ram, action: log:GetLogStoreLogs, resource: {arn}"
        raise CloudError("Unauthorized", text, 401)
    functions = stores.get((project, store))
    if functions is None:
        raise CloudError("LogStoreNotExist", f"logstore {store} does not exist", 404)
    rows = [row for row in _rows(cloud, functions) if _matches(row, asked)]
    rows.sort(key=lambda row: int(row["__time__"]), reverse=str(asked.get("reverse")).lower() == "true")
    start = int(asked.get("offset", 0))
    data = rows[start : start + int(asked.get("line", MOST_ROWS))]
    meta = {"progress": "Complete", "count": len(data), "processedRows": len(rows), "hasSQL": False}
    body = json.dumps({"meta": meta, "data": data}, ensure_ascii=False).encode()
    headers = {"x-log-compresstype": "gzip", "x-log-bodyrawsize": str(len(body))}
    return Response(zlib.compress(body), headers=headers, media_type="application/json")


def _stores(compute: Compute) -> dict[tuple[str, str], list[str]]:
    """Project and logstore → the functions that write there."""
    found: dict[tuple[str, str], list[str]] = {}
    for name, function in compute.functions.items():
        config = function.log_config
        if isinstance(config, dict):
            found.setdefault((str(config.get("project")), str(config.get("logstore"))), []).append(name)
    return found


def _rows(cloud: Cloud, functions: list[str]) -> Iterator[dict[str, str]]:
    """Rows with the fields of the help page "Fields of Function Compute logs", cut as ``logBeginRule`` says.

    DefaultRegex: what has no date belongs to the line before (API page, "LogConfig").
    """
    for name in functions:
        texts: list[tuple[float, str]] = []
        for line in cloud.state.fc.logs.get(name, []):
            if texts and not _DATE.search(line.text):
                texts[-1] = (texts[-1][0], f"{texts[-1][1]}\n{line.text}")
            else:
                texts.append((line.at, line.text))
        common = {"__source__": "", "__topic__": f"FCLogs:{name}", "functionName": name, "qualifier": "LATEST"}
        yield from ({**common, "__time__": str(int(at)), "message": text} for at, text in texts)


def _matches(row: Mapping[str, str], asked: Mapping[str, Any]) -> bool:
    """``from <= time < to``, and every word of the query; other queries than words and ``and`` are not understood."""
    if not int(asked["from"]) <= int(row["__time__"]) < int(asked["to"]):
        return False
    wanted = [word for word in str(asked.get("query") or "*").split() if word not in {"*", "and"}]
    if not all(_WORD.fullmatch(word) for word in wanted):
        raise CloudError("ParameterInvalid", f"the emulator does not understand the query {asked['query']!r}")
    words = {word.casefold() for word in _DELIMITERS.split(row["message"])}
    return all(word.casefold() in words for word in wanted)
