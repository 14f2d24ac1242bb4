"""Every state that an account's enrolment can be wanted in and found in, as hypothesis strategies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import TypeVar

from hypothesis import strategies as st

from shared.enrolment import UNKNOWN, Enrolment, Registration, Role, Unknown
from shared.trust import Trust

ACCOUNT = "1000000000000011"
NAME = "hbrcrossrole"
SLR = "acs:ram::1000000000000002:role/AliyunServiceRoleForHbrCrossAccountBackup"
REGIONS = ("cn-hangzhou", "cn-shanghai", "ap-southeast-1")
BY_ROLE = Registration("CROSS_ACCOUNT", NAME, "prod-app-1000000000000011")
BY_OTHER_ROLE = Registration("CROSS_ACCOUNT", "oldrole", "renamed since")
BY_DIRECTORY = Registration("CROSS_ACCOUNT_BY_RD", "", "prod-app-1000000000000011")

TRUST = Trust.only(SLR)
TRUSTS = (TRUST, Trust.only("acs:ram::1000000000000666:root"), Trust.parse("no policy at all"))
POLICIES = ("System:AliyunHBRRolePolicy", "System:AdministratorAccess", "Custom:backup-more")
SECONDS = st.sampled_from([3600, 7200])

Thing = TypeVar("Thing")


def subsets(things: Sequence[Thing], least: int = 0) -> list[frozenset[Thing]]:
    """Every set of at least so many of the things: drawn from, each is as likely as the next."""
    sizes = range(least, len(things) + 1)
    return [frozenset(some) for size in sizes for some in combinations(things, size)]


wanted_roles = st.builds(Role, st.just(NAME), st.just(TRUST), st.sampled_from(subsets(POLICIES, 1)), SECONDS)
found_roles = st.builds(
    Role, st.just(NAME), st.sampled_from(TRUSTS), st.sampled_from(subsets(POLICIES)), SECONDS, st.booleans()
)
former_roles = st.sets(
    st.builds(
        Role,
        st.sampled_from(["oldrole", "older.role"]),
        st.sampled_from(TRUSTS),
        st.sampled_from(subsets(POLICIES)),
        SECONDS,
        st.booleans(),
    ),
).map(lambda roles: frozenset({role.name: role for role in roles}.values()))
"""Roles by which an account was registered before its settings changed, each name once."""
in_regions = st.sampled_from(subsets(REGIONS, 1)).map(sorted)


def enrolled(role: Role, regions: list[str], adopt_role: bool, owner_makes_role: bool) -> Enrolment:  # noqa: FBT001
    registrations = dict.fromkeys(regions, frozenset({BY_ROLE}))
    return Enrolment(ACCOUNT, role, registrations, adopt_role=adopt_role, owner_makes_role=owner_makes_role)


with_our_role = st.builds(enrolled, wanted_roles, in_regions, st.booleans(), st.just(value=False))
desires = st.one_of(
    with_our_role,
    st.builds(enrolled, wanted_roles, in_regions, st.just(value=False), st.just(value=True)),
    in_regions.map(lambda regions: Enrolment(ACCOUNT, None, dict.fromkeys(regions, frozenset({BY_DIRECTORY})))),
    st.just(Enrolment(ACCOUNT)),
).flatmap(lambda want: st.booleans().map(lambda coexist: replace(want, types_coexist=coexist)))
"""With a role of ours, with a role of its owner's, by the directory, withdrawn; types may coexist or not."""


def observed(roles: st.SearchStrategy[Role | Unknown | None]) -> st.SearchStrategy[Enrolment]:
    """An account with one of these roles, and with any records and proofs."""
    records = st.sampled_from([UNKNOWN, *subsets([BY_ROLE, BY_OTHER_ROLE, BY_DIRECTORY])])
    registrations = st.fixed_dictionaries({}, optional=dict.fromkeys(REGIONS, records))
    return st.builds(
        Enrolment, st.just(ACCOUNT), roles, registrations, st.sampled_from(subsets(REGIONS)), st.booleans()
    )


observations = observed(st.none() | st.just(UNKNOWN) | found_roles)
pairs = st.tuples(desires, observations) | st.tuples(with_our_role, observed(found_roles))
"""Wanted and found; half of the time with a role of ours wanted and some role found, where the most can go wrong."""

ROLE = Role(NAME, TRUST, frozenset({"System:AliyunHBRRolePolicy"}))
ENROLLED = enrolled(ROLE, list(REGIONS), adopt_role=False, owner_makes_role=False)
