"""``cab reconcile``: a sweep now, instead of waiting for the timer's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.advice import deploy
from cli.doors import through, where
from cli.output import NotDoneError, Result, confirm, following, progress
from cli.session import Session
from cli.verb import Direct, Yes, verb
from shared.wording import counted

Deep = Annotated[bool, typer.Option("--deep", help="Also examine the roles of the day's share of the accounts.")]


@verb("cab reconcile --deep --all --yes")
def reconcile(
    session: Session,
    *,
    deep: Deep = False,
    all_: Annotated[bool, typer.Option("--all", help="Examine the roles of all accounts; implies --deep.")] = False,
    direct: Direct = False,
    yes: Yes = False,
) -> Result:
    """Compare every account with what is wanted, and repair what differs."""
    payload = {"sweep": "deep", "everything": True} if all_ else {"sweep": "deep" if deep else "fast"}
    confirm(f"Compare and repair every account {where('reconcile', session, direct=direct)}?", yes=yes)
    with progress("comparing and repairing"):
        answer = through("reconcile", payload, session, direct=direct)
    if "sweep" not in answer:
        deployed = f"deploy this version: `{deploy(session.config)}`"
        raise NotDoneError(f"no sweep was made: {answer.get('detail', answer)}", deployed)
    # A deep sweep also looks at what waits for a person.
    swept = {**answer["sweep"], **({"dead_letters": answer["dead_letters"]} if "dead_letters" in answer else {})}
    done = not swept["left_over"] and not swept.get("not_examined") and not swept["kinds"].get("failed")
    warnings = answer.get("warnings", [])
    swept |= {"warnings": warnings} if warnings else {}
    return Result(swept, list(shown(swept)), done=done)


def shown(swept: dict[str, Any]) -> Iterator[RenderableType]:
    """What a sweep found and did."""
    yield (
        f"{counted(swept['members'], 'account')}, {swept['in_scope']} in scope, {swept['examined']} worked on, "
        f"{swept['repaired']} repaired"
    )
    for one in swept["findings"]:
        what = ("repaired", "green") if one["repaired"] else ("not repaired", "yellow")
        yield Text.assemble(
            (one["account_id"], "bold"), f" {one['kind'].replace('_', ' ')}, ", what, f": {one['detail']}"
        )
    yield from (Text(f"warning: {warning}", "yellow") for warning in swept.get("warnings", ()))
    hidden = sum(swept["kinds"].values()) - len(swept["findings"])
    if hidden > 0:
        yield f"and {hidden} more"
    if swept["left_over"]:
        left = counted(swept["left_over"], "account")
        yield following(f"left for the next run: {left}; run it again, or wait for the timer")
    if swept.get("not_examined"):
        left = counted(swept["not_examined"], "account")
        yield following(
            f"due, and nobody looked: {left}; their turn comes again in sweep.deep_days, or run it again today"
        )
    if swept.get("dead_letters", {}).get("count"):
        yield following(f"`cab dead-letters list`: {swept['dead_letters']['count']} wait for a person")
    if swept["kinds"].get("failed"):
        yield following("`cab explain ACCOUNT` says what stands in the way of one that failed")
