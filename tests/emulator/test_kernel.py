"""The machinery that all services share: start, chain, faults, clock, quotas, guesses, journal, zones."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from alibabacloud_sts20150401 import models as sts
from alibabacloud_tea_openapi.exceptions import ThrottlingException
from darabonba.exceptions import UnretryableException

from tests.cloud import local_cloud
from tests.emulator.refusals import refused
from tests.emulator.signing import acs3, refusal, send

if TYPE_CHECKING:
    from pathlib import Path

    from tests.cloud import LocalCloud

MEMBER = "1000000000000012"
TRUST = (
    '{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole",'
    '"Principal":{"RAM":["acs:ram::1000000000000001:root"]}}]}'
)


def create(cloud: LocalCloud, name: str = "reader") -> Any:
    request = ram.CreateRoleRequest(role_name=name, assume_role_policy_document=TRUST)
    return cloud.client("ram").create_role(request)


def names(cloud: LocalCloud) -> set[str]:
    return set(cloud.state()["accounts"]["1000000000000001"]["roles"]) - {"cab-functions"}


def get(cloud: LocalCloud) -> Any:
    return cloud.client("ram").get_role(ram.GetRoleRequest(role_name="cab-functions"))


def call(cloud: LocalCloud, action: str, version: str = "2015-05-01", **query: str) -> httpx.Request:
    return acs3(cloud.endpoints["ram"], cloud.key(), action, version, query)


def test_the_ready_line_tells_everything(cloud: LocalCloud) -> None:
    """Endpoints of every service, the accounts, and the operators' keys are in the first line."""
    services = {"ram", "sts", "resourcedirectory", "resourcemanager", "actiontrail", "mnsopen", "hbr", "mns", "fc"}
    assert set(cloud.endpoints) == services | {"logs", "control"}
    assert {"cn-hangzhou", "cn-shanghai", "ap-southeast-1", "eu-central-1", "us-east-1"} <= set(cloud.endpoints["hbr"])
    assert cloud.accounts["management"] == "1000000000000001"
    assert cloud.accounts["backup"] in cloud.accounts["members"]
    for account in ("management", "backup"):
        who = cloud.client("sts", account=account).get_caller_identity().body
        assert who.account_id == cloud.accounts[account]


def test_it_ends_on_sigterm_and_keeps_its_state(tmp_path: Path) -> None:
    """With --state, what was there at SIGTERM is there at the next start, the time included."""
    kept = tmp_path / "state.json"
    with local_cloud("--state", str(kept)) as first:
        create(first)
        now = first.advance(86400)
    assert first.process.returncode == 0
    with local_cloud("--state", str(kept)) as second:
        assert names(second) == {"reader"}
        assert second.advance(0) >= now


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--zone", "absent.yaml"], "absent.yaml"),
        (["--zone", "broken.yaml"], "no YAML"),
        (["--zone", "poor.yaml"], "backup: Field required"),
        (["--guess", "x=y"], "x: Extra inputs are not permitted"),
        (["--guess", "registrations=lunar"], "'regional' or 'global'"),
        (["--guess", "x"], "a guess is KEY=VALUE"),
        (["--state", "poor.json"], "x: Extra inputs are not permitted"),
        (["--state", "empty.json"], "there is no account"),
        (["--functions", "absent.yaml"], "absent.yaml"),
        (["--coverage", "absent.md"], "absent.md"),
        (["--ready", "absent/ready.json"], "absent/ready.json"),
        (["--host", "192.0.2.1"], "192.0.2.1"),
    ],
    ids=str,
)
def test_it_does_not_start_on_nonsense(tmp_path: Path, options: list[str], reason: str) -> None:
    """What is wrong with an option, or in its file, is said in a line or two, and nothing is written."""
    texts = {"broken.yaml": "a: [", "poor.yaml": 'management: "1"', "poor.json": '{"x": 1}', "empty.json": "{}"}
    for name, text in texts.items():
        (tmp_path / name).write_text(text)
    command = [sys.executable, "-m", "emulator", *options]
    ended = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  # our own
    assert (ended.returncode, ended.stdout) == (2, "")
    assert reason in ended.stderr
    assert "Traceback" not in ended.stderr
    assert {path.name: path.read_text() for path in tmp_path.iterdir()} == texts


