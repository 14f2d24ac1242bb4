from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from shared.backup_policy import BackupPolicy
from shared.config import Config, ConfigError, check
from shared.kinds import KINDS
from shared.limits import LISTED, LimitError, can_schedule

SOURCE = {"account": "1000000000000011", "id": "data"}
GOOD: dict[str, Any] = {
    "name": "daily",
    "kind": "oss",
    "regions": ["cn-hangzhou"],
    "vault": {"name": "central"},
    "schedule": "I|1631685600|P1D",
    "retention_days": 30,
    "sources": [SOURCE],
}
WRONG: list[tuple[dict[str, Any], str]] = [
    ({"kind": "ecs_database", "vault": None}, "in the console only, since no operation"),
    ({"kind": "tape"}, "the cross-account backup feature can be used for ECS instance backup"),
    ({"kind": None}, "rule: kind not listed"),
    ({"vault": None}, "expected a vault"),
    ({"kind": "ecs_instance"}, "expected no vault"),
    ({"sources": []}, "either sources or tags"),
    ({"tags": {"a": "b"}}, "either sources or tags"),
    ({"kind": "hana", "sources": [], "tags": {"a": "b"}}, "no tag rule selects"),
    ({"kind": "hana"}, "<instance name>/<database>"),
    ({"install_client": True}, "only for ecs_files"),
    ({"sources": [{**SOURCE, "region": "cn-beijing"}]}, "one of the policy's regions"),
    ({"regions": ["cn-hangzhou", "cn-shanghai"]}, "one of the policy's regions"),
    ({"sources": [{**SOURCE, "paths": ["a", "b"]}]}, "one prefix at most"),
    ({"schedule": "daily"}, "expected a schedule"),
    ({"schedule": "I|1631685600|P0D"}, "promise_hours"),
    ({"schedule": "C|1631685600|0 0 2 ? * 3,5,7"}, "promise_hours"),
    ({"retention_days": 0}, "greater than or equal to 1"),
    ({"vault": {"name": "central", "encryption": "KMS"}}, "expected a kms_key"),
]


@pytest.mark.parametrize(("change", "said"), WRONG, ids=[said for _, said in WRONG])
def test_what_the_product_would_refuse_is_refused_in_the_file(change: dict[str, Any], said: str) -> None:
    """Each limit is checked while the configuration is read, with what was expected."""
    with pytest.raises(ValidationError) as refused:
        BackupPolicy.model_validate({**GOOD, **change})
    assert said in str(refused.value)


@pytest.mark.parametrize(
    ("kind", "limit"), [("ecs_database", "console only"), ("tape", LISTED.name)], ids=["console only", "not listed"]
)
def test_what_a_limit_refuses_names_rule_page_and_what_works_instead(kind: str, limit: str) -> None:
    """The file is refused in the same words as a verb."""
    with pytest.raises(LimitError) as verb:
        can_schedule(kind)
    with pytest.raises(ConfigError) as file:
        config(backup_policies=[{**GOOD, "kind": kind}])
    assert verb.value.limit.name == limit
    for said in (str(verb.value), verb.value.limit.page, f"instead: {verb.value.limit.instead}"):
        assert said in str(file.value)


@pytest.mark.parametrize(
    ("schedule", "hours"),
    [("I|1|P1D", 24), ("I|1|PT1H", 1), ("I|1|P1W", 168), ("I|1|P1DT12H30M", 36.5), ("I|1|PT30M", 0.5)],
)
def test_an_interval_is_a_promise(schedule: str, hours: float) -> None:
    """Unless told otherwise, the last good backup may be as old as the interval."""
    assert BackupPolicy.model_validate({**GOOD, "schedule": schedule}).period == hours * 3600


def test_a_crontab_promises_what_is_said() -> None:
    """Its runs may be unevenly spaced, so a person says how old a backup may be."""
    policy = BackupPolicy.model_validate({**GOOD, "schedule": "C|1|0 0 2 ? * 3,5,7", "promise_hours": 72})
    assert policy.period == 72 * 3600


VAULT = {"name": "central", "encryption": "KMS", "kms_key": "key-1", "locked": True}
TABLES = {"kind": "tablestore"}


@pytest.mark.parametrize(
    "other",
    [TABLES, {"vault": {**VAULT, "locked": False}}, {"vault": {**VAULT, "kms_key": "key-2"}}, {"vault": GOOD["vault"]}],
    ids=["another type", "another lock", "another key", "another encryption"],
)
def test_policies_that_name_one_vault_mean_the_same_vault(other: dict[str, Any]) -> None:
    """One type and the same settings; else it would be made as whichever policy comes last says. By region."""
    first = {**GOOD, "vault": VAULT}
    second = {**first, "name": "second", **other}
    with pytest.raises(ConfigError, match="expected vault central in cn-hangzhou, which daily and second name"):
        config(backup_policies=[first, second])
    regions = {"regions": ["cn-hangzhou", "cn-shanghai"], "backup_policies": ["daily"]}
    apart = config(enrolment=regions, backup_policies=[first, {**second, "regions": ["cn-shanghai"]}])
    assert len(apart.backup_policies) == 2
    assert config(backup_policies=[first, {**first, "name": "second", "kind": "nas"}]).backup_policies[1].kind == "nas"


def config(**changes: Any) -> Config:
    """A configuration with one backup policy."""
    document = {
        "management_account": "1000000000000001",
        "backup_account": {"id": "1000000000000001"},
        "enrolment": {"regions": ["cn-hangzhou"], "backup_policies": ["daily"]},
        "backup_policies": [GOOD],
        **changes,
    }
    return check(Config, document, "here")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"backup_policies": []}, "expected also daily"),
        ({"backup_policies": [GOOD, GOOD]}, "each name once"),
        ({"enrolment": {"regions": ["cn-beijing"]}}, "regions in which accounts are registered, not cn-hangzhou"),
        ({"scope": [{"name": "x", "backup_policies": ["weekly"]}]}, "expected also weekly"),
    ],
)
def test_names_and_regions_must_fit(changes: dict[str, Any], said: str) -> None:
    """A policy that a rule names is there; it is where accounts are registered; and names are not taken twice."""
    with pytest.raises(ConfigError, match=said):
        config(**changes)


def test_a_fitting_configuration_is_taken() -> None:
    """The same without the mistake."""
    assert config().backup_policies[0].source_type == KINDS["oss"].source_type
