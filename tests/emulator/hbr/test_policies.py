from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_tea_openapi.exceptions import ClientException

from tests.emulator.hbr.conftest import CROSS, MEMBER, OTHER, ROLE, bind, create_policy, create_vault, rules

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

RULE = hbr.CreatePolicyV2RequestRules


@pytest.fixture
def vault(cloud: LocalCloud, enrolled: Any) -> str:
    return create_vault(cloud, enrolled)


def policies(backup: Any, **more: Any) -> Any:
    return backup.describe_policies_v2(hbr.DescribePoliciesV2Request(**more)).body


def bindings(backup: Any, **more: Any) -> Any:
    return backup.describe_policy_bindings(hbr.DescribePolicyBindingsRequest(**more)).body


def refused(backup: Any, given: list[Any]) -> tuple[str, int]:
    with pytest.raises(ClientException) as refusal:
        backup.create_policy_v2(hbr.CreatePolicyV2Request(policy_name="p", rules=given))
    return refusal.value.code, refusal.value.status_code


def test_a_policy_comes_back_as_it_was_made(enrolled: Any, vault: str) -> None:
    """Name, type by its vault, rules with ids, and the number of bindings."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", "prod-app-data")
    (shown,) = policies(enrolled).policies
    assert (shown.policy_id, shown.policy_name, shown.policy_type) == (policy, "daily", "STANDARD")
    assert shown.policy_binding_count == 1
    assert [(rule.rule_type, rule.vault_id) for rule in shown.rules] == [("BACKUP", vault), ("TRANSITION", "")]
    assert len({rule.rule_id for rule in shown.rules}) == 2


def test_rules_that_make_no_policy_are_refused(enrolled: Any, vault: str) -> None:
    """No backup, no or two life cycles, a bad schedule, a short archive, an unknown vault: each is told apart."""
    daily, kept = rules(vault)
    assert refused(enrolled, [kept]) == ("BadRequest", 400)
    assert refused(enrolled, [daily]) == ("BadRequest", 400)
    assert refused(enrolled, [daily, kept, kept]) == ("BadRequest", 400)
    assert refused(enrolled, rules(vault, schedule="every day")) == ("BadRequest", 400)
    assert refused(enrolled, rules(vault, retention=364636)) == ("BadRequest", 400)
    assert refused(enrolled, rules("v-unknown")) == ("VaultNotExist", 404)
    archive = RULE(rule_type="TRANSITION", retention=365, archive_days=29)
    assert refused(enrolled, [daily, archive]) == ("ArchiveDaysTooShort", 400)
    archive = RULE(rule_type="TRANSITION", retention=89, archive_days=30)
    assert refused(enrolled, [daily, archive]) == ("ArchiveRetentionDaysTooShort", 400)
    assert policies(enrolled).policies == []


def test_tokens_page_through_policies(enrolled: Any, vault: str) -> None:
    """Every policy is on exactly one page, and a page may not be shorter than ten."""
    made = [create_policy(enrolled, vault) for _ in range(12)]
    first = policies(enrolled)
    second = policies(enrolled, next_token=first.next_token)
    assert [policy.policy_id for policy in [*first.policies, *second.policies]] == made
    assert (len(first.policies), first.total_count, second.next_token) == (10, 12, "")
    for wrong in ({"max_results": 9}, {"max_results": 101}, {"next_token": "no token"}):
        with pytest.raises(ClientException) as refusal:
            policies(enrolled, **wrong)
        assert refusal.value.code == "BadRequest"


def test_a_binding_comes_back_with_its_account(enrolled: Any, vault: str) -> None:
    """The member account, its role and the options are in the list of bindings."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", "prod-app-data", source="/logs", policy_binding_description="ours")
    (shown,) = bindings(enrolled, policy_id=policy).policy_bindings
    assert (shown.cross_account_type, shown.cross_account_user_id) == ("CROSS_ACCOUNT", MEMBER)
    assert (shown.cross_account_role_name, shown.data_source_id) == (ROLE, "prod-app-data")
    assert (shown.source, shown.policy_binding_description) == ("/logs", "ours")
    assert (shown.disabled, shown.created_by_tag) == (False, False)


