"""Protection follows enrolment: policies and vaults are made, data sources are bound, drift is undone."""

from __future__ import annotations

from typing import Any

import pytest
from alibabacloud_hbr20170908 import models as hbr

from shared.deadline import RESERVE
from shared.handling import SPARE_SECONDS
from tests.flows.backups import DAILY, ROLE, START, Backups
from tests.flows.test_inventory import withdraw
from tests.flows.world import BACKUP, PROD, REGIONS, SANDBOX, TEST, World

OSS = {
    "name": "buckets",
    "kind": "oss",
    "regions": ["cn-hangzhou"],
    "vault": {"name": "central"},
    "schedule": DAILY,
    "retention_days": 30,
    "sources": [{"account": PROD, "id": "prod-app-data"}, {"account": TEST, "id": "test-app-data"}],
}
INSTANCES = {
    "name": "instances",
    "kind": "ecs_instance",
    "regions": ["cn-hangzhou"],
    "schedule": DAILY,
    "retention_days": 7,
    "sources": [{"account": PROD, "id": "i-prod0000000000001"}],
}
BY_TAG = {**OSS, "name": "by-tag", "sources": [], "tags": {"backup": "daily"}}


def configure(world: World, *policies: dict[str, Any], **changes: Any) -> None:
    """Want these policies for every account."""
    names = [one["name"] for one in policies]
    world.configure(**{"backup_policies": list(policies), "enrolment": {"backup_policies": names}, **changes})
    world.configure(sweep={"deep_days": 1})


def sweep(world: World, depth: str = "fast", times: int = 1) -> Any:
    """Sweep, with a minute before each next one; the last report."""
    for number in range(times):
        if number:
            world.cloud.advance(60)
            world.key = world.cloud.as_function()
        report = world.call("reconcile", {"sweep": depth})
    return report["sweep"]


def bound(a: Backups, account_id: str = PROD) -> dict[str, str]:
    """Data source → type, of what is bound for an account and not disabled."""
    found = [one for one in a.state("bindings") if one["place"]["account_id"] == account_id and not one["disabled"]]
    return {one["data_source"]: one["source_type"] for one in found}


@pytest.fixture
def a(world: World) -> Backups:
    """The backup account, with Cloud Backup opened."""
    return Backups(world).open()


def test_sweeps_make_vault_policy_and_bindings(world: World, a: Backups) -> None:
    """First the vault, then the policy, then what it names of each enrolled account; after that nothing differs."""
    configure(world, OSS)
    first = sweep(world)
    assert (first["kinds"]["vault_missing"], first["kinds"]["backup_policy_missing"]) == (1, 1)
    waiting = [one for one in sweep(world)["findings"] if one["kind"] == "backup_policy_missing"]
    assert [(one["detail"], one["repaired"]) for one in waiting] == [
        ("'buckets' in cn-hangzhou (waits for its vault)", False)
    ]
    sweep(world, times=3)
    (vault,) = a.state("vaults")
    (policy,) = a.state("policies")
    assert (vault["name"], vault["description"].startswith("cross-account-backup:")) == ("central", True)
    assert [rule.get("VaultId") for rule in policy["rules"]] == [vault["id"], None]
    assert [bound(a, account) for account in (PROD, TEST)] == [{"prod-app-data": "OSS"}, {"test-app-data": "OSS"}]
    mark = world.mark()
    assert sweep(world)["kinds"] == {}
    assert sweep(world, "deep")["kinds"] == {}
    assert world.writes(mark) == []


def test_a_binding_reaches_the_account_by_its_registration(world: World, a: Backups) -> None:
    """Type, account and role of a binding are those of the registration, and it bears our mark."""
    configure(world, INSTANCES)
    sweep(world, times=2)
    (binding,) = a.state("bindings")
    assert binding["place"] == {"account_id": PROD, "kind": "CROSS_ACCOUNT", "role_name": ROLE}
    assert binding["settings"]["PolicyBindingDescription"].startswith("cross-account-backup:")


