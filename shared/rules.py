"""A backup policy's rules, between our words and those of the cloud."""

from __future__ import annotations

from typing import Any

from shared.backups import Place, Rule


def read(row: Any, owner: str) -> Rule:  # noqa: ANN401 - an SDK model
    """What is ours to say of a rule; the fields of its type are those of SDK model DescribePoliciesV2ResponseBody."""
    identity = row.rule_id or ""
    match row.rule_type:
        case "BACKUP":
            kept = bool(row.keep_latest_snapshots)
            return Rule("BACKUP", row.schedule or "", row.vault_id or "", kept, id=identity)
        case "TRANSITION":
            return Rule("TRANSITION", retention_days=row.retention or 0, id=identity)
        case "TAG":
            tags = frozenset((one.key or "", one.operator or "", one.value or "") for one in row.tag_filters or [])
            sources = frozenset(
                (one.source_type, frozenset(Place.of(account, owner) for account in one.accounts or []))
                for one in row.data_source_filters or []
            )
            return Rule("TAG", tags=tags, sources=sources, id=identity)
        case other:
            return Rule(other or "", id=identity)


def written(rule: Rule) -> dict[str, Any]:
    """A rule as the cloud writes it (SDK model CreatePolicyV2RequestRules)."""
    fields: dict[str, Any] = {"RuleType": rule.type} | ({"RuleId": rule.id} if rule.id else {})
    match rule.type:
        case "BACKUP":
            vault = {"VaultId": rule.vault_id} if rule.vault_id else {}
            kept = {"KeepLatestSnapshots": int(rule.keep_latest)}
            return fields | {"BackupType": "COMPLETE", "Schedule": rule.schedule} | kept | vault
        case "TRANSITION":
            return fields | {"Retention": rule.retention_days}
        case _:
            scope = {"AccountScope": rule.account_scope} if rule.account_scope else {}
            tags = [{"Key": key, "Operator": how, "Value": value} for key, how, value in sorted(rule.tags)]
            sources = [
                {"SourceType": kind, "Accounts": [_account(one) for one in sorted(places, key=str)], **scope}
                for kind, places in sorted(rule.sources, key=str)
            ]
            return fields | {"TagFilters": tags, "DataSourceFilters": sources}


def _account(place: Place) -> dict[str, Any]:
    role = {"CrossAccountRoleName": place.role_name} if place.role_name else {}
    return {"CrossAccountType": place.type, "CrossAccountUserId": int(place.account_id), **role}
