from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.config import Config, ConfigError, check, load

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "config.yaml"


def minimal() -> dict[str, Any]:
    return {
        "management_account": "1000000000000001",
        "backup_account": {"id": "1000000000000002", "role": "cab-backup"},
        "enrolment": {"regions": ["cn-hangzhou"]},
    }


def enrolment(key: str, value: object) -> dict[str, Any]:
    return {"enrolment": {"regions": ["cn-hangzhou"], key: value}}


def mistakes(document: object) -> str:
    """What is said about a wrong document."""
    with pytest.raises(ConfigError) as caught:
        check(Config, document, "config.yaml")
    return str(caught.value)


def written(tmp_path: Path, text: str | bytes) -> dict[str, str]:
    """An environment that names a file with ``text`` in it."""
    path = tmp_path / "given.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return {"CAB_CONFIG": str(path)}


def test_the_shipped_file_is_right() -> None:
    """The config.yaml of the repository loads, for the accounts of the small landing zone."""
    config = load({"CAB_CONFIG": str(SHIPPED)})
    assert (config.management_account, config.backup_account.id) == ("1000000000000001", "1000000000000002")
    assert config.service_linked_role_arn == (
        "acs:ram::1000000000000002:role/AliyunServiceRoleForHbrCrossAccountBackup"
    )