def test_an_event_binds_what_belongs_to_its_account(world: World, a: Backups) -> None:
    """Where the policy is there, onboarding ends with the account's sources bound, and writes nothing shared."""
    configure(world, INSTANCES)
    sweep(world)
    world.cloud.client("hbr", account="backup").delete_policy_binding(
        hbr.DeletePolicyBindingRequest(
            policy_id=a.state("policies")[0]["id"], source_type="UDM_ECS", data_source_ids=["i-prod0000000000001"]
        )
    )
    mark = world.mark()
    answer = world.enrol(PROD)
    assert answer["state"] == "protected"
    assert bound(a) == {"i-prod0000000000001": "UDM_ECS"}
    assert not {"CreatePolicyV2", "UpdatePolicyV2", "CreateVault"} & set(world.calls(mark))
    assert any("back up in cn-hangzhou: UDM_ECS i-prod0000000000001" in step for step in answer["steps"])


def test_an_event_before_the_first_sweep_says_what_waits(world: World, a: Backups) -> None:
    """The account ends protected; the answer says that the policy is not there yet, and nothing of it is written."""
    configure(world, OSS)
    answer = world.enrol(PROD)
    assert answer["state"] == "protected"
    assert [line for line in answer["warnings"] if "'buckets' is not in cn-hangzhou yet" in line]
    assert a.state("policies") == a.state("vaults") == []


def test_a_duplicate_event_binds_nothing_twice(world: World, a: Backups) -> None:
    """The second event reads the bindings of its own sources only, and writes none."""
    configure(world, INSTANCES)
    sweep(world)
    mark = world.mark()
    world.enrol(PROD)
    assert "CreatePolicyBindings" not in world.calls(mark)
    assert world.calls(mark).count("DescribePolicyBindings") == 1
    assert len(a.state("bindings")) == 1


def test_accounts_without_policies_cost_no_call_more(world: World) -> None:
    """Where nothing is configured, neither an event nor a sweep reads anything about backups."""
    world.enrol(PROD)
    sweep(world)
    assert not [action for action in world.calls() if "Polic" in action and "Role" not in action]
    assert "DescribeVaults" not in world.calls()


def unbound(a: Backups) -> None:
    """Somebody takes a data source out."""
    request = hbr.DeletePolicyBindingRequest(
        policy_id=a.state("policies")[0]["id"], source_type="OSS", data_source_ids=["prod-app-data"]
    )
    a.api.delete_policy_binding(request)


def suspended(a: Backups) -> None:
    """Somebody suspends it."""
    request = hbr.UpdatePolicyBindingRequest(
        policy_id=a.state("policies")[0]["id"], source_type="OSS", data_source_id="prod-app-data", disabled=True
    )
    a.api.update_policy_binding(request)


def rescheduled(a: Backups) -> None:
    """Somebody changes the policy's rules."""
    make = hbr.UpdatePolicyV2RequestRules
    rules = [
        make(
            rule_type="BACKUP", backup_type="COMPLETE", schedule=f"I|{START}|P1W", vault_id=a.state("vaults")[0]["id"]
        ),
        make(rule_type="TRANSITION", retention=1),
    ]
    a.api.update_policy_v2(hbr.UpdatePolicyV2Request(policy_id=a.state("policies")[0]["id"], rules=rules))


def deleted(a: Backups) -> None:
    """Somebody deletes the policy."""
    a.api.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id=a.state("policies")[0]["id"]))


@pytest.mark.parametrize(
    ("break_it", "kind"),
    [
        (unbound, "not_bound"),
        (suspended, "not_bound"),
        (rescheduled, "backup_policy_changed"),
        (deleted, "backup_policy_missing"),
    ],
)
def test_drift_is_found_repaired_and_gone(world: World, a: Backups, break_it: Any, kind: str) -> None:
    """What somebody undid by hand the next sweep finds and does again, and the one after it finds nothing."""
    configure(world, OSS)
    sweep(world, times=3)
    before = bound(a), [rule["Schedule"] for rule in a.state("policies")[0]["rules"] if "Schedule" in rule]
    break_it(a)
    assert sweep(world)["kinds"][kind] == 1
    assert sweep(world)["kinds"] == {}
    after = bound(a), [rule["Schedule"] for rule in a.state("policies")[0]["rules"] if "Schedule" in rule]
    assert after == before


def test_a_source_that_is_wanted_no_more_is_unbound(world: World, a: Backups) -> None:
    """Its backups stay; those of the other account are not touched."""
    configure(world, OSS)
    sweep(world, times=3)
    a.run(a.state("policies")[0]["id"])
    points = a.points()
    configure(world, {**OSS, "sources": [{"account": TEST, "id": "test-app-data"}]})
    sweep(world)
    assert (bound(a), bound(a, TEST)) == ({}, {"test-app-data": "OSS"})
    assert a.points() == points


