"""What must be true after every single request, watched from inside the cloud, where no request can hide.

Off until ``POST /_emulator/invariants`` says whose requests are to be watched and what they may do. Violations are
recorded and never refused: a test asks for them at the end. No rule of the emulated cloud belongs here.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from emulator.accounts import Account, Principal, Role
    from emulator.cloud import Cloud
    from emulator.errors import CloudError
    from emulator.service import Call

ENROLLING = frozenset(
    {
        *("CreateRole", "UpdateRole", "AttachPolicyToRole", "AddCrossAccount", "InstallBackupClients"),
        *("CreatePolicyV2", "UpdatePolicyV2", "CreatePolicyBindings", "UpdatePolicyBinding"),
        *("CreateBackupPlan", "EnableBackupPlan", "CreateHanaBackupPlan", "EnableHanaBackupPlan"),
    }
)
"""Writes that bring an account in; an account that is to be left out must see none of them."""
ENDING = frozenset({"DeleteCrossAccount", "DeletePolicyBinding", "DisableBackupPlan", "DisableHanaBackupPlan"})
"""Writes that only end something; UpdatePolicyBinding is one where it suspends."""


class Watched(BaseModel):
    """Whose requests are watched, and what they may do."""

    model_config = ConfigDict(extra="forbid")

    arn: str
    """The role of the watched program, as an ARN."""
    session: str
    """The session name under which it enters other accounts."""
    backup_account: str
    trusts: str
    """The one principal that it may let into an account."""
    mark: str
    """How the descriptions of its own roles begin; others are foreign."""
    policies: list[str]
    """What it may attach, as ``System:Name``."""
    declared: list[str] = []
    """Accounts outside the directory in which it may write."""
    out_of_scope: list[str] = []
    """Accounts that it may only withdraw."""
    adopts: bool = False
    """Whether it may take over foreign roles."""


class Invariants:
    """Looks at the state before and after each watched request."""

    def __init__(self, cloud: Cloud) -> None:
        self._cloud = cloud
        self._roles: dict[tuple[str, str], Role] = {}
        self._points: dict[str, float] = {}
        self._in_rules: dict[str, set[str]] = {}
        self.clear()

    def clear(self) -> None:
        """Watch nobody."""
        self.watched: Watched | None = None
        self.violations: list[dict[str, str]] = []
        self.looked = 0

    def watch(self, watched: Watched) -> None:
        """Begin, with the state of now as what was before the first request."""
        self.watched, self.violations, self.looked = watched, [], 0
        self._remember()

    def _remember(self) -> None:
        state = self._cloud.state
        self._roles = {
            (account.account_id, role.name): role.model_copy(update={"attached": dict(role.attached)})
            for account in state.accounts.values()
            for role in account.roles.values()
        }
        self._points = {point.id: point.expires_at for point in state.hbr.snapshots.values()}
        self._in_rules = {policy.id: set(_named(policy.rules)) for policy in state.hbr.policies.values()}

    def look(self, principal: Principal | None, call: Call | None, error: CloudError | None) -> None:
        """Judge one processed request; nothing to do for one that only read or was refused."""
        if self.watched is None or principal is None or call is None:
            return
        self.looked += 1
        if error is not None or not call.service.actions[call.action].writes:
            return
        if principal.arn == self.watched.arn or principal.session == self.watched.session:
            found = [*self._where(self.watched, call), *self._roles_changed(self.watched, call), *self._points_gone()]
            note = {"principal": principal.arn, "action": call.action, "request_id": call.request_id}
            self.violations += [{**note, "what": what} for what in found]
        self._remember()

    def _where(self, watched: Watched, call: Call) -> Iterator[str]:
        """No write enters, or is about, an account that neither the directory lists nor the watched program declares.

        In the backup account what there is of such an account may only be ended.
        """
        if call.action == "AssumeRole":
            return
        account = call.caller.account_id
        about = {account} if account != watched.backup_account else self._about(call)
        for one in sorted(about - {watched.backup_account}):
            if not self._known(watched, one):
                yield f"a write in or about account {one}, which is neither listed nor declared"
            if call.action in ENROLLING and one in watched.out_of_scope:
                yield f"account {one} is out of scope, but is being enrolled"

    def _about(self, call: Call) -> set[str]:
        """The accounts of which a write in the backup account begins something, as far as it did not name them before.

        A policy's rules are replaced as a whole: those whom they named already are not being added.
        """
        hbr, params = self._cloud.state.hbr, call.params
        if call.action in ENDING or params.get("Disabled") is True:
            return set()
        found = set(_named(params)) - self._in_rules.get(str(params.get("PolicyId")), set())
        cluster = hbr.hanas.get(str(params.get("ClusterId")))
        binding = hbr.bindings.get("/".join(str(params.get(key)) for key in ("PolicyId", "SourceType", "DataSourceId")))
        return found | {one.place.account_id for one in (cluster, binding) if one is not None}

    def _known(self, watched: Watched, account: str) -> bool:
        directory = self._cloud.state.directory
        return account in watched.declared or (directory is not None and account in directory.members)

    def _roles_changed(self, watched: Watched, call: Call) -> Iterator[str]:
        account: Account = call.account
        for role in account.roles.values():
            before = self._roles.get((account.account_id, role.name))
            if role.service or before == role:
                continue
            yield from _changed(watched, before, role)
        for (account_id, name), before in self._roles.items():
            if account_id == account.account_id and name not in account.roles:
                yield from self._deleted(watched, account_id, before)

    def _deleted(self, watched: Watched, account_id: str, before: Role) -> Iterator[str]:
        if not before.description.startswith(watched.mark):
            yield f"the foreign role {before.name} was deleted"
        for place, records in self._cloud.state.hbr.cross_accounts.items():
            held = [one for rows in records.values() for one in rows if one.place.account_id == account_id]
            if place.startswith(watched.backup_account) and any(one.place.role_name == before.name for one in held):
                yield f"role {before.name} of account {account_id} was deleted while {place} has it registered"

    def _points_gone(self) -> Iterator[str]:
        """A point that its own retention ends is not one that a request took away."""
        now, kept = self._cloud.clock.now(), self._cloud.state.hbr.snapshots
        for point, expires_at in self._points.items():
            if point not in kept and not 0 < expires_at <= now:
                yield f"the restorable point {point} is gone"


def _changed(watched: Watched, before: Role | None, role: Role) -> Iterator[str]:
    """A role that was made or changed: by whom it was, whom it lets in, what it may do."""
    if before is not None and not before.description.startswith(watched.mark) and not watched.adopts:
        yield f"the foreign role {role.name} was changed"
    if before is None or before.trust != role.trust:
        spare = _principals(role.trust) - {watched.trusts.casefold()}
        if spare:
            yield f"role {role.name} was made to trust {', '.join(sorted(spare))}"
    wide = set(role.attached) - set(before.attached if before else ()) - set(watched.policies)
    if wide:
        yield f"role {role.name} was given {', '.join(sorted(wide))}"


def _named(given: object) -> Iterator[str]:
    """Every account that a request or a rule names, however deep: in items of lists, in the accounts of tag rules."""
    if isinstance(given, dict):
        if given.get("CrossAccountUserId"):
            yield str(given["CrossAccountUserId"])
        given = list(given.values())
    if isinstance(given, list):
        for one in given:
            yield from _named(one)


def _principals(trust: str) -> set[str]:
    """Everybody whom a trust policy names, folded; a statement of another kind than the plain one counts as such."""
    named: set[str] = set()
    for statement in json.loads(trust)["Statement"]:
        principal: dict[str, Any] = statement.get("Principal", {})
        for names in principal.values():
            named.update(name.casefold() for name in (names if isinstance(names, list) else [names]))
    return named