def test_the_shipped_file_is_found_where_the_functions_run(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without CAB_CONFIG it is config.yaml in the working directory."""
    monkeypatch.chdir(ROOT)
    assert load({}) == load({"CAB_CONFIG": str(SHIPPED)})


def test_little_has_to_be_said() -> None:
    """Accounts and regions are enough; the rest is as the product page describes."""
    config = check(Config, minimal(), "config.yaml")
    assert config.enrolment.role_name == "hbrcrossrole"
    assert config.enrolment.policies == ("AliyunHBRRolePolicy",)
    assert config.access_role == "ResourceDirectoryAccountAccessRole"


def test_one_account_may_be_both() -> None:
    """Where the backup account is the management account no role in it is needed."""
    assert check(Config, minimal() | {"backup_account": {"id": "1000000000000001"}}, "c").backup_account.role is None


WRONG: list[tuple[dict[str, Any], str, str, str]] = [
    ({"management_account": 1000000000000001}, "management_account", "a text: put it in quotes", "1000000000000001"),
    ({"management_account": "12"}, "management_account", "pattern", "'12'"),
    ({"backup_account": {"id": "A", "role": "cab-backup"}}, "backup_account.id", "pattern", "'A'"),
    ({"backup_account": {"role": "x"}}, "backup_account.id", "this key, which is required", "{'role': 'x'}"),
    ({"region": "Hangzhou"}, "region", "pattern", "'Hangzhou'"),
    ({"access_role": "a role"}, "access_role", "pattern", "'a role'"),
    ({"enrolment": {"regions": []}}, "enrolment.regions", "at least 1", "[]"),
    ({"enrolment": {"regions": "cn-hangzhou"}}, "enrolment.regions", "a list: [cn-hangzhou]", "'cn-hangzhou'"),
    ({"enrolment": {"regions": ["cn-hangzhou", "x"]}}, "enrolment.regions.1", "pattern", "'x'"),
    (enrolment("enrol", "maybe"), "enrolment.enrol", "boolean", "'maybe'"),
    (enrolment("alias", "x"), "enrolment.alias", "{account_id}", "'x'"),
    (enrolment("alias", "seventeen letters{account_id}"), "enrolment.alias", "at most 32", "'seventeen letters"),
    (enrolment("authorization", "both"), "enrolment.authorization", "ram_role", "'both'"),
    (enrolment("session_seconds", 60), "enrolment.session_seconds", "3600", "60"),
    (enrolment("policies", []), "enrolment.policies", "at least 1", "[]"),
    ({"scope": [{"folder": "fd-1"}]}, "scope.0.name", "required", "fd-1"),
    ({"scope": [{"name": "x", "accounts": ["1"]}]}, "scope.0.accounts.0", "pattern", "'1'"),
    ({"scope": [{"name": "x", "type": "external"}]}, "scope.0.type", "created", "'external'"),
    ({"external": [{"account_id": "1", "display_name": "x"}]}, "external.0.account_id", "pattern", "'1'"),
    ({"assumptions": {"second_registration": "maybe"}}, "assumptions.second_registration", "refused", "'maybe'"),
    (enrolment("policies", ["Systm:Foo"]), "enrolment.policies.0", "pattern", "'Systm:Foo'"),
    (enrolment("policies", ["Foo", ""]), "enrolment.policies.1", "pattern", "''"),
    ({"queues": {"retry": ""}}, "queues.retry", "pattern", "''"),
    ({"queues": {"retry": "one", "dead_letters": "one"}}, "queues.dead_letters", "another queue", "'one'"),
    ({"queues": {"dead_letters": "cab-retry"}}, "queues.dead_letters", "another queue", "'cab-retry'"),
    ({"sweep": {"observe": ["unregistred"]}}, "sweep.observe.0", "'unregistered'", "'unregistred'"),
    ({"quotas": {"calls": {"AddCrossAcount": 5}}}, "quotas.calls.AddCrossAcount", "'AddCrossAccount'", "Acount"),
    ({"external": [{"account_id": "1" * 16, "display_name": name} for name in "ab"]}, "external", "once", "1" * 16),
    ({"endpoints": {"mns": "https://{acct}.x"}}, "endpoints.mns", "no placeholder but {account} and {region}", "acct"),
    ({"endpoints": {"mns": "https://{}.x"}}, "endpoints.mns", "no placeholder but {account} and {region}", "{}"),
    ({"endpoints": {"mns": "{account}.mns.x"}}, "endpoints.mns", "pattern", "{account}.mns.x"),
    ({"endpoints": {"fc": "fc.x"}}, "endpoints.fc", "pattern", "fc.x"),
    ({"endpoints": {"actiontrail": "trail.{account.id}"}}, "endpoints.actiontrail", "no placeholder but", "account.id"),
    ({"endpoints": {"ram": "ram.{region}.x"}}, "endpoints.ram", "no placeholder but none", "ram.{region}.x"),
    ({"endpoints": {"sts": "https://sts.x"}}, "endpoints.sts", "pattern", "https://sts.x"),
    ({"endpoints": {"hbr": {"cn-hangzhou": "{"}}}, "endpoints.hbr.cn-hangzhou", "no placeholder but none", "{"),
    ({"accesrole": "x"}, "accesrole", "did you mean access_role?", "'x'"),
    ({"scope": [{"name": "x", "foldr": "y"}]}, "scope.0.foldr", "did you mean folder?", "'y'"),
    (enrolment("polices", []), "enrolment.polices", "did you mean policies?", "[]"),
    ({"endpoints": {"oss": "x"}}, "endpoints.oss", "no such key is known", "'x'"),
]  # fmt: skip


@pytest.mark.parametrize(("wrong", "key", "expected", "found"), WRONG, ids=[f"{row[1]} {row[3]}" for row in WRONG])
def test_mistakes_are_named(wrong: dict[str, Any], key: str, expected: str, found: str) -> None:
    """A mistake is told with its key, what was expected and what was found."""
    (line,) = [line for line in mistakes(minimal() | wrong).splitlines() if key in line]
    assert expected in line
    assert found in line


def test_a_missing_role_is_named() -> None:
    """A backup account that is not the management account needs a role by which it is entered."""
    expected = "backup_account: expected a role, since the backup account is not the management account"
    assert expected in mistakes(minimal() | {"backup_account": {"id": "1000000000000002"}})


def test_all_mistakes_at_once() -> None:
    """Five mistakes in five places are told in one message that names the file."""
    wrong = minimal() | {
        "management_account": 7,
        "region": "x",
        "enrolment": {"regions": [], "alias": "x"},
        "unknown": 1,
    }
    text = mistakes(wrong)
    assert text.startswith("config.yaml: 5 mistakes\n")
    keys = ["management_account", "region", "enrolment.regions", "enrolment.alias", "unknown"]
    assert sorted(line.split(":")[0].strip() for line in text.splitlines()[1:]) == sorted(keys)


def test_mistakes_of_rules_are_placed() -> None:
    """A setting that only a rule gets wrong is told under that rule's key."""
    assert "scope.1.alias" in mistakes(minimal() | {"scope": [{"name": "right"}, {"name": "wrong", "alias": "x"}]})


def test_mistakes_across_keys_are_told_with_the_others() -> None:
    """What can only be seen by looking at several keys is told together with what is wrong in one."""
    rules = [{"name": "one", "alias": "x"}, {"name": "two", "session_seconds": 1}]
    text = mistakes(minimal() | {"backup_account": {"id": "1000000000000002"}, "scope": rules, "region": "x"})
    assert text.startswith("config.yaml: 4 mistakes\n")


def test_one_mistake_is_told_once() -> None:
    """What depends on a value that is itself wrong is not told as a second mistake."""
    assert "1 mistake\n" in mistakes(minimal() | {"management_account": "12"})
    wrong = {**minimal(), "enrolment": {"regions": []}, "backup_policies": [backup_policy(regions=["cn-beijing"])]}
    assert "1 mistake\n" in mistakes(wrong)


def backup_policy(**fields: object) -> dict[str, Any]:
    """A backup policy that is right but for ``fields``."""
    source = {"id": "i-1", "account": "1000000000000011"}
    right = {"name": "disks", "kind": "ecs_instance", "regions": ["cn-hangzhou"], "sources": [source]}
    return right | {"schedule": "I|1631685600|P1D", "retention_days": 7} | fields


def test_every_mistake_across_policies_is_told() -> None:
    """A name that is there twice, a name that is missing and a region without registrations are told together."""
    given_ones = [backup_policy(), backup_policy(regions=["cn-beijing"])]
    text = mistakes(minimal() | enrolment("backup_policies", ["files"]) | {"backup_policies": given_ones})
    assert "each name once, not disks; expected also files, which" in text
    assert "not cn-beijing" in text


@pytest.mark.parametrize("text", ["region: a\nregion: b", "scope:\n- {name: one, name: two}"])
def test_a_key_that_is_there_twice_is_a_mistake(text: str, tmp_path: Path) -> None:
    """YAML libraries keep the last of two without a word: a rule could vanish."""
    with pytest.raises(ConfigError, match=r"the key .(region|name). is there twice"):
        load(written(tmp_path, text))


def test_account_ids_are_ascii() -> None:
    """Digits of another script make no account id."""
    assert "management_account" in mistakes(minimal() | {"management_account": "\N{ARABIC-INDIC DIGIT ONE}" * 16})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "expected a mapping"),
        ("- a\n- b", "found list"),
        ("key: [", "cannot be read"),
        ("!!python/object/apply:os.getcwd []", "cannot be read"),
        (b"\xff\xfe\x00", "cannot be read"),
    ],
)
def test_files_that_are_no_configuration(tmp_path: Path, text: str | bytes, expected: str) -> None:
    """A file that is no YAML mapping is told by its name."""
    environ = written(tmp_path, text)
    with pytest.raises(ConfigError, match=expected) as caught:
        load(environ)
    assert environ["CAB_CONFIG"] in str(caught.value)


