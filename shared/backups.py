"""What Cloud Backup keeps in the backup account, as data: bindings, vaults, clients, instances, restore points, jobs.

Values only. How they are read is in ``protection.py`` and ``records.py``; what follows from them is decided elsewhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from shared.config import MARK

PLAIN_MARK = MARK.rstrip(":")
"""Names of what has no description (plans) begin with this; whether a name may hold a colon is in no document."""

PlaceType = Literal["SELF_ACCOUNT", "CROSS_ACCOUNT", "CROSS_ACCOUNT_BY_RD"]
"""``CrossAccountType`` of policy bindings, plans, jobs and restore jobs (SDK model CreatePolicyBindingsRequest)."""


@dataclass(frozen=True)
class Place:
    """Whose data it is, and by which authorization Cloud Backup reaches it."""

    account_id: str
    type: PlaceType = "CROSS_ACCOUNT"
    role_name: str = ""
    """Only for CROSS_ACCOUNT."""

    @classmethod
    def of(cls, row: Any, owner: str) -> Place:  # noqa: ANN401 - an SDK model
        """The place that an answer names; what names none is the backup account's own."""
        kind: PlaceType = row.cross_account_type or "SELF_ACCOUNT"
        if kind == "SELF_ACCOUNT" or not row.cross_account_user_id:
            return cls(owner, "SELF_ACCOUNT")
        return cls(str(row.cross_account_user_id), kind, row.cross_account_role_name or "")

    @property
    def fields(self) -> dict[str, Any]:
        """The three parameters by which a request names it; the account's own needs none."""
        if self.type == "SELF_ACCOUNT":
            return {}
        return {
            "cross_account_type": self.type,
            "cross_account_user_id": int(self.account_id),
            "cross_account_role_name": self.role_name or None,
        }


@dataclass(frozen=True)
class Binding:
    """A data source that is backed up on a schedule: bound to a policy, or with a plan of its own."""

    place: Place
    source_type: str
    """Cloud Backup's own word: OSS, NAS, ECS_FILE, UDM_ECS, OTS, HANA."""
    source: str
    """The data source's id; of SAP HANA ``<instance name>/<database>``."""
    policy: str
    """The policy's name in the configuration, or in the cloud where it is foreign; of a plan its own name."""
    way: Literal["policy", "plan", "hana_plan"] = "policy"
    disabled: bool = False
    ours: bool = True
    """Whether it bears our mark, or was made by a tag rule of a policy that does."""
    by_tag: bool = False
    id: str = ""
    """Of the policy or plan; names are not unique. What is wanted is given it before it is compared."""
    vault_id: str = field(default="", compare=False)
    cluster_id: str = field(default="", compare=False)
    """Only for SAP HANA: the registered instance."""
    paths: tuple[str, ...] = field(default=(), compare=False)
    """Desired only: what of the data source to back up; everything where empty."""
    schedule: str = field(default="", compare=False)
    """Desired only: of a plan of SAP HANA."""
    client: bool = field(default=False, compare=False)
    """Desired only: whether the backup client is to be installed first."""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What can be there once."""
        return self.way, self.source_type, self.source, self.id

    def __str__(self) -> str:
        what = {"policy": f"to policy {self.policy!r}", "plan": f"by plan {self.policy!r}"}
        return f"{self.source_type} {self.source} {what.get(self.way, f'by SAP HANA plan {self.policy!r}')}"


@dataclass(frozen=True)
class Vault:
    """A backup vault of the backup account."""

    id: str
    name: str
    region: str
    type: str = "STANDARD"
    ours: bool = False
    ready: bool = True
    encryption: str = ""
    kms_key: str = ""
    locked: bool = False
    stored_bytes: int | None = None
    """StorageSize: of everything in the vault, whoever's it is."""
    points: int | None = None
    """SnapshotCount: the same."""


