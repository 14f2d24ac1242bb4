"""The main job with nothing called by hand: account created, trail, bus, function, protected; in any kind of cloud."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from alibabacloud_resourcedirectorymaster20220419.models import CreateResourceAccountRequest

from tests.cloud import ROOT, LocalCloud, local_cloud
from tests.flows import guesses
from tests.flows.guesses import Kind
from tests.flows.world import MANAGEMENT, unprotected


@pytest.fixture(scope="module")
def process() -> Iterator[LocalCloud]:
    """An emulator that runs the five functions as s.yaml declares them."""
    with local_cloud("--functions", "s.yaml", "--code", ".") as cloud:
        yield cloud


@pytest.fixture
def deployed(process: LocalCloud, guess: Kind) -> LocalCloud:
    """A fresh landing zone; the functions are told nothing of its cloud."""
    guesses.begin(process, guess)
    return process


def unheard(cloud: LocalCloud) -> bool:
    """Whether no event arrives in this cloud."""
    return not guesses.UNHEARD.items().isdisjoint(cloud.standing.items())


def create(cloud: LocalCloud, name: str) -> str:
    """A new member account, and nothing else."""
    request = CreateResourceAccountRequest(display_name=name)
    account: str = cloud.client("resourcedirectory").create_resource_account(request).body.account.account_id
    return account


def eventually(cloud: LocalCloud, account_id: str, seconds: float = 20) -> bool:
    """Whether the account is protected within so many seconds of real time."""
    return within(seconds, lambda: not unprotected(cloud.state(), account_id))


def within(seconds: float, holds: Callable[[], bool]) -> bool:
    """Whether this holds before so many seconds of real time are over."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if holds():
            return True
        time.sleep(0.05)
    return False


def waiting(cloud: LocalCloud) -> bool:
    """Whether a message is in the retry queue."""
    return bool(cloud.state()["mns"]["queues"][MANAGEMENT]["cab-retry"]["messages"])


@pytest.mark.every_guess
def test_an_account_is_created_and_ends_protected(deployed: LocalCloud) -> None:
    """By the event where it arrives; by the sweep within five minutes where it does not."""
    account = create(deployed, "payments")
    if unheard(deployed):
        assert not eventually(deployed, account, seconds=1), "no event arrives here"
        deployed.advance(301)
    assert eventually(deployed, account)


def test_the_newer_runtime_does_the_same(tmp_path: Path) -> None:
    """On python3.12, whose context has no credentials, an account is protected by its event all the same."""
    template = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))
    template["template"]["function"]["runtime"] = "python3.12"
    (tmp_path / "s.yaml").write_text(yaml.safe_dump(template), encoding="utf-8")
    with local_cloud("--functions", str(tmp_path / "s.yaml"), "--code", ".") as cloud:
        assert eventually(cloud, create(cloud, "payments"))


@pytest.mark.not_under("the sweep finds it, which is its own retry and sends no message", **guesses.UNHEARD)
def test_a_throttled_account_comes_back_through_the_queue(deployed: LocalCloud) -> None:
    """What RAM throttles goes to the retry queue and is protected when the delay is over."""
    deployed.fault(service="ram", action="CreateRole", code="Throttling.User", status=400, count=3)
    account = create(deployed, "logistics")
    assert within(20, lambda: waiting(deployed))
    assert unprotected(deployed.state(), account)
    deployed.advance(35)
    assert eventually(deployed, account)


def test_many_accounts_at_once(deployed: LocalCloud) -> None:
    """Twenty accounts created together are all protected, each once; who gets no turn at first gets one later."""
    accounts = [create(deployed, f"batch-{number}") for number in range(20)]

    def all_protected() -> bool:
        deployed.advance(20)
        state = deployed.state()
        return not any(unprotected(state, account) for account in accounts)

    assert within(60, all_protected)