def test_the_last_policy_that_is_wanted_no_more_leaves_nothing_bound(world: World, a: Backups) -> None:
    """Where no policy is configured any more, the deep sweep still sees what is bound, and takes it out."""
    configure(world, OSS)
    sweep(world, times=3)
    configure(world)
    mark = world.mark()
    assert sweep(world)["kinds"] == {}
    assert set(world.calls(mark)) <= {"AssumeRole", "ListAccounts", "ListFoldersForParent", "DescribeCrossAccounts"}
    assert sweep(world, "deep")["kinds"] == {"binding_left_behind": 2}
    assert a.state("bindings") == []
    assert sweep(world, "deep")["kinds"] == {}


def test_what_lacks_our_mark_is_never_changed(world: World, a: Backups) -> None:
    """A foreign vault, policy or binding of the wanted name is reported and left as it is."""
    vault = a.vault("central", ours=False)
    policy = a.policy(vault, "buckets", ours=False)
    before = world.cloud.state()["hbr"]
    configure(world, OSS)
    kinds = sweep(world)["kinds"]
    assert (kinds["vault_foreign"], kinds["backup_policy_foreign"]) == (1, 1)
    after = world.cloud.state()["hbr"]
    assert (after["vaults"], after["policies"][policy]) == (before["vaults"], before["policies"][policy])


def test_what_was_made_twice_is_reported_and_one_of_them_is_used(world: World, a: Backups) -> None:
    """Two sweeps at one moment may each make a vault and a policy: everybody uses the same one, and none is deleted."""
    configure(world, OSS)
    for _ in range(2):
        a.policy(a.vault("central"), "buckets")
    kinds = [sweep(world)["kinds"] for _ in range(2)]
    assert [(one["vault_doubled"], one["backup_policy_doubled"]) for one in kinds] == [(1, 1)] * 2
    assert {one["policy_id"] for one in a.state("bindings")} == {min(one["id"] for one in a.state("policies"))}
    assert (len(a.state("vaults")), len(a.state("policies"))) == (2, 2)


LOCKED = {"name": "central", "encryption": "KMS", "kms_key": "key-1", "locked": True}


def test_a_vault_is_made_exactly_as_it_is_configured(world: World, a: Backups) -> None:
    """Type, encryption, key and retention lock are what the configuration says; what differs later is reported only."""
    tables = {**OSS, "name": "tables", "kind": "tablestore", "vault": {"name": "tables"}}
    tables |= {"sources": [], "tags": {"backup": "daily"}}
    configure(world, {**OSS, "vault": LOCKED}, tables)
    sweep(world)
    made = {one["name"]: one for one in a.state("vaults")}
    expected = {"central": ("STANDARD", "KMS", "key-1", True), "tables": ("OTS_BACKUP", "HBR_PRIVATE", "", False)}
    assert {
        name: (one["kind"], one["encryption"], one["kms_key"], one["worm"]) for name, one in made.items()
    } == expected
    (call,) = [
        one["params"] for one in world.cloud.journal(action="CreateVault") if one["params"]["VaultName"] == "central"
    ]
    assert (call["EncryptType"], call["KmsKeyId"], call["WormEnabled"]) == ("KMS", "key-1", True)
    mark = world.mark()
    configure(world, {**OSS, "vault": {"name": "tables", "encryption": "KMS", "kms_key": "key-1"}})
    (finding,) = [one for one in sweep(world)["findings"] if one["kind"] == "vault_differs"]
    for said in ("type 'OTS_BACKUP', not 'STANDARD'", "encryption 'HBR_PRIVATE', not 'KMS'", "key '', not 'key-1'"):
        assert said in finding["detail"]
    assert (finding["repaired"], "CreateVault" in world.calls(mark)) == (False, False)


def test_a_sweep_that_observes_reports_only(world: World, a: Backups) -> None:
    """Kinds of drift under ``sweep.observe`` are found and left."""
    configure(world, OSS, sweep={"observe": ["vault_missing"]})
    report = sweep(world)
    assert [one["repaired"] for one in report["findings"] if one["kind"] == "vault_missing"] == [False]
    assert a.state("vaults") == []


