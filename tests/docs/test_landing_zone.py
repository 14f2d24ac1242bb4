"""Who walks the README's path, typing nothing else, has a landing zone in which every account in scope is protected."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.docs import landing_zone
from tests.docs.test_readme import ENGLISH, told

pytestmark = pytest.mark.timeout(300)
"""The walk is one fixture of a dozen processes; a busy machine needs minutes for it."""


class Walked(NamedTuple):
    """What was printed, and which members in scope are unprotected before and after, by the cloud's own state."""

    outputs: list[str]
    before: list[str]
    after: list[str]


@pytest.fixture(scope="module")
def walked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Walked]:
    """The path of the English page, walked once."""
    newcomer = landing_zone.Newcomer(tmp_path_factory.mktemp("newcomer"))
    try:
        before = newcomer.unprotected()
        outputs = landing_zone.walk(newcomer, landing_zone.section(ENGLISH)[1])
        yield Walked(outputs, before, newcomer.unprotected())
    finally:
        newcomer.cloud.stop()


def test_the_path_ends_in_protected_accounts(walked: Walked) -> None:
    """Both members in scope are unprotected before, and protected after."""
    assert (len(walked.before), walked.after) == (2, [])


@pytest.mark.parametrize("name", landing_zone.PAGES)
def test_the_page_shows_what_is_printed(walked: Walked, name: str) -> None:
    """But for numbers, and the order of what is done side by side, each step prints what the page shows below it."""
    shown = landing_zone.shown(landing_zone.section(name)[1])
    assert [sorted(told(one)) for one in shown] == [sorted(told(one)) for one in walked.outputs]


def test_the_tool_writes_what_is_printed(walked: Walked) -> None:
    """What ``python -m tests.docs.landing_zone`` would write is read again as it was printed."""
    path = landing_zone.section(ENGLISH)[1]
    assert landing_zone.shown(landing_zone.written(path, walked.outputs)) == walked.outputs
