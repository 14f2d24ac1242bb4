from __future__ import annotations

import json
from typing import Any

import pytest
from mns.account import Account
from mns.queue import Message

from shared.config import MARK
from tests.cli.console import Console
from tests.emulator.log_service import PROJECT, SEPARATORS, STORE
from tests.flows.world import BACKUP, MANAGEMENT, PROD, TEST, World

OPERATOR = f"acs:ram::{MANAGEMENT}:user/operator"
FUNCTIONS = f"acs:ram::{MANAGEMENT}:role/cab-functions"
OUTSIDE = "1000000000000099"
WEEK = 604_800


@pytest.fixture
def empty(world: World) -> World:
    """A landing zone in which nobody has made anything for us yet."""
    zone = world.zone()
    for account in zone["accounts"][:2]:
        for made in ("roles", "policies", "queues", "log_projects"):
            account.pop(made, None)
    world.cloud.reset(zone)
    return world


def made(world: World) -> dict[str, Any]:
    """What there is of ours in both accounts."""
    state = world.cloud.state()
    accounts = state["accounts"]
    roles = {
        name: (
            {one for names in json.loads(role["trust"])["Statement"][0]["Principal"].values() for one in names},
            set(role["attached"]),
        )
        for account in (MANAGEMENT, BACKUP)
        for name, role in accounts[account]["roles"].items()
        if role["description"].startswith(MARK)
    }
    queues = {
        name: (queue["message_retention_period"], queue["dead_letter"]["target"])
        for name, queue in state["mns"]["queues"].get(MANAGEMENT, {}).items()
    }
    projects = state["logs"]["projects"]
    return {
        "logs": {(one["account_id"], name, *sorted(one["stores"])) for name, one in projects.items()},
        "roles": roles,
        "queues": queues,
        "policies": {name for account in (MANAGEMENT, BACKUP) for name in accounts[account]["policies"]},
        "linked": [name for name, role in accounts[BACKUP]["roles"].items() if role["service"]],
        "open": state["hbr"]["opened"],
    }


ALL = {
    "logs": {(MANAGEMENT, PROJECT, STORE)},
    "roles": {
        "cab-functions": ({"fc.aliyuncs.com"}, {"Custom:cab-functions"}),
        "cab-backup": ({FUNCTIONS, OPERATOR}, {"Custom:cab-backup"}),
    },
    "queues": {"cab-retry": (WEEK, "cab-dead-letters"), "cab-dead-letters": (WEEK, "")},
    "policies": {"cab-functions", "cab-backup", "cab-operator", "cab-operator-read-only", "cab-backup-operator"},
    "linked": ["AliyunServiceRoleForHbrCrossAccountBackup"],
    "open": [BACKUP],
}


def test_an_empty_zone_gets_everything(cab: Console, empty: World) -> None:
    """Queues, log, roles, policies, service-linked role and Cloud Backup are there afterwards, exactly as wanted."""
    ran = cab.local("bootstrap", "--yes")
    assert ran.code == 0, ran.err
    assert made(empty) == ALL


def test_what_was_made_is_enough(cab: Console, empty: World) -> None:
    """With nothing else, the deployed function protects an account."""
    cab.local("bootstrap", "--yes")
    assert cab.local("onboard", PROD, "--yes").code == 0
    assert empty.is_protected(PROD)


def test_it_can_be_repeated(cab: Console, empty: World) -> None:
    """The second run has nothing to do and writes nothing."""
    cab.local("bootstrap", "--yes")
    mark = empty.mark()
    ran = cab.local("bootstrap", "--json")
    assert (ran.code, ran.json["applied"]) == (0, False)
    assert [one["steps"] for one in ran.json["accounts"]] == [[], []]
    assert empty.writes(mark) == []


def store(world: World) -> Any:
    """The functions' log store as the emulator knows it."""
    return world.cloud.state()["logs"]["projects"][PROJECT]["stores"][STORE]


