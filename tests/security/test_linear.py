"""What is read costs no more than its size: the configuration, files for a replay, listings of many pages."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli.given import requests_of
from shared.clients import Credentials
from shared.cloud import connect, memory
from shared.config import Config, check
from shared.config import load as configured
from shared.deadline import Deadline
from tests.cloud import ROOT
from tests.flows.test_inventory import many
from tests.flows.world import PROD, World
from tests.matrix.flows import trail
from tests.security.test_fuzz import peak, steps

FIRST = 3_000_000_000_000_000


def configuration(size: int, _: Path) -> Callable[[], Any]:
    """So many accounts outside the directory, and so many rules."""
    document = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    ids = [str(FIRST + number) for number in range(size)]
    document["external"] = [{"account_id": one, "display_name": "partner"} for one in ids]
    document["scope"] = [{"name": one, "accounts": [one]} for one in ids]
    return lambda: check(Config, document, "config.yaml")


def one_file(size: int, folder: Path) -> Callable[[], Any]:
    """So many events in one list."""
    path = folder / f"{size}.json"
    path.write_text(json.dumps([trail("MoveAccount", PROD)] * size), encoding="utf-8")
    return lambda: list(requests_of(path, None, None))


def lines(size: int, folder: Path) -> Callable[[], Any]:
    """So many events, each on a line."""
    path = folder / f"{size}.jsonl"
    path.write_text(f"{json.dumps(trail('MoveAccount', PROD))}\n" * size, encoding="utf-8")
    return lambda: list(requests_of(None, None, path))


def nested(size: int, folder: Path) -> Callable[[], Any]:
    """A list of lists, just as deep as may be, with so many values."""
    path = folder / f"{size}.nested.json"
    path.write_text("[" * 50 + ",".join(["[1]"] * size) + "]" * 50, encoding="utf-8")
    return lambda: list(requests_of(path, None, None))


@pytest.mark.parametrize("made", [configuration, one_file, lines, nested], ids=lambda made: made.__name__)
def test_what_is_given_costs_no_more_than_its_size(made: Any, tmp_path: Path) -> None:
    """Four times the input makes no more than four times (and a bit) the steps and the memory."""
    small, large = made(250, tmp_path), made(1000, tmp_path)
    small()
    assert steps(large) <= 4.5 * steps(small) + 2000
    assert peak(large) <= 5 * peak(small) + 200_000


def test_a_listing_costs_no_more_than_its_pages(world: World) -> None:
    """Four times the pages make no more than four times (and a bit) the steps."""
    state = many(world, 990)
    plans = list(state["hbr"]["plans"].items())

    def read(count: int) -> int:
        state["hbr"]["plans"] = dict(plans[:count])
        world.cloud.load(state)
        memory().forget()
        key = world.cloud.as_function()
        credentials = Credentials(key.access_key_id, key.access_key_secret, key.token)
        with connect(configured(os.environ), credentials, Deadline.after(60)) as cloud:
            list(cloud.ports.protection.plans("cn-shanghai"))
            found: list[Any] = []
            counted = steps(lambda: found.extend(cloud.ports.protection.plans("cn-hangzhou")))
        assert len(found) == count
        return counted

    assert read(990) <= 4.5 * read(240) + 2000
