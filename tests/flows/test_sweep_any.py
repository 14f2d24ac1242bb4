"""Whatever there is to begin with, one sweep of everything ends as desired, and widens no trust on the way."""

from __future__ import annotations

import json
from copy import deepcopy
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.cloud import memory
from shared.member import DESCRIPTION
from tests.conftest import Soak
from tests.flows.test_scale import record
from tests.flows.test_sweep import ROLE
from tests.flows.world import MANAGEMENT, PROD, REGIONS, SLR, World
from tests.matrix.runs import OURS

STRANGER = f"acs:ram::{MANAGEMENT}:root"
POLICIES = ("System:AliyunHBRRolePolicy", "System:AdministratorAccess", "System:ReadOnlyAccess")


def trust(principals: list[str], action: str) -> str:
    """A trust policy."""
    statement = {"Action": action, "Effect": "Allow", "Principal": {"RAM": principals}}
    return json.dumps({"Version": "1", "Statement": [statement]})


trusts = st.builds(
    trust,
    st.lists(st.sampled_from([SLR, SLR.lower(), STRANGER, f"acs:ram::{PROD}:root"]), min_size=1, unique=True),
    st.sampled_from(["sts:AssumeRole", "sts:*"]),
)
roles = st.fixed_dictionaries(
    {
        "trust": trusts,
        "attached": st.lists(st.sampled_from(POLICIES), unique=True),
        "seconds": st.sampled_from([3600, 7200]),
    }
)
kinds = st.sampled_from([(ROLE, "CROSS_ACCOUNT"), ("oldrole", "CROSS_ACCOUNT"), ("", "CROSS_ACCOUNT_BY_RD")])
beginnings = st.fixed_dictionaries(
    {
        "roles": st.dictionaries(st.sampled_from([ROLE, "oldrole"]), roles),
        "records": st.tuples(*[st.sets(kinds, max_size=2) for _ in REGIONS]),
    }
)


def laid(world: World, zone: dict[str, Any], pattern: dict[str, Any], beginning: dict[str, Any]) -> dict[str, Any]:
    """The zone with the production account in that state; ``pattern`` is a role as the emulator keeps one."""
    state = deepcopy(zone)
    for name, role in beginning["roles"].items():
        state["accounts"][PROD]["roles"][name] = {
            **deepcopy(pattern),
            "name": name,
            "trust": role["trust"],
            "description": DESCRIPTION,
            "max_session_seconds": role["seconds"],
            "attached": dict.fromkeys(role["attached"], 0.0),
        }
    number = 0
    for found, place in zip(beginning["records"], world.shelves(state), strict=False):
        for role_name, kind in sorted(found):
            number += 1
            row = record(number, PROD)
            row["place"] |= {"kind": kind, "role_name": role_name}
            place[f"{PROD}:{role_name}:{kind}"] = [row]
    return state


@pytest.fixture
def beginning(world: World) -> tuple[dict[str, Any], dict[str, Any]]:
    """The zone before anything is enrolled, and a role as it is kept after."""
    zone = world.cloud.state()
    world.enrol()
    pattern = world.cloud.state()["accounts"][PROD]["roles"][ROLE]
    return zone, pattern


def test_one_sweep_reaches_what_is_desired(
    world: World, beginning: tuple[dict[str, Any], dict[str, Any]], soak: Soak
) -> None:
    """Roles and records in any state: one sweep of everything repairs all of it, and the next one finds nothing."""
    world.configure(former_regions=[])

    @settings(
        max_examples=soak.many(25, 1000),
        deadline=None,
        derandomize=not soak.long,
        suppress_health_check=[HealthCheck.too_slow],
    )
    @given(beginnings)
    def holds(found: dict[str, Any]) -> None:
        world.cloud.load(laid(world, *beginning, found))
        memory().forget()
        world.key = world.cloud.as_function()
        world.cloud.watch(**OURS)
        report = world.call("reconcile", {"sweep": "deep", "everything": True})["sweep"]
        assert world.is_protected(PROD), report
        assert "oldrole" not in world.cloud.state()["accounts"][PROD]["roles"] or not any(
            role_name == "oldrole" for records in found["records"][: len(world.regions)] for role_name, _ in records
        )
        assert world.cloud.violations() == []
        assert world.call("reconcile", {"sweep": "deep", "everything": True})["sweep"]["kinds"] == {}

    holds()
