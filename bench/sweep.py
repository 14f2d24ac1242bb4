"""The sweep of a large fleet with nothing to do: what its listings cost, and how long they take under their quotas."""

from __future__ import annotations

from bench.figures import Figure
from bench.function import Function
from bench.landscape import Landscape
from emulator.quotas import PUBLISHED
from shared.paging import MOST_NUMBERED

ACCOUNTS = 10_000
REGIONS = ("cn-hangzhou", "cn-shanghai")
CALLS_A_REGION = 205
PEAK_MB = 128.0
SHARE = 1.2
"""Of the time that the listings' quotas demand."""


def sweep(land: Landscape) -> list[Figure]:
    """One fast sweep with quotas enforced, in a fresh process."""
    land.populate(ACCOUNTS, registered=ACCOUNTS, regions=REGIONS)
    environ = land.environ(enrolment={"regions": list(REGIONS)})
    land.cloud.control("quotas", enabled=True)
    with Function(land.ours("reconcile"), environ) as reconcile:
        answer = reconcile.call({"sweep": "fast"})
    land.cloud.control("quotas", enabled=False)
    found = answer["answer"]["sweep"]
    if (found["members"], found["kinds"]) != (ACCOUNTS + 1, {}):
        raise RuntimeError(f"the sweep found {found}")
    actions = [entry["action"] for entry in land.cloud.control("journal")]
    listings = [action for action in actions if action.startswith(("List", "Describe"))]
    # The quota of an API is the account's, whatever the region; the listing of the directory has a larger one.
    bound = -(-ACCOUNTS // MOST_NUMBERED) * len(REGIONS) / PUBLISHED["hbr:*"]
    notes = f"{ACCOUNTS} accounts, {len(REGIONS)} regions, nothing to do"
    per_region, limit = len(listings) / len(REGIONS), SHARE * bound
    return [
        Figure("sweep: listing calls per region", per_region, "calls", CALLS_A_REGION, notes=notes),
        Figure("sweep: peak memory", answer["peak_mb"], "MB", PEAK_MB, notes=notes),
        Figure("sweep: time", answer["seconds"], "s", limit, notes=f"limit {SHARE} x what the quotas demand"),
    ]
