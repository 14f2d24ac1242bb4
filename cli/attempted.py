"""What became of one account: the answer of a door, for people and as an exit code."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from cli.advice import advise
from cli.output import Result, WrongUseError, following, progress
from cli.session import Session
from cli.stock import told
from shared.config import Prices
from shared.fleet import everyone
from shared.outcome import AttemptError
from shared.ports import Ports
from shared.verdict import find

DIGITS = 16


def checked(account_id: str) -> str:
    """The account's id, if it can be one."""
    if len(account_id) != DIGITS or not (account_id.isascii() and account_id.isdigit()):
        raise WrongUseError(
            f"expected an account id of {DIGITS} digits, found {account_id!r}", "`cab status --json` lists them"
        )
    return account_id


def account_of(text: str, session: Session) -> str:
    """The account's id, given as that or as the name that only one account has."""
    if text.isdigit():
        return checked(text)
    with session.cloud() as cloud, progress(f"looking for {text}"):
        found = [member.account_id for member in everyone(cloud.ports) if member.display_name == text]
    if len(found) != 1:
        what = f"{len(found)} accounts are called {text!r}" if found else f"no account is called {text!r}"
        raise WrongUseError(what, f"name one by its id: {', '.join(found) or '`cab status --json` lists them'}")
    return found[0]


def named(account_id: str, ports: Ports) -> str:
    """The account's id and display name. Without the name where nobody knows it, or the directory may not be read."""
    with suppress(AttemptError):
        member = find(account_id, ports)
        return f"{account_id} {member.display_name if member else ''}".strip()
    return account_id


def is_done(ended: dict[str, Any]) -> bool:
    """Whether an attempt did what it was for."""
    return ended.get("disposition") == "done"


def result_of(ended: dict[str, Any], prices: Prices | None) -> Result:
    """The result of a verb that is one attempt."""
    return Result(ended, list(shown(ended, prices)), done=is_done(ended))


def shown(ended: dict[str, Any], prices: Prices | None) -> Iterator[RenderableType]:
    """What happened, what happens next, and what a person can do."""
    yield from happened(ended, prices)
    yield from map(following, _following(ended))
    if ended.get("api_calls"):
        yield Text(f"    {ended['api_calls']} API calls, {ended.get('duration_ms', 0) / 1000:.1f} s", "dim")


def happened(ended: dict[str, Any], prices: Prices | None) -> Iterator[RenderableType]:
    """What was done, in what order; if it was not all, why.

    What backups cost is said only with ``prices`` of the configuration.
    """
    name = f"{ended.get('account_id', '')} {ended.get('display_name', '')}".strip() or "an event"
    state = str(ended.get("state", "")).replace("_", " ")
    yield Text.assemble((name, "bold"), f" {state}", f", by the rule {ended['rule']!r}" if ended.get("rule") else "")
    yield from (Text(f"    {step}") for step in ended.get("steps", []))
    yield from (Text(f"    warning: {warning}", "yellow") for warning in ended.get("warnings", []))
    yield from (Text(f"    {line}", "dim") for line in told(ended.get("inventory", {}), prices))
    if ended.get("why"):
        yield Text(f"    {ended['why']}")
    if ended.get("reason"):
        yield Text.assemble(("    not done: ", "bold red"), f"{ended['reason']}: {ended.get('detail', '')}")


def _following(ended: dict[str, Any]) -> Iterator[str]:
    if ended.get("disposition") == "retry":
        yield f"it is tried again by itself in {ended.get('delay')} s; the message waits in the retry queue"
    if ended.get("disposition") == "dead_letter":
        yield "it is not tried again by itself; the message waits in the dead-letter queue"
    if ended.get("disposition") == "ignored":
        yield f"nothing was done; `cab plan {ended.get('account_id', 'ACCOUNT')} --why` shows which rule decided"
    advice = advise(ended.get("reason"))
    if advice:
        yield advice
