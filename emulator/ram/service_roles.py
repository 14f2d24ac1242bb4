"""Service-linked roles: which services have one, and creating and deleting them.

Called through RAM and through ResourceManager alike (API pages "CreateServiceLinkedRole" and
"DeleteServiceLinkedRole" of ResourceManager 2020-03-31).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from emulator.accounts import Role
from emulator.errors import CloudError
from emulator.identity import find_role
from emulator.ram.roles import describe, existing
from emulator.usage import registered_by

if TYPE_CHECKING:
    from emulator.service import Call


@dataclass(frozen=True)
class Linked:
    """A service's role and the system policy that comes attached to it."""

    role: str
    policy: str


def _backup(name: str) -> Linked:
    return Linked(f"AliyunServiceRoleForHbr{name}", f"AliyunServiceRolePolicyForHbr{name}")


SERVICES = {
    "crossbackup.hbr.aliyuncs.com": _backup("CrossAccountBackup"),
    "ecsbackup.hbr.aliyuncs.com": _backup("EcsBackup"),
    "ossbackup.hbr.aliyuncs.com": _backup("OssBackup"),
    "nasbackup.hbr.aliyuncs.com": _backup("NasBackup"),
    "csgbackup.hbr.aliyuncs.com": _backup("CsgBackup"),
    "otsbackup.hbr.aliyuncs.com": _backup("OtsBackup"),
    "vaultencryption.hbr.aliyuncs.com": _backup("VaultEncryption"),
    "ecsencryption.hbr.aliyuncs.com": _backup("EcsEncryption"),
    "magpiebridge.hbr.aliyuncs.com": _backup("MagpieBridge"),
    "fc.aliyuncs.com": Linked("AliyunServiceRoleForFC", "AliyunServiceRolePolicyForFC"),
    "actiontrail.aliyuncs.com": Linked("AliyunServiceRoleForActionTrail", "AliyunServiceRolePolicyForActionTrail"),
    "sendevent-mns.eventbridge.aliyuncs.com": Linked(
        "AliyunServiceRoleForEventBridgeSendToMNS", "AliyunServiceRolePolicyForEventBridgeSendToMNS"
    ),
    "sendevent-fc.eventbridge.aliyuncs.com": Linked(
        "AliyunServiceRoleForEventBridgeSendToFC", "AliyunServiceRolePolicyForEventBridgeSendToFC"
    ),
}
"""Help pages "Services that support service-linked roles" and "Service-linked roles for Cloud Backup"."""

CROSS_ACCOUNT = SERVICES["crossbackup.hbr.aliyuncs.com"].role


def create(call: Call) -> dict[str, Any]:
    """Make the role with its policy. Its ARN comes back lower-cased; a description may not be given.

    Only ResourceManager's answer names the service (SDK models of both products).
    """
    service, account = call.params["ServiceName"], call.account
    linked = SERVICES.get(service)
    if linked is None:
        raise CloudError("EntityNotExist.Service", f"The service does not exist: {service}.", 404)
    for name in ("CustomSuffix", "Description"):
        if call.params[name]:
            raise CloudError(f"InvalidParameter.{name}.NotAllowed", f"{name} is not allowed for this service.")
    if find_role(account, linked.role):
        raise CloudError("EntityAlreadyExists.Role", f"The role already exists: {linked.role}.", 409)
    role = linked_role(service, call.cloud.new_number(), call.now)
    account.roles[role.name] = role
    answer = describe(account.account_id, role, "AssumeRolePolicyDocument")
    kept = ("RoleId", "RoleName", "Arn", "CreateDate", "Description", "AssumeRolePolicyDocument")
    described = {**{name: answer[name] for name in kept}, "IsServiceLinkedRole": True}
    if call.service.name == "resourcemanager":
        described["RolePrincipalName"] = service
    return {"Role": described}


def linked_role(service: str, role_id: str, now: float) -> Role:
    """The role of a service, as the cloud makes it: trusting the service alone, its policy attached."""
    linked = SERVICES[service]
    trust = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": {"Service": [service]}}
    return Role(
        role_id=role_id,
        name=linked.role,
        trust=json.dumps({"Version": "1", "Statement": [trust]}),
        attached={f"System:{linked.policy}": now},
        service=service,
        created_at=now,
        updated_at=now,
    )


def delete(call: Call) -> dict[str, Any]:
    """Start a deletion task (API page "DeleteServiceLinkedRole").

    It fails while the service still uses the role, and is done at once otherwise (the latter is inferred).
    """
    account = call.account
    role = existing(account, call.params["RoleName"])
    if not role.service:
        raise CloudError("EntityNotExist.ServiceLinkedRole", f"Not a service-linked role: {role.name}.", 404)
    task = f"task/{role.name.lower()}/{call.cloud.new_id().lower()}"
    uses = registered_by(call.cloud.state, account.account_id) if role.name == CROSS_ACCOUNT else {}
    account.deletion_tasks[task] = {"Status": "FAILED" if uses else "SUCCEEDED", "Uses": uses}
    if not uses:
        del account.roles[role.name]
    return {"DeletionTaskId": task}


def deletion_status(call: Call) -> dict[str, Any]:
    """API page "GetServiceLinkedRoleDeletionStatus"."""
    task = call.account.deletion_tasks.get(call.params["DeletionTaskId"])
    if task is None:
        raise CloudError(
            "EntityNotExist.ServiceLinkedRole.DeletionTask",
            "The service-linked role deletion task does not exist.",
            404,
        )
    usages = [{"Region": region, "Resources": {"Resource": used}} for region, used in task["Uses"].items()]
    reason = {"Message": "The role is in use." if usages else "", "RoleUsages": {"RoleUsage": usages}}
    return {"Status": task["Status"], "Reason": reason}
