"""What is given in files: read as it is, and events put into requests of a size that a door reads."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from cli.output import WrongUseError
from shared import events
from shared.events import MOST_BYTES
from shared.messages import AccountChanged

LEAVE_OUT = "correct it or leave it out; nothing was sent"
MOST_NESTED = 100
"""Levels of what is given; no event has ten. JSON can be read to a depth to which it cannot be written again."""


def requests_of(file: Path | None, folder: Path | None, jsonl: Path | None) -> Iterator[list[Any]]:
    """The events of one file, of a folder, or of the lines of a file, in lists that a door reads.

    Raises WrongUseError that names the place of what is not JSON or too large.
    """
    batch: list[Any] = []
    size = 0
    for where_from, event in _events(file, folder, jsonl):
        length = len(json.dumps(event))
        if length > MOST_BYTES // 2:
            raise WrongUseError(f"{where_from}: an event of {length} bytes is more than a door reads")
        if size + length > MOST_BYTES // 2:
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += length
    if batch:
        yield batch


def unreadable(file: Path | None, folder: Path | None, jsonl: Path | None) -> list[str]:
    """The places of what a replay can do nothing with, in the order in which a door comes upon it."""
    known = (AccountChanged, events.Ignored)
    read = ((place, one) for place, event in _events(file, folder, jsonl) for one in events.read(json.dumps(event)))
    return [place for place, one in read if not isinstance(one, known)]


def read(path: Path, following: str = LEAVE_OUT) -> Any:  # noqa: ANN401 - JSON of any shape
    """The JSON document of a file. Raises WrongUseError, with what to do next, where there is none."""
    return _parsed(_text(path, following), str(path), following)


def _events(file: Path | None, folder: Path | None, jsonl: Path | None) -> Iterator[tuple[str, Any]]:
    if jsonl:
        # Not splitlines: it knows more ends of a line than JSON does, and some may stand within a text.
        lines = ((f"{jsonl}:{number}", line) for number, line in enumerate(_text(jsonl).split("\n"), 1))
        yield from ((where_from, _parsed(line, where_from)) for where_from, line in lines if line.strip())
    for path in [file] if file else sorted(folder.glob("*.json")) if folder else []:
        document = read(path)
        if isinstance(document, list):
            yield from ((f"{path}, event {number}", event) for number, event in enumerate(document, 1))
        else:
            yield str(path), document


def _text(path: Path, following: str = LEAVE_OUT) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUseError(f"{path}: cannot be read: {error}", following) from error


def _parsed(text: str, where_from: str, following: str = LEAVE_OUT) -> Any:  # noqa: ANN401
    try:
        document = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise WrongUseError(f"{where_from}: not JSON: {error}", following) from error
    if _is_deeper(document, MOST_NESTED):
        raise WrongUseError(f"{where_from}: nested more than {MOST_NESTED} times", following)
    return document


def _is_deeper(document: Any, most: int) -> bool:  # noqa: ANN401
    level = [document]
    for _ in range(most):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _within(outer)]
        if not level:
            return False
    return True


def _within(outer: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return outer.values() if isinstance(outer, dict) else outer
