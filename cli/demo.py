"""``make run``: the main job on the embedded emulator, live, judged by the emulator's own state.

Accounts are created with the official SDK; everything after that happens by itself. Exit status 0 only if the
emulator confirms that every account ended as it should.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

from cli.local import LocalCloud, local_cloud
from shared.clients import Api, Calls
from shared.config import Config, ConfigError, load
from shared.deadline import Deadline
from shared.invoke import invoker

WIDTH = 120
"""Columns, where the output is not a terminal's."""
FORGED = "1000000000009999"
"""An account that no directory lists."""


@dataclass
class Story:
    """One account of the demonstration, and how it ended by the emulator's own state and logs."""

    account_id: str
    display_name: str
    what: str
    expected: str
    state: str = "unprotected"
    role: str = ""
    regions: list[str] = field(default_factory=list)
    seconds: float | None = None
    """From the request that began it to the proof in the last region, on the emulator's clock."""
    seconds_one_region: float | None = None
    """The same to the proof in the first region."""
    api_calls: int = 0
    attempts: int = 0

    @property
    def as_expected(self) -> bool:
        """Whether the account ended as it should."""
        return self.state == self.expected


class Demo:
    """The cast: a landing zone, an operator, and the functions that do the work."""

    def __init__(self, cloud: LocalCloud, config: Config, console: Console) -> None:
        self.cloud = cloud
        self.config = config
        self.console = console
        self.stories: list[Story] = []
        self.began: dict[str, float] = {}
        self.started: float = cloud.control("clock")["now"]
        credentials = cloud.credentials()
        endpoint = config.endpoints.resourcedirectory
        self.directory = Api("resourcedirectory", endpoint, credentials, Calls(Deadline.after(60)))
        self.invoker = invoker(config, credentials)

    def say(self, text: str) -> None:
        """Tell what happens."""
        self.console.print(f"[dim]{time.strftime('%H:%M:%S')}[/dim]  {text}", soft_wrap=True)

    def ended(self) -> list[dict[str, Any]]:
        """How each attempt ended, as the functions answered it."""
        answers = []
        for invocation in self.cloud.control("fc")["invocations"]:
            answer = json.loads(invocation["response"] or "null")
            answers += answer if isinstance(answer, list) else [answer]
        return [answer for answer in answers if isinstance(answer, dict)]

    def wait(self, account_id: str, disposition: str, times: int = 1) -> dict[str, Any]:
        """Wait until ``times`` attempts for the account have ended in ``disposition``; return the last one."""

        def found() -> dict[str, Any] | None:
            mine = [e for e in self.ended() if (e.get("account_id"), e["disposition"]) == (account_id, disposition)]
            return mine[-1] if len(mine) >= times else None

        answer: dict[str, Any] = self.cloud.wait_for(f"{account_id} to end in {disposition!r}", found)
        return answer

    def create(self, name: str, what: str) -> Story:
        """Create a member account with the official SDK; nothing else is called by hand."""
        began = self.cloud.control("clock")["now"]
        account_id = self.directory("CreateResourceAccount", display_name=name).account.account_id
        self.say(f"CreateResourceAccount [bold]{name}[/bold] → {account_id}: {what}")
        return self.story(account_id, name, what, began=began)

    def story(self, account_id: str, name: str, what: str, expected: str = "protected", began: float = 0) -> Story:
        """Remember an account to be judged at the end."""
        self.began[account_id] = began or self.cloud.control("clock")["now"]
        self.stories.append(Story(account_id, name, what, expected))
        return self.stories[-1]

    def judge(self) -> None:
        """Fill in what the emulator's own state says of every account."""
        state, journal = self.cloud.control("state"), self.cloud.control("journal")
        for story in self.stories:
            _judge(story, state, self.config)
            mine = [e for e in self.ended() if e.get("account_id") == story.account_id]
            story.attempts, story.api_calls = len(mine), sum(e.get("api_calls", 0) for e in mine)
            proofs = [entry["time"] for entry in journal if _proves(entry, story.account_id)]
            if story.state == "protected" and proofs:
                first, began = proofs[-len(story.regions)], self.began[story.account_id]
                story.seconds = round(proofs[-1] - began, 3)
                story.seconds_one_region = round(first - began, 3)


