"""Function Compute: functions as ``s.yaml`` declares them, run as processes, started by calls and triggers."""

from __future__ import annotations

import asyncio
import atexit
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from starlette.applications import Starlette

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.fc.compute import Compute
    from emulator.fc.functions import Function


def app(cloud: Cloud) -> Starlette:
    """Deploy what ``cloud.functions`` declares and return the application of the Function Compute socket.

    Functions run from the time of ``cloud.started()`` on, and begin again with every reset.

    Raises:
        BadTemplateError: the file says something that is not understood, or code or handler are not there.
    """
    from emulator.fc import server, triggers  # noqa: PLC0415 - the state's module is in this package
    from emulator.fc.compute import Compute  # noqa: PLC0415 - the same

    functions, code = _declared(cloud.functions, cloud.code)
    running: list[Compute] = []

    def begin() -> None:
        while running:
            closing.append(asyncio.ensure_future(running.pop().close()))
            closing[:] = [task for task in closing if not task.done()]
        compute = Compute(cloud, functions, code)
        running.append(compute)
        cloud.state.fc.compute = compute
        triggers.arm(compute)

    closing: list[asyncio.Future[None]] = []
    cloud.on_reset.append(begin)
    atexit.register(lambda: running[0].kill() if running else None)
    return server.app(cloud)


def _declared(path: Path | None, code: Path | None) -> tuple[dict[str, Function], dict[str, Path]]:
    """The functions and where the code of each is: ``code`` for all, else what each says, beside ``s.yaml``."""
    from emulator.fc.functions import declared  # noqa: PLC0415 - the state's module is in this package
    from emulator.fc.template import BadTemplateError, load  # noqa: PLC0415 - the same

    if path is None:
        return {}, {}
    functions = declared(load(path, os.environ))
    places = {name: (code or path.parent / found.code).resolve() for name, found in functions.items()}
    for name, place in places.items():
        module = place / functions[name].handler.rpartition(".")[0].replace(".", "/")
        if not module.with_suffix(".py").is_file() and not (module / "__init__.py").is_file():
            raise BadTemplateError(f"{name}: the handler {functions[name].handler} is not in {place}")
    return functions, places


def _control(cloud: Cloud, given: Mapping[str, Any]) -> dict[str, Any]:
    """``GET /_emulator/fc``: invocations and logs, of all functions or of ``?function=NAME``."""
    if odd := set(given) - {"function"}:
        raise ValueError(f"{min(odd)} is not known here; known: function")
    wanted, fc = given.get("function"), cloud.state.fc
    return {
        "functions": sorted(fc.compute.functions) if fc.compute else [],
        "invocations": [one.model_dump() for one in fc.invocations if wanted in (None, one.function)],
        "logs": {name: [line.text for line in lines] for name, lines in fc.logs.items() if wanted in (None, name)},
    }


CONTROL: dict[str, Callable[[Cloud, Mapping[str, Any]], Any]] = {"fc": _control}
"""Names under ``/_emulator/`` → what answers GET (nothing given) and POST there."""
