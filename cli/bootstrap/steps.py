"""Which steps lead from what is in an account to what is wanted there, and back. Pure, as the plan for members is.

Removing keeps data: backups, vaults, registrations, the log, the service-linked role and Cloud Backup itself stay.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from cli.bootstrap.wanted import KEPT_DAYS, LOG_PARTS, Account, Log, LogPart, Policy, Queue, Role
from shared.config import SERVICE_LINKED_ROLE
from shared.steps import Step as Signed
from shared.wording import counted


@dataclass(frozen=True)
class MakeQueue(Signed):
    """Make a queue, or set what differs of one that is there."""

    queue: Queue
    was: Queue | None = None

    def __str__(self) -> str:
        days = counted(self.queue.kept_seconds // 86_400, "day")
        aside = f", dead letters to {self.queue.dead_letters}" if self.queue.dead_letters else ""
        return f"{'change' if self.was else 'make'} queue {self.queue.name}: messages are kept {days}{aside}"


@dataclass(frozen=True)
class MakeLog(Signed):
    """Make the log project, the log store in it, or the store's full-text index; an index that is there is changed."""

    log: Log
    part: LogPart

    def __str__(self) -> str:
        match self.part:
            case "project":
                return f"make log project {self.log.project}"
            case "store":
                return f"make log store {self.log.store} in {self.log.project}: lines are kept {KEPT_DAYS} days"
            case "index":
                return f"index every word in {self.log.store}: without that nothing is found in it"


@dataclass(frozen=True)
class WritePolicy(Signed):
    """Make a custom policy, or give it a new default version."""

    policy: Policy
    was: Policy | None = None

    def __str__(self) -> str:
        return f"{'change' if self.was else 'make'} policy {self.policy.name}, as in policies/"


@dataclass(frozen=True)
class MakeRole(Signed):
    """Make a role without policies."""

    role: Role

    def __str__(self) -> str:
        return f"make role {self.role.name} trusting {_names(self.role)}"


@dataclass(frozen=True)
class SetTrust(Signed):
    """Set whom a role trusts."""

    role: Role
    was: Role

    def __str__(self) -> str:
        spare = sorted(name for _, name in self.was.trusted - self.role.trusted)
        return f"let role {self.role.name} trust {_names(self.role)}" + (
            f", no longer {', '.join(spare)}" * bool(spare)
        )


@dataclass(frozen=True)
class Attach(Signed):
    """Attach a custom policy to a role."""

    role: str
    policy: str

    def __str__(self) -> str:
        return f"attach policy {self.policy} to role {self.role}"


@dataclass(frozen=True)
class MakeServiceLinkedRole(Signed):
    """Make the service-linked role of cross-account backup."""

    def __str__(self) -> str:
        return f"make the service-linked role {SERVICE_LINKED_ROLE}"


@dataclass(frozen=True)
class OpenCloudBackup(Signed):
    """Activate the product; it costs nothing by itself, and cannot be undone here."""

    def __str__(self) -> str:
        return "open Cloud Backup (pay as you go: opening it costs nothing by itself)"


@dataclass(frozen=True)
class Refuse(Signed):
    """What is left as it is, and why."""

    what: str

    def __str__(self) -> str:
        return f"left alone: {self.what}"


def _of_others(role: str) -> Refuse:
    return Refuse(f"role {role} was not made by this command and differs; --adopt takes it over")


Removable = Literal["queue", "role", "policy"]


@dataclass(frozen=True)
class Remove(Signed):
    """Remove a queue, a role or a policy."""

    kind: Removable
    name: str

    def __str__(self) -> str:
        return f"remove {self.kind} {self.name}" + (" with what is in it" if self.kind == "queue" else "")


Step = (
    MakeQueue
    | MakeLog
    | WritePolicy
    | MakeRole
    | SetTrust
    | Attach
    | MakeServiceLinkedRole
    | OpenCloudBackup
    | Refuse
    | Remove
)
SIGNS = {SetTrust: "~", Refuse: "!", Remove: "-"}


def sign(step: Step) -> str:
    """How the console draws a step."""
    changes = isinstance(step, MakeQueue | WritePolicy) and step.was is not None
    return "~" if changes else SIGNS.get(type(step), "+")


def _names(role: Role) -> str:
    return ", ".join(sorted(name for _, name in role.trusted))


