from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.config import Config
from shared.enrolment import Registration, Role
from shared.scope import DEFAULT_RULE, Member, alias, desired, withdrawn
from shared.settings import ALIAS_LENGTH, Settings
from shared.trust import Trust

ID = "1000000000000011"
MEMBER = Member(
    ID,
    "prod-app",
    "created",
    folders=("r-Landing", "fd-prod000001", "fd-shop000001"),
    tags={"stage": "prod", "team": "shop"},
    access_role="ResourceDirectoryAccountAccessRole",
)


def config(*scope: dict[str, Any], **enrolment: Any) -> Config:
    return Config.model_validate(
        {
            "management_account": "1000000000000001",
            "backup_account": {"id": "1000000000000002", "role": "cab-backup"},
            "enrolment": {"regions": ["cn-hangzhou", "cn-shanghai"], **enrolment},
            "scope": scope,
        }
    )


BY_SPECIFICITY: list[dict[str, Any]] = [
    {"name": "this account", "accounts": [ID]},
    {"name": "two tags", "tags": {"stage": "prod", "team": "shop"}},
    {"name": "one tag", "tags": {"stage": "prod"}},
    {"name": "deepest folder", "folder": "fd-shop000001"},
    {"name": "folder", "folder": "fd-prod000001"},
    {"name": "root", "folder": "r-Landing"},
    {"name": "type", "type": "created"},
    {"name": "everybody"},
]
"""Rules that all match MEMBER, the most specific first."""
OTHERS: list[dict[str, Any]] = [
    {"name": "other account", "accounts": ["1000000000000012"]},
    {"name": "other tag", "tags": {"stage": "prod", "team": "search"}},
    {"name": "missing tag", "tags": {"owner": "me"}},
    {"name": "other folder", "folder": "fd-test000001"},
    {"name": "other type", "type": "invited"},
    {"name": "half", "accounts": [ID], "folder": "fd-test000001"},
]
"""Rules that do not match MEMBER."""


@pytest.mark.parametrize("stronger", range(len(BY_SPECIFICITY) - 1))
def test_the_more_specific_rule_wins(stronger: int) -> None:
    """Account before tags before the deeper folder before type before all, in whatever order the file has them."""
    pair = BY_SPECIFICITY[stronger : stronger + 2]
    assert {desired(MEMBER, config(*order)).rule for order in permutations(pair)} == {pair[0]["name"]}


@settings(max_examples=100, deadline=None)
@given(st.permutations([*BY_SPECIFICITY, *OTHERS]), st.integers(0, 14))
def test_the_most_specific_of_many_wins(rules: list[dict[str, Any]], count: int) -> None:
    """Of any rules in any order the most specific one that matches decides, and none that does not."""
    given_rules = rules[:count]
    expected = next((rule["name"] for rule in BY_SPECIFICITY if rule in given_rules), DEFAULT_RULE)
    assert desired(MEMBER, config(*given_rules)).rule == expected


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_of_equals_the_earlier_wins(order: tuple[int, int]) -> None:
    """Of two rules that are equally specific the one that stands first in the file decides."""
    rules = [{"name": "stage", "tags": {"stage": "prod"}}, {"name": "team", "tags": {"team": "shop"}}]
    first, second = (rules[number] for number in order)
    assert desired(MEMBER, config(first, second)).rule == first["name"]


@pytest.mark.parametrize("rule", OTHERS, ids=lambda rule: str(rule["name"]))
def test_rules_for_others_change_nothing(rule: dict[str, Any]) -> None:
    """A rule matches only if all that it says is true of the account."""
    wanted = desired(MEMBER, config({**rule, "enrol": False}))
    assert (wanted.rule, wanted.in_scope) == (DEFAULT_RULE, True)


def test_a_rule_changes_only_what_it_says() -> None:
    """What the winning rule does not mention stays as it is for every member, also where another rule says it."""
    rules = (
        {"name": "shop", "folder": "fd-shop000001", "regions": ["cn-beijing"]},
        {"name": "all", "adopt_role": True},
    )
    wanted = desired(MEMBER, config(*rules, role_name="backup")).settings
    assert (wanted.regions, wanted.role_name, wanted.adopt_role) == (("cn-beijing",), "backup", False)