def test_bindings_are_filtered(enrolled: Any, vault: str) -> None:
    """By policy, type, data source, and the documented filters."""
    one, two = create_policy(enrolled, vault), create_policy(enrolled, vault)
    bind(enrolled, one, "OSS", "prod-app-data")
    bind(enrolled, two, "NAS", "1ca404prod")

    def found(**more: Any) -> list[str]:
        return [binding.data_source_id for binding in bindings(enrolled, **more).policy_bindings]

    by = hbr.DescribePolicyBindingsRequestFilters
    assert found() == ["prod-app-data", "1ca404prod"]
    assert found(policy_id=two) == ["1ca404prod"]
    assert found(source_type="OSS") == ["prod-app-data"]
    assert found(data_source_ids=["1ca404prod"]) == ["1ca404prod"]
    assert found(filters=[by(key="DataSourceType", values=["NAS", "OTS"])]) == ["1ca404prod"]
    assert found(filters=[by(key="PolicyId", operator="NOT_EQUAL", values=[one])]) == ["1ca404prod"]
    with pytest.raises(ClientException):
        found(filters=[by(key="CrossAccountUserId", values=[str(MEMBER)])])


def test_a_second_binding_is_refused(enrolled: Any, vault: str) -> None:
    """The same data source is bound to a policy once; of several, none is bound when one is refused."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", "prod-app-data")
    with pytest.raises(ClientException) as refusal:
        bind(enrolled, policy, "OSS", "prod-app-data")
    assert (refusal.value.code, refusal.value.status_code) == ("PolicyAlreadyBoundWithThisDataSource", 400)
    item = hbr.CreatePolicyBindingsRequestPolicyBindingList
    both = [item(source_type="NAS", data_source_id=name, **CROSS) for name in ("1ca404prod", "unknown")]
    with pytest.raises(ClientException) as refusal:
        enrolled.create_policy_bindings(hbr.CreatePolicyBindingsRequest(policy_id=policy, policy_binding_list=both))
    assert (refusal.value.code, refusal.value.status_code) == ("ResourceNotFound", 404)
    assert bindings(enrolled).total_count == 1


def test_an_instance_is_in_one_policy_only(enrolled: Any) -> None:
    """Another policy for ECS instances does not take it."""
    one, two = create_policy(enrolled, None), create_policy(enrolled, None)
    bind(enrolled, one, "UDM_ECS", "i-prod0000000000001")
    with pytest.raises(ClientException) as refusal:
        bind(enrolled, two, "UDM_ECS", "i-prod0000000000001")
    assert refusal.value.code == "PolicyAlreadyBoundWithThisDataSource"


def test_kinds_need_their_kind_of_policy_and_vault(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """ECS instances have a type of policy, Tablestore has a kind of vault, and nothing else goes there."""
    standard, instances = create_policy(enrolled, vault), create_policy(enrolled, None)
    tables = create_policy(enrolled, create_vault(cloud, enrolled, vault_type="OTS_BACKUP"))
    wrong = (
        (standard, "UDM_ECS", "i-prod0000000000001"),
        (instances, "OSS", "prod-app-data"),
        (standard, "OTS", "prod-orders"),
        (tables, "OSS", "prod-app-data"),
    )
    for policy, kind, source in wrong:
        with pytest.raises(ClientException) as refusal:
            bind(enrolled, policy, kind, source)
        assert refusal.value.code == "BadRequest"


def test_an_unregistered_account_cannot_be_bound(enrolled: Any, vault: str) -> None:
    """Registration comes first, in that region."""
    policy = create_policy(enrolled, vault)
    with pytest.raises(ClientException) as refusal:
        bind(enrolled, policy, "OSS", "test-app-data", cross_account_user_id=OTHER)
    assert (refusal.value.code, refusal.value.status_code) == ("NoPermission", 403)


def test_one_s_own_account_is_the_default(enrolled: Any, vault: str) -> None:
    """Without a type the data source is looked for in the backup account, whatever user id is named."""
    policy = create_policy(enrolled, vault)
    with pytest.raises(ClientException) as refusal:
        bind(enrolled, policy, "OSS", "prod-app-data", cross_account_type=None)
    assert refusal.value.code == "ResourceNotFound"


def test_a_binding_is_changed_and_removed(enrolled: Any, vault: str) -> None:
    """Suspending keeps the rest of it; removing it twice is refused."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", "prod-app-data", source="/logs")
    named = {"policy_id": policy, "source_type": "OSS"}
    change = hbr.UpdatePolicyBindingRequest(**named, data_source_id="prod-app-data", disabled=True)
    enrolled.update_policy_binding(change)
    (shown,) = bindings(enrolled).policy_bindings
    assert (shown.disabled, shown.source) == (True, "/logs")
    remove = hbr.DeletePolicyBindingRequest(**named, data_source_ids=["prod-app-data"])
    enrolled.delete_policy_binding(remove)
    assert bindings(enrolled).policy_bindings == []
    with pytest.raises(ClientException) as refusal:
        enrolled.delete_policy_binding(remove)
    assert refusal.value.code == "ResourceNotFound"


