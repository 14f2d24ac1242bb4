from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from cli.doctor import live
from cli.doctor.access import reads_of
from cli.doctor.checks import CHECKS
from tests.cli.console import READS, Console
from tests.cloud import ROOT
from tests.docs.documents import texts
from tests.flows.backups import Backups
from tests.flows.test_protection import OSS, configure
from tests.flows.world import BACKUP, MANAGEMENT, PROD, TEST, World

LOOKS = READS | {
    "GetCallerIdentity", "GetPolicy", "GetQueueAttributes", "LookupEvents", "GetFunction", "ListTriggers",
    "GetAsyncInvokeConfig", "GetConcurrencyConfig", "DescribeVaults", "DescribeBackupPlans", "DescribeHanaInstances",
    "DescribePoliciesV2", "DescribePolicyBindings", "ListProtectedResources", "ReceiveMessage",
    "DescribeBackupClients", "DescribeBackupJobs2", "DescribeHanaBackupPlans", "DescribeOtsTableSnapshots",
    "DescribeUdmSnapshots", "ListSnapshots",
    "ChangeMessageVisibility", "ListTrustedServiceStatus", "ListDelegatedAdministrators", "",
}  # fmt: skip
"""Everything that the doctor may call; the last one is its look at the cloud's clock."""


@pytest.fixture
def healthy(cab: Console, world: World) -> Console:
    """A landing zone in which everything is as it should be."""
    assert cab.local("bootstrap", "--yes").code == 0
    for account in (PROD, TEST):
        world.enrol(account)
    return cab


def checked(cab: Console) -> dict[str, list[dict[str, Any]]]:
    """Check → everything that it found."""
    return {check["name"]: check["findings"] for check in cab.local("doctor", "--json").json["checks"]}


def causes(cab: Console, *words: str) -> dict[str, list[dict[str, Any]]]:
    """Check → the findings that name a cause."""
    ran = cab.local("doctor", "--json", *words)
    found = {
        check["name"]: [one for one in check["findings"] if one["state"] == "cause"] for check in ran.json["checks"]
    }
    assert ran.code == (1 if any(found.values()) else 0)
    return {name: findings for name, findings in found.items() if findings}


def test_a_healthy_zone_has_no_cause(healthy: Console) -> None:
    """Every check looks, none names a cause, and nothing is written."""
    mark = healthy.world.mark()
    ran = healthy.local("doctor", "--json")
    assert (ran.code, ran.json["healthy"], ran.json["causes"]) == (0, True, 0)
    assert [check["name"] for check in ran.json["checks"]] == [check.name for check in CHECKS]
    assert all(check["findings"] for check in ran.json["checks"])
    assert set(healthy.world.calls(mark)) <= LOOKS


def test_the_canary_runs_the_deployed_function(healthy: Console) -> None:
    """--canary invokes the function with a marked event, times it, changes nothing, and says what it does not test."""
    mark = healthy.world.mark()
    ran = healthy.local("doctor", "--canary", "--config", "config.yaml")
    assert ran.code == 0
    assert "cab-onboard answered canary-" in ran.out
    assert "the rule itself is not tested by this" in ran.out
    assert healthy.world.writes(mark) == []
    logged = healthy.world.cloud._get("fc", function="cab-onboard")["logs"]["cab-onboard"]  # noqa: SLF001
    assert any("cab.doctor/canary-" in line for line in logged)


def test_a_configuration_that_is_not_deployed_is_named(healthy: Console, tmp_path: Path) -> None:
    """What is written here and not deployed does nothing: by its last sweep, and by the canary, doctor tells so."""
    deployed = tmp_path / "same.yaml"
    deployed.write_text((ROOT / "config.yaml").read_text(encoding="utf-8") + "# a comment\n", encoding="utf-8")
    assert healthy.local("reconcile", "--yes", "--config", str(deployed)).code == 0
    assert causes(healthy, "--canary", "--config", str(deployed)) == {}
    healthy.world.configure(teardown={"mode": "block"})
    found = causes(healthy, "--canary")
    fix = [f"make package && DEPLOY_ACCOUNT_ID={MANAGEMENT} DEPLOY_REGION=cn-hangzhou s deploy"]
    assert [(name, one["fix"]) for name in found for one in found[name]] == [("functions", fix), ("canary", fix)]
    assert "are deployed with another configuration than " in found["functions"][0]["cause"]