def test_out_of_scope_is_withdrawn() -> None:
    """Of an account out of scope nothing is wanted, just as of one that has left."""
    wanted = desired(MEMBER, config({"name": "not these", "folder": "fd-prod000001", "enrol": False}))
    assert not wanted.in_scope
    assert wanted.enrolment == withdrawn(ID)


def test_back_in_scope() -> None:
    """A rule may enrol what the default, or a broader rule, leaves out."""
    rules = (
        {"name": "not these", "folder": "fd-prod000001", "enrol": False},
        {"name": "but this", "accounts": [ID], "enrol": True},
    )
    assert desired(MEMBER, config(*rules, enrol=False)).in_scope


def test_enrolment_with_a_role() -> None:
    """By default a role is wanted that trusts A's service-linked role alone, and a record of it in every region."""
    wanted = desired(MEMBER, config(policies=["AliyunHBRRolePolicy", "Custom:more", "System:AdministratorAccess"]))
    trust = Trust.only("acs:ram::1000000000000002:role/AliyunServiceRoleForHbrCrossAccountBackup")
    policies = frozenset({"System:AliyunHBRRolePolicy", "Custom:more", "System:AdministratorAccess"})
    record = frozenset({Registration("CROSS_ACCOUNT", "hbrcrossrole")})
    assert wanted.enrolment.role == Role("hbrcrossrole", trust, policies)
    assert wanted.enrolment.registrations == {"cn-hangzhou": record, "cn-shanghai": record}
    assert not wanted.enrolment.owner_makes_role


def test_enrolment_by_the_directory() -> None:
    """In this mode no role is wanted, only a record of its own type in every region."""
    wanted = desired(MEMBER, config(authorization="resource_directory", regions=["cn-hangzhou"])).enrolment
    assert wanted.role is None
    assert wanted.registrations == {"cn-hangzhou": frozenset({Registration("CROSS_ACCOUNT_BY_RD", "")})}


def test_accounts_that_are_not_entered() -> None:
    """Where there is no way in, the role is its owner's to make."""
    outside = Member("1000000000000099", "outside", "external")
    assert desired(outside, config()).enrolment.owner_makes_role


NAMES = st.text(st.characters(exclude_characters="{}"), max_size=60)
PARTS = st.text(st.characters(exclude_characters="{}"), max_size=14)
TEMPLATES = st.builds(
    lambda before, names, after: before + "{display_name}" * names + after + "{account_id}",
    PARTS,
    st.integers(0, 3),
    PARTS,
)


@settings(max_examples=150, deadline=None)
@given(TEMPLATES, NAMES)
@example("{display_name}-{account_id}", "")
@example("{display_name}-{account_id}", "x" * 50)
@example("{display_name}{display_name}-{account_id}", "生产账号" * 12)
@example("0123456789abcdef{account_id}", "prod-app")
def test_aliases_fit(template: str, display_name: str) -> None:
    """With every template that is accepted every account's alias has at most 32 characters and ends in its id."""
    try:
        Settings(regions=("cn-hangzhou",), alias=template)
    except ValidationError:
        assume(condition=False)
    made = alias(template, Member(ID, display_name, "created"))
    assert len(made) <= ALIAS_LENGTH
    assert made.endswith(ID)


def test_aliases_fit_whatever_the_name_looks_like() -> None:
    """A display name that looks like a placeholder is only a name."""
    made = alias("{display_name}-{account_id}", Member(ID, "{account_id}abc", "created"))
    assert len(made) <= ALIAS_LENGTH


@pytest.mark.parametrize(
    ("display_name", "expected"),
    [("prod-app", f"prod-app-{ID}"), ("a name that is too long", f"a name that is-{ID}"), ("", f"-{ID}")],
)
def test_alias_of_the_default_template(display_name: str, expected: str) -> None:
    """The display name is cut to fit, without a blank at the cut."""
    assert alias("{display_name}-{account_id}", Member(ID, display_name, "created")) == expected
