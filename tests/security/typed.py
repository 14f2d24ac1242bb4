"""What somebody might type behind ``cab``: every verb with its own options, right, wrong, doubled and out of place."""

from __future__ import annotations

import inspect
import io
import logging
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from random import Random
from typing import Any, NamedTuple

import pytest
import typer

from cli.main import GROUPS, VERBS, main
from cli.verb import Command
from tests.flows.world import BACKUP, MANAGEMENT, PROD, SANDBOX, TEST

VALUES = (
    *(
        PROD,
        TEST,
        SANDBOX,
        MANAGEMENT,
        BACKUP,
        "1000000000000099",
        "10",
        "\uff11000000000000011",
        "prod-app",
        "*",
    ),
    *(
        "cn-hangzhou",
        "eu-west-1",
        "CN-HANGZHOU",
        "oss",
        "ecs",
        "file",
        "hana",
        "central",
        "cab-backup",
        "fd-prod000001",
    ),
    *("2026-11-22T02:03:04Z", "2026-13-40T99:00:00Z", "0001-01-01T00:00:00+23:59", "yesterday", "90m", "6h", "-1d"),
    *("0", "-1", "1e9", "NaN", "99999999999999999999", "9" * 5000, "", " ", "=", "--", "-", "-x", "--yes", "--help"),
    *("throttled", "grace", "access_denied", '{"a": ', "[]", "null", '{"VpcId": 1}', "[" * 5000, "true"),
    *("[bold]x[/]", "[/nonsense]", "\x1b[31m", "日本語", "\u202e", "\udcff", "a\nb", "%s%n", "$(id)", "'\"", "{0}"),
    *("../..", ".", "nonexistent/x", "bad.json", "folder", "good.json", "x" * 300),
)
"""``\\udcff`` is what Python makes of an argument that is not UTF-8. No argument can hold a NUL."""


LIKELY: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("account", "accounts"), (PROD, TEST, SANDBOX)),
    **dict.fromkeys(("start", "end", "at"), ("2026-11-22T02:03:04Z", "2026-11-28T00:00:00Z")),
    **dict.fromkeys(("older_than", "newer_than"), ("90m", "2d")),
    **dict.fromkeys(("plan", "file", "jsonl"), ("good.json", "bad.json", "plan.json", "deep.json")),
    **dict.fromkeys(("html", "table"), ("page", "folder")),
    "folder": ("folder",),
    "config_file": ("config.yaml", "bad.json", "folder"),
    "kind": ("oss", "nas", "file", "ecs"),
    "region": ("cn-hangzhou", "cn-shanghai"),
    "reason": ("throttled", "grace"),
}
"""What fits, by the name of a parameter: it is given more often than not, or nothing would ever come to be done."""
LEFT_OUT = ("local", "verbose")
"""All of it is for a local cloud, and none of it logs."""


class Typed(NamedTuple):
    """How one run of the console ended."""

    code: object
    out: str
    err: str


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> Typed:
    """Run ``cab`` in this process as its entry point does, with outputs that take UTF-8 and nothing else."""
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8", errors) for errors in ("strict", "backslashreplace"))
    monkeypatch.setattr(sys, "argv", ["cab", *words])
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    code: object = None
    try:
        with redirect_stdout(out), redirect_stderr(err):
            main()
    except SystemExit as ended:
        code = ended.code or 0
    finally:
        logging.disable(logging.NOTSET)
    return Typed(code, *(_written(one) for one in (out, err)))


def _written(stream: io.TextIOWrapper) -> str:
    stream.flush()
    buffer: Any = stream.buffer
    written: bytes = buffer.getvalue()
    return written.decode()


def commands() -> dict[tuple[str, ...], Command]:
    """Every verb of the console by its words."""
    alone = {(one.__name__.replace("_", "-"),): one for one in VERBS}
    return alone | {(group, one.__name__.replace("_", "-")): one for group in GROUPS for one in GROUPS[group][1]}


class Typing:
    """Makes command lines out of one seeded generator."""

    def __init__(self, seed: int) -> None:
        self.chance = Random(seed)
        self._verbs = sorted(commands().items())

    def lines(self, count: int) -> Iterator[list[str]]:
        """So many command lines, all of them for a local cloud."""
        for _ in range(count):
            verb, command = self.chance.choice(self._verbs)
            words = [*verb, *self._given(command)]
            for _ in range(self.chance.choice((0, 0, 0, 0, 1, 2))):
                self._disturb(words)
            yield ["--local", *words]

    def _given(self, command: Command) -> Iterator[str]:
        """Every second flag, most of what must be given, and some of the rest."""
        for name, parameter in inspect.signature(command).parameters.items():
            info, flag = parameter.annotation.__metadata__[0], parameter.annotation.__origin__ is bool
            wanted = parameter.default is inspect.Parameter.empty
            if name in LEFT_OUT or self.chance.random() > (0.95 if wanted else 0.5 if flag else 0.15):
                continue
            if not isinstance(info, typer.models.ArgumentInfo):
                yield str(info.default) if info.default is not ... else f"--{name}"
            if not flag:
                yield self._value(name)

    def _value(self, name: str) -> str:
        return self.chance.choice(LIKELY.get(name, VALUES) if self.chance.random() < 0.8 else VALUES)

    def _disturb(self, words: list[str]) -> None:
        at = self.chance.randrange(len(words) + 1)
        match self.chance.randrange(4):
            case 0:
                del words[at : at + 1]
            case 1:
                words[at:at] = words[at : at + 1]
            case 2:
                self.chance.shuffle(words)
            case _:
                words[at:at] = [self._value("")]
