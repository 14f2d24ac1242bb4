"""The sweep: every member account against what is desired, and repair of what differs.

Events only make things fast; this is what makes them true. A fast sweep costs one listing of the directory and one
listing of the registrations per region, and nothing per account. A deep sweep also examines the role of a share of the
accounts. What differs goes through the same plan as everything else. The sweep is its own retry: it sends no messages.
"""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from hashlib import sha256
from typing import Any

from shared.apply import carry_out
from shared.config_types import Drift
from shared.deadline import Deadline
from shared.drift import kind_of, telling, to_repair
from shared.enrolment import UNKNOWN, Enrolment, Registration, Role
from shared.entrance import Entrance
from shared.examine import examine
from shared.fleet import Registrations, everyone
from shared.messages import Hint
from shared.outcome import AttemptError, Reason
from shared.plan import AnyStep, known, plan
from shared.policies import Change, Tagged, make, rewrite, strays
from shared.ports import Ports, Report, Work
from shared.scope import Member, Wanted
from shared.standing import Bound, Standing, beside, for_sweep
from shared.steps import Deregister, Register
from shared.verdict import find, judge

WORKERS = 4
"""Accounts that are repaired at a time."""
MOST_SHOWN = 200
"""Findings kept in the answer; all of them are counted."""


@dataclass(frozen=True)
class Finding:
    """One difference between an account and what is desired of it."""

    account_id: str
    kind: str
    """A ``Drift``; or ``undeclared``, ``stranger``, ``unworkable``, ``failed``."""
    detail: str
    repaired: bool = False


@dataclass
class SweepReport:
    """What a sweep saw and did."""

    deep: bool
    members: int = 0
    in_scope: int = 0
    examined: int = 0
    repaired: int = 0
    left_over: int = 0
    """Accounts that differ, and that the deadline left for the next run."""
    not_examined: int = 0
    """Accounts that were only due, and that nobody looked at before the deadline: their turn comes in ``deep_days``."""
    kinds: Counter[str] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, finding: Finding) -> None:
        """Count a finding, and keep it while there is room; one of a trust that is too wide in any case."""
        self.kinds[finding.kind] += 1
        if len(self.findings) < MOST_SHOWN or finding.kind is Drift.TRUST_TOO_WIDE:
            self.findings.append(finding)

    @property
    def too_wide(self) -> list[str]:
        """Accounts whose backup role let somebody else in."""
        return sorted({one.account_id for one in self.findings if one.kind is Drift.TRUST_TOO_WIDE})

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        return {**asdict(self), "kinds": dict(self.kinds)}


def sweep(ports: Ports, deadline: Deadline, *, day: int, deep: bool = False, everything: bool = False) -> SweepReport:
    """Compare, then repair until the deadline. ``day`` (days since the epoch) chooses the deep sweep's share."""
    report = SweepReport(deep)
    # The directory is listed beside the registrations: its quota is another one.
    members = ports.pool.submit(list, everyone(ports))
    listed = Registrations(ports)
    run = _Run(listed, ports, deadline, deep, *_on_schedule(ports, report, deep=deep))
    unknown = listed.accounts
    work: list[tuple[Member, Wanted]] = []
    for member in members.result():
        report.members += 1
        unknown.discard(member.account_id)
        wanted = _wanted(member, listed, report, ports)
        if wanted is None:
            continue
        report.in_scope += 1
        if member.unworkable:
            report.add(Finding(member.account_id, "unworkable", member.unworkable))
            continue
        run.tagged.add(wanted.enrolment, listed.of(member.account_id))
        due = deep and (everything or _due(member.account_id, day, ports.config.sweep.deep_days))
        if due or _differs(wanted.enrolment, run):
            work.append((member, wanted))
    for account_id in sorted(unknown):
        report.add(
            Finding(account_id, "stranger", "registered, but neither the directory nor the configuration knows it")
        )
    # First what all accounts share: however much is to be repaired, it never waits for another sweep.
    _note(rewrite(run.standing, ports, run.tagged, listed.of, write=True), report, ports)
    # Not in the directory's order: accounts that fail slowly must not keep others from their turn for ever.
    random.shuffle(work)
    _repair(work, run, report)
    for account_id, region, registration in listed.duplicates:
        _single(account_id, region, registration, run, report)
    return report


def _on_schedule(ports: Ports, report: SweepReport, *, deep: bool) -> tuple[dict[str, Standing], Tagged]:
    """Backup policies and vaults, made where they are missing; then what is bound. Without policies, nothing."""
    if ports.config.backup_policies:
        _note(make(ports, write=True), report, ports)
    standing = for_sweep(ports, deep=deep)
    for region, here in standing.items():
        _note(strays(region, here), report, ports)
    return standing, Tagged(ports)


def _note(changes: list[Change], report: SweepReport, ports: Ports) -> None:
    for one in changes:
        report.add(Finding(ports.config.backup_account.id, one.kind, one.detail, one.repaired))


