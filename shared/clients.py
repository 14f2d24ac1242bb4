"""SDK clients, and the one way in which a call is made: counted, bounded in time, retried briefly, translated.

The SDKs are imported when the first client of their kind is built, so that an event that needs no cloud call imports
none. Their own retries stay off (one retry budget). They ship no types: what they return is ``Any`` up to the adapters.
"""

from __future__ import annotations

import importlib
import random
import re
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from typing import Any

from shared import tls
from shared.config import Config
from shared.deadline import Deadline
from shared.lazy_models import prepare
from shared.outcome import Reason, TemporaryError
from shared.pace import SHORT, Pace
from shared.vendor import failure

CONNECT_SECONDS = 3.0
READ_SECONDS = 10.0
BRIEF_WAITS = (0.2, 0.6)
"""Seconds before the second and third try of one call, in process; longer waits belong to the queue."""
LONGEST_BRIEF_WAIT = 2.0
PASSING = frozenset({Reason.THROTTLED, Reason.UNREACHABLE})
"""What may be over within a second."""
UNDONE = frozenset({Reason.THROTTLED})
"""Of these, what says that nothing was done; where only the answer is missing, the work may be done all the same."""


@dataclass(frozen=True)
class Credentials:
    """An access key, with the security token and its expiry (epoch seconds) where STS gave it out."""

    access_key_id: str
    access_key_secret: str = field(repr=False)
    security_token: str | None = field(default=None, repr=False)
    expires_at: float = float("inf")