def test_a_fresh_zone_is_told_what_is_missing(cab: Console) -> None:
    """Before anything was made or enrolled, the causes are the first steps."""
    found = causes(cab)
    assert {one["fix"][0] for one in found["made"]} == {"cab bootstrap"}
    looked = checked(cab)
    [missing] = looked["coverage"]
    assert missing["fix"] == ["cab reconcile", f"cab explain {PROD}"]
    [entered] = looked["roles"]
    assert entered["seen"] == (
        "no account is registered, so no role was looked at; 2 of 2 wanted accounts could be entered"
    )


def test_each_check_says_what_it_looks_at() -> None:
    """Names are unique, and each check has its sentence."""
    assert len({check.name for check in CHECKS}) == len(CHECKS)
    assert all(check.what and not check.what.endswith(".") for check in CHECKS)


def test_what_is_deployed_is_compared_with_s_yaml(healthy: Console, tmp_path: Path) -> None:
    """Another setting, a trigger that is not there, and a function that is not there are told apart."""
    text = (ROOT / "s.yaml").read_text(encoding="utf-8")
    other = tmp_path / "s.yaml"
    changed = text.replace("timeout: 900", "timeout: 600").replace("every-night", "every-morning")
    other.write_text(changed.replace("functionName: cab-teardown", "functionName: cab-withdraw"), encoding="utf-8")
    found = causes(healthy, "--deployment", str(other))
    said = [one["cause"] for name in ("functions", "triggers") for one in found[name]]
    assert "cab-replay is deployed with other settings: timeout is 900, s.yaml says 600" in said
    assert "the function cab-withdraw is not deployed" in said
    assert any("cab-reconcile/every-morning is not there" in one for one in said)
    assert {fix for name in ("functions", "triggers") for one in found[name] for fix in one["fix"]} == {
        f"make package && DEPLOY_ACCOUNT_ID={MANAGEMENT} DEPLOY_REGION=cn-hangzhou s deploy"
    }


def test_every_read_of_the_functions_is_tried(healthy: Console) -> None:
    """Each read that the functions' policy in the backup account allows is made there; a denied one is a cause."""
    reads = reads_of(ROOT / "policies")
    mark = healthy.world.mark()
    assert causes(healthy) == {}
    tried = {entry["action"]: entry["code"] for entry in healthy.world.cloud.journal(since=mark, service="hbr")}
    assert {name: tried[name] for name in reads if tried[name]} == {}
    state = healthy.world.cloud.state()
    document = state["accounts"][BACKUP]["policies"]["cab-backup"]["document"]
    state["accounts"][BACKUP]["policies"]["cab-backup"]["document"] = document.replace(
        "hbr:ListSnapshots", "hbr:Nothing"
    )
    healthy.world.cloud.load(state)
    found = causes(healthy)["backup account"]
    assert ["ListSnapshots" in one["cause"] and one["fix"] == ["cab bootstrap"] for one in found] == [True, True]


def test_one_cause_has_one_fix(healthy: Console) -> None:
    """The role of the backup account lets nobody in: whatever cannot be read for that reason names no other fix."""
    state = healthy.world.cloud.state()
    role = state["accounts"][BACKUP]["roles"]["cab-backup"]
    role["trust"] = role["trust"].replace(MANAGEMENT, "1000000000000099")
    role["description"] = "made by hand"
    healthy.world.cloud.load(state)
    found = causes(healthy)
    assert {"made", "backup account", "coverage", "roles"} <= set(found)
    fixes = {fix for findings in found.values() for one in findings for fix in one["fix"]}
    assert fixes == {"cab bootstrap --adopt", "by hand: see in ActionTrail who let it in, and what it did"}
    for words in (["status"], ["explain", PROD]):
        assert "`cab doctor --local` says what is wrong with the role" in healthy.local(*words).err


def test_instances_and_quotas_must_agree(healthy: Console) -> None:
    """Quotas that are divided among fewer instances than s.yaml reserves are a cause, and how to agree is said."""
    healthy.world.configure(
        quotas={"instances": {"onboard": 3, "retry": 4, "teardown": 2, "reconcile": 1, "replay": 1}}
    )
    [one] = causes(healthy)["quotas"]
    assert "s.yaml reserves 4 instances, config.yaml divides the quotas among 3" in one["cause"]


