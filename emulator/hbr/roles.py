"""CheckRole: whether Cloud Backup has the rights that a kind of backup needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.hbr import places
from emulator.hbr.answers import refuse
from emulator.hbr.state import Place
from emulator.service import Action, Param

if TYPE_CHECKING:
    from emulator.service import Call

_KINDS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "EcsRole": ("AliyunServiceRoleForHbrEcsBackup", places.NEEDS["ECS_FILE"]),
    "EcsBackupRole": ("AliyunServiceRoleForHbrEcsBackup", places.NEEDS["ECS_FILE"]),
    "UdmRole": ("AliyunServiceRoleForHbrEcsBackup", places.NEEDS["UDM_ECS"]),
    "OssRole": ("AliyunServiceRoleForHbrOssBackup", places.NEEDS["OSS"]),
    "NasRole": ("AliyunServiceRoleForHbrNasBackup", places.NEEDS["NAS"]),
    "OtsRole": ("AliyunServiceRoleForHbrOtsBackup", places.NEEDS["OTS"]),
    "CsgRole": ("AliyunServiceRoleForHbrCsgBackup", ()),
    "VMwareLocalRole": ("", ()),
    "VMwareCloudRole": ("", ()),
    "CrossAccountRole": ("", tuple(sorted({need for needs in places.NEEDS.values() for need in needs}))),
}
"""Role type → the service-linked role that it means in one's own account, and what it must allow in another.

The names are of the help page "Service-linked roles"; which type means which, and that CrossAccountRole asks for all
kinds of backup together, are inferred.
"""


def check_role(call: Call) -> dict[str, Any]:
    """Prove a role by assuming it (API page "CheckRole").

    With an account and a role, the road into that account is tried, registered or not: the console offers the check
    before the account is added (help page "Back up data sources across Alibaba Cloud accounts", step 4). That the API
    does so too is the guess ``check_role_needs_registration``.
    """
    params = call.params
    name, needs = _KINDS[params["CheckRoleType"]]
    if params["CheckRoleType"] == "CrossAccountRole" or params["CrossAccountUserId"] is not None:
        if params["CrossAccountUserId"] is None or not params["CrossAccountRoleName"]:
            raise refuse("BadRequest", "CrossAccountUserId and CrossAccountRoleName are required.")
        place = Place(
            account_id=str(params["CrossAccountUserId"]),
            kind="CROSS_ACCOUNT",
            role_name=params["CrossAccountRoleName"],
        )
        if call.cloud.guesses.check_role_needs_registration:
            places.require_registered(call.cloud, call.caller.account_id, call.region, place)
        places.enter(call.cloud, call.caller.account_id, place, needs)
    elif name and name not in call.account.roles:
        raise refuse("RoleNotExist", f"The specified role doesn't exist: {name}.")
    return {}


ACTIONS = {
    "CheckRole": Action(
        # The table of RAM actions gives hbr:CheckRole the access level "none": RAM is asked only where the guess
        # hbr_authorises_cross_accounts says so.
        check_role,
        {
            "CheckRoleType": Param(choices=tuple(_KINDS), required=True),
            "CrossAccountUserId": Param("integer", minimum=1),
            "CrossAccountRoleName": Param(),
        },
        errors=("BadRequest", "CrossAccountBackupSlrNotExist", "RoleNotExist", "AssumeRoleFail", "NoPermission"),
    ),
}