def _proves(entry: dict[str, Any], account_id: str) -> bool:
    """Whether a journal entry is a CheckRole that succeeded for the account."""
    done = (entry["action"], entry["status"], entry["code"]) == ("CheckRole", 200, "")
    return done and str(entry["params"].get("CrossAccountUserId")) == account_id


def _judge(story: Story, state: dict[str, Any], config: Config) -> None:
    account = state["accounts"].get(story.account_id)
    role = account and account["roles"].get(config.enrolment.role_name)
    story.regions = [
        place.split("/")[1]
        for place, records in state["hbr"]["cross_accounts"].items()
        if any(key.startswith(f"{story.account_id}:") for key in records)
    ]
    if role:
        trusted = json.loads(role["trust"])["Statement"][0]["Principal"]
        exact = trusted == {"RAM": [config.service_linked_role_arn]}
        story.role = f"{role['name']}" if exact else f"{role['name']} (trust is wrong)"
        complete = exact and set(story.regions) == set(config.enrolment.regions)
        story.state = "protected" if complete and role["attached"] else "unprotected"
    elif account is None:
        story.state = "refused"
    else:
        story.state = "unprotected" if story.regions else "withdrawn"


def play(demo: Demo) -> None:
    """The whole story."""
    payments = demo.create("payments", "the plain case")
    demo.wait(payments.account_id, "done")
    analytics = demo.create("analytics", "the plain case again, on an instance that is warm by now")
    demo.wait(analytics.account_id, "done")

    demo.cloud.control("bus", duplicate=1.0)
    orders = demo.create("orders", "EventBridge delivers the event twice")
    demo.wait(orders.account_id, "done", times=2)
    demo.cloud.control("bus", duplicate=0.0)

    demo.cloud.control("faults", service="ram", action="CreateRole", code="Throttling.User", status=400, count=3)
    logistics = demo.create("logistics", "RAM throttles CreateRole three times")
    retry = demo.wait(logistics.account_id, "retry")
    demo.say(f"  throttled: {retry['detail'][:60]}… → retry queue, delay {retry['delay']} s")
    demo.cloud.control("clock", advance=retry["delay"] + 1)
    demo.say(f"  the clock moves on by {retry['delay'] + 1} s: the message comes back through functions.retry.handler")
    demo.wait(logistics.account_id, "done")

    _forged(demo)
    _by_hand(demo)
    _swept(demo)
    _withdrawn(demo, payments)


def _forged(demo: Demo) -> None:
    event = json.loads(Path("events/create-resource-account.cloudevent.json").read_text(encoding="utf-8"))
    event["data"]["responseElements"]["Account"]["AccountId"] = FORGED
    demo.story(FORGED, "(forged)", "an event for an account that the directory does not list", "refused")
    demo.say(f"a forged event names {FORGED}")
    demo.cloud.control("bus", publish=event)
    demo.say(f"  refused: {demo.wait(FORGED, 'ignored')['why']}")


def _by_hand(demo: Demo) -> None:
    account_id = "1000000000000013"
    demo.story(account_id, "sandbox-dev", "outside the scope; enrolled by hand through fc2")
    demo.say(f"fc2 invokes cab-onboard for {account_id} (sandbox-dev), which is outside the scope")
    answer = json.loads(demo.invoker.invoke("cab-onboard", {"accountId": account_id}).text)
    demo.say(f"  {answer['state']} ({answer['rule']})")


def _swept(demo: Demo) -> None:
    for account_id, name in (("1000000000000011", "prod-app"), ("1000000000000012", "test-app")):
        demo.story(account_id, name, "was there before, no event ever came; found by the sweep", began=demo.started)
    demo.say("five minutes pass: the timer starts the sweep, which finds two members that no event announced")
    demo.cloud.control("clock", advance=300)
    demo.cloud.wait_for("the sweep", lambda: any((e.get("sweep") or {}).get("repaired") for e in demo.ended()))


def _withdrawn(demo: Demo, story: Story) -> None:
    story.what, story.expected = "protected, then moved out of the scope", "withdrawn"
    demo.say(f"MoveAccount [bold]{story.display_name}[/bold] into the sandbox folder, which is outside the scope")
    demo.directory("MoveAccount", account_id=story.account_id, destination_folder_id="fd-sandbox0001")
    grace = demo.wait(story.account_id, "retry")
    demo.say(f"  {grace['detail']}")
    demo.cloud.control("clock", advance=grace["delay"] + 1)
    demo.say("  a day passes: the message comes back, and the account is still out of scope")
    demo.cloud.wait_for(
        "the withdrawal",
        lambda: any((e.get("account_id"), e.get("state")) == (story.account_id, "withdrawn") for e in demo.ended()),
    )


