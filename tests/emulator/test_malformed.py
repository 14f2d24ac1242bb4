"""Nothing that a client sends makes the emulator fail: each answer is a success, or a refusal with a code."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from emulator.server import SERVICES
from tests.emulator.odd import INSIDE, ODD, changed
from tests.emulator.signing import acs3

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.service import Param
    from tests.cloud import LocalCloud
    from tests.conftest import Soak
    from tests.emulator.sdk_models import Moment

TABLES = {service.name: service for service in SERVICES}
ACTIONS = [(name, action) for name, table in TABLES.items() for action, entry in table.actions.items() if entry.params]
STATUSES = range(200, 500)
KEPT = '{"RuleType": "TRANSITION", "Retention": 30}'
DAILY = '{"RuleType": "BACKUP", "BackupType": "COMPLETE", "Schedule": "I|0|P1D"}'
MALFORMED = (
    *(("ram", "CreateRole", "Tag", value) for value in ("5", "[5]", '[{"Value":"x"}]', '{"a":1}', '[{"Key":5}]')),
    *(("ram", "ListRoles", "MaxItems", value) for value in ("1_0", " +5 ", "²")),
    *(("ram", "ListRoles", "Marker", value) for value in ("-1", "x", "1_0")),
    *(("resourcedirectory", "ListTagResources", "NextToken", value) for value in ("-1", "x")),
    ("resourcedirectory", "ListAccounts", "Tag.1.Foo", "x"),
    ("resourcedirectory", "ListAccounts", "Tag.1.Value", "x"),
    *(("hbr", "CreatePolicyBindings", "PolicyBindingList", value) for value in ("5", '["x"]', '[{"CrosAccount":1}]')),
    *(
        ("hbr", "CreatePolicyV2", "Rules", f"[{KEPT}, {DAILY}, {rule}]")
        for rule in (
            '{"RuleType": "TAG", "TagFilters": 5}',
            '{"RuleType": "TAG", "TagFilters": [{"Kye": "a", "Operator": "EQUAL"}]}',
            '{"RuleType": "TAG", "DataSourceFilters": [{"SourceTypes": "OSS"}]}',
            '{"RuleType": "TRANSITION", "Retention": true}',
            '{"RuleType": "TRANSITION", "Retention": 30, "ArchiveDays": "x"}',
            '{"RuleType": "TRANSITION", "Retention": 30, "RetentionRules": [{"Retain": 5}]}',
            '{"RuleType": "BACKUP", "BackupType": "COMPLETE", "Schedule": "C|0|0 0 0 ? * */0"}',
            '{"RuleType": "BACKUP", "BackupType": "COMPLETE", "Schedule": "C|0|0 0 0-999999999 ? * *"}',
            '{"RuleType": "BACKUP", "BackupType": "COMPLETE", "Schedule": "I|²|P1D"}',
        )
    ),
    *(("hbr", "DescribePolicyBindings", "DataSourceIds", value) for value in ("5", "[5]", '{"a": 1}')),
    *(("hbr", "SearchHistoricalSnapshots", "Query", value) for value in ("5", "[5]", '["x"]')),
    ("hbr", "SearchHistoricalSnapshots", "NextToken", "x"),
    *(("mnsopen", "CreateQueue", "DlqPolicy", value) for value in ("5", "[]", '{"MaxReceiveCount": true}')),
)
"""What once made the emulator fail, or went through unnoticed."""


@pytest.mark.parametrize("spoilt", MALFORMED, ids=lambda one: " ".join(one[1:])[:60])
def test_a_malformed_value_is_refused(
    moments: Any, running_cloud: LocalCloud, http: httpx.Client, spoilt: tuple[str, str, str, str]
) -> None:
    """A call that works is refused as malformed once one parameter is."""
    service, action, name, value = spoilt
    moment: Moment = moments[service, action][0]
    running_cloud.load(moment.again())
    endpoint = running_cloud.endpoints[service]
    host = endpoint if isinstance(endpoint, str) else endpoint["cn-hangzhou"]
    answer = http.send(acs3(host, moment.key, action, TABLES[service].version, {**moment.sent, name: value}))
    assert (answer.status_code, "Code" in answer.json()) == (400, True), answer.text


@pytest.mark.parametrize("called", ACTIONS, ids="-".join)
def test_no_value_of_a_parameter_ends_in_a_failure(
    called: tuple[str, str], moments: Any, running_cloud: LocalCloud, http: httpx.Client, soak: Soak
) -> None:
    """A call that works, with one parameter replaced by anything, is answered with less than 500."""
    (service, action), moment = called, moments[called][0]
    running_cloud.load(moment.again())
    endpoint = running_cloud.endpoints[service]
    host = endpoint if isinstance(endpoint, str) else endpoint["cn-hangzhou"]

    @seed(soak.seed)
    @settings(max_examples=soak.many(15, 400), deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def try_one(data: st.DataObject) -> None:
        sent = {**moment.sent, **data.draw(changes(TABLES[service].actions[action].params, moment.sent))}
        request = acs3(host, moment.key, action, TABLES[service].version, sent)
        answer = http.send(request)
        assert answer.status_code in STATUSES, answer.text
        assert "RequestId" in answer.json()

    try_one()


@st.composite
def changes(draw: st.DrawFn, params: Mapping[str, Param], sent: dict[str, str]) -> dict[str, str]:
    """One parameter with another value, in the form in which its kind is sent, or nearly."""
    name = draw(st.sampled_from(sorted(params)))
    value = draw(st.sampled_from(ODD) | st.text(max_size=10) | INSIDE.map(json.dumps) | changed(sent.get(name, "")))
    if params[name].kind not in ("texts", "maps"):
        return {name: value}
    path = draw(st.sampled_from(("1", "1.Key", "1.Value", "1.Values.1", "2.Foo", "x", "1..", "²", "")))
    return {f"{name}.{path}" if path else name: value}
