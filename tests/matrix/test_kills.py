"""A process that dies before or after any call: the platform starts another one, which finds what was done and goes on.

Real processes, as ``s.yaml`` declares them: the emulator kills them at the call, and brings the invocation back.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random
from typing import Any

import pytest
import yaml
from alibabacloud_fc20230330 import models as fc
from alibabacloud_fc20230330.client import Client
from alibabacloud_tea_openapi.utils_models import Config
from darabonba.runtime import RuntimeOptions

from tests.cloud import ROOT, LocalCloud, local_cloud
from tests.conftest import Soak
from tests.flows.world import PROD, SANDBOX, World
from tests.matrix.flows import BY_NAME, Flow, missed, trail
from tests.matrix.platform import Platform
from tests.matrix.runs import OURS, Point, Stage

FLOWS: dict[str, tuple[str, dict[str, Any]]] = {
    "onboard": ("cab-onboard", trail("CreateResourceAccount", PROD)),
    "onboard, role too wide": ("cab-onboard", trail("CreateResourceAccount", PROD)),
    "withdraw by hand": ("cab-teardown", {"accountId": SANDBOX, "do": "withdraw"}),
    "deep sweep, drift": ("cab-reconcile", {"sweep": "deep", "everything": True}),
}
SAMPLE = 24
"""Of some hundred in the usual run: each starts two Python processes or more."""
ROUNDS = 12


@pytest.fixture(scope="module")
def cloud(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalCloud]:
    """The functions of s.yaml, without the timer, whose sweep would heal what a lost event leaves."""
    declared = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
    for function in declared["resources"].values():
        triggers = function["props"].get("triggers", [])
        function["props"]["triggers"] = [one for one in triggers if one["triggerType"] != "timer"]
    path = tmp_path_factory.mktemp("deployed") / "s.yaml"
    path.write_text(yaml.safe_dump(declared, allow_unicode=True), encoding="utf-8")
    with local_cloud("--functions", str(path), "--code", str(ROOT)) as running:
        yield running


@pytest.fixture(scope="module")
def prepared(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Prepared]]:
    """Every flow's beginning, and the calls that it makes."""
    with pytest.MonkeyPatch.context() as patch:
        world = World(cloud, tmp_path_factory.mktemp("world"), patch)
        yield {name: Prepared.of(BY_NAME[name], Platform(cloud, world), patch) for name in FLOWS}


@dataclass(frozen=True)
class Prepared:
    """One flow before it begins."""

    flow: Flow
    state: dict[str, Any]
    points: list[Point]

    @classmethod
    def of(cls, flow: Flow, platform: Platform, patch: pytest.MonkeyPatch) -> Prepared:
        """Prepare it, and record its calls once, in this process."""
        stage = Stage(platform, flow, patch)
        return cls(flow, platform.cloud.state(), stage.points())


def invoke(cloud: LocalCloud, function: str, event: dict[str, Any]) -> None:
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
    body = json.dumps(event).encode()
    headers = fc.InvokeFunctionHeaders(x_fc_invocation_type="Async")
    client.invoke_function_with_options(function, fc.InvokeFunctionRequest(body=body), headers, RuntimeOptions())


def ended(cloud: LocalCloud, prepared: Prepared, point: Point, phase: str) -> list[str]:
    """Begin the flow, kill it at the point, let time pass; what is wrong at the end."""
    cloud.load(prepared.state)
    cloud.watch(**OURS, out_of_scope=list(prepared.flow.out_of_scope))
    cloud.fault(effect="kill", phase=phase, name="kill", **point.target)
    function, event = FLOWS[prepared.flow.name]
    invoke(cloud, function, event)
    wrong = ["nothing happened"]
    for number in range(ROUNDS):
        cloud.advance(8)
        wrong = missed(prepared.flow, cloud.state())
        if not wrong:
            break
        if prepared.flow.sweeps and number % 3 == 2:
            invoke(cloud, function, event)  # the next one
    killed = [] if cloud.struck().get("kill") else ["the process was not killed"]
    return [*wrong, *killed, *(one["what"] for one in cloud.violations()), *cloud.leaks()]


@pytest.mark.timeout(3600)
def test_a_process_that_is_killed_loses_nothing(
    cloud: LocalCloud, prepared: dict[str, Prepared], soak: Soak, capsys: pytest.CaptureFixture[str]
) -> None:
    """Before any call and after it: the next process ends what the killed one began."""
    phases = ("before", "after")
    cases = [(one, point, phase) for one in prepared.values() for point in one.points for phase in phases]
    chosen = Random(soak.seed).sample(cases, soak.many(SAMPLE, len(cases)))
    found = {
        f"{one.flow.name}: killed {phase} {point}": ended(cloud, one, point, phase) for one, point, phase in chosen
    }
    with capsys.disabled():
        print(f"\n{len(found)} of {len(cases)} kills, seed {soak.seed}")  # noqa: T201 - the number is the result
    assert {case: wrong for case, wrong in found.items() if wrong} == {}


def test_the_functions_log_no_secret(cloud: LocalCloud, prepared: dict[str, Prepared]) -> None:
    """What the processes wrote, and what they answered, holds no secret."""
    cloud.load(prepared["onboard"].state)
    invoke(cloud, *FLOWS["onboard"])
    cloud.advance(8)
    assert any("protected" in line for line in cloud.state()["fc"]["logs"]["cab-onboard"])
    assert cloud.leaks() == []
