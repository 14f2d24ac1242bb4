from __future__ import annotations

from dataclasses import replace

import pytest
from alibabacloud_hbr20170908.models import DescribePoliciesV2ResponseBodyPoliciesRules
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.backup_policy import BackupPolicy
from shared.backups import Binding, Place, Rule
from shared.binding import Bind, SwitchOff, Unbind, after_binding, rebound
from shared.enrolment import Enrolment
from shared.plan import after, plan
from shared.policies import rules_of, same
from shared.rules import read, written
from shared.standing import Standing, beside
from shared.steps import CheckRole, Deregister, Register
from tests.unit.enrolments import ACCOUNT, BY_DIRECTORY, BY_ROLE, ENROLLED, NAME, REGIONS
from tests.unit.test_backup_policy import GOOD, config

ROAD = Place(ACCOUNT, "CROSS_ACCOUNT", NAME)
OTHER = Place(ACCOUNT, "CROSS_ACCOUNT_BY_RD")
REGION = REGIONS[0]
SOURCES, POLICIES = ("a", "b", "c"), ("po-1", "po-2")

wanted = st.builds(
    Binding, st.just(ROAD), st.just("OSS"), st.sampled_from(SOURCES), st.just("daily"), id=st.sampled_from(POLICIES)
)
found = st.builds(
    Binding,
    st.sampled_from([ROAD, OTHER]),
    st.just("OSS"),
    st.sampled_from(SOURCES),
    st.just("daily"),
    st.sampled_from(["policy", "plan"]),
    disabled=st.booleans(),
    ours=st.booleans(),
    by_tag=st.booleans(),
    id=st.sampled_from(POLICIES),
)
wants = st.frozensets(wanted)
haves = st.lists(found, unique_by=lambda one: one.key).map(frozenset)
tagging = st.sampled_from([frozenset(), frozenset({"daily"})])
every = settings(max_examples=200, deadline=None)


@every
@given(wants, haves, tagging)
def test_every_pair_of_bindings_converges(
    want: frozenset[Binding], have: frozenset[Binding], tags: frozenset[str]
) -> None:
    """Once the steps have succeeded there is nothing left to do, and everything wanted is bound."""
    state = {REGION: have}
    for step in rebound(REGION, want, have, [ROAD], tags):
        state = after_binding(state, step)
    assert list(rebound(REGION, want, state[REGION], [ROAD], tags)) == []
    assert {one.key for one in want} <= {one.key for one in state[REGION]}


@every
@given(wants, haves, tagging)
def test_nothing_foreign_is_touched(want: frozenset[Binding], have: frozenset[Binding], tags: frozenset[str]) -> None:
    """No step unbinds or switches off what is not ours, enrolled or withdrawn."""
    bindings = {REGION: want} if want else {}
    enrolled = plan(
        replace(ENROLLED, bindings=bindings, tag_policies={REGION: tags}), replace(ENROLLED, bindings={REGION: have})
    )
    left = plan(Enrolment(ACCOUNT), replace(ENROLLED, bindings={REGION: have}))
    assert all(step.binding.ours for step in (*enrolled, *left) if isinstance(step, Unbind | SwitchOff))


@every
@given(haves)
def test_a_withdrawal_switches_off_first_and_unbinds_nothing(have: frozenset[Binding]) -> None:
    """Everything of ours rests before anything is deregistered; afterwards nothing of ours runs."""
    observed = replace(ENROLLED, bindings={REGION: have})
    steps = plan(Enrolment(ACCOUNT), observed)
    assert not [step for step in steps if isinstance(step, Bind | Unbind)]
    kinds = [type(step) for step in steps]
    if SwitchOff in kinds:
        assert max(i for i, kind in enumerate(kinds) if kind is SwitchOff) < kinds.index(Deregister)
    for step in steps:
        observed = after(observed, step)
    assert not [one for one in observed.bindings.get(REGION, ()) if one.ours and not one.disabled]


