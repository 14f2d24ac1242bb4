"""``cab apply``: carry out a plan that was reviewed, and nothing else."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.output import NotDoneError, Result, WrongUseError, confirm, progress
from cli.session import Session
from cli.verb import Yes, verb
from shared.ports import Report
from shared.review import ReviewError, apply_reviewed

PlanFile = Annotated[Path, typer.Argument(metavar="PLAN.json", help="What `cab plan --json` wrote.", exists=True)]


@verb("cab apply plan.json")
def apply(session: Session, plan: PlanFile, *, yes: Yes = False) -> Result:
    """Carry out a reviewed plan with your own rights, if the cloud is still as it was when the plan was made."""
    document = _read(plan)
    confirm(f"Carry out {_told(document)} from here, with your own rights?", yes=yes)
    with session.cloud() as cloud, progress("comparing with what was reviewed, then carrying it out"):
        try:
            reports = apply_reviewed(document, cloud.ports)
        except ReviewError as error:
            raise NotDoneError(str(error), "cab plan --json > plan.json", reason="not_as_reviewed") from error
    accounts = [_account(report) for report in reports]
    return Result({"hash": document.get("hash"), "accounts": accounts}, list(_shown(accounts)))


def _read(path: Path) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise WrongUseError(f"{path}: not JSON: {error}", "cab plan --json > plan.json") from error
    if not isinstance(document, dict) or not isinstance(document.get("accounts"), list):
        raise WrongUseError(f"{path}: not a plan", "cab plan --json > plan.json")
    return document


def _told(document: dict[str, Any]) -> str:
    """How a question names the plan: every account, and the steps by their signs."""
    accounts = [str(one.get("account_id")) for one in document["accounts"]]
    signs = Counter(str(step)[:1] for one in document["accounts"] for step in one.get("steps", []))
    told = ", ".join(f"{count} {sign}" for sign, count in signs.items())
    shown = " ".join(accounts[:5]) + (f" and {len(accounts) - 5} more" if len(accounts) > 5 else "")  # noqa: PLR2004
    return f"plan {str(document.get('hash'))[:12]} ({told or 'no steps'}; {shown or 'no accounts'})"


def _account(report: Report) -> dict[str, Any]:
    return {
        "account_id": report.account_id,
        "display_name": report.display_name,
        "state": report.state,
        "steps": report.steps,
        "warnings": report.warnings,
    }


def _shown(accounts: list[dict[str, Any]]) -> Iterator[RenderableType]:
    for one in accounts:
        yield Text.assemble((one["account_id"], "bold"), f" {one['display_name']} {one['state']}")
        yield from (Text(f"    {step}") for step in one["steps"])
    yield f"{len(accounts)} accounts carried out"
