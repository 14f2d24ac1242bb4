"""``cab plan``: exactly the steps that lead from what is there to what is wanted, and why. It makes no write call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from enum import Enum
from hashlib import sha256
from json import dumps
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.attempted import checked
from cli.output import Result, WrongUseError, progress
from cli.session import Session
from cli.survey import STATES, Surveyed, all_accounts, look_at_all, named_accounts
from cli.verb import verb
from shared.fleet import Registrations
from shared.plan import AnyStep, CheckRole
from shared.sweep import kind_of

COLOURS = {"+": "green", "~": "yellow", "-": "red", "?": "cyan", "!": "bold red"}
COUNTED = {"+": "to add", "~": "to change", "-": "to remove", "?": "to check", "!": "refused"}


@verb("cab plan 1000000000000011 --why")
def plan(
    session: Session,
    accounts: Annotated[list[str] | None, typer.Argument(metavar="ACCOUNT", help="Account ids.")] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every account of the directory.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Show which rule decided, and what it says.")] = False,
) -> Result:
    """Show exactly the steps that lead to what is wanted, and why; change nothing."""
    if bool(accounts) == all_:
        raise WrongUseError("name the accounts to plan for, or say --all", "cab plan --all")
    named = [checked(account_id) for account_id in accounts or []]
    with session.cloud() as cloud, progress("listing registrations") as tell:
        listed = Registrations(cloud.ports)
        tell("listing accounts")
        asked = all_accounts(listed, cloud.ports) if all_ else named_accounts(named, cloud.ports)
        surveyed = look_at_all(list(asked), listed, cloud.ports, tell)
    document = reviewable(surveyed)
    readable = all(one.state != "unreadable" for one in surveyed)
    return Result(document, list(_shown(surveyed, document, quiet=all_, why=why)), done=readable)


def reviewable(surveyed: list[Surveyed]) -> dict[str, Any]:
    """The plan as a document. ``hash`` pins what is reviewed: what is wanted, what is there, and the steps."""
    accounts = [_account(one) for one in surveyed]
    return {
        "version": 1,
        "hash": fingerprint([one["hash"] for one in accounts if "hash" in one]),
        "counts": dict(Counter(one.state for one in surveyed)),
        "steps": dict(Counter(step.sign for one in surveyed for step in one.steps)),
        "accounts": accounts,
    }


def _account(one: Surveyed) -> dict[str, Any]:
    known = {
        "account_id": one.account_id,
        "display_name": one.member.display_name if one.member else None,
        "folder": one.folder or None,
        "state": one.state,
        "why": one.why or None,
        "rule": one.wanted.rule if one.wanted else None,
        "warnings": one.warnings or None,
    }
    compared = {
        "steps": [{"sign": step.sign, "text": str(step), "why": kind_of(step)} for step in one.steps],
        "desired": plain(one.desired),
        "observed": plain(one.observed),
    }
    document = {name: value for name, value in known.items() if value is not None} | compared
    return document | ({"hash": fingerprint([one.account_id, compared])} if one.steps else {})


def fingerprint(value: object) -> str:
    """A hash of plain data."""
    return f"sha256:{sha256(dumps(value, sort_keys=True).encode()).hexdigest()}"


def plain(value: Any) -> Any:  # noqa: ANN401 - any of the plan's data
    """Enrolments and what they hold as JSON. What is not compared (an alias in the cloud) is left out."""
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value) if one.compare}
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "items"):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, set | frozenset):
        return sorted(map(plain, value), key=dumps)
    return [plain(item) for item in value] if isinstance(value, list | tuple) else value


def _shown(surveyed: list[Surveyed], document: dict[str, Any], *, quiet: bool, why: bool) -> Iterator[RenderableType]:
    """Every account that was named, or (where all were asked for) every one that is not as it should be."""
    for one in surveyed:
        if quiet and not why and not one.steps and one.state in {"protected", "out_of_scope", "foreign"}:
            continue
        yield Text.assemble((one.account_id, "bold"), f" {_name(one)}  {one.state.replace('_', ' ')}: {_because(one)}")
        if why:
            yield from (f"    {line}" for line in _decided(one))
        yield from (Text(f"    warning: {warning}", "yellow") for warning in one.warnings)
        for step in one.steps:
            yield Text.assemble((f"    {step.sign} ", COLOURS[step.sign]), str(step), (f"  ({_cause(step)})", "dim"))
    told = ", ".join(f"{count} {COUNTED[sign]}" for sign, count in document["steps"].items())
    states = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in document["counts"].items())
    yield Text.assemble((f"{told or 'nothing to do'}", "bold"), f" ({states})")
    if told:
        yield Text(document["hash"], "dim")


def _cause(step: AnyStep) -> str:
    """Why there is this step."""
    return "not proven" if isinstance(step, CheckRole) else kind_of(step).replace("_", " ")


def _name(one: Surveyed) -> str:
    return one.member.display_name if one.member else "(not in the directory)"


def _because(one: Surveyed) -> str:
    return one.why or STATES[one.state]


def _decided(one: Surveyed) -> Iterator[str]:
    """The rule that decided, what it was decided by, and what it says."""
    if one.member is not None:
        tags = " ".join(f"{key}={value}" for key, value in sorted(one.member.tags.items()))
        yield f"type {one.member.type}, folders {' / '.join(one.member.folders) or 'none'}, tags {tags or 'none'}"
    if one.wanted is not None:
        said = one.wanted.settings.model_dump(mode="json")
        yield f"rule {one.wanted.rule!r}"
        yield "says " + ", ".join(f"{name} {value}" for name, value in said.items())
