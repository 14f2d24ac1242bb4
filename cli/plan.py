"""``cab plan``: exactly the steps that lead from what is there to what is wanted, and why. It makes no write call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.attempted import account_of, shown
from cli.doctor.fleet import by_a_person
from cli.output import Result, WrongUseError, following, progress
from cli.session import Session
from cli.stock import bill, told
from cli.survey import State, Surveyed, all_accounts, cause, look_at_all, named_accounts
from cli.verb import verb
from shared.binding import Bind
from shared.config import Prices
from shared.fleet import Registrations
from shared.messages import Hint
from shared.plan import AnyStep
from shared.policies import Change, make
from shared.review import document, review
from shared.steps import CreateServiceLinkedRole

COLOURS = {"+": "green", "~": "yellow", "-": "red", "?": "cyan", "!": "bold red"}
COUNTED = {"+": "to add", "~": "to change", "-": "to remove", "?": "to check", "!": "refused"}


@verb("cab plan 1000000000000011 --why")
def plan(
    session: Session,
    accounts: Annotated[
        list[str] | None, typer.Argument(metavar="ACCOUNT", help="Ids, 16 digits, or display names.")
    ] = None,
    *,
    all_: Annotated[bool, typer.Option("--all", help="Every account of the directory.")] = False,
    why: Annotated[bool, typer.Option("--why", help="Show which rule decided, and what it says.")] = False,
    withdraw: Annotated[
        bool, typer.Option("--withdraw", help="Plan to take these accounts out, although they are wanted.")
    ] = False,
) -> Result:
    """Show exactly the steps that lead to what is wanted, and why; change nothing.

    With --json it is a plan that can be reviewed and kept: cab apply carries it out, and nothing else.
    """
    if bool(accounts) == all_ or (withdraw and all_):
        raise WrongUseError("name the accounts to plan for, or say --all", "cab plan --all")
    named = [account_of(account, session) for account in accounts or []]
    if withdraw:
        return _withdrawal(named, session)
    with session.cloud() as cloud, progress("listing registrations") as tell:
        listed = Registrations(cloud.ports)
        tell("listing accounts")
        asked = all_accounts(listed, cloud.ports) if all_ else named_accounts(named, cloud.ports)
        surveyed = look_at_all(list(asked), listed, cloud.ports, tell)
        shared = make(cloud.ports, write=False) if cloud.ports.config.backup_policies else []
    reviewable = as_document(surveyed) | ({"shared": [vars(one) for one in shared]} if shared else {})
    readable = all(one.state is not State.UNREADABLE for one in surveyed)
    every = list(_shown(surveyed, session.config.prices, quiet=all_, why=why))
    return Result(reviewable, [*_shared(shared), *every, *_summed_up(reviewable, shared)], done=readable)


def _withdrawal(account_ids: list[str], session: Session) -> Result:
    """What `cab teardown` would do to these accounts, with the inventory of their backups."""
    with session.cloud() as cloud, progress("looking at what is there"):
        reviews = [review(account_id, Hint.WITHDRAW, cloud.ports) for account_id in dict.fromkeys(account_ids)]
    parts = [part for one in reviews for part in shown(one.shown(), session.config.prices)]
    keep = following("keep this plan with --json > plan.json and carry it out with `cab apply plan.json`")
    readable = all(one.state != "unknown" for one in reviews)
    return Result(document(one for one in reviews if one.steps), [*parts, keep], done=readable)


def _shared(changes: list[Change]) -> Iterator[RenderableType]:
    """What accounts share is no account's plan: the sweep makes it, or a person must."""
    for one in changes:
        swept = _is_swept(one)
        sign, whose = ("~", "  (the sweep's)") if swept else ("!", "")
        yield Text.assemble((f"{sign} ", COLOURS[sign]), f"{one.kind.replace('_', ' ')}: {one.detail}", (whose, "dim"))
        yield from (Text.assemble(("    fix: ", "bold"), fix) for fix in by_a_person(one.kind))


def _is_swept(change: Change) -> bool:
    return change.kind != "failed" and not by_a_person(change.kind)


def _each_once(surveyed: list[Surveyed]) -> dict[tuple[str, AnyStep], None]:
    """Every step in turn, with its account; the service-linked role is made once, however many need it."""
    steps = ((one.account_id, step) for one in surveyed for step in one.steps)
    return dict.fromkeys(("" if isinstance(step, CreateServiceLinkedRole) else owner, step) for owner, step in steps)


