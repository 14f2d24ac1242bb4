"""A dump that is taken in the middle of everything, loaded into a fresh emulator, ends as the first one does."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_mns_open20220119 import models as mns
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from alibabacloud_tea_openapi.exceptions import ClientException
from mns.queue import Message

from tests.cloud import LocalCloud, local_cloud
from tests.emulator.deployed import ACCOUNT, call, control, project, queue, queue_arn, runs, settings, wait_for
from tests.emulator.fc.test_bus import failing
from tests.emulator.fc.test_triggers import FAIL, fed, timed
from tests.emulator.hbr.conftest import CROSS, bind, create_policy, create_role, create_vault, link, register
from tests.emulator.hbr.test_jobs import BUCKET, execute

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

ASIDE = {"destinationConfig": {"onFailure": {"destination": queue_arn("cab-dead-letters", "/messages")}}}
FUNCTIONS: dict[str, dict[str, Any]] = {
    "stubborn": failing("BACKOFF_RETRY", "dead", "CreateFolder"),
    "asynchronous": FAIL | {"asyncInvokeConfig": {"maxAsyncRetryAttempts": 3, **ASIDE}},
    "delayed": {},
    "batches": fed("batches", seconds=0),
    "aside": fed("aside", seconds=0, options={"deadLetterQueue": {"Arn": queue_arn("dead")}}) | FAIL,
    "blocked": fed("blocked", seconds=0, count=1, options={"errorsTolerance": "NONE"}) | FAIL,
    "letters": fed("letters", seconds=0),
    "often": timed("@every 10m"),
}
QUEUES = ("dead", "batches", "aside", "blocked", "letters")


@pytest.fixture
def clouds(tmp_path: Path) -> Iterator[tuple[LocalCloud, LocalCloud]]:
    """Two emulators with the same functions."""
    path = str(project(tmp_path, FUNCTIONS))
    with local_cloud("--functions", path) as first, local_cloud("--functions", path) as second:
        yield first, second


def under_way(cloud: LocalCloud) -> None:
    """Begin one of everything that takes its time; nothing of it has ended when this does."""
    backup = cloud.client("hbr", account="backup")
    create_role(cloud, link(cloud))
    register(backup)
    backup.open_hbr_service()
    policy_id = create_policy(backup, create_vault(cloud, backup))
    bind(backup, policy_id, "OSS", BUCKET)
    queues = {name: queue(cloud, name) for name in QUEUES}
    queues["blocked"].send_message(Message("never"))
    cloud.advance(300)
    queues["blocked"].send_message(Message("behind it"))
    queues["batches"].send_message(Message("later", 300))
    queues["aside"].send_message(Message("in vain"))
    policy = mns.CreateQueueRequestDlqPolicy(enabled=True, dead_letter_target_queue="letters", max_receive_count=1)
    cloud.client("mnsopen").create_queue(mns.CreateQueueRequest(queue_name="poison", dlq_policy=policy))
    poison = queue(cloud, "poison")
    poison.send_message(Message("received in vain"))
    poison.receive_message()
    call(cloud, "asynchronous", '{"n": 1}', x_fc_invocation_type="Async")
    call(cloud, "delayed", '{"n": 2}', x_fc_invocation_type="Async", x_fc_async_delay="200")
    root = cloud.state()["directory"]["root_folder"]
    cloud.client("resourcedirectory").create_folder(rd.CreateFolderRequest(parent_folder_id=root, folder_name="heard"))
    execute(backup, policy_id)
    for name in ("aside", "asynchronous", "stubborn"):
        wait_for(cloud, name, 1)


def end(cloud: LocalCloud) -> dict[str, Any]:
    """What has become of it, an hour later."""
    for _ in range(60):
        cloud.advance(60)
    state = cloud.state()
    kept = {name: one["messages"].values() for name, one in state["mns"]["queues"][ACCOUNT].items()}
    return {
        "runs": sorted((one["function"], one["source"], one["attempt"]) for one in runs(cloud)),
        "messages": {name: len(messages) for name, messages in kept.items()},
        "jobs": [(job["status"], job["completed_at"]) for job in state["hbr"]["jobs"].values()],
        "timers": state["fc"]["timers"],
        "waiting": (state["fc"]["events"], state["bus"]["deliveries"], state["bus"]["stopped"]),
    }


def test_what_is_under_way_ends_as_it_would_have(clouds: tuple[LocalCloud, LocalCloud]) -> None:
    """Retries, reports, delays, jobs, timers, a stopped stream: the fresh emulator ends where the first does."""
    first, second = clouds
    under_way(first)
    dumped = first.state()
    assert {one["function"] for one in dumped["fc"]["events"].values()} == {"asynchronous", "delayed"}
    assert {one["function"] for one in dumped["bus"]["deliveries"].values()} == {"stubborn", "aside"}
    second.load(dumped)
    ended = end(first)
    assert end(second) == ended
    assert ended["waiting"] == ({}, {}, ["blocked/feed"])
    assert [status for status, _ in ended["jobs"]] == ["COMPLETE"]
    assert {name: count for name, count in ended["messages"].items() if count} == {
        "dead": 2,
        "cab-dead-letters": 1,
        "blocked": 2,
    }
    assert Counter(name for name, _, _ in ended["runs"]) == {
        "stubborn": 4,
        "asynchronous": 4,
        "delayed": 1,
        "batches": 1,
        "aside": 4,
        "blocked": 4,
        "letters": 1,
        "often": 6,
    }


def answers(cloud: LocalCloud) -> list[str]:
    """The codes of some calls, each of which one of the settings decides; ids that are given out."""
    ram_client, found = cloud.client("ram"), []
    calls: list[Callable[[], Any]] = [
        *[lambda: ram_client.list_roles(ram.ListRolesRequest())] * 3,
        *[lambda: ram_client.get_role(ram.GetRoleRequest(role_name="cab-functions"))] * 20,
        *[cloud.client("sts").get_caller_identity] * 3,
        lambda: cloud.client("hbr", account="backup").delete_cross_account(hbr.DeleteCrossAccountRequest(**CROSS)),
    ]
    for one in calls:
        try:
            one()
            found.append("")
        except ClientException as refusal:
            found.append(str(refusal.code))
    return [*found, cloud.into("1000000000000011").access_key_id]


def test_what_was_set_stays_set(clouds: tuple[LocalCloud, LocalCloud]) -> None:
    """Guesses, quotas and planned failures with what is left of them, chances, the clock's speed."""
    first, second = clouds
    first.guess(delete_unknown_code="Gone")
    first.quotas(enabled=True, limits={"sts:GetCallerIdentity": 0.0001}, burst_seconds=40000)
    first.fault(service="ram", action="ListRoles", skip=4, status=400, code="Later")
    first.fault(service="ram", action="GetRole", probability=0.5, seed=7, count=None, status=400, code="Perhaps")
    settings(first, "clock", speed=1.5)
    before = answers(first)
    second.load(first.state())
    after = answers(first)
    assert answers(second) == after
    assert (before.count("Later"), after.count("Later")) == (0, 1)
    assert (before.count("Throttling.User"), after.count("Throttling.User")) == (0, 2)
    assert 0 < after.count("Perhaps") < 20
    assert "Gone" in after
    assert before[-1] != after[-1]
    assert control(second, "clock")["speed"] == 1.5
