"""``cab report``: coverage for people who were not there: one HTML file, a table for spreadsheets, or JSON."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.bootstrap import ServicesFile
from cli.output import NotDoneError, Result, following, progress
from cli.report.model import document
from cli.report.page import page
from cli.report.sources import gather, in_full
from cli.session import Session
from cli.site import Site
from cli.verb import verb
from shared.wording import counted

COLUMNS = (
    "account_id", "display_name", "folder", "type", "state", "attention", "why", "rule", "missing", "drift", "joined",
    "evidence",
)  # fmt: skip
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What a spreadsheet takes for a formula; a text that begins so is marked as one."""

HtmlFile = Annotated[
    Path | None, typer.Option("--html", metavar="FILE", help="Write one self-contained page there.", dir_okay=False)
]
CsvFile = Annotated[
    Path | None, typer.Option("--csv", metavar="FILE", help="Write a row per account there.", dir_okay=False)
]


@verb("cab report --html coverage.html")
def report(
    session: Session,
    *,
    html: HtmlFile = None,
    table: CsvFile = None,
    deep: Annotated[bool, typer.Option("--deep", help="Also enter every wanted account and prove its role.")] = False,
    services: ServicesFile = Path("s.yaml"),
) -> Result:
    """Report coverage: by folder and region, what needs attention, drift, dead letters, backups of who has left.

    With --json the whole report is one document. Changes nothing in the cloud.
    """
    with session.cloud() as cloud, progress("looking") as tell:
        site = Site(session, cloud, services)
        found = document(in_full(gather(site, tell, deep=deep), site, tell))
    written = []
    for path, text in ((html, page), (table, as_csv)):
        if path is not None:
            _write(path, text(found))
            written.append(str(path))
    return Result(found, list(_shown(found, written)))


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise NotDoneError(f"{path} cannot be written: {error}", "name another file", reason="not_written") from error


def as_csv(found: dict[str, Any]) -> str:
    """A row per account; lists are joined by blanks."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    writer.writerows([_cell(row[column]) for column in COLUMNS] for row in found["accounts"])
    return out.getvalue()


def _cell(value: Any) -> str:  # noqa: ANN401 - JSON
    text = " ".join(map(str, value)) if isinstance(value, list) else str(value)
    return f"'{text}" if text.startswith(FORMULA) else text


def _shown(found: dict[str, Any], written: list[str]) -> Iterator[RenderableType]:
    summary = found["summary"]
    how = "registered and proven" if found["deep"] else "registered"
    yield Text(f"{summary['enrolled']} of {counted(summary['wanted'], 'wanted account')} {how}", "bold")
    if summary["to_prove"]:
        yield f"backups: {summary['proved']} of {counted(summary['to_prove'], 'account')} proved"
    yield f"needing attention: {counted(summary['attention'], 'account')}"
    letters = summary["dead_letters"]
    yield "dead letters could not be read" if letters is None else counted(letters, "dead letter")
    yield f"backups of accounts that have left: of {counted(summary['retained'], 'account')}"
    yield from (Text(f"not looked at: {one}", "yellow") for one in found["unread"])
    yield from (f"written: {path}" for path in written)
    if not written:
        yield following("--html FILE writes a page, --csv FILE a table, --json prints everything")
