"""The rules inside a backup policy: which are accepted, and what stands on the agenda because of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.hbr import agenda, places
from emulator.hbr.answers import mint, refuse
from emulator.hbr.schedules import next_run
from emulator.shapes import Record

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.hbr.state import Policy
    from emulator.service import Call

Rule = dict[str, Any]

MAX_RETENTION = 364635
"""Days (SDK model CreatePolicyV2Request)."""
_STANDARD_DAYS = 30
_ARCHIVE_DAYS = 60

SOURCE_TYPES = ("UDM_ECS", "OSS", "NAS", "COMMON_NAS", "ECS_FILE", "File", "COMMON_FILE_SYSTEM", "OTS")
"""What a policy can back up (SDK model CreatePolicyBindingsRequest)."""


def accepted(call: Call, sent: list[Rule]) -> list[Rule]:
    """The rules, if at least one BACKUP and exactly one TRANSITION is among them (SDK model CreatePolicyV2Request).

    The Terraform provider's example has no TRANSITION rule, so the cloud may be laxer than its own documentation.

    Raises:
        CloudError: ``BadRequest``; ``ArchiveDaysTooShort`` or ``ArchiveRetentionDaysTooShort``.
    """
    for rule in sent:
        check = _CHECKS.get(rule.get("RuleType", ""))
        if check is None:
            raise refuse("BadRequest", f"RuleType is invalid: {rule.get('RuleType')}.")
        check(call, rule)
    counts = Counter(rule["RuleType"] for rule in sent)
    if not counts["BACKUP"] or counts["TRANSITION"] != 1:
        raise refuse("BadRequest", "A policy must have at least one BACKUP rule and exactly one TRANSITION rule.")
    return [{key: value for key, value in rule.items() if value not in (None, "", [])} for rule in sent]


NEW = Record(
    {
        **dict.fromkeys(("BackupType", "ReplicationRegionId", "RuleType", "Schedule", "VaultId"), str),
        **dict.fromkeys(("ArchiveDays", "KeepLatestSnapshots", "Retention"), int),
        "DataSourceFilters": [
            Record({"AccountScope": str, "Accounts": [places.ACCOUNT], "DataSourceIds": [str], "SourceType": str})
        ],
        "Immutable": bool,
        "RetentionRules": [Record({"AdvancedRetentionType": str, "Retention": int, "WhichSnapshot": int})],
        "TagFilters": [Record({"Key": str, "Operator": str, "Value": str})],
    }
)
UPDATED = Record({**NEW.keys, "ColdArchiveDays": int, "RuleId": str})
"""SDK models CreatePolicyV2Request and UpdatePolicyV2Request."""


def _days(rule: Rule, key: str, *, required: bool = False) -> int:
    """A number of days, 0 where it is not given."""
    value: int = rule.get(key, 0)
    if (key in rule or required) and not 1 <= value <= MAX_RETENTION:
        raise refuse("BadRequest", f"{key} must be 1 to {MAX_RETENTION} days.")
    return value


def _backup(call: Call, rule: Rule) -> None:
    _days(rule, "Retention")
    if rule.get("BackupType") != "COMPLETE":
        raise refuse("BadRequest", "BackupType must be COMPLETE.")
    next_run(rule.get("Schedule", ""), call.now)


def _transition(_: Call, rule: Rule) -> None:
    """Thirty days in the standard tier, sixty in the archive tier at least (texts of the help page "Error codes")."""
    kept, archive = _days(rule, "Retention", required=True), rule.get("ArchiveDays") or 0
    if archive and archive < _STANDARD_DAYS:
        raise refuse("ArchiveDaysTooShort", "The snapshot should be in standard bucket for at least 30 days.")
    if archive and kept - archive < _ARCHIVE_DAYS:
        raise refuse(
            "ArchiveRetentionDaysTooShort", "The archive snapshot should be in archive bucket for at least 60 days."
        )
    for special in rule.get("RetentionRules") or []:
        _days(special, "Retention", required=True)
        if special.get("AdvancedRetentionType") not in ("DAILY", "WEEKLY", "MONTHLY", "YEARLY"):
            raise refuse("BadRequest", "AdvancedRetentionType is invalid.")


def _replication(call: Call, rule: Rule) -> None:
    _days(rule, "Retention")
    if rule.get("ReplicationRegionId") in (None, "", call.region):
        raise refuse("BadRequest", "ReplicationRegionId must be another region.")


def _tag(_: Call, rule: Rule) -> None:
    filters, sources = rule.get("TagFilters") or [], rule.get("DataSourceFilters") or []
    if not filters or any(not tag.get("Key") or tag.get("Operator") not in ("EQUAL", "NOT") for tag in filters):
        raise refuse("BadRequest", "TagFilters need a Key and the Operator EQUAL or NOT.")
    if not sources or any(source.get("SourceType") not in SOURCE_TYPES for source in sources):
        raise refuse("BadRequest", "DataSourceFilters need a SourceType.")


def _security(_: Call, __: Rule) -> None:
    """Locking of an ECS instance's snapshots; accepted, without effect here."""


_CHECKS: Mapping[str, Callable[[Any, Rule], None]] = {
    "BACKUP": _backup,
    "TRANSITION": _transition,
    "REPLICATION": _replication,
    "TAG": _tag,
    "SECURITY": _security,
}


def replace(call: Call, policy: Policy, sent: list[Rule]) -> None:
    """Give the policy these rules; one that keeps its id and its schedule keeps its place on the agenda."""
    standing = {(rule["RuleId"], rule.get("Schedule")) for rule in policy.rules}
    known = {rule["RuleId"] for rule in policy.rules}
    policy.rules = [
        {**rule, "RuleId": rule["RuleId"] if rule.get("RuleId") in known else mint(call, "rule")} for rule in sent
    ]
    for rule in policy.rules:
        if rule["RuleType"] == "BACKUP" and (rule["RuleId"], rule["Schedule"]) not in standing:
            await_run(call.cloud, "policy", policy.id, rule, call.now)


def await_run(cloud: Cloud, what: str, record_id: str, rule: Rule, after: float) -> None:
    """Put the next run of a rule of a policy or plan on the agenda."""
    due = next_run(rule["Schedule"], after)
    if due is not None:
        agenda.enter(cloud, due, what, f"{record_id} {rule['RuleId']} {rule['Schedule']}")


def due_rule(rules: list[Rule], entry: str) -> Rule | None:
    """The rule that an entry of the agenda stands for; None where it is gone or runs at other times now."""
    _, rule_id, schedule = entry.split(" ", 2)
    return next((rule for rule in rules if rule["RuleId"] == rule_id and rule["Schedule"] == schedule), None)


def retention(policy: Policy, rule: Rule) -> int | None:
    """How many days a backup is kept: the TRANSITION rule's word comes before the BACKUP rule's (SDK model)."""
    transition: Rule = next((rule for rule in policy.rules if rule["RuleType"] == "TRANSITION"), {})
    return transition.get("Retention") or rule.get("Retention")
