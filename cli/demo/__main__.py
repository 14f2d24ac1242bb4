"""The command of ``make run``. Exit status 0 only if the story was told to its end and every account ended as told."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.text import Text

from cli.demo.event import done, ended, mistaken, told, verdict
from cli.demo.story import Demo, play
from cli.demo.table import table
from cli.demo.verdict import Evidence, left_over
from cli.local import local_cloud
from shared.config import ConfigError, load

WIDTH = 120
"""Columns, where the output is not a terminal's."""


def main() -> int:
    """Entry point."""
    parser = argparse.ArgumentParser(prog="make run", description="The main job on the embedded emulator.")
    parser.add_argument("--event", type=Path, help="put this one event through the same path")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    options = parser.parse_args()
    if options.event and not options.event.is_file():
        parser.error(f"{options.event}: no such file; events/README.md lists those that are there")
    width = None if sys.stdout.isatty() else WIDTH
    console = Console(quiet=options.json, width=width, markup=False, emoji=False)
    with local_cloud("--functions", "s.yaml", "--code", ".") as cloud:
        config = load({**os.environ, "CLOUD_ENDPOINTS": json.dumps(cloud.ready["endpoints"])})
        demo = Demo(cloud, config, console)
        told = f"management {config.management_account}, backup {config.backup_account.id}"
        demo.say(f"a local Alibaba Cloud is up: {told}")
        if options.event:
            return one_event(demo, options.event, as_json=options.json)
        return whole_story(demo, as_json=options.json)


def one_event(demo: Demo, path: Path, *, as_json: bool) -> int:
    """Exit status 1 where something is left to do, for a later attempt or for a person, or was not done as said."""
    answers = ended(demo, path)
    mistakes = mistaken(demo, answers)
    if as_json:
        sys.stdout.write(json.dumps({"event": str(path), "mistakes": mistakes, "ended": answers}) + "\n")
    for line in told(answers):
        demo.console.print(line, soft_wrap=True)
    _end(demo, mistakes, verdict(answers), good=done(answers))
    return 0 if done(answers) and not mistakes else 1


def whole_story(demo: Demo, *, as_json: bool) -> int:
    """Tell it, judge it, show the verdict."""
    began, mistakes = time.monotonic(), list[str]()
    try:
        play(demo)
    except TimeoutError as error:
        mistakes.append(f"the story was not told to its end: {error}")
    mistakes += judge(demo)
    seconds = round(time.monotonic() - began, 1)
    if as_json:
        accounts = [asdict(story) for story in demo.stories]
        document = {"ok": not mistakes, "mistakes": mistakes, "seconds": seconds, "accounts": accounts}
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        _show(demo, mistakes, seconds)
    return 1 if mistakes else 0


def judge(demo: Demo) -> list[str]:
    """What is not as it should be: of the accounts, and in the queues."""
    state = demo.cloud.control("state")
    seen = Evidence(demo.config, state, demo.cloud.control("journal"), demo.cloud.answers())
    for story in demo.stories:
        story.judge(seen)
    waiting = [f"{count} message(s) in the queue {name}" for name, count in left_over(state).items()]
    return [f"{one.display_name} ({one.account_id}): {why}" for one in demo.stories for why in one.wrong] + waiting


def _show(demo: Demo, mistakes: list[str], seconds: float) -> None:
    demo.console.print(table(demo.stories))
    warm = demo.stories[1] if len(demo.stories) > 1 else None
    if warm and warm.seconds is not None:
        demo.console.print(
            f"from the request to protected, warm: one region {warm.seconds_one_region} s, all {warm.seconds} s"
        )
    _end(demo, mistakes, f"every account ended as it should ({seconds:.1f} s)")


def _end(demo: Demo, mistakes: list[str], said: str, *, good: bool = True) -> None:
    for mistake in mistakes:
        demo.console.print(Text(mistake, "red"), soft_wrap=True)
    colour = "green" if good and not mistakes else "red"
    demo.console.print(Text("not as it should be" if mistakes else said, colour))


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from error
