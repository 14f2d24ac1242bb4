from __future__ import annotations

from dataclasses import replace
from random import Random

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from shared.enrolment import UNKNOWN, Enrolment, Registration, Role
from shared.outcome import Reason
from shared.plan import AnyStep, after, gaps, plan
from shared.steps import (
    AttachPolicy,
    CheckRole,
    CreateRole,
    CreateServiceLinkedRole,
    DeleteRole,
    Deregister,
    DetachPolicy,
    Refuse,
    RegionalStep,
    Register,
    UpdateRole,
)
from shared.trust import Trust
from tests.unit.enrolments import (
    ACCOUNT,
    BY_ROLE,
    ENROLLED,
    NAME,
    REGIONS,
    ROLE,
    SLR,
    TRUSTS,
    former_roles,
    found_roles,
    pairs,
)

BUILDS = (CreateServiceLinkedRole, CreateRole, UpdateRole, AttachPolicy)
WRITES_ROLE = (CreateRole, UpdateRole, AttachPolicy, DetachPolicy, DeleteRole)

every_pair = settings(max_examples=120, deadline=None)


def walk(observed: Enrolment, steps: tuple[AnyStep, ...]) -> list[Enrolment]:
    """What is true before the first step and after each."""
    states = [observed]
    for step in steps:
        states.append(after(states[-1], step))
    return states


def refused(steps: tuple[AnyStep, ...]) -> bool:
    return any(isinstance(step, Refuse) for step in steps)


def accepted(pair: tuple[Enrolment, Enrolment]) -> tuple[AnyStep, ...]:
    """The plan of a pair that is not refused."""
    steps = plan(*pair)
    assume(not refused(steps))
    return steps


def position(steps: tuple[AnyStep, ...], *kinds: type) -> list[int]:
    return [number for number, step in enumerate(steps) if isinstance(step, kinds)]


@every_pair
@given(pairs)
def test_every_pair_converges(pair: tuple[Enrolment, Enrolment]) -> None:
    """Once the plan's steps have succeeded there is nothing left to do: the second plan is empty."""
    desired, observed = pair
    assert plan(desired, walk(observed, accepted(pair))[-1]) == ()


@every_pair
@given(pairs)
def test_every_prefix_can_be_continued(pair: tuple[Enrolment, Enrolment]) -> None:
    """Wherever an attempt breaks off, the next one plans the rest from there and ends in the same state."""
    desired, observed = pair
    states = walk(observed, accepted(pair))
    for state in states:
        rest = plan(desired, state)
        assert not refused(rest)
        assert walk(state, rest)[-1] == states[-1]


@every_pair
@given(pairs)
def test_what_is_reached_is_what_is_wanted(pair: tuple[Enrolment, Enrolment]) -> None:
    """At the end the role is the wanted one, each region that is known has just its records, and all is proven."""
    desired, observed = pair
    reached = walk(observed, accepted(pair))[-1]
    if isinstance(desired.role, Role) and not desired.owner_makes_role:
        assert reached.role == desired.role
    if desired.role is None:
        assert not isinstance(reached.role, Role) or not reached.role.ours
    for region, have in reached.registrations.items():
        assert have in {desired.registrations.get(region, frozenset()), UNKNOWN}
    assert all(reached.registrations[region] == want for region, want in desired.registrations.items())
    assert reached.proven >= set(desired.registrations) or desired.role is None
    assert reached.service_linked_role or not desired.registrations


@every_pair
@given(pairs)
def test_order(pair: tuple[Enrolment, Enrolment]) -> None:
    """The service-linked role comes before all; a role is ready before it is registered, and goes after its record."""
    desired, _ = pair
    steps = accepted(pair)
    assert position(steps, CreateServiceLinkedRole) in ([], [0])
    role, regional = position(steps, *WRITES_ROLE), position(steps, RegionalStep)
    first, then = (role, regional) if desired.role else (regional, role)
    assert max(first, default=-1) < min(then, default=len(steps))


