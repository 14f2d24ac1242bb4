"""Back up now, restore, purge, and what status says of it all."""

from __future__ import annotations

import json
import re
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alibabacloud_hbr20170908.models import AddCrossAccountRequest
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from shared.kinds import KINDS
from tests.cli.console import Console, Ran
from tests.flows.backups import Backups
from tests.flows.test_backup_restore import all_end, without
from tests.flows.test_protection import INSTANCES, OSS, bound, configure, sweep
from tests.flows.world import BACKUP, PROD, SANDBOX, TEST, World

STRANGER = "1000000000000099"
ONCE = ("--kind", "ecs_instance", "--source", "i-prod0000000000001", "--region", "cn-hangzhou")
"""An instance that no policy has."""


@pytest.fixture
def a(world: World) -> Backups:
    """Two enrolled accounts whose buckets are bound to one policy."""
    a = Backups(world).open()
    configure(world, OSS)
    sweep(world, times=3)
    return a


def meanwhile(cab: Console, action: str, *words: str) -> Ran:
    """Run a verb that follows a job; once the job was started, time passes."""
    mark = cab.world.mark()
    with ThreadPoolExecutor(1) as pool:
        running = pool.submit(cab.local, *words)
        until = time.monotonic() + 40
        while action not in cab.world.calls(mark) and not running.done() and time.monotonic() < until:
            time.sleep(0.05)
        cab.world.cloud.advance(120)
        ran = running.result()
    cab.world.key = cab.world.cloud.as_function()
    return ran


def run_once(cab: Console, a: Backups) -> None:
    """Back everything up."""
    a.run(a.state("policies")[0]["id"])
    assert cab.world.cloud.state()["hbr"]["snapshots"]


def test_a_backup_is_started_and_followed_to_its_end(cab: Console, a: Backups) -> None:
    """The job is the cloud's; the verb ends with its status, items and bytes, and exit 0."""
    ran = meanwhile(cab, "ExecutePolicyV2", "backup", PROD, "--yes", "--json")
    assert ran.code == 0, ran.err
    (job,) = ran.json["jobs"].values()
    assert (job["status"], job["items"], job["bytes"]) == ("COMPLETE", 1, 5 * 2**30)
    assert [one["id"] for one in a.state("jobs")] == [job["job_id"]]
    assert [one["place"]["account_id"] for one in a.state("jobs")] == [PROD]


def test_accounts_are_shown_by_id_and_name(cab: Console, a: Backups, world: World) -> None:
    """Backup, restore and purge say whose data it is; where the directory may not be read, by the id alone."""
    run_once(cab, a)
    backed_up = cab.local("backup", PROD, "--no-wait", "--yes").out
    assert backed_up.startswith(f"{PROD} prod-app\n")
    words = ("restore", PROD, "--to", TEST, "--target", "test-app-data", "--no-wait", "--yes")
    assert f"from account {PROD} prod-app to account {TEST} test-app\n" in cab.local(*words).out
    assert cab.local("purge", PROD).out.startswith(f"{PROD} prod-app\n- ")
    world.cloud.fault(service="resourcedirectory", action="GetAccount", code="NoPermission", status=403, count=None)
    assert cab.local("purge", PROD).out.startswith(f"{PROD}\n- ")


@pytest.mark.usefixtures("a")
def test_a_backup_that_fails_is_not_done(cab: Console, world: World) -> None:
    """The verb exits 1 and shows why the job failed."""
    without(world, KINDS["oss"].needs)
    ran = cab.local("backup", PROD, "--yes")
    assert ran.code == 1
    assert "FAILED" in ran.out
    assert "NoPermission" in ran.out


