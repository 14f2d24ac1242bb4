"""What is emulated, as Markdown made from the tables themselves: ``python -m emulator --coverage docs/emulator.md``.

A list written by hand would sooner or later promise what is not there.
"""

from __future__ import annotations

import inspect
import re
from typing import TYPE_CHECKING

from emulator import directory, logs
from emulator.fc import server as fc
from emulator.guesses import Guesses
from emulator.mns import server as mns
from emulator.server import SERVICES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from emulator.service import Action, Service

_TITLES = {
    "ram": "RAM",
    "sts": "STS",
    "resourcedirectory": "ResourceDirectoryMaster",
    "resourcemanager": "ResourceManager",
    "actiontrail": "ActionTrail",
    "mnsopen": "MNS-open",
    "hbr": "Cloud Backup (HBR)",
}
BEGIN, END = "<!-- coverage -->", "<!-- /coverage -->"
_GUESS = re.compile(r'^    (\w+): (.+?) = (.+?)\n    """(.+?)"""', re.MULTILINE | re.DOTALL)


def markdown() -> str:
    """The tables of actions and of guesses."""
    return "\n\n".join([*(_service(service) for service in SERVICES), _others(), _logs(), _guesses()]) + "\n"


def rewrite(path: Path) -> None:
    """Put the tables between the markers of a document."""
    before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    path.write_text(f"{before}{BEGIN}\n\n{markdown()}\n{END}{rest.partition(END)[2]}", encoding="utf-8")


def _service(service: Service) -> str:
    """One service; the older directory product only as far as it has more than the newer one."""
    shared = directory.SERVICE.actions if service is directory.RESOURCE_MANAGER else {}
    rows = (
        (name, _permission(action), "yes" if action.writes else "", _codes(action.errors))
        for name, action in sorted(service.actions.items())
        if name not in shared
    )
    title = f"### {_TITLES[service.name]} {service.version} ({_count(len(service.actions), 'action')})\n\n"
    if shared:
        title += f"All {len(shared)} actions of {_TITLES['resourcedirectory']}, with their older parameters, and:\n\n"
    return title + _table(("Action", "RAM action", "Write", "Refusals of its own"), rows)


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def _permission(action: Action) -> str:
    return f"`{action.permission}`" if action.permission else "none"


def _codes(codes: Iterable[str]) -> str:
    return ", ".join(f"`{code}`" for code in sorted(codes))


def _others() -> str:
    """Two services that are not of the RPC style, from the tables of their servers."""
    calls = [f"`{verb} {path}`" for verb, path, *_ in fc._ROUTES]  # noqa: SLF001  # the table is where the truth is
    return (
        f"### MNS 2015-06-06, XML ({len(mns.ACTIONS)} actions)\n\n{', '.join(sorted(mns.ACTIONS))}.\n\n"
        f"### Function Compute 2016-08-15 and 2023-03-30 ({len(calls)} paths)\n\n{', '.join(calls)}."
    )


def _logs() -> str:
    """The same for Simple Log Service, whose requests are JSON."""
    rows = (
        (one.name, f"`{one.ram}`", "yes" if one.writes else "", _codes(one.errors))
        for one in sorted(logs.ACTIONS, key=lambda one: one.name)
    )
    title = f"### Simple Log Service 2020-12-30 ({_count(len(logs.ACTIONS), 'action')})\n\n"
    note = (
        "\n\nA query of GetLogsV2 is words that are joined by `and`; of fields, text is searched, not numbers or JSON."
    )
    return title + _table(("Action", "RAM action", "Write", "Refusals of its own"), rows) + note


def _guesses() -> str:
    rows = (
        (f"`{name}`", _values(values), f"`{default}`", " ".join(reason.split()).replace("``", "`"))
        for name, values, default, reason in _GUESS.findall(inspect.getsource(Guesses))
    )
    return "### Guesses\n\n" + _table(("Guess", "Values", "Default", "What nobody knows"), rows)


def _values(annotation: str) -> str:
    return ", ".join(f"`{value}`" for value in re.findall(r'"(\w[\w.-]*)"', annotation)) or annotation


def _table(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    return "\n".join(_lines([head, tuple("---" for _ in head), *rows]))


def _lines(rows: Iterable[tuple[str, ...]]) -> Iterator[str]:
    for row in rows:
        yield "| " + " | ".join(row) + " |"
