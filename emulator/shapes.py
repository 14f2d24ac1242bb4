"""What a structured parameter may hold: every key, list and value in it has a type, checked here and nowhere else.

Pure. A shape is ``str``, ``int`` or ``bool``; ``[shape]`` for a list; a ``Record`` for an object with known keys;
``dict`` for an object and ``object`` for anything, where the official SDK's model does not say more either.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn


@dataclass(frozen=True)
class Record:
    """An object: key → shape, and the keys that must be there."""

    keys: Mapping[str, Shape]
    required: tuple[str, ...] = ()


Shape = type | list["Shape"] | Record
Tree = str | dict[str, "Tree"]
"""What ``Name.1.Key=a`` is before it is typed: a text, or parts of the path → what is below them."""

TAG = Record({"Key": str, "Value": str}, required=("Key",))
"""A tag, as every product takes it."""
NAMES = {str: "a text", int: "an integer", bool: "true or false", dict: "an object"}


class UnknownKeyError(ValueError):
    """An object has a key that its record does not know; the text is its path."""


def parsed(text: str | bytes) -> object:
    """What a JSON text means.

    Raises:
        ValueError: it is no JSON (Python's own reading takes NaN and half a surrogate pair), or too deep to be read.
    """
    try:
        read: object = json.loads(text, parse_constant=_no_number)
        json.dumps(read, ensure_ascii=False).encode()
    except RecursionError as error:
        raise ValueError("it is too deep") from error
    return read


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def checked(shape: Shape, value: object, path: str) -> object:
    """The value without what is null in its objects.

    Raises:
        TypeError, ValueError: it is not of this shape.
    """
    if isinstance(shape, list):
        if not isinstance(value, list):
            raise TypeError(f"{path} must be a list")
        return [checked(shape[0], item, f"{path}.{number}") for number, item in enumerate(value, 1)]
    if isinstance(shape, Record):
        return _record(shape, value, path)
    if shape is not object and type(value) is not shape:
        raise TypeError(f"{path} must be {NAMES[shape]}")
    return value


def _record(shape: Record, value: object, path: str) -> dict[str, object]:
    if not isinstance(value, dict):
        raise TypeError(f"{path} must be an object")
    there = {key: item for key, item in value.items() if item is not None}
    for key in there:
        if key not in shape.keys:
            raise UnknownKeyError(f"{path}.{key}")
    for key in shape.required:
        if there.get(key) in (None, ""):
            raise ValueError(f"{path}.{key} is required")
    return {key: checked(shape.keys[key], item, f"{path}.{key}") for key, item in there.items()}


def typed(shape: Shape, tree: Tree, path: str) -> object:
    """What a tree of texts means, for ``checked``; a list's places are the numbers in the paths.

    Raises:
        ValueError: it cannot be of this shape.
    """
    if isinstance(shape, list):
        if not isinstance(tree, dict) or not all(re.fullmatch("[0-9]{1,9}", place) for place in tree):
            raise ValueError(f"{path} must be numbered: {path}.1, {path}.2 …")
        return [typed(shape[0], tree[place], f"{path}.{place}") for place in sorted(tree, key=int)]
    if isinstance(shape, Record):
        return (
            {key: typed(shape.keys.get(key, object), item, f"{path}.{key}") for key, item in tree.items()}
            if isinstance(tree, dict)
            else tree
        )
    if isinstance(tree, dict):
        return tree
    return integer(tree) if shape is int else boolean(tree) if shape is bool else tree


def integer(text: str) -> int:
    """A number in plain digits; Python's own reading would take ``1_0`` and `` +5 ``, too."""
    if not re.fullmatch("-?[0-9]{1,19}", text):
        raise ValueError("it must be an integer")
    return int(text)


def boolean(text: str) -> bool:
    """True or false in any case."""
    if text.lower() not in ("true", "false"):
        raise ValueError("it must be true or false")
    return text.lower() == "true"


def tree(pairs: Mapping[str, str]) -> Tree:
    """``{"1.Key": a, "1.Value": b}`` → ``{"1": {"Key": a, "Value": b}}``.

    Raises:
        TypeError, ValueError: a path goes on below a value.
    """
    top: dict[str, Any] = {}
    for path, text in pairs.items():
        *above, last = path.split(".")
        inside = top
        for part in above:
            inside = inside.setdefault(part, {})
            if not isinstance(inside, dict):
                raise TypeError(f"{path} is below a value")
        if last in inside:
            raise ValueError(f"{path} is above a value")
        inside[last] = text
    return top