def test_a_missing_file(tmp_path: Path) -> None:
    """A file that is not there is told by its name."""
    with pytest.raises(ConfigError, match=r"nowhere\.yaml: cannot be read"):
        load({"CAB_CONFIG": str(tmp_path / "nowhere.yaml")})


def test_real_endpoints() -> None:
    """Without a word about endpoints the real ones are meant, and Cloud Backup's is that of the region."""
    endpoints = check(Config, minimal(), "c").endpoints
    assert (endpoints.ram, endpoints.sts) == ("ram.aliyuncs.com", "sts.aliyuncs.com")
    assert endpoints.hbr_in("cn-shanghai") == "hbr.cn-shanghai.aliyuncs.com"


def test_given_endpoints(tmp_path: Path) -> None:
    """CLOUD_ENDPOINTS replaces those that it names, and may name more than we speak to."""
    given_ones = '{"ram": "127.0.0.1:1", "hbr": {"cn-hangzhou": "127.0.0.1:2"}, "control": "http://127.0.0.1:3"}'
    environ = written(tmp_path, yaml.safe_dump(minimal())) | {"CLOUD_ENDPOINTS": given_ones}
    endpoints = load(environ).endpoints
    assert (endpoints.ram, endpoints.hbr_in("cn-hangzhou")) == ("127.0.0.1:1", "127.0.0.1:2")
    assert endpoints.hbr_in("cn-shanghai") == "hbr.cn-shanghai.aliyuncs.com"


@pytest.mark.parametrize("text", ["{", "7", "null", '"ram"', "[]", '"x"'])
def test_wrong_endpoints(tmp_path: Path, text: str) -> None:
    """CLOUD_ENDPOINTS that is no JSON object is told by its name and value."""
    environ = written(tmp_path, yaml.safe_dump(minimal())) | {"CLOUD_ENDPOINTS": text}
    with pytest.raises(ConfigError, match="CLOUD_ENDPOINTS: expected a JSON object"):
        load(environ)


def test_the_configuration_is_frozen() -> None:
    """Nothing can change what was read."""
    with pytest.raises(ValidationError, match="frozen"):
        check(Config, minimal(), "c").region = "cn-beijing"  # type: ignore[misc]


KEYS = (
    st.sampled_from([*Config.model_fields, "regions", "id", "role", "name", "alias"])
    | st.integers()
    | st.text(max_size=3)
)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.dates() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=4),
    max_leaves=10,
)


@settings(max_examples=50, deadline=None)
@given(st.dictionaries(KEYS, ANYTHING))
def test_whatever_the_file_says_only_mistakes_are_told(document: dict[Any, Any]) -> None:
    """Any YAML mapping is either a configuration or a list of mistakes, and no other error."""
    assert "mistake" in mistakes(minimal() | document | {"never": 1})