def test_broken_roles_are_found(healthy: Console) -> None:
    """A role that trusts somebody else is a cause that names whom, with the sweep that repairs it as its fix."""
    state = healthy.world.cloud.state()
    role = state["accounts"][PROD]["roles"]["hbrcrossrole"]
    trust = json.loads(role["trust"])
    trust["Statement"][0]["Principal"]["RAM"].append(f"acs:ram::{TEST}:root")
    role["trust"] = json.dumps(trust)
    healthy.world.cloud.load(state)
    found = causes(healthy)
    assert set(found) == {"roles"}
    assert [one["fix"] for one in found["roles"]] == [["cab reconcile --all"]]
    assert found["roles"][0]["cause"].startswith(f"trust too wide in 1 account: {PROD}; to do in {PROD}: update role")
    assert found["roles"][0]["cause"].endswith(f"removing acs:ram::{TEST}:root")
    assert healthy.local("reconcile", "--all", "--yes", "--direct").code == 0
    assert causes(healthy) == {}


def test_a_trigger_with_another_pattern_is_found(healthy: Console, tmp_path: Path) -> None:
    """A rule that listens for other events than s.yaml says is named."""
    other = tmp_path / "s.yaml"
    text = (ROOT / "s.yaml").read_text(encoding="utf-8")
    other.write_text(text.replace('["acs.resourcemanager"]', '["acs.ram"]', 1), encoding="utf-8")
    [one] = causes(healthy, "--deployment", str(other))["triggers"]
    assert "cab-onboard/directory-joined" in one["cause"]
    assert "acs.ram" in one["cause"]


def test_rules_that_do_nothing_are_found(healthy: Console) -> None:
    """A folder or an account that is gone, a rule that never wins, and an external that is a member are named."""
    rules = [
        {"name": "sandboxes keep their own backups", "folder": "fd-sandbox0001", "enrol": False},
        {"name": "gone", "folder": "fd-gone0000001"},
        {"name": "left", "accounts": ["1000000000000777"]},
        {"name": "never", "tags": {"colour": "red"}},
    ]
    healthy.world.configure(scope=rules, external=[{"account_id": PROD, "display_name": "prod"}])
    said = [one["cause"] for one in causes(healthy)["configuration"]]
    assert len(said) == 4
    assert ["'gone'" in said[0], "'left'" in said[1], "'never'" in said[2], PROD in said[3]] == [True] * 4


def test_directory_mode_needs_its_permissions(healthy: Console) -> None:
    """Where the authorization is by the directory, trusted service and delegation are looked at."""
    healthy.world.configure(enrolment={"authorization": "resource_directory"})
    assert "directory mode" not in causes(healthy)
    state = healthy.world.cloud.state()
    state["directory"]["trusted_services"], state["directory"]["delegated"] = [], {}
    healthy.world.cloud.load(state)
    first, second = causes(healthy)["directory mode"]
    assert "trusted service" in first["cause"]
    assert second["fix"][0].startswith(
        f"aliyun resourcedirectorymaster RegisterDelegatedAdministrator --AccountId {BACKUP}"
    )


def test_the_webhook_is_tried_without_sending(healthy: Console) -> None:
    """An address that does not answer is a cause, with its host and without what may be a key in it."""
    env: dict[str, str | None] = {"CAB_WEBHOOK_URL": "http://127.0.0.1:9/robot?access_token=hush"}
    ran = healthy("doctor", "--local", "--json", env=env)
    [said] = [one for check in ran.json["checks"] if check["name"] == "webhook" for one in check["findings"]]
    assert "127.0.0.1:9 does not answer" in said["cause"]
    assert "hush" not in ran.out


def test_that_nobody_is_told_is_a_warning(healthy: Console) -> None:
    """Without a webhook nothing is broken, and the doctor says what to set so that people are told of dead letters."""
    [said] = checked(healthy)["webhook"]
    assert (said["state"], "set CAB_WEBHOOK_URL where you deploy" in said["seen"]) == ("warning", True)


def test_credentials_of_another_account_are_named(healthy: Console) -> None:
    """With the backup account's key the cause is the key, and nothing crashes."""
    key = healthy.world.cloud.key("backup")
    keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret}
    endpoints = json.dumps(healthy.world.cloud.endpoints)
    ran = healthy("doctor", "--json", env={**keys, "CLOUD_ENDPOINTS": endpoints})
    [first] = ran.json["checks"][0]["findings"]
    assert ran.code == 1
    assert first["cause"] == f"these credentials are of account {BACKUP}, the management account is {MANAGEMENT}"


