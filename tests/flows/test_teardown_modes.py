"""A withdrawal cannot hurt: keep switches off and keeps, block changes nothing, and neither touches what is foreign."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from alibabacloud_hbr20170908 import models as hbr

from tests.cloud import ROOT
from tests.flows.backups import Backups, cross
from tests.flows.platform import Platform
from tests.flows.test_inventory import withdraw
from tests.flows.world import BACKUP, PROD, TEST, World


@pytest.fixture
def a(world: World) -> Backups:
    """Backups of two members, ours and foreign ones, with restorable points."""
    world.enrol(PROD)
    world.enrol(TEST)
    a = Backups(world).open()
    vault = a.vault()
    policy = a.policy(vault)
    a.bind(policy, "OSS", "prod-app-data")
    a.bind(policy, "OSS", "test-app-data", TEST)
    a.plan(vault, "prod-app-data")
    foreign = a.policy(vault, "theirs", ours=False)
    a.bind(foreign, "NAS", "1ca404prod", ours=False)
    a.plan(a.vault("theirs", ours=False), "prod-app-data", ours=False)
    a.run(policy)
    a.run(foreign)
    return a


def running(a: Backups, account_id: str = PROD) -> list[str]:
    """What still backs the account up."""
    every = a.state("bindings") + a.state("plans")
    return sorted(
        one["data_source"] + "/" + one.get("name", one.get("policy_id", ""))
        for one in every
        if one["place"]["account_id"] == account_id and not one["disabled"]
    )


@pytest.mark.every_guess
def test_keep_switches_off_what_is_ours_and_keeps_every_point(world: World, a: Backups) -> None:
    """Bindings and plans of ours rest, then the account is deregistered, then its role goes; all data stays."""
    points, others, mark = a.points(), running(a, TEST), world.mark()
    assert len(points) == 2
    answer = withdraw(world)
    assert answer["state"] == "withdrawn"
    writes = [action for action in world.calls(mark) if action.startswith(("Update", "Disable", "Delete", "Detach"))]
    assert writes == [
        *("DisableBackupPlan", "UpdatePolicyBinding"),
        *["DeleteCrossAccount"] * len(world.regions),
        *("DetachPolicyFromRole", "DeleteRole"),
    ]
    assert a.points() == points
    assert running(a, TEST) == others


@pytest.mark.usefixtures("a")
def test_keep_says_what_goes_on_costing_and_what_is_foreign(world: World) -> None:
    """The report names the vaults, who pays, and what it left alone since somebody else made it."""
    text = "\n".join(withdraw(world)["warnings"])
    assert "backup data is kept: 2 restorable points in central (v-" in text
    assert f"goes on being billed to the backup account {BACKUP}" in text
    assert "not ours, so it is left as it is and goes on: NAS 1ca404prod to policy 'theirs'" in text
    assert "not ours, so it is left as it is and goes on: OSS prod-app-data by plan 'by-hand-prod-app-data'" in text


def test_what_is_foreign_is_never_changed(world: World, a: Backups) -> None:
    """Policies, bindings, plans and vaults without our mark are as they were."""

    def foreign() -> list[Any]:
        every = [one for of in ("vaults", "policies", "bindings", "plans") for one in a.state(of)]
        texts = [
            (one, one.get("description") or one.get("settings", {}).get("PolicyBindingDescription", ""))
            for one in every
        ]
        return [one for one, text in texts if "by hand" in text or one.get("name", "").startswith("by-hand")]

    before = foreign()
    assert len(before) == 4
    withdraw(world)
    assert foreign() == before


@pytest.mark.parametrize("days", [0, 1, 3])
def test_nothing_that_keep_does_makes_a_point_disappear(world: World, a: Backups, days: int) -> None:
    """Days later, every point that was there before the withdrawal is still there."""
    points = a.points()
    withdraw(world)
    a.day(days)
    assert set(points) <= set(a.points())


@pytest.mark.usefixtures("a")
def test_keep_twice_changes_nothing_more(world: World) -> None:
    """A second withdrawal writes nothing."""
    withdraw(world)
    state = world.cloud.state()["hbr"]
    mark = world.mark()
    assert withdraw(world)["state"] == "withdrawn"
    assert not [action for action in world.calls(mark) if action.startswith(("Update", "Disable", "Delete", "Detach"))]
    assert world.cloud.state()["hbr"]["bindings"] == state["bindings"]


@pytest.mark.parametrize("action", ["UpdatePolicyBinding", "DisableBackupPlan", "DeleteCrossAccount", "ListSnapshots"])
def test_a_withdrawal_that_is_interrupted_is_completed_by_the_next(world: World, a: Backups, action: str) -> None:
    """Whatever call fails, nothing is deregistered before its backups rest, and the next attempt ends it."""
    points = a.points()
    world.cloud.fault(service="hbr", action=action, phase="before", status=500, code="InternalError", count=1)
    assert withdraw(world)["disposition"] == "retry"
    if action != "DeleteCrossAccount":
        assert "cn-hangzhou" in world.registered(PROD)
    assert withdraw(world)["state"] == "withdrawn"
    assert (world.role(PROD), world.registered(PROD)) == (None, {})
    assert not [one for one in running(a) if "by-hand" not in one and one.startswith("prod-app-data")]
    assert set(points) <= set(a.points())


def with_a_job(world: World, seconds: float) -> None:
    """The account has a job that takes so long, and Cloud Backup lets nobody deregister it meanwhile."""
    world.enrol(PROD)
    world.cloud.guess(delete_while_running_code="CrossAccountInUse")
    state = world.cloud.state()
    for resource in state["accounts"][PROD]["resources"]:
        resource["seconds"] = seconds
    world.cloud.load(state)
    a = Backups(world).open()
    policy = a.policy(a.vault())
    a.bind(policy, "OSS", "prod-app-data")
    a.run(policy)
    assert [job["status"] for job in a.state("jobs")] == ["RUNNING"]


def test_a_withdrawal_waits_for_the_jobs_where_the_cloud_wants_that(world: World) -> None:
    """A refused deregistration is tried again, with a reason of its own, and is done when the jobs have ended."""
    with_a_job(world, 1000)
    answer = withdraw(world)
    assert (answer["disposition"], answer["reason"]) == ("retry", "deregistration_refused")
    assert "CrossAccountInUse" in answer["detail"]
    assert world.role(PROD)
    Platform(world).work_off()
    assert (world.role(PROD), world.registered(PROD)) == (None, {})
    assert world.dead_letters() == []


def test_a_deregistration_that_is_refused_for_days_is_told(world: World) -> None:
    """A job that does not end: a letter with the reason and the cloud's words, and an account that is as it was."""
    with_a_job(world, 10 * 86400)
    assert withdraw(world)["disposition"] == "retry"
    Platform(world).work_off()
    (letter,) = world.dead_letters()
    assert (letter["reason"], "CrossAccountInUse" in letter["detail"]) == ("deregistration_refused", True)
    assert world.role(PROD)


