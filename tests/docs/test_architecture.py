from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.cloud import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("*.md"))
MOST_LINES = 40


def test_every_module_has_its_place() -> None:
    """The table of files has every module of shared/."""
    table = PAGE.partition("| file | what it holds |")[2].partition("\n## ")[0]
    named = [name for row in table.splitlines() for name in re.findall(r"`(\w+\.py)`", row.split(" | ")[0])]
    modules = [path.name for path in ROOT.glob("shared/*.py") if path.name != "__init__.py"]
    assert [name for name in sorted(modules) if name not in named] == []


def test_every_folder_has_its_place() -> None:
    """The list of folders has each one that holds Python."""
    folders = {path.parent.name for path in ROOT.glob("*/__init__.py")}
    assert [folder for folder in sorted(folders) if f"\n{folder}/" not in PAGE] == []


def test_every_package_has_its_purpose() -> None:
    """Each direct requirement is in the table of packages."""
    names = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert [name for name in names if f"`{name.casefold()}`" not in PAGE] == []


def test_rules_are_numbered() -> None:
    """The rules are counted from one, without a gap."""
    rules = PAGE.partition("\n## Rules\n")[2].partition("\n## ")[0]
    numbers = [int(number) for number in re.findall(r"^(\d+)\. \*\*", rules, re.MULTILINE)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) > 10


@pytest.mark.parametrize("path", DECISIONS, ids=lambda path: path.stem)
def test_a_decision_is_short_and_has_its_parts(path: Path) -> None:
    """A decision says its context, what was decided and what follows, in less than forty lines."""
    text = path.read_text(encoding="utf-8")
    assert re.findall(r"^## (\w+)", text, re.MULTILINE) == ["Context", "Decision", "Consequences"]
    assert len(text.splitlines()) < MOST_LINES


def test_decisions_have_numbers_of_their_own() -> None:
    """No two decisions have the same number, and each title begins with its own."""
    numbers = [int(path.name[:4]) for path in DECISIONS]
    titles = [int(path.read_text(encoding="utf-8").lstrip("# ").partition(".")[0]) for path in DECISIONS]
    assert titles == numbers == sorted(set(numbers))
