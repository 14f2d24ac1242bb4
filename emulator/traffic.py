"""What all endpoints do with a request, whatever its protocol: fail as planned, and write it down."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from emulator import effects, faults
from emulator.service import Call

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping, Sequence

    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route

    from emulator.accounts import Principal
    from emulator.cloud import Cloud
    from emulator.faults import Fault, Phase
    from emulator.permissions import Decision
    from emulator.service import Service


def routed(routes: Sequence[Route], otherwise: Callable[[Request], Awaitable[Response]]) -> Starlette:
    """An application whose ``otherwise`` answers what no route takes: Starlette's own refusals are in nobody's form."""

    async def handle(http: Request, _: Exception) -> Response:
        return await otherwise(http)

    made = Starlette(routes=routes, exception_handlers={HTTPException: handle})
    made.router.redirect_slashes = False
    return made


@dataclass
class Trace:
    """One request on its way; what it turns out to be is filled in as it becomes known."""

    cloud: Cloud
    service: str
    region: str = ""
    action: str = ""
    key: str = ""
    """The access key that it claims to be signed with, unproved."""
    principal: str = ""
    """The ARN behind the key, once that is proved."""
    params: dict[str, Any] = field(default_factory=dict)
    decision: Decision | None = None
    code: str = ""
    fault: str = ""
    """The phase of the planned failure that hid the answer."""

    def __post_init__(self) -> None:
        self.request_id = self.cloud.new_id()
        self.began = self.cloud.clock.now()
        self._journal = self.cloud.journal

    def call(self, product: Service, caller: Principal, http: Request, params: dict[str, Any]) -> Call:
        """The call as ActionTrail sees it, of a protocol that is not RPC."""
        return Call(
            cloud=self.cloud,
            service=product,
            action=self.action,
            region=self.region,
            params=params,
            caller=caller,
            request_id=self.request_id,
            source_ip=http.client.host if http.client else "",
            user_agent=http.headers.get("user-agent", ""),
        )

    async def strike(self, phase: Phase, scope: MutableMapping[str, Any]) -> Fault | None:
        """The planned failure that takes the answer's place, after it has done to the world what it does."""
        if not self.cloud.state.faults.planned:
            return None
        holder = self.cloud.state.keys.get(self.key) or self.cloud.state.sessions.get(self.key)
        account = holder.principal.account_id if holder else ""
        fault = self.cloud.state.faults.take(self.service, self.action, phase, account=account, region=self.region)
        await effects.befall(self.cloud, fault, self.key, scope)
        fault = await faults.suffer(fault)
        if fault is not None:
            self.fault = fault.phase
        return fault

    async def end(self, status: int, fault: Fault | None, scope: MutableMapping[str, Any]) -> None:
        """Write down what was really done, and that a failure hid it; drop the connection where that is the failure."""
        self._journal.add(
            service=self.service,
            action=self.action,
            region=self.region,
            principal=self.principal,
            params=self.params,
            status=status,
            code=self.code,
            decision=self.decision,
            request_id=self.request_id,
            fault=self.fault,
            began=self.began,
        )
        if fault is not None and fault.drop:
            await faults.drop(scope)
