from __future__ import annotations

import re
from importlib.metadata import packages_distributions

import pytest

from tests.cloud import ROOT
from tests.docs.documents import blocks, documents, files, texts

PLACES = re.compile(r"(?<![\w.{}*-])/(?:work|root|home|tmp|Users)/")
"""A folder of somebody's machine."""
REGISTRIES = re.compile(
    r"pypi\.org|registry\.npm|npmmirror|/simple/|--index-url|--extra-index-url|--registry", re.IGNORECASE
)
WORK = re.compile(r"\bissue [A-H]\b|shared/facts|\b(?:DESIGN|EXAMPLES)\.md|\bhelper [A-Z]{3,}|\bTODO\b|\bFIXME\b")
"""How the work was organised, which no reader needs."""
NAMES = re.compile(r"(?:^|_)(?:utils?|helpers?|managers?|common|misc)(?:_|$)")
VENDORS = re.compile(r"^(?:alibabacloud|aliyun|darabonba)")


@pytest.mark.parametrize("words", [PLACES, REGISTRIES, WORK], ids=["places", "registries", "work"])
def test_no_file_says_what_is_nobodys_business(words: re.Pattern[str]) -> None:
    """No file holds a path of one machine, the address of a package registry, or a word about who did the work."""
    found = [
        f"{name}: {hit.group()}"
        for name, text in texts().items()
        if name != "tests/docs/test_tree.py"
        for hit in words.finditer(text)
    ]
    assert found == []


@pytest.mark.parametrize(
    "bad", ["see /work/x", "'/tmp/y'", "in issue B.", "see DESIGN.md", "https://pypi.org/x", "TODO"]
)
def test_the_search_can_find(bad: str) -> None:
    """What must be in no file is found where it is."""
    assert any(words.search(bad) for words in (PLACES, REGISTRIES, WORK))


def test_names_mean_something() -> None:
    """No file or folder is called utils, helpers, manager or the like."""
    parts = {part for path in files() for part in path.relative_to(ROOT).with_suffix("").parts}
    assert [part for part in sorted(parts) if NAMES.search(part.casefold())] == []


def test_every_verb_that_is_named_is_one_of_the_makefile() -> None:
    """What a document, a comment or a block of commands calls ``make something`` is a target."""
    targets = set(re.findall(r"^(\w+):", texts()["Makefile"], re.MULTILINE))
    spoken = {verb for text in texts().values() for verb in re.findall(r"`make (\w+)", text)}
    typed = {
        verb
        for text in documents().values()
        for block in blocks(text)
        for verb in re.findall(r"^(?:\$ )?make (\w+)", block.text, re.MULTILINE)
    }
    assert {"soak", "test"} <= spoken
    assert "run" in typed
    # Which the sentence above names, so that the search is seen to find.
    assert (spoken | typed) - targets == {"something"}


def test_every_sdk_is_under_contract() -> None:
    """The import contract about SDKs names each package of the vendor that is installed."""
    contracts = (ROOT / "pyproject.toml").read_text(encoding="utf-8").partition("[tool.importlinter]")[2]
    named = set(re.findall(r'^  "(\w+)",$', contracts, re.MULTILINE))
    installed = {
        package
        for package, distributions in packages_distributions().items()
        if any(VENDORS.match(one) for one in distributions) and not package.startswith("_")
    }
    assert installed - named == set()
