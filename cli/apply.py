"""``cab apply``: carry out a plan that was reviewed, and nothing else."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.attempted import shown
from cli.given import read
from cli.output import NotDoneError, Result, WrongUseError, confirm, following, progress
from cli.plan import COUNTED
from cli.session import Session
from cli.verb import Yes, verb
from shared.messages import Hint
from shared.review import Applied, NotAPlanError, PlanDocument, ReviewError, apply_reviewed, read_plan
from shared.wording import counted

MAKE = "cab plan --all --json > plan.json"
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN.json", help="What `cab plan --json` wrote.", exists=True)]


@verb("cab apply plan.json")
def apply(session: Session, plan: PlanFile, *, yes: Yes = False) -> Result:
    """Carry out a reviewed plan with your own rights, if the cloud is still as it was when the plan was made."""
    try:
        planned = read_plan(read(plan, MAKE))
        confirm(f"Carry out {_told(planned)} from here, with your own rights?", yes=yes)
        with session.cloud() as cloud, progress("comparing with what was reviewed, then carrying it out"):
            applied = apply_reviewed(planned, cloud.ports)
    except NotAPlanError as error:
        raise WrongUseError(f"{plan}: {error}", MAKE) from error
    except ReviewError as error:
        raise NotDoneError(str(error), _again(planned), reason="not_as_reviewed") from error
    accounts = [_account(one) for one in applied]
    done = all(one.error is None for one in applied)
    told = [*_shown(accounts), *([] if done else [following(_again(planned))])]
    return Result({"hash": planned.hash, "accounts": accounts}, told, done=done)


def _again(planned: PlanDocument) -> str:
    """The command that makes the plan again; what is asked of its accounts is asked of all of them."""
    accounts = " ".join(one.account_id for one in planned.accounts)
    withdraw = " --withdraw" if any(one.do is Hint.WITHDRAW for one in planned.accounts) else ""
    return f"make the plan again: `cab plan {accounts}{withdraw} --json > plan.json`"


def _told(planned: PlanDocument) -> str:
    """How a question names the plan: every account, and how many steps of each sort."""
    accounts = [one.account_id for one in planned.accounts]
    signs = Counter(step[:1] for one in planned.accounts for step in one.steps)
    told = ", ".join(f"{count} {COUNTED[sign]}" for sign, count in signs.items())
    shown = " ".join(accounts[:5]) + (f" and {len(accounts) - 5} more" if len(accounts) > 5 else "")  # noqa: PLR2004
    return f"plan {planned.hash[:12]} ({told or 'no steps'}; {shown or 'no accounts'})"


def _account(one: Applied) -> dict[str, Any]:
    report = one.report
    return {
        "account_id": report.account_id,
        "display_name": report.display_name,
        "state": report.state,
        "steps": report.steps,
        "warnings": report.warnings,
        "error": str(one.error) if one.error else None,
    }


def _shown(accounts: list[dict[str, Any]]) -> Iterator[RenderableType]:
    for one in accounts:
        yield from shown(one, prices=None)
        if one["error"]:
            yield Text.assemble(("    not done: ", "bold red"), one["error"])
    failed = sum(bool(one["error"]) for one in accounts)
    yield f"{counted(len(accounts) - failed, 'account')} carried out" + (f", {failed} not" if failed else "")
