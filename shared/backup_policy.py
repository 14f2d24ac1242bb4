"""Backup policies as the configuration names them: what is backed up, where to, when, and for how long.

One policy of the configuration is one policy of Cloud Backup in each of its regions. The checks are the product's own
limits, so that what the cloud would refuse, or take and not do, is refused while the file is read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from shared.config_types import AccountId, Frozen, Region
from shared.kinds import KINDS, PAGE
from shared.limits import LimitError, can_schedule


def _allowed(name: str, regions: Iterable[str] = ()) -> None:
    """Refuse what the limits refuse, with the rule, the page and what would work instead."""
    try:
        can_schedule(name, regions)
    except LimitError as error:
        raise ValueError(f"{error}; instead: {error.limit.instead}") from error


def _schedulable(name: object) -> object:
    _allowed(str(name))
    return name


KindName = Annotated[
    Literal["ecs_instance", "ecs_files", "nas", "oss", "tablestore", "ecs_database", "hana"],
    BeforeValidator(_schedulable),
]
SCHEDULE = re.compile(r"I\|\d+\|(P(?:\d+W)?(?:\d+D)?(?:T(?:\d+H)?(?:\d+M)?(?:\d+S)?)?)|C\|\d+\|(\S+(?: \S+){5})")
"""``I|start|interval`` or ``C|start|crontab`` (SDK model CreatePolicyV2Request)."""
UNITS = {"W": 604_800, "D": 86_400, "H": 3600, "M": 60, "S": 1}


class VaultSettings(Frozen):
    """The vault that a policy backs up to. It is made where it is missing, and never changed or deleted by us."""

    name: str = Field(min_length=1, max_length=64)
    """Its name. A vault of that name without our mark is left alone, and reported."""
    encryption: Literal["HBR_PRIVATE", "KMS"] = "HBR_PRIVATE"
    """By Cloud Backup itself, or with a key of yours. It cannot be changed later."""
    kms_key: str | None = None
    """The key's id or alias, for KMS."""
    locked: bool = False
    """Retention lock: no backup can be deleted before it expires, by anybody; it can never be taken off again."""

    @model_validator(mode="after")
    def _key(self) -> VaultSettings:
        if (self.encryption == "KMS") != bool(self.kms_key):
            raise ValueError("expected a kms_key with encryption KMS, and only there")
        return self


class SourceSettings(Frozen):
    """One data source of one account."""

    account: AccountId
    """Whose it is."""
    id: str = Field(min_length=1)
    """Instance id, bucket, file system id, Tablestore instance; of SAP HANA `<instance name>/<database>`."""
    region: Region | None = None
    """Where it is; may be left out where the policy has one region."""
    paths: tuple[str, ...] = ()
    """Directories of ECS files, one prefix of a bucket, tables of Tablestore; everything where empty."""


class BackupPolicy(Frozen):
    """A backup policy that accounts can be given by `backup_policies` of `enrolment` or of a scope rule."""

    name: str = Field(min_length=1, max_length=64)
    """How the configuration and Cloud Backup call it."""
    kind: KindName
    """What it backs up; docs/protection.md has the table."""
    regions: tuple[Region, ...] = Field(min_length=1)
    """Where; a policy and a vault are made in each."""
    vault: VaultSettings | None = None
    """Required, but for ECS instances, whose backups are disk snapshots."""
    schedule: str
    """`I|start|interval` as in `I|1631685600|P1D`, or `C|start|crontab`; start in epoch seconds."""
    retention_days: int = Field(ge=1, le=364_635)
    """How long a backup is kept."""
    keep_latest: bool = True
    """Whether the newest backup is kept even after that."""
    promise_hours: float | None = Field(default=None, gt=0)
    """How old the last good backup may be. By default the schedule's interval; required with a crontab."""
    sources: tuple[SourceSettings, ...] = ()
    """The data sources; or else `tags`."""
    tags: Mapping[str, str] = Field(default_factory=dict)
    """What carries all of these tags, in place of `sources`: a policy has one of the two. An empty value stands for
    any. Only in the accounts that have this policy."""
    install_client: bool = False
    """Whether to install the backup client on ECS instances before their files are backed up."""

    @property
    def period(self) -> float:
        """Seconds within which it promises a good backup."""
        if self.promise_hours is not None:
            return self.promise_hours * 3600
        return _seconds(self.schedule) or 0.0

    @property
    def source_type(self) -> str:
        """Cloud Backup's word for the kind."""
        return KINDS[self.kind].source_type

    @model_validator(mode="after")
    def _possible(self) -> BackupPolicy:
        kind = KINDS[self.kind]
        _allowed(self.kind, self.regions)
        if bool(kind.vault) != (self.vault is not None):
            raise ValueError(f"expected {'a vault' if kind.vault else 'no vault'} for {kind.title}")
        if bool(self.sources) == bool(self.tags):
            raise ValueError("expected either sources or tags")
        if self.tags and not kind.by_tag:
            raise ValueError(f"expected sources: no tag rule selects data sources of {kind.title} ({PAGE}, API)")
        if self.install_client and self.kind != "ecs_files":
            raise ValueError("expected install_client only for ecs_files")
        return self

    @model_validator(mode="after")
    def _places(self) -> BackupPolicy:
        lost = [one.id for one in self.sources if (one.region or self.regions[0]) not in self.regions]
        unclear = [one.id for one in self.sources if one.region is None and len(self.regions) > 1]
        if lost or unclear:
            raise ValueError(
                f"expected for each source one of the policy's regions, not for {', '.join(lost + unclear)}"
            )
        prefixes = [one.id for one in self.sources if self.kind == "oss" and len(one.paths) > 1]
        if prefixes:
            raise ValueError(f"expected one prefix at most, not for {', '.join(prefixes)}")
        if self.kind == "hana" and any(one.id.count("/") != 1 for one in self.sources):
            raise ValueError("expected sources of SAP HANA as <instance name>/<database>")
        return self

    @model_validator(mode="after")
    def _timed(self) -> BackupPolicy:
        if not SCHEDULE.fullmatch(self.schedule):
            raise ValueError("expected a schedule I|<epoch seconds>|<P1D> or C|<epoch seconds>|<six crontab fields>")
        if self.kind == "hana" and self.schedule.startswith("C"):
            raise ValueError("expected an interval: plans of SAP HANA take no crontab (SDK model)")
        if not self.period:
            raise ValueError("expected promise_hours, since the schedule does not tell how often it runs")
        return self


def vault_mistakes(policies: Iterable[BackupPolicy]) -> Iterator[str]:
    """Policies that name one vault of a region mean the same one: of one type, and with one kind of settings.

    Otherwise it would be made as the last of them says.
    """
    known: dict[tuple[str, str], BackupPolicy] = {}
    named = [(region, one.vault, one) for one in policies if one.vault for region in one.regions]
    for region, vault, one in named:
        first = known.setdefault((region, vault.name), one)
        if (KINDS[first.kind].vault, first.vault) != (KINDS[one.kind].vault, vault):
            both = f"which {first.name} and {one.name} name"
            yield f"expected vault {vault.name} in {region}, {both}, to be of one type and with equal settings"


def _seconds(schedule: str) -> float | None:
    """The interval of an ``I`` schedule; None of a crontab, whose runs may be unevenly spaced."""
    found = SCHEDULE.fullmatch(schedule)
    if found is None or not found.group(1):
        return None
    return float(sum(int(number) * UNITS[unit] for number, unit in re.findall(r"(\d+)([WDHMS])", found.group(1))))
