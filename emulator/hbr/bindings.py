"""Policy bindings: which data source is backed up by which policy, by hand or by tag.

What a policy's rules may be is in ``rules.py``; a run of one is in ``runs.py``.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from emulator.errors import CloudError
from emulator.hbr import places
from emulator.hbr.answers import next_number, record_id, refuse
from emulator.hbr.rules import SOURCE_TYPES
from emulator.hbr.state import Binding, Place

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.hbr.rules import Rule
    from emulator.hbr.state import HbrState, Policy
    from emulator.service import Call

SETTINGS = ("Source", "Include", "Exclude", "SpeedLimit", "PolicyBindingDescription", "AdvancedOptions")


def of(hbr: HbrState, policy_id: str) -> list[Binding]:
    """All bindings of a policy, oldest first."""
    return [binding for binding in hbr.bindings.values() if binding.policy_id == policy_id]


def locate(hbr: HbrState, policy_id: str, source_type: str, data_source: str) -> Binding | None:
    """The binding of a data source to a policy."""
    return hbr.bindings.get(f"{policy_id}/{source_type}/{data_source}")


def unbind(hbr: HbrState, binding: Binding) -> None:
    """Take a binding away; what it backed up stays."""
    del hbr.bindings[f"{binding.policy_id}/{binding.source_type}/{binding.data_source}"]


Source = tuple[str, str]
"""Source type and data source id."""


def bind(cloud: Cloud, policy: Policy, place: Place, source: Source, now: float, *, fields: dict[str, Any]) -> Binding:
    """Add a binding, checked before; ``fields`` are the rest of the record."""
    hbr = cloud.state.hbr
    binding = Binding(
        id=record_id("pd", next_number(hbr)),
        owner=policy.owner,
        region=policy.region,
        created_at=now,
        updated_at=now,
        policy_id=policy.id,
        source_type=source[0],
        data_source=source[1],
        place=place,
        **fields,
    )
    hbr.bindings[f"{policy.id}/{binding.source_type}/{binding.data_source}"] = binding
    return binding


def check(call: Call, policy: Policy, item: dict[str, Any]) -> Place:
    """Whether a data source may be bound to the policy; the place where it is.

    Raises:
        CloudError: ``BadRequest`` for a kind that the policy or its vaults do not suit (SDK model
            CreatePolicyV2Request, API page "CreatePolicyBindings"); PolicyAlreadyBoundWithThisDataSource;
            ``ResourceNotFound`` for a data source that is not there (inferred); refusals of ``places.reach``.
    """
    hbr, kind, source = call.cloud.state.hbr, item.get("SourceType") or "", str(item.get("DataSourceId") or "")
    if kind not in SOURCE_TYPES or not source:
        raise refuse("BadRequest", "SourceType and DataSourceId are required.")
    if (kind == "UDM_ECS") != (policy.kind == "UDM_ECS_ONLY"):
        raise refuse("BadRequest", f"A policy of type {policy.kind} does not support {kind}.")
    if kind != "UDM_ECS" and any(not suits(hbr, rule, kind) for rule in policy.rules if rule["RuleType"] == "BACKUP"):
        raise refuse("BadRequest", f"The policy's vault does not support {kind}.")
    if locate(hbr, policy.id, kind, source) or (kind == "UDM_ECS" and _bound(hbr, kind, source)):
        raise refuse(
            "PolicyAlreadyBoundWithThisDataSource",
            "This datasource has already been bound with the policy, please use another one.",
        )
    place = places.place_of(call, item)
    places.require_reach(call, place, places.NEEDS.get(kind, ()))
    if kind in places.NEEDS and not places.find_resource(call.cloud, place, call.region, kind, source):
        raise refuse("ResourceNotFound", f"The specified resource is not found: {source}.")
    return place


def suits(hbr: HbrState, rule: Rule, source_type: str) -> bool:
    """Tablestore needs a vault of its own kind, and that kind takes nothing else (SDK model DescribeVaultsRequest)."""
    vault = hbr.vaults.get(rule.get("VaultId", ""))
    return vault is None or (vault.kind == "OTS_BACKUP") == (source_type == "OTS")


def _bound(hbr: HbrState, source_type: str, data_source: str) -> bool:
    """An ECS instance is in one policy only (API page "CreatePolicyBindings")."""
    return any(b.source_type == source_type and b.data_source == data_source for b in hbr.bindings.values())


def bind_tagged(cloud: Cloud, policy: Policy, now: float) -> None:
    """Bind what carries the tags of the policy's TAG rules and is not bound yet; done again before each run.

    A data source that loses the tag stays bound (inferred).
    """
    for rule in (rule for rule in policy.rules if rule["RuleType"] == "TAG"):
        for source in rule["DataSourceFilters"]:
            kind = source["SourceType"]
            for place in _tagged_places(cloud, policy, source):
                for data_source in _tagged(cloud, place, policy.region, kind, rule):
                    taken = _bound(cloud.state.hbr, kind, data_source) if kind == "UDM_ECS" else False
                    if not taken and not locate(cloud.state.hbr, policy.id, kind, data_source):
                        bind(cloud, policy, place, (kind, data_source), now, fields={"tags": rule["TagFilters"]})


def _tagged_places(cloud: Cloud, policy: Policy, source: dict[str, Any]) -> Iterator[Place]:
    """The accounts that a TAG rule looks at: those it lists, where it lists any, and where they can be reached.

    Whether the list is honoured is the guess ``account_scope``; where it is ignored, only the owner's account counts.
    """
    listed = source.get("Accounts") or []
    if not listed or cloud.guesses.account_scope == "ignored":
        yield Place(account_id=policy.owner)
        return
    for account in listed:
        place = Place(
            account_id=str(account.get("CrossAccountUserId") or policy.owner),
            kind=account.get("CrossAccountType") or "SELF_ACCOUNT",
            role_name=account.get("CrossAccountRoleName") or "",
        )
        try:
            places.reach(cloud, policy.owner, policy.region, place, places.NEEDS.get(source["SourceType"], ()))
        except CloudError:
            continue
        yield place


def _tagged(cloud: Cloud, place: Place, region: str, source_type: str, rule: Rule) -> Iterator[str]:
    """The data sources of an account whose tags fit every filter of the rule."""
    account = cloud.state.accounts.get(place.account_id)
    for resource in account.resources if account else ():
        here = resource.get("region", region) == region and places.serves(resource, source_type)
        if here and all(_fits(resource.get("tags", {}), tag) for tag in rule["TagFilters"]):
            yield resource["id"]


def _fits(tags: dict[str, str], tag: dict[str, str]) -> bool:
    """EQUAL: key and value, any value where none is given; NOT: the key with another value (SDK model)."""
    if tag["Key"] not in tags:
        return False
    same = not tag.get("Value") or tags[tag["Key"]] == tag["Value"]
    return same if tag["Operator"] == "EQUAL" else not same
