from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.trust import Trust

SLR = "acs:ram::1000000000000002:role/AliyunServiceRoleForHbrCrossAccountBackup"
STATEMENT = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [SLR]}}
WANTED = Trust.only(SLR)


def trust(*statements: Any, **more: Any) -> Trust:
    return Trust.parse(json.dumps({"Statement": list(statements), "Version": "1", **more}))


@pytest.mark.parametrize(
    "statement",
    [
        pytest.param(STATEMENT, id="itself"),
        pytest.param({**STATEMENT, "Principal": {"RAM": [SLR.lower()]}}, id="lower case"),
        pytest.param({**STATEMENT, "Principal": {"RAM": SLR}}, id="principal as text"),
        pytest.param({**STATEMENT, "Action": ["sts:AssumeRole"]}, id="action as list"),
        pytest.param(dict(reversed(STATEMENT.items())), id="order of keys"),
    ],
)
def test_other_spellings_are_no_difference(statement: dict[str, Any]) -> None:
    """The cloud's own spellings of the document that we wrote are the same trust."""
    assert trust(statement) == WANTED


INTRUDER = "acs:ram::1000000000000666:root"
OTHER_TERMS: dict[str, dict[str, Any]] = {
    "one more": {"Principal": {"RAM": [SLR, INTRUDER]}},
    "whole account": {"Principal": {"RAM": ["acs:ram::1000000000000002:root"]}},
    "longer name": {"Principal": {"RAM": [f"{SLR}2"]}},
    "a service": {"Principal": {"RAM": [SLR], "Service": ["ecs.aliyuncs.com"]}},
    "another kind": {"Principal": {"Federated": [SLR]}},
    "everybody": {"Principal": "*"},
    "denied": {"Effect": "Deny"},
    "another action": {"Action": "sts:*"},
    "condition": {"Condition": {"Bool": {"acs:MFAPresent": "true"}}},
}


@pytest.mark.parametrize("changed", OTHER_TERMS.values(), ids=OTHER_TERMS)
def test_other_terms_are_a_difference(changed: dict[str, Any]) -> None:
    """A statement that lets somebody else in, or ours in under other terms, is not the wanted one."""
    assert trust({**STATEMENT, **changed}) != WANTED


@pytest.mark.parametrize("found", [trust(), trust(STATEMENT, {**STATEMENT, "Principal": {"RAM": [INTRUDER]}})])
def test_the_number_of_statements_is_a_difference(found: Trust) -> None:
    """A document with no statement, or with one more, is not the wanted one."""
    assert found != WANTED


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", "text", '{"Statement": null}', '{"Statement": {}}'])
def test_what_is_no_policy_equals_no_other(text: str) -> None:
    """A document that is no trust policy is drift, and lets nobody in as far as we can tell."""
    assert Trust.parse(text) != WANTED
    assert Trust.parse(text).principals == frozenset()


def test_keys_that_differ_in_case_hide_nobody() -> None:
    """A second principal is seen although its key differs from another only in case."""
    assert trust({**STATEMENT, "Principal": {"RAM": [INTRUDER], "ram": [SLR]}}) != WANTED


def test_principals_are_named() -> None:
    """Everybody who is let in is named, and nobody who is kept out."""
    denied = {**STATEMENT, "Effect": "Deny", "Principal": {"RAM": ["acs:ram::1000000000000007:root"]}}
    both = {**STATEMENT, "Principal": {"RAM": INTRUDER, "Service": ["ecs.aliyuncs.com"]}}
    assert trust(both, denied).principals == {INTRUDER, "ecs.aliyuncs.com"}
    assert trust({**STATEMENT, "Principal": "*"}).principals == {"*"}


def test_what_is_written_names_one_principal() -> None:
    """The document that we write lets exactly one RAM principal assume the role."""
    assert json.loads(WANTED.document) == {
        "Statement": [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [SLR]}}],
        "Version": "1",
    }


NAMES = st.sampled_from(["Statement", "Effect", "Action", "Principal", "RAM", "Condition"]) | st.text(max_size=2)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.sampled_from(["Allow", "*"]) | st.text(max_size=3),
    lambda inner: st.lists(inner, min_size=1, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=120, deadline=None)
@given(st.fixed_dictionaries({"Statement": ANYTHING}))
def test_any_document_can_be_read(document: dict[str, Any]) -> None:
    """A trust policy of any shape is read, and its principals are named, without an error."""
    parsed = Trust.parse(json.dumps(document))
    assert parsed != WANTED
    assert isinstance(parsed.principals, frozenset)


def test_a_statement_without_effects_can_be_read() -> None:
    """An empty list of effects is no effect, and no error."""
    assert trust({**STATEMENT, "Effect": []}) != WANTED
