"""Whose data it is, and whether Cloud Backup can reach it: the road from account A into account B.

The one place where a cross-account call is proved: registered here, A's service-linked role there, the role in B
assumed, its policies asked. What is then done with the data is in the files of jobs, clients and restores.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from emulator.errors import CloudError
from emulator.hbr import cross_accounts
from emulator.hbr.answers import refuse
from emulator.hbr.state import Place
from emulator.service import Param
from emulator.shapes import Record
from emulator.state import Principal

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.service import Call

SERVICE_LINKED = "crossbackup.hbr.aliyuncs.com"
"""The service of ``AliyunServiceRoleForHbrCrossAccountBackup`` (help page "Service-linked roles" of Cloud Backup)."""

PARAMS: Mapping[str, Param] = {
    "CrossAccountType": Param(choices=("SELF_ACCOUNT", *cross_accounts.TYPES)),
    "CrossAccountUserId": Param("integer", minimum=1),
    "CrossAccountRoleName": Param(),
}

ACCOUNT = Record({"CrossAccountType": str, "CrossAccountUserId": int, "CrossAccountRoleName": str})
"""The same inside a structured parameter."""

NEEDS: Mapping[str, tuple[str, ...]] = {
    "UDM_ECS": ("ecs:DescribeInstances", "ecs:CreateSnapshot"),
    "ECS_FILE": ("ecs:DescribeInstances", "ecs:RunCommand"),
    "HANA": ("ecs:DescribeInstances", "ecs:RunCommand"),
    "OSS": ("oss:ListObjects", "oss:GetObject"),
    "NAS": ("nas:DescribeFileSystems",),
    "OTS": ("ots:ListTable", "ots:GetRange"),
}
"""RAM actions in B without which a data source of that kind cannot be backed up.

The ``ecs`` ones are in the system policy of the help page "AliyunServiceRolePolicyForHbrRd"; which of many each step
needs is inferred. Kinds that reach no product of B (CPFS, on-premises) need nothing.
"""

RESTORE_NEEDS: Mapping[str, tuple[str, ...]] = {
    "UDM_ECS": ("ecs:DescribeInstances", "ecs:ResetDisk"),
    "ECS_FILE": ("ecs:DescribeInstances", "ecs:RunCommand"),
    "OSS": ("oss:PutObject",),
    "NAS": ("nas:DescribeFileSystems",),
    "OTS": ("ots:CreateTable", "ots:BatchWriteRow"),
}
"""The same for restoring into B (inferred likewise)."""

INSTANCES = ("ECS", "ECS_FILE", "UDM_ECS", "HANA")
"""Kinds of a landing zone's resources that are ECS instances: one entry serves all backups of an instance."""
TABLESTORE = ("OTS", "OTS_TABLE")
"""Kinds that are Tablestore instances; their ``tables`` are a list of names."""


def place_of(call: Call, fields: Mapping[str, Any] | None = None) -> Place:
    """The place that the ``CrossAccount…`` parameters (or an object in one) name; one's own account by default.

    A user id without a type is left unused: the type's default is SELF_ACCOUNT (SDK model CreatePolicyBindingsRequest).

    Raises:
        CloudError: ``BadRequest`` for a type without its account or role (inferred).
    """
    fields = call.params if fields is None else fields
    kind = fields.get("CrossAccountType") or "SELF_ACCOUNT"
    if kind == "SELF_ACCOUNT":
        return Place(account_id=call.caller.account_id)
    role_name = str(fields.get("CrossAccountRoleName") or "") if kind == "CROSS_ACCOUNT" else ""
    account_id = str(fields.get("CrossAccountUserId") or "")
    if kind not in cross_accounts.TYPES or not account_id or (kind == "CROSS_ACCOUNT" and not role_name):
        raise refuse("BadRequest", "The request has invalid parameters: CrossAccount.")
    return Place(account_id=account_id, kind=kind, role_name=role_name)


