from __future__ import annotations

import re
from typing import Any

import yaml

from shared.config_types import Drift
from tests.cloud import ROOT
from tools import settings

PAGE = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")


def words(text: str) -> set[str]:
    """Everything in backticks."""
    return set(re.findall(r"`([^`\n]+)`", text))


def keys(value: Any) -> set[str]:
    """Every key anywhere in a part of s.yaml, but the names of environment variables."""
    if isinstance(value, list):
        return {key for item in value for key in keys(item)}
    if not isinstance(value, dict):
        return set()
    inner = {key for name, item in value.items() if name != "environmentVariables" for key in keys(item)}
    return set(value) | inner


def test_every_setting_is_described() -> None:
    """Between the markers is what `python -m tools.settings` writes: every key, its values, default and meaning."""
    written = PAGE.partition(settings.BEGIN)[2].partition(settings.END)[0]
    assert written.strip() == settings.table().strip()


def test_every_key_of_the_example_is_in_the_table() -> None:
    """No key of config.yaml is missing from the page."""
    document = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    described = {part for word in words(PAGE) for part in re.split(r"[.\[\]]+", word)}
    assert keys(document) <= described


def test_every_environment_variable_is_described() -> None:
    """Each variable that the functions, the console or s.yaml read is in the table, and no other is."""
    sources = [*ROOT.glob("shared/*.py"), *ROOT.glob("cli/*.py"), ROOT / "s.yaml"]
    text = "".join(path.read_text(encoding="utf-8") for path in sources)
    read = set(re.findall(r"""['"]((?:CAB|CLOUD|DEPLOY)_[A-Z_]+)['"]""", text))
    assert read == set(re.findall(r"^\| `((?:CAB|CLOUD|DEPLOY)_[A-Z_]+)` \|", PAGE, re.MULTILINE))


def test_every_key_of_s_yaml_is_described() -> None:
    """Each property of a function or a trigger in s.yaml is explained on the page."""
    document = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
    deployed = [document["template"]["function"], *(one["props"] for one in document["resources"].values())]
    used = {key for props in deployed for key in keys(props)} - {"region", "triggers", "triggerConfig"}
    assert used - words(PAGE) == set()


def test_every_kind_of_drift_is_described() -> None:
    """`sweep.observe` takes what the page lists."""
    table = PAGE.partition("### Kinds of drift")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (`.*?`) \|", table, re.MULTILINE)
    assert {name for row in rows for name in re.findall(r"`(\w+)`", row)} == {str(kind) for kind in Drift}
