"""A process that dies before or after any call: the platform starts another one, which finds what was done and goes on.

Real processes, as ``s.yaml`` declares them: the emulator kills them at the call, and brings the invocation back.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import product
from random import Random
from typing import Any

import pytest
import yaml
from alibabacloud_fc20230330 import models as fc
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from emulator.server import SERVICES
from shared.cloud import memory
from shared.dead_letters import redrive
from shared.messages import Selection
from tests.cloud import ROOT, LocalCloud, local_cloud
from tests.conftest import FOUND, Soak
from tests.flows.test_dead_letters import fresh_queues
from tests.flows.world import MANAGEMENT, World
from tests.matrix.flows import FLOWS, MINUTE, Event, Flow
from tests.matrix.platform import Platform
from tests.matrix.runs import OURS, Point, Stage

PHASES = ("before", "after")
ROUNDS = 12
PAUSE = 8.0
"""Seconds in which the platform brings back what was killed, and a delayed message is due."""
WRITES = {
    *(("mns", name) for name in ("SendMessage", "ChangeMessageVisibility", "DeleteMessage")),
    *((one.name, name) for one in SERVICES for name, action in one.actions.items() if action.writes),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """The functions of s.yaml with this world's configuration, without the timer, which would heal a lost event."""
    folder = tmp_path_factory.mktemp("deployed")
    declared = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
    declared["template"]["function"]["environmentVariables"]["CAB_CONFIG"] = str(folder / "config.yaml")
    for function in declared["resources"].values():
        triggers = function["props"].get("triggers", [])
        function["props"]["triggers"] = [one for one in triggers if one["triggerType"] != "timer"]
    path = folder / "s.yaml"
    path.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    with (
        local_cloud("--functions", str(path), "--code", str(ROOT)) as cloud,
        pytest.MonkeyPatch.context() as patch,
    ):
        yield World(cloud, folder, patch)


@dataclass(frozen=True)
class Prepared:
    """One flow before it begins. No rule of the event bus is in its state: functions hear what this test tells them."""

    flow: Flow
    state: dict[str, Any]
    config: dict[str, Any]
    points: list[Point]

    @classmethod
    def of(cls, flow: Flow, platform: Platform, patch: pytest.MonkeyPatch) -> Prepared:
        """Prepare it, and record its calls once, in this process."""
        stage = Stage(platform, flow, patch)
        return cls(flow, platform.beginning, dict(platform.world.config), stage.points())


Kill = tuple[Prepared, Point, str]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> list[Prepared]:
    """Every flow's beginning, and the calls that it makes, recorded in a cloud where no function works beside it."""
    with local_cloud() as cloud, pytest.MonkeyPatch.context() as patch:
        platform = Platform(cloud, World(cloud, tmp_path_factory.mktemp("recorded"), patch))
        found = [Prepared.of(flow, platform, patch) for flow in FLOWS]
    memory().forget()
    return found


def by_kind(kills: list[Kill], seed: int) -> dict[tuple[str, str, str], list[Kill]]:
    """Before and after each kind of call, in an order of chance."""
    found = dict[tuple[str, str, str], list[Kill]]()
    for kill in Random(seed).sample(kills, len(kills)):
        _, point, phase = kill
        found.setdefault((point.service, point.action, phase), []).append(kill)
    return dict(sorted(found.items()))


def invoke(cloud: LocalCloud, event: Event) -> None:
    """Ask for an asynchronous invocation with the official SDK."""
    key = cloud.key()
    client: Any = Client(
        Config(
            access_key_id=key.access_key_id,
            access_key_secret=key.access_key_secret,
            endpoint=cloud.endpoints["fc"].removeprefix("http://"),
            protocol="http",
        )
    )
    door, told = event
    body = json.dumps(told).encode()
    headers = fc.InvokeFunctionHeaders(x_fc_invocation_type="Async")
    client.invoke_function_with_options(f"cab-{door}", fc.InvokeFunctionRequest(body=body), headers, RuntimeOptions())


def begin(world: World, one: Prepared) -> None:
    """Go back to where the flow begins."""
    world.config = dict(one.config)
    world.configure()
    world.cloud.load(one.state)
    world.cloud.watch(**OURS, out_of_scope=list(one.flow.out_of_scope))
    if one.flow.fails_at:
        world.cloud.fault(**one.flow.fails_at)


def ended(world: World, kill: Kill) -> list[str] | None:
    """Begin the flow, kill it at the point, let time pass; what is wrong at the end, or None if it made no such call.

    A warm process need not ask for a session that it still has.
    """
    one, point, phase = kill
    begin(world, one)
    cloud, flow = world.cloud, one.flow
    cloud.fault(effect="kill", phase=phase, name="kill", **point.target)
    for event in flow.events:
        invoke(cloud, event)
        cloud.advance(MINUTE)
    wrong: list[str] = []
    for number in range(ROUNDS):
        wrong = flow.end.missed(cloud.state(), one.state)
        if not wrong:
            break
        if number % 3 == 2:
            for event in flow.sweeps:
                invoke(cloud, event)  # the next one
            list(redrive(fresh_queues(world), Selection()))
        cloud.advance(pause(cloud))
    wrong += [*(each["what"] for each in cloud.violations()), *cloud.leaks()]
    return wrong if wrong or cloud.struck().get("kill") else None


def pause(cloud: LocalCloud) -> float:
    """Until something has become due: an event that is brought back, or the next message."""
    queues = cloud.state()["mns"]["queues"][MANAGEMENT].values()
    waiting = [one["visible_at"] for queue in queues for one in queue["messages"].values()]
    return max(PAUSE, min(waiting, default=0.0) - cloud.advance(0) + 1)


@pytest.mark.timeout(36_000)
def test_a_process_that_is_killed_loses_nothing(
    world: World,
    prepared: list[Prepared],
    soak: Soak,
    documented: Callable[[str, str], None],
    record_property: Callable[[str, object], None],
) -> None:
    """Before any call and after it: the next process ends what the killed one began."""
    every = [(one, point, phase) for one in prepared for point, phase in product(one.points, PHASES)]
    kinds = {kind: kills for kind, kills in by_kind(every, soak.seed).items() if soak.long or kind[:2] in WRITES}
    struck, wrong = set[tuple[str, str, str]](), dict[str, list[str]]()
    count = 0
    for kind, kills in kinds.items():
        for kill in kills:
            if (found := ended(world, kill)) is None:
                continue
            one, point, phase = kill
            count += 1
            struck.add(kind)
            wrong.update({f"{one.flow.name}: killed {phase} {point}": found} if found else {})
            if not soak.long:
                break
    said = f"{count} kills, {len(wrong)} failures"
    record_property(FOUND, f"{said}, of {len(every)}; seed {soak.seed}")
    assert wrong == {}
    assert struck == kinds.keys()
    actions = sorted({f"{service} {action}" for service, action, _ in kinds})
    documented("kills", f"{said}: before and after one call each of {', '.join(actions)}.")


def test_the_functions_log_no_secret(world: World, prepared: list[Prepared]) -> None:
    """What the processes wrote, and what they answered, holds no secret."""
    one = prepared[0]
    begin(world, one)
    invoke(world.cloud, *one.flow.events)
    world.cloud.advance(PAUSE)
    assert any("protected" in line["text"] for line in world.cloud.state()["fc"]["logs"]["cab-onboard"])
    assert world.cloud.leaks() == []