@every_pair
@given(pairs)
def test_order_within_a_region(pair: tuple[Enrolment, Enrolment]) -> None:
    """In each region what is wanted is there and proven before anything else is taken away: no gap in the backup.

    Where the two types of record exclude each other there must be one: what is spare goes first.
    """
    steps = accepted(pair)
    order = (Register, CheckRole, Deregister) if pair[0].types_coexist else (Deregister, Register, CheckRole)
    for region in REGIONS:
        kinds = [order.index(type(step)) for step in steps if isinstance(step, RegionalStep) and step.region == region]
        assert kinds == sorted(kinds)


@every_pair
@given(pairs)
def test_rights_never_grow_on_the_way(pair: tuple[Enrolment, Enrolment]) -> None:
    """At no moment does anybody have more trust, or the role more policies, than before or than is wanted."""
    desired, observed = pair
    ends = [role for role in (desired.role, observed.role) if isinstance(role, Role)]
    for state in walk(observed, accepted(pair)):
        if isinstance(state.role, Role):
            assert state.role.trust in [role.trust for role in ends]
            assert state.role.policies <= frozenset().union(*(role.policies for role in ends))


@every_pair
@given(pairs)
def test_no_right_is_given_to_a_role_that_others_can_assume(pair: tuple[Enrolment, Enrolment]) -> None:
    """A policy is attached only once the trust is exactly the wanted one and every spare policy is gone."""
    desired, observed = pair
    steps = accepted(pair)
    for state, step in zip(walk(observed, steps), steps, strict=False):
        if isinstance(step, AttachPolicy):
            assert isinstance(desired.role, Role)
            assert isinstance(state.role, Role)
            assert state.role.trust == desired.role.trust
            assert state.role.policies <= desired.role.policies


@every_pair
@given(pairs, st.randoms(use_true_random=False))
def test_regions_are_independent(pair: tuple[Enrolment, Enrolment], chance: Random) -> None:
    """Steps of different regions may be taken in any order among each other: the end is the same."""
    steps = accepted(pair)
    before = walk(pair[1], tuple(step for step in steps if isinstance(step, BUILDS)))[-1]
    regional = tuple(step for step in steps if isinstance(step, RegionalStep))
    chains = {region: [step for step in regional if step.region == region] for region in REGIONS}
    turns = [step.region for step in regional]
    chance.shuffle(turns)
    mixed = tuple(chains[region].pop(0) for region in turns)
    assert walk(before, mixed)[-1] == walk(before, regional)[-1]


@every_pair
@given(pairs, found_roles)
def test_foreign_roles_are_refused(pair: tuple[Enrolment, Enrolment], found: Role) -> None:
    """A role of that name without our mark stops everything unless it is to be adopted; leaving never removes it."""
    desired, observed = pair
    steps = plan(desired, replace(observed, role=replace(found, ours=False)))
    if desired.role is None:
        assert position(steps, *WRITES_ROLE, Refuse) == []
    elif not desired.adopt_role:
        assert [(type(step), getattr(step, "reason", None)) for step in steps] == [(Refuse, Reason.FOREIGN_ROLE)]
    else:
        assert not refused(steps)


def test_a_new_account_step_by_step() -> None:
    """Of an account of which nothing is known the role is made first, then registered and proven in each region."""
    unknown = Enrolment(ACCOUNT, UNKNOWN, dict.fromkeys(REGIONS, UNKNOWN))
    each = [step for region in REGIONS for step in (Register(region, BY_ROLE), CheckRole(region, NAME))]
    expected = (CreateRole(ROLE), AttachPolicy(NAME, "System:AliyunHBRRolePolicy"), *each)
    assert plan(ENROLLED, unknown) == expected


def test_a_duplicate_event_writes_once_per_region() -> None:
    """Of an enrolled account whose records were not listed, only they are added again, and no role is written."""
    unlisted = Enrolment(ACCOUNT, ROLE, dict.fromkeys(REGIONS, UNKNOWN), frozenset(REGIONS))
    assert plan(ENROLLED, unlisted) == tuple(Register(region, BY_ROLE) for region in REGIONS)


