"""What the official SDKs' models say: the parameters of an action, and the shape of its answer."""

from __future__ import annotations

import inspect
import re
import time
import typing
from importlib import import_module
from typing import Any, NamedTuple

from alibabacloud_tea_openapi.utils import Utils
from darabonba.model import DaraModel

from emulator.service import Param
from emulator.shapes import Record, Shape

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


def parameters(service: str, action: str) -> dict[str, Any]:
    """The parameters that the SDK can send for an action: name → shape."""
    model = getattr(import_module(f"{PACKAGES[service]}.models"), f"{action}Request", None)
    return {name: shape(hint) for name, hint in fields(model).items()} if model else {}


def shape(hint: Any) -> Any:
    """A type of the SDK's as the plain data that ``taken`` gives; None where the SDK leaves it open."""
    if typing.get_origin(hint) is list:
        return [shape(typing.get_args(hint)[0])]
    if inspect.isclass(hint) and issubclass(hint, DaraModel):
        return {key: shape(inner) for key, inner in fields(hint).items()}
    return hint if hint in (str, int, bool) else None


def taken(param: Param) -> Any:
    """What the emulator takes for a parameter, in the same form."""
    kinds = {"text": str, "integer": int, "boolean": bool, "texts": [str]}
    if param.kind in kinds:
        return kinds[param.kind]
    return _plain([param.shape] if param.kind == "maps" else param.shape)


def _plain(found: Shape) -> Any:
    if isinstance(found, list):
        return [_plain(found[0])]
    if isinstance(found, Record):
        return {key: _plain(inner) for key, inner in found.keys.items()}
    return found if found in (str, int, bool) else None


def agree(sent: Any, accepted: Any) -> bool:
    """Whether the emulator takes what the SDK sends, down to the last key; where the SDK is open it may be closed."""
    if sent is None:
        return True
    if isinstance(sent, dict) and isinstance(accepted, dict):
        return sent.keys() == accepted.keys() and all(agree(sent[key], accepted[key]) for key in sent)
    if isinstance(sent, list) and isinstance(accepted, list):
        return agree(sent[0], accepted[0])
    return bool(sent == accepted)


class Moment(NamedTuple):
    """A call that is about to be made, and the cloud just before it."""

    key: Any
    sent: dict[str, str]
    state: dict[str, Any]
    taken: float
    """When, in epoch seconds of the machine."""

    def again(self) -> dict[str, Any]:
        """The state with its clock where it was: what was running then is running."""
        return {**self.state, "clock_offset": self.state["clock_offset"] - (time.time() - self.taken)}


def recorder(cloud: Any, service: str, **who: Any) -> Any:
    """The official client, which also keeps what came and went: action → bodies of answers, action → moments."""
    client = cloud.client(service, **who)
    client.answers, client.moments = {}, {}
    key = who.get("key") or cloud.key(who.get("account", "management"))
    plain = client.call_api

    def call_api(params: Any, request: Any, runtime: Any) -> dict[str, Any]:
        sent = Utils.query({**(request.query or {}), **(request.body or {})})
        client.moments.setdefault(params.action, []).append(Moment(key, sent, cloud.state(), time.time()))
        answer: dict[str, Any] = plain(params, request, runtime)
        client.answers.setdefault(params.action, []).append(answer["body"])
        return answer

    client.call_api = call_api
    return client


def differences(service: str, action: str, answer: Any) -> set[str]:
    """Where an answer is not what the SDK's model says: keys missing or unknown, values of another type."""
    model = getattr(import_module(f"{PACKAGES[service]}.models"), f"{action}ResponseBody")
    return unlike(answer, model)


def unlike(answer: Any, model: type) -> set[str]:
    """The same for a model of any name."""
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
