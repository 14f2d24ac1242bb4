"""What the official SDK's models say: the fields of a request, the shape of an answer."""

from __future__ import annotations

import inspect
import re
import typing
from typing import Any

from alibabacloud_hbr20170908 import models
from darabonba.model import DaraModel

NUMBERS = {int: int, str: str, bool: bool}


def fields(model: type) -> dict[str, Any]:
    """Name on the wire → type, of one model, read from the code that the vendor generated."""
    source = inspect.getsource(model.to_map)  # type: ignore[attr-defined]
    hints = typing.get_type_hints(model.__init__)  # type: ignore[misc]
    named = re.findall(r"result\['(\w+)'\] =(?: \[\]| \{\})?(?:\n\s+if)? self\.(\w+)", source)
    found = {name: hints[attribute] for name, attribute in named}
    assert len(found) == len(set(re.findall(r"result\['(\w+)'\]", source))), model
    return found


def request(action: str) -> set[str]:
    """The parameters that the SDK can send for an action."""
    model = getattr(models, f"{action}Request", None)
    return set(fields(model)) if model else set()


def differences(answer: Any, model: Any, path: str = "") -> list[str]:
    """Where an answer is not what the model says: keys missing or unknown, values of another type."""
    if typing.get_origin(model) is list:
        (inner,) = typing.get_args(model)
        if not isinstance(answer, list):
            return [f"{path} is no list"]
        return [found for item in answer for found in differences(item, inner, f"{path}[]")]
    if inspect.isclass(model) and issubclass(model, DaraModel):
        return _differences(answer, fields(model), path)
    wanted = NUMBERS.get(model)
    return [] if wanted is None or type(answer) is wanted else [f"{path} is {answer!r}, not {wanted.__name__}"]


def _differences(answer: Any, wanted: dict[str, Any], path: str) -> list[str]:
    if not isinstance(answer, dict):
        return [f"{path} is no object"]
    keys = [f"{path}.{key} is missing" for key in wanted.keys() - answer.keys()]
    keys += [f"{path}.{key} is unknown" for key in answer.keys() - wanted.keys()]
    both = wanted.keys() & answer.keys()
    return keys + [found for key in both for found in differences(answer[key], wanted[key], f"{path}.{key}")]
