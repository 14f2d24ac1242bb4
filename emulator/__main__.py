"""``python -m emulator``: build the cloud from a landing zone, say where it listens, serve until SIGTERM."""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path
from typing import NoReturn
from urllib.request import ProxyHandler, build_opener

import uvloop
from pydantic import ValidationError

from emulator import coverage, zone
from emulator.cloud import Cloud
from emulator.errors import CloudError
from emulator.fc.template import BadTemplateError
from emulator.guesses import Guesses
from emulator.server import Server
from emulator.state import State

_WRONG = (CloudError, ValueError, TypeError, KeyError, OSError)
"""What can be wrong with files and options."""


def main() -> None:
    """Read the command line and serve; exit status 2 and the reason where it cannot begin."""
    options = _options()
    try:
        if options.coverage:
            coverage.rewrite(options.coverage)
            return
        if options.ready:
            _alone(options.ready)
        cloud = _cloud(options)
    except _WRONG as error:
        _stop(error)
    try:
        uvloop.run(_serve(cloud, options.host, options.ready, as_json=options.json))
    except (BadTemplateError, OSError) as error:
        _stop(error)
    if options.ready and _named(options.ready) == cloud.endpoints["control"]:
        options.ready.unlink()
    if options.state:
        options.state.write_text(cloud.dump(), encoding="utf-8")
    if folder := os.environ.get("EMULATOR_ISSUED"):
        cloud.issued.write(Path(folder))


def _named(ready: Path) -> str:
    """The control URL in the file of a ready line; empty where there is none."""
    try:
        return str(json.loads(ready.read_text(encoding="utf-8"))["endpoints"]["control"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""


def _alone(ready: Path) -> None:
    """Raise ValueError where the file names an emulator that still answers: whoever looks there would lose it."""
    control = _named(ready)
    try:
        # No proxy: it is on this machine.
        with build_opener(ProxyHandler({})).open(f"{control}/healthy", timeout=2) as answer:
            json.loads(answer.read())
    except (OSError, ValueError):
        return
    raise ValueError(f"an emulator is running already: {ready} names it, {control}; end that one, or use it")


def _cloud(options: argparse.Namespace) -> Cloud:
    """The cloud of the zone, or of the dump that is there."""
    path = zone.find(options.zone)
    kept = options.state is not None and options.state.exists()
    state = State.model_validate_json(options.state.read_bytes()).whole() if kept else zone.load(path)
    state.guesses = Guesses.model_validate({**state.guesses.model_dump(), **dict(options.guess)})
    cloud = Cloud(state)
    cloud.zone = path
    cloud.functions, cloud.code = options.functions, options.code
    return cloud


def _stop(error: Exception) -> NoReturn:
    text = str(error)
    if isinstance(error, ValidationError):
        text = "\n".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
    print(f"python -m emulator: {text}", file=sys.stderr)  # noqa: T201  # why it does not begin
    sys.exit(2)


async def _serve(cloud: Cloud, host: str, file: Path | None, *, as_json: bool) -> None:
    server = Server(cloud, host)
    cloud.started()

    def ready() -> None:
        line = {"endpoints": cloud.endpoints, **zone.summary(cloud.state)}
        if file:
            file.write_text(json.dumps(line, indent=2), encoding="utf-8")
        print(json.dumps(line, indent=None if as_json else 2), flush=True)  # noqa: T201  # the ready line

    await server.serve(ready)


def _guess(text: str) -> tuple[str, str]:
    key, equals, value = text.partition("=")
    if not equals:
        raise argparse.ArgumentTypeError("a guess is KEY=VALUE")
    return key, value


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m emulator", description="A local Alibaba Cloud.")
    parser.add_argument("--json", action="store_true", help="print the ready line as one line of JSON")
    parser.add_argument("--zone", default="small", help="a landing zone: small, large, or a YAML file")
    parser.add_argument("--functions", type=Path, help="the s.yaml whose functions are deployed")
    parser.add_argument("--code", type=Path, help="the functions' code, if not beside s.yaml")
    parser.add_argument("--state", type=Path, help="load this file if it exists, and write it at the end")
    parser.add_argument("--ready", type=Path, help="write the ready line into this file, for as long as it serves")
    parser.add_argument("--guess", type=_guess, action="append", default=[], metavar="KEY=VALUE")
    parser.add_argument("--coverage", type=Path, metavar="FILE", help="write what is emulated into FILE, and end")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    return parser.parse_args()


if __name__ == "__main__":
    main()
