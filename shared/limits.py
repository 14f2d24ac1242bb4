"""The product's limits as rules, checked before any call. Pure.

A refusal names the rule, the page that it is from, and what would work instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from shared.kinds import CHECKED, KINDS, PAGE, Kind, in_region

Road = TypeVar("Road")


@dataclass(frozen=True)
class Limit:
    """One rule."""

    name: str
    says: str
    page: str
    instead: str


OURS = "rule of this project"
"""Where a rule is from that no page has."""

LISTED = Limit(
    "kind not listed",
    "the cross-account backup feature can be used for " + ", ".join(kind.title for kind in KINDS.values()),
    f"{PAGE}, Limits",
    "name one of: " + ", ".join(KINDS),
)
IN_REGION = Limit(
    "features differ by region",
    "the kind is not backed up across accounts in that region",
    f"table of regions in docs/protection.md, as of {CHECKED}",
    "leave the region out; if the console offers the kind there by now, correct the table in shared/kinds.py",
)
INSTANCE_TO_SOURCE = Limit(
    "an ECS instance goes back to its own account",
    "after an ECS instance is backed up, it can be restored only to the source Alibaba Cloud account",
    f"{PAGE}, Limits",
    "restore it with --to source; its files can go to any account if they are backed up as ecs_files",
)
REGISTERED = Limit(
    "registered in the region of the resources",
    "the account must be added in the region where the resources are located",
    f"{PAGE}, Step 4",
    "add the region to `regions` of the account's rule, then `cab onboard ACCOUNT`; or restore to an account that is "
    "registered there",
)
ROLLED_BACK = Limit(
    "an ECS instance is rolled back itself",
    "its own disks become what they were",
    "SDK model CreateRestoreJobRequest",
    "leave --target out, or describe a new instance with --new-instance",
)
ENROLLED = Limit(
    "data goes to enrolled accounts only",
    "data is restored only to an account that config.yaml wants under central backup, or to the backup account",
    OURS,
    "bring the account into scope, or declare it under `external`; then `cab onboard ACCOUNT`",
)
IN_PLACE = Limit(
    "nothing is overwritten unless asked twice",
    "this may restore over the data that was backed up",
    OURS,
    "name another --target, or a --path in it that was not backed up; or say --overwrite and then its id again",
)
PLAIN_PATH = Limit(
    "a path says where it leads",
    "what .. leads to is known only where the data is restored",
    OURS,
    "write the path out",
)


class LimitError(Exception):
    """A request that the product, or a rule of ours, does not allow; nothing was called."""

    def __init__(self, limit: Limit, what: str) -> None:
        super().__init__(f"{what}: {limit.says} ({limit.page}; rule: {limit.name})")
        self.limit = limit


def _console(kind: Kind, doing: str) -> Limit:
    return Limit(
        "console only", f"{kind.title} can be {doing} in the console only, since {kind.console}", "API HBR 2017-09-08",
        "the Cloud Backup console of the backup account, with the logon account switched to the member account",
    )  # fmt: skip


def listed(name: str) -> Kind:
    """The kind of that name. Raises LimitError where the page's list has none."""
    if name not in KINDS:
        raise LimitError(LISTED, name)
    return KINDS[name]


def can_schedule(name: str, regions: Iterable[str] = ()) -> Kind:
    """The kind, if its backups can be set up by a policy or a plan, there. Raises LimitError.

    Where no document says whether a region has it, that is a warning (``kinds.region_warning``) and no refusal.
    """
    kind = listed(name)
    if kind.way == "console":
        raise LimitError(_console(kind, "set up"), kind.title)
    if apart := [region for region in regions if in_region(name, region) is False]:
        raise LimitError(IN_REGION, f"{kind.title} in {', '.join(apart)}")
    return kind


def can_back_up(name: str) -> Kind:
    """The kind, if a backup of it can be started now. Raises LimitError."""
    kind = listed(name)
    if kind.way != "policy":
        raise LimitError(_console(kind, "backed up at once"), kind.title)
    return kind


def can_restore(name: str, source: str, target: str) -> Kind:
    """The kind, if data of account ``source`` can be restored to account ``target``. Raises LimitError."""
    kind = listed(name)
    if not kind.restore_type:
        raise LimitError(_console(kind, "restored"), kind.title)
    if kind.restore_to == "source account" and target != source:
        raise LimitError(INSTANCE_TO_SOURCE, f"{kind.title} of account {source} to account {target}")
    return kind


def reached(account_id: str, region: str, roads: Mapping[str, Road]) -> Road:
    """How Cloud Backup reaches the account there. Raises LimitError.

    ``roads`` are the accounts that it reaches in the region as that was listed, the backup account among them.
    """
    if account_id not in roads:
        raise LimitError(REGISTERED, f"account {account_id} in {region}")
    return roads[account_id]