NO_TAG_RULE = "no policy by tags is written where its accounts would be ignored"


def tagged_zone() -> Any:
    """The small zone, with tagged buckets in the production, test and backup accounts."""
    import yaml  # noqa: PLC0415

    from tests.cloud import ROOT  # noqa: PLC0415

    zone = yaml.safe_load((ROOT / "emulator/zones/small.yaml").read_text(encoding="utf-8"))
    for account in zone["accounts"]:
        bucket = {"kind": "OSS", "id": f"tagged-{account['id'][-2:]}", "region": "cn-hangzhou"}
        account.setdefault("resources", []).append({**bucket, "tags": {"backup": "daily"}})
    own = next(account for account in zone["accounts"] if account["id"] == BACKUP)
    own["resources"].append({"kind": "OSS", "id": "own-there", "region": "cn-shanghai"})
    return zone


@pytest.fixture
def tags(world: World) -> Backups:
    """A landing zone in which each account has a bucket with the wanted tag."""
    world.cloud.reset(zone=tagged_zone())
    world.key = world.cloud.as_function()
    return Backups(world).open()


def listed(a: Backups) -> set[str]:
    """The accounts that the policy's tag rule names."""
    sources = [s for rule in a.state("policies")[0]["rules"] for s in rule.get("DataSourceFilters", [])]
    return {str(one["CrossAccountUserId"]) for source in sources for one in source["Accounts"]}


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
def test_a_tag_rule_names_the_enrolled_accounts(world: World, tags: Backups) -> None:
    """Only accounts that have the policy are in it, and only their tagged resources are bound."""
    configure(world, BY_TAG)
    sweep(world, times=4)
    assert listed(tags) == {PROD, TEST}
    tags.run(tags.state("policies")[0]["id"])
    assert (bound(tags), bound(tags, TEST)) == ({"tagged-11": "OSS"}, {"tagged-12": "OSS"})
    assert bound(tags, BACKUP) == bound(tags, SANDBOX) == {}
    assert sweep(world, "deep")["kinds"] == {}


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
@pytest.mark.usefixtures("a")
def test_a_tag_rule_names_the_accounts_in_every_region(world: World) -> None:
    """Also where records are made in one region only, since they count everywhere."""
    configure(world, {**BY_TAG, "regions": list(REGIONS)})
    sweep(world, times=4)
    assert [listed(Backups(world, region)) for region in REGIONS] == [{PROD, TEST}] * 2
    assert sweep(world, "deep")["kinds"] == {}


