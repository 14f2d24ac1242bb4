from __future__ import annotations

from alibabacloud_resourcedirectorymaster20220419.models import DeleteAccountRequest

from tests.cli.console import READS, Console
from tests.flows.backups import Backups
from tests.flows.test_protection import OSS, configure
from tests.flows.world import BACKUP, PROD, REGIONS, SANDBOX, TEST, World


def test_a_new_account_gets_every_step(cab: Console) -> None:
    """The plan of an untouched account has the steps of the product page, in order, and for people each its reason."""
    [account] = cab.local("plan", PROD, "--json").json["accounts"]
    assert account["state"] == "unprotected"
    assert [" ".join(step.split()[:2]) for step in account["steps"]] == [
        "+ create",
        "+ create",
        "+ attach",
        *["+ register", "? check"] * len(REGIONS),
    ]
    lines = [line for line in cab.local("plan", PROD).out.splitlines() if line.startswith("    ")]
    assert [line.rpartition("  (")[0].strip() for line in lines] == account["steps"]
    assert [line.rpartition("  (")[2].rstrip(")") for line in lines] == [
        "service linked role missing",
        "role missing",
        "policy missing",
        *["unregistered", "not proven"] * len(REGIONS),
    ]


def test_planning_writes_nothing(cab: Console, world: World) -> None:
    """All accounts are planned with calls that only read, and the cloud is as before."""
    world.enrol(PROD)
    before, mark = world.cloud.state(), world.mark()
    assert cab.local("plan", "--all").code == 0
    assert set(world.calls(mark)) <= READS
    after = world.cloud.state()
    assert [after[part] for part in ("accounts", "hbr", "mns")] == [before[part] for part in ("accounts", "hbr", "mns")]


def test_a_protected_account_has_an_empty_plan(cab: Console, world: World) -> None:
    """What was enrolled needs no step, and there is nothing to review."""
    world.enrol(PROD)
    plan = cab.local("plan", PROD, "--json").json
    assert (plan["accounts"], plan["steps"]) == ([], {})
    assert [(one["account_id"], one["state"]) for one in plan["without_steps"]] == [(PROD, "protected")]
    assert "nothing to do" in cab.local("plan", PROD).out


def test_what_cannot_be_read_is_something_to_do(cab: Console, world: World) -> None:
    """Accounts that nobody lets in are counted as such, with the command that says why; the exit is 1."""
    state = world.cloud.state()
    for account in (PROD, TEST):
        del state["accounts"][account]["roles"]["ResourceDirectoryAccountAccessRole"]
    world.cloud.load(state)
    ran = cab.local("plan", "--all")
    assert (ran.code, "nothing to do" in ran.out) == (1, False)
    assert "2 could not be read (" in ran.out
    assert "next: `cab explain ACCOUNT --local` says why an account is unreadable, and what to do" in ran.out


def test_what_is_the_sweep_s_is_something_to_do(cab: Console, world: World) -> None:
    """Vaults and backup policies that are missing are counted for the sweep; those of others, for a person."""
    a = Backups(world).open()
    world.enrol(TEST)
    configure(world, OSS)
    ran = cab.local("plan", TEST)
    assert "nothing to do" not in ran.out
    assert "~ vault missing: 'central' in cn-hangzhou  (the sweep's)" in ran.out
    assert "\n2 for the sweep (1 protected)" in ran.out
    assert "`cab reconcile --local` does it now" in ran.out
    a.vault(ours=False)
    ran = cab.local("plan", TEST)
    assert "! vault foreign: 'central' in cn-hangzhou" in ran.out
    assert "fix: by hand: rename it" in ran.out
    assert "\n1 of what accounts share for a person (1 protected)" in ran.out


def test_the_hash_pins_what_was_reviewed(cab: Console, world: World) -> None:
    """Two plans of the same cloud have one hash; a change of the cloud or of the configuration gives another."""
    first = cab.local("plan", PROD, TEST, "--json").json["hash"]
    assert cab.local("plan", PROD, TEST, "--json").json["hash"] == first
    world.enrol(TEST)
    changed = cab.local("plan", PROD, TEST, "--json").json["hash"]
    world.configure(enrolment={"alias": "{account_id}"})
    reconfigured = cab.local("plan", PROD, TEST, "--json").json["hash"]
    assert len({first, changed, reconfigured}) == 3


