"""Every state that an account's enrolment can be wanted in and found in, as hypothesis strategies."""

from __future__ import annotations

from hypothesis import strategies as st

from shared.plan import UNKNOWN, Enrolment, Registration, Role, Trust, Unknown

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

policies = st.frozensets(st.sampled_from(POLICIES))
wanted_roles = st.builds(
    Role, st.just(NAME), st.just(TRUST), st.frozensets(st.sampled_from(POLICIES), min_size=1), SECONDS
)
found_roles = st.builds(Role, st.just(NAME), st.sampled_from(TRUSTS), policies, SECONDS, st.booleans())
in_regions = st.lists(st.sampled_from(REGIONS), min_size=1, unique=True)


def enrolled(role: Role, regions: list[str], adopt_role: bool, owner_makes_role: bool) -> Enrolment:  # noqa: FBT001
    registrations = dict.fromkeys(regions, frozenset({BY_ROLE}))
    return Enrolment(ACCOUNT, role, registrations, adopt_role=adopt_role, owner_makes_role=owner_makes_role)


desires = st.one_of(
    st.builds(enrolled, wanted_roles, in_regions, st.booleans(), st.just(value=False)),
    st.builds(enrolled, wanted_roles, in_regions, st.just(value=False), st.just(value=True)),
    in_regions.map(lambda regions: Enrolment(ACCOUNT, None, dict.fromkeys(regions, frozenset({BY_DIRECTORY})))),
    st.just(Enrolment(ACCOUNT)),
)
"""With a role of ours, with a role of its owner's, by the directory, withdrawn."""
records: st.SearchStrategy[frozenset[Registration] | Unknown] = st.just(UNKNOWN) | st.frozensets(
    st.sampled_from([BY_ROLE, BY_OTHER_ROLE, BY_DIRECTORY])
)
observations = st.builds(
    Enrolment,
    st.just(ACCOUNT),
    st.none() | st.just(UNKNOWN) | found_roles,
    st.dictionaries(st.sampled_from(REGIONS), records),
    st.frozensets(st.sampled_from(REGIONS)),
    st.booleans(),
)

ROLE = Role(NAME, TRUST, frozenset({"System:AliyunHBRRolePolicy"}))
ENROLLED = enrolled(ROLE, list(REGIONS), adopt_role=False, owner_makes_role=False)