def test_a_second_one_does_not_orphan_the_first(tmp_path: Path) -> None:
    """Another one does not start over the file of the ready line of one that lives; a stale one is in nobody's way."""
    ready = tmp_path / "ready.json"
    ready.write_text(json.dumps({"endpoints": {"control": "http://127.0.0.1:9/_emulator"}}), encoding="utf-8")
    with local_cloud("--ready", str(ready)) as first:
        command = [sys.executable, "-m", "emulator", "--ready", str(ready)]
        second = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603  # our own
        assert (second.returncode, second.stdout) == (2, "")
        assert f"an emulator is running already: {ready} names it" in second.stderr
        assert json.loads(ready.read_text(encoding="utf-8"))["endpoints"] == first.endpoints
    assert not ready.exists()


def test_an_unknown_action_is_refused(cloud: LocalCloud) -> None:
    """An action that is not emulated is loudly not found."""
    assert refusal(call(cloud, "CreateEverything")) == (404, "InvalidApi.NotFound")


def test_another_version_is_refused(cloud: LocalCloud) -> None:
    """A service speaks one version."""
    assert refusal(call(cloud, "GetRole", "2020-01-01", RoleName="x")) == (400, "InvalidVersion")


@pytest.mark.parametrize(
    ("action", "query", "code"),
    [
        ("GetRole", {}, "MissingParameter.RoleName"),
        ("GetRole", {"RoleName": ""}, "MissingParameter.RoleName"),
        ("GetRole", {"RoleName": "a", "Rolename": "a"}, "UnknownParameter.Rolename"),
        ("GetRole", {"RoleName.1": "a"}, "UnknownParameter.RoleName.1"),
        ("ListRoles", {"MaxItems": "ten"}, "InvalidParameter.MaxItems"),
        ("ListRoles", {"Tag": "{"}, "InvalidParameter.Tag"),
        ("DeletePolicy", {"PolicyName": "a", "CascadingDelete": "yes"}, "InvalidParameter.CascadingDelete"),
    ],
)
def test_parameters_are_checked(cloud: LocalCloud, action: str, query: dict[str, str], code: str) -> None:
    """What is missing, unknown or of the wrong type is refused."""
    assert refusal(call(cloud, action, **query)) == (400, code)


def test_a_refusal_has_the_gateway_s_envelope(cloud: LocalCloud) -> None:
    """RequestId, HostId, Code, Message and Recommend, in JSON."""
    response = send(call(cloud, "GetRole", RoleName="absent"))
    assert response.headers["content-type"] == "application/json;charset=utf-8"
    assert response.json().keys() == {"RequestId", "HostId", "Code", "Message", "Recommend"}


def test_the_trail_has_refused_calls_too(cloud: LocalCloud) -> None:
    """A write that was authenticated and refused is an event with its error."""
    refused(create, cloud, "a_b")
    events = [kept["event"] for kept in cloud.state()["trail"]["events"]["1000000000000001"]]
    assert [event["errorCode"] for event in events] == ["InvalidParameter.RoleName.InvalidChars"]


def test_a_fault_before_leaves_nothing_behind(cloud: LocalCloud) -> None:
    """Nothing was done, and the second try works."""
    cloud.fault(service="ram", action="CreateRole", status=503, code="ServiceUnavailable")
    assert refused(create, cloud) == (503, "ServiceUnavailable")
    assert names(cloud) == set()
    create(cloud)
    assert names(cloud) == {"reader"}


def test_a_fault_after_hides_what_was_done(cloud: LocalCloud) -> None:
    """The work is done though the caller is told otherwise; the journal knows."""
    cloud.fault(service="ram", action="CreateRole", phase="after", status=500)
    assert refused(create, cloud) == (500, "InternalError")
    assert names(cloud) == {"reader"}
    (entry,) = cloud.journal(action="CreateRole")
    assert (entry["status"], entry["fault"]) == (200, "after")
    assert refused(create, cloud) == (409, "EntityAlreadyExists.Role")