def test_block_changes_nothing_while_anything_can_be_restored(world: World, a: Backups) -> None:
    """The account stays registered, its role stays, its backups go on, and a person is asked."""
    world.configure(teardown={"mode": "block"})
    before, mark = running(a), world.mark()
    answer = withdraw(world)
    assert (answer["disposition"], answer["reason"]) == ("dead_letter", "restorable_data")
    assert "2 points" in answer["detail"]
    assert answer["inventory"]["restorable"]
    assert world.writes(mark) == []
    assert running(a) == before
    assert world.is_protected(PROD)
    assert [letter["reason"] for letter in world.dead_letters()] == ["restorable_data"]


def test_block_withdraws_where_nothing_can_be_restored(world: World) -> None:
    """Without any backup there is nothing to be asked about."""
    world.configure(teardown={"mode": "block"})
    world.enrol()
    Backups(world).open()
    assert withdraw(world)["state"] == "withdrawn"


def test_block_does_not_take_what_it_cannot_read_for_nothing(world: World) -> None:
    """An account whose only backups may be those of SAP HANA, which nothing lists for us, waits for a person too."""
    world.configure(teardown={"mode": "block"})
    world.enrol()
    a = Backups(world).open()
    hana = {"vault_id": a.vault(), "ecs_instance_id": '["i-prod0000000000001"]', "hana_name": "erp", "sid": "HXE"}
    a.api.create_hana_instance(hbr.CreateHanaInstanceRequest(**hana, **cross(PROD)))
    answer = withdraw(world)
    assert (answer["disposition"], answer["reason"]) == ("dead_letter", "restorable_data")
    assert "not known" in answer["detail"]
    assert world.is_protected(PROD)


@pytest.mark.usefixtures("a")
def test_block_does_not_mistake_a_failure_for_emptiness(world: World) -> None:
    """Where the points cannot be listed, nothing is withdrawn."""
    world.configure(teardown={"mode": "block"})
    mark = world.mark()
    world.cloud.fault(service="hbr", action="ListProtectedResources", phase="before", status=403, code="NoPermission")
    assert withdraw(world)["disposition"] == "dead_letter"
    assert world.writes(mark) == []


DELETING = (
    "DeleteVault",
    "DeleteSnapshot",
    "DeleteBackupClient",
    "DeletePolicyV2",
    "DeleteUdmEcsInstance",
    "Uninstall",
)


@pytest.mark.parametrize("file", ["functions.json", "backup-account.json"])
def test_the_functions_are_not_allowed_to_delete_data(file: str) -> None:
    """No policy of the functions allows deleting vaults, points, clients or policies, by name or by wildcard."""
    statements = json.loads((ROOT / "policies" / file).read_text(encoding="utf-8"))["Statement"]
    actions = [a for s in statements for a in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])]
    assert not [action for action in actions if "*" in action or action.removeprefix("hbr:").startswith(DELETING)]


def test_the_cloud_refuses_the_functions_role_all_the_same(world: World, a: Backups) -> None:
    """Asked with the functions' own session, the emulator refuses to delete a vault."""
    from alibabacloud_hbr20170908 import models as hbr  # noqa: PLC0415

    key = world.cloud.assume(f"acs:ram::{BACKUP}:role/cab-backup", key=world.key)
    client = world.cloud.client("hbr", key=key)
    (vault, *_) = a.state("vaults")
    with pytest.raises(Exception, match="NoPermission"):
        client.delete_vault(hbr.DeleteVaultRequest(vault_id=vault["id"]))


def test_the_shipped_configuration_keeps(world: World) -> None:
    """Nobody has to configure anything for data to be kept."""
    shipped = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
    assert shipped.get("teardown", {}).get("mode", "keep") == "keep"
    assert world.config.get("teardown", {}).get("mode", "keep") == "keep"
