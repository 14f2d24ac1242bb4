"""The emulated actions against the official SDKs' models: nothing is dropped, nothing is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from emulator.server import SERVICES
from tests.emulator.sdk_models import agree, differences, parameters, taken
from tests.emulator.tours import tour

if TYPE_CHECKING:
    from tests.cloud import LocalCloud

ACTIONS = [(service.name, action) for service in SERVICES for action in sorted(service.actions)]
TOURED = [(service, action) for service, action in ACTIONS if service != "hbr"]
OTHER_TYPES = {
    ("actiontrail", "LookupEvents"): {"MaxResults"},  # a text in the model, a number on the API page
}
"""Parameters whose type is not the one of the official SDK's model."""
LEFT_OUT = {
    ("ram", "GetRole"): {
        ".Role.LatestDeletionTask is missing",  # only while a deletion is under way, which ends at once here
        ".Role.RolePrincipalName is missing",  # only of service-linked roles
    },
    ("sts", "AssumeRole"): {".SourceIdentity is missing"},  # only where one was sent
    ("sts", "GetCallerIdentity"): {".UserId is missing", ".RoleId is missing"},  # one of the two, by kind of caller
    ("ram", "ListRoles"): {".Marker is missing"},  # on the last page
    ("ram", "ListPolicies"): {".Marker is missing"},
    ("resourcedirectory", "ListAccounts"): {
        ".NextToken is missing",  # a list is paged by number
        ".PageNumber is missing",  # or by token
        ".PageSize is missing",
    },
    ("resourcedirectory", "ListTagResources"): {".NextToken is missing"},
    ("resourcemanager", "ListTagResources"): {".NextToken is missing"},
}


@pytest.fixture(scope="module")
def answers(running_cloud: LocalCloud) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Every answer of a tour through all actions."""
    return {(name, action): found for name, client in tour(running_cloud) for action, found in client.answers.items()}


@pytest.mark.parametrize(("service", "action"), ACTIONS)
def test_parameters_are_the_sdk_s(service: str, action: str) -> None:
    """An action takes exactly what the official SDK can send: names, types, and every key inside."""
    (table,) = (known for known in SERVICES if known.name == service)
    mine, theirs = table.actions[action].params, parameters(service, action)
    assert mine.keys() == theirs.keys()
    odd = {name for name, sent in theirs.items() if not agree(sent, taken(mine[name]))}
    assert odd == OTHER_TYPES.get((service, action), set())


@pytest.mark.parametrize(("service", "action"), TOURED)
def test_answers_are_the_sdk_s(answers: dict[tuple[str, str], list[dict[str, Any]]], service: str, action: str) -> None:
    """An answer has the keys of the official SDK's model, no other, and values of its types."""
    found = {difference for answer in answers[service, action] for difference in differences(service, action, answer)}
    assert found == LEFT_OUT.get((service, action), set())
