"""What ``converge`` reaches the world through: the ports that it needs, and the report that it fills.

Adapters implement these without knowing it; only ``cloud.connect`` brings the two together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Any, Protocol

from shared.backup_policy import VaultSettings
from shared.backups import BackupClient, Binding, HanaInstance, Job, Place, Point, Policy, Rule, Vault
from shared.config import Config
from shared.enrolment import Enrolment, Registered, Registration, Role
from shared.outcome import AttemptError
from shared.plan import AnyStep
from shared.scope import Member


class Directory(Protocol):
    """The Resource Directory."""

    def look_up(self, account_id: str) -> Member | None:
        """The account as it is now, or None."""

    def is_leaving(self, account_id: str) -> bool:
        """Whether the account is being deleted."""

    def members(self) -> Iterator[Member]:
        """Every member account."""

    def lookup_events(
        self, region: str, name: str, start: str, end: str, token: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """A page of ActionTrail's events of that name in a window of time, and the token of the next one."""


class EnteredAccount(Protocol):
    """A member account that has been entered."""

    def read_role(self, name: str) -> Role | None:
        """The role as it is now."""

    def create_role(self, role: Role) -> Role:
        """Create it without policies; return what is there now."""

    def update_role(self, role: Role) -> None:
        """Set trust policy, session length and mark."""

    def attach(self, role_name: str, policy: str) -> None:
        """Attach a policy."""

    def detach(self, role_name: str, policy: str) -> None:
        """Detach a policy."""

    def delete_role(self, name: str) -> None:
        """Delete the role."""


@dataclass(frozen=True)
class Work:
    """What a session in a member account is for, beside reading the backup role. It may do that and no more."""

    attach: frozenset[str] = frozenset()
    """To make the role with these policies: ``System:<name>`` or ``Custom:<name>``."""
    remove: bool = False
    """To delete it."""

    @classmethod
    def towards(cls, want: Enrolment, role_name: str) -> Work:
        """What may have to be done to the role of that name to reach what is wanted: make the one, remove any other."""
        wanted = want.role
        return cls(wanted.policies) if isinstance(wanted, Role) and wanted.name == role_name else cls(remove=True)

    @classmethod
    def to_look(cls, _role_name: str) -> Work:
        """Nothing but reading."""
        return cls()

    def includes(self, other: Work) -> bool:
        """Whether a session for this serves for the other as well."""
        return other.attach <= self.attach and self.remove >= other.remove


WorkOn = Callable[[str], Work]
"""What is to be done to the role of that name."""

Enter = Callable[[str], EnteredAccount]
"""The way into one member account, for work on the role of that name."""


class Members(Protocol):
    """The way into member accounts."""

    def enter(self, account_id: str, access_role: str, role_name: str, work: Work) -> EnteredAccount:
        """Assume the access role, for that work on the role ``role_name``."""


class Backup(Protocol):
    """Cloud Backup in the backup account."""

    def has_service_linked_role(self) -> bool:
        """Whether it is there."""

    def ensure_service_linked_role(self) -> None:
        """Create it if it is not there."""

    def register(self, region: str, account_id: str, wanted: Registration) -> Registered:
        """Make sure of the record."""

    def deregister(self, region: str, account_id: str, registration: Registration) -> None:
        """Delete the record."""

    def check_role(self, region: str, account_id: str, role_name: str) -> None:
        """Prove the role."""

    def registrations_of(self, region: str, account_id: str) -> frozenset[Registration]:
        """The account's records, from the whole listing."""

    def glimpse(self, region: str, account_id: str) -> frozenset[Registration] | None:
        """The account's records, if one page of the listing tells."""

    def registrations(self, region: str) -> Iterator[tuple[str, Registration]]:
        """Every record of the region, as (account id, registration)."""


class Protection(Protocol):
    """What is on schedule in the backup account."""

    def policies(self, region: str) -> list[Policy]:
        """Every backup policy."""

    def vaults(self, region: str) -> list[Vault]:
        """Every vault."""

    def bindings(
        self, region: str, policies: Iterable[Policy], policy_id: str | None = None, sources: Iterable[str] = ()
    ) -> Iterator[Binding]:
        """What is bound to any policy, or to one, or of some data sources."""

    def plans(self, region: str) -> Iterator[Binding]:
        """Every backup plan, those of SAP HANA too."""

    def hana_instances(self, region: str) -> list[HanaInstance]:
        """Every registered SAP HANA instance."""

    def clients(self, region: str, place: Place) -> list[BackupClient]:
        """The backup clients in one account."""

    def bind(self, region: str, binding: Binding) -> None:
        """Bind one data source, or resume it."""

    def unbind(self, region: str, binding: Binding) -> None:
        """Take the binding away."""

    def switch_off(self, region: str, binding: Binding) -> None:
        """Suspend a binding or a plan."""

    def create_vault(self, region: str, wanted: VaultSettings, kind: str) -> None:
        """Make a vault."""

    def write_policy(self, region: str, name: str, rules: Iterable[Rule], policy_id: str | None = None) -> None:
        """Make a policy, or replace the rules of one."""


class Records(Protocol):
    """What has been backed up in the backup account."""

    def points(self, region: str, account_id: str, known: Collection[tuple[str, str]]) -> Iterator[Point]:
        """Every restorable point of one account's data."""

    def owners(self, region: str) -> set[str]:
        """Accounts of whose data there are restorable points, as far as one listing tells."""

    def table_points(self, region: str, place: Place) -> Iterator[Point]:
        """The points of one account's Tablestore tables."""

    def jobs(self, region: str, **wanted: object) -> Iterator[Job]:
        """Backup jobs, newest first."""

    def restore_job(self, region: str, restore_type: str, restore_id: str) -> Job | None:
        """One restore job."""


@dataclass(frozen=True)
class Ports:
    """What ``converge`` reaches the world through."""

    config: Config
    directory: Directory
    members: Members
    backup: Backup
    protection: Protection
    records: Records
    pool: Executor


@dataclass
class Report:
    """What was found and done for one account; filled as it happens, so that a failure keeps what came before."""

    account_id: str
    display_name: str = ""
    state: str = "unprotected"
    """``protected``, ``unprotected``, ``withdrawn``, ``checked`` or ``ignored``."""
    why: str = ""
    rule: str = ""
    regions: tuple[str, ...] = ()
    role_name: str = ""
    steps: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    failed: dict[AnyStep, AttemptError] = field(default_factory=dict)
    """Data sources that could not be bound; everything else is done all the same."""
    inventory: dict[str, Any] | None = None
    """What of the account's backups was there when it was withdrawn."""
