"""Sockets, endpoints and the one uvicorn server behind them all."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import uvicorn

from emulator import bus, control, directory, fc, hbr, logs, mns, ram, sts, trail
from emulator.answers import Send
from emulator.app import Receive, Rpc, Scope
from emulator.directory import leaving
from emulator.fc import server as fc_server
from emulator.hbr import agenda
from emulator.mns import messages
from emulator.mns import open as mns_open
from emulator.mns import server as mns_server
from emulator.trail import lookup

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.service import Service

App = Any
"""An ASGI application; starlette's and ours differ in how they spell the same types."""

HBR_REGIONS = (
    *("cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-shenzhen", "cn-qingdao", "cn-zhangjiakou", "cn-huhehaote"),
    *("cn-chengdu", "cn-hongkong", "cn-hangzhou-finance", "cn-shanghai-finance-1", "cn-shenzhen-finance-1"),
    *("cn-beijing-finance-1", "ap-northeast-1", "ap-south-1", "ap-southeast-1", "ap-southeast-2", "ap-southeast-3"),
    *("ap-southeast-5", "ap-southeast-6", "eu-central-1", "eu-west-1", "me-east-1", "us-east-1", "us-west-1"),
)
"""Regions with an endpoint of Cloud Backup (help page "Endpoints" of Cloud Backup)."""


SERVICES: tuple[Service, ...] = (
    ram.SERVICE,
    sts.SERVICE,
    directory.SERVICE,
    directory.RESOURCE_MANAGER,
    lookup.SERVICE,
    mns_open.SERVICE,
    hbr.SERVICE,
)
"""Every service with a table of RPC actions."""


def _applications(cloud: Cloud) -> Iterator[tuple[tuple[str, ...], App]]:
    """Each endpoint's place in the ready line and its application."""
    for service in SERVICES:
        if service is hbr.SERVICE:
            yield from ((("hbr", region), Rpc(cloud, service, region, trail.record)) for region in HBR_REGIONS)
        else:
            yield (service.name,), Rpc(cloud, service, service.region, trail.record)
    yield ("mns",), mns.app(cloud, trail.record)
    yield ("fc",), fc.app(cloud)
    yield ("logs",), logs.app(cloud, trail.record)
    yield ("control",), control.app(cloud, {**trail.CONTROL, **bus.CONTROL, **fc.CONTROL})


def _actions() -> Iterator[tuple[str, Iterable[str]]]:
    """Every service but the control API, and what can be asked of it."""
    yield from ((service.name, service.actions) for service in SERVICES)
    yield "mns", mns_server.ACTIONS
    yield "fc", fc_server.ACTIONS
    yield "logs", {action.name for action in logs.ACTIONS}


_RESUME = (leaving.resume, agenda.resume, messages.resume)
"""What is under way in the state, to be put on the clock after a load; Function Compute sees to its own."""
_KEEP_ALIVE_SECONDS = 600
"""Idle connections stay this long: uvicorn's 5 s now and then end just as an SDK that does not retry uses one again."""
_URL = {"mns": "http://{}", "fc": "http://{}", "control": "http://{}/_emulator"}
"""Endpoints that clients want as URLs; the SDKs of the others want host and port."""


class Server:
    """Listens on one socket per endpoint and hands each request to the endpoint's application."""

    def __init__(self, cloud: Cloud, host: str) -> None:
        self.cloud = cloud
        self.sockets: list[socket.socket] = []
        self._by_port: dict[int, App] = {}
        self._seen: dict[int, set[Any]] = {}
        cloud.actions = {name: frozenset(actions) for name, actions in _actions()}
        cloud.on_reset += [partial(resume, cloud) for resume in _RESUME]
        for path, application in _applications(cloud):
            listener = socket.create_server((host, 0), backlog=1024)
            port = listener.getsockname()[1]
            self.sockets.append(listener)
            self._by_port[port] = application
            self._seen[port] = cloud.connections.setdefault("/".join(path), set())
            _place(cloud.endpoints, path, _URL.get(path[0], "{}").format(f"{host}:{port}"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of all sockets; the connection is kept at hand for faults that drop it."""
        scope["emulator.transport"] = transport = send.__self__.transport  # type: ignore[attr-defined]
        port = scope["server"][1]
        self._seen[port].add(tuple(scope["client"]))
        await self._by_port[port](scope, receive, send)
        _acknowledge_at_once(transport)

    async def serve(self, ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT; ``ready`` is called once every socket is listening."""
        config = uvicorn.Config(
            self,
            lifespan="off",
            log_level="critical",
            access_log=False,
            ws="none",
            timeout_graceful_shutdown=1,
            timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        )
        server = _Listener(config, ready)
        self.cloud.refuse, self.cloud.accept = server.refuse, server.accept
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        clock = asyncio.ensure_future(self.cloud.clock.run())
        await server.serve(self.sockets)
        clock.cancel()


def _acknowledge_at_once(transport: asyncio.Transport) -> None:
    """Have the next request's headers acknowledged when they come, where the system can (Linux).

    Whoever asks a proxy, as clients of the log service do, sends a body only after that (urllib3 leaves Nagle's rule on
    for proxies), and the system would wait 40 ms for something to send along. It has to be told again for each request.
    """
    if hasattr(socket, "TCP_QUICKACK") and not transport.is_closing():
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


class _Listener(uvicorn.Server):
    """uvicorn that says when it listens, and leaves signals alone so that the state can be written at the end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready
        self._closed: list[tuple[str, int]] = []

    def refuse(self, port: int) -> None:
        """Close the endpoint at a port: its connections end, and new ones are refused."""
        for server in tuple(self.servers):
            address = server.sockets[0].getsockname()
            if address[1] == port:
                server.close()
                self.servers.remove(server)
                self._closed.append(address)
        for connection in tuple(self.server_state.connections):
            transport = connection.transport
            if transport is not None and transport.get_extra_info("sockname")[1] == port:
                transport.abort()

    async def accept(self) -> None:
        """Listen again at the ports that were closed."""
        loop = asyncio.get_running_loop()
        while self._closed:
            host, port = self._closed.pop()
            listener = socket.create_server((host, port), backlog=1024)
            self.servers.append(await loop.create_server(self._protocol, sock=listener))

    def _protocol(self) -> asyncio.Protocol:
        """As uvicorn makes them for the sockets of the start."""
        kind: Any = self.config.http_protocol_class
        made: asyncio.Protocol = kind(
            config=self.config, server_state=self.server_state, app_state=self.lifespan.state, _loop=None
        )
        return made

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    def stop(self) -> None:
        self.should_exit = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _place(tree: dict[str, Any], path: tuple[str, ...], value: str) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = value
