"""What is bound now, for the accounts that are looked at: one reading of a region serves all of them.

An event reads no more than the data sources that its account is to have; a sweep reads each policy's bindings, or all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from shared.backups import PLAIN_MARK, Binding, Policy, by_name
from shared.enrolment import Enrolment
from shared.ports import Ports


@dataclass(frozen=True)
class Standing:
    """One region: our policies by name, and what is on schedule there."""

    policies: Mapping[str, Policy] = field(default_factory=dict)
    bindings: frozenset[Binding] = frozenset()
    plans: frozenset[Binding] = frozenset()
    """Backup plans, and those of SAP HANA."""

    def of(self, account_id: str) -> frozenset[Binding]:
        """What is on schedule for one account."""
        return frozenset(one for one in self.bindings | self.plans if one.place.account_id == account_id)


@dataclass(frozen=True)
class Bound:
    """One account: what is wanted, with the ids of policies, beside what is there."""

    want: Enrolment
    have: Mapping[str, frozenset[Binding]]
    waiting: tuple[str, ...] = ()
    """What cannot be bound yet, since its policy is not there: the sweep makes policies, and binds then."""


def for_event(want: Enrolment, ports: Ports) -> Bound:
    """Only what the account is to have: the cost does not grow with the fleet, and nothing wanted costs nothing."""
    regions = list(want.bindings)
    read = ports.pool.map(lambda region: _named(region, want.bindings[region], ports), regions)
    return beside(want, dict(zip(regions, read, strict=True)))


def _named(region: str, wanted: Iterable[Binding], ports: Ports) -> Standing:
    found = _policies(region, ports)
    by_policy: dict[str, list[str]] = {}
    for one in wanted:
        if one.policy in found:
            by_policy.setdefault(one.policy, []).append(one.source)
    read = [
        one
        for name, sources in by_policy.items()
        for one in ports.protection.bindings(region, found.values(), found[name].id, sources)
    ]
    return Standing(found, frozenset(read), _plans(region, wanted, ports))


def _policies(region: str, ports: Ports) -> dict[str, Policy]:
    return by_name(ports.protection.policies(region))


def _plans(region: str, wanted: Iterable[Binding], ports: Ports) -> frozenset[Binding]:
    return frozenset(ports.protection.plans(region)) if any(one.way == "hana_plan" for one in wanted) else frozenset()


def for_sweep(ports: Ports, *, deep: bool) -> dict[str, Standing]:
    """A fast sweep reads the regions that have backup policies, and the bindings of those that name their data sources.

    A deep one reads all of every region where backups of ours may be: what is wanted no more may still run.
    """
    wanted = {region for policy in ports.config.backup_policies for region in policy.regions}
    regions = [region for region in ports.config.backup_regions if deep or region in wanted]
    read = ports.pool.map(lambda region: _whole(region, ports, deep=deep), regions)
    return dict(zip(regions, read, strict=True))


def _whole(region: str, ports: Ports, *, deep: bool) -> Standing:
    found = _policies(region, ports)
    here = [one for one in ports.config.backup_policies if region in one.regions]
    if deep:
        bindings = frozenset(ports.protection.bindings(region, found.values()))
        return Standing(found, bindings, frozenset(ports.protection.plans(region)))
    named = [found[one.name] for one in here if one.sources and one.name in found]
    bindings = frozenset(b for one in named for b in ports.protection.bindings(region, found.values(), one.id))
    hana = any(one.kind == "hana" for one in here)
    return Standing(found, bindings, frozenset(ports.protection.plans(region)) if hana else frozenset())


def beside(want: Enrolment, standing: Mapping[str, Standing]) -> Bound:
    """What is wanted of one account beside what is there. Pure."""
    ready: dict[str, frozenset[Binding]] = {}
    waiting = []
    for region, wanted in want.bindings.items():
        here = standing.get(region, Standing())
        known = {one: _with_id(one, here) for one in wanted}
        ready[region] = frozenset(one for one in known.values() if one)
        late = sorted({one.policy for one, found in known.items() if found is None})
        waiting += [
            f"{name!r} is not in {region} yet: the next sweep makes it, and binds what is waiting" for name in late
        ]
    have = {region: mine for region, here in standing.items() if (mine := here.of(want.account_id))}
    return Bound(replace(want, bindings=ready), have, tuple(waiting))


def _with_id(wanted: Binding, here: Standing) -> Binding | None:
    """Of a policy its id; of a plan of SAP HANA the id of the one that bears its name, none where it is to be made."""
    if wanted.way == "policy":
        policy = here.policies.get(wanted.policy)
        return replace(wanted, id=policy.id) if policy else None
    named = replace(wanted, policy=plan_name(wanted))
    same = [one for one in here.of(wanted.place.account_id) if (one.policy, one.source) == (named.policy, named.source)]
    # Of two, everybody who looks must choose the same one; the other is then spare.
    known = min(same, key=lambda one: (one.disabled, one.id), default=named)
    return replace(named, id=known.id)


def plan_name(wanted: Binding) -> str:
    """What a plan of SAP HANA is called; it has no description that could bear our mark."""
    return f"{PLAIN_MARK}-{wanted.policy}-{wanted.source.rpartition('/')[2]}"