@pytest.mark.parametrize("elsewhere", [False, True])
def test_what_a_rule_bound_of_the_backup_account_stays_bound(*, elsewhere: bool) -> None:
    """It has no registration, and perhaps no data source that is named: it is reached as itself in every region."""
    itself = Place(ACCOUNT, "SELF_ACCOUNT")
    bound = Binding(itself, "OSS", "a", "daily", by_tag=True, id="po-1")
    named = {REGIONS[1]: frozenset({Binding(itself, "OSS", "b", "daily", id="po-2")})} if elsewhere else {}
    want = Enrolment(ACCOUNT, bindings=named, tag_policies={REGION: frozenset({"daily"})})
    assert plan(want, Enrolment(ACCOUNT, bindings={**named, REGION: frozenset({bound})})) == ()
    rested = Enrolment(ACCOUNT, bindings={**named, REGION: frozenset({replace(bound, disabled=True)})})
    assert plan(want, rested) == (Bind(REGION, bound),)


def test_bindings_come_after_the_proof_and_before_the_old_registration_goes() -> None:
    """A change of authorization mode: register, prove, bind anew, deregister."""
    have = frozenset({Binding(OTHER, "OSS", "a", "daily", id="po-1")})
    want = replace(
        ENROLLED,
        registrations={REGION: frozenset({BY_ROLE})},
        bindings={REGION: frozenset({Binding(ROAD, "OSS", "a", "daily", id="po-1")})},
    )
    observed = Enrolment(ACCOUNT, ENROLLED.role, {REGION: frozenset({BY_DIRECTORY})}, bindings={REGION: have})
    assert [type(step) for step in plan(want, observed)] == [Register, CheckRole, Unbind, Bind, Deregister]


def test_rules_that_say_the_same_are_the_same() -> None:
    """Order, and what the cloud fills in, are no difference; a schedule, a retention or an account is."""
    policy = BackupPolicy.model_validate({**GOOD, "sources": [], "tags": {"backup": "daily", "stage": ""}})
    assumptions = config().assumptions
    rules = rules_of(policy, "v-1", [ROAD, OTHER], assumptions)
    more = {"RuleId": "rule-1", "Immutable": False, "ReplicationRegionId": ""}
    answered = [DescribePoliciesV2ResponseBodyPoliciesRules().from_map({**written(one), **more}) for one in rules]
    filled = [read(one, "1000000000000002") for one in reversed(answered)]
    assert same(rules, filled)
    assert {rule.id for rule in filled} == {"rule-1"}
    assert not same(rules, [*filled, Rule("REPLICATION")])
    assert not same(rules, rules_of(policy, "v-2", [ROAD, OTHER], assumptions))
    assert not same(rules, rules_of(policy, "v-1", [ROAD], assumptions))
    later = policy.model_copy(update={"retention_days": 31})
    assert not same(rules, rules_of(later, "v-1", [ROAD, OTHER], assumptions))
    assert [rule.type for rule in rules_of(policy, "v-1", [], assumptions)] == ["BACKUP", "TRANSITION"]


def test_of_two_plans_of_one_database_one_is_switched_off() -> None:
    """The cloud makes a second one for whoever asks twice; everybody chooses the same one to keep."""
    plan_of = Binding(ROAD, "HANA", "erp/SYSTEMDB", "cross-account-backup-erp-SYSTEMDB", "hana_plan")
    twins = frozenset({replace(plan_of, id="pl-2"), replace(plan_of, id="pl-1")})
    want = Enrolment(ACCOUNT, None, {}, bindings={REGION: frozenset({replace(plan_of, policy="erp")})})
    bound = beside(want, {REGION: Standing(plans=twins)}).want.bindings[REGION]
    assert [one.id for one in bound] == ["pl-1"]
    assert list(rebound(REGION, bound, twins, [ROAD], ())) == [SwitchOff(REGION, replace(plan_of, id="pl-2"))]
    rested = frozenset({replace(plan_of, id="pl-1", disabled=True), replace(plan_of, id="pl-2")})
    assert [one.id for one in beside(want, {REGION: Standing(plans=rested)}).want.bindings[REGION]] == ["pl-2"]
