"""Nothing is missing and nothing is spare: every flow runs under exactly our policies, and under nothing less."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tests.flows.world import World
from tests.security.flows import NEEDED_BY, run
from tests.security.policies import FOLDER, HOLDERS, Element, elements, read, texts, without

ELEMENTS = [element for file in HOLDERS for element in elements(file)]
FLOWS = {flow[1].__name__: flow for flow in NEEDED_BY.values()}


def test_every_element_has_a_flow_that_needs_it() -> None:
    """An action or resource that is added to a policy needs a flow that fails without it."""
    assert {element.text for element in ELEMENTS} == set(NEEDED_BY)


@pytest.mark.parametrize("name", FLOWS)
def test_with_exactly_these_rights_the_flow_works(world: World, name: str) -> None:
    """Nothing is missing: each role holds its file and nothing else, and the flow ends as its own test says."""
    run(FLOWS[name], world)


@pytest.mark.parametrize("element", ELEMENTS, ids=str)
def test_without_any_one_of_them_it_fails(world_with: Callable[..., World], element: Element) -> None:
    """Nothing is spare: one action or one resource less, and the flow fails."""
    world, flow = world_with(**{element.file.replace("-", "_"): without(element)}), NEEDED_BY[element.text]
    with pytest.raises(Exception):  # noqa: B017, PT011 - it fails in whichever way it notices
        run(flow, world)


@pytest.mark.parametrize("file", sorted(path.stem for path in FOLDER.glob("*.json")))
def test_no_policy_names_a_whole_product(file: str) -> None:
    """Every action is named in full, and every statement allows."""
    for statement in read(file)["Statement"]:
        assert statement["Effect"] == "Allow"
        assert [
            action for action in texts(statement["Action"]) if not re.fullmatch(r"[a-z]+:[A-Za-z0-9]+", action)
        ] == []
