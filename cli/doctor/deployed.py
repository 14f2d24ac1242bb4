"""Checks of what is deployed: functions and triggers against ``s.yaml``, and the webhook that they tell people by."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

from cli.advice import deploy
from cli.doctor.finding import BY_HAND, Finding, cause, ok, warning
from cli.doors import differs, other_configuration
from cli.history import last_sweep
from cli.site import Site, epoch
from shared.wording import counted

COMPARED = (
    "runtime",
    "handler",
    "timeout",
    "memorySize",
    "cpu",
    "diskSize",
    "role",
    "internetAccess",
    "logConfig",
    "environmentVariables",
)
SECONDS = 5.0


def functions(site: Site) -> Iterator[Finding]:
    """Every function is deployed with the settings of s.yaml."""
    for name, props in site.wanted.functions.items():
        found = site.deployed.function(name)
        if found is None:
            yield cause(f"the function {name} is not deployed", deploy(site.config))
            continue
        wanted = {key: props[key] for key in COMPARED if key in props}
        variables = {**wanted.get("environmentVariables", {})}
        wanted["environmentVariables"] = {k: v for k, v in variables.items() if k not in site.wanted.chosen}
        differences = [*_differences(wanted, found, ""), *_asides(site, name, props)]
        if differences:
            yield cause(f"{name} is deployed with other settings: {'; '.join(differences)}", deploy(site.config))
        else:
            yield ok(f"{name} is deployed as s.yaml says")
    yield from _configuration(site)


def _configuration(site: Site) -> Iterator[Finding]:
    """What the last sweep since the deployment says of the configuration that it went by."""
    swept = last_sweep(site)
    function = site.deployed.function(f"{site.config.functions.prefix}reconcile") or {}
    since = epoch(function["lastModifiedTime"]) if function.get("lastModifiedTime") else 0.0
    if swept and swept.at > since and differs({"config": swept.config}, site.session):
        yield cause(other_configuration(site.session), deploy(site.config))


def _asides(site: Site, name: str, props: Mapping[str, Any]) -> Iterator[str]:
    """Settings that have calls of their own."""
    if "asyncInvokeConfig" in props:
        yield from _differences(
            props["asyncInvokeConfig"], site.deployed.async_config(name) or {}, "asyncInvokeConfig."
        )


def quotas(site: Site) -> Iterator[Finding]:
    """As many instances as the quotas are divided among: config.yaml, s.yaml and what is deployed agree."""
    prefix, agreed = site.config.functions.prefix, 0
    for door, instances in site.config.quotas.instances.items():
        name = f"{prefix}{door}"
        wanted = (site.wanted.functions.get(name, {}).get("concurrencyConfig") or {}).get("reservedConcurrency")
        found = (site.deployed.concurrency(name) or {}).get("reservedConcurrency")
        if wanted != instances:
            yield cause(
                f"{name}: s.yaml reserves {_times(wanted)}, config.yaml divides the quotas among {instances}",
                f"{BY_HAND}make `quotas.instances` in config.yaml and `reservedConcurrency` in s.yaml the same",
                deploy(site.config),
            )
        elif found != instances:
            what = f"{name} may have {_times(found)}, the quotas are divided among {instances}"
            yield cause(f"{what}: at a peak the cloud throttles", deploy(site.config))
        else:
            agreed += 1
    if agreed:
        yield ok(f"instances of {counted(agreed, 'function')} are limited as config.yaml says")


def _times(reserved: int | None) -> str:
    return "any number of instances" if reserved is None else counted(reserved, "instance")


def _differences(wanted: Any, found: Any, where: str) -> Iterator[str]:  # noqa: ANN401 - JSON of any shape
    """What is declared and is otherwise; what is not declared is the platform's own affair."""
    if isinstance(wanted, dict) and isinstance(found, dict):
        for key, value in wanted.items():
            inner = f"{where}{key}"
            yield from _differences(value, found.get(key), f"{inner}." if isinstance(value, dict) else inner)
    elif _plain(wanted) != _plain(found):
        yield f"{where.rstrip('.')} is {found!r}, s.yaml says {wanted!r}"


def _plain(value: Any) -> Any:  # noqa: ANN401 - the same
    """Role names come back in lower case, patterns as text of another form, numbers as 1 or 1.0."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value) if value.startswith("{") else value.casefold()
    except ValueError:
        return value


def triggers(site: Site) -> Iterator[Finding]:
    """Every trigger is there, enabled, and as s.yaml says."""
    for name, props in site.wanted.functions.items():
        rows = {row["triggerName"]: row for row in site.deployed.triggers(name)} if props.get("triggers") else {}
        for wanted in props.get("triggers", []):
            yield _trigger(site, f"{name}/{wanted['triggerName']}", wanted, rows.get(wanted["triggerName"]))


def _trigger(site: Site, name: str, wanted: Mapping[str, Any], found: Mapping[str, Any] | None) -> Finding:
    if found is None:
        return cause(f"the trigger {name} is not there: nothing starts the function", deploy(site.config))
    config = found["triggerConfig"]
    if not config.get("enable", config.get("triggerEnable")):
        return cause(f"the trigger {name} is switched off: nothing starts the function", deploy(site.config))
    differences = list(_differences(wanted["triggerConfig"], config, ""))
    if differences:
        return cause(
            f"the trigger {name} is deployed with other settings: {'; '.join(differences)}", deploy(site.config)
        )
    return ok(f"{name} is there and enabled")


def webhook(site: Site) -> Iterator[Finding]:
    """Whether somebody is told of dead letters, and the address answers. Nothing is sent."""
    variable = site.config.notify.url_variable
    name = next(iter(site.wanted.functions))
    deployed = (site.deployed.function(name) or {}).get("environmentVariables", {}).get(variable)
    url = deployed or os.environ.get(variable, "")
    if not url:
        how = f"set {variable} where you deploy, then `{deploy(site.config)}`; see `notify` in docs/settings.md"
        yield warning(f"nobody is told of dead letters: {how}")
        return
    parts = urlsplit(url)
    address = (parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80))
    try:
        socket.create_connection(address, SECONDS).close()
    except OSError as error:
        # The host alone: the rest of the address may hold a key.
        fix = f"{BY_HAND}correct {variable} in the environment of whoever deploys, then `{deploy(site.config)}`"
        yield cause(f"the webhook at {address[0]}:{address[1]} does not answer: {error}", fix)
        return
    yield ok(f"the webhook at {address[0]}:{address[1]} answers; nothing was sent")
