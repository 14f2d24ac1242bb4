"""Sockets, endpoints and the one uvicorn server behind them all."""

from __future__ import annotations

import asyncio
import importlib
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import uvicorn

from emulator import control, directory, ram, sts
from emulator.app import Receive, Rpc, Scope, Send
from emulator.directory import leaving

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


def services() -> Iterator[Service]:
    """Every RPC service with a table."""
    yield ram.SERVICE
    yield sts.SERVICE
    yield directory.SERVICE
    yield directory.RESOURCE_MANAGER
    for module in ("emulator.trail.lookup", "emulator.mns.open", "emulator.hbr"):
        if service := _optional(module, "SERVICE"):
            yield service


def _optional(module: str, name: str) -> Any:
    parent = module.rpartition(".")[0]
    if (parent and not find_spec(parent)) or not find_spec(module):
        return None
    try:
        return getattr(importlib.import_module(module), name, None)
    except Exception as error:  # noqa: BLE001
        print(f"{module}: {error!r}", file=sys.stderr)
        return None


def _applications(cloud: Cloud) -> Iterator[tuple[tuple[str, ...], App]]:
    """Each endpoint's place in the ready line and its application."""
    record = _optional("emulator.trail", "record") or (lambda *_: None)
    for service in services():
        if service.name == "hbr":
            yield from ((("hbr", region), Rpc(cloud, service, region, record)) for region in HBR_REGIONS)
        else:
            yield (service.name,), Rpc(cloud, service, "", record)
    for name in ("mns", "fc"):
        if build := _optional(f"emulator.{name}", "app"):
            yield (name,), build(cloud)
    yield ("control",), control.app(cloud, _controls())


def _controls() -> dict[str, control.Answer]:
    """What services add to the control API."""
    known: dict[str, control.Answer] = {}
    for name in ("trail", "bus", "mns", "fc", "hbr"):
        known |= _optional(f"emulator.{name}", "CONTROL") or {}
    return known


_URL = {"mns": "http://{}", "fc": "http://{}", "control": "http://{}/_emulator"}
"""Endpoints that clients want as URLs; the SDKs of the others want host and port."""


class Server:
    """Listens on one socket per endpoint and hands each request to the endpoint's application."""

    def __init__(self, cloud: Cloud, host: str) -> None:
        self.cloud = cloud
        self.sockets: list[socket.socket] = []
        self._by_port: dict[int, App] = {}
        leaving.on_reset(cloud)
        for path, application in _applications(cloud):
            listener = socket.create_server((host, 0), backlog=1024)
            port = listener.getsockname()[1]
            self.sockets.append(listener)
            self._by_port[port] = application
            _place(cloud.endpoints, path, _URL.get(path[0], "{}").format(f"{host}:{port}"))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of all sockets; the connection is kept at hand for faults that drop it."""
        scope["emulator.transport"] = send.__self__.transport  # type: ignore[attr-defined]
        await self._by_port[scope["server"][1]](scope, receive, send)

    async def serve(self, ready: Callable[[], None]) -> None:
        """Serve until SIGTERM or SIGINT; ``ready`` is called once every socket is listening."""
        config = uvicorn.Config(
            self, lifespan="off", log_level="critical", access_log=False, ws="none", timeout_graceful_shutdown=1
        )
        server = _Listener(config, ready)
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, server.stop)
        clock = asyncio.ensure_future(self.cloud.clock.run())
        await server.serve(self.sockets)
        clock.cancel()


class _Listener(uvicorn.Server):
    """uvicorn that says when it listens, and leaves signals alone so that the state can be written at the end."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

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
