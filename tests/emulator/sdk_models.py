"""What the official SDKs' models say: the parameters of an action, and the shape of its answer."""

from __future__ import annotations

import inspect
import re
import typing
from importlib import import_module
from typing import Any

from darabonba.model import DaraModel

PACKAGES = {
    "ram": "alibabacloud_ram20150501",
    "sts": "alibabacloud_sts20150401",
    "resourcedirectory": "alibabacloud_resourcedirectorymaster20220419",
    "resourcemanager": "alibabacloud_resourcemanager20200331",
    "actiontrail": "alibabacloud_actiontrail20200706",
    "mnsopen": "alibabacloud_mns_open20220119",
    "hbr": "alibabacloud_hbr20170908",
}
"""Name of a service's endpoint → the package of its official SDK."""


def fields(model: type) -> dict[str, Any]:
    """Name on the wire → type, of one model, read from the code that the vendor generated."""
    source = inspect.getsource(model.to_map)  # type: ignore[attr-defined]
    hints = typing.get_type_hints(model.__init__)  # type: ignore[misc]
    named = re.findall(r"result\['([\w.]+)'\] =(?: \[\]| \{\})?(?:\n\s+if)? self\.(\w+)", source)
    found = {name: hints[attribute] for name, attribute in named}
    assert len(found) == len(set(re.findall(r"result\['([\w.]+)'\]", source))), model
    return found


def parameters(service: str, action: str) -> set[str]:
    """The parameters that the SDK can send for an action."""
    model = getattr(import_module(f"{PACKAGES[service]}.models"), f"{action}Request", None)
    return set(fields(model)) if model else set()


def recorder(cloud: Any, service: str, **who: Any) -> Any:
    """The official client, which also keeps the answers as they came in ``answers`` (action → list of bodies)."""
    client = cloud.client(service, **who)
    client.answers = {}
    plain = client.call_api

    def call_api(params: Any, request: Any, runtime: Any) -> dict[str, Any]:
        answer: dict[str, Any] = plain(params, request, runtime)
        client.answers.setdefault(params.action, []).append(answer["body"])
        return answer

    client.call_api = call_api
    return client


def differences(service: str, action: str, answer: Any) -> set[str]:
    """Where an answer is not what the SDK's model says: keys missing or unknown, values of another type."""
    model = getattr(import_module(f"{PACKAGES[service]}.models"), f"{action}ResponseBody")
    return set(_differences(answer, model, ""))


def _differences(answer: Any, model: Any, path: str) -> list[str]:
    if typing.get_origin(model) is list:
        (inner,) = typing.get_args(model)
        if not isinstance(answer, list):
            return [f"{path} is no list"]
        return [found for item in answer for found in _differences(item, inner, f"{path}[]")]
    if inspect.isclass(model) and issubclass(model, DaraModel):
        if not isinstance(answer, dict):
            return [f"{path} is no object"]
        wanted = fields(model)
        keys = [f"{path}.{key} is missing" for key in wanted.keys() - answer.keys()]
        keys += [f"{path}.{key} is unknown" for key in answer.keys() - wanted.keys()]
        both = wanted.keys() & answer.keys()
        return keys + [found for key in both for found in _differences(answer[key], wanted[key], f"{path}.{key}")]
    if model in (int, str, bool) and type(answer) is not model:
        return [f"{path} is {answer!r}, not {model.__name__}"]
    return []
