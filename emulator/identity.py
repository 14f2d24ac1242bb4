"""Who a caller is, what it may do, and which roles let it in.

The one place where users, roles, sessions, session policies and control policies meet. Documents are judged in
``permissions.py``; how a request proves its key is in ``signatures.py``.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from emulator import permissions
from emulator.accounts import Principal, Session
from emulator.clock import utc
from emulator.errors import CloudError
from emulator.permissions import Decision

if TYPE_CHECKING:
    from emulator.accounts import Account, Role
    from emulator.cloud import Cloud
    from emulator.state import State

_ROLE_ARN = re.compile(r"acs:ram::(\d+):role/([A-Za-z0-9.@_-]{1,64})", re.IGNORECASE)
_NO_PERMISSION = "You are not authorized to do this action. You should be authorized by RAM."


def find_role(account: Account, name: str) -> Role | None:
    """A role by name; case does not count, since ARNs of service-linked roles come back lower-cased (inferred)."""
    role = account.roles.get(name)
    if role is None:
        folded = name.casefold()
        role = next((role for known, role in account.roles.items() if known.casefold() == folded), None)
    return role


def role_arn(account_id: str, role: Role) -> str:
    """A role's ARN; a service-linked role's name is lower-cased in it (API page "CreateServiceLinkedRole")."""
    return f"acs:ram::{account_id}:role/{role.name.lower() if role.service else role.name}"


def identify(cloud: Cloud, access_key_id: str, security_token: str) -> tuple[Principal, str]:
    """The principal behind a key and the secret that it signs with.

    Raises:
        CloudError: codes of the help page "Common error codes"; the statuses of the token errors are inferred.
    """
    state = cloud.state
    if key := state.keys.get(access_key_id):
        if security_token:
            raise CloudError("InvalidSecurityToken.MismatchWithAccessKey", "The token does not belong to this key.")
        if not key.active:
            raise CloudError("InvalidAccessKeyId.Inactive", "Specified access key is disabled.")
        return key.principal, key.secret
    session = state.sessions.get(access_key_id)
    if session is None:
        raise CloudError("InvalidAccessKeyId.NotFound", "Specified access key is not found.", 404)
    if not security_token:
        raise CloudError("MissingSecurityToken", "SecurityToken is mandatory for this action.")
    if security_token != session.token:
        code = "MismatchWithAccessKey" if security_token.startswith(_TOKEN_PREFIX) else "Malformed"
        raise CloudError(f"InvalidSecurityToken.{code}", "Specified SecurityToken is not the one of this key.")
    if cloud.clock.now() >= session.expires_at:
        raise CloudError("InvalidSecurityToken.Expired", "Specified SecurityToken is expired.")
    return session.principal, session.secret


def decide(
    cloud: Cloud, principal: Principal, permission: str, resource: str, context: Mapping[str, str] | None = None
) -> Decision:
    """Control policies, then the identity's own policies, then the session's: each must allow.

    Order of the help page "Policy evaluation process". The account itself (root) and services may do everything.
    Control policies bind the RAM users and roles of members (SDK model CreateControlPolicyRequest, ``EffectScope``),
    but not service-linked roles nor the management account (help page "Overview of control policies").
    """
    context, state = _context(cloud, context), cloud.state
    if principal.kind in ("root", "service"):
        return Decision(allowed=True, source=principal.kind)
    account = state.accounts.get(principal.account_id)
    role = find_role(account, principal.name) if account and principal.kind == "role" else None
    if not (role and role.service):
        denied = permissions.evaluate(_control_policies(state, principal.account_id), permission, resource, context)
        if denied.statement is not None and not denied.allowed:
            return denied
    decision = permissions.evaluate(_attached(state, principal, role), permission, resource, context)
    if decision.allowed and principal.session_policy is not None:
        session = permissions.evaluate([("session policy", principal.session_policy)], permission, resource, context)
        return decision if session.allowed else session
    return decision


def _context(cloud: Cloud, known: Mapping[str, str] | None) -> Mapping[str, str]:
    """What conditions can ask about: of every call the time, and that it came by TLS, as calls to the cloud do."""
    return {"acs:CurrentTime": utc(cloud.clock.now()), "acs:SecureTransport": "true", **(known or {})}


def _attached(state: State, principal: Principal, role: Role | None) -> Iterator[tuple[str, str]]:
    """(name, document) of the policies attached to a user or role; a deleted one has none."""
    account = state.accounts.get(principal.account_id)
    if account is None:
        return
    holder = role if principal.kind == "role" else account.users.get(principal.name)
    for reference in holder.attached if holder else ():
        kind, _, name = reference.partition(":")
        policy = (account.policies if kind == "Custom" else state.system_policies).get(name)
        if policy is not None:
            yield reference, policy.document


def _control_policies(state: State, account_id: str) -> Iterator[tuple[str, str]]:
    """Control policies on a member account, its folder and every folder above.

    The system policy FullAliyunAccess is attached everywhere and allows all, so that only denials matter.
    """
    directory = state.directory
    if directory is None or not directory.control_policies or account_id not in directory.members:
        return
    if account_id == directory.management_account or not directory.control_policies_enabled:
        return
    above = {account_id}
    folder = directory.members[account_id].folder_id
    while folder:
        above.add(folder)
        folder = directory.folders[folder].parent
    for policy in directory.control_policies.values():
        if above.intersection(policy.targets):
            yield f"control policy {policy.policy_id}", policy.document


class DeniedError(CloudError):
    """A refusal by policy, which remembers what decided, for the journal."""

    def __init__(self, message: str, decision: Decision, detail: Mapping[str, str]) -> None:
        super().__init__("NoPermission", message, 403, extra={"AccessDeniedDetail": detail})
        self.decision = decision


def no_permission(principal: Principal, permission: str, resource: str, decision: Decision) -> DeniedError:
    """403 ``NoPermission`` with ``AccessDeniedDetail`` (help page "Troubleshoot access denied errors")."""
    explicit = decision.statement is not None and decision.statement.get("Effect") == "Deny"
    detail = {
        "AuthAction": permission,
        "AuthPrincipalDisplayName": f"{principal.name}:{principal.session}" if principal.session else principal.name,
        "AuthPrincipalOwnerId": principal.account_id,
        "AuthPrincipalType": {"user": "SubUser", "role": "AssumedRoleUser"}.get(principal.kind, "AlibabaCloudAccount"),
        "EncodedDiagnosticMessage": base64.b64encode(
            f"{permission} on {resource}: {decision.source}".encode()
        ).decode(),
        "NoPermissionType": "ExplicitDeny" if explicit else "ImplicitDeny",
        "PolicyType": _policy_type(decision.source),
    }
    return DeniedError(f"{_NO_PERMISSION} ({permission} on {resource})", decision, detail)


def _policy_type(source: str) -> str:
    """Which kind of policy refused, in the words of the same help page."""
    if source.startswith("control policy"):
        return "ControlPolicy"
    return {"session policy": "SessionPolicy", "trust policy": "AssumeRolePolicy"}.get(
        source, "AccountLevelIdentityBasedPolicy"
    )


def assume(
    cloud: Cloud,
    caller: Principal,
    arn: str,
    *,
    session_name: str,
    duration: int = 3600,
    policy: str | None = None,
    context: Mapping[str, str] | None = None,
) -> tuple[str, Session]:
    """Credentials of a role, if the caller may ask for it and the role's trust policy lets the caller in.

    Both checks are needed, in the same account too (API page "AssumeRole"); an account's root cannot assume a role.
    A service (``fc.aliyuncs.com``) needs only the trust. ``duration`` is in seconds, already checked.

    Raises:
        CloudError: ``EntityNotExist.Role`` 404, ``NoPermission`` 403, ``InvalidParameter.DurationSeconds`` 400.
    """
    match = _ROLE_ARN.fullmatch(arn)
    if match is None:
        raise CloudError("InvalidParameter.RoleArn", "The parameter RoleArn is wrongly formed.")
    account_id, name = match.groups()
    target = f"acs:ram:*:{account_id}:role/{name}"
    if caller.kind == "root":
        raise no_permission(caller, "sts:AssumeRole", target, Decision(allowed=False, source="root"))
    if caller.kind != "service":
        cloud.require(caller, "sts:AssumeRole", target, context)
    role = _visible_role(cloud, account_id, name)
    trusted = permissions.trusts(
        _visible_trust(cloud, role),
        _names(caller),
        _context(cloud, context),
        exact_case=cloud.guesses.trust_arn_case == "exact",
    )
    if not trusted.allowed:
        raise no_permission(caller, "sts:AssumeRole", target, trusted)
    if duration > role.max_session_seconds:
        raise CloudError(
            "InvalidParameter.DurationSeconds",
            f"The Min/Max value of DurationSeconds is 15min/{role.max_session_seconds}s.",
        )
    who = Principal(account_id=account_id, kind="role", name=role.name, session=session_name, session_policy=policy)
    return _open_session(cloud, who, duration)


def _names(caller: Principal) -> tuple[tuple[str, str], ...]:
    """What a trust policy may call a caller: itself, or the account that it belongs to. Nobody here is federated."""
    if caller.kind == "service":
        return ("Service", caller.name), ("Service", f"{caller.account_id}@{caller.name}")
    return ("RAM", caller.arn), ("RAM", f"acs:ram::{caller.account_id}:root")


def _visible_role(cloud: Cloud, account_id: str, name: str) -> Role:
    """The role as STS sees it: a new one may take a while (guess ``role_propagation_seconds``)."""
    account = cloud.state.accounts.get(account_id)
    role = find_role(account, name) if account else None
    if role is None or cloud.clock.now() < role.created_at + cloud.guesses.role_propagation_seconds:
        raise CloudError(
            "EntityNotExist.Role", f"The specified Role not exists: acs:ram::{account_id}:role/{name}.", 404
        )
    return role


def _visible_trust(cloud: Cloud, role: Role) -> str:
    """The trust policy as STS sees it; the one before for as long as the guess says."""
    stale = cloud.clock.now() < role.updated_at + cloud.guesses.role_propagation_seconds
    return role.previous_trust if stale and role.previous_trust else role.trust


_TOKEN_PREFIX = "CAIS"  # noqa: S105  # how the vendor's tokens begin, not a secret


def _open_session(cloud: Cloud, who: Principal, duration: int) -> tuple[str, Session]:
    key = "STS.N" + cloud.random_text(24)
    session = Session(
        # Backwards, since every run draws from the same numbers: no key id may look like another run's secret.
        secret=cloud.random_text(44)[::-1],
        token=_TOKEN_PREFIX + base64.b64encode(cloud.rng.randbytes(192)).decode(),
        principal=who.model_copy(update={"access_key_id": key}),
        expires_at=cloud.clock.now() + duration,
    )
    cloud.state.sessions[key] = session
    cloud.issued.add(session.secret, session.token)
    return key, session
