"""The flows that are spoiled: how each begins, and what must be true at its end."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from shared.member import DESCRIPTION
from tests.flows.world import (
    MANAGEMENT,
    PROD,
    REGIONS,
    SANDBOX,
    SLR,
    TEST,
    registrations,
    unprotected,
)
from tests.matrix.platform import Platform

ROLE, POLICY = "hbrcrossrole", "System:AliyunHBRRolePolicy"
Work = Callable[[Platform], None]


def trail(name: str, account_id: str) -> dict[str, Any]:
    """A directory event in the shape of the trail."""
    return {
        "eventId": "e-1",
        "eventName": name,
        "serviceName": "ResourceManager",
        "requestParameters": {"AccountId": account_id},
        "responseElements": {"Account": {"AccountId": account_id}},
    }


@dataclass(frozen=True)
class Flow:
    """One flow."""

    name: str
    begin: Work
    """What sets it off; the queue's work follows by itself."""
    protected: tuple[str, ...] = ()
    """Accounts that must be protected at the end."""
    withdrawn: tuple[str, ...] = ()
    """Accounts of which nothing must be left at the end."""
    prepare: tuple[Work, ...] = ()
    second_worker: tuple[str, Any] = ("reconcile", {"sweep": "deep", "everything": True})
    """The door and the event of somebody else who works on the same account at the same time."""
    sweeps: bool = False
    """Whether it is its own retry, sends no messages, and is followed by the next sweep."""
    out_of_scope: tuple[str, ...] = (SANDBOX,)
    regions: tuple[str, ...] = REGIONS
    fails_at: dict[str, Any] = field(default_factory=dict)
    """A failure that is planned in every run, so that the message goes through the queue."""


def enrolled(*accounts: str) -> Work:
    def prepare(platform: Platform) -> None:
        for account in accounts:
            assert platform.world.enrol(account)["state"] == "protected"

    return prepare


def in_member(platform: Platform, account: str) -> Any:
    return platform.cloud.client("ram", key=platform.cloud.into(account))


def wide_role(platform: Platform) -> None:
    """Our role, let wide open by somebody: a principal too many, a policy too many, and not the one that is needed."""
    names = [SLR, f"acs:ram::{MANAGEMENT}:root"]
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": names}}
    document, client = json.dumps({"Version": "1", "Statement": [statement]}), in_member(platform, PROD)
    client.create_role(
        ram.CreateRoleRequest(role_name=ROLE, assume_role_policy_document=document, description=DESCRIPTION)
    )
    attach = ram.AttachPolicyToRoleRequest(policy_type="System", policy_name="ReadOnlyAccess", role_name=ROLE)
    client.attach_policy_to_role(attach)


def drifted(platform: Platform) -> None:
    """Somebody widens the trust, detaches the policy, and takes the registration in one region away."""
    client = in_member(platform, PROD)
    names = [SLR, f"acs:ram::{PROD}:root"]
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": names}}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    client.update_role(ram.UpdateRoleRequest(role_name=ROLE, new_assume_role_policy_document=document))
    detach = ram.DetachPolicyFromRoleRequest(policy_type="System", policy_name="AliyunHBRRolePolicy", role_name=ROLE)
    client.detach_policy_from_role(detach)
    request = hbr.DeleteCrossAccountRequest(cross_account_user_id=int(PROD), cross_account_role_name=ROLE)
    platform.cloud.client("hbr", account="backup", region=REGIONS[1]).delete_cross_account(request)


def moved_out(platform: Platform) -> None:
    request = rd.MoveAccountRequest(account_id=PROD, destination_folder_id="fd-sandbox0001")
    platform.cloud.client("resourcedirectory").move_account(request)


def every_account_is_due(platform: Platform) -> None:
    platform.world.configure(sweep={"deep_days": 1})


def delivering(door: str, event: Any) -> Work:
    return lambda platform: platform.deliver(door, event)


FLOWS = (
    Flow("onboard", delivering("onboard", trail("CreateResourceAccount", PROD)), protected=(PROD,)),
    Flow(
        "onboard, role too wide",
        delivering("onboard", trail("AcceptHandshake", PROD) | {"userIdentity": {"accountId": PROD}}),
        protected=(PROD,),
        prepare=(wide_role,),
    ),
    Flow(
        "onboard again",
        delivering("onboard", trail("CreateResourceAccount", PROD)),
        protected=(PROD,),
        prepare=(enrolled(PROD),),
    ),
    Flow(
        "retry",
        delivering("onboard", trail("CreateResourceAccount", PROD)),
        protected=(PROD,),
        fails_at={"service": "ram", "action": "CreateRole", "status": 500},
    ),
    Flow(
        "withdraw by hand",
        delivering("teardown", {"accountId": SANDBOX, "do": "withdraw"}),
        withdrawn=(SANDBOX,),
        protected=(PROD,),
        prepare=(enrolled(PROD, SANDBOX),),
        out_of_scope=(),
    ),
    Flow(
        "withdraw after the grace",
        delivering("onboard", trail("MoveAccount", PROD)),
        withdrawn=(PROD,),
        protected=(TEST,),
        prepare=(enrolled(PROD, TEST), moved_out),
        out_of_scope=(PROD, SANDBOX),
    ),
    Flow(
        "sweep, account missing",
        delivering("reconcile", {"sweep": "fast"}),
        protected=(PROD, TEST),
        prepare=(enrolled(TEST),),
        second_worker=("onboard", {"accountId": PROD}),
        sweeps=True,
    ),
    Flow(
        "deep sweep, drift",
        delivering("reconcile", {"sweep": "deep"}),
        protected=(PROD, TEST),
        prepare=(enrolled(PROD, TEST), drifted, every_account_is_due),
        second_worker=("onboard", {"accountId": PROD}),
        sweeps=True,
    ),
)
BY_NAME = {flow.name: flow for flow in FLOWS}


def missed(flow: Flow, state: dict[str, Any]) -> list[str]:
    """What of the desired end is not true in the emulator's own state."""
    return [
        *(why for account in flow.protected for why in unprotected(state, account, flow.regions)),
        *(why for account in flow.withdrawn for why in _left(state, account)),
        *_messages_left(state),
    ]


def _messages_left(state: dict[str, Any]) -> Iterator[str]:
    for name, queue in state["mns"]["queues"][MANAGEMENT].items():
        if queue["messages"]:
            yield f"{len(queue['messages'])} messages are left in {name}"


def _left(state: dict[str, Any], account: str) -> list[str]:
    registered = registrations(state, account)
    role = state["accounts"][account]["roles"].get(ROLE)
    return [
        *([f"{account} still has its role"] if role else []),
        *([f"{account} is still registered: {registered}"] if registered else []),
    ]