@pytest.mark.parametrize(("phase", "done"), [("before", set()), ("after", {"reader"})])
def test_a_connection_can_drop(cloud: LocalCloud, phase: str, done: set[str]) -> None:
    """The caller gets no answer at all, before or after the work."""
    cloud.fault(service="ram", phase=phase, drop=True)
    with pytest.raises(UnretryableException, match=r"without response|reset by peer"):
        create(cloud)
    assert names(cloud) == done


def test_a_fault_can_answer_anything(cloud: LocalCloud) -> None:
    """A proxy's HTML, which no SDK can read, or Cloud Backup's refusal within HTTP 200."""
    cloud.fault(service="ram", status=502, body="<html>Bad Gateway</html>")
    with pytest.raises(UnretryableException, match="json"):
        get(cloud)
    cloud.fault(service="hbr", status=200, body={"Success": False, "Code": "InternalError", "Message": "later"})
    body = cloud.client("hbr").describe_cross_accounts(hbr.DescribeCrossAccountsRequest()).body
    assert (body.success, body.code) == (False, "InternalError")


def test_a_fault_can_say_when_to_come_back(cloud: LocalCloud) -> None:
    """A header makes the SDK raise its throttling error with the wait in milliseconds."""
    cloud.fault(service="ram", status=429, code="Throttling.User", headers={"x-acs-retry-after": "1500"})
    with pytest.raises(ThrottlingException) as caught:
        get(cloud)
    assert (caught.value.code, caught.value.retry_after) == ("Throttling.User", 1500)


def test_a_fault_can_take_its_time(cloud: LocalCloud) -> None:
    """A fault without a status only delays."""
    cloud.fault(service="ram", latency_ms=150)
    began = time.monotonic()
    get(cloud)
    assert time.monotonic() - began >= 0.15


def test_a_fault_hits_as_often_as_it_says(cloud: LocalCloud) -> None:
    """A count is used up, null is for ever, and clear ends them all."""
    cloud.fault(service="ram", status=503, count=2)
    for _ in range(2):
        assert refused(get, cloud)[0] == 503
    get(cloud)
    cloud.fault(service="*", status=503, count=None)
    for _ in range(3):
        assert refused(get, cloud)[0] == 503
    cloud.fault(clear=True)
    get(cloud)


def test_a_fault_hits_whom_it_says(cloud: LocalCloud) -> None:
    """Account, action and region narrow a fault."""
    cloud.fault(service="ram", account=MEMBER, status=503, count=None)
    cloud.fault(service="ram", action="DeleteRole", status=503, count=None)
    cloud.fault(service="hbr", region="cn-shanghai", status=503, count=None)
    get(cloud)
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    assert refused(inside.list_roles, ram.ListRolesRequest())[0] == 503
    cloud.client("hbr").describe_regions()
    assert refused(cloud.client("hbr", region="cn-shanghai").describe_regions)[0] == 503


