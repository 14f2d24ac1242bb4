from __future__ import annotations

import json

import yaml

from shared.config import Config
from tests.cli.console import Console
from tests.flows.world import MANAGEMENT, World

NOWHERE = {"CAB_EMULATOR": None, "ALIBABA_CLOUD_ECS_METADATA_DISABLED": "true"}
"""An environment with neither an emulator nor credentials."""


def test_a_right_file_is_said_to_be_right(cab: Console) -> None:
    """``config check`` needs no cloud, exits 0 and says what the file asks for."""
    ran = cab("config", "check", env=NOWHERE)
    assert ran.code == 0
    assert f"is right: management account {MANAGEMENT}" in ran.out
    assert cab("config", "check", "--json", env=NOWHERE).json["regions"] == ["cn-hangzhou", "cn-shanghai"]


def test_every_mistake_is_named_at_once(cab: Console, world: World) -> None:
    """A wrong file exits 1 with each key, its value and what was expected."""
    world.configure(management_account=17, enrolment={"alias": "no id", "regions": []}, colour="red")
    ran = cab("config", "check")
    assert (ran.code, ran.out) == (1, "")
    assert "4 mistakes" in ran.err
    keys = ("management_account", "enrolment.alias", "enrolment.regions", "colour")
    assert all(f"  {key}: " in ran.err for key in keys)


def test_a_region_that_nobody_knows_is_a_warning(cab: Console, world: World) -> None:
    """A typing mistake looks like a region, and a new region like a typing mistake: exit 0, and a word."""
    world.configure(region="cn-hangzou")
    ran = cab("config", "check", env=NOWHERE)
    assert ran.code == 0
    assert "warning: cn-hangzou is none of the" in ran.out
    assert "did you mean cn-hangzhou?" in ran.out


def test_show_fills_in_the_defaults(cab: Console) -> None:
    """``config show`` is a whole configuration, in YAML for people and in JSON, and both mean the same."""
    shown = cab("config", "show", "--json").json
    assert Config.model_validate(shown).queues.retry == "cab-retry"
    assert yaml.safe_load(cab("config", "show").out) == shown


def test_the_schema_is_that_of_the_model(cab: Console) -> None:
    """``config schema`` prints JSON either way, and names every key."""
    ran = cab("config", "schema")
    assert set(json.loads(ran.out)["properties"]) == set(Config.model_fields)
    assert cab("config", "schema", "--json").json["required"] == json.loads(ran.out)["required"]
