"""The configured backup policies and their vaults in the backup account: made, compared, rewritten.

They are shared by many accounts, so one writer alone touches them: the sweep. Nothing is deleted here, and what lacks
our mark is left alone and reported.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from shared.backup_policy import BackupPolicy
from shared.backups import Place, Policy, Rule, Vault, by_name
from shared.config import Assumptions
from shared.config_types import Drift
from shared.enrolment import UNKNOWN, Enrolment, Registration
from shared.kinds import KINDS
from shared.outcome import AttemptError
from shared.ports import Ports
from shared.standing import Standing

Listed = Mapping[str, frozenset[Registration]]


@dataclass(frozen=True)
class Change:
    """One difference of a policy or vault from the configuration, and whether it was repaired."""

    kind: Drift | Literal["failed"]
    detail: str
    repaired: bool = False


def make(ports: Ports, *, write: bool) -> list[Change]:
    """Make what is missing, in every region. A policy waits until its vault takes backups: the next sweep makes it."""
    found: list[Change] = []
    for region in _regions(ports):
        try:
            found += _make(region, ports, write=write)
        except AttemptError as error:
            found.append(Change("failed", f"{region}: {error}"))
    return found


def _regions(ports: Ports) -> list[str]:
    return list(dict.fromkeys(region for one in ports.config.backup_policies for region in one.regions))


def _make(region: str, ports: Ports, *, write: bool) -> Iterator[Change]:
    wanted = [one for one in ports.config.backup_policies if region in one.regions and one.kind != "hana"]
    policies, vaults = ports.protection.policies(region), ports.protection.vaults(region)
    yield from _doubled(Drift.VAULT_DOUBLED, region, vaults, {one.vault.name for one in wanted if one.vault})
    yield from _doubled(Drift.BACKUP_POLICY_DOUBLED, region, policies, {one.name for one in wanted})
    yield from _make_vaults(region, vaults, ports, write=write)
    for one in wanted:
        there = [policy for policy in policies if policy.name == one.name]
        if any(policy.ours for policy in there):
            continue
        if there:
            yield Change(Drift.BACKUP_POLICY_FOREIGN, f"{one.name!r} in {region} was not made by us and is left alone")
            continue
        vault_id = _vault_id(one, vaults)
        if vault_id is None:
            named = [vault.ours for vault in vaults if one.vault and vault.name == one.vault.name]
            # For a vault that is not ours there is nothing to wait: that is told of itself.
            if any(named) or not named:
                yield Change(Drift.BACKUP_POLICY_MISSING, f"{one.name!r} in {region} (waits for its vault)")
        else:
            repaired = write and Drift.BACKUP_POLICY_MISSING not in ports.config.sweep.observe
            if repaired:
                ports.protection.write_policy(region, one.name, rules_of(one, vault_id, (), ports.config.assumptions))
            yield Change(Drift.BACKUP_POLICY_MISSING, f"{one.name!r} in {region}", repaired)


def _doubled(kind: Drift, region: str, found: Sequence[Vault | Policy], wanted: Collection[str]) -> Iterator[Change]:
    """What is there twice under our mark, since two who saw none made one at the same moment."""
    for name, used in by_name(found).items():
        spare = sorted(one.id for one in found if one.ours and one.name == name and one.id != used.id)
        if spare and name in wanted:
            yield Change(kind, f"{name!r} in {region}: {used.id} is used, {', '.join(spare)} is spare")


def _make_vaults(region: str, vaults: list[Vault], ports: Ports, *, write: bool) -> Iterator[Change]:
    # The configuration is checked: policies that name one vault say the same of it.
    here = {one.vault.name: one for one in ports.config.backup_policies if region in one.regions and one.vault}
    ours = by_name(vaults)
    for name, one in here.items():
        there = [vault for vault in vaults if vault.name == name]
        mine = ours.get(name)
        if mine is not None:
            if differing := _differing(one, mine):
                what = f"{name!r} in {region}: {', '.join(differing)}, which we never change"
                yield Change(Drift.VAULT_DIFFERS, what)
        elif there:
            yield Change(Drift.VAULT_FOREIGN, f"{name!r} in {region} was not made by us and is left alone")
        elif one.vault:
            repaired = write and Drift.VAULT_MISSING not in ports.config.sweep.observe
            if repaired:
                ports.protection.create_vault(region, one.vault, KINDS[one.kind].vault)
            yield Change(Drift.VAULT_MISSING, f"{name!r} in {region}", repaired)


def _differing(wanted: BackupPolicy, have: Vault) -> list[str]:
    """What of a vault is not as the configuration says."""
    want = wanted.vault
    if want is None:
        return []
    pairs = {
        "type": (KINDS[wanted.kind].vault, have.type),
        "encryption": (want.encryption, have.encryption),
        "key": (want.kms_key or "", _key_like(want.kms_key, have)),
        "lock": (want.locked, have.locked),
    }
    return [f"{what} {is_!r}, not {wanted_!r}" for what, (wanted_, is_) in pairs.items() if is_ != wanted_]


def _key_like(wanted: str | None, have: Vault) -> str:
    """The vault's key; which key an alias is of cannot be told here."""
    return wanted if wanted and wanted.startswith("alias/") else have.kms_key


def _vault_id(policy: BackupPolicy, vaults: Iterable[Vault]) -> str | None:
    """The vault that takes its backups now: empty where it needs none, None where it is not ready."""
    if policy.vault is None:
        return ""
    vault = by_name(vaults).get(policy.vault.name)
    return vault.id if vault and vault.ready else None


