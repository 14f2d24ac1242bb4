"""One account as its administrator sees it: what is there of what is wanted, and how a step is carried out."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Any

from typing_extensions import assert_never

from cli.bootstrap.steps import (
    Attach,
    MakeLog,
    MakeQueue,
    MakeRole,
    MakeServiceLinkedRole,
    OpenCloudBackup,
    Refuse,
    Removable,
    Remove,
    SetTrust,
    Step,
    WritePolicy,
)
from cli.bootstrap.wanted import KEPT_DAYS, MOST_RECEIVES, SERVICE, Account, Log, LogPart, Policy, Queue, Role
from cli.log_store import LogStore
from cli.sdks import QueueSettings, open_cloud_backup
from shared.clients import Calls, Clients, Credentials
from shared.config import MARK, SERVICE_LINKED_ROLE, Config
from shared.outcome import AttemptError
from shared.vendor import AbsentError, ExistsError

OPEN_ALREADY = "ORDER.OPEND"
"""OpenHbrService where Cloud Backup is open (source of the Terraform provider)."""
DESCRIPTION = f"{MARK} made by cab bootstrap."


class Administered:
    """An account with credentials that may do all this."""

    def __init__(self, config: Config, credentials: Credentials, calls: Calls) -> None:
        clients = Clients(config, calls)
        self._ram = clients.ram(credentials)
        self._hbr = [clients.hbr(credentials, region) for region in config.every_region]
        self._trail = [clients.actiontrail(credentials, region) for region in config.trail_regions]
        self._open_cloud_backup = partial(open_cloud_backup, config, credentials, calls)
        self._queues = QueueSettings(config, credentials, calls)
        self._logs = partial(LogStore, config, credentials, calls)

    def observe(self, want: Account) -> Account:
        """What is there of ``want``; nothing is written. Raises an AttemptError where the account cannot be read."""
        found = [self._queue(name) for name in want.queues]
        policies = [self._policy(name) for name in want.policies]
        for_people = [self._policy(name) for name in want.for_people]
        roles = [self._role(name) for name in want.roles]
        return Account(
            want.account_id,
            {one.name: one for one in found if one},
            {one.name: one for one in policies if one},
            {one.name: one for one in roles if one},
            {one.name: one for one in for_people if one},
            service_linked_role=want.service_linked_role and self._has_service_linked_role(),
            cloud_backup=want.cloud_backup and self._is_open(),
            log=want.log and self._log(want.log),
        )

    def _log(self, want: Log) -> Log:
        logs, has = self._logs(want.project, want.store), set[LogPart]()
        if logs.has_project():
            has.add("project")
            if logs.has_store():
                has.add("store")
                if logs.is_indexed():
                    has.add("index")
        return replace(want, has=frozenset(has))

    def _queue(self, name: str) -> Queue | None:
        found = self._queues.read(name)
        if found is None:
            return None
        policy = found.dlq_policy
        aside = policy.dead_letter_target_queue if policy and policy.enabled else ""
        return Queue(name, int(found.message_retention_period or 0), aside or "")

    def _policy(self, name: str) -> Policy | None:
        try:
            found = self._ram("GetPolicy", policy_name=name, policy_type="Custom")
        except AbsentError:
            return None
        return Policy(name, found.default_policy_version.policy_document, int(found.policy.attachment_count or 0))

    def _role(self, name: str) -> Role | None:
        try:
            role = self._ram("GetRole", role_name=name).role
            attached = self._ram("ListPoliciesForRole", role_name=name).policies
        except AbsentError:
            return None
        rows = (attached.policy or []) if attached else []
        trusted, plain = read_trust(role.assume_role_policy_document)
        held = frozenset(row.policy_name for row in rows if row.policy_type == "Custom")
        return Role(name, trusted, held, (role.description or "").startswith(MARK), plain)

    def _has_service_linked_role(self) -> bool:
        try:
            self._ram("GetRole", role_name=SERVICE_LINKED_ROLE)
        except AbsentError:
            return False
        return True

    def _is_open(self) -> bool:
        """No call says so. Who has a vault has opened it; else the trail tells of the last 90 days."""
        if any(hbr("DescribeVaults", page_number=1, page_size=1).total_count for hbr in self._hbr):
            return True
        for trail in self._trail:
            wanted = trail.model("LookupEventsRequestLookupAttribute", key="EventName", value="OpenHbrService")
            for event in trail("LookupEvents", lookup_attribute=[wanted], max_results="50").events or []:
                if event.get("errorCode") in {None, "", OPEN_ALREADY}:
                    return True
        return False

    def apply(self, step: Step) -> None:
        """Carry out one step. That somebody else has just made or removed it is no error: look again."""
        match step:
            case MakeQueue(queue, was):
                write = self._queues.change if was else self._queues.create
                write(queue.name, message_retention_period=queue.kept_seconds, dlq_policy=_dead_letters(queue))
            case MakeLog(log, part):
                self._make_log(log, part)
            case WritePolicy(policy, was):
                self._write_policy(policy, new=was is None)
            case MakeRole(role) | SetTrust(role):
                self._write_role(role, new=isinstance(step, MakeRole))
            case Attach(role_name, policy_name):
                with suppress(ExistsError):
                    self._ram("AttachPolicyToRole", policy_type="Custom", policy_name=policy_name, role_name=role_name)
            case MakeServiceLinkedRole():
                with suppress(ExistsError):
                    self._ram("CreateServiceLinkedRole", service_name=SERVICE)
            case OpenCloudBackup():
                self._open()
            case Remove(kind, name):
                with suppress(AbsentError):
                    self._remove(kind, name)
            case Refuse():
                """It is left as it is."""
            case _:
                assert_never(step)

    def _make_log(self, log: Log, part: LogPart) -> None:
        logs = self._logs(log.project, log.store)
        match part:
            case "project":
                logs.make_project(DESCRIPTION)
            case "store":
                logs.make_store(KEPT_DAYS)
            case "index":
                logs.index()
            case _:
                assert_never(part)

    def _write_role(self, role: Role, *, new: bool) -> None:
        name, trust = role.name, role.trust
        if new:
            with suppress(ExistsError):
                self._ram("CreateRole", role_name=name, assume_role_policy_document=trust, description=DESCRIPTION)
        else:
            changed = {"new_assume_role_policy_document": trust, "new_description": DESCRIPTION}
            self._ram("UpdateRole", role_name=name, **changed)

    def _write_policy(self, policy: Policy, *, new: bool) -> None:
        if new:
            document = policy.document
            with suppress(ExistsError):
                self._ram("CreatePolicy", policy_name=policy.name, policy_document=document, description=DESCRIPTION)
            return
        # A policy has at most five versions (page "Limits" of RAM).
        self._ram(
            "CreatePolicyVersion",
            policy_name=policy.name,
            policy_document=policy.document,
            set_as_default=True,
            rotate_strategy="DeleteOldestNonDefaultVersionWhenLimitExceeded",
        )

    def _open(self) -> None:
        try:
            self._open_cloud_backup()
        except AttemptError as error:
            if error.code != OPEN_ALREADY:
                raise

    def _remove(self, kind: Removable, name: str) -> None:
        match kind:
            case "queue":
                self._queues.delete(name)
            case "policy":
                self._ram("DeletePolicy", policy_name=name, cascading_delete=True)
            case "role":
                self._remove_role(name)
            case _:
                assert_never(kind)

    def _remove_role(self, name: str) -> None:
        attached = self._ram("ListPoliciesForRole", role_name=name).policies
        for row in (attached.policy or []) if attached else []:
            with suppress(AbsentError):
                self._ram(
                    "DetachPolicyFromRole", policy_type=row.policy_type, policy_name=row.policy_name, role_name=name
                )
        self._ram("DeleteRole", role_name=name)


def _dead_letters(queue: Queue) -> dict[str, Any]:
    if not queue.dead_letters:
        return {"enabled": False}
    return {
        "enabled": True,
        "dead_letter_target_queue": queue.dead_letters,
        "max_receive_count": MOST_RECEIVES,
    }


def read_trust(document: str) -> tuple[frozenset[tuple[str, str]], bool]:
    """Whom a trust policy lets in, and whether it is of the one plain form that we write."""
    try:
        statements = json.loads(document)["Statement"]
        trusted = {
            (kind, name)
            for statement in statements
            for kind, names in statement["Principal"].items()
            for name in ([names] if isinstance(names, str) else names)
        }
        plain = len(statements) == 1 and set(statements[0]) == {"Action", "Effect", "Principal"}
        return frozenset(trusted), plain and statements[0]["Effect"] == "Allow"
    except (ValueError, KeyError, TypeError, AttributeError):
        return frozenset(), False
