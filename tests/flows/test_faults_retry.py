"""A thousand accounts, and a cloud that throttles and fails at random for the first half of them."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from shared.config import Retry
from tests.flows.platform import Platform, created
from tests.flows.world import World, unprotected

REGION = "cn-hangzhou"
ACCOUNTS = 1000
FAULTS: list[dict[str, Any]] = [
    {"service": "ram", "code": "Throttling.User", "status": 400, "probability": 0.15},
    {"service": "ram", "code": "Throttling", "status": 429, "headers": {"x-acs-retry-after": "40"}, "probability": 0.1},
    {"service": "ram", "code": "InternalError", "status": 500, "probability": 0.05},
    {"service": "ram", "phase": "after", "drop": True, "probability": 0.05},
    {"service": "sts", "code": "ServiceUnavailable", "status": 503, "probability": 0.05},
    {"service": "hbr", "code": "Throttling.Api", "status": 429, "probability": 0.15},
    {"service": "hbr", "status": 200, "body": {"Success": False, "Code": "InternalError"}, "probability": 0.05},
    {"service": "hbr", "phase": "after", "status": 502, "body": "<html>bad gateway</html>", "probability": 0.05},
    {"service": "mns", "action": "SendMessage", "code": "QpsLimitExceeded", "status": 403, "probability": 0.1},
    {"service": "mns", "action": "SendMessage", "code": "InternalServerError", "status": 500, "probability": 0.1},
    {"service": "mns", "action": "SendMessage", "phase": "after", "drop": True, "probability": 0.05},
]
"""What each call may meet; ``after`` means that the work was done and the answer was lost."""


def not_right(world: World, accounts: list[str]) -> list[str]:
    """Those that are not exactly right, by the emulator's own state, read once."""
    state = world.cloud.state()
    return [account for account in accounts if unprotected(state, account, (REGION,))]


@pytest.mark.timeout(170)
@pytest.mark.not_under(
    "two messages of one account at once may both find no record: the sweep makes one of two",
    second_add_cross_account="double",
)
def test_a_thousand_accounts_survive_a_cloud_that_fails(world: World) -> None:
    """All end protected without a person, none is registered twice, and no message is left, within the schedule."""
    world.configure(enrolment={"regions": [REGION]})
    platform = Platform(world, threads=32, batch=4)
    with ThreadPoolExecutor(platform.threads) as threads:
        accounts = list(threads.map(lambda number: world.create(f"a{number}"), range(ACCOUNTS)))
    events = [created(account) for account in accounts]
    for number, fault in enumerate(FAULTS):
        world.cloud.fault(count=None, seed=number, **fault)
    first = platform.deliver_all("onboard", events[: ACCOUNTS // 2])
    for _ in range(2):
        platform.pass_time(20)
        platform.hand_over()
    world.cloud.fault(clear=True)
    second = platform.deliver_all("onboard", events[ACCOUNTS // 2 :])
    platform.work_off()

    ended = Counter(answer["disposition"] for answer in first if answer)
    assert ended["retry"] > ACCOUNTS // 20, f"the faults were harmless: {ended}"
    assert Counter(answer["disposition"] for answer in second) == {"done": ACCOUNTS // 2}
    assert platform.undelivered == []
    assert not_right(world, accounts) == []
    assert (world.retries(), world.dead_letters()) == ([], [])
    retry = Retry()
    assert platform.moved <= sum(retry.delays) + sum(retry.not_ready)