def test_the_log_that_was_made_is_found(cab: Console, world: World) -> None:
    """What the functions write from then on is what status and explain tell of the past; before, nothing was kept."""
    world.cloud.load({**world.cloud.state(), "logs": {"projects": {}}})
    assert cab.local("reconcile", "--yes").code == 0
    assert "no log project" in cab.local("status").out
    assert cab.local("bootstrap", "--yes").code == 0
    (index,) = store(world)["indexes"]
    assert (store(world)["settings"]["ttl"], index["body"]["line"]["token"]) == (90, SEPARATORS)
    assert "last sweep: none in the log" in cab.local("status").out
    world.cloud.advance(300)
    state = world.cloud.state()
    for account in (PROD, TEST):
        del state["accounts"][account]["roles"]["hbrcrossrole"]
    world.cloud.load(state)
    assert cab.local("reconcile", "--all", "--yes").code == 0
    found = cab.local("status", "--json").json["history"]
    assert {one["account_id"] for one in found["repairs"]} == {PROD, TEST}
    assert "By the log it has been protected since" in cab.local("explain", PROD).out


UNINDEXED: dict[str, Any] = {
    "of other fields": {"line": {"token": SEPARATORS, "include_keys": ["qualifier"]}},
    "not of this field": {"line": {"token": SEPARATORS, "exclude_keys": ["message"]}},
    "by other separators": {"line": {"token": ["|"]}},
    "by a field's other separators": {
        "line": {"token": SEPARATORS},
        "keys": {"message": {"type": "text", "token": ["|"]}},
    },
    "of numbers": {"keys": {"message": {"type": "long"}}},
}


@pytest.mark.parametrize("body", UNINDEXED.values(), ids=UNINDEXED)
def test_an_index_that_finds_nothing_is_changed(cab: Console, empty: World, body: dict[str, Any]) -> None:
    """Afterwards lines are found; what somebody wants of other fields stays, and so do the days that lines are kept."""
    cab.local("bootstrap", "--yes")
    theirs = {"functionName": {"type": "text", "token": [" "], "doc_value": True}}
    state = empty.cloud.state()
    changed = state["logs"]["projects"][PROJECT]["stores"][STORE]
    changed["settings"]["ttl"] = 400
    changed["indexes"][0]["body"] = {**body, "keys": {**body.get("keys", {}), **theirs}, "max_text_len": 4096}
    empty.cloud.load(state)
    ran = cab.local("bootstrap", "--yes")
    assert (ran.code, f"+ index every word in {STORE}" in ran.out) == (0, True)
    last = store(empty)["indexes"][-1]["body"]
    assert last["line"] == {"token": SEPARATORS, "caseSensitive": False, "chn": False}
    assert (last["keys"]["functionName"]["doc_value"], last["max_text_len"]) == (True, 4096)
    assert store(empty)["settings"]["ttl"] == 400
    assert cab.local("reconcile", "--yes").code == 0
    assert cab.local("status", "--json").json["history"]["last_sweep"]
    assert cab.local("bootstrap", "--json").json["applied"] is False


def test_an_index_of_others_that_finds_our_lines_is_left(cab: Console, empty: World) -> None:
    """A field index is as good as one of the full text."""
    cab.local("bootstrap", "--yes")
    state = empty.cloud.state()
    index = state["logs"]["projects"][PROJECT]["stores"][STORE]["indexes"][0]
    index["body"] = {"keys": {"message": {"type": "text", "token": SEPARATORS}}}
    empty.cloud.load(state)
    assert cab.local("bootstrap", "--json").json["applied"] is False


def test_what_is_missing_of_the_log_is_made(cab: Console, empty: World) -> None:
    """A project without the log store gets it, and a log store without an index gets that."""
    cab.local("bootstrap", "--yes")
    for part, steps in (("indexes", 1), ("stores", 2)):
        state = empty.cloud.state()
        project = state["logs"]["projects"][PROJECT]
        (project["stores"][STORE] if part == "indexes" else project)[part].clear()
        empty.cloud.load(state)
        assert len(cab.local("bootstrap", "--yes", "--json").json["accounts"][0]["steps"]) == steps
        assert len(store(empty)["indexes"]) == 1