def plan(want: Account, have: Account, management: str, *, adopt: bool = False) -> list[Step]:
    """Everything that is missing or differs: queues, the log, policies, roles, and what belongs to Cloud Backup."""
    steps: list[Step] = []
    for queue in want.queues.values():
        was = have.queues.get(queue.name)
        if was is None or was.kept_seconds < queue.kept_seconds or was.dead_letters != queue.dead_letters:
            steps.append(MakeQueue(queue, was))
    if want.log:
        has = have.log.has if have.log else frozenset[LogPart]()
        steps += [MakeLog(want.log, part) for part in LOG_PARTS if part not in has]
    there = {**have.policies, **have.for_people}
    for policy in (*want.policies.values(), *want.for_people.values()):
        known = there.get(policy.name)
        if known is None or known.parsed != policy.parsed:
            steps.append(WritePolicy(policy, known))
    for role in want.roles.values():
        steps += _role(role, have.roles.get(role.name), management, adopt=adopt)
    if want.service_linked_role and not have.service_linked_role:
        steps.append(MakeServiceLinkedRole())
    if want.cloud_backup and not have.cloud_backup:
        steps.append(OpenCloudBackup())
    return steps


def _role(want: Role, have: Role | None, management: str, *, adopt: bool) -> Iterator[Step]:
    if have is None:
        yield MakeRole(want)
        yield from (Attach(want.name, policy) for policy in sorted(want.policies))
        return
    people = f"acs:ram::{management}:"
    # Other operators of the management account stay: each of them may have been let in by the same command.
    kept = {(kind, name) for kind, name in have.trusted if name.startswith((f"{people}user/", f"{people}role/"))}
    want = replace(want, trusted=want.trusted | (kept if any(kind == "RAM" for kind, _ in want.trusted) else set()))
    if want.trusted != have.trusted or not have.plain:
        if not (have.ours or adopt):
            yield _of_others(want.name)
            return
        yield SetTrust(want, have)
    yield from (Attach(want.name, policy) for policy in sorted(want.policies - have.policies))


def let_in(want: Account, have: Account, management: str) -> Iterator[str]:
    """Which people may take a role, too: an earlier run let them in, or somebody did by hand."""
    for role, others in _others(want, have):
        if people := [name for name in others if name.startswith(f"acs:ram::{management}:")]:
            yield f"role {role} also lets in {', '.join(people)} of the management account"


def breaches(want: Account, have: Account, management: str) -> Iterator[str]:
    """Which role somebody may take who belongs to neither of the two accounts: nothing of ours lets such a one in."""
    ours = tuple(f"acs:ram::{account}:" for account in (management, want.account_id))
    for role, others in _others(want, have):
        if outside := [name for name in others if not name.startswith(ours)]:
            yield f"breach: role {role} lets in {', '.join(outside)}, of neither of the two accounts"


def _others(want: Account, have: Account) -> Iterator[tuple[str, list[str]]]:
    """By role, whom it trusts beyond what is wanted."""
    for role in (have.roles[name] for name in want.roles if name in have.roles):
        yield role.name, sorted(name for _, name in role.trusted - want.roles[role.name].trusted)


def removal(want: Account, have: Account, full: Mapping[str, int], *, adopt: bool = False) -> list[Step]:
    """Everything of ``want`` that is there and ours, in the order in which it can go.

    ``full`` are the queues that hold something for a person, with how much: those stay.
    """
    steps: list[Step] = []
    left: set[str] = set()
    for role in (have.roles[name] for name in want.roles if name in have.roles):
        if role.ours or adopt:
            steps.append(Remove("role", role.name))
        else:
            steps.append(_of_others(role.name))
            left |= role.policies
    steps += [Remove("policy", name) for name in want.policies if name in have.policies and name not in left]
    for policy in (have.for_people[name] for name in want.for_people if name in have.for_people):
        held = f"policy {policy.name} is attached to {policy.attached} of your people: detach it from them first"
        steps.append(Refuse(held) if policy.attached else Remove("policy", policy.name))
    for name in (name for name in reversed(list(want.queues)) if name in have.queues):
        letters = counted(full.get(name, 0), "dead letter")
        what = f"queue {name} holds {letters}: see `cab dead-letters list`, redrive or delete them"
        steps.append(Refuse(what) if full.get(name) else Remove("queue", name))
    return steps
