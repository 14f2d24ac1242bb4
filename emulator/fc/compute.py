"""The functions and their instances: who runs where, with which environment and credentials, and what is written down.

A call that reaches this file is allowed already. Instances are reused while warm, started when none is free, refused
where the function's reserved concurrency is used up, and ended when idle.
"""

from __future__ import annotations

import asyncio
import json
import time
import zlib
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from emulator.errors import CloudError
from emulator.fc import asynchronous, surroundings
from emulator.fc.instances import Instance
from emulator.fc.state import Invocation, Line
from emulator.state import Principal

if TYPE_CHECKING:
    from emulator.bus.state import Delivery
    from emulator.cloud import Cloud
    from emulator.fc.functions import Function
    from emulator.fc.stream import Stream

IDLE_SECONDS = 300.0
"""Emulated seconds after which an idle instance is ended (the cloud says "a few minutes"; inferred)."""
CREDENTIALS_SECONDS = 36 * 3600
"""The credentials of a function live 36 hours (help page "Context")."""
_REFRESH_SECONDS = 3600
KEPT_INVOCATIONS = 2000
KEPT_RESPONSE_BYTES = 65_536
KEPT_LINES = 5000
SERVICE = "fc.aliyuncs.com"


@dataclass(frozen=True)
class Outcome:
    """How an invocation ended, as its caller sees it. ``status`` is 200 for errors of the function, too."""

    request_id: str
    status: int
    body: bytes
    error_type: str = ""
    log: str = ""
    instance_id: str = ""
    duration_ms: float = 0.0
    code: str = ""
    """The platform's error code where the function did not run (``ResourceExhausted``, ``AccessDenied``)."""

    @property
    def ok(self) -> bool:
        """Whether the function ran and returned."""
        return self.status == 200 and not self.error_type  # noqa: PLR2004 - HTTP 200


