"""``cab bootstrap``: what ``s.yaml`` cannot make: queues, roles, policies, the service-linked role; opens Cloud Backup.

It works in the account whose credentials it has. From the management account the backup account is entered by the
access role; where that is not there, the command is run once more with credentials of the backup account.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli import deployment
from cli.bootstrap.account import Administered
from cli.bootstrap.steps import Refuse, Step, plan, removal, sign
from cli.bootstrap.wanted import Account, wanted
from cli.output import NotDoneError, Result, confirm, following, progress
from cli.sdks import caller
from cli.session import PATIENCE, Session
from cli.verb import Yes, verb
from shared.clients import Calls, Clients, Credentials
from shared.config import Config
from shared.dead_letters import look
from shared.deadline import Deadline
from shared.outcome import AttemptError
from shared.session import assume

COLOURS = {"+": "green", "~": "yellow", "-": "red", "!": "bold red"}

ServicesFile = Annotated[Path, typer.Option("--deployment", help="What is deployed: names of role and log project.")]
PoliciesFolder = Annotated[Path, typer.Option("--policies", help="The folder of the policy documents.")]
Operators = Annotated[
    list[str] | None,
    typer.Option("--operator", help="ARN of a user or role who may enter the backup account; may be said again."),
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

    def shown(self) -> dict[str, Any]:
        """As JSON."""
        told = {"account_id": self.account_id, "steps": [f"{sign(step)} {step}" for step in self.steps]}
        return {**told, **({"left": self.left} if self.left else {})}


@verb("cab bootstrap")
def bootstrap(
    session: Session,
    *,
    remove: Annotated[bool, typer.Option("--remove", help="Remove it again; backups and registrations stay.")] = False,
    only_plan: Annotated[bool, typer.Option("--plan", help="Only show what would be done.")] = False,
    adopt: Annotated[bool, typer.Option("--adopt", help="Also change roles of these names that others made.")] = False,
    operator: Operators = None,
    services: ServicesFile = Path("s.yaml"),
    policies: PoliciesFolder = Path("policies"),
    yes: Yes = False,
) -> Result:
    """Make what s.yaml cannot make: queues, roles and policies, the service-linked role; open Cloud Backup.

    Shows what is missing, asks, then does it. Safe to repeat: what is there and right is left as it is.
    """
    deployed = deployment.load(services, os.environ, session.config.management_account, session.config.region)
    with progress("looking at both accounts"):
        parts = surveyed(session, deployed, policies, operator or (), adopt=adopt)
    if remove:
        parts = [_without(part, _full(part, session), adopt=adopt) for part in parts]
    todo = sum(not isinstance(step, Refuse) for part in parts for step in part.steps)
    if todo and not only_plan:
        confirm(_question(parts, remove=remove), yes=yes)
        with progress("carrying it out"):
            for part in parts:
                carry_out(part)
    document = {
        "applied": bool(todo and not only_plan),
        "accounts": [part.shown() for part in parts],
        "by_hand": [] if remove else by_hand(deployed, session.config.region),
    }
    refused = any(isinstance(step, Refuse) for part in parts for step in part.steps)
    shown = list(_shown(parts, document, remove=remove))
    return Result(document, shown, done=only_plan or not (refused or any(part.left for part in parts)))


def surveyed(
    session: Session, deployed: deployment.Deployment, policies: Path, operators: Iterable[str], *, adopt: bool
) -> list[Part]:
    """Both accounts as they are, and the steps to what is wanted. Raises NotDoneError, or an AttemptError."""
    config, calls = session.config, Calls(Deadline.after(PATIENCE))
    clients = Clients(config, calls)
    me = caller(config, session.credentials, calls)
    people = {*operators, *_person(me.arn, config)}
    want = wanted(config, deployed.role, _documents(policies), people)
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
        account = Administered(config, entered, calls, with_queues=bool(wants.queues))
        have = account.observe(wants)
        steps = plan(wants, have, config.management_account, adopt=adopt)
        parts.append(Part(account_id, steps, account=account, have=have, want=wants))
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


def _documents(policies: Path) -> dict[str, str]:
    try:
        return {name: (policies / f"{name}.json").read_text("utf-8") for name in ("functions", "backup-account")}
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


def _without(part: Part, full: dict[str, int], *, adopt: bool) -> Part:
    if part.want is None or part.have is None:
        return part
    return Part(part.account_id, removal(part.want, part.have, full, adopt=adopt), part.left, part.account)


def carry_out(part: Part) -> None:
    """Every step of a part, in order."""
    for step in part.steps:
        if part.account:
            part.account.apply(step)


def by_hand(deployed: deployment.Deployment, region: str) -> list[dict[str, str]]:
    """What this command does not do: it has no way to try it."""
    project, store = deployed.log_store
    body = f'{{"projectName": "{project}", "description": "central backup"}}'
    return [
        {
            "what": f"the log project {project}",
            "command": f"aliyun sls CreateProject --region {region} --body '{body}'",
        },
        {
            "what": f"the log store {store}",
            "command": f"aliyun sls CreateLogStore --region {region} --project {project} "
            f'--body \'{{"logstoreName": "{store}", "shardCount": 2, "ttl": 90}}\'',
        },
        {"what": "the functions", "command": "make package && s deploy"},
    ]


def _question(parts: list[Part], *, remove: bool) -> str:
    lines = [f"{part.account_id}: {sign(step)} {step}" for part in parts for step in part.steps]
    ending = "Remove all this?" if remove else "Do all this?"
    return "\n".join([*lines, ending])


def _shown(parts: list[Part], document: dict[str, Any], *, remove: bool) -> Iterator[RenderableType]:
    for part in parts:
        yield Text.assemble("account ", (part.account_id, "bold"), "" if part.steps or part.left else ": nothing to do")
        for step in part.steps:
            yield Text.assemble((f"    {sign(step)} ", COLOURS[sign(step)]), str(step))
        if part.left:
            yield Text(f"    left: {part.left}", "yellow")
            yield following(f"run this again with credentials of {part.account_id}, and --operator for each of you")
    if document["applied"]:
        yield "done"
    elif any(part.steps for part in parts):
        yield "nothing was changed"
    if remove:
        yield following("`s remove` removes the functions, if they are still there")
        yield "kept: backups, vaults, registrations, roles in members, the service-linked role, Cloud Backup"
        return
    yield "Not done by this command; log projects are not emulated, so it was never tried:"
    for one in document["by_hand"]:
        yield Text.assemble(f"    {one['what']}: ", (one["command"], "bold"))
