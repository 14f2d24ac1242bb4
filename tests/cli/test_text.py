"""What others have written (ids in events, display names, details) goes to people as it is, whatever it looks like."""

from __future__ import annotations

import json

import pytest

from tests.cli.console import Console
from tests.cloud import ROOT
from tests.flows.platform import Platform
from tests.flows.test_dead_letters import LETTERS, set_aside
from tests.flows.world import PROD, SANDBOX, World

EVENT = ROOT / "events" / "create-resource-account.cloudevent.json"
LOOKS_LIKE_STYLE = ("[/x]", "[prod]", "[bold]:ram:[/x]", "acs:ram:*")
"""Rich would fail for the first, swallow the second, and make an emoji of ``:ram:``."""
LOOKS = (["dead-letters", "list"], ["dead-letters", "delete", "--all"], ["dead-letters", "redrive", "--all"])


@pytest.mark.parametrize("words", [*LOOKS, ["status"], ["doctor"]], ids=" ".join)
def test_a_dead_letter_says_what_was_in_it(cab: Console, world: World, words: list[str]) -> None:
    """An id or a detail that looks like style or an emoji is in what the incident tools print, and stops none."""
    details = [f"found {text!r} here" for text in LOOKS_LIKE_STYLE]
    Platform(world).send(*[set_aside("unreadable", detail=detail) for detail in details], queue=LETTERS)
    ran = cab.local(*words)
    assert "Traceback" not in ran.out + ran.err
    assert words == ["doctor"] or all(detail in ran.out for detail in details), ran.out


@pytest.mark.parametrize("account", LOOKS_LIKE_STYLE)
def test_an_event_about_no_account_is_a_letter_that_names_what_it_said(
    cab: Console, world: World, account: str
) -> None:
    """What the functions say of an event whose account id is none of ours can be read, in the list and by itself."""
    event = EVENT.read_text(encoding="utf-8").replace(PROD, account)
    world.call("onboard", json.loads(event))
    listed = cab.local("dead-letters", "list")
    assert (listed.code, f"found {account!r}" in listed.out) == (0, True), listed
    world.cloud.advance(2)
    (letter,) = cab.local("dead-letters", "list", "--json").json["letters"]
    world.cloud.advance(2)
    shown = cab.local("dead-letters", "show", letter["id"])
    assert (shown.code, f"found {account!r}" in shown.out) == (0, True), shown


LOOKS_AT_ACCOUNTS = (
    (["status"], "unregistered"),
    (["plan", PROD], "unprotected"),
    (["plan", "--all", "--why"], "unprotected"),
    (["explain", PROD], "fix: "),
    (["onboard", PROD, "--yes"], "protected"),
    (["onboard", PROD, "--yes", "--direct"], "protected"),
)


@pytest.mark.parametrize("name", ["[/x]", ":ram: [prod]"])
def test_an_account_has_the_name_that_it_has(cab: Console, world: World, name: str) -> None:
    """A display name that looks like style or an emoji is in what every verb prints of the account."""
    state = world.cloud.state()
    state["directory"]["members"][PROD]["display_name"] = name
    state["directory"]["members"][SANDBOX]["display_name"] = f"{name} too"
    world.cloud.load(state)
    for words, said in LOOKS_AT_ACCOUNTS:
        ran = cab.local(*words)
        assert ("Traceback" in ran.err, name in ran.out, said in ran.out) == (False, True, True), (words, ran)
    Platform(world).send(set_aside(detail=f"on acs:ram::{name}"), queue=LETTERS)
    for words in (
        ["doctor"],
        ["report"],
        ["plan", SANDBOX],
        ["reconcile", "--yes"],
        ["teardown", PROD, "--yes"],
        ["status"],
    ):
        ran = cab.local(*words)
        assert "Traceback" not in ran.err, (words, ran)
        world.cloud.advance(2)
