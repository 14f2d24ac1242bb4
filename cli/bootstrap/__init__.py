"""``cab bootstrap``: what ``s.yaml`` cannot make: queues, the log project, roles, policies; opens Cloud Backup.

It works in the account whose credentials it has. From the management account the backup account is entered by the
access role; where that is not there, the command is run once more with credentials of the backup account.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli import deployment
from cli.advice import deploy
from cli.bootstrap.account import Administered
from cli.bootstrap.steps import OpenCloudBackup, Refuse, Step, breaches, let_in, plan, removal, sign
from cli.bootstrap.wanted import BACKUP_PEOPLE, PEOPLE, Account, wanted
from cli.letters import look
from cli.output import NotDoneError, Result, confirm, following, progress
from cli.sdks import caller
from cli.session import PATIENCE, Session
from cli.verb import Yes, verb
from shared.clients import Calls, Clients, Credentials
from shared.config import Config
from shared.deadline import Deadline
from shared.outcome import AttemptError
from shared.session import assume

COLOURS = {"+": "green", "~": "yellow", "-": "red", "!": "bold red"}

SEEN_AFTER = (0.0, 1.0, 3.0)
"""Seconds before each look at what was done: RAM, the queues and the log may take a moment to show it."""

WORKING = ("functions", "backup-account")
"""The policy documents without which nothing works."""
EVERY = (*WORKING, *PEOPLE, *BACKUP_PEOPLE)

ServicesFile = Annotated[
    Path, typer.Option("--deployment", metavar="FILE", help="What is deployed: names of role and log project.")
]
PoliciesFolder = Annotated[
    Path, typer.Option("--policies", metavar="FOLDER", help="The folder of the policy documents.")
]
Operators = Annotated[
    list[str] | None,
    typer.Option(
        "--operator", metavar="ARN", help="ARN of a user or role who may enter the backup account; may be said again."
    ),
]


@dataclass(frozen=True)
class Part:
    """One of the two accounts: what to do in it, or why it was left."""

    account_id: str
    steps: list[Step] = field(default_factory=list)
    left: str = ""
    account: Administered | None = None
    have: Account | None = None
    want: Account | None = None
    undone: list[Step] = field(default_factory=list)
    """What is still to be done after it was carried out."""
    breaches: tuple[str, ...] = ()
    """Whom a role let in, before anything was done, who belongs to neither account."""

    @property
    def is_done(self) -> bool:
        """Whether nothing was left, left alone, or found undone afterwards."""
        return not (self.left or self.undone or any(isinstance(step, Refuse) for step in self.steps))

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        told = {"account_id": self.account_id, "steps": [f"{sign(step)} {step}" for step in self.steps]}
        undone = [f"{sign(step)} {step}" for step in self.undone]
        more = {"left": self.left, "undone": undone, "breaches": list(self.breaches)}
        return {**told, **{name: value for name, value in more.items() if value}}


@verb("cab bootstrap")
def bootstrap(
    session: Session,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it; backups, registrations, the log stay.")] = False,
    only_plan: Annotated[bool, typer.Option("--plan", help="Only show what would be done.")] = False,
    adopt: Annotated[bool, typer.Option("--adopt", help="Also change roles of these names that others made.")] = False,
    operator: Operators = None,
    services: ServicesFile = Path("s.yaml"),
    policies: PoliciesFolder = Path("policies"),
    yes: Yes = False,
) -> Result:
    """Make what s.yaml cannot make: queues, the log project, roles and policies; open Cloud Backup.

    Shows what is missing, asks, then does it. Safe to repeat: what is there and right is left as it is.
    """
    deployed = deployment.load(services, os.environ, session.config.management_account, session.config.region)
    with progress("looking at both accounts"):
        parts = surveyed(session, deployed, policies, operator or (), adopt=adopt, names=EVERY)

    def steps(part: Part) -> list[Step]:
        if part.want is None or part.have is None:
            return []
        if remove:
            return removal(part.want, part.have, _full(part, session), adopt=adopt)
        return plan(part.want, part.have, session.config.management_account, adopt=adopt)

    with progress("looking whether anything waits for a person" if remove else "planning"):
        parts = [replace(part, steps=steps(part)) for part in parts]
    applied = not only_plan and any(_todo(part.steps) for part in parts)
    if applied:
        confirm(_question(parts, remove=remove), yes=yes)
        with progress("carrying it out") as tell:
            parts = [carried_out(part, steps, tell) for part in parts]
    document = {
        "applied": applied,
        "accounts": [part.shown() for part in parts],
        "by_hand": [] if remove else by_hand(session.config),
    }
    shown = list(_shown(parts, document, session.config.management_account, remove=remove))
    return Result(document, shown, done=only_plan or all(part.is_done for part in parts))


def by_hand(config: Config) -> list[dict[str, str]]:
    """What this command does not do: it is somebody's decision, or another tool's work."""
    given = "aliyun ram AttachPolicyToUser --PolicyType Custom --PolicyName cab-operator-read-only --UserName USER"
    return [
        {"what": "who gets a policy for people (docs/security.md says which is for whom)", "command": given},
        {"what": "the functions", "command": deploy(config)},
    ]


def surveyed(
    session: Session,
    deployed: deployment.Deployment,
    policies: Path,
    operators: Iterable[str] = (),
    *,
    adopt: bool = False,
    names: Iterable[str] = WORKING,
) -> list[Part]:
    """Both accounts as they are, and the steps to what is wanted. Raises NotDoneError, or an AttemptError.

    ``names`` are the policy documents that are to be there.
    """
    config, calls = session.config, Calls(Deadline.after(PATIENCE))
    clients = Clients(config, calls)
    me = caller(config, session.credentials, calls)
    people = {*operators, *_person(me.arn, config)}
    want = wanted(config, deployed, _documents(policies, names), people)
    if me.account_id not in want:
        what = f"these credentials are of account {me.account_id}, which is neither of the two"
        raise NotDoneError(what, f"use some of {' or '.join(want)}", reason="other_account")
    parts = []
    # From the backup account there is no way into the management account: it is done by itself.
    mine = want if me.account_id == config.management_account else {me.account_id: want[me.account_id]}
    for account_id, wants in mine.items():
        try:
            entered = _credentials(account_id, me.account_id, session.credentials, clients, config)
        except AttemptError as error:
            parts.append(Part(account_id, left=f"it cannot be entered from {me.account_id}: {error.detail}"))
            continue
        account = Administered(config, entered, calls)
        have = account.observe(wants)
        steps = plan(wants, have, config.management_account, adopt=adopt)
        seen = tuple(breaches(wants, have, config.management_account))
        parts.append(Part(account_id, steps, account=account, have=have, want=wants, breaches=seen))
    return parts


def _person(arn: str, config: Config) -> list[str]:
    """Who runs this, if it is a user or a role of the management account; a session counts as its role."""
    kind, _, name = arn.rpartition(":")[2].partition("/")
    if f":{config.management_account}:" not in arn or kind not in {"user", "role", "assumed-role"}:
        return []
    known = "user" if kind == "user" else "role"
    return [f"acs:ram::{config.management_account}:{known}/{name.partition('/')[0] if known == 'role' else name}"]


def _credentials(account_id: str, own: str, given: Credentials, clients: Clients, config: Config) -> Credentials:
    """Our own in our own account; elsewhere a session of the access role, which only the management account gets."""
    return given if account_id == own else assume(clients.sts(given), account_id, config.access_role)


def _documents(policies: Path, names: Iterable[str]) -> dict[str, str]:
    try:
        return {name: (policies / f"{name}.json").read_text("utf-8") for name in names}
    except OSError as error:
        raise NotDoneError(
            f"no policy documents: {error}", "run this in the project's folder", reason="no_policies"
        ) from error


def _full(part: Part, session: Session) -> dict[str, int]:
    """The dead-letter queue, if anything waits in it."""
    name = session.config.queues.dead_letters
    if part.have is None or name not in part.have.queues:
        return {}
    with session.cloud() as cloud, look(cloud.queues) as seen:
        return {name: len(seen.letters)}


def carried_out(part: Part, steps: Callable[[Part], list[Step]], tell: Callable[[str], None]) -> Part:
    """Carry out every step of a part, in order; then look again for what ``steps`` finds still to be done."""
    if part.account is None or part.want is None:
        return part
    for step in part.steps:
        tell(f"{part.account_id}: {sign(step)} {step}")
        part.account.apply(step)
    tell(f"{part.account_id}: looking again")
    for wait in SEEN_AFTER:
        time.sleep(wait)
        part = replace(part, have=part.account.observe(part.want))
        # That Cloud Backup is open is said by the answer to opening it; what can be looked at shows it minutes later.
        part = replace(part, undone=[one for one in _todo(steps(part)) if not isinstance(one, OpenCloudBackup)])
        if not part.undone:
            break
    return part


def _todo(steps: Iterable[Step]) -> list[Step]:
    return [step for step in steps if not isinstance(step, Refuse)]


def _question(parts: list[Part], *, remove: bool) -> str:
    lines = [f"{part.account_id}: {sign(step)} {step}" for part in parts for step in part.steps]
    ending = "Remove all this?" if remove else "Do all this?"
    return "\n".join([*lines, ending])


def _shown(parts: list[Part], document: dict[str, Any], management: str, *, remove: bool) -> Iterator[RenderableType]:
    for part in parts:
        yield Text.assemble("account ", (part.account_id, "bold"), "" if part.steps or part.left else ": nothing to do")
        for step in part.steps:
            yield Text.assemble((f"    {sign(step)} ", COLOURS[sign(step)]), str(step))
        if part.left:
            yield Text(f"    left: {part.left}", "yellow")
            yield following(f"run this again with credentials of {part.account_id}, and --operator for each of you")
        if not remove:
            yield from _too_many(part, management)
        for step in part.undone:
            yield Text(f"    still to do, as it seems: {sign(step)} {step}", "bold red")
    if any(part.undone for part in parts):
        yield following("run this again: somebody else is changing the same, or the cloud has not seen it yet")
    elif document["applied"]:
        yield "done"
    elif any(part.steps for part in parts):
        yield "nothing was changed"
    if remove:
        yield following("`s remove` removes the functions, if they are still there")
        yield from _kept(parts)
    else:
        yield "To be done once, and not by this command:"
        yield from (Text.assemble(f"    {one['what']}: ", (one["command"], "bold")) for one in document["by_hand"])


def _too_many(part: Part, management: str) -> Iterator[Text]:
    """Whom the roles let in beyond what is wanted."""
    for line in part.breaches:
        yield Text(f"    {line}: see in ActionTrail who let it in, and what it did", "bold red")
    for line in let_in(part.want, part.have, management) if part.want and part.have else ():
        yield Text(f"    {line}: take out by hand who is none of your operators", "yellow")


def _kept(parts: list[Part]) -> Iterator[str]:
    """What stays after a removal."""
    yield "kept: backups, vaults, registrations, roles in members, the service-linked role, Cloud Backup"
    for log in (part.have.log for part in parts if part.have and part.have.log and part.have.log.has):
        yield f"kept: log project {log.project}, with what the functions wrote"
