from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from rich.text import Text

from cli.output import Said, said_again
from tests import secrets
from tests.cli.console import COMMAND, Console
from tests.cloud import ROOT
from tests.flows.world import PROD, TEST, World


@pytest.mark.parametrize("words", [(), ("config",), ("dead-letters",)])
def test_every_help_has_an_example(cab: Console, words: tuple[str, ...]) -> None:
    """The console's own help and that of its groups end with an example, as that of each verb does."""
    assert "Example: cab " in cab(*words, "--help").out


def test_it_says_which_version_it_is(cab: Console) -> None:
    """``--version`` needs no verb, no configuration and no cloud."""
    assert cab("--version", env={"CAB_EMULATOR": None}).out.startswith("cab 0.")


def test_outside_the_project_it_says_where_to_go(cab: Console, tmp_path: Path) -> None:
    """Where there is no config.yaml, the next step is the folder that has it, or --config."""
    ran = cab("status", env={"CAB_CONFIG": str(tmp_path / "nowhere" / "config.yaml")})
    assert ran.code == 1
    assert "next: run this in the project's folder, or name the file with --config" in ran.err


def test_the_local_cloud_is_found_by_its_file(cab: Console, world: World, tmp_path: Path) -> None:
    """Without CAB_EMULATOR the file that ``make emulator`` writes tells where it is; without both, how to start one."""
    (tmp_path / "config.yaml").write_text((ROOT / "config.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    env = {**cab.environment({"CAB_EMULATOR": None, "CAB_CONFIG": None}), "PYTHONPATH": str(ROOT)}

    def run() -> subprocess.CompletedProcess[str]:
        words = [*COMMAND, "status", "--json", "--local"]
        ran = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True, check=False)  # noqa: S603
        secrets.keep(ran.stdout, ran.stderr)
        return ran

    refused = run()
    assert (refused.returncode, "make emulator" in json.loads(refused.stdout)["error"]["next"]) == (2, True)
    (tmp_path / ".emulator.json").write_text(json.dumps(world.cloud.ready), encoding="utf-8")
    found = run()
    assert (found.returncode, json.loads(found.stdout)["summary"]["wanted"]) == (0, 2), found.stderr


@pytest.fixture
def _interruptible() -> Iterator[None]:
    """A shell makes what it runs in the background, perhaps these tests, deaf to interrupts, and so their children."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("_interruptible")
def test_what_was_begun_can_be_stopped(cab: Console, world: World) -> None:
    """Ctrl-C ends with status 1, says that what was done stays done, and still prints one JSON document."""
    world.cloud.fault(service="hbr", action="DescribeCrossAccounts", latency_ms=3000, count=None)
    words = [*COMMAND, "status", "--json", "--local"]
    with subprocess.Popen(words, cwd=ROOT, env=cab.environment(), stdout=subprocess.PIPE) as running:  # noqa: S603
        while not sum(world.cloud.struck().values()):
            assert running.poll() is None
        time.sleep(0.5)  # by then it does nothing but wait for the answer
        os.kill(running.pid, signal.SIGINT)
        out, _ = running.communicate(timeout=30)
    secrets.keep(out.decode())
    error = json.loads(out)["error"]
    assert (running.returncode, error["reason"]) == (1, "stopped")
    assert "what was done stays done" in error["what"]


def test_printed_commands_are_for_the_same_cloud(cab: Console) -> None:
    """On the local cloud each command that people are told says --local; JSON has them as they are."""
    out = cab.local("status").out
    assert "fix: cab reconcile --local" in out
    assert "`cab explain ACCOUNT --local`" in out
    assert cab.local("explain", PROD, "--json").json["fix"] == [f"cab onboard {PROD}"]


def test_printed_commands_are_for_the_same_configuration(cab: Console, world: World, tmp_path: Path) -> None:
    """With --config each command that people are told says it, too, and the file is called by its name."""
    right = tmp_path / "mine.yaml"
    right.write_text(Path(os.environ["CAB_CONFIG"]).read_text(encoding="utf-8"), encoding="utf-8")
    world.configure(colour="red")
    wrong = cab("--config", os.environ["CAB_CONFIG"], "config", "check", "--local")
    assert f"then `cab config check --local --config {os.environ['CAB_CONFIG']}`" in wrong.err
    assert f"fix: cab reconcile --local --config {right}\n" in cab.local("status", "--config", str(right)).out
    spoken = said_again(
        Text("in config.yaml: trail_regions: [cn-hangzhou]; not my.config.yaml"), Said(config_file=right)
    )
    assert spoken.plain == f"in {right}: trail_regions: [cn-hangzhou]; not my.config.yaml"


LOCAL = Said(local=True)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("      fix: cab plan --all --json > plan.json", "      fix: cab plan --all --json --local > plan.json"),
        ("next: `cab status`, then `cab plan A --local`", "next: `cab status --local`, then `cab plan A --local`"),
        ("by hand: ask its owner", "by hand: ask its owner"),
        ("the role cab-backup", "the role cab-backup"),
    ],
)
def test_where_a_command_ends(line: str, said: str) -> None:
    """Only commands of ours are changed, before where their output goes, and once; styles stay where they are."""
    assert said_again(line, LOCAL).plain == said
    styled = said_again(Text.assemble(("fix: ", "bold"), "cab status"), LOCAL)
    assert (styled.plain, [(span.start, span.end) for span in styled.spans]) == ("fix: cab status --local", [(0, 5)])


def test_an_account_can_be_called_by_its_name(cab: Console, world: World) -> None:
    """A name that one account has is as good as its id; one that two have, or none, is wrong use that names the ids."""
    assert cab.local("explain", "test-app", "--json").json["account_id"] == TEST
    assert [one["account_id"] for one in cab.local("plan", "test-app", "--json").json["accounts"]] == [TEST]
    state = world.cloud.state()
    state["directory"]["members"][PROD]["display_name"] = "test-app"
    world.cloud.load(state)
    ran = cab.local("explain", "test-app", "--json")
    assert (ran.code, PROD in ran.json["error"]["next"], TEST in ran.json["error"]["next"]) == (2, True, True)
    assert cab.local("explain", "nobody").code == 2
