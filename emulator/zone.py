"""Landing zones: a YAML file in, a whole ``State`` out.

What a zone may say is in ``zone_file.py``; everything else about an account follows from the directory (an access role
where it was created, none where it was invited).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from emulator import permissions
from emulator.accounts import (
    AccessKey,
    Account,
    Directory,
    Folder,
    Member,
    Policy,
    Principal,
    Role,
    User,
)
from emulator.directory.members import access_role
from emulator.logs.projects import in_zone
from emulator.mns.state import Queue
from emulator.ram.service_roles import SERVICES, linked_role
from emulator.state import State
from emulator.zone_file import AccountEntry, PolicyEntry, RoleEntry, Template, UserEntry, Zone

ZONES = Path(__file__).parent / "zones"
SINCE = 1767225600.0
"""When everything in a zone was made: 2026-01-01, in epoch seconds."""


def find(name: str) -> Path:
    """A shipped zone by name (``small``, ``large``), or a file."""
    shipped = ZONES / f"{name}.yaml"
    return shipped if shipped.exists() else Path(name)


def load(path: Path) -> State:
    """The state that a zone file describes. Raises ValueError, OSError or CloudError where it describes none."""
    try:
        given = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise ValueError(f"{path} is no YAML: {error}") from error
    return build(given, path.parent)


def build(given: dict[str, Any], folder: Path) -> State:
    """The state that a zone describes; ``folder`` is where its policy files are relative to."""
    zone = Zone.model_validate(given)
    state = State(backup_account=zone.backup, system_policies=dict(_system_policies()))
    state.directory = Directory(
        directory_id=zone.directory,
        management_account=zone.management,
        root_folder=zone.root,
        created_at=SINCE,
        folders={zone.root: Folder(name="root", parent="", created_at=SINCE)}
        | {
            entry.id: Folder(name=entry.name, parent=entry.parent or zone.root, created_at=SINCE)
            for entry in zone.folders
        },
        delegated=zone.delegated,
        trusted_services=zone.trusted_services,
        control_policies={policy.policy_id: policy for policy in zone.control_policies},
    )
    for number, entry in enumerate(_entries(zone)):
        _add(state, state.directory, entry, folder, f"3{number:09d}")
    return state


def _entries(zone: Zone) -> Iterator[AccountEntry]:
    yield from zone.accounts
    for many in zone.generate:
        shared = {name: getattr(many, name) for name in Template.model_fields}
        for number in range(many.count):
            where = many.folders[number % len(many.folders)]
            name = f"{many.name}-{number + 1:05d}"
            yield AccountEntry.model_construct(
                **{**shared, "folder": where},
                id=str(many.first_id + number),
                name=name,
                member=True,
                status="",
                used_by=[],
            )


def _add(state: State, directory: Directory, entry: AccountEntry, folder: Path, ids: str) -> None:
    """One account with what it has; ``ids`` makes the numbers of its roles and users."""
    account = Account(account_id=entry.id, display_name=entry.name, resources=[dict(each) for each in entry.resources])
    state.accounts[entry.id] = account
    for policy in entry.policies:
        account.policies[policy.name] = _policy(policy, folder)
    roles = [_role(role, f"{ids}{number:08d}") for number, role in enumerate(entry.roles)]
    roles += [linked_role(name, f"{ids}9{n:07d}", SINCE) for n, name in enumerate(entry.service_linked_roles)]
    if entry.member and entry.id != directory.management_account:
        directory.members[entry.id] = _member(directory, entry)
        if entry.join == "created":
            roles.append(access_role(directory.management_account, f"{ids}80000000", SINCE))
    account.roles = {role.name: role for role in roles}
    _check_references(state, account, [*entry.roles, *entry.users])
    if entry.queues:
        made = {name: Queue(name=name, created_at=SINCE, modified_at=SINCE) for name in entry.queues}
        state.mns.queues[entry.id] = made
    for name, stores in entry.log_projects.items():
        state.logs.projects[name] = in_zone(entry.id, name, stores, SINCE)
    for number, user in enumerate(entry.users):
        account.users[user.name] = User(
            name=user.name, user_id=f"2{ids[1:]}{number:08d}", attached=dict.fromkeys(user.policies, SINCE)
        )
        principal = Principal(account_id=entry.id, kind="user", name=user.name, access_key_id=user.access_key_id)
        state.keys[user.access_key_id] = AccessKey(secret=user.access_key_secret, principal=principal)


def _check_references(state: State, account: Account, holders: list[RoleEntry | UserEntry]) -> None:
    """What a role or a user is said to hold must be there."""
    for holder in holders:
        for reference in holder.policies:
            kind, _, name = reference.partition(":")
            known = {"System": state.system_policies, "Custom": account.policies}.get(kind, {})
            if name not in known:
                raise ValueError(f"{account.display_name}: {holder.name} holds {reference}, which is not there")


def _member(directory: Directory, entry: AccountEntry) -> Member:
    invited = entry.join == "invited"
    return Member(
        account_id=entry.id,
        display_name=entry.name,
        folder_id=entry.folder or directory.root_folder,
        kind="CloudAccount" if invited else "ResourceAccount",
        join_method=entry.join,
        status=entry.status or ("InviteSuccess" if invited else "CreateSuccess"),
        joined_at=SINCE,
        modified_at=SINCE,
        tags=dict(entry.tags),
        used_by=list(entry.used_by),
    )


def _role(entry: RoleEntry, role_id: str) -> Role:
    statement = {"Effect": "Allow", "Action": "sts:AssumeRole", "Principal": entry.trusts}
    return Role(
        role_id=role_id,
        name=entry.name,
        trust=json.dumps({"Version": "1", "Statement": [statement]}),
        description=entry.description,
        max_session_seconds=entry.max_session_seconds,
        attached=dict.fromkeys(entry.policies, SINCE),
        created_at=SINCE,
        updated_at=SINCE,
    )


def _policy(entry: PolicyEntry, folder: Path) -> Policy:
    path = folder / entry.policy_file
    document = path.read_text(encoding="utf-8") if entry.policy_file else json.dumps(entry.document)
    permissions.parse(document)
    return Policy(name=entry.name, document=document, created_at=SINCE)


def _system_policies() -> Iterator[tuple[str, Policy]]:
    """The vendor's policies by name, and one for each service-linked role."""
    known = yaml.safe_load((ZONES / "system-policies.yaml").read_text(encoding="utf-8"))
    for linked in SERVICES.values():
        known.setdefault(linked.policy, [{"Effect": "Allow", "Action": "sts:AssumeRole", "Resource": "*"}])
    for name, statements in known.items():
        document = json.dumps({"Version": "1", "Statement": statements})
        permissions.parse(document)
        yield name, Policy(name=name, kind="System", document=document, created_at=SINCE)


def summary(state: State) -> dict[str, Any]:
    """``accounts`` and ``credentials`` of the ready line."""
    management = state.directory.management_account if state.directory else ""
    keys = {
        key.principal.account_id: {"access_key_id": key_id, "access_key_secret": key.secret}
        for key_id, key in reversed(state.keys.items())
    }
    return {
        "accounts": {
            "management": management,
            "backup": state.backup_account,
            "members": list(state.directory.members) if state.directory else [],
        },
        "credentials": {"management": keys.get(management), "backup": keys.get(state.backup_account)},
    }