@dataclass(frozen=True)
class Rule:
    """One rule of a backup policy, in what is ours to say; the cloud may fill in more (inferred)."""

    type: str
    """BACKUP, TRANSITION or TAG; we make none of another type."""
    schedule: str = ""
    """Of BACKUP, as the next two."""
    vault_id: str = ""
    """Empty where it backs up to none."""
    keep_latest: bool = False
    retention_days: int = 0
    """Of TRANSITION."""
    tags: frozenset[tuple[str, str, str]] = frozenset()
    """Of TAG: key, operator, value."""
    sources: frozenset[tuple[str, frozenset[Place]]] = frozenset()
    """Of TAG: by source type, the accounts whose resources it selects."""
    account_scope: str = field(default="", compare=False)
    """Desired only: what ``assumptions.account_scope`` says is to be sent with the accounts."""
    id: str = field(default="", compare=False)

    @property
    def places(self) -> frozenset[Place]:
        """Every account that it names."""
        return frozenset(place for _, places in self.sources for place in places)


@dataclass(frozen=True)
class Policy:
    """A backup policy (PolicyV2)."""

    id: str
    name: str
    region: str
    ours: bool = False
    description: str = ""
    rules: tuple[Rule, ...] = ()
    vault_ids: frozenset[str] = frozenset()
    """Where its rules back up to."""

    @property
    def places(self) -> frozenset[Place]:
        """The accounts that its tag rules name."""
        return frozenset(place for rule in self.rules for place in rule.places)


@dataclass(frozen=True)
class BackupClient:
    """A backup client on an ECS instance."""

    id: str
    instance_id: str
    region: str
    status: str = ""


@dataclass(frozen=True)
class HanaInstance:
    """A registered SAP HANA instance. Its name is without our mark, which ``ours`` tells of."""

    id: str
    name: str
    region: str
    vault_id: str
    place: Place
    ours: bool = False


@dataclass(frozen=True)
class Point:
    """One restorable backup point."""

    id: str
    hash: str
    region: str
    source_type: str
    source: str
    vault_id: str
    """Empty for an ECS instance: its points are disk snapshots in its own account."""
    completed_at: int
    """Epoch seconds."""
    bytes: int | None = None
    """What the cloud says was written or protected; None where it says nothing."""
    items: int | None = None
    status: str = ""
    table: str = ""
    """Only for Tablestore, whose points are of one table each."""
    made_by: str = ""
    """The id of the policy or plan that made it."""
    paths: tuple[str, ...] = ()
    """What of the data source was backed up; empty where that was everything, or where the cloud does not say."""


@dataclass(frozen=True)
class Job:
    """A backup job or a restore job, as far as it has come."""

    id: str
    region: str
    place: Place
    source_type: str
    source: str
    status: str
    started_at: int = 0
    completed_at: int = 0
    """Epoch seconds; 0 while it runs."""
    progress: float = 0.0
    """0 to 1."""
    bytes_total: int = 0
    bytes_done: int = 0
    items_total: int = 0
    items_done: int = 0
    error: str = ""

    @property
    def ended(self) -> bool:
        """Whether nothing more will come of it."""
        return self.status in ENDED or self.completed_at > 0

    @property
    def good(self) -> bool:
        """Whether it counts as proof: only a complete one does."""
        return self.status == "COMPLETE"


ENDED = frozenset({"COMPLETE", "PARTIAL_COMPLETE", "FAILED", "CANCELED", "EXPIRED"})
"""``Status`` of jobs that are over; EXPIRED is "timed out". The list is that of SDK model DescribeHanaRestoresRequest,
and no page has one for other jobs: a time of completion tells too."""


def marked(description: str | None) -> bool:
    """Whether a description begins with our mark."""
    return (description or "").startswith(MARK)


def named_ours(name: str | None) -> bool:
    """The same for the name of what has no description."""
    return (name or "").startswith(PLAIN_MARK)


Shared = TypeVar("Shared", bound="Vault | Policy")


def by_name(found: Iterable[Shared]) -> dict[str, Shared]:
    """Ours, by name. Of two of one name everybody who looks must choose the same one; the other is then spare."""
    return {one.name: one for one in sorted(found, key=lambda one: one.id, reverse=True) if one.ours}