class Calls:
    """Makes the API calls of one invocation, and none after its deadline; thread-safe.

    ``patient``: each call waits for its turn. Otherwise whole events wait, in the queue, where that is free; once one
    is let in, none of its calls waits.
    """

    def __init__(self, deadline: Deadline, pace: Pace | None = None, *, patient: bool = False) -> None:
        self.deadline = deadline
        self.counted: Counter[str] = Counter()
        self._pace = pace or Pace({})
        self._patient = patient
        self._lock = threading.Lock()

    def admit(self, calls: int, *, again: bool) -> float:
        """0.0 where an event is let in, else in how many seconds it is to come again; see ``Pace.admit``."""
        wait = 0.0 if self._patient else self._pace.admit(calls, again=again)
        if not again or wait > SHORT:
            return wait
        time.sleep(wait)
        return 0.0

    def __call__(self, name: str, send: Callable[[Any], Any], passing: Collection[Reason] = PASSING) -> Any:  # noqa: ANN401 - the SDKs ship no types
        """``send(runtime options)`` until it succeeds, fails for good, or neither time nor tries are left.

        Only failures for one of the reasons ``passing`` are tried again. ``name`` is the one under which a failure is
        classified. Returns the response's body. Raises an AttemptError; ExistsError and AbsentError are observations to
        whoever expects them.
        """
        for wait in BRIEF_WAITS:
            try:
                return self._once(name, send)
            except TemporaryError as error:
                pause = max(error.delay or 0.0, wait * random.uniform(0.5, 1.5))
                if error.reason not in passing or pause > min(LONGEST_BRIEF_WAIT, self.deadline.left):
                    raise
                time.sleep(pause)
        return self._once(name, send)

    def _once(self, name: str, send: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        wait = self._pace.wait(name) if self._patient else 0.0
        if wait >= self.deadline.left:
            raise TemporaryError(Reason.OUT_OF_BUDGET, f"{name}: no time was left for it in this invocation")
        time.sleep(wait)
        with self._lock:
            self.counted[name] += 1
        try:
            return self._answer(name, send)
        except TemporaryError as error:
            if error.reason is Reason.THROTTLED:
                self._pace.refused(name)
            raise

    def _answer(self, name: str, send: Callable[[Any], Any]) -> Any:  # noqa: ANN401
        from Tea.exceptions import TeaException

        try:
            response = send(self._runtime())
        except TeaException as error:
            raise _translated(name, error) from error
        return _checked(name, response.body)

    def _runtime(self) -> Any:  # noqa: ANN401
        from darabonba.runtime import RuntimeOptions

        left = max(self.deadline.left, 1.0)
        return RuntimeOptions(
            connect_timeout=int(min(CONNECT_SECONDS, left) * 1000), read_timeout=int(min(READ_SECONDS, left) * 1000)
        )


def _checked(name: str, body: Any) -> Any:  # noqa: ANN401
    """The body, if it is an answer and no refusal.

    A body that the SDK could not read is None, and what is not the cloud's has no RequestId (every answer has one, page
    "Response structure"); Cloud Backup answers refusals with HTTP 200.
    """
    if not _text(getattr(body, "request_id", None)):
        raise TemporaryError(Reason.CLOUD_FAULT, f"{name}: the answer had no readable body")
    if hasattr(body, "success") and not (body.success is True and str(body.code) == "200"):
        raise failure(name, str(body.code), 200, body.message or "no message", request_id=body.request_id)
    return body


def _text(value: object) -> str | None:
    """A text as it is; what is none is not an answer's either, whatever the SDK made of it."""
    return value if isinstance(value, str) else None


def _translated(name: str, error: Any) -> Exception:  # noqa: ANN401
    """Our error for the SDK's. Transport faults arrive as its UnretryableException, without code or status."""
    data = getattr(error, "data", None) or {}
    # The SDK of Simple Log Service has the status among the data.
    code, status = getattr(error, "code", None), getattr(error, "status_code", None) or data.get("statusCode")
    if not code or status is None:
        inner = getattr(error, "inner_exception", None) or error
        return TemporaryError(Reason.UNREACHABLE, f"{name}: {type(inner).__name__}: {inner}"[:300])
    retry_after = getattr(error, "retry_after", None)
    delay = retry_after / 1000 if retry_after else None
    detail = str(data.get("Message") or getattr(error, "message", ""))
    denied = data.get("AccessDeniedDetail")
    return failure(
        name,
        str(code),
        int(status),
        detail,
        request_id=_text(data.get("RequestId") or data.get("requestId")),
        delay=delay,
        denied=denied,
    )


PACKAGES = {
    "sts": "alibabacloud_sts20150401",
    "ram": "alibabacloud_ram20150501",
    "resourcedirectory": "alibabacloud_resourcedirectorymaster20220419",
    "actiontrail": "alibabacloud_actiontrail20200706",
    "hbr": "alibabacloud_hbr20170908",
}
"""The official SDK of each product; it is imported when its first client is built."""


class Api:
    """One official SDK client: ``api("GetRole", role_name="x")`` is that client's ``get_role``.

    Actions and fields are the SDK's own, so that its documentation is ours.
    """

    def __init__(self, product: str, endpoint: str, credentials: Credentials, calls: Calls) -> None:
        tls.prepare()
        from alibabacloud_tea_openapi.utils_models import Config as OpenApiConfig

        tls.share_context()
        self._package = PACKAGES[product]
        prepare(self._package)
        self._calls = calls
        self._client = importlib.import_module(f"{self._package}.client").Client(
            OpenApiConfig(
                access_key_id=credentials.access_key_id,
                access_key_secret=credentials.access_key_secret,
                security_token=credentials.security_token,
                endpoint=endpoint,
                # Only a loopback address is spoken to without TLS.
                protocol="http" if endpoint.startswith(("127.", "localhost:")) else "https",
            )
        )

    def __call__(self, action: str, name: str = "", /, **fields: object) -> Any:  # noqa: ANN401
        """Call ``action``; ``name`` is the name under which a failure is classified, where it is not the action's."""
        return self._calls(name or action, self._sender(action, fields))

    def once(self, action: str, /, **fields: object) -> Any:  # noqa: ANN401
        """Call ``action``, which the cloud would do twice: where its answer is lost, the next attempt looks first.

        Cloud Backup knows no client token by which it could tell.
        """
        return self._calls(action, self._sender(action, fields), UNDONE)

    def _sender(self, action: str, fields: dict[str, object]) -> Callable[[Any], Any]:
        request = self.model(f"{action}Request", **fields)
        method = getattr(self._client, _method(action))
        return lambda runtime: method(request, runtime)

    def model(self, model: str, /, **fields: object) -> Any:  # noqa: ANN401
        """An object of one of the SDK's model classes: a request, or a part of one."""
        return getattr(importlib.import_module(f"{self._package}.models"), model)(**fields)


def _method(action: str) -> str:
    """The SDK's name of an action; ``DescribeBackupJobs2`` is ``describe_backup_jobs_2with_options`` to it."""
    snake = re.sub(r"(?<!^)(?=[A-Z])|(?<=[a-z])(?=\d)", "_", action).lower()
    return f"{snake}with_options" if snake[-1].isdigit() else f"{snake}_with_options"


class Clients:
    """Builds clients; building one takes microseconds, and all clients of a host share their connections."""

    def __init__(self, config: Config, calls: Calls) -> None:
        self._endpoints = config.endpoints
        self._calls = calls

    def sts(self, credentials: Credentials) -> Api:
        """STS 2015-04-01."""
        return Api("sts", self._endpoints.sts, credentials, self._calls)

    def ram(self, credentials: Credentials) -> Api:
        """RAM 2015-05-01."""
        return Api("ram", self._endpoints.ram, credentials, self._calls)

    def directory(self, credentials: Credentials) -> Api:
        """ResourceDirectoryMaster 2022-04-19."""
        return Api("resourcedirectory", self._endpoints.resourcedirectory, credentials, self._calls)

    def actiontrail(self, credentials: Credentials, region: str) -> Api:
        """ActionTrail 2020-07-06."""
        return Api("actiontrail", self._endpoints.actiontrail.format(region=region), credentials, self._calls)

    def hbr(self, credentials: Credentials, region: str) -> Api:
        """Cloud Backup 2017-09-08; the region is in the host and nowhere else."""
        return Api("hbr", self._endpoints.hbr_in(region), credentials, self._calls)