def test_a_project_of_the_name_that_is_somebody_elses_is_said(cab: Console, empty: World) -> None:
    """Names are unique among all accounts: the step stays undone, exit 1."""
    state = empty.cloud.state()
    theirs = {"name": PROJECT, "account_id": "1000000000000099", "description": "", "created_at": 0.0}
    state["logs"]["projects"] = {PROJECT: theirs}
    empty.cloud.load(state)
    ran = cab.local("bootstrap", "--yes")
    assert ran.code == 1
    assert f"log project {PROJECT} is another account's" in ran.err


def test_a_project_that_is_not_seen_at_once_is_waited_for(cab: Console, empty: World) -> None:
    """What is made inside it is asked for again after a moment."""
    empty.cloud.fault(service="logs", action="CreateLogStore", code="ProjectNotExist", status=404, count=1)
    empty.cloud.fault(service="logs", action="CreateIndex", code="LogStoreNotExist", status=404, count=1)
    assert cab.local("bootstrap", "--yes").code == 0
    assert len(store(empty)["indexes"]) == 1


@pytest.mark.parametrize(
    ("words", "refusal", "undone"),
    [
        ((), ("AttachPolicyToRole", "EntityAlreadyExists.Role.Policy"), "+ attach policy cab-functions"),
        (("--remove",), ("DeletePolicy", "EntityNotExist.Policy"), "- remove policy cab-functions"),
    ],
)
def test_it_is_done_only_if_it_is_there(
    cab: Console, empty: World, words: tuple[str, ...], refusal: tuple[str, str], undone: str
) -> None:
    """An answer that somebody else has done it is not believed: it looks again, says what is still to do, exits 1."""
    if words:
        cab.local("bootstrap", "--yes")
    action, code = refusal
    empty.cloud.fault(service="ram", action=action, code=code, status=409, count=None)
    ran = cab.local("bootstrap", *words, "--yes")
    assert ran.code == 1
    assert f"still to do, as it seems: {undone}" in " ".join(ran.out.split())
    assert "done" not in ran.out.splitlines()
    empty.cloud.clear_faults()
    assert cab.local("bootstrap", *words, "--yes").code == 0
    assert made(empty) == ({**ALL, "roles": {}, "queues": {}, "policies": set()} if words else ALL)


def test_the_plan_changes_nothing(cab: Console, empty: World) -> None:
    """--plan lists every step and writes nothing; without a terminal nothing is done unless told --yes."""
    mark = empty.mark()
    ran = cab.local("bootstrap", "--plan")
    assert ran.code == 0
    assert "+ make role cab-backup trusting" in ran.out
    assert cab.local("bootstrap").code == 2
    assert empty.writes(mark) == []


def test_what_differs_is_put_right(cab: Console, empty: World) -> None:
    """A stranger in a trust policy goes, another operator stays, a changed policy gets a new version."""
    cab.local("bootstrap", "--yes")
    state = empty.cloud.state()
    bob = f"acs:ram::{MANAGEMENT}:user/bob"
    role = state["accounts"][BACKUP]["roles"]["cab-backup"]
    role["trust"] = role["trust"].replace(f'"{FUNCTIONS}"', f'"acs:ram::1000000000000099:root", "{bob}"')
    state["accounts"][MANAGEMENT]["policies"]["cab-functions"]["document"] = '{"Version": "1", "Statement": []}'
    state["mns"]["queues"][MANAGEMENT]["cab-retry"]["message_retention_period"] = 60
    empty.cloud.load(state)
    ran = cab.local("bootstrap", "--yes")
    assert "no longer acs:ram::1000000000000099:root" in ran.out
    found = made(empty)
    assert found["roles"]["cab-backup"][0] == {FUNCTIONS, OPERATOR, bob}
    assert found["queues"] == ALL["queues"]
    document = empty.cloud.state()["accounts"][MANAGEMENT]["policies"]["cab-functions"]["document"]
    assert json.loads(document) == json.loads((empty.policies / "functions.json").read_text("utf-8"))


