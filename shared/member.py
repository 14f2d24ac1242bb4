"""Inside one member account: the session that enters it, and the backup role there."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

from shared.clients import Api, Clients, Credentials
from shared.config import MARK
from shared.enrolment import Role
from shared.ports import Work
from shared.session import assume
from shared.trust import Trust
from shared.vendor import AbsentError, ExistsError

DESCRIPTION = f"{MARK} lets central Cloud Backup reach this account. Managed: changes by hand are undone."

READING = ("ram:GetRole", "ram:ListPoliciesForRole")
MAKING = ("ram:AttachPolicyToRole", "ram:CreateRole", "ram:DetachPolicyFromRole", "ram:UpdateRole")
REMOVING = ("ram:DeleteRole", "ram:DetachPolicyFromRole")
OWNERS = {"System": "system"}
"""Whose a policy is, in its ARN; any other is the account's own."""


class Members:
    """The way into member accounts, from the management account."""

    def __init__(self, clients: Clients, credentials: Credentials) -> None:
        self._clients = clients
        self._sts = clients.sts(credentials)

    def enter(self, account_id: str, access_role: str, role_name: str, work: Work) -> MemberAccount:
        """Assume the access role, for as long and as much as the work on the backup role needs.

        Raises NotReadyError where the account does not let us in (yet).
        """
        session = assume(self._sts, account_id, access_role, policy=session_policy(account_id, role_name, work))
        return MemberAccount(self._clients.ram(session))


def session_policy(account_id: str, role_name: str, work: Work) -> str:
    """Only that role, only what the work needs, and no policy attached to it but those that are wanted.

    RAM asks for both, the role and the policy (API pages "AttachPolicyToRole" and "DetachPolicyFromRole"). Which
    policies are too many is seen only inside: any may be detached.
    """
    making, removing = (MAKING if work.attach else ()), (REMOVING if work.remove else ())
    role = f"acs:ram:*:{account_id}:role/{role_name}"
    statements = [_allow(sorted({*READING, *making, *removing}), role)]
    if making:
        arns = [_policy_arn(account_id, *policy.split(":", 1)) for policy in sorted(work.attach)]
        statements.append(_allow("ram:AttachPolicyToRole", arns))
    if making or removing:
        any_policy = [_policy_arn(account_id, kind, "*") for kind in ("Custom", "System")]
        statements.append(_allow("ram:DetachPolicyFromRole", any_policy))
    return json.dumps({"Version": "1", "Statement": statements}, separators=(",", ":"))


def _allow(actions: str | list[str], resources: str | list[str]) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources}


def _policy_arn(account_id: str, kind: str, name: str) -> str:
    return f"acs:ram:*:{OWNERS.get(kind, account_id)}:policy/{name}"


class MemberAccount:
    """The backup role in one member account, seen through a session there."""

    def __init__(self, ram: Api) -> None:
        self._ram = ram

    def read_role(self, name: str) -> Role | None:
        """The role of that name as it is now, with everything that is compared."""
        try:
            role = self._ram("GetRole", role_name=name).role
            attached = self._ram("ListPoliciesForRole", role_name=name).policies
        except AbsentError:
            return None
        rows = (attached.policy or []) if attached else []
        return Role(
            name,
            Trust.parse(role.assume_role_policy_document),
            frozenset(f"{row.policy_type}:{row.policy_name}" for row in rows),
            int(role.max_session_duration or 3600),
            ours=(role.description or "").startswith(MARK),
        )

    def create_role(self, role: Role) -> Role:
        """Create the role without policies; return what is there now, which is another role if one was there."""
        try:
            self._ram(
                "CreateRole",
                role_name=role.name,
                assume_role_policy_document=role.trust.document,
                description=DESCRIPTION,
                max_session_duration=role.max_session_seconds,
            )
        except ExistsError:
            existing = self.read_role(role.name)
            if existing is not None:
                return existing
        return Role(role.name, role.trust, frozenset(), role.max_session_seconds)

    def update_role(self, role: Role) -> None:
        """Set trust policy, session length and our mark."""
        self._ram(
            "UpdateRole",
            role_name=role.name,
            new_assume_role_policy_document=role.trust.document,
            new_description=DESCRIPTION,
            new_max_session_duration=role.max_session_seconds,
        )

    def attach(self, role_name: str, policy: str) -> None:
        """Attach ``System:<name>`` or ``Custom:<name>``; attached already is as good."""
        kind, name = policy.split(":", 1)
        with suppress(ExistsError):
            self._ram("AttachPolicyToRole", policy_type=kind, policy_name=name, role_name=role_name)

    def detach(self, role_name: str, policy: str) -> None:
        """Detach a policy; not attached is as good."""
        kind, name = policy.split(":", 1)
        with suppress(AbsentError):
            self._ram("DetachPolicyFromRole", policy_type=kind, policy_name=name, role_name=role_name)

    def delete_role(self, name: str) -> None:
        """Delete the role, which by now has no policy; gone already is as good."""
        with suppress(AbsentError):
            self._ram("DeleteRole", role_name=name)
