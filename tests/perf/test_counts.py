"""What must not grow, as counts that do not depend on the machine; times are measured in bench/."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from itertools import pairwise
from typing import Any

import pytest

from shared.cloud import memory
from tests.cloud import ROOT
from tests.flows.test_scale import FIRST, populate
from tests.flows.world import REGIONS, World

LATENCY_MS = 80
TEN = (
    *("cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-shenzhen", "cn-qingdao"),
    *("cn-zhangjiakou", "cn-huhehaote", "cn-chengdu", "cn-hongkong", "ap-southeast-1"),
)
SERVICES = ("ram", "sts", "hbr", "resourcedirectory")


def event(account_id: str) -> dict[str, Any]:
    """The creation of an account as it is delivered."""
    text = (ROOT / "events/create-resource-account.cloudevent.json").read_text(encoding="utf-8")
    document: dict[str, Any] = json.loads(text)
    document["data"]["responseElements"]["Account"]["AccountId"] = account_id
    return document


def enrolled(world: World, account_id: str) -> list[dict[str, Any]]:
    """Enrol a fresh account; the journal of it."""
    mark = world.mark()
    assert world.call("onboard", event(account_id))["state"] == "protected"
    return [entry for entry in world.cloud.journal() if entry["seq"] > mark]


def in_a_row(journal: list[dict[str, Any]]) -> list[str]:
    """The longest chain of calls each of which began after the one before had been answered."""
    chains: list[tuple[float, list[str]]] = []
    for entry in sorted(journal, key=lambda one: float(one["time"])):
        before = [chain for answered, chain in chains if answered <= entry["began"]]
        chains.append((entry["time"], [*max(before, key=len, default=[]), entry["action"]]))
    return max((chain for _, chain in chains), key=len)


@pytest.mark.parametrize("regions", [TEN[:1], TEN], ids=["one region", "ten regions"])
def test_five_calls_follow_each_other(world: World, regions: tuple[str, ...]) -> None:
    """On a warm instance a fresh account takes five calls in a row, whatever the number of regions."""
    world.configure(enrolment={"regions": list(regions)})
    enrolled(world, world.create("warms the instance"))
    account = world.create()
    for service in SERVICES:
        world.cloud.fault(service=service, latency_ms=LATENCY_MS, count=None)
    journal = enrolled(world, account)
    longest = in_a_row(journal)
    assert longest[1:] == ["CreateRole", "AttachPolicyToRole", "AddCrossAccount", "CheckRole"]
    assert longest[0] in {"AssumeRole", "GetAccount", "CheckRole"}, "what runs side by side before the first write"


def test_the_directory_answers_before_the_first_write(world: World) -> None:
    """Nothing is written before the directory has said what the account is."""
    journal = enrolled(world, world.create())
    answered = next(entry["time"] for entry in journal if entry["action"] == "GetAccount")
    writes = [entry["began"] for entry in journal if entry["action"] in {"CreateRole", "AddCrossAccount"}]
    assert min(writes) >= answered


def test_the_cost_of_an_account_is_flat(world: World) -> None:
    """Enrolling one account takes the same calls beside 10 and beside 1,000 registered accounts."""
    costs = []
    for registered in (10, 1000):
        populate(world, registered + 2, registered)
        memory().forget()
        enrolled(world, str(FIRST + registered))
        costs.append(sorted(entry["action"] for entry in enrolled(world, str(FIRST + registered + 1))))
    assert costs[0] == costs[1]
    assert len(costs[0]) == 6 + 2 * len(REGIONS)


def test_connections_are_used_again(world: World) -> None:
    """Ten more accounts on a warm instance open no connection."""
    for account in [world.create(f"first-{number}") for number in range(3)]:
        enrolled(world, account)
    accounts = [world.create(f"later-{number}") for number in range(10)]
    opened = [sum(world.cloud.connections().values())]
    for account in accounts:
        enrolled(world, account)
        opened.append(sum(world.cloud.connections().values()))
    # Threads do not always call in the same order: one may find all connections in use for a moment.
    assert sum(after > before for before, after in pairwise(opened)) <= 1


IMPORTED = """
import json, sys
from types import SimpleNamespace
from functions.onboard import handler
answer = json.loads(handler(sys.stdin.buffer.read(), SimpleNamespace(request_id="r", function=None)))
print(json.dumps({"state": answer["state"], "modules": sorted(sys.modules)}))
"""


def test_only_the_models_that_are_named_are_imported(world: World) -> None:
    """Enrolling an account imports the models of its own calls and of no other, and no queue's or trail's SDK."""
    environ = {
        **os.environ,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": world.key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": world.key.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": world.key.token,
    }
    done = subprocess.run(  # noqa: S603 - our own program
        [sys.executable, "-c", IMPORTED],
        input=json.dumps(event(world.create())).encode(),
        cwd=ROOT,
        env=environ,
        capture_output=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert found["state"] == "protected"
    models = {
        name.rpartition(".models._")[2]
        .removesuffix("_request")
        .removesuffix("_response_body")
        .removesuffix("_response")
        for name in found["modules"]
        if ".models._" in name and name.startswith(("alibabacloud_hbr", "alibabacloud_ram", "alibabacloud_sts"))
    }
    assert models == {
        *("add_cross_account", "check_role", "assume_role"),
        *("create_role", "create_role_shrink", "attach_policy_to_role", "get_role", "create_service_linked_role"),
    }
    assert not {"mns", "fc2", "alibabacloud_actiontrail20200706"} & set(found["modules"])
