"""``cab dead-letters``: what waits for a person, why, and the way back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.advice import advise
from cli.attempted import named
from cli.letter import told
from cli.letters import HIDDEN, look, table
from cli.output import NotDoneError, Result, WrongUseError, confirm, following, progress
from cli.selection import Accounts, Ids, Newer, Older, Reasons, chosen
from cli.session import Session
from cli.verb import Yes, verb
from shared import dead_letters
from shared.dead_letters import Look, Moved
from shared.letters import Letter, waiting
from shared.messages import Selection
from shared.queue import Queues
from shared.wording import counted

Apply = Annotated[bool, typer.Option("--apply", help="Carry it out; without this, only show which letters it is for.")]
All = Annotated[bool, typer.Option("--all", help="Every letter; without this, say which.")]


@verb("cab dead-letters list --reason access_denied")
def list_(
    session: Session,
    *,
    reason: Reasons = None,
    account: Accounts = None,
    older_than: Older = None,
    newer_than: Newer = None,
) -> Result:
    """Show what waits for a person, oldest first: reason, accounts, age, and how long the queue still keeps it."""
    selection = chosen(None, reason, account, older_than, newer_than)
    with session.cloud() as cloud, progress("receiving dead letters"), look(cloud.queues) as seen:
        found = seen.chosen(selection)
    return Result(_document(found, seen), list(_listed(found, seen)))


@verb("cab dead-letters show 0000000000000001-1-0")
def show(session: Session, id_: Annotated[str, typer.Argument(metavar="ID", help="Its id.")]) -> Result:
    """Say of one dead letter what happened to which account, why, how often it was tried, and what to do next.

    With --json the whole of it, the message itself included.
    """
    with session.cloud() as cloud, progress("receiving dead letters") as tell:
        with look(cloud.queues) as seen:
            found = seen.chosen(Selection(ids=frozenset({id_})))
        tell("looking for the names of its accounts")
        accounts = [named(account, cloud.ports) for one in found for account in one.account_ids]
    if not found:
        raise NotDoneError(f"no dead letter with the id {id_!r} can be seen", _unseen(seen), reason="not_found")
    (letter,) = found
    return Result({**letter.shown(), "message": letter.body}, list(told(letter, accounts)))


@verb("cab dead-letters redrive --reason access_denied --apply")
def redrive(
    session: Session,
    ids: Ids = None,
    *,
    reason: Reasons = None,
    account: Accounts = None,
    older_than: Older = None,
    newer_than: Newer = None,
    all_: All = False,
    apply: Apply = False,
    yes: Yes = False,
) -> Result:
    """Bring dead letters back for another try, with their history: into the retry queue, then out of this one."""
    selection = _said(chosen(ids, reason, account, older_than, newer_than), all_=all_)
    return _move(session, selection, "redrive", dead_letters.redrive, apply=apply, yes=yes)


@verb("cab dead-letters delete --reason unreadable --older-than 2d --apply")
def delete(
    session: Session,
    ids: Ids = None,
    *,
    reason: Reasons = None,
    account: Accounts = None,
    older_than: Older = None,
    newer_than: Newer = None,
    all_: All = False,
    apply: Apply = False,
    yes: Yes = False,
) -> Result:
    """Delete dead letters for good. What they asked for is then done only if a sweep finds it."""
    selection = _said(chosen(ids, reason, account, older_than, newer_than), all_=all_)
    return _move(session, selection, "delete", dead_letters.delete, apply=apply, yes=yes)


VERBS = (list_, show, redrive, delete)


def _said(selection: Selection, *, all_: bool) -> Selection:
    """A selection, or explicitly everything."""
    if (selection == Selection()) is not all_:
        raise WrongUseError("say which letters: ids, --reason, --account, --older-than, --newer-than; or --all")
    return selection


def _move(
    session: Session,
    selection: Selection,
    what: str,
    move: Callable[[Queues, Selection], Iterator[Moved]],
    *,
    apply: bool,
    yes: bool,
) -> Result:
    """Look which letters it is for; carry it out for exactly those if a person says so."""
    with session.cloud() as cloud:
        with progress("receiving dead letters"), look(cloud.queues) as seen:
            found = seen.chosen(selection)
        if not apply or not found:
            shown = [
                *_listed(found, seen),
                *([following("this was a preview; --apply carries it out")] if found else []),
            ]
            return Result({"preview": not apply, **_document(found, seen)}, shown)
        confirm(f"{what.capitalize()} {counted(len(found), 'dead letter')}?", yes=yes)
        moved = []
        with progress(f"{what}: 0 of {len(found)}") as tell:
            for one in move(cloud.queues, Selection(ids=frozenset(letter.id for letter in found))):
                moved.append(one)
                tell(f"{what}: {len(moved)} of {len(found)}")
    return _moved(what, found, moved)


def _moved(what: str, found: list[Letter], moved: list[Moved]) -> Result:
    """What became of each; a letter that was gone by then was taken by somebody else."""
    gone = sorted({letter.id for letter in found} - {one.letter.id for one in moved})
    failed = [one for one in moved if one.failure]
    done = len(moved) - len(failed)
    document = {"preview": False, what: done, "letters": [one.shown() for one in moved], "gone": gone}
    lines: list[RenderableType] = [Text(f"{what}: {done} of {len(found)}")]
    lines += [Text(f"{one.letter.id}: not done: {one.failure}", "yellow") for one in failed]
    lines += [Text(f"{one}: no longer there", "yellow") for one in gone]
    if what == "redrive" and done:
        lines.append(following("they are tried now, one after the other; `cab status` tells what comes of it"))
    return Result(document, lines, done=not failed and not gone)


def _document(found: Iterable[Letter], seen: Look) -> dict[str, Any]:
    """``hidden_meanwhile`` letters were shown to nobody else while this looked; they have been handed back."""
    found = list(found)
    return {
        **waiting(found),
        "hidden_meanwhile": len(seen.letters),
        "hidden_seconds": seen.hidden_seconds,
        "complete": seen.complete,
        "letters": [letter.shown() for letter in found],
    }


def _listed(found: list[Letter], seen: Look) -> Iterator[RenderableType]:
    if found:
        yield table([one.shown() for one in found])
    yield counted(len(found), "dead letter")
    ending = sum(one.ends_soon for one in found)
    if ending:
        yield Text(f"{ending} of them will be lost within two days: nothing resets a letter's time", "bold red")
    yield Text(_unseen(seen), "dim")
    for reason in dict.fromkeys(one.reason for one in found):
        yield following(f"{reason}: {advise(str(reason)) or 'of another release; read its detail'}")


def _unseen(seen: Look) -> str:
    """What a look cannot show."""
    text = f"hidden from others meanwhile, and handed back: {counted(len(seen.letters), 'row')}; not shown: {HIDDEN}"
    return text if seen.complete else f"{text}; there are more than one look shows"