def test_whoever_is_let_in_is_named_whole(cab: Console, empty: World) -> None:
    """A principal of another account is named by its ARN, as a breach; only its own are "of the management account"."""
    cab.local("bootstrap", "--yes")
    state = empty.cloud.state()
    bob, root, eve = f"acs:ram::{MANAGEMENT}:user/bob", f"acs:ram::{OUTSIDE}:root", f"acs:ram::{OUTSIDE}:user/eve"
    role = state["accounts"][BACKUP]["roles"]["cab-backup"]
    role["trust"] = role["trust"].replace(f'"{FUNCTIONS}"', f'"{FUNCTIONS}", "{root}", "{eve}", "{bob}"')
    empty.cloud.load(state)
    breach = f"breach: role cab-backup lets in {root}, {eve}, of neither of the two accounts"
    for words in (["--plan"], ["--yes"]):
        ran = cab.local("bootstrap", *words)
        assert f"no longer {root}, {eve}" in ran.out
        assert breach in ran.out
        assert f"role cab-backup also lets in {bob} of the management account" in ran.out
    assert "breach" not in cab.local("bootstrap", "--plan").out


def test_a_breach_is_a_cause(cab: Console, world: World) -> None:
    """The doctor names whom a role lets in from outside, also where the role is not of our making."""
    state = world.cloud.state()
    role = state["accounts"][BACKUP]["roles"]["cab-backup"]
    role["trust"] = role["trust"].replace('RAM": [', f'RAM": ["acs:ram::{OUTSIDE}:root", ')
    world.cloud.load(state)
    ran = cab.local("doctor")
    assert f"breach: role cab-backup lets in acs:ram::{OUTSIDE}:root, of neither of the two accounts" in ran.out


def test_a_role_of_others_is_left_alone(cab: Console, world: World) -> None:
    """A role of the name without our mark, that differs, is refused with exit 1; --adopt takes it over."""
    state = world.cloud.state()
    role = state["accounts"][BACKUP]["roles"]["cab-backup"]
    role["trust"] = role["trust"].replace("role/cab-functions", "role/theirs")
    world.cloud.load(state)
    ran = cab.local("bootstrap", "--yes")
    assert ran.code == 1
    assert "left alone: role cab-backup" in ran.out
    assert cab.local("bootstrap", "--yes", "--adopt").code == 0
    trust = world.cloud.state()["accounts"][BACKUP]["roles"]["cab-backup"]["trust"]
    assert FUNCTIONS in trust


def test_removal_takes_away_what_was_made_and_keeps_data(cab: Console, empty: World) -> None:
    """--remove leaves no queue, role or policy of ours; registrations, roles in members, the log and the rest stay."""
    cab.local("bootstrap", "--yes")
    cab.local("onboard", PROD, "--yes")
    ran = cab.local("bootstrap", "--remove", "--yes")
    assert ran.code == 0
    assert made(empty) == {**ALL, "roles": {}, "queues": {}, "policies": set()}
    assert f"kept: log project {PROJECT}" in ran.out
    assert empty.is_protected(PROD)
    assert cab.local("bootstrap", "--remove", "--json").json["applied"] is False


def test_a_policy_that_people_have_is_not_removed(cab: Console, empty: World) -> None:
    """Policies for people are attached to nobody; one that somebody was given stays, exit 1, and it is said why."""
    cab.local("bootstrap", "--yes")
    policies = empty.cloud.state()["accounts"][MANAGEMENT]["policies"]
    document = json.loads((empty.policies / "operator.json").read_text("utf-8"))
    assert json.loads(policies["cab-operator"]["document"]) == document
    state = empty.cloud.state()
    state["accounts"][MANAGEMENT]["roles"]["cab-functions"]["attached"]["Custom:cab-operator"] = 1
    state["accounts"][MANAGEMENT]["users"]["operator"]["attached"]["Custom:cab-operator"] = 1
    empty.cloud.load(state)
    ran = cab.local("bootstrap", "--remove", "--yes")
    assert ran.code == 1
    assert "left alone: policy cab-operator is attached to 2 of your people" in ran.out
    assert made(empty)["policies"] == {"cab-operator"}


