"""Sweeps and replays keep to the quotas that they are given: each call waits for its turn, and none is refused."""

from __future__ import annotations

import pytest

from shared.cloud import memory
from shared.quotas import CALLS_A_SECOND
from tests.flows.platform import created
from tests.flows.test_scale import FIRST, populate
from tests.flows.world import World

UNREGISTERED = 12


def test_a_sweep_is_paced(world: World) -> None:
    """Repairing a dozen accounts under enforced quotas is throttled nowhere, and takes the time that they demand."""
    populate(world, UNREGISTERED, 0)
    memory().forget()
    world.configure(quotas={"calls": dict(CALLS_A_SECOND)})
    world.cloud.quotas(enabled=True)
    mark = world.mark()
    report = world.call("reconcile", {"sweep": "fast"})["sweep"]
    calls = [entry for entry in world.cloud.journal() if entry["seq"] > mark]
    added = sorted(float(entry["time"]) for entry in calls if entry["action"] == "AddCrossAccount")
    assert report["repaired"] == UNREGISTERED
    assert [entry["action"] for entry in calls if entry["code"] == "Throttling.User"] == []
    assert len(added) == UNREGISTERED * len(world.regions)
    # What an idle instance has saved up comes at once, the rest one after another.
    assert added[-1] - added[0] >= (len(added) - 6) / CALLS_A_SECOND["AddCrossAccount"]


@pytest.mark.parametrize("times", [1, 10], ids=["the quotas as published", "ten times as much"])
def test_a_replay_is_paced_by_the_quotas_alone(world: World, times: int) -> None:
    """It is throttled nowhere and takes the time that they demand; where they are higher it is faster."""
    populate(world, UNREGISTERED, 0)
    memory().forget()
    world.configure(quotas={"calls": {api: rate * times for api, rate in CALLS_A_SECOND.items()}})
    world.cloud.quotas(enabled=True, limits={"hbr:*": 10 * times})
    mark = world.mark()
    given = [created(str(FIRST + number)) for number in range(UNREGISTERED)]
    answer = world.call("replay", {"replay": given, "preview": False}, world.context(900))
    calls = [entry for entry in world.cloud.journal() if entry["seq"] > mark]
    checked = sorted(float(entry["time"]) for entry in calls if entry["action"] == "CheckRole")
    assert {one["state"] for one in answer["replay"]["accounts"]} == {"protected"}
    assert [entry["action"] for entry in calls if entry["code"] == "Throttling.User"] == []
    demanded = (len(checked) - 6) / CALLS_A_SECOND["CheckRole"]
    spent = checked[-1] - checked[0]
    assert spent >= demanded if times == 1 else spent < 2 * demanded