def as_document(surveyed: list[Surveyed]) -> dict[str, Any]:
    """The plan as JSON. ``accounts`` and ``hash`` are what is reviewed: only where there is something to do."""
    return {
        **document(one.review for one in surveyed if one.review and one.steps),
        "states": dict(Counter(one.state.value for one in surveyed)),
        "steps": dict(Counter(step.sign for _, step in _each_once(surveyed))),
        "without_steps": [_without_steps(one) for one in surveyed if not one.steps],
    }


def _without_steps(one: Surveyed) -> dict[str, str]:
    rule = one.wanted.rule if one.wanted else ""
    shown = {"account_id": one.account_id, "display_name": one.name, "state": one.state, "rule": rule, "why": one.why}
    return {name: value for name, value in shown.items() if value}


def _shown(surveyed: list[Surveyed], prices: Prices | None, *, quiet: bool, why: bool) -> Iterator[RenderableType]:
    """Every account that was named, or (where all were asked for) every one that is not as it should be."""
    for one in surveyed:
        if not quiet or why or one.steps or not one.state.quiet:
            yield from _account(one, prices, why=why)


def _summed_up(reviewable: dict[str, Any], shared: list[Change]) -> Iterator[RenderableType]:
    """How much there is to do and for whom, and what a person types next. Nothing is to do only if nobody has to."""
    steps, states = reviewable["steps"], reviewable["states"]
    swept = sum(map(_is_swept, shared))
    others = {
        "could not be read": states.get(State.UNREADABLE, 0),
        "cannot be worked on": states.get(State.UNWORKABLE, 0),
        "for the sweep": swept,
        "of what accounts share for a person": len(shared) - swept,
    }
    todo = [f"{count} {COUNTED[sign]}" for sign, count in steps.items()]
    todo += [f"{count} {what}" for what, count in others.items() if count]
    told = ", ".join(f"{count} {state.replace('_', ' ')}" for state, count in states.items())
    yield Text.assemble((", ".join(todo) or "nothing to do", "bold"), f" ({told})")
    if steps:
        yield Text(f"hash {reviewable['hash']}", "dim")
        yield following("keep this plan with --json > plan.json and carry it out with `cab apply plan.json`")
    for state in (State.UNREADABLE, State.UNWORKABLE):
        if states.get(state):
            yield following(f"`cab explain ACCOUNT` says why an account is {state.words}, and what to do")
    if swept:
        yield following("the next sweep does what is the sweep's; `cab reconcile` does it now")


def _account(one: Surveyed, prices: Prices | None, *, why: bool) -> Iterator[RenderableType]:
    state = f" {one.name}  {one.state.words}: {one.why or one.state.meaning}"
    yield Text.assemble((one.account_id, "bold"), state)
    if why:
        yield from (Text(f"    {line}") for line in _decided(one))
    for warning in one.review.warnings if one.review else ():
        yield Text(f"    warning: {warning}", "yellow")
    for step in one.steps:
        yield Text.assemble((f"    {step.sign} ", COLOURS[step.sign]), str(step), (f"  ({cause(step)})", "dim"))
    for line in told(one.review.inventory, prices) if one.review else ():
        yield Text(f"    {line}", "dim")
    yield from (Text(f"    {line}", "dim") for line in bill(_bound(one)))


def _bound(one: Surveyed) -> Iterator[str]:
    return (step.binding.source_type for step in one.steps if isinstance(step, Bind))


def _decided(one: Surveyed) -> Iterator[str]:
    """What the account was judged by, the rule that decided, and what it says."""
    if one.member is not None:
        tags = " ".join(f"{key}={value}" for key, value in sorted(one.member.tags.items()))
        yield f"account: {one.member.type}; folders {' / '.join(one.member.folders) or 'none'}; tags {tags or 'none'}"
    if one.wanted is not None:
        said = one.wanted.settings.model_dump(mode="json")
        yield f"rule: {one.wanted.rule}"
        yield "it says: " + "; ".join(f"{name} {_worded(value)}" for name, value in said.items())


def _worded(value: Any) -> str:  # noqa: ANN401 - JSON
    """A setting's value as config.yaml has it."""
    if isinstance(value, list):
        return ", ".join(map(_worded, value)) or "none"
    return str(value).lower() if isinstance(value, bool | None) else str(value)