def test_an_account_that_is_no_longer_wanted_is_planned_for_withdrawal(cab: Console, world: World) -> None:
    """What we registered outside the scope is undeclared, and its steps remove registrations before the role."""
    world.enrol(SANDBOX)
    [account] = cab.local("plan", SANDBOX, "--json").json["accounts"]
    assert (account["do"], account["state"]) == ("left", "leaving")
    assert [step.split()[1] for step in account["steps"]] == ["deregister"] * len(REGIONS) + ["detach", "delete"]
    shown = cab.local("plan", "--all").out
    assert f"{SANDBOX} sandbox-dev  undeclared: outside the scope" in shown
    assert "4 to remove" in shown
    assert "unless it is back" not in shown
    assert "warning: a rule withdraws nobody: only an event, such as that of a move, does so by itself, 24 h" in shown


def test_drift_is_a_change(cab: Console, world: World) -> None:
    """A trust policy that was widened by hand is shown as a change, with the principal that goes."""
    world.enrol(PROD)
    state = world.cloud.state()
    role = state["accounts"][PROD]["roles"]["hbrcrossrole"]
    role["trust"] = role["trust"].replace('"RAM": ["', '"RAM": ["acs:ram::1000000000000099:root", "')
    role["trust"] = role["trust"].replace('"RAM":["', '"RAM":["acs:ram::1000000000000099:root","')
    world.cloud.load(state)
    ran = cab.local("plan", PROD)
    assert "    ~ update role hbrcrossrole to trust" in ran.out
    assert "removing acs:ram::1000000000000099:root  (trust too wide)" in ran.out


def test_why_names_the_rule(cab: Console) -> None:
    """--why shows who the account is, which rule decided, and what it says."""
    out = cab.local("plan", PROD, SANDBOX, "--why").out
    assert "account: created; folders r-Landing / fd-prod000001; tags stage=prod" in out
    assert "rule: enrolment (the default for every member)" in out
    assert "regions cn-hangzhou, cn-shanghai; " in out
    assert "[" not in out
    assert "outside the scope by rule 'sandboxes keep their own backups'" in out


def test_an_account_that_cannot_be_read_makes_the_plan_incomplete(cab: Console, world: World) -> None:
    """Without its access role an account has no plan: exit 1, with the reason; the others are planned all the same."""
    state = world.cloud.state()
    del state["accounts"][PROD]["roles"]["ResourceDirectoryAccountAccessRole"]
    world.cloud.load(state)
    ran = cab.local("plan", "--all", "--json")
    unreadable = [one for one in ran.json["without_steps"] if one["account_id"] == PROD]
    assert ran.code == 1
    assert [one["state"] for one in unreadable] == ["unreadable"]
    assert "access_role_missing" in unreadable[0]["why"]
    assert [one["account_id"] for one in ran.json["accounts"]] == [TEST]


def test_an_account_being_deleted_is_withdrawn_and_not_enrolled(cab: Console, world: World) -> None:
    """An account on its way out is not wanted, whether it is named or listed; what is registered of it goes."""
    world.enrol(TEST)
    for account_id in (PROD, TEST):
        world.cloud.client("resourcedirectory").delete_account(DeleteAccountRequest(account_id=account_id))
    for words in ([PROD, TEST], ["--all"]):
        plan = cab.local("plan", *words, "--json").json
        [account] = [one for one in plan["without_steps"] if one["account_id"] == PROD]
        assert (account["state"], account["why"]) == ("out_of_scope", "the account is being deleted")
        assert [(one["account_id"], one["do"]) for one in plan["accounts"]] == [(TEST, "left")]
        assert "unless it is back by then" in plan["accounts"][0]["warnings"][-1]


def test_an_unknown_account_is_said_to_be_unknown(cab: Console) -> None:
    """An id that nobody knows has no steps, and the backup account itself is none of ours."""
    plan = cab.local("plan", "1000000000000777", BACKUP, "--json").json
    assert plan["accounts"] == []
    assert [one["state"] for one in plan["without_steps"]] == ["absent", "out_of_scope"]


def test_the_plan_is_what_onboarding_does(cab: Console, world: World) -> None:
    """The steps that onboarding reports are those that the plan showed."""
    world.enrol(TEST)
    planned = cab.local("plan", PROD, "--json").json["accounts"][0]["steps"]
    done = cab.local("onboard", PROD, "--direct", "--yes", "--json").json["steps"]
    assert sorted(done) == sorted(planned)
    assert len(world.registered(PROD)) == len(REGIONS)
