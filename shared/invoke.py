"""Invoke a deployed function, through ``fc2`` or the official 3.0 SDK.

``fc2`` speaks the API of Function Compute 2.0, which has services; ``s.yaml`` deploys to 3.0, which has none. So three
ways are offered behind one Protocol: fc2 on a 2.0 service, fc2's signed transport on the 3.0 path (the way that
Serverless Devs' own tool takes, with the Node edition of fc2; that the real service accepts it is inferred), and the
official SDK of 3.0, which is an extra that need not be installed. ``cab doctor`` tells which one works.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Protocol
from urllib.parse import quote

from shared.clients import CONNECT_SECONDS, Credentials
from shared.config import Config
from shared.log import protect

TIMEOUT_SECONDS = 930
"""A synchronous answer comes when the function ends, whoever waits; ``s.yaml`` gives it 900 s at most."""


class InvokeError(Exception):
    """The function could not be invoked, or failed. ``status`` is 0 where no answer came."""

    def __init__(self, detail: str, status: int = 0, request_id: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.request_id = request_id


@dataclass(frozen=True)
class Answer:
    """What came back; for an asynchronous invocation an empty text (it was accepted, no more)."""

    text: str
    request_id: str


class Invoker(Protocol):
    """One way of invoking."""

    def invoke(self, function: str, payload: object, *, asynchronous: bool = False) -> Answer:
        """Invoke ``function`` with ``payload``: bytes as they are, anything else as JSON. Raises InvokeError."""


def invoker(config: Config, credentials: Credentials) -> Invoker:
    """The way that the configuration names."""
    ways: dict[str, type[_Fc2OnServices | _Fc2On30 | _Sdk30]] = {
        "fc2-2.0": _Fc2OnServices,
        "fc2-3.0": _Fc2On30,
        "sdk-3.0": _Sdk30,
    }
    return ways[config.functions.way](config, credentials)


def _fc2(config: Config, credentials: Credentials) -> Any:  # noqa: ANN401 - fc2 ships no types
    import fc2

    # fc2 logs the headers of a failed request, its security token among them.
    protect()
    return fc2.Client(
        endpoint=config.endpoints.fc.format(account=config.management_account, region=config.region),
        accessKeyID=credentials.access_key_id,
        accessKeySecret=credentials.access_key_secret,
        securityToken=credentials.security_token or "",
        # To ``requests``, for connecting and for the answer.
        Timeout=(CONNECT_SECONDS, TIMEOUT_SECONDS),
    )


def _kind(asynchronous: bool) -> str:  # noqa: FBT001 - one meaning
    return "Async" if asynchronous else "Sync"


def _bytes(payload: object) -> bytes:
    return payload if isinstance(payload, bytes) else json.dumps(payload).encode()


class _Fc2OnServices:
    """fc2 as it is meant: the function lives in a service of Function Compute 2.0."""

    def __init__(self, config: Config, credentials: Credentials) -> None:
        self._client = _fc2(config, credentials)
        self._service = config.functions.service

    def invoke(self, function: str, payload: object, *, asynchronous: bool = False) -> Answer:
        headers = {"x-fc-invocation-type": _kind(asynchronous)}
        body = _bytes(payload)
        return _answered(
            lambda: self._client.invoke_function(self._service, function, payload=body, headers=headers), function
        )


class _Fc2On30:
    """fc2's signature and transport on the path of the 3.0 API."""

    def __init__(self, config: Config, credentials: Credentials) -> None:
        self._client = _fc2(config, credentials)

    def invoke(self, function: str, payload: object, *, asynchronous: bool = False) -> Answer:
        path = f"/2023-03-30/functions/{quote(function, safe='')}/invocations"
        body = _bytes(payload)
        given = {"x-fc-invocation-type": _kind(asynchronous), "content-length": str(len(body))}
        headers = self._client._build_common_headers("POST", path, given)  # noqa: SLF001 - the documented way in

        return _answered(lambda: self._client._do_request("POST", path, headers, body=body), function)  # noqa: SLF001


def _answered(send: Any, function: str) -> Answer:  # noqa: ANN401
    """fc2 raises far more than its own FcError: requests' errors, and TypeError or ValueError for odd error bodies."""
    import requests
    from fc2.fc_exceptions import FcError

    try:
        response = send()
    except FcError as error:
        raise InvokeError(f"{function}: {_said(error)}", error.status_code, error.request_id or "") from error
    except (requests.RequestException, TypeError, ValueError) as error:
        raise InvokeError(f"{function}: {type(error).__name__}: {error}"[:300]) from error
    headers = {name.lower(): value for name, value in response.headers.items()}
    data = response.content if hasattr(response, "content") else response.data
    return _read(function, headers, data)


def _said(error: Any) -> str:  # noqa: ANN401 - fc2's FcError
    """Code and message: fc2 has the whole JSON body as its message, with other names in 2.0 than in 3.0."""
    try:
        body = dict(json.loads(error.message).items())
    except (ValueError, AttributeError, TypeError):
        return str(error.message)
    code, message = body.get("ErrorCode", body.get("Code")), body.get("ErrorMessage", body.get("Message"))
    return f"{code}: {message}" if code and message else str(error.message)


def _read(function: str, headers: dict[str, str], data: bytes) -> Answer:
    """A function that failed answers HTTP 200 with this header."""
    request_id, text = headers.get("x-fc-request-id", ""), data.decode(errors="replace")
    if headers.get("x-fc-error-type"):
        raise InvokeError(f"{function} failed: {text[:300]}", 200, request_id)
    return Answer(text, request_id)


class _Sdk30:
    """The official SDK of Function Compute 3.0."""

    def __init__(self, config: Config, credentials: Credentials) -> None:
        try:
            from alibabacloud_fc20230330.client import Client
        except ImportError as error:
            raise InvokeError("functions.way sdk-3.0 needs the package alibabacloud-fc20230330") from error
        from alibabacloud_tea_openapi.utils_models import Config as OpenApiConfig

        scheme, host = config.endpoints.fc.format(account=config.management_account, region=config.region).split("://")
        self._client: Any = Client(
            OpenApiConfig(
                access_key_id=credentials.access_key_id,
                access_key_secret=credentials.access_key_secret,
                security_token=credentials.security_token,
                endpoint=host,
                protocol=scheme,
            )
        )

    def invoke(self, function: str, payload: object, *, asynchronous: bool = False) -> Answer:
        from alibabacloud_fc20230330 import models
        from darabonba.runtime import RuntimeOptions
        from Tea.exceptions import TeaException

        body = _bytes(payload)
        headers = models.InvokeFunctionHeaders(x_fc_invocation_type=_kind(asynchronous))
        runtime = RuntimeOptions(read_timeout=TIMEOUT_SECONDS * 1000)
        try:
            request = models.InvokeFunctionRequest(body=body)
            response = self._client.invoke_function_with_options(function, request, headers, runtime)
        except TeaException as error:
            status = getattr(error, "status_code", 0) or 0
            raise InvokeError(f"{function}: {getattr(error, 'message', error)}", status) from error
        data = response.body.read() if response.body else b""
        return _read(function, {name.lower(): value for name, value in response.headers.items()}, data)