def test_chance_can_be_repeated(cloud: LocalCloud) -> None:
    """A probability hits the same calls with the same seed, and some but not all of them."""

    def hits() -> list[bool]:
        cloud.fault(clear=True)
        cloud.fault(service="ram", status=503, count=None, probability=0.5, seed=7)
        return [send(call(cloud, "GetRole", RoleName="cab-functions")).status_code == 503 for _ in range(20)]

    first = hits()
    assert first == hits()
    assert 0 < sum(first) < 20


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("faults", {"status": 500}),
        *(
            ("faults", {"service": "ram", **odd})
            for odd in (
                *({"phase": "during"}, {"odd": 1}, {"service": "rma"}, {"action": "CreateRol"}, {"probability": 2}),
                *(
                    {"count": 0},
                    {"skip": -1},
                    {"latency_ms": -1},
                    {"status": 42},
                    {"service": "*", "action": "Nothing"},
                ),
            )
        ),
        *(("quotas", {"limits": {name: 1}}) for name in ("ram:CreateRol", "rma:*", "GetRole")),
        ("quotas", {"limits": {"ram:GetRole": -1}}),
        ("quotas", {"enable": True}),
        ("clock", {"advnace": 60}),
        ("load", {"accounts": {}}),
        ("load", {"acounts": {}}),
        ("reset", {"zones": "large"}),
        ("assume", {"account": "1000000000000001", "role": "cab-functions", "sevrice": "x"}),
        ("bus", {"duplicates": 1}),
        ("trail", {"lag": 1}),
        ("journal?colour=red", None),
        ("held?second=1", None),
        ("fc?functoin=x", None),
    ],
    ids=str,
)
def test_what_is_asked_of_the_control_api_must_make_sense(cloud: LocalCloud, path: str, body: Any) -> None:
    """A misspelt name, of a setting, a service or an action, is refused; in silence it would never do anything."""
    create(cloud)
    url = f"{cloud.endpoints['control']}/{path}"
    response = httpx.get(url, trust_env=False) if body is None else httpx.post(url, json=body, trust_env=False)
    assert (response.status_code, response.json().keys()) == (400, {"error"})
    assert names(cloud) == {"reader"}
    get(cloud)


def test_quotas_are_off_until_switched_on(cloud: LocalCloud) -> None:
    """As many calls as come are answered, unless a test wants quotas."""
    for _ in range(110):
        get(cloud)


def test_published_quotas_bite_when_on(cloud: LocalCloud) -> None:
    """Beyond the published rate of an API calls are refused with Throttling.User and do nothing."""
    cloud.quotas(enabled=True)
    query = {"AssumeRolePolicyDocument": TRUST}
    calls = [call(cloud, "CreateRole", RoleName=f"r{number}", **query) for number in range(80)]
    with httpx.Client(trust_env=False) as client:
        answers = [client.send(each) for each in calls]
    refusals = [(answer.status_code, answer.json()["Code"]) for answer in answers if answer.status_code != 200]
    assert set(refusals) == {(400, "Throttling.User")}
    assert 20 <= len(names(cloud)) == 80 - len(refusals)


def test_quotas_are_per_account_and_fill_up(cloud: LocalCloud) -> None:
    """Another account has its own bucket, and time fills it."""
    cloud.quotas(enabled=True, limits={"ram:CreateRole": 0.001})
    create(cloud)
    assert refused(create, cloud, "more") == (400, "Throttling.User")
    inside = cloud.client("ram", key=cloud.into(MEMBER))
    inside.create_role(ram.CreateRoleRequest(role_name="reader", assume_role_policy_document=TRUST))
    cloud.advance(1000)
    create(cloud, "more")
    assert names(cloud) == {"reader", "more"}


def test_quotas_can_be_set(cloud: LocalCloud) -> None:
    """Limits, status and the retry-after header are settings."""
    cloud.quotas(enabled=True, limits={"ram:GetRole": 0.001}, status=429, retry_after_ms=800)
    get(cloud)
    with pytest.raises(ThrottlingException) as caught:
        get(cloud)
    assert (caught.value.code, caught.value.status_code, caught.value.retry_after) == ("Throttling.User", 429, 800)


def test_time_moves_forward_only(cloud: LocalCloud) -> None:
    """Advancing moves what the services call now; going back is refused."""
    before = cloud.advance(0)
    assert cloud.advance(3600) >= before + 3600
    made = create(cloud).body.role.create_date
    assert made == time.strftime("%Y-%m-%dT%H", time.gmtime(before + 3600)) + made[13:]
    response = httpx.post(f"{cloud.endpoints['control']}/clock", json={"advance": -1}, trust_env=False)
    assert response.status_code == 400


def test_the_journal_tells_who_did_what_and_why(cloud: LocalCloud) -> None:
    """Principal, parameters, outcome, and the policy and statement that decided are kept of every request."""
    create(cloud)
    refused(create, cloud)
    first, second = cloud.journal(service="ram")
    assert first["principal"] == "acs:ram::1000000000000001:user/operator"
    assert first["params"]["RoleName"] == "reader"
    assert first["decision"]["source"] == "System:AdministratorAccess"
    assert first["decision"]["statement"] == {"Effect": "Allow", "Action": "*", "Resource": "*"}
    assert (second["status"], second["code"]) == (409, "EntityAlreadyExists.Role")
    assert cloud.journal(since=first["seq"], service="ram") == [second]
    assert cloud.journal(code="EntityAlreadyExists.Role", service="ram") == [second]


