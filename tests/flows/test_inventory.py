"""An inventory finds every backup of an account, in every region and on every page, and reads only."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_hbr20170908 import models as hbr

from tests.flows.backups import Backups, cross
from tests.flows.test_review import ports, reviewed  # noqa: F401 - a fixture
from tests.flows.world import PROD, TEST, World

GIB = 2**30


def inventory(answer: Any) -> Any:
    """What a withdrawal's answer says was there."""
    return answer["inventory"]


def withdraw(world: World, account_id: str = PROD) -> Any:
    """Withdraw by hand."""
    return world.call("teardown", {"accountId": account_id, "do": "withdraw"})


@pytest.fixture
def a(world: World) -> Backups:
    """The backup account of two enrolled members."""
    world.enrol(PROD)
    world.enrol(TEST)
    return Backups(world).open()


def test_every_kind_of_backup_is_found(world: World, a: Backups) -> None:
    """Bindings, plans, SAP HANA instances, clients, vaults and restorable points with the cloud's own sizes."""
    vault = a.vault()
    policy = a.policy(vault)
    a.bind(policy, "OSS", "prod-app-data")
    a.bind(a.policy(None, "instances"), "UDM_ECS", "i-prod0000000000001")
    a.plan(vault, "prod-app-data")
    a.api.install_backup_clients(hbr.InstallBackupClientsRequest(instance_ids=["i-prod0000000000001"], **cross(PROD)))
    hana = {"vault_id": vault, "ecs_instance_id": '["i-prod0000000000001"]', "hana_name": "erp", "sid": "HXE"}
    a.api.create_hana_instance(hbr.CreateHanaInstanceRequest(**hana, **cross(PROD)))
    a.run(policy)
    found = inventory(withdraw(world))
    assert len(found["bindings"]) == 3
    assert [one["instance"] for one in found["clients"]] == ["i-prod0000000000001"]
    assert [one["name"] for one in found["hana_instances"]] == ["erp"]
    assert [(one["name"], one["ours"]) for one in found["vaults"]] == [("central", True)]
    (point,) = found["restorable"]
    assert (point["source"], point["points"], point["bytes"]) == ("prod-app-data", 1, 5 * GIB)
    (unread,) = found["out_of_reach"]
    assert "backups of SAP HANA instance erp" in unread


@pytest.mark.usefixtures("a")
def test_every_region_is_read(world: World) -> None:
    """What is in another region than the first one is found there; a Tablestore table through its own listing."""
    shanghai = Backups(world, "cn-shanghai")
    policy = shanghai.policy(shanghai.vault(vault_type="OTS_BACKUP"))
    shanghai.bind(policy, "OTS", "prod-orders")
    shanghai.run(policy)
    found = inventory(withdraw(world))
    assert {(one["region"], one["source"], one["points"]) for one in found["restorable"]} == {
        ("cn-shanghai", "prod-orders", 2)
    }


def test_an_ecs_instances_disk_snapshots_are_found(world: World, a: Backups) -> None:
    """They are in no vault; the answer says who pays for them."""
    policy = a.policy(None, "instances")
    a.bind(policy, "UDM_ECS", "i-prod0000000000001")
    a.run(policy)
    answer = withdraw(world)
    (point,) = inventory(answer)["restorable"]
    assert (point["source_type"], point["vault_id"], point["points"]) == ("UDM_ECS", "", 1)
    assert [line for line in answer["warnings"] if f"disk snapshots of account {PROD}" in line]


def test_points_stay_found_when_nothing_backs_them_up_any_more(world: World, a: Backups) -> None:
    """Unbound data still can be restored, and counts."""
    policy = a.policy(a.vault())
    a.bind(policy, "OSS", "prod-app-data")
    a.run(policy)
    a.api.delete_policy_binding(
        hbr.DeletePolicyBindingRequest(policy_id=policy, source_type="OSS", data_source_ids=["prod-app-data"])
    )
    found = inventory(withdraw(world))
    assert found["bindings"] == []
    assert [one["source"] for one in found["restorable"]] == ["prod-app-data"]


def test_other_accounts_backups_are_not_in_it(world: World, a: Backups) -> None:
    """The backup account's own data and another member's are left out."""
    policy = a.policy(a.vault())
    a.bind(policy, "OSS", "test-app-data", TEST)
    a.run(policy)
    found = inventory(withdraw(world))
    assert (found["bindings"], found["restorable"], found["vaults"]) == ([], [], [])


@pytest.mark.parametrize("count", [0, 9, 10, 11, 98, 99, 100, 101])
def test_every_page_is_read(world: World, count: int) -> None:
    """However many points and plans there are, the inventory has them all."""
    state = many(world, count)
    world.cloud.load(state)
    world.key = world.cloud.as_function()
    found = inventory(withdraw(world))
    assert sum(one["points"] for one in found["restorable"]) == count
    assert len([one for one in found["bindings"] if not one["ours"]]) == count


def many(world: World, count: int) -> dict[str, Any]:
    """The state of the cloud with ``count`` foreign plans and as many restorable points of one bucket."""
    world.enrol()
    a = Backups(world).open()
    vault = a.vault()
    policy = a.policy(vault)
    a.bind(policy, "OSS", "prod-app-data")
    a.plan(vault, "prod-app-data", ours=False)
    a.run(policy)
    state: dict[str, Any] = world.cloud.state()
    for of in ("plans", "snapshots"):
        (one,) = state["hbr"][of].values()
        copies = [one | {"id": f"{one['id'][:-5]}{number:05d}"} for number in range(count)]
        state["hbr"][of] = {copy["id"]: copy for copy in copies}
    return state


def test_a_review_prints_it_and_writes_nothing(world: World, a: Backups, ports: Any) -> None:  # noqa: F811
    """The plan of a withdrawal has the inventory and the steps that switch off what is ours."""
    from shared.messages import Hint  # noqa: PLC0415

    policy = a.policy(a.vault())
    a.bind(policy, "OSS", "prod-app-data")
    a.run(policy)
    mark = world.mark()
    plan = reviewed(ports, PROD, hint=Hint.WITHDRAW)
    assert world.writes(mark) == []
    (account,) = plan["accounts"]
    assert account["inventory"]["restorable"][0]["source"] == "prod-app-data"
    assert account["steps"][0] == (
        "- switch off in cn-hangzhou: OSS prod-app-data to policy 'daily' (its backups stay)"
    )
