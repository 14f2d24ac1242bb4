"""What is wrong with a document, in plain words: each mistake with its key, what was expected, what was found. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from pydantic import BaseModel, ValidationError


def mistakes(error: ValidationError, model: type[BaseModel]) -> list[str]:
    """One line for each."""
    return [f"  {_key(e['loc'])}: {_expected(e, model)}, found {_short(e['input'])}" for e in error.errors()]


def _expected(error: Mapping[str, Any], model: type[BaseModel]) -> str:
    """What pydantic says in its own terms, as one says it of a file; the rest as it is."""
    match error["type"]:
        case "string_type":
            return "expected a text" + ": put it in quotes" * isinstance(error["input"], int | float)
        case "missing":
            return "expected this key, which is required"
        case "tuple_type":
            return "expected a list" + f": [{error['input']}]" * isinstance(error["input"], str)
        case "extra_forbidden":
            known = list(_keys(model, error["loc"][:-1]))
            close = get_close_matches(str(error["loc"][-1]), known, 1)
            return "no such key is known" + (f": did you mean {close[0]}?" if close else "")
        case _:
            return str(error["msg"]).removeprefix("Value error, ")


def _keys(model: type[BaseModel], location: tuple[int | str, ...]) -> Iterator[str]:
    """The keys that are known there."""
    here = [model]
    for part in location:
        if isinstance(part, str):
            fields = [one.model_fields[part] for one in here if part in one.model_fields]
            here = [inner for field in fields for inner in _models(field.annotation)]
    for one in here:
        yield from one.model_fields


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 - any annotation
    if inner := get_args(annotation):
        for one in inner:
            yield from _models(one)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation


def _key(location: tuple[int | str, ...]) -> str:
    return ".".join(map(str, location)) or "(top)"


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."  # noqa: PLR2004 - a line's worth
