"""Anything in any order: accounts come, move and go, people meddle, calls fail, time passes, and workers interleave.

After every step our requests have kept the invariants. Once failures stop, the queue has done its work and a sweep has
run, every account is as the directory and the configuration of that moment want it.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from Tea.exceptions import TeaException

from shared import apply, clients, queue
from shared.plan import UpdateRole, plan
from tests.cloud import LocalCloud, local_cloud
from tests.conftest import Soak
from tests.flows.world import BACKUP, MANAGEMENT, PROD, REGIONS, SANDBOX, TEST, World
from tests.matrix.failures import FAILURES
from tests.matrix.flows import ROLE, Flow, missed, trail
from tests.matrix.platform import Platform
from tests.matrix.runs import OURS

FOLDERS = ("fd-prod000001", "fd-test000001", "fd-sandbox0001")
POINTS = (
    *(("ram", name) for name in ("CreateRole", "GetRole", "UpdateRole", "AttachPolicyToRole", "DetachPolicyFromRole")),
    *(("hbr", name) for name in ("AddCrossAccount", "DeleteCrossAccount", "CheckRole", "DescribeCrossAccounts")),
    *(("resourcedirectory", name) for name in ("GetAccount", "ListAccounts", "ListFoldersForParent")),
    *(("sts", "AssumeRole"), ("mns", "SendMessage"), ("ram", "DeleteRole"), ("ram", "ListPoliciesForRole")),
)
SPOILS = [failure for failure in FAILURES if not failure.beside and not failure.slow]
MOST_ACCOUNTS = 6
HOURS = (0.02, 1, 25)
ROUNDS = 12


class Landing(RuleBasedStateMachine):
    """One landing zone; ``platform`` is given by the test."""

    platform: Platform

    def __init__(self) -> None:
        super().__init__()
        self.platform.cloud.reset()
        self.platform.world.fresh_configuration()
        self.platform.world.configure(sweep={"deep_days": 1}, teardown={"grace_hours": 1, "brake_accounts": 50})
        self.platform.keep()
        self.platform.again(**OURS)
        self.accounts = [PROD, TEST, SANDBOX]
        self.count = 0

    @rule()
    def an_account_is_created(self) -> None:
        """With its event."""
        if len(self.accounts) >= MOST_ACCOUNTS:
            return
        self.count += 1
        account = self.platform.world.create(f"made-{self.count}", parent_folder_id=FOLDERS[self.count % 3])
        self.accounts.append(account)
        self._event("onboard", trail("CreateResourceAccount", account))

    @rule(data=st.data(), folder=st.sampled_from(FOLDERS), heard=st.booleans())
    def an_account_moves(self, data: st.DataObject, folder: str, *, heard: bool) -> None:
        """Into another folder, perhaps out of the scope or into it; its event may get lost."""
        account = self._any(data)
        request = rd.MoveAccountRequest(account_id=account, destination_folder_id=folder)
        with _refused():
            self.platform.cloud.client("resourcedirectory").move_account(request)
        if heard:
            self._event("onboard", trail("MoveAccount", account))

    @rule(data=st.data())
    def an_account_is_being_deleted(self, data: st.DataObject) -> None:
        """It stays a member for days, and counts as leaving at once."""
        account = self._any(data)
        with _refused():
            self.platform.cloud.client("resourcedirectory").delete_account(rd.DeleteAccountRequest(account_id=account))
        self._event("teardown", trail("DeleteAccount", account))

    @rule(data=st.data())
    def somebody_widens_the_trust(self, data: st.DataObject) -> None:
        """By hand, in the member account."""
        statement = {
            "Action": "sts:AssumeRole",
            "Effect": "Allow",
            "Principal": {"RAM": [f"acs:ram::{MANAGEMENT}:root"]},
        }
        document = json.dumps({"Version": "1", "Statement": [statement]})
        self._by_hand(
            data,
            lambda c: c.update_role(ram.UpdateRoleRequest(role_name=ROLE, new_assume_role_policy_document=document)),
        )

    @rule(data=st.data())
    def somebody_takes_the_policy_away(self, data: st.DataObject) -> None:
        """By hand, in the member account."""
        request = ram.DetachPolicyFromRoleRequest(
            policy_type="System", policy_name="AliyunHBRRolePolicy", role_name=ROLE
        )
        self._by_hand(data, lambda c: c.detach_policy_from_role(request))

    @rule(data=st.data())
    def somebody_deletes_the_role(self, data: st.DataObject) -> None:
        """Which works once it has no policy."""
        self._by_hand(data, lambda c: c.delete_role(ram.DeleteRoleRequest(role_name=ROLE)))

    @rule(regions=st.sampled_from([REGIONS, REGIONS[:1]]))
    def the_configuration_changes(self, regions: tuple[str, ...]) -> None:
        """A region more or less."""
        former = [region for region in REGIONS if region not in regions]
        self.platform.world.configure(enrolment={"regions": list(regions)}, former_regions=former)

    @rule(point=st.sampled_from(POINTS), failure=st.sampled_from(SPOILS), count=st.integers(1, 3))
    def a_call_will_fail(self, point: tuple[str, str], failure: Any, count: int) -> None:
        """The next calls of some kind, whoever makes them."""
        service, action = point
        fault = {**failure.fault, "count": count}
        if fault.get("effect") != "refuse":
            self.platform.cloud.fault(service=service, action=action, **fault)

    @rule(hours=st.sampled_from(HOURS))
    def time_passes(self, hours: float) -> None:
        """Sessions end, delays are over."""
        self.platform.cloud.advance(hours * 3600)

    @rule(
        data=st.data(),
        door=st.sampled_from(["onboard", "teardown", "retry"]),
        name=st.sampled_from(["CreateResourceAccount", "PromoteResourceAccount", "MoveAccount", "RemoveCloudAccount"]),
    )
    def an_event_comes_late_twice_or_forged(self, data: st.DataObject, door: str, name: str) -> None:
        """Of any kind, through any door, about any account."""
        self._event(door, trail(name, self._any(data)))

    @rule(depth=st.sampled_from(["fast", "deep"]))
    def the_timer_rings(self, depth: str) -> None:
        """A sweep."""
        self._event("reconcile", {"sweep": depth})

    @rule()
    def a_message_is_due(self) -> None:
        """One of the retry queue."""
        self.platform.take_one()

    @invariant()
    def our_requests_have_kept_the_rules(self) -> None:
        """Judged by the cloud after every single one."""
        assert self.platform.cloud.violations() == []

    def teardown(self) -> None:
        """Failures stop; the queue works, a person brings back what was set aside, sweeps run: all is as wanted."""
        platform = self.platform
        platform.cloud.clear_faults()
        for _ in range(ROUNDS):
            platform.work_the_queue()
            platform.redrive()
            platform.deliver("reconcile", {"sweep": "deep", "everything": True})
            wrong = missed(self._wanted(), platform.cloud.state())
            if not wrong:
                break
        assert wrong == []
        assert platform.cloud.violations() == []
        assert platform.cloud.leaks() == []

    def _wanted(self) -> Flow:
        members = self.platform.cloud.state()["directory"]["members"]
        wanted = [
            account_id
            for account_id, member in members.items()
            if account_id != BACKUP and member["folder_id"] in FOLDERS[:2] and not member["deletion_status"]
        ]
        regions = tuple(self.platform.world.config["enrolment"]["regions"])
        return Flow("all", lambda _: None, protected=tuple(wanted), regions=regions)

    def _any(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.accounts))

    def _event(self, door: str, event: Any) -> None:
        self.platform.deliver(door, event)

    def _by_hand(self, data: st.DataObject, work: Any) -> None:
        with _refused():
            work(self.platform.cloud.client("ram", key=self.platform.cloud.into(self._any(data))))


@contextmanager
def _refused() -> Iterator[None]:
    """What people try may be refused, or suffer a failure that was meant for us, which no SDK survives in each form."""
    with suppress(TeaException, AttributeError, TypeError, ValueError):
        yield


@pytest.fixture(scope="module")
def process() -> Iterator[LocalCloud]:
    with local_cloud() as cloud:
        yield cloud


def machine(process: LocalCloud, monkeypatch: pytest.MonkeyPatch, examples: int, steps: int, *, random: bool) -> None:
    """Run so many stories of so many steps."""
    monkeypatch.setattr(clients, "BRIEF_WAITS", (0.0, 0.0))
    monkeypatch.setattr(queue, "BRIEF_WAITS", (0.0, 0.0))
    chosen = settings(
        max_examples=examples,
        stateful_step_count=steps,
        deadline=None,
        derandomize=not random,
        # Making a long story short takes minutes: only where a person is to read it.
        phases=[Phase.generate, *([Phase.shrink] if random else [])],
        suppress_health_check=list(HealthCheck),
    )
    with tempfile.TemporaryDirectory() as folder:
        Landing.platform = Platform(process, World(process, Path(folder), monkeypatch))
        run_state_machine_as_test(Landing, settings=chosen)


@pytest.mark.timeout(7200)
def test_anything_in_any_order(process: LocalCloud, monkeypatch: pytest.MonkeyPatch, soak: Soak) -> None:
    """In every state the invariants hold; after failures stop, everything converges."""
    machine(process, monkeypatch, soak.many(20, 500), soak.many(20, 40), random=soak.long)


def test_the_machine_can_fail(process: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted bug, a role that is left as wide as somebody made it, is found."""

    def lenient(*given: Any) -> Any:
        return tuple(step for step in plan(*given) if not isinstance(step, UpdateRole))

    monkeypatch.setattr(apply, "plan", lenient)
    with pytest.raises(AssertionError, match="trusts"):
        machine(process, monkeypatch, 30, 20, random=False)