def test_the_journal_keeps_no_secrets(cloud: LocalCloud) -> None:
    """Neither secrets nor tokens of sessions are in it."""
    session = cloud.into(MEMBER)
    cloud.client("ram", key=session).list_roles(ram.ListRolesRequest())
    text = json.dumps(cloud.journal())
    assert session.token not in text
    assert session.access_key_secret not in text


def test_a_dump_can_be_loaded(cloud: LocalCloud) -> None:
    """Everything comes back, sessions that were given out included."""
    create(cloud)
    session = cloud.into(MEMBER)
    state = cloud.state()
    cloud.reset()
    assert names(cloud) == set()
    cloud.load(state)
    assert names(cloud) == {"reader"}
    assert cloud.client("sts", key=session).get_caller_identity().body.account_id == MEMBER
    again = cloud.state()
    moving = {"clock_offset": 0, "chance": []}
    assert {**again, **moving} == {**state, **moving}


def test_a_reset_begins_again(cloud: LocalCloud) -> None:
    """State, clock, faults, quotas, guesses and journal are those of the start, and ids repeat."""
    first = create(cloud).body
    cloud.fault(service="ram", status=503, count=None)
    cloud.quotas(enabled=True, limits={"ram:GetRole": 0})
    cloud.guess(registrations="global")
    later = cloud.advance(86400)
    cloud.reset()
    assert cloud.advance(0) < later
    assert cloud.journal() == []
    again = create(cloud).body
    assert (again.request_id, again.role.role_id) == (first.request_id, first.role.role_id)


