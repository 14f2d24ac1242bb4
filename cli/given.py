"""Events that are given in files: read as they are, and put into requests of a size that a door reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from cli.output import WrongUseError
from shared.events import MOST_BYTES


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
            f"{where_from}: not JSON: {error}", "correct it or leave it out; nothing was sent"
        ) from error
