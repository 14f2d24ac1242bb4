"""Which accounts are to be enrolled, and how. Pure: a member account and the configuration in, an enrolment out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from shared.backup_policy import BackupPolicy, SourceSettings
from shared.backups import Binding
from shared.config import Config
from shared.enrolment import Enrolment, Registration, Role
from shared.kinds import PAGE, region_warning
from shared.settings import ALIAS_LENGTH, Rule, Settings
from shared.steps import BROAD_POLICIES
from shared.trust import Trust

WORKABLE = frozenset({"CreateSuccess", "InviteSuccess", "PromoteSuccess", "PromoteVerifying", "PromoteFailed", ""})
"""``Status`` of members that can be worked on (GetAccount, 2022-04-19); the others are being made or have failed."""


@dataclass(frozen=True)
class Member:
    """One account as the directory (or ``external`` in the configuration) knows it now."""

    account_id: str
    display_name: str
    type: str
    """``created``, ``invited`` or ``external``."""
    folders: tuple[str, ...] = ()
    """Folder ids from the root to the one that holds the account."""
    tags: Mapping[str, str] = field(default_factory=dict)
    status: str = "CreateSuccess"
    leaving: bool = False
    """Being deleted: counts as gone for enrolment."""
    access_role: str | None = None
    """How it is entered; None where its owner makes the backup role."""

    @property
    def unworkable(self) -> str:
        """Why it cannot be worked on now, whoever listed it or looked it up; empty where it can. It may be wanted."""
        return "" if self.status in WORKABLE else f"status {self.status}"


@dataclass(frozen=True)
class Wanted:
    """What is wanted for one account, and which rule said so."""

    enrolment: Enrolment
    settings: Settings
    rule: str

    @property
    def in_scope(self) -> bool:
        """Whether the account is to be enrolled at all."""
        return self.settings.enrol

    backup_policies: tuple[BackupPolicy, ...] = ()
    """What of the account is to be backed up."""

    @property
    def warnings(self) -> list[str]:
        """What the product page allows and a person should know, and what is wanted and cannot be."""
        role = self.enrolment.role
        broad = sorted(role.policies & BROAD_POLICIES) if isinstance(role, Role) else []
        regions = sorted({*self.settings.regions, *(region for one in self.backup_policies for region in one.regions)})
        lost = [
            f"{source.id} is not backed up by {policy.name!r}: the account is not registered in {region} "
            f"({PAGE}, step 4); add the region to its rule's regions"
            for policy, source, region in _sources(self.enrolment.account_id, self.backup_policies)
            if region not in self.settings.regions
        ]
        unknown = [warning for region in regions if (warning := region_warning(region, self._kinds(region)))]
        return [f"{policy} reaches everything in the account" for policy in broad] + lost + unknown

    def _kinds(self, region: str) -> set[str]:
        return {one.kind for one in self.backup_policies if region in one.regions}


DEFAULT_RULE = "enrolment (the default for every member)"


def desired(member: Member, config: Config) -> Wanted:
    """The enrolment that the configuration asks for; an empty one (withdrawn) where the account is out of scope."""
    matching = [rule for rule in config.scope if _matches(rule, member)]
    # max() keeps the first of equals: of two rules that are equally specific the earlier one in the file wins.
    best = max(matching, key=lambda rule: _specificity(rule, member), default=None)
    settings = best.over(config.enrolment) if best else config.enrolment
    if not settings.enrol:
        return Wanted(Enrolment(member.account_id), settings, best.name if best else DEFAULT_RULE)
    policies = tuple(one for one in config.backup_policies if one.name in settings.backup_policies)
    enrolment = _enrolment(member, settings, config)
    bindings, by_tag = _bindings(enrolment, settings, policies), _by_tag(enrolment, settings, policies)
    enrolment = replace(enrolment, bindings=bindings, tag_policies=by_tag)
    return Wanted(enrolment, settings, best.name if best else DEFAULT_RULE, policies)


def withdrawn(account_id: str) -> Enrolment:
    """What is wanted of an account that has left, or is to leave, central backup: nothing."""
    return Enrolment(account_id)


def _matches(rule: Rule, member: Member) -> bool:
    return (
        (not rule.accounts or member.account_id in rule.accounts)
        and (rule.folder is None or rule.folder in member.folders)
        and all(member.tags.get(key) == value for key, value in rule.tags.items())
        and rule.type in (None, member.type)
    )


def _specificity(rule: Rule, member: Member) -> tuple[bool, int, int, bool]:
    """Named accounts before tags before folders (the deeper the stronger) before the account's type."""
    depth = member.folders.index(rule.folder) + 1 if rule.folder is not None else 0
    return bool(rule.accounts), len(rule.tags), depth, rule.type is not None


