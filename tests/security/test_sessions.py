"""Our sessions in a member account: as short and as narrow as their work, whatever the access role may do."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from shared.clients import Credentials
from shared.cloud import connect
from shared.config import ConfigError, load
from shared.deadline import Deadline
from shared.enrolment import Role
from shared.member import session_policy
from shared.messages import Hint
from shared.outcome import AttemptError, Reason
from shared.ports import EnteredAccount, Work
from shared.review import review
from shared.trust import Trust
from tests.flows import test_withdraw
from tests.flows.world import MANAGEMENT, PROD, World
from tests.security.policies import ACCESS_ROLE, texts

MAKE, REMOVE = Work(frozenset({"System:AliyunHBRRolePolicy"})), Work(remove=True)


@contextmanager
def entered(world: World, work: Work) -> Iterator[EnteredAccount]:
    """A session of ours in a member whose access role may do everything."""
    admin(world)
    key = world.key
    credentials = Credentials(key.access_key_id, key.access_key_secret, key.token)
    with connect(load(os.environ), credentials, Deadline.after(60)) as cloud:
        yield cloud.ports.members.enter(PROD, ACCESS_ROLE, "hbrcrossrole", work)


@pytest.mark.parametrize("name", ["hbrcrossrole2", "another", ACCESS_ROLE])
@pytest.mark.parametrize("work", [Work(), MAKE, REMOVE], ids=["reading", "making", "removing"])
def test_our_sessions_in_a_member_reach_the_one_role(world: World, work: Work, name: str) -> None:
    """Even where the access role may do everything, the session that we ask for may work on the backup role only."""
    with entered(world, work) as inside:
        assert inside.read_role("hbrcrossrole") is None
        with pytest.raises(AttemptError) as refused:
            inside.read_role(name)
    assert refused.value.reason is Reason.ACCESS_DENIED


ROLE = Role("hbrcrossrole", Trust.only(f"acs:ram::{MANAGEMENT}:root"), frozenset(), 3600)
TOO_MUCH: dict[str, tuple[Work, Callable[[EnteredAccount], Any]]] = {
    "attach AdministratorAccess": (MAKE, lambda b: b.attach("hbrcrossrole", "System:AdministratorAccess")),
    "attach a policy of the account": (MAKE, lambda b: b.attach("hbrcrossrole", "Custom:AliyunHBRRolePolicy")),
    "delete the role while it is made": (MAKE, lambda b: b.delete_role("hbrcrossrole")),
    "make the role while it is removed": (REMOVE, lambda b: b.create_role(ROLE)),
    "widen it while it is removed": (REMOVE, lambda b: b.update_role(ROLE)),
    "attach while it is removed": (REMOVE, lambda b: b.attach("hbrcrossrole", "System:AliyunHBRRolePolicy")),
    "make the role while it is read": (Work(), lambda b: b.create_role(ROLE)),
    "change the role while it is read": (Work(), lambda b: b.update_role(ROLE)),
    "detach while it is read": (Work(), lambda b: b.detach("hbrcrossrole", "System:AliyunHBRRolePolicy")),
    "delete the role while it is read": (Work(), lambda b: b.delete_role("hbrcrossrole")),
}


@pytest.mark.parametrize("what", TOO_MUCH)
def test_our_sessions_in_a_member_may_do_their_work_only(world: World, what: str) -> None:
    """Reading reads; making attaches what is wanted and nothing else; removing makes nothing. RAM refuses the rest."""
    assert world.enrol()["state"] == "protected"
    before = world.role(PROD)
    work, ask = TOO_MUCH[what]
    with entered(world, work) as inside, pytest.raises(AttemptError) as refused:
        ask(inside)
    assert refused.value.reason is Reason.ACCESS_DENIED
    assert world.role(PROD) == before


def test_our_sessions_are_as_short_as_can_be(world: World) -> None:
    """Fifteen minutes, the least that STS gives, in B and in A; in B with a policy that names the account."""
    admin(world)
    world.enrol()
    asked = [entry["params"] for entry in world.cloud.journal(action="AssumeRole")]
    assert [one["DurationSeconds"] for one in asked] == [900, 900]
    (inside,) = [json.loads(one["Policy"]) for one in asked if one["Policy"]]
    resources = [one for statement in inside["Statement"] for one in texts(statement["Resource"])]
    assert all(f":{PROD}:" in one or ":system:" in one for one in resources)


def test_looking_takes_sessions_that_may_only_look(world: World) -> None:
    """A plan enters every account, and in none of them might anything be written by its sessions."""
    world.enrol()
    mark, key = world.mark(), world.key
    credentials = Credentials(key.access_key_id, key.access_key_secret, key.token)
    with connect(load(os.environ), credentials, Deadline.after(60)) as cloud:
        for hint in (Hint.JOINED, Hint.WITHDRAW):
            assert review(PROD, hint, cloud.ports).steps or hint is Hint.JOINED
    policies = [
        json.loads(e["params"]["Policy"] or "{}") for e in world.cloud.journal(action="AssumeRole") if e["seq"] > mark
    ]
    actions = [
        action for policy in policies if policy for one in policy["Statement"] for action in texts(one["Action"])
    ]
    assert sorted(set(actions)) == ["ram:GetRole", "ram:ListPoliciesForRole"]


def test_a_move_takes_one_session_for_either_end(world: World) -> None:
    """Where an account goes that moved is not known when it is entered: whichever it is, it is entered once."""
    world.enrol()
    world.configure(teardown={"grace_hours": 0})
    test_withdraw.move(world, PROD, "fd-sandbox0001")
    mark = world.mark()
    assert world.call("onboard", test_withdraw.left(PROD, "MoveAccount"))["state"] == "withdrawn"
    into = [e for e in world.cloud.journal(action="AssumeRole") if e["seq"] > mark and PROD in e["params"]["RoleArn"]]
    assert len(into) == 1


def test_as_many_policies_as_may_be_configured_fit_a_session(world: World) -> None:
    """A session policy has at most 2048 characters (API page "AssumeRole"); the configuration takes no more."""
    for kind in ("", "Custom:"):
        for size in (1, 20, 100):
            names: list[str] = []
            while True:
                more = [*names, f"{kind}{len(names):02d}".ljust(len(kind) + size, "x")]
                world.configure(enrolment={"role_name": "r" * 64, "policies": more})
                try:
                    wanted = load(os.environ).enrolment.attached
                except ConfigError:
                    break
                names = more
                work = Work(wanted, remove=True)
                assert len(session_policy(PROD, "r" * 64, work)) <= 2048
            assert len(names) > 5


def admin(world: World) -> None:
    """Let the access role do everything, as the Resource Directory makes it."""
    state = world.cloud.state()
    state["accounts"][PROD]["roles"][ACCESS_ROLE]["attached"] = {"System:AdministratorAccess": 0.0}
    world.cloud.load(state)
    world.key = world.cloud.as_function()
