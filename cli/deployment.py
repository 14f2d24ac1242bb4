"""What ``s.yaml`` says is to be deployed: its functions, with their template and its variables put in.

Only expressions that the file uses are understood: ``${vars.x}`` and ``${env('NAME', 'default')}``. Nothing is called.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from cli.output import NotDoneError

EXPRESSION = re.compile(r"\$\{([^{}]*)\}")
ENV = re.compile(r"""env\(\s*'([^']+)'\s*(?:,\s*'([^']*)'\s*)?\)""")


@dataclass(frozen=True)
class Deployment:
    """The functions of one ``s.yaml``."""

    functions: Mapping[str, Mapping[str, Any]]
    """By name, as the component fc3 gets them."""
    chosen: frozenset[str]
    """Environment variables of the functions that whoever deploys chooses: their values are not the file's."""

    @property
    def role(self) -> str:
        """The name of the functions' role; fc3 writes role names in lower case."""
        (name,) = {str(props["role"]).rpartition("/")[2] for props in self.functions.values()}
        return name

    @property
    def log_store(self) -> tuple[str, str]:
        """The names of log project and log store."""
        config = next(iter(self.functions.values()))["logConfig"]
        return str(config["project"]), str(config["logstore"])


def load(path: Path, environ: Mapping[str, str], management_account: str, region: str) -> Deployment:
    """Read the file as ``s deploy`` would with these two in the environment. Raises NotDoneError."""
    environ = {"DEPLOY_ACCOUNT_ID": management_account, "DEPLOY_REGION": region, **environ}
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
        raw = [_props(one, document) for one in document["resources"].values()]
        rendered = [_rendered(props, document["vars"], environ) for props in raw]
        names = {name for props in raw for name, value in props["environmentVariables"].items() if "${env(" in value}
        return Deployment({props["functionName"]: props for props in rendered}, frozenset(names))
    except (OSError, yaml.YAMLError, KeyError, TypeError, AttributeError, ValueError) as error:
        what = f"{path} cannot be read: {type(error).__name__}: {error}"
        raise NotDoneError(
            what, "run this in the project's folder, or name the file", reason="no_deployment"
        ) from error


def _props(resource: Mapping[str, Any], document: Mapping[str, Any]) -> dict[str, Any]:
    return _over(document["template"][resource["extend"]["name"]], resource["props"])


def _over(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Mappings are merged key by key, everything else is replaced (README of the component)."""
    merged = copy.deepcopy(dict(base))
    for key, value in own.items():
        inner = merged.get(key)
        merged[key] = _over(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged


def _rendered(value: Any, variables: Mapping[str, Any], environ: Mapping[str, str]) -> Any:  # noqa: ANN401 - YAML
    if isinstance(value, dict):
        return {key: _rendered(item, variables, environ) for key, item in value.items()}
    if isinstance(value, list):
        return [_rendered(item, variables, environ) for item in value]
    if not isinstance(value, str):
        return value

    def look_up(found: re.Match[str]) -> str:
        env = ENV.fullmatch(found[1].strip())
        if env:
            return environ.get(env[1], env[2] or "")
        return str(_rendered(variables[found[1].strip().removeprefix("vars.")], variables, environ))

    return EXPRESSION.sub(look_up, value)