def test_leaving_step_by_step() -> None:
    """An account that leaves loses its records, then the role's policies, then the role."""
    observed = Enrolment(ACCOUNT, ROLE, dict.fromkeys(REGIONS, frozenset({BY_ROLE})), frozenset(REGIONS))
    records = [Deregister(region, BY_ROLE) for region in REGIONS]
    expected = (*records, DetachPolicy(NAME, "System:AliyunHBRRolePolicy"), DeleteRole(NAME))
    assert plan(Enrolment(ACCOUNT), observed) == expected


@every_pair
@given(pairs, former_roles)
def test_former_roles_go_last(pair: tuple[Enrolment, Enrolment], former: frozenset[Role]) -> None:
    """Once nothing is registered by them, roles of ours go that earlier settings named; foreign ones stay."""
    desired, observed = pair
    steps = accepted((desired, replace(observed, former=former)))
    names = {role.name for role in former}
    going = [
        n for n, step in enumerate(steps) if isinstance(step, DetachPolicy | DeleteRole) and step.role_name in names
    ]
    assert max(position(steps, RegionalStep), default=-1) < min(going, default=len(steps))
    last = walk(replace(observed, former=former), steps)[-1]
    assert last.former == frozenset(role for role in former if not role.ours)
    assert plan(desired, last) == ()


@pytest.mark.parametrize("coexist", [True, False])
def test_a_gap_is_stated(*, coexist: bool) -> None:
    """Where records of both types are refused side by side, a change of mode has a gap in each region, and says so."""
    account = "1000000000000011"
    old, new = Registration("CROSS_ACCOUNT", "hbrcrossrole"), Registration("CROSS_ACCOUNT_BY_RD", "")
    want = Enrolment(account, None, {"cn-hangzhou": frozenset({new})}, types_coexist=coexist)
    steps = plan(want, Enrolment(account, None, {"cn-hangzhou": frozenset({old})}))
    assert [line.split(" the ")[0] for line in gaps(steps)] == ([] if coexist else ["in cn-hangzhou"])


def test_a_rename_is_not_drift() -> None:
    """A record under another alias is the same record."""
    renamed = frozenset({Registration("CROSS_ACCOUNT", NAME, "old-name-1000000000000011")})
    observed = Enrolment(ACCOUNT, ROLE, dict.fromkeys(REGIONS, renamed), frozenset(REGIONS))
    assert plan(ENROLLED, observed) == ()


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(replace(ROLE, trust=TRUSTS[1]), id="trust"),
        pytest.param(replace(ROLE, policies=frozenset()), id="policies"),
        pytest.param(replace(ROLE, max_session_seconds=7200), id="session length"),
        pytest.param(replace(ROLE, ours=False), id="mark"),
    ],
)
def test_work_on_the_role_is_proven_again(found: Role) -> None:
    """Whatever is changed about the role, every region proves it anew afterwards."""
    observed = Enrolment(ACCOUNT, found, ENROLLED.registrations, frozenset(REGIONS))
    steps = plan(replace(ENROLLED, adopt_role=True), observed)
    assert [step.region for step in steps if isinstance(step, CheckRole)] == list(REGIONS)


def test_steps_say_what_they_do() -> None:
    """A step names who is trusted, who no longer is, and warns of a policy that reaches everything."""
    intruder = Role(NAME, Trust.only("acs:ram::1000000000000666:root"), frozenset())
    assert "removing acs:ram::1000000000000666:root" in str(UpdateRole(ROLE, intruder))
    assert SLR.lower() in str(CreateRole(ROLE))
    assert "warning" in str(AttachPolicy(NAME, "System:AdministratorAccess"))
    assert "warning" not in str(AttachPolicy(NAME, "System:AliyunHBRRolePolicy"))
