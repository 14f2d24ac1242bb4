"""The table of docs/settings.md, made from the models of the configuration: ``python -m tools.settings``.

A list written by hand would sooner or later leave a key out. What a key means is the text under it in the source; a key
without one is refused.
"""

from __future__ import annotations

import ast
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_origin

from pydantic import BaseModel, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from shared.config import Config, QueueName
from shared.config_types import AccountId, Region, RoleName
from shared.endpoints import AccountUrl, Host
from shared.settings import Policy, Rule, Settings

PAGE = Path("docs/settings.md")
BEGIN, END = "<!-- begin settings -->", "<!-- end settings -->"
HEAD = "| key | values | default | meaning |\n| --- | --- | --- | --- |\n"
JSON_NAMES = {"string": "text", "boolean": "`true`, `false`", "integer": "whole number", "number": "number"}
NAMES = {
    TypeAdapter(AccountId).json_schema()["pattern"]: "account id: 16 digits in quotes",
    TypeAdapter(Region).json_schema()["pattern"]: "region",
    TypeAdapter(RoleName).json_schema()["pattern"]: "role name",
    TypeAdapter(Policy).json_schema()["pattern"]: "policy name",
    TypeAdapter(QueueName).json_schema()["pattern"]: "queue name",
    TypeAdapter(Host).json_schema()["pattern"]: "host, with a port or not",
    TypeAdapter(AccountUrl).json_schema()["pattern"]: "address",
}
"""How the text types of the configuration are called, by their pattern."""


def table() -> str:
    """Every key with its values, its default and its meaning, as Markdown."""
    return HEAD + "".join(f"| {' | '.join(row)} |\n" for row in _rows(Config, ""))


def _rows(model: type[BaseModel], above: str) -> Iterator[tuple[str, str, str, str]]:
    schema = model.model_json_schema()["properties"]
    for name, field in model.model_fields.items():
        inner, many = _inner(field)
        if inner:
            key = f"{above}{name}{'[]' if many else ''}"
            yield (f"`{key}`", "list" if many else "", "empty" if many else "", _plain(inspect.getdoc(inner) or ""))
            yield from _rows(inner, f"{key}.")
        else:
            yield (f"`{above}{name}`", _shown(schema[name]), _default(field), _meaning(model, name))


def _inner(field: FieldInfo) -> tuple[type[BaseModel] | None, bool]:
    """The model of a key that holds further keys, and whether it is a list of such."""
    arguments = getattr(field.annotation, "__args__", ())
    kind: Any = arguments[0] if arguments else field.annotation
    nested = isinstance(kind, type) and issubclass(kind, BaseModel)
    return (kind, get_origin(field.annotation) is tuple) if nested else (None, False)


def _shown(schema: dict[str, Any]) -> str:
    """A JSON schema in a few words."""
    if "anyOf" in schema:
        return ", ".join(_shown(one) for one in schema["anyOf"] if one.get("type") != "null")
    if "$ref" in schema:
        return "one of the names below"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    if schema["type"] == "array":
        return f"list: {_shown(schema['items'])}" + (", at least one" if schema.get("minItems") else "")
    if schema["type"] == "object":
        return f"mapping to {_shown(schema['additionalProperties'])}"
    return NAMES.get(schema.get("pattern", ""), JSON_NAMES[schema["type"]]) + _limits(schema)


def _limits(schema: dict[str, Any]) -> str:
    least, most = schema.get("minimum", schema.get("exclusiveMinimum")), schema.get("maximum")
    if least is None:
        return ""
    above = "above " if "exclusiveMinimum" in schema else ""
    return f", {above}{least:g}" + (f" to {most:g}" if most is not None else "" if above else " or more")


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined:
        return "**required**"
    if isinstance(value, dict) and value:
        return "`{" + ", ".join(f"{key}: {one}" for key, one in value.items()) + "}`"
    if isinstance(value, tuple | list):
        return "`[" + ", ".join(map(str, value)) + "]`"
    return "" if value is None else f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _meaning(model: type[BaseModel], name: str) -> str:
    """The text under the key in the source. A rule's keys that it takes from ``enrolment`` mean the same there."""
    known = _texts(model.__module__)[model.__name__].get(name)
    if known is None and model is Rule and name in Settings.model_fields:
        known = f"As `enrolment.{name}`, for these accounts."
    if known is None:
        raise LookupError(f"{model.__name__}.{name} has no text under it in {model.__module__}")
    return _plain(known)


def _plain(text: str) -> str:
    """A text of the source as one cell of a table."""
    return " ".join(text.replace("``", "`").replace("|", "\\|").split())


@cache
def _texts(module: str) -> dict[str, dict[str, str]]:
    """Class → key → the text that follows it."""
    tree = ast.parse(inspect.getsource(sys.modules[module]))
    return {one.name: dict(_pairs(one)) for one in tree.body if isinstance(one, ast.ClassDef)}


def _pairs(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for key, text in zip(body.body, body.body[1:], strict=False):
        match key, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str(said))):
                yield name, said


def main() -> None:
    """Rewrite the table between the markers of the page."""
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    PAGE.write_text(f"{before}{BEGIN}\n{table()}{END}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