def test_no_tag_rule_is_written_for_no_account(world: World, tags: Backups) -> None:
    """A rule without accounts would select the backup account's own resources: then there is none."""
    configure(world, BY_TAG)
    world.configure(enrolment={"enrol": False})
    sweep(world, times=3)
    (policy,) = tags.state("policies")
    assert [rule["RuleType"] for rule in policy["rules"]] == ["BACKUP", "TRANSITION"]
    assert bound(tags, BACKUP) == {}


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
@pytest.mark.parametrize("kept", [[], [{**BY_TAG, "regions": ["cn-shanghai"]}]], ids=["none", "another region"])
def test_a_tag_rule_that_is_wanted_no_more_goes(world: World, tags: Backups, kept: list[dict[str, Any]]) -> None:
    """Its policy stays, without that rule: else the cloud would bind again whatever is taken out."""
    configure(world, BY_TAG)
    sweep(world, times=4)
    assert (bound(tags), bound(tags, TEST)) == ({"tagged-11": "OSS"}, {"tagged-12": "OSS"})
    configure(world, *kept)
    kinds = sweep(world, "deep")["kinds"]
    assert (kinds["binding_left_behind"], kinds["backup_policy_changed"]) == (2, 1)
    sweep(world, "deep", times=3)
    (policy,) = tags.state("policies")
    assert [rule["RuleType"] for rule in policy["rules"]] == ["BACKUP", "TRANSITION"]
    assert tags.state("bindings") == []
    assert sweep(world, "deep")["kinds"] == {}


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
def test_events_leave_a_shared_policy_to_the_sweep(world: World, tags: Backups) -> None:
    """A new account's event writes no rule; the sweep after it takes the account in."""
    configure(world, BY_TAG)
    sweep(world, times=4)
    account = world.create("payments")
    mark = world.mark()
    world.enrol(account)
    assert "UpdatePolicyV2" not in world.calls(mark)
    sweep(world)
    assert listed(tags) == {PROD, TEST, account}


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
def test_a_tag_rule_is_written_however_much_else_there_is_to_do(world: World, tags: Backups) -> None:
    """A sweep that has no time for single accounts has written what all of them share before."""
    configure(world, BY_TAG)
    world.enrol(PROD)
    for _ in range(3):
        short = world.context(timeout=round(SPARE_SECONDS + RESERVE))
        assert world.call("reconcile", {"sweep": "fast"}, short)["sweep"]["left_over"] == 1
        world.cloud.advance(60)
        world.key = world.cloud.as_function()
    assert listed(tags) == {PROD}


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
def test_an_account_that_left_goes_out_of_the_tag_rule(world: World, tags: Backups) -> None:
    """Its withdrawal switches its bindings off at once; the next sweep takes it out of the list."""
    configure(world, BY_TAG)
    sweep(world, times=4)
    tags.run(tags.state("policies")[0]["id"])
    points = tags.points()
    withdraw(world, PROD)
    assert bound(tags) == {}
    rule = {"name": "not this one", "accounts": [PROD], "enrol": False}
    world.configure(scope=[*world.config["scope"], rule])
    sweep(world)
    assert listed(tags) == {TEST}
    assert tags.points() == points


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
def test_an_empty_directory_empties_no_tag_rule(world: World, tags: Backups) -> None:
    """Accounts that are still registered stay in the list, whatever the directory says."""
    configure(world, BY_TAG)
    sweep(world, times=4)
    state = world.cloud.state()
    state["directory"]["members"] = {}
    world.cloud.load(state)
    world.key = world.cloud.as_function()
    sweep(world)
    assert listed(tags) == {PROD, TEST}


def test_where_account_lists_are_ignored_no_tag_rule_is_written(world: World, tags: Backups) -> None:
    """Told so, the sweep reports that tags cannot be used, and the backup account's own resources stay out."""
    world.cloud.guess(account_scope="ignored")
    configure(world, BY_TAG, assumptions={"tag_accounts": "ignored"})
    report = sweep(world, times=4)
    assert report["kinds"] == {"tags_impossible": 1}
    tags.day()
    assert tags.state("bindings") == []


def test_withdrawal_switches_off_before_it_deregisters(world: World, a: Backups) -> None:
    """Bindings of ours rest before the first registration goes; enrolling again resumes them."""
    configure(world, OSS)
    sweep(world, times=3)
    mark = world.mark()
    withdraw(world)
    writes = [action for action in world.calls(mark) if action in {"UpdatePolicyBinding", "DeleteCrossAccount"}]
    assert writes == ["UpdatePolicyBinding", *["DeleteCrossAccount"] * len(world.regions)]
    assert bound(a) == {}
    world.enrol(PROD)
    assert bound(a) == {"prod-app-data": "OSS"}


@pytest.mark.every_guess
def test_a_change_of_authorization_mode_takes_the_bindings_along(world: World, a: Backups) -> None:
    """Registered anew, then bound anew, then the old registration goes; and the same back again."""
    configure(world, OSS)
    sweep(world, times=3)
    for mode, kind in (("resource_directory", "CROSS_ACCOUNT_BY_RD"), ("ram_role", "CROSS_ACCOUNT")):
        world.configure(enrolment={"authorization": mode})
        mark = world.mark()
        sweep(world, "deep")
        order = [
            action
            for action in world.calls(mark)
            if action in {"AddCrossAccount", "CreatePolicyBindings", "DeleteCrossAccount"}
        ]
        assert order.index("CreatePolicyBindings") > order.index("AddCrossAccount")
        assert {one["place"]["kind"] for one in a.state("bindings")} == {kind}
        assert world.registered(PROD)["cn-hangzhou"] == [kind]
        assert sweep(world, "deep")["kinds"] == {}