def one_event(demo: Demo, path: Path) -> list[dict[str, Any]]:
    """Put one event file through the same path: the bus where it is an EventBridge event, else a direct invocation."""
    raw = path.read_bytes()
    try:
        event: Any = json.loads(raw)
    except ValueError:
        event = None
    if isinstance(event, dict) and event.get("source") == "acs.resourcemanager":
        before = len(demo.ended())
        demo.cloud.control("bus", publish=event)
        demo.cloud.control("clock", advance=0, settle=True)
        return demo.ended()[before:]
    door = "cab-onboard"
    if isinstance(event, dict):
        door = {"sweep": "cab-reconcile", "replay": "cab-replay", "triggerName": "cab-reconcile"}.get(
            next((key for key in ("sweep", "replay", "triggerName") if key in event), ""), door
        )
    answer = json.loads(demo.invoker.invoke(door, raw).text)
    return answer if isinstance(answer, list) else [answer]


COLUMNS = ("account", "display name", "role", "regions", "state", "to protected", "API calls", "attempts")


def table(stories: list[Story]) -> Table:
    """The summary."""
    shown = Table(title="What the emulator's own state says", box=SIMPLE_HEAD)
    for column in COLUMNS:
        shown.add_column(column, justify="right" if column in COLUMNS[5:] else "left", no_wrap=column == "account")
    for story in stories:
        colour = "green" if story.as_expected else "red"
        shown.add_row(
            story.account_id,
            story.display_name,
            story.role,
            " ".join(story.regions),
            f"[{colour}]{story.state}[/{colour}]",
            f"{story.seconds:.2f} s" if story.seconds is not None else "",
            str(story.api_calls or ""),
            str(story.attempts or ""),
        )
    return shown


def main() -> int:
    """Entry point; the exit status says whether every account ended as it should."""
    parser = argparse.ArgumentParser(description="The main job on the embedded emulator.")
    parser.add_argument("--event", type=Path, help="put this one event through the same path")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    options = parser.parse_args()
    if options.event and not options.event.is_file():
        parser.error(f"{options.event}: no such file; events/README.md lists those that are there")
    console = Console(quiet=options.json, width=None if sys.stdout.isatty() else WIDTH)
    began = time.monotonic()
    with local_cloud("--functions", "s.yaml", "--code", ".") as cloud:
        config = load({**os.environ, "CLOUD_ENDPOINTS": json.dumps(cloud.ready["endpoints"])})
        demo = Demo(cloud, config, console)
        demo.say(
            f"a local Alibaba Cloud is up: management {config.management_account}, backup {config.backup_account.id}"
        )
        if options.event:
            return _show_event(one_event(demo, options.event), options.event, as_json=options.json)
        try:
            play(demo)
        except TimeoutError as error:
            demo.say(f"[red]{error}[/red]")
        demo.judge()
    good = all(story.as_expected for story in demo.stories)
    return _show(demo, good, time.monotonic() - began, as_json=options.json)


def _show_event(ended: list[dict[str, Any]], path: Path, *, as_json: bool) -> int:
    if as_json:
        sys.stdout.write(json.dumps({"event": str(path), "ended": ended}) + "\n")
    else:
        Console().print_json(json.dumps(ended or [{"why": "no rule matched this event"}]))
    return 0


def _show(demo: Demo, good: bool, seconds: float, *, as_json: bool) -> int:  # noqa: FBT001
    if as_json:
        document = {"ok": good, "seconds": round(seconds, 1), "accounts": [asdict(story) for story in demo.stories]}
        sys.stdout.write(json.dumps(document) + "\n")
    else:
        demo.console.print(table(demo.stories))
        warm = demo.stories[1]
        if warm.seconds is not None:
            demo.console.print(
                f"from the event to protected, warm: one region {warm.seconds_one_region} s, all {warm.seconds} s"
            )
        verdict = "[green]every account ended as it should[/green]" if good else "[red]not as it should be[/red]"
        demo.console.print(f"{verdict} ({seconds:.1f} s)")
    return 0 if good else 1


if __name__ == "__main__":
    try:
        raise SystemExit(main())
    except ConfigError as error:
        sys.stderr.write(f"{error}\n")
        raise SystemExit(2) from error
