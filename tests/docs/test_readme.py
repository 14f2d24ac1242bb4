from __future__ import annotations

import re

import pytest

from cli.demo.table import COLUMNS
from tests import secrets
from tests.docs.documents import FENCE, blocks, documents
from tests.docs.test_links import LINK
from tools import readme

ENGLISH, CHINESE = "README.md", "README.zh-CN.md"


def shown(name: str) -> str:
    """The output of ``make run`` that a page shows."""
    (block,) = blocks(documents()[name].partition(readme.BEGIN)[2].partition(readme.END)[0])
    return block.text


def told(output: str) -> list[str]:
    """The lines without what differs from run to run: hashes, every number that is not an account's id, and widths."""
    varying = re.compile(r"\b[0-9a-f]{64}\b|(?<![\d-])\d{1,15}(?!\d)")
    return [" ".join(varying.sub("#", line).split()) for line in output.splitlines()]


@pytest.fixture(scope="module")
def fresh() -> str:
    """What ``make run`` prints now."""
    output = readme.output()
    secrets.keep(output)
    return output


@pytest.mark.parametrize("name", [ENGLISH, CHINESE])
def test_the_output_is_that_of_a_fresh_run(fresh: str, name: str) -> None:
    """But for times and counts, `make run` prints what the page shows: the story, and how each account ended."""
    assert told(shown(name)) == told(fresh)


def test_the_output_comes_quickly(fresh: str) -> None:
    """The whole story takes less than half a minute."""
    (seconds,) = re.findall(r"^every account ended as it should \((\d+\.\d) s\)$", fresh, re.MULTILINE)
    assert float(seconds) < 30


def test_the_comparison_sees_accounts_and_states() -> None:
    """What is compared has every column, every account, and the states in which they end."""
    text = "\n".join(told(shown(ENGLISH)))
    assert all(column in text for column in COLUMNS)
    assert len(set(re.findall(r"^(\d{16})\b", text, re.MULTILINE))) == 8
    assert {"protected", "withdrawn", "refused"} <= set(text.split())


def test_the_chinese_page_is_the_same_page() -> None:
    """Both pages have the same sections, blocks and links, but for the link to the other."""
    first, second = documents()[ENGLISH], documents()[CHINESE]
    assert re.findall(r"^#+", first, re.MULTILINE) == re.findall(r"^#+", second, re.MULTILINE)
    assert blocks(first) == blocks(second)
    assert set(LINK.findall(first)) - {CHINESE} == set(LINK.findall(second)) - {ENGLISH}


def test_every_section_and_every_step_says_the_same() -> None:
    """Each part of both pages names the same things: commands, files, roles and settings, how many minutes."""
    first, second = (parts(documents()[name]) for name in (ENGLISH, CHINESE))
    assert len(first) > 10
    assert [named(one) for one in first] == [named(one) for one in second]


def parts(page: str) -> list[str]:
    """A page's sections and numbered steps; commands in a block and its output are compared elsewhere."""
    return re.split(r"^(?:#+ |\d+\. )", FENCE.sub("", page), flags=re.MULTILINE)


def named(part: str) -> tuple[set[str], list[str]]:
    """What stands in backticks, and the minutes and seconds that are named in words."""
    numbers = re.findall(r"(\d+) ?(?:minutes?|seconds?|分钟|秒)", part)
    return set(re.findall(r"`([^`]+)`", part.replace("\n", " "))), numbers
