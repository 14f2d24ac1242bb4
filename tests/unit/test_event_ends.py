from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest

from tests.flows.world import PROD, SANDBOX, TEST, World

EVENTS = Path(__file__).parents[2] / "events"


def table() -> dict[str, str]:
    """File → "ends as" without the reasons, from the tables of events/README.md."""
    text = (EVENTS / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| `(\S+)` \|.*\| (.*) \|$", text, re.MULTILINE)
    return {name: re.sub(":[^;]*", "", ends) for name, ends in rows}


def told(answer: dict[str, Any]) -> str:
    """How one event ended, in the table's words."""
    if "sweep" in answer:
        return f"{answer['sweep']['repaired']} accounts repaired"
    if "replay" in answer:
        return "; ".join(map(told, answer["replay"]["accounts"])) or "nothing"
    ended: str = answer["state"] if answer["disposition"] == "done" else answer["disposition"]
    return ended.replace("_", " ")


def lately(name: str) -> bytes:
    """The file, with yesterday as its day where it asks for a window of time: ActionTrail keeps 90 days."""
    raw, yesterday = (EVENTS / name).read_bytes(), datetime.now(timezone.utc) - timedelta(days=1)
    return raw.replace(b"2026-11-22", f"{yesterday:%Y-%m-%d}".encode()) if name.startswith("replay-window") else raw


@pytest.mark.parametrize(("name", "expected"), table().items(), ids=table())
def test_files_end_as_the_table_says(world: World, name: str, expected: str) -> None:
    """On a fresh landing zone each file ends as its row in events/README.md says, and the cloud's own state agrees."""
    answers = world.call("onboard", lately(name))
    assert "; ".join(map(told, answers if isinstance(answers, list) else [answers])) == expected
    protected = sum(map(world.is_protected, (PROD, TEST, SANDBOX)))
    assert protected == (2 if "repaired" in expected else expected.count("protected"))
    assert len(world.dead_letters()) == expected.count("dead letter")
    assert len(world.retries()) == expected.count("retry")
