"""STS 2015-04-01: temporary credentials of roles, and who a caller is.

Whether a role lets the caller in is decided in ``identity.py``, for the services that assume roles as well.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator import permissions
from emulator.clock import utc
from emulator.errors import CloudError
from emulator.identity import find_role, role_arn
from emulator.service import Action, Param, Service

if TYPE_CHECKING:
    from emulator.service import Call


def assume_role(call: Call) -> dict[str, Any]:
    """API page "AssumeRole"."""
    sent = call.params
    if sent["Policy"]:
        _check_session_policy(sent["Policy"])
    context = {"acs:SourceIp": call.source_ip}
    if sent["ExternalId"]:
        context["sts:ExternalId"] = sent["ExternalId"]
    key, session = call.cloud.assume(
        call.caller,
        sent["RoleArn"],
        session_name=sent["RoleSessionName"],
        duration=sent["DurationSeconds"],
        policy=sent["Policy"],
        context=context,
    )
    principal = session.principal
    role = call.cloud.state.accounts[principal.account_id].roles[principal.name]
    answer: dict[str, Any] = {
        "AssumedRoleUser": {
            "AssumedRoleId": f"{role.role_id}:{principal.session}",
            "Arn": f"{role_arn(principal.account_id, role)}/{principal.session}",
        },
        "Credentials": {
            "AccessKeyId": key,
            "AccessKeySecret": session.secret,
            "SecurityToken": session.token,
            "Expiration": utc(session.expires_at),
        },
    }
    return answer | ({"SourceIdentity": sent["SourceIdentity"]} if sent["SourceIdentity"] else {})


def _check_session_policy(document: str) -> None:
    """At most 2,048 bytes, and a policy document (error table of the API page)."""
    if len(document.encode()) > 2048:  # noqa: PLR2004  # the documented limit
        raise CloudError("InvalidParameter.PolicySize", "The size of Policy must be smaller than 2048 bytes.")
    try:
        permissions.parse(document)
    except CloudError as error:
        code = "InvalidParameter.PolicyGrammar"
        raise CloudError(code, f"The parameter Policy has not passed grammar check. {error.message}") from error


def get_caller_identity(call: Call) -> dict[str, Any]:
    """API page "GetCallerIdentity": no permission is needed."""
    caller, account = call.caller, call.account
    answer = {"AccountId": caller.account_id, "Arn": caller.arn}
    if caller.kind == "role":
        role = find_role(account, caller.name)
        role_id = role.role_id if role else ""
        arn = f"{role_arn(account.account_id, role) if role else caller.arn}/{caller.session}"
        more = {"IdentityType": "AssumedRoleUser", "RoleId": role_id, "PrincipalId": f"{role_id}:{caller.session}"}
        return {**answer, **more, "Arn": arn}
    if caller.kind == "user":
        user_id = account.users[caller.name].user_id
        return {**answer, "IdentityType": "RAMUser", "UserId": user_id, "PrincipalId": user_id}
    return {**answer, "IdentityType": "Account", "PrincipalId": caller.account_id}


SERVICE = Service(
    name="sts",
    product="Sts",
    version="2015-04-01",
    actions={
        "AssumeRole": Action(
            assume_role,
            {
                "RoleArn": Param(required=True, maximum=256),
                "RoleSessionName": Param(required=True, pattern=r"[A-Za-z0-9.@\-_]+", minimum=2, maximum=64),
                "DurationSeconds": Param("integer", default=3600, minimum=900, maximum=43200),
                "Policy": Param(),
                "ExternalId": Param(pattern=r"[\w+=,.@:/\-]+", minimum=2, maximum=1224),
                "SourceIdentity": Param(pattern=r"[A-Za-z0-9.@\-_=]+", minimum=2, maximum=64),
            },
            permission="sts:AssumeRole",
            resource="{RoleArn}",
            writes=True,
            errors=(
                "EntityNotExist.Role",
                "NoPermission",
                "InvalidParameter.DurationSeconds",
                "InvalidParameter.RoleArn",
                "InvalidParameter.PolicyGrammar",
                "InvalidParameter.PolicySize",
            ),
        ),
        "GetCallerIdentity": Action(get_caller_identity),
    },
)
