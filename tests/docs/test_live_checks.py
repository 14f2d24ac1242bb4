from __future__ import annotations

import json
import re

from emulator.guesses import Guesses
from shared.config import Assumptions
from tests.cloud import ROOT
from tests.docs.documents import texts

PAGE = (ROOT / "docs" / "live-checks.md").read_text(encoding="utf-8")
ROWS = [line.split(" | ") for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith("| **")][2:]
SHIPPED = ("shared/", "functions/", "cli/", "policies/", "tools/", "s.yaml", "config.yaml")


def test_every_row_is_complete() -> None:
    """Each row asks, says why, how to find out, what holds the answer, and where the code says so."""
    assert len(ROWS) > 20
    assert [row[0] for row in ROWS if len(row) != 5 or not all(cell.strip(" |") for cell in row)] == []


def test_every_guess_is_in_the_table() -> None:
    """Each switch of the emulator, and each assumption of the configuration, has its row."""
    answers = " ".join(row[3] for row in ROWS)
    assert [name for name in Guesses.model_fields if f"`{name}`" not in answers] == []
    assert [name for name in Assumptions.model_fields if f"`assumptions.{name}`" not in answers] == []


def test_every_marked_place_is_in_the_table() -> None:
    """A file of what is deployed that calls something a guess, or inferred, is named in the last column."""
    marked = re.compile(r"\binferred\b|\bguess\b", re.IGNORECASE)
    named = set(re.findall(r"`([\w./-]+)`", " ".join(row[4] for row in ROWS)))
    found = {
        name
        for name, text in texts().items()
        if name.startswith(SHIPPED)
        and any(marked.search(line) and "rows marked" not in line for line in text.splitlines())
    }
    assert sorted(found - named) == []
    assert [name for name in sorted(named) if not (ROOT / name).exists()] == []


def test_every_action_that_no_page_names_is_in_the_table() -> None:
    """Each action of each file in ``policies/`` is on a page that was read, or asked about here."""
    files = [json.loads(file.read_text(encoding="utf-8")) for file in (ROOT / "policies").glob("*.json")]
    actions = [statement["Action"] for file in files for statement in file["Statement"]]
    granted = {one for named in actions for one in ([named] if isinstance(named, str) else named)}
    pages = json.loads((ROOT / "tests" / "security" / "documented_actions.json").read_text(encoding="utf-8"))
    named = {action for page in pages for action in page["actions"]}
    (asked,) = (row[0] for row in ROWS if "actions of RAM" in row[0])
    assert {action.partition(":")[0] for action in named} == {action.partition(":")[0] for action in granted}
    assert named <= granted
    assert set(re.findall(r"`([^`]+)`", asked)) == granted - named
