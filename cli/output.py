"""How the console speaks: one result, printed for people or as one JSON document, and one way to fail.

Results go to stdout; questions, progress and errors go to stderr, so that ``--json`` leaves nothing on stdout but JSON.
No verb prints by itself.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from rich.console import Console, RenderableType
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.prompt import Confirm, Prompt
from rich.text import Text

WIDTH = 200
"""Columns at most, where the output is not a terminal's: enough for every table to keep its lines whole."""
DONE, NOT_DONE, WRONG_USE = 0, 1, 2
"""Exit codes."""


@dataclass(frozen=True)
class Result:
    """What a verb found or did."""

    document: dict[str, Any]
    """What ``--json`` prints."""
    shown: Sequence[RenderableType]
    """The same for people."""
    done: bool = True
    """False: exit 1. The document says why."""


@dataclass(frozen=True)
class Said:
    """What the command said of where it is to look; every command that people are told says it again."""

    local: bool = False
    config_file: Path | None = None

    @property
    def options(self) -> dict[str, str]:
        """By the option's name, as it is typed."""
        config = {"--config": f"--config {shlex.quote(str(self.config_file))}"} if self.config_file else {}
        return {**({"--local": "--local"} if self.local else {}), **config}


NOTHING_SAID = Said()


class NotDoneError(Exception):
    """What was asked for was not done: why, and what to do next."""

    exit_code = NOT_DONE

    def __init__(self, what: str, following: str = "", *, reason: str = "not_done", detail: str = "") -> None:
        super().__init__(what)
        self.detail = detail
        """What machines are told beyond that, and people who ask for it with ``--verbose``."""
        self.what = what
        self.following = following
        self.reason = reason


class WrongUseError(NotDoneError):
    """The command itself cannot be right; nothing was tried."""

    exit_code = WRONG_USE

    def __init__(self, what: str, following: str = "") -> None:
        super().__init__(what, following, reason="wrong_use")


def console(*, stderr: bool = False) -> Console:
    """Rich on stdout or stderr; without colours, and of a fixed width, where that is not a terminal.

    A text goes out as it is: names and details are other people's, and what is styled is a ``Text``.
    """
    stream = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() or "COLUMNS" in os.environ else WIDTH
    return Console(stderr=stderr, width=width, highlight=False, markup=False, emoji=False)


def show(result: Result, *, as_json: bool, said: Said = NOTHING_SAID) -> int:
    """Print a result; return the exit code. People are told commands for the same cloud and the same configuration."""
    if as_json:
        _document(result.document)
    else:
        out = console()
        for part in result.shown:
            if isinstance(part, str | Text) and said.options:
                part = said_again(part, said)  # noqa: PLW2901 - the same line
            # Text is never cut: what reads the output of a pipe wants whole lines.
            out.print(part, soft_wrap=isinstance(part, str | Text) and not out.is_terminal)
    return DONE if result.done else NOT_DONE


def fail(error: NotDoneError, *, as_json: bool, said: Said = NOTHING_SAID) -> int:
    """Say why something was not done and what to do next; return the exit code."""
    if as_json:
        detail = {"detail": error.detail} if error.detail else {}
        _document({"error": {"reason": error.reason, "what": error.what, "next": error.following, **detail}})
    else:
        err = console(stderr=True)
        err.print(Text.assemble((f"{_NOT[error.exit_code]}: ", "bold red"), error.what), soft_wrap=True)
        if error.following:
            err.print(following(said_again(error.following, said).plain), soft_wrap=True)
    return error.exit_code


COMMAND = re.compile(r"(?:`|^\s*fix: |^)cab (?:(?! > )[^`\n])*")
"""A command of ours, in backticks or as the whole of a fix, without where its output goes."""
CONFIG_FILE = re.compile(r"(?<![\w./-])config\.yaml\b")
"""The configuration's usual name, by which texts mean the one in use."""


def said_again(line: str | Text, said: Said) -> Text:
    """The same line: every command of ours says what was said, and the configuration is called by its name."""
    text = line if isinstance(line, Text) else Text(line)
    put = {}
    for found in COMMAND.finditer(text.plain):
        missing = [option for name, option in said.options.items() if name not in found[0]]
        put[found.end(), found.end()] = "".join(f" {option}" for option in missing)
    if said.config_file:
        put |= {found.span(): str(said.config_file) for found in CONFIG_FILE.finditer(text.plain)}
    done, at = Text(), 0
    for (start, end), new in sorted(put.items()):
        done.append_text(text[at:start]).append(new)
        at = end
    return done.append_text(text[at:])


_NOT = {NOT_DONE: "not done", WRONG_USE: "wrong use"}


def moment(at: float) -> str:
    """A time, given in epoch seconds, for people."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def following(text: str) -> Text:
    """The line that says what a person does next."""
    return Text.assemble(("next: ", "bold"), text)


def _document(document: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(document, indent=2, ensure_ascii=False) + "\n")


@contextmanager
def progress(text: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that ``text`` is going on, and for how long; call what is given to change the text."""
    err = console(stderr=True)
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=err, transient=True, disable=not err.is_terminal) as shown:
        task = shown.add_task(text, total=None)

        def now(text: str) -> None:
            shown.update(task, description=text)

        yield now


def confirm(question: str, *, yes: bool, seen: Callable[[], Iterable[RenderableType]] = tuple) -> None:
    """Ask before the cloud is changed, unless told ``--yes``. Where nobody can be asked, that is wrong use.

    ``seen`` finds out what whoever is asked is shown first.
    """
    if yes:
        return
    if not _can_ask():
        raise WrongUseError(f"cannot ask without a terminal: {question}", "say --yes if that is what you want")
    for part in seen():
        console(stderr=True).print(part)
    try:
        agreed = Confirm.ask(Text(question), default=False, console=console(stderr=True))
    except EOFError:
        agreed = False
    if not agreed:
        raise NotDoneError("not confirmed, so nothing was changed", reason="not_confirmed")


def confirm_again(question: str, expected: str, given: str) -> None:
    """The second question, before something is lost: whoever agrees types what it is about, or has said it (--again).

    Raises WrongUseError.
    """
    if not given and _can_ask():
        given = ask(question)
    if given != expected:
        raise WrongUseError(f"{expected} was not typed again, so nothing was changed", f"--again {expected}")


def ask(question: str, *, unseen: bool = False) -> str:
    """What a person types on the terminal; ``unseen`` for what nobody may read there."""
    return Prompt.ask(Text(question), password=unseen, console=console(stderr=True))


def _can_ask() -> bool:
    return sys.stdin.isatty() and sys.stderr.isatty()
