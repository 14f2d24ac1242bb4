from __future__ import annotations

from dataclasses import replace

import pytest
from pydantic import ValidationError

from shared.backup_policy import BackupPolicy
from shared.backups import Place, Point
from shared.kinds import CHECKED, KINDS, NOT_STATED, NOTHING, REGIONS, kind_of, region_warning, who_pays
from shared.limits import LimitError, can_back_up, can_restore, can_schedule, listed, reached
from shared.restore import CLONE, NoPointError, Target, allow, choose, planned, request
from tests.unit.test_backup_policy import GOOD

A, B = "1000000000000011", "1000000000000012"
POINT = Point("s-1", "hash", "cn-hangzhou", "OSS", "data", "v-1", 1000, 10, 1, "COMPLETE")
THERE = Place(A, "CROSS_ACCOUNT", "hbrcrossrole")


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if not kind.restore_type])
def test_a_kind_without_parameters_is_console_only(kind: str) -> None:
    """It is refused before any call, with the reason and where it can be done."""
    with pytest.raises(LimitError) as refused:
        can_restore(kind, A, A)
    assert "console" in str(refused.value)
    assert "console" in refused.value.limit.instead


def test_a_kind_that_the_page_does_not_list_is_refused_with_the_list() -> None:
    """The refusal names every kind that there is."""
    with pytest.raises(LimitError) as refused:
        listed("tape")
    assert all(kind.title in str(refused.value) for kind in KINDS.values())
    assert "Limits" in refused.value.limit.page


@pytest.mark.parametrize("kind", ["ecs_database", "hana"])
def test_what_no_operation_starts_cannot_be_started(kind: str) -> None:
    """No job is invented for it."""
    with pytest.raises(LimitError, match="at once"):
        can_back_up(kind)


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.restore_type])
def test_who_may_restore_to_whom(kind: str) -> None:
    """Every kind goes back to its account; only ECS instances go nowhere else."""
    assert can_restore(kind, A, A).restore_type
    if kind == "ecs_instance":
        with pytest.raises(LimitError, match="only to the source"):
            can_restore(kind, A, B)
    else:
        assert can_restore(kind, A, B)


def test_an_account_that_is_not_registered_there_is_refused_with_step_four() -> None:
    """The page's step 4, and what would work instead."""
    with pytest.raises(LimitError) as refused:
        reached(B, "cn-hangzhou", {A: THERE})
    assert "Step 4" in refused.value.limit.page
    assert "regions" in refused.value.limit.instead
    assert reached(A, "cn-hangzhou", {A: THERE}) == THERE


@pytest.mark.parametrize(
    ("target", "in_place"),
    [
        (Target(THERE, "data"), True),
        (Target(THERE, "data", "/"), True),
        (Target(THERE, "data", "restored/"), True),
        (Target(THERE, "other"), False),
        (Target(replace(THERE, account_id=B), "data"), False),
    ],
)
def test_what_would_be_overwritten_is_asked_twice(target: Target, in_place: bool) -> None:  # noqa: FBT001
    """Into the same resource of the same account, all of which may have been backed up, only if allowed."""
    plan = planned(POINT, A, target)
    assert plan.in_place == in_place
    if in_place:
        with pytest.raises(LimitError, match="asked twice"):
            allow(plan, overwrite=False)
    allow(plan, overwrite=True)


FILES = replace(POINT, source_type="ECS_FILE", source="i-1", paths=("/data", "/srv/www/"))


@pytest.mark.parametrize("path", ["", "/", ".", "./", "/./", "//", "\\", "/data", "data/", "/data/.", "/./data//",
    "/data/old", "/DATA", "\\data", "/srv", "/srv/www", "/srv/./www/html"])  # fmt: skip
def test_a_path_to_what_was_backed_up_is_in_place_however_it_is_written(path: str) -> None:
    """In it, above it, or the whole instance: with dots, slashes, backslashes or another case."""
    assert planned(FILES, A, Target(THERE, "i-1", path)).in_place


@pytest.mark.parametrize("path", ["/restored", "/data2", "/srv/www2", "/srv/other"])
def test_a_path_beside_what_was_backed_up_is_not_in_place(path: str) -> None:
    """Known only where the point says what was backed up: otherwise it may have been everything."""
    assert not planned(FILES, A, Target(THERE, "i-1", path)).in_place
    assert planned(replace(FILES, paths=()), A, Target(THERE, "i-1", path)).in_place


