"""The emulated actions against the official SDK's models: nothing is dropped, nothing is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator.hbr import SERVICE
from emulator.hbr.answers import STATUS
from tests.emulator.hbr.tours import tour
from tests.emulator.sdk_models import differences

if TYPE_CHECKING:
    from tests.cloud import LocalCloud


@pytest.fixture(scope="module")
def answers(running_cloud: LocalCloud) -> dict[str, list[dict[str, Any]]]:
    """Every answer of a tour through all actions."""
    found: dict[str, list[dict[str, Any]]] = tour(running_cloud).answers
    return found


@pytest.mark.parametrize("action", sorted(SERVICE.actions))
def test_answers_are_the_sdk_s(answers: dict[str, list[dict[str, Any]]], action: str) -> None:
    """An answer has every key of the official SDK's model, no other, and values of its types."""
    assert answers[action]
    assert {difference for answer in answers[action] for difference in differences("hbr", action, answer)} == set()


@pytest.mark.parametrize("action", sorted(SERVICE.actions))
def test_refusals_are_the_product_s(action: str) -> None:
    """An action refuses only with codes that the product documents, or that a public client of it knows."""
    assert set(SERVICE.actions[action].errors) <= set(STATUS)