class Compute:
    """Every function of one ``s.yaml``, in the management account."""

    def __init__(self, cloud: Cloud, functions: Mapping[str, Function], code: Mapping[str, Path]) -> None:
        self.cloud = cloud
        self.state = cloud.state.fc
        """Of the time when this began: what ends after a reset is not written into the new state."""
        self.functions = functions
        self.code = code
        self.armed: dict[str, Stream | None] = {}
        """``function/trigger`` → its stream; None for a rule."""
        self.busy: Counter[str] = Counter()
        self._idle: defaultdict[str, list[Instance]] = defaultdict(list)
        self._all: set[Instance] = set()
        self._checksums: dict[Path, str] = {}
        self._ending: set[asyncio.Future[None]] = set()

    @property
    def account_id(self) -> str:
        """The account in which the functions are."""
        directory = self.cloud.state.directory
        return directory.management_account if directory else next(iter(self.cloud.state.accounts))

    def arn(self, function: Function) -> str:
        """``acs:fc:{region}:{account}:functions/{name}`` (help page "RAM policies" of Function Compute)."""
        return f"acs:fc:{function.region}:{self.account_id}:functions/{function.function_name}"

    @property
    def over(self) -> bool:
        """Whether a reset or load has put another state, and with it another ``Compute``, in this one's place."""
        return self.cloud.state.fc is not self.state

    def find(self, name: str) -> Function:
        """The function; ``FunctionNotFound`` (404) when there is none."""
        function = self.functions.get(name)
        if function is None:
            raise CloudError("FunctionNotFound", f"function '{name}' does not exist", 404)
        return function

    async def run(
        self, function: Function, event: bytes, request_id: str, *, source: str = "sync", attempt: int = 1
    ) -> Outcome:
        """Run the function once, to its end."""
        reserved = function.reserved
        name = function.function_name
        if reserved is not None and self.busy[name] >= reserved:
            text = f"the function's reserved concurrency of {reserved} is used up"
            return Outcome(request_id, 429, text.encode(), code="ResourceExhausted")
        self.busy[name] += 1
        try:
            return await self._run(function, event, request_id, source, attempt)
        except CloudError as error:
            return Outcome(request_id, error.status, error.message.encode(), code=error.code)
        finally:
            self.busy[name] -= 1

    async def trigger(self, name: str, event: bytes, source: str, *, async_invocation_type: bool, due: float) -> bool:
        """An eventbridge trigger's call, due at ``due``; whether the function, or its asynchronous queue, took it."""
        function, guesses = self.find(name), self.cloud.guesses
        if async_invocation_type != (guesses.async_invocation_type == "true"):
            outcome = await self.run(function, event, self.cloud.new_id(), source=source)
            return outcome.ok or (bool(outcome.error_type) and not guesses.function_errors_redelivered)
        if len(event) > asynchronous.PAYLOAD_BYTES:
            return False
        asynchronous.submit(self, asynchronous.accepted(self, name, event, source, due))
        return True

    def delivered(self, delivery: Delivery, *, taken: bool) -> None:
        """Tell the stream from whose queue it came, if it did, how a delivery has ended."""
        stream = self.armed[f"{delivery.function}/{delivery.trigger}"]
        if stream is not None:
            stream.ended(delivery.messages, taken=taken)

    async def _run(self, function: Function, event: bytes, request_id: str, source: str, attempt: int) -> Outcome:
        began, started_at = time.perf_counter(), self.cloud.clock.now()
        instance, cold = await self._acquire(function)
        context = surroundings.context(function, self.account_id, instance.credentials, request_id, attempt)
        limit = function.timeout
        if cold and function.instance_lifecycle_config.initializer:
            limit += function.instance_lifecycle_config.initializer.timeout
        reply = await instance.call(request_id, context, event, limit)
        self._release(function, instance)
        duration = (time.perf_counter() - began) * 1000
        self._note(
            Invocation(
                function=function.function_name,
                request_id=request_id,
                instance_id=instance.id,
                source=source,
                attempt=attempt,
                started_at=started_at,
                duration_ms=round(duration, 3),
                status=200,
                error_type=reply.error_type,
                cold=cold,
                response=reply.body[:KEPT_RESPONSE_BYTES].decode("utf-8", "replace"),
            )
        )
        return Outcome(request_id, 200, reply.body, reply.error_type, reply.log, instance.id, duration)

    async def _acquire(self, function: Function) -> tuple[Instance, bool]:
        """A warm instance, the last one used first, else a new one; and whether it is new."""
        idle = self._idle[function.function_name]
        while idle:
            instance = idle.pop()
            if instance.alive:
                self._refresh(function, instance)
                return instance, False
            self._end(instance)
        instance = Instance(self._instance_id(), lambda line: self.log(function.function_name, line))
        self._refresh(function, instance)
        hook = function.instance_lifecycle_config.initializer
        code = self.code[function.function_name]
        settings = {"handler": function.handler, "initializer": hook and hook.handler, "code": str(code)}
        mine = surroundings.environment(function, self.account_id, instance.id, code, instance.credentials)
        await instance.start(code, {**mine, "CLOUD_ENDPOINTS": json.dumps(self.cloud.endpoints)}, settings)
        self._all.add(instance)
        return instance, True

    def _release(self, function: Function, instance: Instance) -> None:
        """Keep it warm for the next call, and see to its end once it has been idle."""
        if not instance.alive or instance not in self._all:
            self._end(instance)
            return
        instance.last_used = self.cloud.clock.now()
        self._idle[function.function_name].append(instance)
        if instance.calls == 1:
            self._end_when_idle(function, instance)

    def _end_when_idle(self, function: Function, instance: Instance) -> None:
        async def look() -> None:
            idle = self._idle[function.function_name]
            if instance in idle and self.cloud.clock.now() >= instance.last_used + IDLE_SECONDS:
                idle.remove(instance)
                self._end(instance)
            elif instance in self._all:
                self._end_when_idle(function, instance)

        due = max(instance.last_used, self.cloud.clock.now() - IDLE_SECONDS + 1) + IDLE_SECONDS
        self.cloud.clock.at(due, look)

    def _end(self, instance: Instance) -> None:
        self._all.discard(instance)
        task = asyncio.ensure_future(instance.stop())
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End every instance."""
        self._idle.clear()
        for instance in tuple(self._all):
            self._end(instance)
        await asyncio.gather(*self._ending)

    def _refresh(self, function: Function, instance: Instance) -> None:
        """Give the instance credentials of the function's role; those in its environment stay the first ones.

        Function Compute assumes the role as the service ``fc.aliyuncs.com``, for 36 hours, and every call's context
        carries valid ones (help pages "Context" and "Grant Function Compute permissions").
        """
        now = self.cloud.clock.now()
        if not function.role or now < instance.credentials_expire_at - _REFRESH_SECONDS:
            return
        caller = Principal(account_id=self.account_id, kind="service", name=SERVICE)
        try:
            key, session = self.cloud.assume(caller, function.role, session_name=instance.id)
        except CloudError as error:
            text = f"Function Compute cannot assume the role {function.role}: {error.code}: {error.message}"
            raise CloudError("AccessDenied", text, 403) from error
        instance.credentials = {
            "access_key_id": key,
            "access_key_secret": session.secret,
            "security_token": session.token,
        }
        session.expires_at = instance.credentials_expire_at = now + CREDENTIALS_SECONDS

    def _instance_id(self) -> str:
        return "c-" + self.cloud.new_id().lower().replace("-", "")[:24]

    def _note(self, invocation: Invocation) -> None:
        kept = self.state.invocations
        kept.append(invocation)
        del kept[:-KEPT_INVOCATIONS]

    def checksum(self, function: Function) -> str:
        """A number that changes with the code (the cloud's is a CRC-64 of the package)."""
        code = self.code[function.function_name]
        if code not in self._checksums:
            value = 0
            for file in sorted(code.glob("functions/*.py")):
                value = zlib.crc32(file.read_bytes(), value)
            self._checksums[code] = str(value)
        return self._checksums[code]

    def kill(self) -> None:
        """End every process at once, when the emulator itself ends."""
        for instance in self._all:
            instance.kill()

    def log(self, function: str, line: str) -> None:
        """Keep one line of a function's log."""
        lines = self.state.logs.setdefault(function, [])
        lines.append(Line(at=self.cloud.clock.now(), text=line))
        del lines[:-KEPT_LINES]