def require_reach(call: Call, place: Place, needs: Iterable[str]) -> None:
    """As ``reach``, for the caller at this endpoint."""
    reach(call.cloud, call.caller.account_id, call.region, place, needs)


def reach(cloud: Cloud, owner: str, region: str, place: Place, needs: Iterable[str]) -> None:
    """As ``enter``, after the registration has been looked up in this region."""
    require_registered(cloud, owner, region, place)
    enter(cloud, owner, place, needs)


def require_registered(cloud: Cloud, owner: str, region: str, place: Place) -> None:
    """An account other than the owner's must be registered here.

    Raises:
        CloudError: ``NoPermission`` (the code is inferred).
    """
    if place.kind != "SELF_ACCOUNT" and not cross_accounts.registered(cloud, owner, region, place):
        raise refuse("NoPermission", f"The account {place.account_id} is not a backup account of this region.")


def enter(cloud: Cloud, owner: str, place: Place, needs: Iterable[str]) -> None:
    """Assume the role in B as A's service-linked role, and ask whether the role may do what is needed.

    By resource directory there is no role to assume: membership of the same directory is the authorization
    (help page "Back up data sources across Alibaba Cloud accounts", 2026).

    Raises:
        CloudError: CrossAccountBackupSlrNotExist, RoleNotExist, AssumeRoleFail or NoPermission; which of them means
            what is inferred from their texts on the help page "Error codes".
    """
    if place.kind == "SELF_ACCOUNT":
        return
    if place.kind == "CROSS_ACCOUNT_BY_RD":
        directory = cloud.state.directory
        if directory is None or place.account_id not in directory.members:
            raise refuse(
                "BackupAccountNotInSpecifiedRd", "The backup account is not in the specified resource directory."
            )
        return
    session = _assume(cloud, owner, place)
    for permission in needs:
        if not cloud.decide(session, permission, "*").allowed:
            raise refuse("NoPermission", f"The role {place.role_name} is not authorized to do {permission}.")


def _assume(cloud: Cloud, owner: str, place: Place) -> Principal:
    """The session in B; it is Cloud Backup's own and is not left lying in the state."""
    roles = cloud.state.accounts[owner].roles.values()
    linked = next((role for role in roles if role.service == SERVICE_LINKED), None)
    if linked is None:
        raise refuse(
            "CrossAccountBackupSlrNotExist",
            "AliyunServiceRoleForHbrCrossAccountBackup doesn't exist, please create this role.",
        )
    caller = Principal(account_id=owner, kind="role", name=linked.name, session="hbr")
    arn = f"acs:ram::{place.account_id}:role/{place.role_name}"
    try:
        key, session = cloud.assume(caller, arn, session_name="hbr-cross-account")
    except CloudError as error:
        if error.code == "NoPermission":
            raise refuse("AssumeRoleFail", "Failed to assume role.") from error
        raise refuse("RoleNotExist", "The specified role doesn't exist.") from error
    del cloud.state.sessions[key]
    return session.principal


def find_resource(cloud: Cloud, place: Place, region: str, source_type: str, source_id: str) -> dict[str, Any] | None:
    """What the landing zone says of a data source of that account in that region, or None."""
    account = cloud.state.accounts.get(place.account_id)
    fitting = [
        resource
        for resource in (account.resources if account else ())
        if resource["id"] == source_id and resource.get("region", region) == region and serves(resource, source_type)
    ]
    # An instance may be listed once per kind of backup, with another size each: the exact kind first.
    return min(fitting, key=lambda resource: resource["kind"] != source_type, default=None)


def serves(resource: Mapping[str, Any], source_type: str) -> bool:
    """Whether a resource of the landing zone can be backed up as ``source_type``."""
    kind = resource["kind"]
    return any(kind in alike and source_type in alike for alike in (INSTANCES, TABLESTORE, (kind,)))
