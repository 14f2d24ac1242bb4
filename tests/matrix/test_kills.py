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
from tests.cloud import ROOT, LocalCloud, local_cloud
from tests.conftest import FOUND, Soak
from tests.flows.world import MANAGEMENT, World
from tests.matrix.flows import FLOWS, MINUTE, Event, Flow
from tests.matrix.platform import Platform
from tests.matrix.runs import OURS, Point, Stage

PHASES = ("before", "after")
ROUNDS = 12
PAUSE = 8.0
"""Seconds in which the platform brings back what was killed, and a delayed message is due."""
WRITES = {
    ("mns", "SendMessage"),
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
    """One flow before it begins."""

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
def prepared(world: World) -> Iterator[list[Prepared]]:
    """Every flow's beginning, and the calls that it makes."""
    with pytest.MonkeyPatch.context() as patch:
        yield [Prepared.of(flow, Platform(world.cloud, world), patch) for flow in FLOWS]


def one_of_each_write(kills: list[Kill], seed: int) -> list[Kill]:
    """Before and after some call of each kind of write."""
    chance, kinds = Random(seed), dict[tuple[str, str, str], list[Kill]]()
    for kill in kills:
        _, point, phase = kill
        if (point.service, point.action) in WRITES:
            kinds.setdefault((point.service, point.action, phase), []).append(kill)
    return [chance.choice(kinds[kind]) for kind in sorted(kinds)]


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


def ended(world: World, one: Prepared, point: Point, phase: str) -> list[str]:
    """Begin the flow, kill it at the point, let time pass; what is wrong at the end."""
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
        cloud.advance(pause(cloud))
    killed = [] if cloud.struck().get("kill") else ["the process was not killed"]
    return [*wrong, *killed, *(each["what"] for each in cloud.violations()), *cloud.leaks()]


def pause(cloud: LocalCloud) -> float:
    """Until something has become due: an event that is brought back, or the next message."""
    waiting = cloud.state()["mns"]["queues"][MANAGEMENT]["cab-retry"]["messages"].values()
    return max(PAUSE, min((one["visible_at"] for one in waiting), default=0.0) - cloud.advance(0) + 1)


@pytest.mark.timeout(36_000)
def test_a_process_that_is_killed_loses_nothing(
    world: World,
    prepared: list[Prepared],
    soak: Soak,
    documented: Callable[[str, str], None],
    record_property: Callable[[str, object], None],
) -> None:
    """Before any call and after it: the next process ends what the killed one began."""
    kills = [(one, point, phase) for one in prepared for point, phase in product(one.points, PHASES)]
    chosen = kills if soak.long else one_of_each_write(kills, soak.seed)
    found = {
        f"{one.flow.name}: killed {phase} {point}": ended(world, one, point, phase) for one, point, phase in chosen
    }
    wrong = {case: why for case, why in found.items() if why}
    said = f"{len(found)} kills, {len(wrong)} failures"
    record_property(FOUND, f"{said}, of {len(kills)}; seed {soak.seed}")
    assert wrong == {}
    actions = sorted({f"{point.service} {point.action}" for _, point, _ in chosen})
    documented("kills", f"{said}: before and after one call each of {', '.join(actions)}.")


def test_the_functions_log_no_secret(world: World, prepared: list[Prepared]) -> None:
    """What the processes wrote, and what they answered, holds no secret."""
    one = prepared[0]
    begin(world, one)
    invoke(world.cloud, *one.flow.events)
    world.cloud.advance(PAUSE)
    assert any("protected" in line["text"] for line in world.cloud.state()["fc"]["logs"]["cab-onboard"])
    assert world.cloud.leaks() == []
