from __future__ import annotations

import re

import yaml

from shared.config import Config, check
from shared.coverage import STATES
from shared.kinds import KINDS
from tests.cloud import ROOT
from tests.docs.documents import blocks
from tools import protection

PAGE = (ROOT / "docs" / "protection.md").read_text(encoding="utf-8")


def test_the_tables_are_those_of_the_code() -> None:
    """Between the markers is what `python -m tools.protection` writes, with a row for every kind."""
    written = PAGE.partition(protection.BEGIN)[2].partition(protection.END)[0]
    assert written.strip() == protection.tables().strip()
    assert set(re.findall(r"^\| `(\w+)` \|", written, re.MULTILINE)) == set(KINDS)


def test_the_example_is_a_configuration() -> None:
    """What the page shows of config.yaml is taken, put over the shipped one."""
    (example,) = (block.text for block in blocks(PAGE) if block.language == "yaml")
    shipped = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    given = yaml.safe_load(example)
    given["enrolment"] = {**shipped["enrolment"], **given["enrolment"]}
    policies = check(Config, {**shipped, **given}, "docs/protection.md").backup_policies
    assert {one.kind for one in policies} == {"oss", "ecs_instance"}


def test_every_state_is_explained() -> None:
    """Each step of the ladder has its words."""
    assert [one for one in STATES if f"**{one}**" not in PAGE] == []
