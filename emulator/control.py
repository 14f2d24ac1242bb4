"""The control API, ``/_emulator/…``: state, journal, faults, clock, quotas, guesses, reset. For tests and operators.

Nothing here is part of the emulated cloud, and nothing is signed.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Coroutine, Mapping
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from emulator import leaks, zone
from emulator.accounts import Principal
from emulator.errors import CloudError
from emulator.faults import Fault
from emulator.guesses import Guesses
from emulator.invariants import Watched
from emulator.journal import Journal
from emulator.quotas import Quotas
from emulator.state import State

if TYPE_CHECKING:
    from starlette.requests import Request

    from emulator.cloud import Cloud

Answer = Callable[["Cloud", dict[str, Any]], Any]
_SETTLE_SECONDS = 60.0
_FILTERS = frozenset(inspect.signature(Journal.add).parameters) - {"self"} | {"seq", "time"}


def _only(given: Mapping[str, Any], *known: str) -> None:
    """Refuse what would be passed over: a misspelt name is a mistake."""
    if odd := given.keys() - set(known):
        raise ValueError(f"{min(odd)} is not known here; known: {', '.join(sorted(known)) or 'nothing'}")


def _exists(cloud: Cloud, service: str, action: str = "*") -> None:
    """Refuse a service, or an action of one, that no call can ever be of."""
    services = [service] if service != "*" else list(cloud.actions)
    if not cloud.actions.keys() >= set(services):
        raise ValueError(f"there is no service {service}; known: *, {', '.join(sorted(cloud.actions))}")
    if action != "*" and not any(action in cloud.actions[name] for name in services):
        raise ValueError(f"{service} has no action {action}")


def app(cloud: Cloud, more: Mapping[str, Answer]) -> Starlette:
    """The control API's application; ``more`` are the services' own names, for GET and POST alike."""
    known = [*ROUTES, *((method, name, answer) for name, answer in more.items() for method in ("GET", "POST"))]
    routes = [Route(f"/_emulator/{path}", _route(cloud, answer), methods=[method]) for method, path, answer in known]
    return Starlette(routes=routes)


def _route(cloud: Cloud, answer: Answer) -> Callable[[Request], Coroutine[Any, Any, Response]]:
    async def endpoint(request: Request) -> Response:
        try:
            given = await request.json() if request.method == "POST" and await request.body() else {}
            result = answer(cloud, {**request.query_params, **given})
            if asyncio.iscoroutine(result):
                result = await result
        except (CloudError, ValueError, TypeError, KeyError, OSError) as error:
            return JSONResponse({"error": f"{type(error).__name__}: {error}"}, 400)
        return result if isinstance(result, Response) else JSONResponse(result)

    return endpoint


def _state(cloud: Cloud, _: dict[str, Any]) -> Response:
    return Response(cloud.dump(), media_type="application/json")


def _load(cloud: Cloud, given: dict[str, Any]) -> dict[str, Any]:
    cloud.reset(State.model_validate(given).whole())
    return {}


def _journal(cloud: Cloud, given: dict[str, Any]) -> list[dict[str, Any]]:
    _only(given, "since", *_FILTERS)
    return cloud.journal.entries(int(given.pop("since", 0)), **given)


async def _faults(cloud: Cloud, given: dict[str, Any]) -> dict[str, Any]:
    if given.pop("clear", False):
        cloud.state.faults.clear()
        cloud.holding.release()
        await cloud.accept()
    if given:
        fault = Fault.model_validate(given)
        _exists(cloud, fault.service, fault.action)
        cloud.state.faults.planned.append(fault)
    return {"struck": cloud.state.faults.struck}


def _connections(cloud: Cloud, _: dict[str, Any]) -> dict[str, int]:
    """How many connections have carried requests to each endpoint since the start; a reset does not end them."""
    return {name: len(clients) for name, clients in cloud.connections.items()}


async def _held(cloud: Cloud, given: dict[str, Any]) -> dict[str, Any]:
    """Wait up to ``seconds`` of real time until a call is held by the effect ``hold``."""
    _only(given, "seconds")
    return {"held": await cloud.holding.arrival(float(given.get("seconds", 0)))}


def _release(cloud: Cloud, _: dict[str, Any]) -> dict[str, Any]:
    cloud.holding.release()
    return {}


def _invariants(cloud: Cloud, given: dict[str, Any]) -> dict[str, Any]:
    """Begin to watch (see ``Watched``), or tell what was seen."""
    if given:
        cloud.invariants.watch(Watched.model_validate(given))
    return {"looked": cloud.invariants.looked, "violations": cloud.invariants.violations}


def _secrets(cloud: Cloud, given: dict[str, Any]) -> dict[str, Any]:
    """Which issued secrets are in the functions' logs and answers or in the queues."""
    _only(given, "since")
    return {"leaks": leaks.found(cloud), **cloud.issued.since(int(given.get("since", 0)))}


