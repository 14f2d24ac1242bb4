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
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from Tea.exceptions import TeaException

from shared import apply, clients, queue
from shared.plan import plan
from shared.steps import UpdateRole
from tests.cloud import Key, LocalCloud
from tests.conftest import Soak
from tests.flows.world import MANAGEMENT, PROD, REGIONS, SANDBOX, TEST, World
from tests.matrix.beginnings import trusting
from tests.matrix.ends import ROLE, End
from tests.matrix.failures import FAILURES
from tests.matrix.flows import trail
from tests.matrix.platform import Platform, Worker
from tests.matrix.runs import OURS

FOLDERS = ("fd-prod000001", "fd-test000001", "fd-sandbox0001")
WANTED = FOLDERS[:2]
OUTSIDE, OWNER = "1000000000000099", Key("LTAI5tOutside00000000001", "outside-secret-0000000000000001")
ACCESS_ROLE = "ResourceDirectoryAccountAccessRole"
POINTS = (
    *(("ram", name) for name in ("CreateRole", "GetRole", "UpdateRole", "AttachPolicyToRole", "DetachPolicyFromRole")),
    *(("hbr", name) for name in ("AddCrossAccount", "DeleteCrossAccount", "CheckRole", "DescribeCrossAccounts")),
    *(("resourcedirectory", name) for name in ("GetAccount", "ListAccounts", "ListFoldersForParent")),
    *(("sts", "AssumeRole"), ("mns", "SendMessage"), ("ram", "DeleteRole"), ("ram", "ListPoliciesForRole")),
)
SPOILS = [one for one in FAILURES if not one.beside and not one.slow and one.fault.get("effect") != "gone"]
"""What may meet a person's call as well."""
MOST_ACCOUNTS = 6
HOURS = (0.02, 1, 25)
ROUNDS = 12
JOINED, LEFT = (
    ("CreateResourceAccount", "PromoteResourceAccount", "MoveAccount"),
    ("RemoveCloudAccount", "DeleteAccount"),
)


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
        self.suspended = dict[str, str]()
        """Account → the control policy that forbids everything in it."""
        self._watch()
        # Begun with what people can meddle with.
        for account in (PROD, TEST):
            self._event("onboard", trail("CreateResourceAccount", account))

    @property
    def directory(self) -> Any:
        """The directory as its owner has it."""
        return self.platform.cloud.client("resourcedirectory")

    @rule()
    def an_account_is_created(self) -> None:
        """With its event."""
        if len(self.accounts) >= MOST_ACCOUNTS:
            return
        self.count += 1
        account = self.platform.world.create(f"made-{self.count}", parent_folder_id=FOLDERS[self.count % 3])
        self.accounts.append(account)
        self._watch()
        self._event("onboard", trail("CreateResourceAccount", account))

    @rule(folder=st.sampled_from(FOLDERS), heard=st.booleans())
    def an_account_is_invited(self, folder: str, *, heard: bool) -> None:
        """It accepts, and makes the access role, as an invited account has to."""
        invite = rd.InviteAccountToResourceDirectoryRequest(
            target_entity=OUTSIDE, target_type="Account", parent_folder_id=folder
        )
        with _refused():
            handshake = self.directory.invite_account_to_resource_directory(invite).body.handshake.handshake_id
            joining = self.platform.cloud.client("resourcedirectory", key=OWNER)
            joining.accept_handshake(rd.AcceptHandshakeRequest(handshake_id=handshake))
        self._make_access_role()
        self.accounts = list(dict.fromkeys([*self.accounts, OUTSIDE]))
        self._watch()
        if heard:
            self._event("onboard", trail("AcceptHandshake", OUTSIDE))

    def _make_access_role(self) -> None:
        api, trust = self.platform.cloud.client("ram", key=OWNER), trusting(f"acs:ram::{MANAGEMENT}:root")
        with _refused():
            api.create_role(ram.CreateRoleRequest(role_name=ACCESS_ROLE, assume_role_policy_document=trust))
            every = {"policy_type": "System", "policy_name": "AdministratorAccess"}
            api.attach_policy_to_role(ram.AttachPolicyToRoleRequest(role_name=ACCESS_ROLE, **every))

    @rule(heard=st.booleans())
    def the_invited_account_is_removed(self, *, heard: bool) -> None:
        """Which is refused while Cloud Backup uses it: a person has it withdrawn first."""
        self._event("teardown", {"accountId": OUTSIDE, "do": "withdraw"})
        with _refused():
            self.directory.remove_cloud_account(rd.RemoveCloudAccountRequest(account_id=OUTSIDE))
        self._watch()
        if heard:
            self._event("teardown", trail("RemoveCloudAccount", OUTSIDE))

    @rule(data=st.data(), folder=st.sampled_from(FOLDERS), heard=st.booleans())
    def an_account_moves(self, data: st.DataObject, folder: str, *, heard: bool) -> None:
        """Into another folder, perhaps out of the scope or into it; its event may get lost."""
        account = self._any(data)
        with _refused():
            self.directory.move_account(rd.MoveAccountRequest(account_id=account, destination_folder_id=folder))
        self._watch()
        if heard:
            self._event("onboard", trail("MoveAccount", account))

    @rule(data=st.data())
    def an_account_is_being_deleted(self, data: st.DataObject) -> None:
        """It stays a member for days, and counts as leaving at once."""
        account = self._any(data)
        with _refused():
            self.directory.delete_account(rd.DeleteAccountRequest(account_id=account))
        self._watch()
        self._event("teardown", trail("DeleteAccount", account))

    @rule(data=st.data())
    def an_account_is_suspended(self, data: st.DataObject) -> None:
        """A control policy forbids everything in it: nobody can do anything there, we neither."""
        account, document = self._any(data), {"Effect": "Deny", "Action": ["ram:*"], "Resource": "*"}
        self.count += 1
        create = rd.CreateControlPolicyRequest(
            policy_name=f"suspended-{self.count}",
            policy_document=json.dumps({"Version": "1", "Statement": [document]}),
            effect_scope="RAM",
        )
        if account not in self.suspended:
            with _refused():
                policy = self.directory.create_control_policy(create).body.control_policy.policy_id
                attach = rd.AttachControlPolicyRequest(policy_id=policy, target_id=account)
                self.directory.attach_control_policy(attach)
                self.suspended[account] = policy

    @rule(data=st.data())
    def an_account_is_suspended_no_more(self, data: st.DataObject) -> None:
        """The control policy is detached."""
        if self.suspended:
            self._free(data.draw(st.sampled_from(sorted(self.suspended))))

    def _free(self, account: str) -> None:
        request = rd.DetachControlPolicyRequest(policy_id=self.suspended.pop(account), target_id=account)
        with _refused():
            self.directory.detach_control_policy(request)

    @rule(data=st.data())
    def somebody_widens_the_trust(self, data: st.DataObject) -> None:
        """By hand, in the member account."""
        document = trusting(f"acs:ram::{MANAGEMENT}:root")
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

    @rule(point=st.sampled_from(POINTS), failure=st.sampled_from(SPOILS), skip=st.integers(0, 2))
    def a_call_will_fail(self, point: tuple[str, str], failure: Any, skip: int) -> None:
        """One of the next calls of some kind, whoever makes it, and what follows until the end of the invocation."""
        self._plan(point, failure.fault, skip)

    @rule(
        data=st.data(),
        point=st.sampled_from(POINTS),
        skip=st.integers(0, 2),
        other=st.sampled_from(["onboard", "reconcile"]),
    )
    def two_workers_meet(self, data: st.DataObject, point: tuple[str, str], skip: int, other: str) -> None:
        """While a call of one is on its way, another one works through, on the same account or on all."""
        account, worker = self._any(data), self.platform.worker
        second = {"accountId": account} if other == "onboard" else {"sweep": "deep", "everything": True}
        event = trail("MoveAccount", account) if other == "onboard" else second
        self._plan(point, {"effect": "hold"}, skip)
        worker.beside = lambda: Worker(self.platform).deliver(other, event)
        self._event("onboard", trail("CreateResourceAccount", account))
        worker.beside = None
        self.platform.forget_what_waits()

    @rule(hours=st.sampled_from(HOURS))
    def time_passes(self, hours: float) -> None:
        """Sessions end, delays are over."""
        self.platform.cloud.advance(hours * 3600)
        self._watch()

    @rule(
        data=st.data(),
        door=st.sampled_from(["onboard", "teardown", "retry"]),
        name=st.sampled_from([*JOINED, *LEFT]),
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
        """Failures stop, departures are told again, the queue works, people redrive, sweeps run: all is as wanted."""
        platform = self.platform
        platform.forget_what_waits()
        for account in list(self.suspended):
            self._free(account)
        end, before = self._end(), platform.cloud.state()
        for account in (*end.withdrawn, *end.gone):
            self._event("teardown", trail("DeleteAccount", account))
            self._event("onboard", trail("MoveAccount", account))
        for _ in range(ROUNDS):
            platform.work_the_queue()
            platform.redrive()
            platform.deliver("reconcile", {"sweep": "deep", "everything": True})
            wrong = end.missed(platform.cloud.state(), before)
            if not wrong:
                break
        assert wrong == []
        assert platform.cloud.violations() == []
        assert platform.cloud.leaks() == []

    def _end(self) -> End:
        regions = tuple(self.platform.world.config["enrolment"]["regions"])
        wanted, members = self._wanted(), self.platform.cloud.state()["directory"]["members"]
        others = [account for account in self.accounts if account not in wanted]
        return End(
            protected=tuple(wanted),
            withdrawn=tuple(one for one in others if one in members and not members[one]["deletion_status"]),
            gone=tuple(one for one in others if one not in members or members[one]["deletion_status"]),
            regions=regions,
        )

    def _wanted(self) -> list[str]:
        members = self.platform.cloud.state()["directory"]["members"]
        return [
            account
            for account, member in members.items()
            if account in self.accounts and member["folder_id"] in WANTED and not member["deletion_status"]
        ]

    def _watch(self) -> None:
        """From now on judge by the directory as it is now: who is not in scope may only be withdrawn."""
        wanted, violations = self._wanted(), self.platform.cloud.violations()
        assert violations == []
        self.platform.cloud.watch(**OURS, out_of_scope=[one for one in self.accounts if one not in wanted])

    def _any(self, data: st.DataObject) -> str:
        return data.draw(st.sampled_from(self.accounts))

    def _event(self, door: str, event: Any) -> None:
        self.platform.deliver(door, event)

    def _plan(self, point: tuple[str, str], fault: dict[str, Any], skip: int) -> None:
        service, action = point
        self.platform.plan({"service": service, "action": action, "skip": skip, **fault})

    def _by_hand(self, data: st.DataObject, work: Any) -> None:
        with _refused():
            work(self.platform.cloud.client("ram", key=self.platform.cloud.into(self._any(data))))
        # A failure may have struck here instead: it is over as well.
        self.platform.end_what_struck(self.platform.worker)


@contextmanager
def _refused() -> Iterator[None]:
    """What people try may be refused, or suffer a failure that was meant for us, which no SDK survives in each form."""
    with suppress(TeaException, AttributeError, TypeError, ValueError):
        yield


def machine(process: LocalCloud, monkeypatch: pytest.MonkeyPatch, soak: Soak) -> None:
    """Run so many stories of so many steps; a seed brings those of a long run back."""
    monkeypatch.setattr(clients, "BRIEF_WAITS", (0.0, 0.0))
    monkeypatch.setattr(queue, "BRIEF_WAITS", (0.0, 0.0))
    chosen = settings(
        max_examples=soak.many(24, 500),
        stateful_step_count=soak.many(20, 40),
        deadline=None,
        derandomize=not soak.long,
        # Making a long story short takes minutes: only where a person is to read it.
        phases=[Phase.generate, *([Phase.shrink] if soak.long else [])],
        suppress_health_check=list(HealthCheck),
    )
    with tempfile.TemporaryDirectory() as folder:
        Landing.platform = Platform(process, World(process, Path(folder), monkeypatch))
        stories = seed(soak.seed)(Landing) if soak.long else Landing
        run_state_machine_as_test(stories, settings=chosen)


@pytest.mark.timeout(36_000)
def test_anything_in_any_order(process: LocalCloud, monkeypatch: pytest.MonkeyPatch, soak: Soak) -> None:
    """In every state the invariants hold; after failures stop, everything converges."""
    machine(process, monkeypatch, soak)


def test_the_machine_can_fail(process: LocalCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """A planted bug, a role that is left as wide as somebody made it, is found."""

    def lenient(*given: Any) -> Any:
        return tuple(step for step in plan(*given) if not isinstance(step, UpdateRole))

    monkeypatch.setattr(apply, "plan", lenient)
    with pytest.raises(AssertionError, match="trusts"):
        machine(process, monkeypatch, Soak(long=False, seed=0))
