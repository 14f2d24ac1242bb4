"""The matrix can fail: four bugs that reviewers overlook, planted one by one, and each is found."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from shared import apply, attempt, vendor
from shared.onboarding import converge
from shared.outcome import AttemptError, Reason
from shared.plan import plan
from shared.steps import DeleteRole, DetachPolicy, UpdateRole
from tests.cloud import LocalCloud
from tests.flows.world import World
from tests.matrix import flows
from tests.matrix.platform import Platform
from tests.matrix.runs import Stage, perform, singles


@pytest.fixture
def platform(process: LocalCloud, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Platform:
    process.reset()
    return Platform(process, World(process, tmp_path, monkeypatch))


def complaints(stage: Stage, points: list[Any], failure: str, action: str) -> list[str]:
    """What the matrix says of one flow, spoiled in one way at every call of one action."""
    cases = [case for case in singles(stage.flow.name, points) if case.planned[0][1] == failure]
    return [text for case in cases if case.planned[0][0].action == action for text in perform(stage, case).complaints]


def test_acknowledging_before_the_write(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A failed attempt that is taken for done leaves an account unprotected, and no message."""
    stage = Stage(platform, flows.BY_NAME["onboard"], monkeypatch)
    points = stage.points()
    assert complaints(stage, points, "500", "AddCrossAccount") == []

    def acknowledged(*given: Any, **more: Any) -> None:
        with suppress(AttemptError):
            converge(*given, **more)

    monkeypatch.setattr(attempt, "converge", acknowledged)
    assert any("registered" in text for text in complaints(stage, points, "500", "AddCrossAccount"))


def test_deregistering_after_deleting_the_role(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the wrong order a withdrawal leaves, between two calls, a registration whose role is gone."""
    stage = Stage(platform, flows.BY_NAME["withdraw by hand"], monkeypatch)
    assert stage.run(()).complaints == []

    def reordered(*given: Any) -> Any:
        return tuple(sorted(plan(*given), key=lambda step: not isinstance(step, (DetachPolicy, DeleteRole))))

    monkeypatch.setattr(apply, "plan", reordered)
    assert any("was deleted while" in text for text in stage.run(()).complaints)


def test_leaving_a_wide_trust(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A role that lets others in, and is left as it is, is seen at the end."""
    stage = Stage(platform, flows.BY_NAME["onboard, role too wide"], monkeypatch)
    assert stage.run(()).complaints == []

    def lenient(*given: Any) -> Any:
        return tuple(step for step in plan(*given) if not isinstance(step, UpdateRole))

    monkeypatch.setattr(apply, "plan", lenient)
    assert any("trusts" in text for text in stage.run(()).complaints)


def test_taking_a_lost_answer_for_a_failure(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever does not expect that the first try had worked stumbles over "already exists"."""
    stage = Stage(platform, flows.BY_NAME["onboard"], monkeypatch)
    points = stage.points()
    assert complaints(stage, points, "processed, answer lost", "CreateRole") == []
    meanings = {**vendor.MEANINGS, (vendor.ANY, "EntityAlreadyExists"): vendor.Meaning("permanent", Reason.BAD_REQUEST)}
    monkeypatch.setattr(vendor, "MEANINGS", meanings)
    assert any("dead letter" in text for text in complaints(stage, points, "processed, answer lost", "CreateRole"))


def test_letting_somebody_else_in_as_well(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    """A request of ours that trusts one principal too many is seen at once, even if it is repaired later."""
    from shared.trust import Trust  # noqa: PLC0415 - patched below

    stage = Stage(platform, flows.BY_NAME["onboard"], monkeypatch)
    wide = Trust.parse(
        '{"Version": "1", "Statement": [{"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": '
        '{"RAM": ["acs:ram::1000000000000001:root"]}}]}'
    )
    monkeypatch.setattr(Trust, "only", staticmethod(lambda _: wide))
    assert any("was made to trust" in text for text in stage.run(()).complaints)
