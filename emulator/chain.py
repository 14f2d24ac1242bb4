"""What every RPC call goes through, as a list to read: signature, action, parameters, quota, rights, the action itself.

No product's behaviour belongs here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from emulator import identity, parameters, signatures
from emulator.errors import CloudError
from emulator.service import Action, Call, Service
from emulator.signatures import Request
from emulator.traffic import Trace

if TYPE_CHECKING:
    from emulator.accounts import Principal
    from emulator.cloud import Cloud
    from emulator.permissions import Decision


@dataclass
class Exchange:
    """One call on its way through the chain; each step fills in what it finds out."""

    cloud: Cloud
    service: Service
    region: str
    request: Request
    name: str
    """The action asked for, known or not."""
    trace: Trace
    source_ip: str
    principal: Principal | None = None
    action: Action | None = None
    call: Call | None = None
    decision: Decision | None = None
    answer: dict[str, Any] = field(default_factory=dict)


def authenticate(exchange: Exchange) -> None:
    """Whose secret signed it."""
    exchange.principal = signatures.authenticate(exchange.cloud, exchange.request)


def find_action(exchange: Exchange) -> None:
    """The version and the action must be ones that the service has."""
    headers, sent = exchange.request.headers, dict(exchange.request.query + exchange.request.form)
    version = headers.get("x-acs-version") or sent.get("Version")
    if version != exchange.service.version:
        raise CloudError("InvalidVersion", f"Specified parameter Version is not valid: {version}.")
    exchange.action = exchange.service.actions.get(exchange.name)
    if exchange.action is None:
        raise CloudError("InvalidApi.NotFound", f"Specified api is not found: {exchange.name}.", 404)


def validate(exchange: Exchange) -> None:
    """The parameters must be ones that the action has, and well formed; what was sent is kept for the trail."""
    request, principal = exchange.request, exchange.principal
    if exchange.action is None or principal is None:
        return
    exchange.call = call = Call(
        cloud=exchange.cloud,
        service=exchange.service,
        action=exchange.name,
        region=exchange.region,
        params={name: value for name, value in request.query + request.form if name not in parameters.COMMON},
        caller=principal,
        request_id=exchange.trace.request_id,
        source_ip=exchange.source_ip,
        user_agent=request.headers.get("user-agent", ""),
    )
    call.params = parameters.validate(exchange.service, exchange.action.params, request.query + request.form)


def throttle(exchange: Exchange) -> None:
    """One call out of the account's bucket for this API."""
    account = exchange.principal.account_id if exchange.principal else ""
    now = exchange.cloud.clock.now()
    exchange.cloud.state.quotas.spend(now, exchange.service.name, exchange.name, account)


_CONDITION_KEYS = {"ServiceName": "ram:ServiceName", "ExternalId": "sts:ExternalId"}
"""Parameters that policies can put conditions on, under their key."""


def authorise(exchange: Exchange) -> None:
    """The caller's policies must allow the action on the resource."""
    action, call = exchange.action, exchange.call
    if action is None or call is None or action.permission is None:
        return
    values = {name: value for name, value in call.params.items() if value is not None}
    known = defaultdict(lambda: "*", values, account=call.caller.account_id, region=call.region or "*")
    context = {key: values[name] for name, key in _CONDITION_KEYS.items() if name in values}
    context["acs:SourceIp"] = call.source_ip
    resource = action.resource.format_map(known)
    exchange.decision = exchange.cloud.decide(call.caller, action.permission, resource, context)
    if not exchange.decision.allowed:
        raise identity.no_permission(call.caller, action.permission, resource, exchange.decision)


def run(exchange: Exchange) -> None:
    """The action itself."""
    if exchange.action is not None and exchange.call is not None:
        exchange.answer = exchange.action.run(exchange.call)


CHAIN: tuple[Callable[[Exchange], None], ...] = (authenticate, find_action, validate, throttle, authorise, run)
"""Before it come reading and planned faults; after it planned faults, the trail, the journal and the answer."""