def _sources(account_id: str, policies: Iterable[BackupPolicy]) -> Iterator[tuple[BackupPolicy, SourceSettings, str]]:
    """An account's data sources that policies name, with their regions."""
    for policy in policies:
        for source in policy.sources:
            if source.account == account_id:
                yield policy, source, source.region or policy.regions[0]


def _bindings(
    enrolment: Enrolment, settings: Settings, policies: Iterable[BackupPolicy]
) -> dict[str, frozenset[Binding]]:
    """By region; a data source where the account is not registered cannot be reached, and is left out."""
    (place,) = enrolment.roads
    found: dict[str, set[Binding]] = {}
    for policy, source, region in _sources(enrolment.account_id, policies):
        if region in settings.regions:
            way: Literal["policy", "hana_plan"] = "hana_plan" if policy.kind == "hana" else "policy"
            binding = Binding(
                place,
                policy.source_type,
                source.id,
                policy.name,
                way,
                paths=source.paths,
                schedule=policy.schedule,
                client=policy.install_client,
            )
            found.setdefault(region, set()).add(binding)
    return {region: frozenset(bindings) for region, bindings in found.items()}


def _by_tag(enrolment: Enrolment, settings: Settings, policies: Iterable[BackupPolicy]) -> dict[str, frozenset[str]]:
    """By region; where the account is not registered, a tag rule reaches nothing of it."""
    found: dict[str, set[str]] = {}
    for policy in policies:
        for region in policy.regions if policy.tags else ():
            if region in settings.regions or not enrolment.registrations:
                found.setdefault(region, set()).add(policy.name)
    return {region: frozenset(names) for region, names in found.items()}


def _enrolment(member: Member, settings: Settings, config: Config) -> Enrolment:
    if member.account_id == config.backup_account.id:
        # Its own resources need no road: neither a role nor a registration.
        return Enrolment(member.account_id)
    shown = alias(settings.alias, member)
    regions = config.registered_in(settings.regions)
    if settings.authorization == "resource_directory":
        registration = Registration("CROSS_ACCOUNT_BY_RD", "", shown)
        return Enrolment(
            member.account_id,
            None,
            dict.fromkeys(regions, frozenset({registration})),
            types_coexist=config.assumptions.types_coexist,
        )
    role = Role(
        settings.role_name,
        Trust.only(config.service_linked_role_arn),
        settings.attached,
        settings.session_seconds,
    )
    registration = Registration("CROSS_ACCOUNT", settings.role_name, shown)
    return Enrolment(
        member.account_id,
        role,
        dict.fromkeys(regions, frozenset({registration})),
        owner_makes_role=member.access_role is None,
        adopt_role=settings.adopt_role,
        types_coexist=config.assumptions.types_coexist,
    )


def alias(template: str, member: Member) -> str:
    """The account's alias: the display name cut so that the whole, ending in the account id, has 32 characters."""
    fixed = len(template.replace("{display_name}", "").replace("{account_id}", member.account_id))
    names = template.count("{display_name}")
    room = (ALIAS_LENGTH - fixed) // names if names else 0
    name = member.display_name[:room].strip()
    # Filled in one after the other, a display name that looks like a placeholder would be filled in as well.
    before_id = template[: -len("{account_id}")]
    return before_id.replace("{display_name}", name) + member.account_id