class Tagged:
    """The accounts whose resources each tag rule may select, gathered while a sweep looks at every account.

    An account comes in once it is registered there. It goes out when it is wanted and its rule names the policy no
    more, or when nothing of it is registered; so a listing that came back empty never empties a rule.
    """

    def __init__(self, ports: Ports) -> None:
        self._config = ports.config
        self._places: dict[tuple[str, str], set[Place]] = {}
        self._judged: set[str] = set()

    def add(self, want: Enrolment, have: Listed) -> None:
        """Take in one account that is wanted, where it is registered as wanted."""
        if not self._config.backup_policies:
            return
        self._judged.add(want.account_id)
        for region, names in want.tag_policies.items():
            for name in names:
                self._places.setdefault((region, name), set()).update(self._roads(region, want, have))

    def _roads(self, region: str, want: Enrolment, have: Listed) -> Iterator[Place]:
        if want.account_id == self._config.backup_account.id:
            yield from want.roads
        for where in self._config.registered_in((region,)):
            wanted = want.registrations.get(where, frozenset())
            for one in wanted if wanted is not UNKNOWN else ():
                if one in have.get(where, frozenset()):
                    yield Place(want.account_id, one.type, one.role_name)

    def places(self, region: str, policy: Policy, listed: Callable[[str], Listed]) -> set[Place]:
        """What the policy's rule is to name, given what it names now."""
        stays = {
            place
            for place in policy.places
            if place.account_id not in self._judged and any(listed(place.account_id).values())
        }
        return self._places.get((region, policy.name), set()) | stays


def rewrite(
    regions: Iterable[str], ports: Ports, tagged: Tagged, listed: Callable[[str], Listed], *, write: bool
) -> list[Change]:
    """Compare the rules of our policies with the configuration, their account lists included; replace what differs."""
    found: list[Change] = []
    for region in regions:
        try:
            found += _rewrite(region, tagged, listed, ports, write=write)
        except AttemptError as error:
            found.append(Change("failed", f"{region}: {error}"))
    return found


def _rewrite(
    region: str, tagged: Tagged, listed: Callable[[str], Listed], ports: Ports, *, write: bool
) -> Iterator[Change]:
    here = {one.name: one for one in ports.config.backup_policies if region in one.regions}
    for name, have in by_name(ports.protection.policies(region)).items():
        one = here.get(name)
        if one is None:
            # Wanted no more, it stays; by its tag rule the cloud would bind again whatever is taken out.
            want = [rule for rule in have.rules if rule.type != "TAG"]
        else:
            if one.tags and ports.config.assumptions.tag_accounts == "ignored":
                yield Change(
                    Drift.TAGS_IMPOSSIBLE, f"{name!r}: the cloud ignores account lists; name data sources instead"
                )
            vault_id = min(have.vault_ids, default="")
            want = rules_of(one, vault_id, tagged.places(region, have, listed), ports.config.assumptions)
        if same(want, have.rules):
            continue
        repaired = write and Drift.BACKUP_POLICY_CHANGED not in ports.config.sweep.observe
        if repaired:
            ports.protection.write_policy(region, name, with_ids(want, have), have.id)
        yield Change(Drift.BACKUP_POLICY_CHANGED, f"{name!r} in {region}", repaired)


def strays(region: str, standing: Standing) -> list[Change]:
    """What a tag rule of ours bound in an account that its list does not name: the list is not honoured after all.

    Then data is backed up that nobody asked for, and A pays for it: a person has to decide.
    """
    lists = {one.id: {place.account_id for place in one.places} for one in standing.policies.values()}
    found = sorted(
        (one for one in standing.bindings if one.ours and one.by_tag and one.place.account_id not in lists[one.id]),
        key=lambda one: one.key,
    )
    return [
        Change(
            Drift.TAGS_IGNORED, f"{one} in {region} is of account {one.place.account_id}, which its rule does not name"
        )
        for one in found
        if not one.disabled
    ]


def rules_of(policy: BackupPolicy, vault_id: str, places: Collection[Place], assumptions: Assumptions) -> list[Rule]:
    """The rules of a policy: at least one BACKUP and one TRANSITION (SDK model CreatePolicyV2Request).

    A TAG rule without accounts would select resources of the backup account itself: then there is none.
    """
    rules = [
        Rule("BACKUP", schedule=policy.schedule, vault_id=vault_id, keep_latest=policy.keep_latest),
        Rule("TRANSITION", retention_days=policy.retention_days),
    ]
    if policy.tags and places and assumptions.tag_accounts == "honoured":
        tags = frozenset((key, "EQUAL", value) for key, value in policy.tags.items())
        sources = frozenset({(policy.source_type, frozenset(places))})
        rules.append(Rule("TAG", tags=tags, sources=sources, account_scope=assumptions.account_scope or ""))
    return rules


def same(want: Iterable[Rule], have: Iterable[Rule]) -> bool:
    """Whether two sets of rules say the same in what is ours to say, in whatever order."""
    return Counter(want) == Counter(have)


def with_ids(want: Iterable[Rule], have: Policy) -> list[Rule]:
    """A rule that stays keeps its id, and with it its place in the schedule (SDK model UpdatePolicyV2Request)."""
    ids = {rule.type: rule.id for rule in have.rules}
    return [replace(rule, id=ids.get(rule.type, "")) for rule in want]
