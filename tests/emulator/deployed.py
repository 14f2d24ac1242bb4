"""A tiny project to deploy in tests: an ``s.yaml`` and handlers that do what their event tells them."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import fc2
import httpx
import yaml
from alibabacloud_fc20230330 import models
from alibabacloud_fc20230330.client import Client as Fc3
from alibabacloud_tea_openapi.utils_models import Config
from mns.account import Account
from mns.queue import QueueMeta

if TYPE_CHECKING:
    from tests.cloud import Key, LocalCloud

ACCOUNT = "1000000000000001"
HANDLERS = '''
import json, os, sys, time

calls = 0
print("loaded")

def handler(event, context):
    """Does what the event says; an event without orders is noted and passed over."""
    global calls
    calls += 1
    with open(os.environ["NOTES"], "a") as notes:
        notes.write(json.dumps({"at": time.time(), "event": event.decode(), "id": context.request_id}) + "\\n")
    if os.environ.get("FAIL"):
        raise RuntimeError("told to fail")
    order = json.loads(event)
    do = order.get("do") if isinstance(order, dict) else None
    if do == "raise":
        raise ValueError("as told")
    if do == "exit":
        print("leaving", flush=True)
        sys.exit(3)
    if do == "sleep":
        time.sleep(order["seconds"])
    if do == "print":
        print(order["text"])
    if do == "give":
        kinds = {"text": "täxt", "bytes": b"\\x00\\xff", "none": None, "object": {"a": 1}, "odd": object()}
        return kinds[order["kind"]]
    if do == "environment":
        return dict(os.environ)
    if do == "context":
        return {key: getattr(value, "__dict__", value) for key, value in vars(context).items()}
    if do == "wild":
        ours = [name for name in sys.modules if name.startswith("emulator")]
        return {"cwd": os.getcwd(), "path": sys.path[0], "modules": ours}
    return {"calls": calls, "pid": os.getpid()}

def initialize(context):
    print("initialized by", context.request_id)
    if os.environ.get("INIT_FAILS"):
        raise RuntimeError("no start")
'''


def project(folder: Path, functions: dict[str, dict[str, Any]]) -> Path:
    """Write the project; each function may have any props of its own. The path of its ``s.yaml``."""
    package = folder / "functions"
    package.mkdir(parents=True)
    (package / "__init__.py").touch()
    (package / "work.py").write_text(HANDLERS)
    shared = {
        "region": "cn-hangzhou",
        "runtime": "python3.10",
        "code": "./",
        "handler": "functions.work.handler",
        "timeout": 10,
        "role": f"acs:ram::{ACCOUNT}:role/cab-functions",
        "environmentVariables": {"NOTES": str(folder / "notes")},
    }
    resources = {
        name: {"component": "fc3", "extend": {"name": "shared"}, "props": {"functionName": name, **props}}
        for name, props in functions.items()
    }
    document = {"edition": "3.0.0", "name": "p", "access": "default", "template": {"shared": shared}}
    path = folder / "s.yaml"
    path.write_text(yaml.safe_dump({**document, "resources": resources}))
    return path


def client(cloud: LocalCloud, key: Key | None = None) -> Any:
    """fc2 as the operator."""
    key = key or cloud.key()
    return fc2.Client(
        endpoint=cloud.endpoints["fc"],
        accessKeyID=key.access_key_id,
        accessKeySecret=key.access_key_secret,
        securityToken=key.token,
    )


def fc3(cloud: LocalCloud, key: Key | None = None) -> Any:
    """The official client of 3.0 as the operator."""
    key = key or cloud.key()
    config = Config(
        access_key_id=key.access_key_id,
        access_key_secret=key.access_key_secret,
        security_token=key.token or None,
        endpoint=cloud.endpoints["fc"].removeprefix("http://"),
        protocol="http",
    )
    return Fc3(config)


def call(cloud: LocalCloud, function: str, event: str = "{}", **headers: str) -> Any:
    """One call on the 2.0 path; headers with underscores for dashes."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    return client(cloud).invoke_function("any", function, event.encode(), headers=sent)


def runs(cloud: LocalCloud, function: str | None = None) -> list[dict[str, Any]]:
    """Finished invocations, oldest first."""
    found: list[dict[str, Any]] = control(cloud, "fc", function=function)["invocations"]
    return found


def notes(cloud: LocalCloud, function: str) -> Path:
    """Where the handlers write down what they were called with."""
    found = fc3(cloud).get_function(function, models.GetFunctionRequest())
    return Path(found.body.environment_variables["NOTES"])


def events(cloud: LocalCloud, function: str) -> list[Any]:
    """What the function was called with, as it wrote it down."""
    ids, path = {run["request_id"] for run in runs(cloud, function)}, notes(cloud, function)
    lines = [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []
    return [json.loads(line["event"]) for line in lines if line["id"] in ids]


def control(cloud: LocalCloud, name: str, **params: Any) -> Any:
    """Read from the control API."""
    wanted = {key: value for key, value in params.items() if value is not None}
    return httpx.get(f"{cloud.endpoints['control']}/{name}", params=wanted).raise_for_status().json()


def settings(cloud: LocalCloud, name: str, **body: Any) -> Any:
    """Write to the control API."""
    return httpx.post(f"{cloud.endpoints['control']}/{name}", json=body).raise_for_status().json()


def wait_for(cloud: LocalCloud, function: str, count: int) -> list[dict[str, Any]]:
    """The function's invocations once there are ``count``; fails after five seconds."""
    deadline = time.monotonic() + 5
    while len(found := runs(cloud, function)) < count:
        assert time.monotonic() < deadline, f"{function} ran {len(found)} times, not {count}"
        time.sleep(0.01)
    return found


def queue(cloud: LocalCloud, name: str, *, encode: bool = True, **attributes: int) -> Any:
    """A queue of the management account."""
    key = cloud.key()
    made = Account(cloud.endpoints["mns"], key.access_key_id, key.access_key_secret).get_queue(name)
    made.create(QueueMeta(**attributes))
    made.set_encoding(encode)
    return made


def queue_arn(name: str, tail: str = "") -> str:
    """The queue as s.yaml names it."""
    return f"acs:mns:cn-hangzhou:{ACCOUNT}:/queues/{name}{tail}"
