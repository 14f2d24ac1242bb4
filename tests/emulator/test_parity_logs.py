"""The actions on log projects against the models of the official SDK, in a tour that makes each of them."""

from __future__ import annotations

import re
from importlib import import_module
from typing import Any

import pytest
from alibabacloud_sls20201230 import models

from emulator import logs
from emulator.shapes import Record
from tests.cloud import LocalCloud
from tests.emulator.log_service import SEPARATORS, LogService, full_text
from tests.emulator.sdk_models import agree, fields, shape, unlike

PACKAGE = "alibabacloud_sls20201230.models"
ACTIONS = {action.name: action for action in logs.ACTIONS}
ANSWERS = {
    "GetProject": models.Project,
    "GetLogStore": models.Logstore,
    "GetIndex": models.GetIndexResponseBody,
    "GetLogsV2": models.GetLogsV2ResponseBody,
}
"""Action → the model of its answer; the others answer nothing."""
LEFT_OUT = {
    # Only of what is not emulated, and refused.
    "GetLogStore": {
        *(f".{one} is missing" for one in ("encrypt_conf", "shardingPolicy", "processorId")),
        *(f".{one} is missing" for one in ("resourceGroupId", "enableModify")),
    },
    # Of clustering, which is switched off in this one.
    "GetIndex": {".log_reduce_black_list is missing", ".log_reduce_white_list is missing"}
    | {f".line.{one} is missing" for one in ("include_keys", "exclude_keys")},
}
KEPT_OPEN = {"keys", "encrypt_conf", "shardingPolicy"}
"""Objects whose inside is checked elsewhere, or that are refused as a whole."""


@pytest.fixture(scope="module")
def answers(running_cloud: LocalCloud) -> dict[str, Any]:
    """What each action answered, as JSON."""
    running_cloud.reset()
    service = LogService(running_cloud)
    service.create_project()
    service("get_project", "made-here", models.GetProjectRequest())
    service.create_store()
    service("get_log_store", "made-here", "lines")
    service.create_index()
    field = models.IndexKey(type="text", token=SEPARATORS, doc_value=True)
    service.update_index(**full_text(), keys={"message": field})
    service("get_index", "made-here", "lines")
    service.search("made-here", "lines", from_=0, to=1)
    return service.answers


def parameters(action: str) -> dict[str, Any]:
    """What the SDK can send in the body of a request: name on the wire → type."""
    model = getattr(import_module(PACKAGE), f"{action}Request", None)
    found = fields(model) if model else {}
    return fields(found["body"]) if set(found) == {"body"} else found


@pytest.mark.parametrize("name", [name for name, action in ACTIONS.items() if action.body])
def test_parameters_are_the_sdk_s(name: str) -> None:
    """An action takes exactly what the official SDK can send: names, and types down to the last key."""
    record, sent = ACTIONS[name].body, parameters(name)
    assert isinstance(record, Record)
    assert record.keys.keys() == sent.keys()
    taken = {key: kind.keys if isinstance(kind, Record) else kind for key, kind in record.keys.items()}
    assert {key for key in sent if key not in KEPT_OPEN and not agree(shape(sent[key]), taken[key])} == set()


def test_fields_of_an_index_are_the_sdk_s() -> None:
    """The same of what is inside the keys of an index."""
    assert logs.indexes.FIELD.keys.keys() == fields(models.IndexKey).keys()
    assert logs.indexes.JSON_FIELD.keys.keys() == fields(models.IndexJsonKey).keys()


def test_the_tour_meets_every_action(answers: dict[str, Any]) -> None:
    """No action is left out."""
    assert answers.keys() == ACTIONS.keys()


@pytest.mark.parametrize("name", ACTIONS)
def test_answers_are_the_sdk_s(answers: dict[str, Any], name: str) -> None:
    """An answer has the keys of the official SDK's model, no other, and values of its types; or it is empty."""
    if name in ANSWERS:
        found = unlike(answers[name], ANSWERS[name])
        if name == "GetLogsV2":  # most of what it tells of a search is about SQL, which is not emulated
            found = {one for one in found if not re.fullmatch(r"\.meta\.\w+ is missing", one)}
        assert found == LEFT_OUT.get(name, set())
    else:
        assert not answers[name]
