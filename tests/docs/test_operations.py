"""The runbook has an entry for every reason, whose commands do what they are there for."""

from __future__ import annotations

import logging
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cli.main import app
from shared.cloud import memory
from shared.outcome import Reason
from tests.cloud import ROOT, LocalCloud
from tests.docs import letters

if TYPE_CHECKING:
    from collections.abc import Iterator

TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL))
PARTS = ("Means", "Check", "Fix", "Run")
ASKS = {"redrive", "delete", "bootstrap", "teardown", "apply", "onboard"}
"""Verbs that ask before they change anything."""
WRITES = re.compile("Create|Delete|Update|Attach|AddCross|SetPolicy|OpenHbr")
KEPT = {Reason.CLOUD_BACKUP_NOT_OPEN, Reason.ROLE_NOT_USABLE, Reason.GRACE, Reason.MASS_REMOVAL}
"""Their commands change something in an account, and leave letters as they are."""
COMMANDS = sorted({one or other for one, other in re.findall(r"`(cab [^`]+)`|^ *(cab .+)$", TEXT, re.MULTILINE)})


def test_every_reason_has_an_entry() -> None:
    """The headings of the runbook are exactly the reasons that a dead letter can have."""
    assert set(ENTRIES) == {str(reason) for reason in Reason}


@pytest.mark.parametrize("reason", Reason)
def test_entries_are_complete(reason: Reason) -> None:
    """Each entry says what it means, how to check, how to fix, and the command to run."""
    found = dict(re.findall(r"\*\*(\w+)\.\*\* (.+)", ENTRIES[str(reason)]))
    assert tuple(found) == PARTS
    assert all(len(found[part]) > 10 for part in PARTS)
    assert "`cab " in found["Run"]


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_known(command: str) -> None:
    """Every command of the page is a verb of the console with options that it has."""
    ran = CliRunner().invoke(app, [*shlex.split(command)[1:], "--help"])
    assert ran.exit_code == 0, ran.output


@pytest.fixture
def zone(cloud: LocalCloud, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalCloud]:
    """A fresh landing zone, and a person in the project's folder."""
    cloud.reset()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("CAB_EMULATOR", cloud.endpoints["control"])
    memory().forget()
    yield cloud
    logging.disable(logging.NOTSET)


def carry_out(command: str, ends: int = 0) -> None:
    """Run a command of the page in this process, and say yes; ``ends`` is its exit status."""
    line, _, file = command.partition(" > ")
    words = shlex.split(line)[1:]
    ran = CliRunner().invoke(app, ["--local", *words, *(["--yes"] if ASKS & set(words) else [])])
    assert ran.exit_code == ends, f"{command}\n{ran.output}"
    if file:
        Path(file).write_text(ran.stdout, encoding="utf-8")


def commands(reason: Reason, part: str) -> list[str]:
    """The commands in one part of a reason's entry, which may have several lines."""
    text = ENTRIES[str(reason)].partition(f"**{part}.** ")[2].partition("\n\n")[0]
    found: list[str] = re.findall(r"`(cab [^`]+)`", text.replace("\n", " "))
    return [one.replace(" ACCOUNT", " 1000000000000011") for one in found]


@pytest.mark.parametrize("reason", Reason)
def test_what_is_to_be_run_does_it(zone: LocalCloud, reason: Reason) -> None:
    """The commands under *Check* and *Run* work; they move the letter that they are for, and no other."""
    other = Reason.THROTTLED if reason is Reason.ACCESS_DENIED else Reason.ACCESS_DENIED
    put = letters.put(zone, {reason, other} - letters.ANSWERS)
    if reason is Reason.GRACE:
        carry_out("cab onboard 1000000000000012")
    for command in commands(reason, "Check"):
        # On a fresh zone the account is not enrolled, which is what this check is for.
        carry_out(command.replace(" ID", f" {put.get(reason)}"), ends="--check" in command)
        # What was looked at shows again after a second.
        zone.advance(1.1)
    began = zone.journal()[-1]["seq"]
    for command in commands(reason, "Run"):
        carry_out(command)
    gone = {one for one, letter in put.items() if letter not in letters.waiting(zone)}
    assert gone == (set() if reason in KEPT else {reason} - letters.ANSWERS)
    if reason in KEPT:
        assert any(WRITES.match(one["action"]) for one in zone.journal(since=began))


@pytest.mark.parametrize("reason", Reason)
def test_reasons_without_letters_say_so(reason: Reason) -> None:
    """Of those that are only in answers and logs, and of no others, the page says that no letter has them."""
    assert ("no letter has it" in ENTRIES[str(reason)]) is (reason in letters.ANSWERS)


@pytest.mark.parametrize("command", ["cab nonsense", "cab status --nonsense", "cab dead-letters nonsense"])
def test_the_check_of_commands_is_awake(command: str) -> None:
    """A verb or an option that does not exist is noticed."""
    assert CliRunner().invoke(app, [*shlex.split(command)[1:], "--help"]).exit_code != 0