def test_a_source_that_is_not_there_holds_up_nothing_else(world: World, a: Backups) -> None:
    """The account ends protected, its other sources bound, and a person is told which one is wrong."""
    sources = [{"account": PROD, "id": "no-such-bucket"}, {"account": PROD, "id": "prod-app-data"}]
    configure(world, {**OSS, "sources": sources})
    sweep(world, times=2)
    answer = world.enrol(PROD)
    assert (answer["disposition"], answer["state"], answer["reason"]) == (
        "dead_letter",
        "protected",
        "bad_configuration",
    )
    assert "no-such-bucket" in answer["detail"]
    assert bound(a) == {"prod-app-data": "OSS"}
    assert world.is_protected(PROD)


def test_a_source_where_the_account_is_not_registered_is_refused_with_the_page(world: World, a: Backups) -> None:
    """Step 4 of the page: the account must be added in the region of the resources."""
    rule = {"name": "here only", "accounts": [PROD], "regions": ["cn-shanghai"]}
    configure(world, INSTANCES)
    world.configure(scope=[*world.config["scope"], rule])
    sweep(world, times=2)
    answer = world.enrol(PROD)
    assert answer["state"] == "protected"
    (line,) = [one for one in answer["warnings"] if "i-prod0000000000001" in one]
    assert "is not registered in cn-hangzhou" in line
    assert "step 4" in line
    assert a.state("bindings") == []


def test_the_backup_accounts_own_resources_need_no_registration(world: World, tags: Backups) -> None:
    """Declared as an external account, the backup account is backed up as itself: no role, no registration."""
    own = {**OSS, "sources": [{"account": BACKUP, "id": "tagged-02"}]}
    configure(world, own, external=[{"account_id": BACKUP, "display_name": "backup"}])
    sweep(world, times=3)
    (binding,) = tags.state("bindings")
    assert binding["place"] == {"account_id": BACKUP, "kind": "SELF_ACCOUNT", "role_name": ""}
    assert (world.role(BACKUP), world.registered(BACKUP)) == (None, {})
    assert sweep(world, "deep")["kinds"] == {}


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
@pytest.mark.parametrize("elsewhere", [False, True])
def test_the_backup_accounts_own_resources_are_backed_up_by_tag(
    world: World, tags: Backups, *, elsewhere: bool
) -> None:
    """What a tag rule bound of the backup account itself goes on, whatever else of it is backed up in other regions."""
    named = {**OSS, "name": "named", "regions": ["cn-shanghai"], "vault": {"name": "there"}}
    named["sources"] = [{"account": BACKUP, "id": "own-there"}]
    configure(world, BY_TAG, *([named] if elsewhere else []), external=[{"account_id": BACKUP, "display_name": "own"}])
    sweep(world, times=4)
    tags.run(tags.state("policies")[0]["id"])
    assert bound(tags, BACKUP) == {"tagged-02": "OSS"}
    for _ in range(2):
        assert sweep(world, "deep")["kinds"] == {}
    assert bound(tags, BACKUP) == {"tagged-02": "OSS"}


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
@pytest.mark.parametrize("account_id", [PROD, BACKUP])
def test_what_a_tag_rule_bound_is_resumed_when_its_account_is_back(
    world: World, tags: Backups, account_id: str
) -> None:
    """Suspended while the account was withdrawn, or by hand, it is resumed by the next deep sweep."""
    configure(world, BY_TAG, external=[{"account_id": BACKUP, "display_name": "own"}])
    sweep(world, times=4)
    before, policy = bound(tags, account_id), tags.state("policies")[0]["id"]
    withdraw(world, account_id)
    assert bound(tags, account_id) == {}
    world.enrol(account_id)
    sweep(world, "deep", times=2)
    assert bound(tags, account_id) == before != {}
    tags.suspend(policy, next(iter(before)))
    assert sweep(world, "deep")["kinds"] == {"not_bound": 1}
    assert bound(tags, account_id) == before


@pytest.mark.not_under(NO_TAG_RULE, account_scope="ignored")
def test_a_cloud_that_ignores_account_lists_is_found_out(world: World, tags: Backups) -> None:
    """Where the assumption was wrong, the deep sweep reports what was bound in an account that no rule names."""
    world.cloud.guess(account_scope="ignored")
    configure(world, BY_TAG)
    sweep(world, times=4)
    tags.run(tags.state("policies")[0]["id"])
    assert bound(tags, BACKUP) == {"tagged-02": "OSS"}
    report = sweep(world, "deep")
    (finding,) = [one for one in report["findings"] if one["kind"] == "tags_ignored"]
    assert BACKUP in finding["detail"]
