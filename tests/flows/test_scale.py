"""The sweep's cost: whole pages, nothing per account, bounded memory; whatever the number of accounts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests import secrets
from tests.cloud import ROOT
from tests.flows.world import BACKUP, MANAGEMENT, World

PROGRAM = """
import json, re
from pathlib import Path
from types import SimpleNamespace
from functions.reconcile import handler
answer = handler(b'{"sweep": "fast"}', SimpleNamespace(request_id="r", function=SimpleNamespace(timeout=290)))
# Not getrusage: a child begins with its parent's peak there.
peak = int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
print(json.dumps({"sweep": json.loads(answer)["sweep"], "peak_mb": peak}))
"""


def populate(world: World, accounts: int, registered: int) -> None:
    """A directory of so many members, the first of which are registered in every region."""
    zone = {
        "management": MANAGEMENT,
        "backup": BACKUP,
        "accounts": [account for account in world.zone()["accounts"] if account["id"] in {MANAGEMENT, BACKUP}],
        "folders": [{"id": "fd-prod000001", "name": "prod"}],
        "generate": [{"count": accounts, "folders": ["fd-prod000001"]}],
    }
    world.cloud.reset(zone=zone)
    state = world.cloud.state()
    for shelf in world.shelves(state):
        for number, account in enumerate(range(FIRST, FIRST + registered)):
            shelf[f"{account}:hbrcrossrole:CROSS_ACCOUNT"] = [record(number, str(account))]
    world.cloud.load(state)
    world.key = world.cloud.as_function()


FIRST = 2000000000000001


def record(number: int, account: str) -> dict[str, Any]:
    """A cross-account record as the emulator keeps it."""
    place = {"account_id": account, "kind": "CROSS_ACCOUNT", "role_name": "hbrcrossrole"}
    alias = f"member-{account}"
    return {"id": number, "owner": BACKUP, "place": place, "alias": alias, "created_at": 0.0, "updated_at": 0.0}


@pytest.mark.parametrize("count", [0, 9, 10, 11, 98, 99, 100, 101, 1000])
def test_every_page_is_read(world: World, count: int) -> None:
    """On either side of every page's edge the sweep sees all members and all registrations, and finds nothing."""
    populate(world, count, count)
    report = world.call("reconcile", {"sweep": "fast"})["sweep"]
    assert (report["members"], report["in_scope"], report["kinds"]) == (count + 1, count, {})


@pytest.mark.parametrize("count", [9, 99, 100])
def test_the_last_one_is_found(world: World, count: int) -> None:
    """The one account that is not registered is found wherever the pages end, and protected."""
    populate(world, count + 1, count)
    report = world.call("reconcile", {"sweep": "fast"})["sweep"]
    assert (report["kinds"], report["repaired"]) == ({"unregistered": len(world.regions)}, 1)
    assert world.is_protected(str(FIRST + count))


def test_ten_thousand_accounts_cost_pages_and_little_memory(world: World) -> None:
    """10,000 accounts with nothing to do: at most 205 listing calls per region, and at most 128 MB at the peak."""
    populate(world, 10_000, 10_000)
    mark = world.mark()
    environ = {
        **os.environ,
        "ALIBABA_CLOUD_ACCESS_KEY_ID": world.key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": world.key.access_key_secret,
        "ALIBABA_CLOUD_SECURITY_TOKEN": world.key.token,
    }
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, check=True)  # noqa: S603
    secrets.keep(done.stdout, done.stderr)
    answer = json.loads(done.stdout)
    assert (answer["sweep"]["members"], answer["sweep"]["kinds"]) == (10_001, {})
    calls = world.calls(mark)
    registrations = calls.count("DescribeCrossAccounts")
    directory = sum(action.startswith("List") for action in calls)
    assert registrations <= 102 * len(world.regions)
    assert directory <= 103
    assert registrations / len(world.regions) + directory <= 205
    assert answer["peak_mb"] <= 128
