"""``cab replay``: events of the past back through the same door. A preview, unless told to apply."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.attempted import is_done, shown
from cli.doors import through, where
from cli.output import NotDoneError, Result, WrongUseError, confirm, following, progress
from cli.session import Session
from cli.verb import Direct, Yes, verb
from shared.events import MOST_BYTES

MOST_EVENTS = 200
"""Events in one request: each may name another account, and an invocation has minutes."""
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")

Start = Annotated[str | None, typer.Option(help="Begin of a window of ActionTrail, as 2026-11-22T02:03:04Z.")]
End = Annotated[str | None, typer.Option(help="End of the window.")]
File = Annotated[Path | None, typer.Option("--file", help="A file with one event, or a list of them.", exists=True)]
Folder = Annotated[
    Path | None, typer.Option("--dir", help="A folder of such files, *.json.", file_okay=False, exists=True)
]
Lines = Annotated[Path | None, typer.Option("--jsonl", help="A file with one event a line.", exists=True)]
Apply = Annotated[bool, typer.Option("--apply", help="Carry it out; without this, only show what would be done.")]


@verb("cab replay --start 2026-11-22T00:00:00Z --end 2026-11-22T06:00:00Z")
def replay(
    session: Session,
    *,
    start: Start = None,
    end: End = None,
    file: File = None,
    folder: Folder = None,
    jsonl: Lines = None,
    apply: Apply = False,
    direct: Direct = False,
    yes: Yes = False,
) -> Result:
    """Bring events back: a window of ActionTrail, or files. One look at each account, however many events it had."""
    sources: dict[str, Any] = {"window": start or end, "--file": file, "--dir": folder, "--jsonl": jsonl}
    if sum(source is not None for source in sources.values()) != 1:
        raise WrongUseError("say one of: --start with --end, --file, --dir, --jsonl", "cab replay --help")
    requests = [_window(start, end)] if start or end else list(_requests(file, folder, jsonl))
    if apply:
        confirm(f"Carry out the replay {where('replay', session, direct=direct)}?", yes=yes)
    total: dict[str, Any] = {"preview": not apply, "read": 0, "ignored": 0, "unreadable": [], "accounts": []}
    with progress("replaying") as tell:
        for number, request in enumerate(requests, 1):
            tell(f"replaying, request {number} of {len(requests)}")
            answer = through("replay", {"replay": request, "preview": not apply}, session, direct=direct)
            _add(total, answer)
    return Result(total, list(_shown(total)), done=all(map(_is_good, total["accounts"])))


def _window(start: str | None, end: str | None) -> dict[str, str]:
    if not (start and end and TIME.fullmatch(start) and TIME.fullmatch(end)):
        raise WrongUseError(f"expected --start and --end as 2026-11-22T02:03:04Z, found {start} and {end}")
    return {"start": start, "end": end}


def _requests(file: Path | None, folder: Path | None, jsonl: Path | None) -> Iterator[list[Any]]:
    """The events in lists that one request can hold: below the size that a door reads, and not too many."""
    batch: list[Any] = []
    size = 0
    for where_from, event in _events(file, folder, jsonl):
        length = len(json.dumps(event))
        if length > MOST_BYTES // 2:
            raise WrongUseError(f"{where_from}: an event of {length} bytes is more than a door reads")
        if batch and (size + length > MOST_BYTES // 2 or len(batch) == MOST_EVENTS):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


def _events(file: Path | None, folder: Path | None, jsonl: Path | None) -> Iterator[tuple[str, Any]]:
    if jsonl:
        lines = enumerate(jsonl.read_text(encoding="utf-8").splitlines(), 1)
        yield from ((f"{jsonl}:{number}", _parsed(line, f"{jsonl}:{number}")) for number, line in lines if line.strip())
    for path in [file] if file else sorted(folder.glob("*.json")) if folder else []:
        document = _parsed(path.read_text(encoding="utf-8"), str(path))
        yield from ((str(path), event) for event in (document if isinstance(document, list) else [document]))


def _parsed(text: str, where_from: str) -> Any:  # noqa: ANN401 - JSON of any shape
    try:
        return json.loads(text)
    except ValueError as error:
        raise WrongUseError(
            f"{where_from}: not JSON: {error}", "correct it, or leave it out; nothing was sent"
        ) from error


def _add(total: dict[str, Any], answer: dict[str, Any]) -> None:
    replayed = answer.get("replay")
    if replayed is None or "error" in replayed:
        detail = replayed["error"] if replayed else answer.get("detail", "the answer was not that of a replay")
        raise NotDoneError(str(detail), "correct the request: cab replay --help", reason="bad_request")
    for name in ("read", "ignored", "unreadable", "accounts"):
        total[name] += replayed[name]


def _is_good(one: dict[str, Any]) -> bool:
    """An applied one is done or needed nothing; a previewed one could be read."""
    return is_done(one) or one.get("disposition") == "ignored" if "disposition" in one else one["state"] != "unknown"


def _shown(total: dict[str, Any]) -> Iterator[RenderableType]:
    yield f"{total['read']} events read, {len(total['accounts'])} accounts named, {total['ignored']} events ignored"
    yield from (Text(f"unreadable: {one['detail']}", "yellow") for one in total["unreadable"])
    for one in total["accounts"]:
        yield from shown(one if "disposition" in one else {**one, "disposition": "done"})
    if total["preview"] and total["accounts"]:
        yield following("this was a preview; --apply carries it out")
