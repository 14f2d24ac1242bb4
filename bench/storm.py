"""Many accounts at once, with quotas enforced: the platform's part (instances, batches) around real handlers.

An instance is a process that handles one call at a time. The platform gives a call to the instance that was idle last,
as the emulator does, and keeps what finds none; the retry queue is the emulator's, and what is due in it goes to the
retry function in batches, as ``s.yaml`` says. Time runs faster for all of them alike, so that configuration, quotas and
delays are those of the cloud; only what the machine itself takes (processor time) counts for more.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from mns.account import Account
from mns.mns_exception import MNSServerException

from bench.figures import Figure
from bench.function import Function
from bench.landscape import Landscape, created
from emulator.quotas import PUBLISHED
from shared.quotas import INSTANCES, Door

BATCH = 16
"""``CountBasedWindow`` of the queue's trigger in s.yaml."""
WINDOW_SECONDS = 1.0
"""``TimeBasedWindow``."""
LATENCY_MS = 50
ACCOUNTS, REGIONS, SPEED = 10_000, ("cn-hangzhou",), 5.0
SHARE = 1.15
"""Of the time that the tightest quota demands."""
MOST_THROTTLED = 2.0
"""Per cent."""
MOST_GROWTH_MB = 10.0
BILLED = "processor time counts as often as time is faster"
DOORS: tuple[Door, ...] = ("onboard", "retry")


@dataclass
class Storm:
    """What is to happen, and what happened."""

    accounts: int
    regions: tuple[str, ...]
    speed: float
    """So many seconds pass in one."""
    patience_seconds: float = 900.0
    """Of the machine's clock."""
    seconds: float = 0.0
    """From the first event to the last account's protection, as they pass in the storm."""
    protected: int = 0
    calls: int = 0
    throttled: int = 0
    put_off: int = 0
    """How often an event had no turn."""
    attempts: int = 0
    function_seconds: float = 0.0
    first_memory_mb: float = 0.0
    last_memory_mb: float = 0.0
    kinds: dict[str, int] = field(default_factory=dict)
    """How the attempts ended."""

    @property
    def bound_seconds(self) -> float:
        """What the tightest quota makes of it: a registration, and a proof, in each region."""
        return self.accounts * len(self.regions) / PUBLISHED["hbr:*"]


def storm(land: Landscape) -> list[Figure]:
    """10,000 accounts at once, in one region."""
    happened = rage(Storm(ACCOUNTS, REGIONS, SPEED), land)
    each = happened.function_seconds * SPEED / ACCOUNTS
    grown = happened.last_memory_mb - happened.first_memory_mb
    limit = SHARE * happened.bound_seconds
    ended = ", ".join(f"{count:,} {kind.replace('_', ' ')}" for kind, count in happened.kinds.items())
    told = f"{ACCOUNTS} accounts, time {SPEED:g} times as fast; how the attempts ended: {ended}"
    return [
        Figure("storm: until every account is protected", happened.seconds, "s", limit, notes=told),
        Figure("storm: accounts protected", happened.protected, "accounts", ACCOUNTS, least=True),
        Figure("storm: calls throttled", 100 * happened.throttled / happened.calls, "%", MOST_THROTTLED),
        Figure("storm: calls for each account", happened.calls / ACCOUNTS, "calls"),
        Figure("storm: invocations without a turn, for each account", happened.put_off / ACCOUNTS, "invocations"),
        Figure("storm: seconds of Function Compute for each account, at most", each, "s", notes=BILLED),
        Figure("storm: growth of an instance's memory", grown, "MB", MOST_GROWTH_MB),
    ]


def rage(plan: Storm, land: Landscape) -> Storm:
    """Let it happen, and note how it ended."""
    land.populate(plan.accounts + 1)
    environ = land.environ(enrolment={"regions": list(plan.regions)})
    spare = land.accounts.pop()
    since = time.time()
    land.cloud.control("clock", speed=plan.speed)
    with ExitStack() as stack:
        functions = {door: Function(land.ours(door), environ, INSTANCES[door], (plan.speed, since)) for door in DOORS}
        for function in functions.values():
            stack.callback(function.close)
            function.warm({"accountId": spare})
        land.cloud.control("quotas", enabled=True)
        land.latency(round(LATENCY_MS / plan.speed))
        _run(plan, land, functions)
    plan.throttled = len(land.cloud.control("journal?code=Throttling.User"))
    land.cloud.control("quotas", enabled=False)
    land.latency(0)
    plan.protected = len(land.protected(plan.regions))
    return plan


def _run(plan: Storm, land: Landscape, functions: dict[Door, Function]) -> None:
    ended: queue.Queue[Future[dict[str, Any]]] = queue.Queue()
    over = threading.Event()
    began = time.monotonic()
    with ExitStack() as stack:
        # As many threads as instances: what finds none waits, as in the platform's queue.
        threads = {door: stack.enter_context(ThreadPoolExecutor(INSTANCES[door])) for door in DOORS}

        def deliver(door: Door, event: Any) -> None:  # noqa: ANN401 - JSON
            threads[door].submit(functions[door].call, event).add_done_callback(ended.put)

        stream = threading.Thread(target=_stream, args=(land, plan.speed, over, partial(deliver, "retry")))
        stream.start()
        for account in land.accounts:
            deliver("onboard", created(account))
        done: set[str] = set()
        while len(done) < plan.accounts and time.monotonic() - began < plan.patience_seconds:
            done.update(_note(plan, ended.get(timeout=plan.patience_seconds).result()))
        plan.seconds = (time.monotonic() - began) * plan.speed
        over.set()
        stream.join()


def _note(plan: Storm, answer: dict[str, Any]) -> Iterator[str]:
    """Add one invocation up; the accounts that are protected by it."""
    plan.function_seconds += answer["seconds"]
    plan.first_memory_mb = plan.first_memory_mb or answer["memory_mb"]
    plan.last_memory_mb = answer["memory_mb"]
    for one in answer["answer"] if isinstance(answer["answer"], list) else [answer["answer"]]:
        kind = one.get("reason") or one["disposition"]
        plan.kinds[kind] = plan.kinds.get(kind, 0) + 1
        plan.calls += one.get("api_calls", 0)
        plan.put_off += kind == "no_turn"
        plan.attempts += kind != "no_turn"
        if one.get("state") == "protected":
            yield one["account_id"]


def _stream(land: Landscape, speed: float, over: threading.Event, deliver: Callable[[list[Any]], None]) -> None:
    """What EventBridge does with the retry queue: batches of what is due, one after another."""
    key = land.cloud.ready["credentials"]["management"]
    account = Account(land.cloud.ready["endpoints"]["mns"], key["access_key_id"], key["access_key_secret"])
    waiting = account.get_queue("cab-retry")
    while not over.is_set():
        try:
            batch = waiting.batch_receive_message(BATCH, 1)
        except MNSServerException:  # the queue is empty
            continue
        deliver([{"messageBody": message.message_body.decode()} for message in batch])
        waiting.batch_delete_message([message.receipt_handle for message in batch])
        if len(batch) < BATCH:
            time.sleep(WINDOW_SECONDS / speed)