def test_dead_letters_keep_their_queue(cab: Console, empty: World) -> None:
    """A queue in which something waits for a person is not removed: exit 1, and what to do first."""
    cab.local("bootstrap", "--yes")
    key = empty.cloud.key()
    account = Account(empty.cloud.endpoints["mns"], key.access_key_id, key.access_key_secret)
    account.get_queue("cab-dead-letters").send_message(Message("{}"))
    ran = cab.local("bootstrap", "--remove", "--yes")
    assert ran.code == 1
    assert "cab dead-letters" in ran.out
    assert set(made(empty)["queues"]) == {"cab-dead-letters"}


def test_an_account_that_cannot_be_entered_is_done_with_its_own_credentials(cab: Console, empty: World) -> None:
    """Without an access role the backup account's part is left, exit 1; the same command with its own key does it."""
    state = empty.cloud.state()
    del state["accounts"][BACKUP]["roles"]["ResourceDirectoryAccountAccessRole"]
    empty.cloud.load(state)
    ran = cab.local("bootstrap", "--yes")
    assert ran.code == 1
    assert f"run this again with credentials of {BACKUP}" in ran.out
    key = empty.cloud.key("backup")
    keys = {"ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id, "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret}
    env: dict[str, str | None] = {**keys, "CLOUD_ENDPOINTS": json.dumps(empty.cloud.endpoints)}
    assert cab("bootstrap", "--yes", "--operator", OPERATOR, env=env).code == 0
    assert made(empty) == ALL


def test_one_account_can_be_both(cab: Console, empty: World) -> None:
    """Where the management account is the backup account, the functions' role has both policies, alone."""
    empty.configure(backup_account={"id": MANAGEMENT, "role": None})
    assert cab.local("bootstrap", "--yes").code == 0
    found = made(empty)
    assert found["roles"] == {"cab-functions": ({"fc.aliyuncs.com"}, {"Custom:cab-functions", "Custom:cab-backup"})}
    assert found["open"] == [MANAGEMENT]


def test_configured_names_are_in_the_policies(cab: Console, empty: World) -> None:
    """Queues and roles that config.yaml calls otherwise are called so in the documents, too."""
    empty.configure(queues={"retry": "again", "dead_letters": "aside"}, access_role="Entrance")
    empty.configure(external=[{"account_id": "1000000000000099", "display_name": "x", "access_role": "Side-door"}])
    state = empty.cloud.state()
    roles = state["accounts"][BACKUP]["roles"]
    roles["Entrance"] = {**roles["ResourceDirectoryAccountAccessRole"], "name": "Entrance"}
    empty.cloud.load(state)
    assert cab.local("bootstrap", "--yes").code == 0
    document = empty.cloud.state()["accounts"][MANAGEMENT]["policies"]["cab-functions"]["document"]
    for name in ("/queues/again/", "/queues/aside/", "role/entrance", "role/side-door", "role/cab-backup"):
        assert name in document


def test_credentials_of_another_account_are_refused(cab: Console, empty: World) -> None:
    """Who is in neither account is told so; nothing is done."""
    env = {
        "ALIBABA_CLOUD_ACCESS_KEY_ID": "LTAI5tOutside00000000001",
        "ALIBABA_CLOUD_ACCESS_KEY_SECRET": "outside-secret-0000000000000001",
        "CLOUD_ENDPOINTS": json.dumps(empty.cloud.endpoints),
    }
    ran = cab("bootstrap", "--yes", "--json", env={**env})
    assert (ran.code, ran.json["error"]["reason"]) == (1, "other_account")
