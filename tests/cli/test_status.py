from __future__ import annotations

from alibabacloud_hbr20170908.models import AddCrossAccountRequest

from tests.cli.console import READS, Console
from tests.flows.platform import Platform
from tests.flows.test_dead_letters import LETTERS, set_aside
from tests.flows.world import BACKUP, PROD, REGIONS, SANDBOX, TEST, World

STRANGER = "1000000000000099"


def states(cab: Console, *words: str) -> dict[str, str]:
    return {one["account_id"]: one["state"] for one in cab.local("status", "--json", *words).json["accounts"]}


def test_every_account_has_a_state(cab: Console, world: World) -> None:
    """A glance tells registered from unregistered, out of scope, undeclared, unworkable and foreign."""
    world.enrol(PROD)
    world.enrol(SANDBOX)
    suspended = world.create("suspended")
    fields = {"cross_account_type": "CROSS_ACCOUNT", "cross_account_role_name": "theirs", "alias": "by hand"}
    request = AddCrossAccountRequest(cross_account_user_id=int(STRANGER), **fields)
    world.cloud.client("hbr", account="backup").add_cross_account(request)
    state = world.cloud.state()
    state["directory"]["members"][suspended]["status"] = "CreateVerifying"
    world.cloud.load(state)
    assert states(cab) == {
        PROD: "registered",
        TEST: "unregistered",
        SANDBOX: "undeclared",
        BACKUP: "out_of_scope",
        suspended: "unworkable",
        STRANGER: "foreign",
    }


def test_counts_are_by_folder_and_by_region(cab: Console, world: World) -> None:
    """The document counts wanted against enrolled accounts per folder, which has its name, and per region."""
    world.configure(enrolment={"regions": [REGIONS[0]]})
    world.enrol(PROD)
    world.configure(enrolment={"regions": list(REGIONS)})
    document = cab.local("status", "--json").json
    folders = {row["name"]: (row["accounts"], row["wanted"], row["enrolled"]) for row in document["folders"]}
    assert (folders["prod"], folders["sandbox"]) == ((1, 1, 0), (1, 0, 0))
    regions = {row["name"]: (row["wanted"], row["enrolled"]) for row in document["regions"]}
    assert regions == {REGIONS[0]: (2, 1), REGIONS[1]: (2, 0)}
    assert (document["summary"]["wanted"], document["summary"]["enrolled"]) == (2, 0)
    assert document["states"] == {"unregistered": 2, "out_of_scope": 2}


def test_only_a_deep_look_sees_a_broken_role(cab: Console, world: World) -> None:
    """A role that lost its policy is registered at a glance, and unprotected with --deep, which names the drift."""
    world.enrol(PROD)
    state = world.cloud.state()
    state["accounts"][PROD]["roles"]["hbrcrossrole"]["attached"] = {}
    world.cloud.load(state)
    assert states(cab)[PROD] == "registered"
    ran = cab.local("status", "--deep", "--json")
    [account] = [one for one in ran.json["accounts"] if one["account_id"] == PROD]
    assert (ran.code, account["state"]) == (0, "unprotected")
    assert "policy_missing" in account["drift"]


def test_looking_writes_nothing(cab: Console, world: World) -> None:
    """Neither depth calls anything but reads, and a glance enters no member account."""
    mark = world.mark()
    assert cab.local("status").code == 0
    dead_letters = {"GetQueueAttributes", "ReceiveMessage"}
    listings = {"ListAccounts", "ListFoldersForParent", "DescribeCrossAccounts", "AssumeRole", "GetLogsV2"}
    assert set(world.calls(mark)) == listings | dead_letters
    entered = [e["params"]["RoleArn"] for e in world.cloud.journal(since=mark, action="AssumeRole")]
    assert entered == [f"acs:ram::{BACKUP}:role/cab-backup"]
    mark = world.mark()
    assert cab.local("status", "--deep").code == 0
    assert set(world.calls(mark)) <= READS


def test_people_see_what_needs_attention(cab: Console, world: World) -> None:
    """The tables name folders and regions, and only accounts that need somebody are listed by name."""
    world.enrol(PROD)
    out = cab.local("status").out
    assert "1 of 2 wanted accounts registered" in out
    assert "prod" in out
    assert f"{TEST}   test-app" in out
    assert PROD not in out
    assert "next: `cab explain ACCOUNT --local`" in out


def test_a_denied_listing_is_explained(cab: Console, world: World) -> None:
    """Where the backup account does not let the operator in, the exit is 1 with reason and next step."""
    world.cloud.fault(service="sts", action="AssumeRole", code="NoPermission", status=403)
    ran = cab.local("status", "--json")
    assert ran.code == 1
    assert ran.json["error"]["reason"] == "access_denied"
    assert "cab doctor" in ran.json["error"]["next"]


def test_a_look_at_dead_letters_hides_them_from_no_later_one(cab: Console, world: World) -> None:
    """Whoever asks again at once is told the same; and where none is seen, what may be hidden is said."""
    assert "dead letters: none to be seen; letters that somebody is working on are hidden" in cab.local("status").out
    Platform(world).send(set_aside(account=PROD), queue=LETTERS)
    assert cab.local("dead-letters", "list", "--json").json["count"] == 1
    assert "dead letters: 1 (1 access_denied)" in cab.local("status").out
    assert [one["id"] for one in cab.local("status", "--json").json["dead_letters"]]
    assert "A message about it was set aside" in cab.local("explain", PROD).out


def test_what_nobody_wants_has_a_way_out(cab: Console, world: World) -> None:
    """An undeclared account is named with what keeps it and what takes it out; the latter does."""
    for account in (PROD, TEST, SANDBOX):
        world.enrol(account)
    fixes = [line for line in cab.local("status").out.splitlines() if line.startswith("fix: ")]
    assert fixes[0].startswith("fix: by hand: add a rule to config.yaml")
    assert fixes[1:] == [f"fix: cab teardown {SANDBOX} --local"]
    assert cab.local("teardown", SANDBOX, "--yes").code == 0
    assert "fix: " not in cab.local("status").out


def test_the_oldest_dead_letters_are_named(cab: Console, world: World) -> None:
    """What waits for a person is shown with its reason and account, the oldest five of it; --json has more."""
    Platform(world).send(*[set_aside(account=f"100000000000101{number}") for number in range(7)], queue=LETTERS)
    ran = cab.local("status")
    shown = [number for number in range(7) if f"100000000000101{number}" in ran.out]
    assert (shown, "dead letters: 7 (7 access_denied)" in ran.out) == ([0, 1, 2, 3, 4], True)