@pytest.fixture
def yesterday() -> Iterator[str]:
    """An endpoint whose clock is a day behind, and which refuses everything."""

    class Refusing(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response_only(400)
            self.send_header("Date", "Sat, 01 Jan 2000 00:00:00 GMT")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_POST = do_GET  # noqa: N815 - named so by the standard library

        def log_message(self, *_: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Refusing)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def test_a_wrong_clock_is_named(healthy: Console, yesterday: str) -> None:
    """A clock that differs from the cloud's by more than minutes is a cause; what cannot be asked is said so."""
    key = healthy.world.cloud.key()
    keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret}
    endpoints = json.dumps({**healthy.world.cloud.endpoints, "sts": yesterday})
    ran = healthy("doctor", "--json", env={**keys, "CLOUD_ENDPOINTS": endpoints})
    said = {check["name"]: check["findings"][0]["cause"] for check in ran.json["checks"]}
    assert "this machine's clock is wrong by" in said["clock"]
    assert "could not be looked at" in said["credentials"]


def test_live_checks_answer_and_say_how(healthy: Console) -> None:
    """Every question of the page is there; what a read tells is answered and says what to put where."""
    created = healthy.world.create("new")
    healthy.world.cloud.advance(0)
    assert healthy.world.is_protected(created)
    mark = healthy.world.mark()
    rows = {one["question"]: one for one in healthy.local("doctor", "--live-checks", "--json").json["live_checks"]}
    assert [question for question in rows if f"| {question} |" not in texts()["docs/live-checks.md"]] == []
    assert set(live.READ) | {live.SECOND, live.CODE} <= set(rows)
    assert rows["In which region are they published and kept?"]["put"].startswith("region: cn-hangzhou")
    assert rows["Does the 3.0 path accept the signature of fc2?"]["put"] == "functions: {way: fc2-3.0}"
    assert rows["Under which source and type?"]["answer"].startswith(
        "acs.resourcemanager, resourcemanager:ActionTrail:ApiCall (the last at 20"
    )
    assert rows[live.SECOND]["answer"] == ""
    assert "aliyun hbr AddCrossAccount" in rows[live.SECOND]["how"]
    assert [action for action in healthy.world.writes(mark) if action != "CreateSession"] == []


@pytest.mark.parametrize(
    ("cloud", "put"),
    [
        ({"duplicate_code": "Twice"}, "duplicate_codes: [Twice]"),
        ({"second_add_cross_account": "double"}, "second_registration: doubled"),
        ({"second_add_cross_account": "update"}, "nothing: that is as good"),
    ],
    ids=["refused", "doubled", "updated"],
)
def test_a_second_registration_is_tried_on_demand(healthy: Console, cloud: dict[str, str], put: str) -> None:
    """With --account and a yes it is found out what a second registration does; afterwards there is one, as before."""
    healthy.world.cloud.guess(**cloud)
    ran = healthy.local("doctor", "--account", PROD, "--yes", "--json")
    answered = " ".join(one["put"] for one in ran.json["live_checks"])
    assert put in answered
    assert healthy.world.is_protected(PROD)
    assert healthy.local("doctor", "--account", PROD).code == 2


def test_what_two_sweeps_made_twice_is_named(cab: Console, world: World, tmp_path: Path) -> None:
    """A vault and a policy of ours that are there twice are causes: which is used, which is spare, and what to do.

    Status says the same, and the report has them beside the drift of accounts.
    """
    a = Backups(world).open()
    configure(world, OSS)
    for _ in range(2):
        a.policy(a.vault("central"), "buckets")
    found = [one for one in causes(cab)["coverage"] if "doubled" in one["cause"]]
    assert [one["cause"].partition(":")[0] for one in found] == ["vault doubled", "backup policy doubled"]
    assert all(" is used, " in one["cause"] and "delete it once it is empty" in one["fix"][0] for one in found)
    status = cab.local("status").out
    assert all(f"{one['cause']}\nfix: {one['fix'][0]}\n" in status for one in found)
    page = tmp_path / "coverage.html"
    assert cab.local("report", "--html", str(page)).code == 0
    assert '<td data-head="Kind of drift">vault doubled</td>' in page.read_text(encoding="utf-8")