def test_an_instance_that_is_not_bound_is_backed_up_once(cab: Console, world: World) -> None:
    """With its region it needs no policy; the emulator has the job with the account's role."""
    a = Backups(world).open()
    world.enrol(PROD)
    ran = meanwhile(cab, "CreateBackupJob", "backup", PROD, *ONCE, "--yes", "--json")
    assert ran.code == 0, ran.err
    (job,) = a.state("jobs")
    assert (job["source_type"], job["place"]["account_id"], job["status"]) == ("UDM_ECS", PROD, "COMPLETE")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["backup", PROD, "--kind", "ecs_database"], "console only"),
        (["backup", PROD, "--kind", "hana"], "console only"),
        (["backup", PROD, "--kind", "tape"], "kind not listed"),
        (["restore", PROD, "--kind", "hana"], "console only"),
        (["restore", PROD, "--kind", "ecs_instance", "--to", TEST], "goes back to its own account"),
        (["restore", PROD, "--at", "yesterday"], "expected a time"),
        (["restore", PROD, "--new-instance", "{}"], "expected also diskCategory"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_limit_is_refused_before_any_call(cab: Console, world: World, words: list[str], said: str) -> None:
    """Exit 2 with the rule and what would work instead; the cloud was not asked for anything but who we are."""
    mark = world.mark()
    ran = cab.local(*words, "--yes", "--json")
    assert (ran.code, ran.json["error"]["reason"]) == (2, "wrong_use")
    assert said in ran.json["error"]["what"]
    assert set(world.calls(mark)) <= {"GetCallerIdentity"}


@pytest.mark.parametrize(
    ("action", "words", "look"),
    [
        ("ExecutePolicyV2", ["backup", PROD], "DescribeBackupJobs2"),
        ("CreateBackupJob", ["backup", PROD, *ONCE], "DescribeBackupJobs2"),
        (
            "CreateRestoreJob",
            ["restore", PROD, "--overwrite", "--again", "prod-app-data"],
            "DescribeRestoreJobs2 --RestoreType OSS",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) and value.isalnum() else "",
)
def test_what_was_started_without_an_answer_is_not_started_again(
    cab: Console, a: Backups, world: World, action: str, *, words: list[str], look: str
) -> None:
    """There is one job, however often one might try; exit 1, and by which command one sees whether it was started."""
    run_once(cab, a)
    before = len(a.state("jobs")) + len(a.state("restores"))
    world.cloud.fault(service="hbr", action=action, phase="after", drop=True)
    ran = cab.local(*words, "--no-wait", "--yes", "--json")
    assert len(a.state("jobs")) + len(a.state("restores")) == before + 1
    assert (ran.code, ran.json["error"]["reason"]) == (1, "unreachable")
    assert "it may have been started" in ran.json["error"]["next"]
    assert f"`aliyun hbr {look} --region cn-hangzhou`" in ran.json["error"]["next"]


def test_production_data_is_restored_to_the_test_account(cab: Console, a: Backups) -> None:
    """Planned, started, followed; the emulator has a restore job into the other account's bucket."""
    run_once(cab, a)
    words = ("restore", PROD, "--kind", "oss", "--to", TEST, "--target", "test-app-data", "--path", "from-prod/")
    ran = meanwhile(cab, "CreateRestoreJob", *words, "--yes", "--json")
    assert ran.code == 0, ran.err
    assert ran.json["job"]["status"] == "COMPLETE"
    assert (ran.json["plan"]["source_account"], ran.json["plan"]["target_account"]) == (PROD, TEST)
    (job,) = a.state("restores")
    assert (job["place"]["account_id"], job["settings"]["TargetPrefix"]) == (TEST, "from-prod/")


def test_an_account_that_is_not_registered_cannot_be_restored_to(cab: Console, a: Backups, world: World) -> None:
    """Step 4 of the page, where the account is wanted and its region has no record; no restore is started."""
    run_once(cab, a)
    world.configure(scope=[{"name": "all", "enrol": True}])
    ran = cab.local("restore", PROD, "--to", SANDBOX, "--target", "x", "--yes", "--json")
    assert ran.code == 2
    assert "Step 4" in ran.json["error"]["what"]
    assert a.state("restores") == []


def stranger(world: World) -> str:
    """Somebody registered an account that neither the directory nor the configuration knows."""
    fields = {"cross_account_type": "CROSS_ACCOUNT", "cross_account_role_name": "theirs", "alias": "by hand"}
    request = AddCrossAccountRequest(cross_account_user_id=int(STRANGER), **fields)
    world.cloud.client("hbr", account="backup").add_cross_account(request)
    return STRANGER


def undeclared(world: World) -> str:
    """An account outside the scope was onboarded by hand."""
    assert world.enrol(SANDBOX)["disposition"] == "done"
    return SANDBOX


def leaving(world: World) -> str:
    """An account is being deleted, and is registered still."""
    world.cloud.client("resourcedirectory").delete_account(rd.DeleteAccountRequest(account_id=TEST))
    return TEST


def departed(world: World) -> str:
    """An account has left the directory, and is registered still."""
    state = world.cloud.state()
    del state["directory"]["members"][TEST]
    state["directory"]["deletions"] = {}
    world.cloud.load(state)
    return TEST


def test_to_be_registered_is_not_to_be_given_data(cab: Console, a: Backups, world: World) -> None:
    """Only what is wanted under central backup is restored to; the rule is named, and no restore is started."""
    run_once(cab, a)
    for target in (stranger, undeclared, leaving, departed):
        account = target(world)
        assert "cn-hangzhou" in world.registered(account)
        ran = cab.local("restore", PROD, "--kind", "oss", "--to", account, "--target", "x", "--yes", "--json")
        assert (ran.code, target.__name__) == (2, target.__name__), ran.out
        assert "data goes to enrolled accounts only" in ran.json["error"]["what"]
        assert "`external`" in ran.json["error"]["next"]
    assert "CreateRestoreJob" not in world.calls()


def test_the_backup_account_itself_can_be_restored_to(cab: Console, a: Backups, world: World) -> None:
    """It need not be wanted, nor registered with itself: the job is its own."""
    state = world.cloud.state()
    state["accounts"][BACKUP]["resources"] = [{"kind": "OSS", "id": "drill", "region": "cn-hangzhou"}]
    world.cloud.load(state)
    run_once(cab, a)
    words = ("restore", PROD, "--kind", "oss", "--to", "backup", "--target", "drill", "--no-wait", "--yes", "--json")
    ran = cab.local(*words)
    assert (ran.code, ran.json["plan"]["target_account"]) == (0, BACKUP), ran.err
    (job,) = a.state("restores")
    assert (job["place"]["kind"], job["settings"]["TargetBucket"]) == ("SELF_ACCOUNT", "drill")


def test_where_the_directory_cannot_be_read_nothing_is_restored_on_trust(
    cab: Console, a: Backups, world: World
) -> None:
    """A backup account that may not read the directory says so; what the configuration declares needs no directory."""
    state = world.cloud.state()
    state["directory"]["delegated"] = {}
    world.cloud.load(state)
    run_once(cab, a)
    words = ("restore", PROD, "--to", TEST, "--target", "test-app-data", "--no-wait", "--yes", "--json")
    ran = cab.local(*words)
    assert (ran.code, ran.json["error"]["reason"]) == (1, "directory_unavailable")
    assert "delegated administrator" in ran.json["error"]["next"]
    assert a.state("restores") == []
    world.configure(external=[{"account_id": TEST, "display_name": "test-app"}])
    assert cab.local(*words).code == 0


@pytest.mark.parametrize("outcome", ["PARTIAL_COMPLETE", "FAILED", "EXPIRED"])
def test_a_job_that_ends_badly_is_shown_as_such(cab: Console, a: Backups, world: World, outcome: str) -> None:
    """A backup, then a restore, that is partial, fails or times out: exit 1, its status, and no proof in status."""
    all_end(world, outcome)
    ran = meanwhile(cab, "ExecutePolicyV2", "backup", PROD, "--yes")
    assert (ran.code, f"  {outcome}  " in ran.out) == (1, True), ran.out
    found = cab.local("status", "--deep", "--json").json["backups"][PROD]
    assert found["state"] == "covered"
    assert found["kinds"][0]["last_failure"] == f"{outcome}: {outcome}"
    all_end(world, "COMPLETE")
    run_once(cab, a)
    all_end(world, outcome)
    words = ("restore", PROD, "--kind", "oss", "--to", TEST, "--target", "test-app-data", "--path", "x/")
    ran = meanwhile(cab, "CreateRestoreJob", *words, "--yes")
    assert (ran.code, f"  {outcome}  " in ran.out) == (1, True), ran.out
    assert [one["status"] for one in a.state("restores")] == [outcome]


def test_a_job_that_does_not_end_is_left_to_itself(cab: Console, a: Backups, world: World) -> None:
    """After the minutes that were given the verb says that it still runs, and exits 1; the job goes on."""
    all_end(world, "COMPLETE", seconds=1e6)
    ran = cab.local("backup", PROD, "--minutes", "0.02", "--yes")
    assert (ran.code, "  RUNNING  " in ran.out) == (1, True), ran.out
    assert "it goes on in Cloud Backup" in ran.out
    assert [one["status"] for one in a.state("jobs")] == ["RUNNING"]
    assert cab.local("status", "--deep", "--json").json["backups"][PROD]["state"] == "covered"


@pytest.mark.parametrize("words", [[], ["--overwrite"], ["--overwrite", "--again", "other"]], ids=" ".join)
def test_nothing_is_overwritten_unless_asked_twice(cab: Console, a: Backups, words: list[str]) -> None:
    """In place needs --overwrite and the source's id again; --yes answers neither."""
    run_once(cab, a)
    ran = cab.local("restore", PROD, "--yes", "--json", *words)
    assert ran.code == 2
    assert a.state("restores") == []


def test_asked_twice_it_is_overwritten(cab: Console, a: Backups) -> None:
    """With both answers the data goes back to where it was."""
    run_once(cab, a)
    words = ("restore", PROD, "--overwrite", "--again", "prod-app-data", "--no-wait", "--yes", "--json")
    ran = cab.local(*words)
    assert (ran.code, ran.json["plan"]["in_place"], ran.json["job"]["status"]) == (0, True, "RUNNING")
    assert len(a.state("restores")) == 1


def test_without_a_point_the_verb_says_what_there_is(cab: Console, a: Backups) -> None:
    """Exit 1, and the data sources that have points."""
    run_once(cab, a)
    ran = cab.local("restore", PROD, "--source", "no-such-bucket", "--yes", "--json")
    assert ran.code == 1
    assert "oss prod-app-data in cn-hangzhou" in ran.json["error"]["what"]


def test_which_points_there_are_is_told_where_none_is_as_asked_for(cab: Console, a: Backups, world: World) -> None:
    """From when to when, and the ids where they are few: what is told can be typed as --at and as --point."""
    run_once(cab, a)
    world.cloud.advance(3600)
    run_once(cab, a)
    world.key = world.cloud.as_function()
    ran = cab.local("restore", PROD, "--at", "2020-01-01T00:00", "--yes")
    told = r"oss prod-app-data in cn-hangzhou: 2 points from (\S+) to (\S+): (\S+), (\S+)$"
    found = re.search(told, ran.err, re.MULTILINE)
    assert (ran.code, found is not None) == (1, True), ran
    assert found is not None
    oldest, _, *ids = found.groups()
    assert set(ids) <= set(world.cloud.state()["hbr"]["snapshots"])
    again = ("--to", TEST, "--target", "test-app-data", "--no-wait", "--yes", "--json")
    for words in (("--at", oldest), ("--point", ids[0])):
        assert cab.local("restore", PROD, *words, *again).json["plan"]["point"] == ids[0]


def test_a_wrong_target_is_named(cab: Console, a: Backups) -> None:
    """A target that the cloud does not find was typed: it is named, and nobody is sent to config.yaml."""
    run_once(cab, a)
    ran = cab.local("restore", PROD, "--kind", "oss", "--to", TEST, "--target", "no-such-bucket", "--yes")
    assert (ran.code, a.state("restores")) == (1, [])
    assert f"the restore to no-such-bucket of account {TEST} was refused: CreateRestoreJob: " in ran.err
    assert "next: check --target: is no-such-bucket there, in cn-hangzhou" in ran.err
    assert "config.yaml" not in ran.err


def test_status_tells_how_far_each_account_is(cab: Console, a: Backups, world: World) -> None:
    """Covered by a binding, proved by a job, and with the age against the promise."""
    before = cab.local("status", "--deep", "--json").json["backups"]
    assert {account: found["state"] for account, found in before.items()} == {PROD: "covered", TEST: "covered"}
    run_once(cab, a)
    after = cab.local("status", "--json").json["backups"][PROD]
    assert after["state"] == "proved"
    assert after["kinds"][0]["promised_hours"] == 24
    assert after["kinds"][0]["age_hours"] <= 0.1
    for one in a.state("bindings"):
        a.suspend(one["policy_id"], one["data_source"])
    a.day(2)
    stale = cab.local("status")
    assert "0 of 2 accounts proved" in stale.out
    assert "48" in stale.out
    assert world.cloud.state()["hbr"]["jobs"]


def test_to_be_registered_and_not_backed_up_is_not_well(cab: Console, world: World, tmp_path: Path) -> None:
    """Report, status, doctor and explain name it, with what mends it: a sweep, or sources where the policy has none."""
    Backups(world).open()
    configure(world, {**OSS, "sources": [{"account": PROD, "id": "prod-app-data"}]})
    assert cab.local("bootstrap", "--yes").code == 0
    for account in (PROD, TEST):
        world.enrol(account)
    page = tmp_path / "page.html"
    assert "backups: 0 of 2 accounts proved" in cab.local("report", "--html", str(page)).out
    html = page.read_text(encoding="utf-8")
    assert '<li class="tile bad"><a href="#kinds"><strong>0 of 2</strong> <span>accounts proved</span>' in html
    assert "<tr class=short>" in html
    mend = {PROD: "cab reconcile", TEST: "by hand: name sources of the account in the backup policy buckets"}
    assert all(f"fix: {fix}" in cab.local("status").out for fix in mend.values())
    checks = {one["name"]: one["findings"] for one in cab.local("doctor", "--json").json["checks"]}
    (found,) = checks["backups"]
    assert (
        f"nothing is bound to a backup policy, and there is no backup in 2 accounts: {PROD}, {TEST}" in found["cause"]
    )
    for account, fix in mend.items():
        told = cab.local("explain", account, "--json").json
        assert any("to be registered is not to be safe" in one["says"] for one in told["sentences"])
        assert [one for one in told["fix"] if one.startswith(fix)]


def test_a_good_backup_of_everything_is_well(cab: Console, a: Backups) -> None:
    """What is on schedule waits for its first backup, which is no cause; once it is there, doctor says so."""

    def seen() -> list[tuple[str, str]]:
        checks = {one["name"]: one["findings"] for one in cab.local("doctor", "--json").json["checks"]}
        return [(one["state"], one["seen"]) for one in checks["backups"]]

    assert seen() == [("warning", f"oss: on schedule, and no backup was seen yet in 2 accounts: {PROD}, {TEST}")]
    run_once(cab, a)
    assert seen() == [("ok", "2 accounts, all with good backups as old as promised at most")]


def test_a_registration_without_a_look_at_the_role_is_not_called_protected(
    cab: Console, a: Backups, world: World
) -> None:
    """The role is gone: a glance says what it knows, a look finds out; by the directory no role is needed."""
    state = world.cloud.state()
    del state["accounts"][PROD]["roles"]["hbrcrossrole"]
    world.cloud.load(state)
    glance = cab.local("status")
    assert f"{PROD}   registered, not proven" in glance.out
    assert "protected only then" in glance.out
    assert not {"protected", "covered", "proved"} & {row.split()[1] for row in rows_of(glance.out)}
    deep = cab.local("status", "--deep", "--json").json["backups"]
    assert (deep[PROD]["state"], deep[TEST]["state"]) == ("unprotected", "covered")
    world.configure(enrolment={"authorization": "resource_directory"})
    world.key = world.cloud.as_function()
    sweep(world, "deep", times=2)
    by_directory = cab.local("status", "--json").json["backups"]
    assert {found["state"] for found in by_directory.values()} == {"covered"}
    assert a.state("bindings")


def rows_of(out: str) -> list[str]:
    """The lines about backups of the two accounts."""
    return [line.strip() for line in out.splitlines() if line.strip().startswith((PROD, TEST)) and "promised" in line]


def planned(cab: Console, account: str = PROD) -> Any:
    """The plan of a purge; it changes nothing."""
    mark = cab.world.mark()
    ran = cab.local("purge", account, "--json")
    assert ran.code == 0, ran.out
    assert not [action for action in cab.world.calls(mark) if action.startswith(("Delete", "Uninstall", "Update"))]
    return ran.json


def test_a_purge_is_planned_then_confirmed_then_done(cab: Console, a: Backups) -> None:
    """Out of a vault that others use the account's points go one by one; the vault and the others' points stay."""
    run_once(cab, a)
    others = a.points(TEST)
    plan = planned(cab)
    assert [line.split(" in cn-")[0].split(" s-")[0] for line in plan["delete"]] == [
        "unbind OSS prod-app-data to policy 'buckets'",
        "delete backup point",
    ]
    ran = cab.local("purge", PROD, "--reviewed", plan["hash"], "--again", PROD, "--json")
    assert (ran.code, len(ran.json["done"])) == (0, 2)
    assert (a.points(PROD), a.points(TEST), bound(a, TEST)) == ([], others, {"test-app-data": "OSS"})
    assert len(a.state("vaults")) == len(a.state("policies")) == 1


def test_a_vault_of_one_account_alone_goes_as_a_whole(cab: Console, world: World) -> None:
    """Its policies go before it; then nothing of the account's data is left."""
    a = Backups(world).open()
    configure(world, {**OSS, "sources": [{"account": PROD, "id": "prod-app-data"}]})
    sweep(world, times=3)
    run_once(cab, a)
    plan = planned(cab)
    ran = cab.local("purge", PROD, "--reviewed", plan["hash"][:12], "--again", PROD, "--json")
    assert ran.code == 0, ran.out
    assert (a.state("vaults"), a.state("policies"), a.state("bindings"), a.points()) == ([], [], [], [])


def test_what_is_foreign_survives_a_purge(cab: Console, a: Backups) -> None:
    """Vaults, policies, bindings, plans and points without our mark are named as left, and stay."""
    theirs = a.vault("theirs", ours=False)
    policy = a.policy(theirs, "theirs", ours=False)
    a.bind(policy, "OSS", "prod-app-data", ours=False)
    a.plan(theirs, "prod-app-data", ours=False)
    mixed = a.policy(a.state("vaults")[0]["id"], "mixed", ours=False)
    a.bind(mixed, "NAS", "1ca404prod", ours=False)
    a.run(policy)
    a.run(mixed)
    before = [one["id"] for one in a.state("snapshots")]
    plan = planned(cab)
    assert len(plan["delete"]) == 1
    cab.local("purge", PROD, "--reviewed", plan["hash"], "--again", PROD)
    assert [one["id"] for one in a.state("snapshots")] == before
    assert len(a.state("vaults")) == 2
    assert {one["data_source"] for one in a.state("bindings")} == {"prod-app-data", "1ca404prod", "test-app-data"}
    assert len(a.state("plans")) == 1


@pytest.mark.parametrize("again", [[], ["--again", TEST]], ids=["not again", "another id"])
def test_nothing_is_purged_unless_the_account_is_typed_again(cab: Console, a: Backups, again: list[str]) -> None:
    """The hash alone is not enough."""
    run_once(cab, a)
    points, plan = a.points(), planned(cab)
    ran = cab.local("purge", PROD, "--reviewed", plan["hash"], *again)
    assert ran.code == 2
    assert a.points() == points


@pytest.mark.parametrize("hash_", ["", "0" * 64, "short"], ids=["none", "wrong", "short"])
def test_nothing_is_purged_that_was_not_reviewed(cab: Console, a: Backups, hash_: str) -> None:
    """Without the hash of exactly this plan nothing is deleted, also where a point has been added since."""
    run_once(cab, a)
    old = planned(cab)["hash"]
    run_once(cab, a)
    points = a.points()
    for reviewed in (hash_, old):
        ran = cab.local("purge", PROD, "--reviewed", reviewed, "--again", PROD, "--json")
        assert ran.json.get("done", []) == []
        assert (ran.code == 0) == (reviewed == "")
    assert a.points() == points


def test_a_client_is_uninstalled_then_deleted_an_hour_later(cab: Console, world: World) -> None:
    """The page's order: the client goes first; the cloud lets it be deleted only an hour after its last heartbeat."""
    a = Backups(world).open()
    files = {**OSS, "kind": "ecs_files", "install_client": True}
    configure(world, {**files, "sources": [{"account": PROD, "id": "i-prod0000000000001"}]})
    sweep(world, times=4)
    run_once(cab, a)
    first = planned(cab)
    assert any("uninstall client" in line for line in first["delete"])
    cab.local("purge", PROD, "--reviewed", first["hash"], "--again", PROD)
    (client,) = world.cloud.state()["hbr"]["clients"].values()
    assert client["status"] == "UNINSTALLING"


def test_the_functions_role_cannot_purge(cab: Console, a: Backups, world: World) -> None:
    """The verb works with a person's credentials of the backup account; with others it says whose they are."""
    run_once(cab, a)
    points = a.points()
    key = world.cloud.key()
    environment: dict[str, str | None] = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
        "CLOUD_ENDPOINTS": json.dumps(world.cloud.endpoints),
    }
    ran = cab("purge", PROD, "--json", env=environment)
    assert (ran.code, ran.json["error"]["reason"]) == (1, "wrong_account")
    assert BACKUP in ran.json["error"]["what"]
    assert a.points() == points


def test_a_sap_hana_instance_is_registered_with_its_password_from_standard_input(cab: Console, world: World) -> None:
    """Without one nothing is registered: the password is in no option and no file."""
    a = Backups(world).open()
    a.vault()
    world.enrol(PROD)
    words = ("--region", "cn-hangzhou", "--name", "erp", "--instance", "i-prod0000000000001", "--host", "10.0.0.5")
    ran = cab.local("hana", PROD, *words, "--sid", "HXE", "--vault", "central", "--yes", "--json")
    assert (ran.code, "no password" in ran.json["error"]["what"]) == (2, True)
    assert world.cloud.state()["hbr"]["hanas"] == {}


def test_an_instance_s_plan_names_who_pays(cab: Console, world: World) -> None:
    """The billing rule of the page is shown in words with the plan of a restore."""
    a = Backups(world).open()
    configure(world, INSTANCES)
    sweep(world, times=2)
    run_once(cab, a)
    ran = cab.local(
        "restore", PROD, "--kind", "ecs_instance", "--overwrite", "--again", "i-prod0000000000001", "--no-wait", "--yes"
    )
    assert ran.code == 0, ran.err
    assert "the member account pays snapshot service fees and OSS request fees" in ran.out


def test_a_withdrawal_shows_the_inventory_with_sizes_and_who_pays(cab: Console, a: Backups, world: World) -> None:
    """What there is, line by line, from the plan and the withdrawal itself; with the prices that are configured."""
    run_once(cab, a)
    rule = {"name": "out", "accounts": [PROD], "enrol": False}
    world.configure(scope=[*world.config["scope"], rule])
    assert "a month" not in cab.local("plan", PROD).out
    world.configure(prices={"currency": "CNY", "vault_gib_month": 0.2})
    planned = cab.local("plan", PROD)
    assert "- switch off in cn-hangzhou: OSS prod-app-data" in planned.out
    assert "1 restorable point of prod-app-data in cn-hangzhou, vault central, 5.0 GiB" in planned.out
    assert "the backup account pays backup and restoration fees" in planned.out
    assert "1.02 CNY a month" in planned.out
    ended = cab.local("teardown", PROD, "--yes", "--direct")
    assert "1 restorable point of prod-app-data" in ended.out
    assert "backup data is kept" in ended.out
    assert "1.02 CNY a month" in ended.out


def test_a_plan_says_who_pays_for_what_it_will_back_up(cab: Console, world: World) -> None:
    """In words, with the step that backs it up; and what accounts share is shown as the sweep's."""
    Backups(world).open()
    configure(world, OSS)
    assert "vault missing: 'central' in cn-hangzhou" in cab.local("plan", PROD).out
    sweep(world, times=2)
    world.call("teardown", {"accountId": PROD, "do": "withdraw"})
    out = cab.local("plan", PROD).out
    assert "+ back up in cn-hangzhou: OSS prod-app-data to policy 'buckets'" in out
    assert "what the member account pays is not stated by the page" in out