def test_what_it_gave_out_is_known_at_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever looks for secrets in what was printed finds those of an emulator that somebody else had started."""
    monkeypatch.setenv("EMULATOR_ISSUED", str(tmp_path))
    with local_cloud() as own:
        given = own.as_function()
    (left,) = (file.read_text(encoding="utf-8").splitlines() for file in tmp_path.iterdir())
    assert {secret[:16] for secret in (given.access_key_secret, given.token)} <= set(left)


def test_what_began_before_a_reset_is_not_in_its_journal(cloud: LocalCloud) -> None:
    """A call whose answer takes its time belongs to the cloud in which it was made."""
    cloud.fault(service="ram", phase="after", latency_ms=200)
    with ThreadPoolExecutor(1) as thread:
        late = thread.submit(create, cloud)
        while not cloud.struck():
            time.sleep(0.01)
        cloud.reset()
        assert late.result().body.role.role_name
    assert cloud.journal() == []


def test_guesses_are_known_and_checked(cloud: LocalCloud) -> None:
    """A guess that is not known, or a value that it cannot have, is refused."""
    for guess in ({"odd": True}, {"registrations": "lunar"}):
        for path, body in (("guesses", guess), ("reset", {"guesses": guess})):
            response = httpx.post(f"{cloud.endpoints['control']}/{path}", json=body, trust_env=False)
            assert response.status_code == 400


def test_a_zone_can_be_given_inline(cloud: LocalCloud) -> None:
    """A reset can build any landing zone: folders, invited accounts, roles, policies, tags, control policies."""
    user = {"name": "operator", "access_key_id": "AK1", "access_key_secret": "s", "policies": ["Custom:read"]}
    read = {"Version": "1", "Statement": [{"Effect": "Allow", "Action": "resourcemanager:*", "Resource": "*"}]}
    cloud.reset(
        {
            "management": "1",
            "backup": "2",
            "folders": [{"id": "fd-a", "name": "a"}, {"id": "fd-b", "name": "b", "parent": "fd-a"}],
            "accounts": [
                {"id": "1", "name": "m", "users": [user], "policies": [{"name": "read", "document": read}]},
                {"id": "2", "name": "backup", "service_linked_roles": ["crossbackup.hbr.aliyuncs.com"]},
                {"id": "1234567890", "name": "joined", "folder": "fd-b", "join": "invited", "tags": {"a": "b"}},
            ],
            "generate": [{"count": 3, "folders": ["fd-a"], "first_id": 5000000001, "name": "many"}],
        }
    )
    client = cloud.client("resourcedirectory")
    found = client.get_account(rd.GetAccountRequest(account_id="1234567890")).body.account
    assert (found.join_method, found.resource_directory_path) == (
        "invited",
        "rd-Landing/r-Landing/fd-a/fd-b/1234567890",
    )
    listed = client.list_accounts(rd.ListAccountsRequest()).body.accounts.account
    assert [each.display_name for each in listed] == ["backup", "joined", "many-00001", "many-00002", "many-00003"]
    assert refused(cloud.client("ram").list_roles, ram.ListRolesRequest()) == (403, "NoPermission")
    state = cloud.state()
    assert "AliyunServiceRoleForHbrCrossAccountBackup" in state["accounts"]["2"]["roles"]
    assert "ResourceDirectoryAccountAccessRole" in state["accounts"]["5000000001"]["roles"]


USERLESS = {"management": "1", "backup": "2", "accounts": []}
TYPO = {"name": "r", "trusts": {"RAM": ["acs:ram::1:root"]}, "policies": ["System:AdministratorAcess"]}


@pytest.mark.parametrize(
    "zone",
    [
        "absent.yaml",
        {"management": "1"},
        {**USERLESS, "odd": 1},
        {**USERLESS, "accounts": [{"id": "1", "name": "m", "roles": [TYPO]}]},
        {**USERLESS, "accounts": [{"id": "1", "name": "m", "policies": [{"name": "p", "policy_file": "absent"}]}]},
        {**USERLESS, "accounts": [{"id": "1", "name": "m", "policies": [{"name": "p", "document": {}}]}]},
    ],
)
def test_a_bad_zone_changes_nothing(cloud: LocalCloud, zone: str | dict[str, Any]) -> None:
    """A zone that cannot be built is refused, and what was there stays."""
    create(cloud)
    response = httpx.post(f"{cloud.endpoints['control']}/reset", json={"zone": zone}, trust_env=False)
    assert response.status_code == 400
    assert names(cloud) == {"reader"}


def test_ten_thousand_accounts_load_in_a_moment(cloud: LocalCloud) -> None:
    """The large zone is there within three seconds, and its accounts can be entered."""
    began = time.monotonic()
    cloud.reset("large")
    assert time.monotonic() - began < 3
    assert len(cloud.accounts["members"]) == 10_001
    last = cloud.into("2000000000009000")
    assert cloud.client("sts", key=last).get_caller_identity().body.account_id == "2000000000009000"


def test_calls_at_once_are_all_answered(cloud: LocalCloud) -> None:
    """Many clients at once get their own answers, and two of them never make the same role."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415  # only this test needs threads

    def attempt(_: int) -> str:
        try:
            create(cloud)
        except Exception as error:  # noqa: BLE001  # the SDK's exceptions have no common class of their own
            return str(getattr(error, "code", error))
        return "made"

    with ThreadPoolExecutor(8) as pool:
        outcomes = sorted(pool.map(attempt, range(16)))
    assert outcomes == ["EntityAlreadyExists.Role"] * 15 + ["made"]


def test_services_have_their_own_sockets(cloud: LocalCloud) -> None:
    """A call that reaches the wrong service is refused, not answered by another."""
    wrong = acs3(cloud.endpoints["ram"], cloud.key(), "GetCallerIdentity", "2015-04-01", {})
    assert refusal(wrong) == (400, "InvalidVersion")
    client = cloud.client("sts")
    assert client.get_caller_identity().body.account_id == "1000000000000001"
    role = f"acs:ram::{MEMBER}:role/ResourceDirectoryAccountAccessRole"
    assert client.assume_role(sts.AssumeRoleRequest(role_arn=role, role_session_name="who")).body.credentials
