"""A sweep keeps to the quotas that it is given: each call waits for its turn, and the cloud refuses none."""

from __future__ import annotations

from shared.cloud import memory
from shared.quotas import CALLS_A_SECOND
from tests.flows.test_scale import populate
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
