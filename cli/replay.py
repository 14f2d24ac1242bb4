"""``cab replay``: events of the past back through the same door. A preview, unless told to apply."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.attempted import shown
from cli.doors import through, where
from cli.given import requests_of, unreadable
from cli.letters import wait_until_shown
from cli.output import NotDoneError, Result, WrongUseError, confirm, following, progress
from cli.selection import Accounts, Newer, Older, Reasons, chosen
from cli.session import Session
from cli.verb import Direct, Yes, verb
from shared.config import Prices
from shared.dead_letters import look
from shared.messages import Selection
from shared.wording import counted

AT_A_TIME = 25
"""Accounts, or dead letters, of one invocation; then it is asked for the next ones, so that one sees how it goes on."""
Ask = Callable[[dict[str, Any]], dict[str, Any]]
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

Start = Annotated[
    str | None,
    typer.Option("--start", metavar="TIME", help="Begin of a window of ActionTrail, as 2026-11-22T02:03:04Z."),
]
End = Annotated[str | None, typer.Option("--end", metavar="TIME", help="End of the window.")]
After = Annotated[
    str | None,
    typer.Option("--after", metavar="PLACE", help="Go on with a window where a replay stopped: `next` of its answer."),
]
File = Annotated[
    Path | None, typer.Option("--file", metavar="FILE", help="A file with one event, or a list of them.", exists=True)
]
Folder = Annotated[
    Path | None,
    typer.Option("--dir", metavar="FOLDER", help="A folder of such files, *.json.", file_okay=False, exists=True),
]
Lines = Annotated[
    Path | None, typer.Option("--jsonl", metavar="FILE", help="A file with one event a line.", exists=True)
]
Letters = Annotated[bool, typer.Option("--dead-letters", help="What waits for a person, attempted at once.")]
Apply = Annotated[bool, typer.Option("--apply", help="Carry it out; without this, only show what would be done.")]


@verb("cab replay --start 2026-11-22T00:00:00Z --end 2026-11-22T06:00:00Z")
def replay(
    session: Session,
    *,
    start: Start = None,
    end: End = None,
    after: After = None,
    file: File = None,
    folder: Folder = None,
    jsonl: Lines = None,
    letters: Letters = False,
    reason: Reasons = None,
    account: Accounts = None,
    older_than: Older = None,
    newer_than: Newer = None,
    apply: Apply = False,
    direct: Direct = False,
    yes: Yes = False,
) -> Result:
    """Bring events back: a window of ActionTrail, files, or dead letters. A preview, unless told to apply."""
    if sum(source is not None for source in (start or end, after, file, folder, jsonl, letters or None)) != 1:
        raise WrongUseError(
            "say one of: --start with --end, --after, --file, --dir, --jsonl, --dead-letters", "cab replay --help"
        )
    selection = chosen(None, reason, account, older_than, newer_than)
    if selection != Selection() and not letters:
        raise WrongUseError("--reason, --account and ages choose among dead letters: say --dead-letters, too")
    window: list[Any] = [{"after": after}] if after else [_window(start, end)] if start or end else []
    requests = window or ([] if letters else list(requests_of(file, folder, jsonl)))
    if apply:
        confirm(f"Carry out the replay {where('replay', session, direct=direct)}?", yes=yes)
    total: dict[str, Any] = {"preview": not apply, "read": 0, "ignored": 0, "unreadable": [], "accounts": []}
    ask = partial(_ask, session=session, apply=apply, direct=direct)
    answers = _letter_answers(_letters(selection, session), ask) if letters else _answers(requests, ask)
    with progress("replaying") as tell:
        for answer in answers:
            _add(total, answer)
            tell(f"replaying: {_read(total)}")
    places = unreadable(file, folder, jsonl) if total["unreadable"] else []
    if len(places) == len(total["unreadable"]):
        total["unreadable"] = [{"from": place, **one} for place, one in zip(places, total["unreadable"], strict=True)]
    # A dead letter that nobody can read is none the worse for it: it stays where it is.
    read = letters or not total["unreadable"]
    done = read and "stopped" not in total and all(map(_is_good, total["accounts"]))
    return Result(total, list(_shown(total, session.config.prices)), done=done)


def _letters(selection: Selection, session: Session) -> list[str]:
    """The ids of the chosen dead letters, oldest first. What fails again is another letter, so it is not chased."""
    with session.cloud() as cloud, progress("receiving dead letters"), look(cloud.queues) as seen:
        return [one.id for one in seen.chosen(selection)]


def _letter_answers(waiting: list[str], ask: Ask) -> Iterator[dict[str, Any]]:
    """Some letters at a time; those that an invocation had no time for are asked for again, while it comes further."""
    while waiting:
        wait_until_shown()
        now, later = waiting[:AT_A_TIME], waiting[AT_A_TIME:]
        answer = ask({"replay": {"dead_letters": {"ids": now}}})
        left = [one for one in now if one not in answer["letters"]] if answer.get("stopped") else []
        going_on = len(left) < len(now)
        yield {**answer, "stopped": None} if going_on else answer
        if not going_on:
            return
        waiting = left + later


def _answers(requests: list[Any], ask: Ask) -> Iterator[dict[str, Any]]:
    """Each request is asked again from where it stopped, until it is at its end or comes no further."""
    for request in requests:
        body: dict[str, Any] = {"replay": request, "most": AT_A_TIME}
        place: Any = None
        while True:
            answer = ask(body)
            going_on = answer.get("stopped") is not None and answer.get("next") not in (None, place)
            yield {**answer, "stopped": None} if going_on else answer
            if not going_on:
                break
            place = answer["next"]
            body |= {"skip": place} if isinstance(place, int) else {"replay": {"after": place}}


def _ask(body: dict[str, Any], *, session: Session, apply: bool, direct: bool) -> dict[str, Any]:
    answer = through("replay", {**body, "preview": not apply}, session, direct=direct)
    replayed: dict[str, Any] = answer.get("replay") or {"error": answer.get("detail", "this is no answer of a replay")}
    if "error" in replayed:
        raise NotDoneError(str(replayed["error"]), "correct the request: cab replay --help", reason="bad_request")
    return {**replayed, "warnings": answer.get("warnings", [])}


def _add(total: dict[str, Any], answer: dict[str, Any]) -> None:
    for name in ("read", "ignored", "unreadable", "accounts"):
        total[name] += answer[name]
    if answer.get("warnings"):
        total["warnings"] = answer["warnings"]
    if answer.get("stopped"):
        total |= {"stopped": answer["stopped"], "next": answer.get("next")}


def _window(start: str | None, end: str | None) -> dict[str, str]:
    if not (start and end and TIME.fullmatch(start) and TIME.fullmatch(end)):
        raise WrongUseError(f"expected --start and --end as 2026-11-22T02:03:04Z, found {start} and {end}")
    return {"start": start, "end": end}


def _is_good(one: dict[str, Any]) -> bool:
    """An applied one is done or needed nothing; a previewed one could be read."""
    return one["disposition"] in {"done", "ignored"} if "disposition" in one else one["state"] != "unknown"


def _read(total: dict[str, Any]) -> str:
    return f"{counted(total['read'], 'event')} read, {counted(len(total['accounts']), 'account')} named"


def _shown(total: dict[str, Any], prices: Prices | None) -> Iterator[RenderableType]:
    yield from (Text(f"warning: {warning}", "yellow") for warning in total.get("warnings", ()))
    yield f"{_read(total)}, {counted(total['ignored'], 'event')} ignored"
    for one in total["unreadable"]:
        yield Text(f"{one['from'] + ': ' if 'from' in one else ''}unreadable: {one['detail']}", "yellow")
    for one in total["accounts"]:
        yield from shown(one, prices)
    if "stopped" in total:
        yield Text.assemble(("not done: ", "bold red"), f"it stopped: {total['stopped']}")
        yield following("replay it again: what is done stays done")
    elif total["preview"] and total["accounts"]:
        yield following("this was a preview; --apply carries it out")