@pytest.mark.parametrize("path", ["..", "/a/..", "/a/../data", "a\\..\\data", "/data/../"])
def test_a_path_that_leads_upwards_is_refused(path: str) -> None:
    """Where it leads to is known only on the instance, wherever that is."""
    for to in (A, B):
        with pytest.raises(LimitError, match=r"what \.\. leads to"):
            planned(FILES, A, Target(replace(THERE, account_id=to), "i-1", path))


def test_an_instance_is_rolled_back_itself() -> None:
    """Another target than the instance would be ignored by the cloud; a new instance is one that is described."""
    point = replace(POINT, source_type="UDM_ECS", source="i-1")
    with pytest.raises(LimitError, match="rolled back itself"):
        planned(point, A, Target(THERE, "i-2"))
    assert planned(point, A, Target(THERE, "i-1")).in_place
    assert not planned(point, A, Target(THERE, "i-2", new_instance=dict.fromkeys(CLONE, "x"))).in_place


def test_the_newest_complete_point_in_time_is_chosen() -> None:
    """Partial points only by their id; a time cuts off what is later."""
    older, partial = (
        replace(POINT, id="s-0", completed_at=500),
        replace(POINT, id="s-2", completed_at=2000, status="PARTIAL_COMPLETE"),
    )
    points = [older, POINT, partial]
    assert choose(points, "oss", "data", None, None) == POINT
    assert choose(points, "", "", 999, None) == older
    assert choose(points, "", "", None, "s-2") == partial
    for asked in (("nas", "", None, None), ("", "other", None, None), ("", "", 1.0, None), ("", "", None, "s-9")):
        with pytest.raises(NoPointError):
            choose(points, *asked)


def test_the_request_names_point_vault_target_and_account() -> None:
    """The three cross-account parameters are those of the account that is restored to."""
    fields = request(planned(POINT, A, Target(replace(THERE, account_id=B), "test", "p/")))
    assert fields["cross_account_user_id"] == int(B)
    assert (fields["snapshot_id"], fields["vault_id"], fields["snapshot_hash"]) == ("s-1", "v-1", "hash")
    assert (fields["restore_type"], fields["target_bucket"], fields["target_prefix"]) == ("OSS", "test", "p/")
    own = request(planned(POINT, A, Target(Place(B, "SELF_ACCOUNT"), "test")))
    assert "cross_account_user_id" not in own


def test_the_page_s_billing_is_said_as_far_as_it_goes() -> None:
    """A pays throughout; B pays for ECS instances, nothing where the page prints a slash, and else it is not stated."""
    assert {name: kind.pays_b for name, kind in KINDS.items()} == {
        "ecs_instance": "snapshot service fees and OSS request fees",
        "ecs_files": NOTHING,
        "nas": NOT_STATED,
        "oss": NOT_STATED,
        "tablestore": NOTHING,
        "ecs_database": NOTHING,
        "hana": NOTHING,
    }
    assert "the backup account pays backup and restoration fees" in who_pays("oss")
    assert who_pays("CPFS") == NOT_STATED


def test_an_unknown_region_is_warned_about() -> None:
    """Known ones are not; none is refused on a guess."""
    assert region_warning("cn-hangzhou") is None
    assert "Features available in each region" in str(region_warning("mars-north-1"))
    assert len(REGIONS) > 20
    assert kind_of("OSS") == "oss"


def test_what_no_document_says_of_a_region_is_warned_about_and_what_one_denies_is_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Every region has a cell for every kind: yes says nothing, no is refused, and unknown is a warning."""
    assert all(set(known) == set(KINDS) for known in REGIONS.values())
    assert "cn-hangzhou backs up oss across accounts" in str(region_warning("cn-hangzhou", ["oss"]))
    assert can_schedule("oss", ["cn-hangzhou", "mars-north-1"])
    monkeypatch.setitem(REGIONS, "cn-hangzhou", {**REGIONS["cn-hangzhou"], "oss": True, "nas": False})
    assert region_warning("cn-hangzhou", ["oss"]) is None
    with pytest.raises(LimitError, match="features differ by region") as refused:
        can_schedule("nas", ["cn-shanghai", "cn-hangzhou"])
    assert CHECKED in refused.value.limit.page
    with pytest.raises(ValidationError, match="features differ by region"):
        BackupPolicy.model_validate({**GOOD, "kind": "nas"})
