"""One account, from event to protected: the critical path on a warm instance, and what it costs as the fleet grows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from bench.figures import Figure, paired
from bench.function import NAIVE, Function
from bench.landscape import Landscape, created

LATENCY_MS = 50
CALLS_IN_A_ROW = 5
"""AssumeRole, CreateRole, AttachPolicyToRole, AddCrossAccount, CheckRole."""
LIMIT_SECONDS = 1.15 * CALLS_IN_A_ROW * LATENCY_MS / 1000
TEN_REGIONS = (
    *("cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-shenzhen", "cn-qingdao"),
    *("cn-zhangjiakou", "cn-huhehaote", "cn-chengdu", "cn-hongkong", "ap-southeast-1"),
)
PAIRS = 15
AS_FOUND_SECONDS = 10.0
"""The fixed sleep of the naive handler; it adds nothing to a measurement but its own length."""
FLEETS = (10, 100, 1000, 10_000)


def critical_path(land: Landscape) -> list[Figure]:
    """Handler start to protected, warm, with 50 ms of latency on every call; ours and the naive one in turns."""
    figures = list[Figure]()
    for regions in (TEN_REGIONS[:1], TEN_REGIONS):
        land.populate(2 * PAIRS + 2)
        environ = land.environ(enrolment={"regions": list(regions)}, quotas={"calls": {}})
        with Function(land.ours("onboard"), environ) as ours, Function(NAIVE, environ) as naive:
            fresh = iter(land.accounts)
            for function in (ours, naive):
                function.call(created(next(fresh)))
            land.latency(LATENCY_MS)
            pairs = [(_seconds(ours, next(fresh)), _seconds(naive, next(fresh))) for _ in range(PAIRS)]
        mine, other = ([pair[which] for pair in pairs] for which in (0, 1))
        name = f"event to protected, warm, {len(regions)} region" + "s" * (len(regions) > 1)
        bound = f"limit 1.15 x {CALLS_IN_A_ROW} calls of {LATENCY_MS} ms"
        against = paired(name, "s", mine, other, notes=f"peer: naive handler without its sleep; {bound}")
        asleep = paired(f"{name}, against the sleep", "s", mine, [one + AS_FOUND_SECONDS for one in other])
        figures += [_limited(against, LIMIT_SECONDS), asleep]
    return figures


def flat_cost(land: Landscape) -> list[Figure]:
    """API calls to enrol one more account in one region, with ever more accounts registered."""
    figures = list[Figure]()
    region = TEN_REGIONS[:1]
    for fleet in FLEETS:
        land.populate(fleet + 4, registered=fleet, regions=region)
        environ = land.environ(enrolment={"regions": list(region)}, quotas={"calls": {}})
        with Function(land.ours("onboard"), environ) as ours, Function(NAIVE, environ) as naive:
            fresh = iter(land.accounts[fleet:])
            for function in (ours, naive):
                function.call(created(next(fresh)))
            mine, other = (_calls(function, next(fresh)) for function in (ours, naive))
        limit = figures[0].value if figures else mine
        notes = "limit: as with ten; peer: naive handler"
        name = f"calls to enrol one account beside {fleet} registered"
        figures.append(Figure(name, mine, "calls", limit, other, mine / other, notes))
    return figures


def _limited(figure: Figure, limit: float) -> Figure:
    return replace(figure, limit=limit)


def _seconds(function: Function, account_id: str) -> float:
    return float(_protected(function, account_id)["seconds"])


def _calls(function: Function, account_id: str) -> int:
    return int(_protected(function, account_id)["answer"]["api_calls"])


def _protected(function: Function, account_id: str) -> dict[str, Any]:
    answer = function.call(created(account_id))
    if answer["answer"]["state"] != "protected":
        raise RuntimeError(f"{account_id} is not protected: {answer['answer']}")
    return answer