def tagged(cloud: LocalCloud) -> None:
    """Give the member's bucket and the other member's bucket the tag ``backup: daily``."""
    state = cloud.state()
    for account in (MEMBER, OTHER):
        state["accounts"][str(account)]["resources"][0]["tags"] = {"backup": "daily"}
    cloud.load(state)


def by_tag(*accounts: int, value: str = "daily", operator: str = "EQUAL") -> Any:
    account = hbr.CreatePolicyV2RequestRulesDataSourceFiltersAccounts
    listed = [account(**{**CROSS, "cross_account_user_id": each}) for each in accounts]
    return RULE(
        rule_type="TAG",
        tag_filters=[hbr.CreatePolicyV2RequestRulesTagFilters(key="backup", operator=operator, value=value)],
        data_source_filters=[hbr.CreatePolicyV2RequestRulesDataSourceFilters(source_type="OSS", accounts=listed)],
    )


def test_tags_bind_by_themselves(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """A TAG rule binds what carries the tag in the accounts that it lists and that can be reached."""
    tagged(cloud)
    create_policy(enrolled, vault, by_tag(MEMBER, OTHER))
    (shown,) = bindings(enrolled).policy_bindings
    assert (shown.data_source_id, shown.cross_account_user_id, shown.created_by_tag) == ("prod-app-data", MEMBER, True)
    assert (shown.hit_tags[0].key, shown.hit_tags[0].value) == ("backup", "daily")


def test_a_later_tag_is_found_too(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """The rule looks again: what is tagged afterwards is bound as well."""
    create_policy(enrolled, vault, by_tag(MEMBER))
    assert bindings(enrolled).policy_bindings == []
    tagged(cloud)
    assert bindings(enrolled).total_count == 1


def test_tags_compare_by_their_operator(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """NOT means the key with another value; EQUAL without a value means any."""
    tagged(cloud)
    create_policy(enrolled, vault, by_tag(MEMBER, operator="NOT"))
    assert bindings(enrolled).total_count == 0
    create_policy(enrolled, vault, by_tag(MEMBER, operator="NOT", value="never"))
    assert bindings(enrolled).total_count == 1
    create_policy(enrolled, vault, by_tag(MEMBER, value=""))
    assert bindings(enrolled).total_count == 2


def test_the_list_of_accounts_may_be_ignored(cloud: LocalCloud, enrolled: Any, vault: str) -> None:
    """Under the guess ``account_scope: ignored`` only the backup account's own data sources are looked at."""
    cloud.guess(account_scope="ignored")
    tagged(cloud)
    create_policy(enrolled, vault, by_tag(MEMBER))
    assert bindings(enrolled).policy_bindings == []


def test_policies_are_found_by_the_accounts_of_their_tags(enrolled: Any, vault: str) -> None:
    """DescribePoliciesV2 narrows by an account that a TAG rule lists."""
    create_policy(enrolled, vault)
    policy = create_policy(enrolled, vault, by_tag(MEMBER))
    account = hbr.DescribePoliciesV2RequestAccounts(**CROSS)
    assert [found.policy_id for found in policies(enrolled, accounts=[account]).policies] == [policy]


def test_deleting_a_policy_takes_its_bindings(enrolled: Any, vault: str) -> None:
    """The bindings go; a policy that is gone cannot be changed."""
    policy = create_policy(enrolled, vault)
    bind(enrolled, policy, "OSS", "prod-app-data")
    enrolled.delete_policy_v2(hbr.DeletePolicyV2Request(policy_id=policy))
    assert bindings(enrolled).policy_bindings == []
    with pytest.raises(ClientException) as refusal:
        enrolled.update_policy_v2(hbr.UpdatePolicyV2Request(policy_id=policy, policy_name="x"))
    assert (refusal.value.code, refusal.value.status_code) == ("ResourceNotFound", 404)
