"""The files of the project as git knows them, and what a Markdown document is made of."""

from __future__ import annotations

import re
import subprocess
from functools import cache
from pathlib import Path
from textwrap import dedent
from typing import NamedTuple

from tests.cloud import ROOT

FENCE = re.compile(
    r"(?:^ *<!-- (?P<note>[^\n]*?) -->\n)?^(?P<indent> *)```(?P<language>\w*)\n(?P<text>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)
"""A block; within a list it is indented as the list is."""
NOT_RUN = "not run: "
"""A comment on the line above a block that begins so says why the block is not executed."""


class Block(NamedTuple):
    """A fenced block, with the comment on the line above it."""

    language: str
    text: str
    note: str


@cache
def files() -> list[Path]:
    """Every file that belongs to the project, those not committed yet included."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603 - our own
    return sorted(path for name in listed.split("\0") if name and (path := ROOT / name).is_file())


def texts() -> dict[str, str]:
    """Path → text of every file that is text."""
    found = {}
    for path in files():
        try:
            found[str(path.relative_to(ROOT))] = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
    return found


def documents() -> dict[str, str]:
    """The same for Markdown alone."""
    return {name: text for name, text in texts().items() if name.endswith(".md")}


def blocks(text: str) -> list[Block]:
    """Every fenced block of a document, from the margin."""
    return [Block(one["language"], dedent(one["text"]), one["note"] or "") for one in FENCE.finditer(text)]


def prose(text: str) -> str:
    """A document without its fenced blocks and code spans, in which brackets mean nothing."""
    return re.sub(r"`[^`\n]*`", "", FENCE.sub("", text))


def anchors(text: str) -> set[str]:
    """What a link may point to within a document: its headings as GitHub names them."""
    headings = re.findall(r"^#+ +(.+?) *$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.casefold()).replace(" ", "-") for heading in headings}
