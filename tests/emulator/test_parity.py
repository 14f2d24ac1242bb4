"""The emulated actions against the official SDKs' models: nothing is dropped, nothing is missing."""

from __future__ import annotations

from typing import Any

import pytest

from emulator.hbr import SERVICE as BACKUP
from emulator.hbr.answers import STATUS
from emulator.server import SERVICES
from tests.emulator.sdk_models import agree, differences, parameters, taken

ACTIONS = [(service.name, action) for service in SERVICES for action in sorted(service.actions)]
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
def answers(toured: dict[str, Any]) -> dict[tuple[str, str], list[dict[str, Any]]]:
    """Every answer of a tour through all actions."""
    return {(name, action): found for name, client in toured.items() for action, found in client.answers.items()}


@pytest.mark.parametrize(("service", "action"), ACTIONS)
def test_parameters_are_the_sdk_s(service: str, action: str) -> None:
    """An action takes exactly what the official SDK can send: names, types, and every key inside."""
    (table,) = (known for known in SERVICES if known.name == service)
    mine, theirs = table.actions[action].params, parameters(service, action)
    assert mine.keys() == theirs.keys()
    odd = {name for name, sent in theirs.items() if not agree(sent, taken(mine[name]))}
    assert odd == OTHER_TYPES.get((service, action), set())


@pytest.mark.parametrize(("service", "action"), ACTIONS)
def test_answers_are_the_sdk_s(answers: dict[tuple[str, str], list[dict[str, Any]]], service: str, action: str) -> None:
    """An answer has the keys of the official SDK's model, no other, and values of its types."""
    assert answers[service, action]
    found = {difference for answer in answers[service, action] for difference in differences(service, action, answer)}
    assert found == LEFT_OUT.get((service, action), set())


@pytest.mark.parametrize("action", sorted(BACKUP.actions))
def test_refusals_of_cloud_backup_are_the_product_s(action: str) -> None:
    """An action refuses only with codes that the product documents, or that a public client of it knows."""
    assert set(BACKUP.actions[action].errors) <= set(STATUS)
