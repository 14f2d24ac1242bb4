"""The runbook has an entry for every reason, and its commands are ones that the console knows."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.testing import CliRunner

from cli.main import app
from shared.outcome import Reason
from tests.cloud import ROOT

TEXT = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^### (\w+)\n(.*?)(?=^##)", TEXT, re.MULTILINE | re.DOTALL))
PARTS = ("Means", "Check", "Fix", "Run")
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


@pytest.mark.parametrize("command", ["cab nonsense", "cab status --nonsense", "cab dead-letters nonsense"])
def test_the_check_of_commands_is_awake(command: str) -> None:
    """A verb or an option that does not exist is noticed."""
    assert CliRunner().invoke(app, [*shlex.split(command)[1:], "--help"]).exit_code != 0
