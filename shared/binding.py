"""Which data sources are to be bound, taken out or switched off in one region. Pure, like all of the plan."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import ClassVar

from shared.backups import Binding, Place
from shared.steps import RegionalStep


@dataclass(frozen=True)
class Bind(RegionalStep):
    """Bind one data source to its policy; one that is suspended is resumed."""

    sign: ClassVar[str] = "+"
    binding: Binding

    def __str__(self) -> str:
        return f"back up in {self.region}: {self.binding}"


@dataclass(frozen=True)
class Unbind(RegionalStep):
    """Take a data source of an enrolled account out of a policy of ours."""

    sign: ClassVar[str] = "-"
    binding: Binding

    def __str__(self) -> str:
        return f"no longer back up in {self.region}: {self.binding} (its backups stay)"


@dataclass(frozen=True)
class SwitchOff(RegionalStep):
    """Suspend a binding or a plan of an account that is withdrawn; nothing is deleted."""

    sign: ClassVar[str] = "-"
    binding: Binding

    def __str__(self) -> str:
        return f"switch off in {self.region}: {self.binding} (its backups stay)"


BindingStep = Bind | Unbind | SwitchOff


def switched_off(region: str, have: Iterable[Binding]) -> Iterator[BindingStep]:
    """Of an account that is withdrawn, everything of ours that still runs; what is foreign is left alone."""
    running = [one for one in have if one.ours and not one.disabled]
    yield from (SwitchOff(region, one) for one in sorted(running, key=lambda one: one.key))


def rebound(
    region: str, want: Iterable[Binding], have: Iterable[Binding], roads: Iterable[Place], tagging: Collection[str]
) -> Iterator[BindingStep]:
    """From what is bound to what is wanted. ``roads`` are the ways in which the account is to be reached.

    ``tagging`` are the policies whose tag rule may bind what is in the account. A rule does not resume what was
    suspended when the account left, or by hand: we do.

    What is spare goes first, since an ECS instance may be bound to one policy only (API page "CreatePolicyBindings").
    """
    wanted, found = {one.key: one for one in want}, {one.key: one for one in have}
    places = {*roads, *(one.place for one in wanted.values())}
    spare = {key for key, one in found.items() if one.ours and _spare(one, wanted.get(key), places, tagging)}
    by_rule = {key for key, one in found.items() if one.way == "policy" and one.ours and one.by_tag} - spare
    wanted = {key: replace(found[key], disabled=False) for key in by_rule} | wanted
    yield from (Unbind(region, found[key]) for key in sorted(spare))
    yield from (SwitchOff(region, found[key]) for key in sorted(found) if _twin(found[key], wanted.values()))
    resting = {key for key, one in found.items() if one.ours and one.disabled}
    yield from (Bind(region, wanted[key]) for key in sorted(wanted) if key not in found or key in spare | resting)


def _spare(have: Binding, want: Binding | None, places: set[Place], tagging: Collection[str]) -> bool:
    """What a tag rule bound follows from the rule, as long as the account is still reached in that way."""
    if have.way != "policy":
        return False
    if have.by_tag and want is None:
        return have.place not in places or have.policy not in tagging
    return want is None or have.place != want.place


def _twin(have: Binding, wanted: Iterable[Binding]) -> bool:
    """A second plan of one SAP HANA database: the cloud makes it for whoever asks again, after a lost answer, say."""
    if have.way != "hana_plan" or have.disabled or not have.ours:
        return False
    return any(one.id not in ("", have.id) and (one.policy, one.source) == (have.policy, have.source) for one in wanted)


def after_binding(bindings: Mapping[str, frozenset[Binding]], step: BindingStep) -> dict[str, frozenset[Binding]]:
    """What is bound once the step has succeeded."""
    others = {one for one in bindings.get(step.region, ()) if one.key != step.binding.key}
    match step:
        case Bind():
            others.add(step.binding)
        case SwitchOff():
            others.add(replace(step.binding, disabled=True))
        case Unbind():
            pass
    return {**bindings, step.region: frozenset(others)}
