"""One dead letter for people: what happened to which account, why, how often it was tried, and what to do next."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from rich.console import RenderableType
from rich.json import JSON
from rich.text import Text

from cli.doctor.fleet import DELETED, remedy
from cli.selection import age
from shared import events
from shared.letters import Letter
from shared.messages import AccountChanged, Hint
from shared.outcome import Reason
from shared.wording import counted

RUNBOOK = "docs/operations.md"
"""Has an entry for every reason. It is read where the project is; elsewhere the reason stands for itself."""
HAPPENED = {
    Hint.JOINED: "it was created, or has joined the directory",
    Hint.MOVED: "it was moved to another folder",
    Hint.LEFT: "it has left the directory, or is being closed",
    Hint.ENROL: "a person asked to enrol it",
    Hint.CHECK: "a person asked to check it",
    Hint.WITHDRAW: "a person asked to withdraw it",
}
READ_WHOLE = DELETED | {Reason.UNDELIVERED, Reason.REPLAY_STOPPED}
"""Reasons that only the message itself explains."""


def told(letter: Letter, accounts: list[str]) -> Iterator[RenderableType]:
    """``accounts`` are those that it is about, by id and name."""
    for label, text in _facts(letter, accounts):
        yield Text.assemble((f"{label}: ", "bold"), text)
    if letter.reason in READ_WHOLE:
        yield Text("the message:", "bold")
        yield JSON.from_data(letter.body, ensure_ascii=False) if isinstance(letter.body, dict | list) else letter.body
    for line in remedy(letter.reason, [letter], by_id=True):
        yield Text.assemble(("fix: ", "bold"), line)
    yield Text(f"runbook: {RUNBOOK}#{letter.reason}; the whole message: --json", "dim")


def _facts(letter: Letter, accounts: list[str]) -> Iterator[tuple[str, str]]:
    changes = [one for one in events.read(letter.held.body) if isinstance(one, AccountChanged)]
    yield "account", ", ".join(accounts) or "none is named"
    if not changes:
        yield "what happened", "a message came that names no account"
    for change in changes:
        at = f" at {change.event_at}" if change.event_at else ""
        yield "what happened", f"{HAPPENED[change.hint]}{at} ({change.event_name})"
    yield "why", f"{letter.reason}: {meaning(letter.reason)}".removesuffix(": ")
    yield "detail", letter.detail
    denial = letter.body.get("access_denied_detail") if isinstance(letter.body, dict) else None
    if isinstance(denial, dict):
        yield "denied", ", ".join(f"{name} {value}" for name, value in denial.items())
    if letter.attempts:
        when = f"first at {letter.first_failed_at}, last at {letter.last_failed_at}"
        yield "tried", f"{counted(letter.attempts, 'time')}, {when}"
    yield "waits", f"since {age(letter.age)}; the queue forgets it in {age(letter.left)}"
    if letter.request_ids:
        yield "request ids", " ".join(letter.request_ids)


def meaning(reason: Reason | str) -> str:
    """What the runbook says that the reason means; nothing where there is no runbook."""
    try:
        text = (Path(__file__).parents[1] / RUNBOOK).read_text(encoding="utf-8")
    except OSError:
        return ""
    found = re.search(rf"^### {re.escape(str(reason))}\n\n\*\*Means\.\*\* (.+?)\n\n", text, re.MULTILINE | re.DOTALL)
    return " ".join(found[1].split()) if found else ""
