from __future__ import annotations

import json
import logging
import re
import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner

from cli.main import app
from tests.cloud import ROOT
from tests.docs.documents import blocks
from tools import console

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.cloud import LocalCloud

PAGE = (ROOT / "docs" / "console.md").read_text(encoding="utf-8")
COMMANDS = [line for block in blocks(PAGE) if block.language == "sh" for line in block.text.splitlines() if line]
NOT_TRIED = {
    "cab dead-letters show": "there is no dead letter to show on a fresh landing zone",
    "cab backup": "nothing is bound on a fresh landing zone",
    "cab restore": "nothing has been backed up there",
    "cab hana": "it needs a SAP HANA instance and its password",
}


def told() -> dict[str, set[str]]:
    """Verb → the keys of its document, as the page has them; empty where it names none."""
    rows = dict(re.findall(r"^\| `(cab [^`]+)` \| (.*) \|$", PAGE, re.MULTILINE))
    return {verb: keys_in(row, rows) for verb, row in rows.items()}


def keys_in(row: str, rows: dict[str, str]) -> set[str]:
    """The keys that a row names, and those of a verb that it refers to."""
    like = re.search(r"as `(cab [^`]+)`", row)
    return set(re.findall(r"`(\w+)`", row)) | (keys_in(rows[like[1]], rows) if like else set())


def run(line: str) -> set[str]:
    """Run one command of the page in this process with --json; the keys of the document that it prints."""
    command, _, file = line.partition(" > ")
    ran = CliRunner().invoke(app, ["--local", "--json", *shlex.split(command)[1:]])
    assert ran.exit_code == 0, f"{line}\n{ran.output}"
    if file:
        Path(file).write_text(ran.stdout, encoding="utf-8")
    return set(json.loads(ran.stdout))


@pytest.fixture(scope="module")
def printed(cloud: LocalCloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, set[str]]]:
    """Verb → the keys that it printed when the page's commands were run, one after another, on a fresh local cloud."""
    folder = tmp_path_factory.mktemp("console")
    for path in ROOT.iterdir():
        (folder / path.name).symlink_to(path)
    cloud.reset()
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("CAB_EMULATOR", cloud.endpoints["control"])
        found: dict[str, set[str]] = {}
        for line in COMMANDS:
            verb = next(words for words, _ in console.verbs() if f"{line} ".startswith(f"{words} "))
            found[verb] = found.get(verb, set()) | run(line)
        yield found
    logging.disable(logging.NOTSET)


def test_the_reference_is_that_of_the_console() -> None:
    """Between the markers is what `python -m tools.console` writes: every verb with what it takes."""
    written = PAGE.partition(console.BEGIN)[2].partition(console.END)[0]
    assert written.strip() == console.reference().strip()


def test_every_verb_says_what_it_prints() -> None:
    """The table of documents has every verb, and no other."""
    assert sorted(told()) == sorted(words for words, _ in console.verbs())


def test_documents_have_the_keys_that_the_page_names(printed: dict[str, set[str]]) -> None:
    """Each command of the page succeeds, and every key of its document is in its verb's row; all but one are tried."""
    assert set(told()) - set(printed) == set(NOT_TRIED)
    unnamed = {verb: keys - told()[verb] for verb, keys in printed.items() if told()[verb]}
    assert {verb: keys for verb, keys in unnamed.items() if keys} == {}