def _single(account_id: str, region: str, registration: Registration, run: _Run, report: SweepReport) -> None:
    """Make one record of several. Whether deleting removes one of them or all is not known, so it is added again."""
    ports, detail, repaired = run.ports, f"more than once in {region}: {registration.type}", False
    try:
        if Drift.DUPLICATE not in ports.config.sweep.observe and run.deadline.left > 0:
            wanted, _ = judge(find(account_id, ports), Hint.JOINED, ports.config)
            # One that is not wanted has just gone, with its role, or is only observed.
            if wanted and registration in known(wanted.enrolment, region):
                ports.backup.deregister(region, account_id, registration)
                ports.backup.register(region, account_id, registration)
                repaired = True
    except AttemptError as error:
        report.add(Finding(account_id, "failed", str(error)))
    report.add(Finding(account_id, Drift.DUPLICATE, detail, repaired))


def _wanted(member: Member, listed: Registrations, report: SweepReport, ports: Ports) -> Wanted | None:
    """What is wanted of a member; None where nothing is, after reporting what is there all the same."""
    wanted, why = judge(member, Hint.JOINED, ports.config)
    if wanted is None and any(listed.of(member.account_id).values()):
        report.add(Finding(member.account_id, "undeclared", f"registered, but {why}"))
    return wanted


def _due(account_id: str, day: int, days: int) -> bool:
    """Whether the account is in today's share: a stable hash, so that each account's turn comes every ``days`` days."""
    return int(sha256(account_id.encode()).hexdigest(), 16) % days == day % days


@dataclass(frozen=True)
class _Run:
    """What the workers of one sweep share."""

    listed: Registrations
    ports: Ports
    deadline: Deadline
    deep: bool
    standing: Mapping[str, Standing]
    tagged: Tagged


def _differs(want: Enrolment, run: _Run) -> bool:
    """Whether registrations or bindings differ; the role is taken to be right, which only the deep sweep examines."""
    bound = beside(want, run.standing)
    return bool(plan(bound.want, _taken_as_right(bound, run.listed)))


def _taken_as_right(bound: Bound, listed: Registrations) -> Enrolment:
    want = bound.want
    registered = listed.of(want.account_id)
    return Enrolment(want.account_id, want.role, registered, frozenset(want.registrations), bindings=bound.have)


def _repair(work: list[tuple[Member, Wanted]], run: _Run, report: SweepReport) -> None:
    with ThreadPoolExecutor(WORKERS, thread_name_prefix="sweep") as workers:
        done = workers.map(lambda item: _repair_one(item[0], item[1], run), work)
        for (_, wanted), findings in zip(work, done, strict=True):
            if findings is None:
                differs = _differs(wanted.enrolment, run)
                report.left_over += differs
                report.not_examined += not differs
                continue
            report.examined += 1
            report.repaired += bool(findings) and all(finding.repaired for finding in findings)
            for finding in findings:
                report.add(finding)


def _repair_one(member: Member, wanted: Wanted, run: _Run) -> list[Finding] | None:
    """What was found and done for one account, or None where no time is left. One account never stops the others."""
    if run.deadline.left <= 0:
        return None
    bound, ports = beside(wanted.enrolment, run.standing), run.ports
    want = bound.want
    enter = Entrance(member.account_id, ports).by(member.access_role, partial(Work.towards, want))
    steps: tuple[AnyStep, ...] = ()
    todo = partial(to_repair, observe=ports.config.sweep.observe)
    try:
        observed = _taken_as_right(bound, run.listed)
        # The roles behind registrations that are to go are known only to those who look.
        if run.deep or any(isinstance(step, Deregister) for step in plan(want, observed)):
            observed = examine(want, run.listed.of(member.account_id), enter, ports)
            observed = replace(observed, bindings=bound.have)
        steps = plan(want, observed)
        if not todo(steps):
            return _findings(member, steps)
        ports.backup.ensure_service_linked_role()
        if not run.deep and any(isinstance(step, Register) for step in steps):
            # Not registered: its role was taken to be right only because nobody had looked.
            observed = replace(observed, role=UNKNOWN if isinstance(want.role, Role) else None, proven=frozenset())
        carry_out(want, observed, ports, enter, Report(member.account_id), choose=todo)
    except AttemptError as error:
        kind = "unworkable" if error.reason is Reason.ACCESS_ROLE_MISSING else "failed"
        return [*_findings(member, steps), Finding(member.account_id, kind, str(error))]
    except Exception as error:
        # A bug of ours or of an SDK is one account's failure, not the sweep's.
        logging.getLogger(__name__).exception("unexpected failure")
        return [*_findings(member, steps), Finding(member.account_id, "failed", f"{type(error).__name__}: {error}")]
    return _findings(member, steps, set(todo(steps)))


def _findings(member: Member, steps: Iterable[AnyStep], repaired: Collection[AnyStep] = ()) -> list[Finding]:
    return [
        Finding(member.account_id, kind_of(step), f"{step.sign} {step}", step in repaired) for step in telling(steps)
    ]
