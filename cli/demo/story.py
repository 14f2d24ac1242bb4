"""The story that ``make run`` tells: accounts are created with the official SDK, and what follows happens by itself."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.text import Text

from cli.demo.verdict import Story, left_over
from cli.local import LocalCloud
from shared.clients import Api, Calls
from shared.config import Config
from shared.deadline import Deadline
from shared.invoke import invoker

FORGED = "1000000000009999"
"""An account that no directory lists."""
DAY, NIGHT = 86_400, (18 * 60 + 32) * 60
"""Seconds of a day, and of its sweep of every role (``every-night`` in s.yaml)."""


class Demo:
    """The cast: a landing zone, an operator, and the functions that do the work."""

    def __init__(self, cloud: LocalCloud, config: Config, console: Console) -> None:
        self.cloud = cloud
        self.config = config
        self.console = console
        self.stories: list[Story] = []
        self.started = self.now()
        credentials = cloud.credentials()
        endpoint = config.endpoints.resourcedirectory
        self.directory = Api("resourcedirectory", endpoint, credentials, Calls(Deadline.after(3600)))
        self.invoker = invoker(config, credentials)

    def say(self, *parts: str | tuple[str, str]) -> None:
        """Tell what happens; a part with its style, or as it is."""
        self.console.print(Text.assemble((time.strftime("%H:%M:%S"), "dim"), "  ", *parts), soft_wrap=True)

    def now(self) -> float:
        """Epoch seconds of the emulator's clock."""
        now: float = self.cloud.control("clock")["now"]
        return now

    def pass_time(self, seconds: float) -> None:
        """Move the emulator's clock, and wait until what fell due on the way has been done."""
        self.cloud.control("clock", advance=seconds, settle=True)

    def wait(self, account_id: str, times: int = 1, **ended: str) -> dict[str, Any]:
        """Wait until ``times`` attempts for the account have ended with all of ``ended``; return the last one."""
        wanted = {"account_id": account_id, **ended}.items()

        def found() -> dict[str, Any] | None:
            mine = [
                answer for answer in self.cloud.answers() if wanted <= {k: str(v) for k, v in answer.items()}.items()
            ]
            return mine[-1] if len(mine) >= times else None

        answer: dict[str, Any] = self.cloud.wait_for(f"{account_id} to end as {ended}", found)
        return answer

    def swept(self, fits: Callable[[dict[str, Any]], bool]) -> None:
        """Wait until a sweep has ended that ``fits``."""
        self.cloud.wait_for(
            "the sweep", lambda: any(fits(one["sweep"]) for one in self.cloud.answers() if "sweep" in one)
        )

    def create(self, name: str, what: str) -> Story:
        """Create a member account with the official SDK; nothing else is called by hand."""
        began = self.now()
        account_id = self.directory("CreateResourceAccount", display_name=name).account.account_id
        self.say("CreateResourceAccount ", (name, "bold"), f" → {account_id}: {what}")
        return self.story(Story(account_id, name, what, "protected", began))

    def story(self, story: Story) -> Story:
        """Remember an account to be judged at the end."""
        self.stories.append(story)
        return story


def play(demo: Demo) -> None:
    """The whole story. Raises TimeoutError where it does not go on."""
    payments = demo.create("payments", "the plain case")
    demo.wait(payments.account_id, disposition="done")
    analytics = demo.create("analytics", "the plain case again, on an instance that is warm by now")
    demo.wait(analytics.account_id, disposition="done")
    _duplicated(demo)
    _throttled(demo)
    _forged(demo)
    _by_hand(demo)
    _swept(demo)
    _withdrawn(demo, payments)
    demo.cloud.wait_for(
        "the retry queue to be empty", lambda: demo.config.queues.retry not in left_over(demo.cloud.control("state"))
    )


def _duplicated(demo: Demo) -> None:
    demo.cloud.control("bus", duplicate=1.0)
    orders = demo.create("orders", "EventBridge delivers the event twice")
    demo.wait(orders.account_id, times=2, disposition="done")
    demo.cloud.control("bus", duplicate=0.0)


def _throttled(demo: Demo) -> None:
    demo.cloud.control("faults", service="ram", action="CreateRole", code="Throttling.User", status=400, count=3)
    logistics = demo.create("logistics", "RAM throttles CreateRole three times")
    retry = demo.wait(logistics.account_id, disposition="retry")
    demo.say(f"  throttled: {retry['detail'][:60]}… → retry queue, delay {retry['delay']} s")
    demo.pass_time(retry["delay"] + 1)
    demo.say(f"  the clock moves on by {retry['delay'] + 1} s: the message comes back through functions.retry.handler")
    demo.wait(logistics.account_id, disposition="done")


def _forged(demo: Demo) -> None:
    event = json.loads(Path("events/create-resource-account.cloudevent.json").read_text(encoding="utf-8"))
    event["data"]["responseElements"]["Account"]["AccountId"] = FORGED
    what = "an event for an account that the directory does not list"
    demo.story(Story(FORGED, "(forged)", what, "refused", demo.now()))
    demo.say(f"a forged event names {FORGED}")
    demo.cloud.control("bus", publish=event)
    demo.say(f"  refused: {demo.wait(FORGED, disposition='ignored')['why']}")


def _by_hand(demo: Demo) -> None:
    account_id, what = "1000000000000013", "outside the scope; enrolled by hand through fc2"
    demo.story(Story(account_id, "sandbox-dev", what, "protected", demo.now()))
    demo.say(f"fc2 invokes cab-onboard for {account_id} (sandbox-dev), which is outside the scope")
    answer = json.loads(demo.invoker.invoke("cab-onboard", {"accountId": account_id}).text)
    demo.say(f"  {answer['state']} ({answer.get('rule') or answer.get('detail')})")


def _swept(demo: Demo) -> None:
    what = "was there before, no event ever came; found by the sweep"
    for account_id, name in (("1000000000000011", "prod-app"), ("1000000000000012", "test-app")):
        demo.story(Story(account_id, name, what, "protected", demo.started))
    demo.say("five minutes pass: the timer starts the sweep, which finds two members that no event announced")
    demo.pass_time(300)
    demo.swept(lambda sweep: bool(sweep["repaired"]))


def _withdrawn(demo: Demo, story: Story) -> None:
    story.what, story.expected = "protected, then moved out of the scope", "withdrawn"
    demo.say("MoveAccount ", (story.display_name, "bold"), " into the sandbox folder, which is outside the scope")
    demo.directory("MoveAccount", account_id=story.account_id, destination_folder_id="fd-sandbox0001")
    grace = demo.wait(story.account_id, disposition="retry")
    demo.say(f"  {grace['detail']}")
    _a_night(demo, grace["delay"] + 1)
    demo.say("  a day has passed: the message comes back, and the account is still out of scope")
    demo.wait(story.account_id, state="withdrawn")


def _a_night(demo: Demo, seconds: float) -> None:
    """Let so much time pass, and stop at the sweep of the night: in one jump it would meet another sweep."""
    before = (NIGHT - demo.now()) % DAY - 1
    demo.pass_time(max(before, 0))
    demo.pass_time(2)
    demo.swept(lambda sweep: bool(sweep["deep"]))
    demo.say("  at night the sweep looks at roles, too")
    demo.pass_time(max(seconds - max(before, 0) - 2, 0))
