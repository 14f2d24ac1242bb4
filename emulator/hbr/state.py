"""What Cloud Backup remembers.

No behaviour here. Everything belongs to one account (``owner``) in one region, whose endpoint shows it; ids are unique
over all of them. Times are emulated epoch seconds, sizes are bytes.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

AccountType = Literal["SELF_ACCOUNT", "CROSS_ACCOUNT", "CROSS_ACCOUNT_BY_RD"]


class Place(BaseModel):
    """Which account, by which road, holds the data: the three ``CrossAccount…`` parameters of most actions."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    kind: AccountType = "SELF_ACCOUNT"
    role_name: str = ""


class CrossAccount(BaseModel):
    """One registration: ``owner`` may back up ``place``."""

    id: int
    owner: str
    place: Place
    alias: str = ""
    created_at: float
    updated_at: float


class Record(BaseModel):
    """What every thing kept by Cloud Backup has."""

    id: str
    owner: str
    region: str
    created_at: float
    updated_at: float


class Vault(Record):
    """A backup vault."""

    name: str
    description: str = ""
    kind: str = "STANDARD"
    storage_class: str = "STANDARD"
    encryption: str = "HBR_PRIVATE"
    kms_key: str = ""
    worm: bool = False
    status: Literal["INITIALIZING", "CREATED", "ERROR"] = "INITIALIZING"
    mirror: str = ""
    """The vault in another region that this one is replicated to; such a one cannot be deleted."""
    mirror_of: str = ""


class Policy(Record):
    """A backup policy; ``rules`` are as they were sent, each with its ``RuleId``."""

    name: str
    kind: Literal["STANDARD", "UDM_ECS_ONLY"]
    description: str = ""
    rules: list[dict[str, Any]] = Field(default_factory=list)


class Binding(Record):
    """A policy bound to a data source."""

    policy_id: str
    source_type: str
    data_source: str
    place: Place
    disabled: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)
    """``Source``, ``Include``, ``Exclude``, ``SpeedLimit``, ``PolicyBindingDescription``, ``AdvancedOptions``."""
    tags: list[dict[str, str]] = Field(default_factory=list)
    """The tag filters that made this binding; empty where a call made it."""


class Plan(Record):
    """A backup plan of the older kind: one data source, one schedule."""

    name: str
    source_type: str
    data_source: str
    place: Place
    vault_id: str = ""
    disabled: bool = False
    retention: int | None = None
    keep_latest: int = 0
    rules: list[dict[str, Any]] = Field(default_factory=list)
    """Each with ``RuleId`` and ``Schedule``; a plan with a single schedule has one rule without a name."""
    settings: dict[str, Any] = Field(default_factory=dict)
    latest_job: str = ""


class Client(Record):
    """A backup client on an ECS instance."""

    instance_id: str
    place: Place
    status: str = "INSTALLING"
    silent_since: float = 0.0
    """When the heartbeats ended; 0 while they come."""


class Task(Record):
    """Something asynchronous that DescribeTask reports."""

    name: str
    ends_at: float
    result: str = "{}"


class Hana(Record):
    """A registered SAP HANA instance; ``settings`` are the parameters of its making, without the password."""

    vault_id: str
    place: Place
    settings: dict[str, Any] = Field(default_factory=dict)


class HanaPlan(Record):
    """A backup plan of an SAP HANA instance."""

    cluster_id: str
    vault_id: str
    name: str
    disabled: bool = False
    settings: dict[str, Any] = Field(default_factory=dict)


class Job(Record):
    """A backup job."""

    source_type: str
    data_source: str
    place: Place
    vault_id: str = ""
    plan_id: str = ""
    """The plan, or the policy, that started it."""
    name: str = ""
    trigger: str = "MANUAL"
    status: str = "RUNNING"
    error: str = ""
    retention: int | None = None
    keep_latest: int = 0
    bytes_total: int = 0
    items_total: int = 0
    tables: list[str] = Field(default_factory=list)
    paths: list[str] = Field(default_factory=list)
    """Of ECS files: the directories; empty where everything is backed up."""
    ends_at: float = 0.0
    completed_at: float = 0.0


class Snapshot(Record):
    """What a finished backup job left behind. ``vault_id`` is empty for an ECS instance: that is a disk snapshot."""

    source_type: str
    data_source: str
    place: Place
    vault_id: str
    job_id: str
    plan_id: str
    line: str
    """Region, vault, data source and table: the snapshots of one line follow each other."""
    digest: str
    parent: str = ""
    table: str = ""
    bytes_total: int
    items_total: int
    paths: list[str] = Field(default_factory=list)
    partial: bool = False
    retention: int | None = None
    keep_latest: int = 0
    started_at: float
    expires_at: float = 0.0
    """0 where it never expires."""


class Restore(Record):
    """A restore job; ``settings`` are the parameters of its making."""

    restore_type: str
    source_type: str
    place: Place
    vault_id: str
    snapshot_id: str
    target: str = ""
    """What it restores into; empty where that is new."""
    status: str = "RUNNING"
    error: str = ""
    bytes_total: int = 0
    items_total: int = 0
    settings: dict[str, Any] = Field(default_factory=dict)
    ends_at: float = 0.0
    completed_at: float = 0.0


class HbrState(BaseModel):
    """The state of Cloud Backup."""

    sequence: int = 0
    """The last number given out; ids are made of it."""
    opened: list[str] = Field(default_factory=list)
    """Accounts that have activated the product."""
    cross_accounts: dict[str, dict[str, list[CrossAccount]]] = Field(default_factory=dict)
    """``owner/region`` → ``user:role:type`` → records; more than one only under the guess ``double``."""
    vaults: dict[str, Vault] = Field(default_factory=dict)
    policies: dict[str, Policy] = Field(default_factory=dict)
    bindings: dict[str, Binding] = Field(default_factory=dict)
    """``policy/source type/data source`` → binding: a data source is bound to a policy once."""
    plans: dict[str, Plan] = Field(default_factory=dict)
    clients: dict[str, Client] = Field(default_factory=dict)
    tasks: dict[str, Task] = Field(default_factory=dict)
    hanas: dict[str, Hana] = Field(default_factory=dict)
    hana_plans: dict[str, HanaPlan] = Field(default_factory=dict)
    jobs: dict[str, Job] = Field(default_factory=dict)
    snapshots: dict[str, Snapshot] = Field(default_factory=dict)
    newest: dict[str, str] = Field(default_factory=dict)
    """Line → its newest snapshot."""
    restores: dict[str, Restore] = Field(default_factory=dict)
    agenda: list[tuple[float, str, str]] = Field(default_factory=list)
    """A heap of (due, what, id): see ``agenda.py``."""
