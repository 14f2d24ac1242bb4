"""``cab doctor``: checks the whole path, and names cause and fix of what is wrong. It changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.attempted import checked
from cli.bootstrap import PoliciesFolder, ServicesFile
from cli.doctor import live
from cli.doctor.canary import canary
from cli.doctor.checks import CHECKS, Check, looked
from cli.doctor.finding import Finding
from cli.output import Result, confirm, following, progress
from cli.session import Session
from cli.site import Site
from cli.verb import Yes, verb
from shared.wording import counted

MARKS = {
    "ok": ("ok  ", "green"),
    "cause": ("!!  ", "bold red"),
    "warning": ("!   ", "yellow"),
    "unknown": ("?   ", "yellow"),
}
CANARY = Check("canary", "one marked event through the deployed function", canary)


@verb("cab doctor --canary")
def doctor(
    session: Session,
    *,
    with_canary: Annotated[bool, typer.Option("--canary", help="Also run the function with a marked event.")] = False,
    live_checks: Annotated[
        bool, typer.Option("--live-checks", help="Only answer what no document says: see docs/live-checks.md.")
    ] = False,
    account: Annotated[
        str | None,
        typer.Option(
            "--account", metavar="ACCOUNT", help="With --live-checks: register this account a second time, and see."
        ),
    ] = None,
    deep: Annotated[bool, typer.Option("--deep", help="Look at the role of every account, not only of some.")] = False,
    services: ServicesFile = Path("s.yaml"),
    policies: PoliciesFolder = Path("policies"),
    yes: Yes = False,
) -> Result:
    """Check the whole path from event to protected account; name the cause of what is wrong, and what fixes it.

    Changes nothing. Exit status 1 if a cause was found.
    """
    if account:
        confirm(f"Register account {checked(account)} a second time, to see what the cloud does?", yes=yes)
    if live_checks or account:
        with session.cloud() as cloud, progress("asking the cloud"):
            return _live(Site(session, cloud, services, policies), account)
    checks = [*CHECKS, *([CANARY] if with_canary else [])]
    with session.cloud() as cloud, progress("looking") as tell:
        site = Site(session, cloud, services, policies, deep=deep)
        found: list[tuple[Check, list[Finding]]] = []
        for check in checks:
            tell(f"looking at {check.name}")
            found.append((check, looked(check, site)))
    causes = sum(one.state == "cause" for _, findings in found for one in findings)
    document = {"healthy": not causes, "causes": causes, "checks": [_document(*one) for one in found]}
    return Result(document, list(_shown(found, causes)), done=not causes)


def _live(site: Site, account: str | None) -> Result:
    """Every question of docs/live-checks.md: its answer and what to put where, or how to find out."""
    answers = {question: live.asked(read, site) for question, read in live.READ.items()}
    answers |= live.second(site, account) if account else {}
    told: list[dict[str, str]] = []
    for question, how, holds in live.rows():
        found = answers.get(question, live.Answer())
        told.append({"question": question, "answer": found.told, "put": found.put, "how": how, "holds": holds})
    shown: list[RenderableType] = []
    for one in sorted(told, key=lambda one: not one["answer"]):
        shown.append(Text(one["question"], "bold"))
        if one["answer"]:
            shown += [Text(f"    {one['answer']}"), Text(f"    put: {one['put'] or one['holds']}", "green")]
        else:
            shown += [
                Text(f"    not answered from here: {one['how']}", "dim"),
                Text(f"    held by: {one['holds']}", "dim"),
            ]
    return Result({"live_checks": told}, shown)


def _document(check: Check, findings: list[Finding]) -> dict[str, Any]:
    return {"name": check.name, "what": check.what, "findings": [one.shown() for one in findings]}


def _shown(found: list[tuple[Check, list[Finding]]], causes: int) -> Iterator[RenderableType]:
    for check, findings in found:
        for one in findings:
            mark, colour = MARKS[one.state]
            yield Text.assemble((mark, colour), (f"{check.name}: ", "bold"), one.cause or one.seen)
            yield from (Text.assemble(("      fix: ", "bold"), line) for line in one.fix)
    if not causes:
        yield Text("no cause found", "bold green")
        return
    named = ", ".join(check.name for check, findings in found if any(one.state == "cause" for one in findings))
    yield Text(f"{counted(causes, 'cause')} found: {named}", "bold red")
    yield following("read and follow the lines with `fix:`, from the top; then `cab doctor` again")
