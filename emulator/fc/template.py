"""From the text of an ``s.yaml`` to plain resources: variables, environment and templates put in.

Only what Serverless Devs 3 documents and this file names is understood; anything else stops the start, because a
silently skipped line of a deployment file is the mistake that an emulator must not hide.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

_EXPRESSION = re.compile(r"\$\{([^{}]*)\}")
_ENV = re.compile(r"""env\(\s*(['"])([^'"]+)\1\s*(?:,\s*(['"])(.*?)\3\s*)?\)""")
_TOP = {"edition", "name", "access", "vars", "template", "resources"}
_RESOURCE = {"component", "extend", "actions", "props"}


class BadTemplateError(ValueError):
    """The file says something that the emulator does not understand; the message names the place."""


def load(path: Path, environment: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Resource key → its props, rendered.

    Raises:
        BadTemplateError: unreadable, another edition, an unknown key, component, template or expression.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError) as error:
        raise BadTemplateError(f"{path}: {error}") from error
    if not isinstance(document, dict):
        raise BadTemplateError(f"{path}: not a mapping")
    _only(str(path), document, _TOP)
    if document.get("edition") != "3.0.0":
        raise BadTemplateError(f"{path}: edition must be 3.0.0, not {document.get('edition')!r}")
    resources = document.get("resources") or {}
    return {key: _props(key, entry, document, environment) for key, entry in resources.items()}


def _props(key: str, entry: object, document: dict[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """One resource's props: its template's, overlaid with its own, then rendered."""
    where = f"resources.{key}"
    if not isinstance(entry, dict):
        raise BadTemplateError(f"{where}: not a mapping")
    _only(where, entry, _RESOURCE)
    if entry.get("component") != "fc3":
        raise BadTemplateError(f"{where}: only the component fc3 is emulated, not {entry.get('component')!r}")
    props = merge(_template(where, entry.get("extend"), document), entry.get("props") or {})
    scope = Scope(where, environment, {"vars": document.get("vars") or {}, "this": {"props": props}})
    rendered = scope.render(props)
    if not isinstance(rendered, dict):
        raise BadTemplateError(f"{where}: props must be a mapping")
    return rendered


def _template(where: str, extend: object, document: dict[str, Any]) -> dict[str, Any]:
    if extend is None:
        return {}
    name = extend.get("name") if isinstance(extend, dict) else None
    templates = document.get("template") or {}
    if not isinstance(extend, dict) or name not in templates or set(extend) != {"name"}:
        raise BadTemplateError(f"{where}.extend: {extend!r} names no template")
    template: dict[str, Any] = templates[name]
    return template


def merge(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged key by key, everything else is replaced."""
    merged = copy.deepcopy(dict(base))
    for key, value in over.items():
        inner = merged.get(key)
        merged[key] = merge(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


class Scope:
    """What expressions may name while one resource is rendered."""

    def __init__(self, where: str, environment: Mapping[str, str], names: Mapping[str, Any]) -> None:
        self._where = where
        self._environment = environment
        self._names = names
        self._depth = 0

    def render(self, value: object) -> object:
        """The value with every ``${…}`` in it replaced; a text that is one expression takes the value's own type."""
        if isinstance(value, dict):
            return {key: self.render(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.render(item) for item in value]
        if not isinstance(value, str):
            return value
        whole = _EXPRESSION.fullmatch(value)
        if whole:
            return self._look_up(whole.group(1).strip())
        return _EXPRESSION.sub(lambda match: str(self._look_up(match.group(1).strip())), value)

    def _look_up(self, expression: str) -> object:
        env = _ENV.fullmatch(expression)
        if env:
            found = self._environment.get(env.group(2), env.group(4))
            if found is None:
                raise BadTemplateError(f"{self._where}: the environment has no {env.group(2)}")
            return found
        value: object = self._names
        for part in expression.split("."):
            if not isinstance(value, Mapping) or part not in value:
                raise BadTemplateError(f"{self._where}: ${{{expression}}} is not understood")
            value = value[part]
        return self._deeper(expression, value)

    def _deeper(self, expression: str, value: object) -> object:
        """Values hold expressions too; a circle of them is refused."""
        self._depth += 1
        if self._depth > 50:  # noqa: PLR2004 - deeper than any honest file
            raise BadTemplateError(f"{self._where}: ${{{expression}}} goes round in a circle")
        rendered = self.render(value)
        self._depth -= 1
        return rendered


def _only(where: str, entry: Mapping[str, Any], known: set[str]) -> None:
    unknown = sorted(set(entry) - known)
    if unknown:
        raise BadTemplateError(f"{where}: unknown {', '.join(unknown)}; known are {', '.join(sorted(known))}")
