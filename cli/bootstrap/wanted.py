"""What must be in the management and the backup account before ``s deploy``. Pure: the configuration in, things out.

The documents are those of ``policies/``, with the names that ``config.yaml`` gives to queues and roles.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from cli.deployment import Deployment
from shared.config import Config

LogPart = Literal["project", "store", "index"]
LOG_PARTS: tuple[LogPart, ...] = ("project", "store", "index")
"""In the order in which they are made: each is inside the one before it."""
KEPT_SECONDS = 604_800
"""MessageRetentionPeriod: the longest that there is, seven days (page "Limits" of Simple Message Queue)."""
KEPT_DAYS = 90
"""Of the functions' lines: as long as ActionTrail keeps what they are about (page "Limits" of ActionTrail). A log store
that is there stays with the days that somebody gave it."""
MOST_RECEIVES = 64
"""After so many receptions a message of the retry queue goes to the dead letters. It is a last net: each one of them is
an invocation that could not end, and the trigger itself deletes what was handled."""
FUNCTION_COMPUTE = "fc.aliyuncs.com"
SERVICE = "crossbackup.hbr.aliyuncs.com"


@dataclass(frozen=True)
class Queue:
    """A queue; ``dead_letters`` is the queue of messages that were received too often."""

    name: str
    kept_seconds: int = KEPT_SECONDS
    dead_letters: str = ""


@dataclass(frozen=True)
class Log:
    """Where the functions' lines go. ``has`` is observed: which parts of it are there, and as they should be."""

    project: str
    store: str
    has: frozenset[LogPart] = frozenset()


@dataclass(frozen=True)
class Policy:
    """A custom policy."""

    name: str
    document: str
    attached: int = 0
    """Observed: to how many users, groups and roles."""

    @property
    def parsed(self) -> Any:  # noqa: ANN401 - JSON
        """The document; what is no JSON equals nothing."""
        try:
            return json.loads(self.document)
        except ValueError:
            return self


@dataclass(frozen=True)
class Role:
    """A role: whom it trusts, as (``RAM`` or ``Service``, name), and its custom policies."""

    name: str
    trusted: frozenset[tuple[str, str]]
    policies: frozenset[str]
    ours: bool = True
    """Observed: whether its description bears our mark."""
    plain: bool = True
    """Observed: whether its trust policy is of the one form that we write."""

    @property
    def trust(self) -> str:
        """The trust policy as JSON."""
        kinds = sorted({kind for kind, _ in self.trusted})
        principal = {kind: sorted(name for known, name in self.trusted if known == kind) for kind in kinds}
        statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}
        return json.dumps({"Statement": [statement], "Version": "1"})


@dataclass(frozen=True)
class Account:
    """What is, or is to be, in one account."""

    account_id: str
    queues: Mapping[str, Queue] = field(default_factory=dict)
    policies: Mapping[str, Policy] = field(default_factory=dict)
    roles: Mapping[str, Role] = field(default_factory=dict)
    for_people: Mapping[str, Policy] = field(default_factory=dict)
    """Custom policies that are attached to nobody: that is for whoever trusts somebody with them."""
    service_linked_role: bool = False
    cloud_backup: bool = False
    """Whether it is open, as far as the account tells."""
    log: Log | None = None


PEOPLE = ("operator-read-only", "operator")
"""The documents for people of the management account."""
BACKUP_PEOPLE = ("backup-operator",)
"""The same of the backup account."""


def wanted(
    config: Config, deployed: Deployment, documents: Mapping[str, str], operators: Iterable[str]
) -> dict[str, Account]:
    """By account id, the management account first. ``documents`` are the texts of ``policies/`` by name.

    Those for people are wanted as far as their documents are given. ``operators`` are ARNs of people (users or roles of
    the management account) who may enter the backup account.
    """
    functions_role = deployed.role
    functions = Policy(functions_role, tailored(documents["functions"], config))
    queues = config.queues
    first = Account(
        config.management_account,
        {
            queues.dead_letters: Queue(queues.dead_letters),
            queues.retry: Queue(queues.retry, dead_letters=queues.dead_letters),
        },
        {functions.name: functions},
        {functions_role: Role(functions_role, frozenset({("Service", FUNCTION_COMPUTE)}), frozenset({functions.name}))},
        _for_people(PEOPLE, documents, config),
        log=Log(*deployed.log_store),
    )
    backup = Policy(config.backup_account.role or "cab-backup", tailored(documents["backup-account"], config))
    if config.backup_account.role is None:
        first = replace(first, for_people=_for_people((*PEOPLE, *BACKUP_PEOPLE), documents, config))
        return {first.account_id: _in_one(first, backup, functions_role)}
    trusted = {role_arn(config.management_account, functions_role), *operators}
    role = Role(backup.name, frozenset(("RAM", name) for name in trusted), frozenset({backup.name}))
    second = Account(
        config.backup_account.id,
        policies={backup.name: backup},
        roles={role.name: role},
        for_people=_for_people(BACKUP_PEOPLE, documents, config),
        service_linked_role=True,
        cloud_backup=True,
    )
    return {first.account_id: first, second.account_id: second}


def _in_one(first: Account, backup: Policy, functions_role: str) -> Account:
    """Where the management account is the backup account, the functions' role has both policies."""
    role = first.roles[functions_role]
    return replace(
        first,
        policies={**first.policies, backup.name: backup},
        roles={functions_role: replace(role, policies=role.policies | {backup.name})},
        service_linked_role=True,
        cloud_backup=True,
    )


def _for_people(names: Iterable[str], documents: Mapping[str, str], config: Config) -> dict[str, Policy]:
    given = [Policy(f"cab-{name}", tailored(documents[name], config)) for name in names if name in documents]
    return {one.name: one for one in given}


def role_arn(account_id: str, role: str) -> str:
    """A role's ARN."""
    return f"acs:ram::{account_id}:role/{role}"


def tailored(text: str, config: Config) -> str:
    """A document of ``policies/`` with the configured names in it; roles are written in lower case there."""
    names = {
        ":/queues/cab-retry": f":/queues/{config.queues.retry}",
        ":/queues/cab-dead-letters": f":/queues/{config.queues.dead_letters}",
        ":role/resourcedirectoryaccountaccessrole": f":role/{config.access_role.lower()}",
        ":role/cab-backup": f":role/{(config.backup_account.role or '').lower()}",
    }
    for shipped, configured in names.items():
        text = text.replace(shipped, configured)
    document = json.loads(text)
    for statement in document["Statement"]:
        if statement["Action"] == "sts:AssumeRole":
            statement["Resource"] = _entered(statement["Resource"], config)
    return json.dumps(document)


def _entered(resources: Iterable[str], config: Config) -> list[str]:
    """The roles that are assumed: those of accounts outside the directory may have names of their own."""
    others = {f"acs:ram:*:*:role/{one.access_role.lower()}" for one in config.external if one.access_role}
    return [*(one for one in resources if not one.endswith("/")), *sorted(others - set(resources))]
