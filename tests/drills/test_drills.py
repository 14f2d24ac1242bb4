"""Each drill breaks one thing; the person reads, does what is printed, and everything is as it should be again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as default
from typing import Any

import pytest
import yaml
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from mns.account import Account
from mns.queue import Message

from tests.cloud import ROOT
from tests.drills.field import Field
from tests.flows.world import BACKUP, PROD, SLR

pytestmark = pytest.mark.timeout(300)
"""A drill is a dozen commands, each a process of its own."""

Acts = Mapping[str, Callable[[], Any]]
OUTSIDE = "1000000000000099"
DAY = 86_400


@dataclass(frozen=True)
class Drill:
    """What is broken, by which command a person begins, what it must say, and what only a person can do."""

    breaks: Callable[[Field], Any]
    says: tuple[str, ...]
    asks: str = "cab doctor --local"
    acts: Callable[[Field], Acts] = default(default=lambda _: {})
    options: tuple[str, ...] = ()
    proves: Callable[[Field], Any] = default(default=lambda _: None)
    """What must be true beyond health."""


def member_role(state: dict[str, Any]) -> None:
    role = state["accounts"][PROD]["roles"]["hbrcrossrole"]
    trust = json.loads(role["trust"])
    trust["Statement"][0]["Principal"]["RAM"].append(f"acs:ram::{OUTSIDE}:root")
    role["trust"] = json.dumps(trust)


def backup_role(state: dict[str, Any]) -> None:
    role = state["accounts"][BACKUP]["roles"]["cab-backup"]
    role["trust"] = role["trust"].replace("role/cab-functions", "role/somebody")


def control_policy(site: Field) -> None:
    client = site.cloud.client("resourcedirectory")
    statement = {"Effect": "Deny", "Action": ["ram:CreateRole", "ram:AttachPolicyToRole"], "Resource": "*"}
    document = json.dumps({"Version": "1", "Statement": [statement]})
    request = rd.CreateControlPolicyRequest(policy_name="no-roles", effect_scope="RAM", policy_document=document)
    policy = client.create_control_policy(request).body.control_policy.policy_id
    client.attach_control_policy(rd.AttachControlPolicyRequest(policy_id=policy, target_id="fd-prod000001"))
    site.create("denied")
    site.cloud.advance(5)


def agreed(site: Field) -> Acts:
    """Whoever made the control policy takes it off."""

    def detach() -> None:
        client = site.cloud.client("resourcedirectory")
        for one in client.list_control_policies(
            rd.ListControlPoliciesRequest(policy_type="Custom")
        ).body.control_policies.control_policy:
            client.detach_control_policy(
                rd.DetachControlPolicyRequest(policy_id=one.policy_id, target_id="fd-prod000001")
            )

    return {"ask whoever made the control policy no-roles": detach}


def status(account: str, value: str) -> Callable[[dict[str, Any]], None]:
    def change(state: dict[str, Any]) -> None:
        state["directory"]["members"][account]["status"] = value

    return change


def suspended(site: Field) -> None:
    account = site.create("suspended")
    site.change(lambda state: (status(account, "Suspended")(state), state["hbr"]["cross_accounts"].clear()))
    site.run("cab reconcile --local")


def settled(site: Field) -> Acts:
    members = site.cloud.state()["directory"]["members"]
    (account,) = (one for one, member in members.items() if member["status"] == "Suspended")
    return {"settle what keeps the account from working": lambda: site.change(status(account, "CreateSuccess"))}


def invited(site: Field) -> None:
    client = site.cloud.client("resourcedirectory")
    request = rd.InviteAccountToResourceDirectoryRequest(target_entity=OUTSIDE, target_type="Account")
    handshake = client.invite_account_to_resource_directory(request).body.handshake.handshake_id
    site.run(f"aliyun --profile {OUTSIDE} resourcedirectorymaster AcceptHandshake --HandshakeId {handshake}")
    site.cloud.advance(300)


def queue(site: Field, name: str) -> Any:
    key = site.cloud.key()
    return Account(site.cloud.endpoints["mns"], key.access_key_id, key.access_key_secret).get_queue(name)


def throttled(site: Field) -> None:
    site.cloud.fault(service="hbr", action="AddCrossAccount", code="Throttling.User", status=400, count=None)
    site.create("too-fast")
    site.cloud.advance(5)
    site.cloud.advance(5)


def poisoned(site: Field) -> None:
    queue(site, "cab-retry").send_message(Message("neither an event nor anything else"))
    site.cloud.advance(5)


def removed(site: Field) -> None:
    site.configure(teardown={"grace_hours": 0, "brake_accounts": 1})
    accounts = [site.create(f"unit-{number}") for number in range(3)]
    client = site.cloud.client("resourcedirectory")
    for account in accounts:
        client.move_account(rd.MoveAccountRequest(account_id=account, destination_folder_id="fd-sandbox0001"))
    site.cloud.advance(5)


def released(site: Field) -> Acts:
    """Whoever decides that all of them are to go."""

    def release() -> None:
        assert site.run("cab plan --all --json --local > plan.json").code == 0
        assert site.run("cab apply plan.json --local").code == 0

    return {"only if all of them are to go": release}


def withdrawn(site: Field) -> None:
    state = site.cloud.state()
    gone = [one for one, member in state["directory"]["members"].items() if member["display_name"].startswith("unit-")]
    assert len(gone) == 3
    assert all("hbrcrossrole" not in state["accounts"][account]["roles"] for account in gone)


def expiring(site: Field) -> None:
    site.cloud.fault(service="ram", action="CreateRole", code="LimitExceeded.Role", status=409, count=3)
    site.create("forgotten")
    site.cloud.advance(5)
    site.cloud.advance(5.5 * DAY)


def silent(site: Field) -> None:
    deployed = site.folder / "deployed.yaml"
    document = yaml.safe_load(deployed.read_text("utf-8"))
    document["resources"]["onboard"]["props"]["triggers"][0]["triggerConfig"]["triggerEnable"] = False
    deployed.write_text(yaml.safe_dump(document), encoding="utf-8")
    site.restart()
    for name in ("monday", "wednesday"):
        site.create(name)
        site.cloud.advance(400)
        site.cloud.advance(2 * DAY)


def arrives(site: Field) -> None:
    """A new account is protected by its event, with no sweep in between."""
    site.create("prompt")
    site.cloud.advance(5)
    assert site.unprotected() == []


DRILLS = {
    "rule in the wrong region": Drill(
        lambda site: site.create("elsewhere"),
        ("the rule of cab-onboard is in cn-hangzhou, but directory events are in ap-southeast-1",),
        options=("--guess", "directory_event_region=ap-southeast-1"),
        proves=arrives,
    ),
    "service-linked role missing": Drill(
        lambda site: site.change(lambda state: state["accounts"][BACKUP]["roles"].pop(SLR.rpartition("/")[2])),
        ("make the service-linked role AliyunServiceRoleForHbrCrossAccountBackup",),
    ),
    "trust policy edited by hand": Drill(lambda site: site.change(member_role), ("trust too wide in 1 account", PROD)),
    "trust policy edited by hand, as status sees it": Drill(
        lambda site: site.change(member_role),
        ("drift: 1 account: 1 trust too wide",),
        asks="cab status --deep --local",
    ),
    "trust policy of cab-backup edited by hand": Drill(
        lambda site: site.change(backup_role), ("let role cab-backup trust",)
    ),
    "control policy denies": Drill(control_policy, ("1 dead letter, access_denied",), acts=agreed),
    "member suspended": Drill(suspended, ("cannot be worked on: status Suspended",), acts=settled),
    "invited account without the access role": Drill(invited, (f"not registered everywhere: {OUTSIDE}",)),
    "queue deleted": Drill(
        lambda site: queue(site, "cab-retry").delete(), ("make queue cab-retry: messages are kept 7 days",)
    ),
    "dead-letter queue deleted": Drill(
        lambda site: queue(site, "cab-dead-letters").delete(), ("make queue cab-dead-letters", "cannot be read")
    ),
    "dead-letter queue deleted, as explain sees it": Drill(
        lambda site: queue(site, "cab-dead-letters").delete(),
        ("It is protected", "their queue cannot be read"),
        asks=f"cab explain {PROD} --local",
    ),
    "Cloud Backup throttling": Drill(
        throttled, ("1 dead letter, throttled",), acts=lambda site: {"wait a minute": site.cloud.clear_faults}
    ),
    "poison message": Drill(poisoned, ("1 dead letter, unreadable",)),
    "mass removal": Drill(removed, ("dead letters, mass_removal", "the brake"), acts=released, proves=withdrawn),
    "dead letters about to expire": Drill(expiring, ("will be lost within two days",)),
    "events silent for days": Drill(
        silent,
        ("the trigger cab-onboard/directory-joined is switched off", "events do not arrive"),
        acts=lambda site: {"create an account": lambda: site.create("proof")},
        proves=arrives,
    ),
}


def test_on_a_healthy_zone_no_cause_is_named(field: Callable[..., Field]) -> None:
    """The doctor finds nothing, status counts everything as proven, and nothing is to be done about any account."""
    site = field()
    doctor = site.run("cab doctor --canary --local")
    assert (doctor.code, "fix:" in doctor.out) == (0, False), doctor.out
    assert "2 of 2 wanted accounts registered and proven" in site.run("cab status --deep --local").out
    assert "fix:" not in site.run(f"cab explain {PROD} --local").out


@pytest.mark.parametrize("name", DRILLS)
def test_the_printed_text_is_enough(field: Callable[..., Field], name: str) -> None:
    """What is wrong is named, and doing what is printed makes everything as it should be."""
    drill = DRILLS[name]
    site = field(*drill.options)
    drill.breaks(site)
    said = site.run(drill.asks)
    assert [words for words in drill.says if words not in said.out] == [], said.out
    acts = drill.acts(site)
    text = said.out
    for _ in range(3):
        site.follow(text, acts)
        again = site.run("cab doctor --local")
        if again.code == 0:
            break
        text = again.out
    assert again.code == 0, "\n".join([*site.done, again.out])
    assert "no cause found" in again.out
    assert (site.unprotected(), site.letters()) == ([], 0)
    assert site.run("cab status --deep --local").code == 0
    drill.proves(site)


def test_every_drill_is_in_the_runbook() -> None:
    """The table of drills in docs/operations.md has each of them, and no other."""
    text = (
        (ROOT / "docs" / "operations.md")
        .read_text(encoding="utf-8")
        .partition("## Twelve drills")[2]
        .partition("\n## ")[0]
    )
    rows = re.findall(r"^\| ([^|]+) \|", text, re.MULTILINE)[2:]
    assert rows == list(DRILLS)