async def _clock(cloud: Cloud, given: dict[str, Any]) -> dict[str, Any]:
    """Move time by ``advance`` seconds; with ``settle`` answer only when what fell due has been done.

    ``speed``: from now on so many seconds pass in one.
    """
    _only(given, "advance", "settle", "speed")
    seconds = float(given.get("advance", 0))
    speed = float(given.get("speed", cloud.clock.speed))
    if seconds < 0 or speed <= 0:
        raise ValueError("time only moves forward")
    cloud.clock.advance(seconds)
    cloud.clock.speed = speed
    if given.get("settle"):
        await cloud.clock.settle(_SETTLE_SECONDS)
    return {"now": cloud.clock.now(), "speed": cloud.clock.speed}


def _quotas(cloud: Cloud, given: dict[str, Any]) -> dict[str, Any]:
    quotas = cloud.state.quotas
    settings = Quotas.model_validate({**quotas.settings.model_dump(), **given})
    for limit in settings.limits:
        service, _, action = limit.partition(":")
        _exists(cloud, service, action)
    quotas.settings = settings
    return quotas.settings.model_dump()


def _guesses(cloud: Cloud, given: dict[str, Any]) -> dict[str, Any]:
    cloud.state.guesses = Guesses.model_validate({**cloud.guesses.model_dump(), **given})
    return cloud.guesses.model_dump()


def _assume(cloud: Cloud, given: dict[str, Any]) -> dict[str, str]:
    """Credentials of a role as the service that it trusts (Function Compute unless told) would be given them."""
    _only(given, "account", "role", "service")
    caller = Principal(account_id=given["account"], kind="service", name=given.get("service", "fc.aliyuncs.com"))
    arn = f"acs:ram::{given['account']}:role/{given['role']}"
    key_id, session = cloud.assume(caller, arn, session_name="control")
    return {"access_key_id": key_id, "access_key_secret": session.secret, "token": session.token}


def _reset(cloud: Cloud, given: dict[str, Any]) -> dict[str, Any]:
    """The zone of the start, another by name, or one given inline; guesses of the start plus ``guesses``.

    The clock begins at the wall's time, or ``ahead`` of it by so many seconds: then nothing falls due on the way.
    """
    _only(given, "zone", "guesses", "ahead")
    wanted = given.get("zone")
    if wanted is None:
        state = zone.load(cloud.zone)
    else:
        state = zone.build(wanted, zone.ZONES) if isinstance(wanted, dict) else zone.load(zone.find(str(wanted)))
    state.clock_offset = float(given.get("ahead", 0.0))
    state.guesses = Guesses.model_validate({**cloud.first_guesses.model_dump(), **given.get("guesses", {})})
    cloud.reset(state)
    return zone.summary(state)


ROUTES: tuple[tuple[str, str, Answer], ...] = (
    ("GET", "healthy", lambda *_: {"healthy": True}),
    ("GET", "endpoints", lambda cloud, _: {"endpoints": cloud.endpoints, **zone.summary(cloud.state)}),
    ("GET", "state", _state),
    ("POST", "load", _load),
    ("GET", "journal", _journal),
    ("GET", "connections", _connections),
    ("GET", "faults", _faults),
    ("POST", "faults", _faults),
    ("GET", "held", _held),
    ("POST", "release", _release),
    ("GET", "invariants", _invariants),
    ("POST", "invariants", _invariants),
    ("GET", "secrets", _secrets),
    ("GET", "clock", _clock),
    ("POST", "clock", _clock),
    ("POST", "quotas", _quotas),
    ("POST", "guesses", _guesses),
    ("POST", "assume", _assume),
    ("POST", "reset", _reset),
)
"""Method, name below ``/_emulator/``, and what answers there. Services add their own (``CONTROL`` in theirs)."""
