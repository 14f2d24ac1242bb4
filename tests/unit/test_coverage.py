from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.backup_policy import BackupPolicy
from shared.backups import Binding, Job, Place
from shared.coverage import STATES, coverage, state
from tests.unit.test_backup_policy import GOOD

PLACE = Place("1000000000000011", "CROSS_ACCOUNT", "hbrcrossrole")
DAY, NOW = 86_400, 1_800_000_000
OSS = BackupPolicy.model_validate(GOOD)
NAS = BackupPolicy.model_validate({**GOOD, "name": "files", "kind": "nas"})
BOUND = Binding(PLACE, "OSS", "data", "daily")


def job(status: str = "COMPLETE", age: float = 100, kind: str = "OSS", **more: Any) -> Job:
    """A job that ended so many seconds ago."""
    ended = int(NOW - age)
    return Job("j", "cn-hangzhou", PLACE, kind, "data", status, ended - 60, ended, **more)


def reached(bindings: list[Binding], jobs: list[Job], *policies: BackupPolicy) -> str:
    """The account's state."""
    return state(coverage(policies or (OSS,), bindings, jobs, NOW), "protected")


@pytest.mark.parametrize(
    ("bindings", "jobs", "expected"),
    [
        ([], [], "protected"),
        ([BOUND], [], "covered"),
        ([replace(BOUND, disabled=True)], [], "protected"),
        ([replace(BOUND, source_type="NAS")], [], "protected"),
        ([], [job("FAILED")], "covered"),
        ([BOUND], [job()], "proved"),
        ([], [job()], "proved"),
        ([BOUND], [job(age=DAY)], "proved"),
        ([BOUND], [job(age=DAY + 1)], "covered"),
        ([BOUND], [job(age=-500)], "proved"),
        ([BOUND], [job(kind="NAS")], "covered"),
        ([BOUND], [job("FAILED"), job(age=200)], "proved"),
        *(
            ([BOUND], [job(status)], "covered")
            for status in ("FAILED", "PARTIAL_COMPLETE", "CANCELED", "EXPIRED", "ANEW")
        ),
        ([BOUND], [job("RUNNING", age=NOW)], "covered"),
    ],
)
def test_how_far_an_account_is(bindings: list[Binding], jobs: list[Job], expected: str) -> None:
    """Bound or seen is covered; only a complete job within the promised time is proof."""
    assert reached(bindings, jobs) == expected


def test_an_account_is_as_far_as_its_last_kind() -> None:
    """One kind proved and one bound is covered; one of which nothing is bound leaves the account protected."""
    nas = replace(BOUND, source_type="NAS")
    assert reached([BOUND, nas], [job()], OSS, NAS) == "covered"
    assert reached([BOUND], [job()], OSS, NAS) == "protected"
    assert reached([BOUND, nas], [job(), job(kind="NAS")], OSS, NAS) == "proved"


def test_the_strictest_promise_counts() -> None:
    """Of two policies for one kind, the one that promises more."""
    weekly = BackupPolicy.model_validate({**GOOD, "name": "weekly", "schedule": "I|1|P1W"})
    assert reached([BOUND], [job(age=2 * DAY)], weekly) == "proved"
    assert reached([BOUND], [job(age=2 * DAY)], weekly, OSS) == "covered"


def test_a_failure_after_a_good_backup_is_told() -> None:
    """The account may still be proved; that the newest job failed is said beside it."""
    bad = replace(job("FAILED", age=10), error="NoPermission")
    (found,) = coverage([OSS], [BOUND], [job(age=5000), bad], NOW)
    assert (found.state, found.shown()["last_failure"]) == ("proved", "FAILED: NoPermission")


def test_a_registration_alone_is_not_protection() -> None:
    """While nobody has looked at the role, only good jobs of every wanted kind say more than that it is registered."""
    for bindings, jobs in (([], []), ([BOUND], []), ([BOUND], [job("FAILED")]), ([BOUND], [job(age=DAY + 1)])):
        assert state(coverage([OSS], bindings, jobs, NOW), "registered") == "registered"
    assert state(coverage([OSS], [BOUND], [job()], NOW), "registered") == "proved"
    assert state(coverage([OSS, NAS], [BOUND], [job()], NOW), "registered") == "registered"
    assert state([], "registered") == "registered"


@given(
    st.lists(st.sampled_from([BOUND, replace(BOUND, disabled=True), replace(BOUND, source_type="NAS")])),
    st.lists(st.builds(job, st.sampled_from(["COMPLETE", "FAILED", "PARTIAL_COMPLETE"]), st.floats(0, 1e7))),
    st.sampled_from(["unprotected", "registered", "protected"]),
)
def test_only_a_complete_job_proves(bindings: list[Binding], jobs: list[Job], first: str) -> None:
    """Whatever else is there: proved needs a registration and a complete job that is new enough."""
    found = state(coverage([OSS], bindings, jobs, NOW), first)
    assert found in STATES
    assert STATES.index(found) >= STATES.index(first)
    proof = any(one.status == "COMPLETE" and NOW - one.completed_at <= DAY for one in jobs)
    assert (found == "proved") == (proof and first != "unprotected")
