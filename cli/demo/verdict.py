"""How each account ended: by the emulator's own state, its journal and what became of each invocation. Pure.

That a function says "protected" counts for nothing here. A condition that cannot be seen to hold does not hold.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from shared.config import Config

Entry = dict[str, Any]
"""One request of the emulator's journal."""


@dataclass(frozen=True)
class Evidence:
    """What is known when the story is over."""

    config: Config
    state: dict[str, Any]
    """The whole emulated cloud."""
    journal: list[Entry]
    answers: list[dict[str, Any]]
    """How each event ended, as the functions answered it."""

    def role(self, account_id: str) -> dict[str, Any] | None:
        """The backup role in the account, if it has one."""
        roles = self.state["accounts"].get(account_id, {"roles": {}})["roles"]
        role: dict[str, Any] | None = roles.get(self.config.enrolment.role_name)
        return role

    def records(self, account_id: str) -> dict[str, list[tuple[str, str]]]:
        """Region → type and role of each registration of the account, whoever holds it."""
        found: dict[str, list[tuple[str, str]]] = {}
        for place, rows in self.state["hbr"]["cross_accounts"].items():
            mine = [one["place"] for records in rows.values() for one in records]
            for one in mine:
                if one["account_id"] == account_id:
                    found.setdefault(place.partition("/")[2], []).append((one["kind"], one["role_name"]))
        return found

    def about(self, account_id: str) -> list[Entry]:
        """The functions' own calls that name the account, or were made in it; what the operator calls is left out."""
        return [
            entry
            for entry in self.journal
            if ":user/" not in entry["principal"]
            and (f"::{account_id}:" in entry["principal"] or account_id in json.dumps(entry["params"]))
        ]

    def done(self, account_id: str, action: str) -> dict[str, float]:
        """Region → when such a call about the account first succeeded."""
        times: dict[str, float] = {}
        for entry in self.about(account_id):
            if (entry["action"], entry["status"], entry["code"]) == (action, 200, ""):
                times.setdefault(entry["region"], entry["time"])
        return times


@dataclass
class Story:
    """One account of the demonstration: what is to become of it, and what has."""

    account_id: str
    display_name: str
    what: str
    expected: str
    """One of ``STATES``."""
    began: float
    """Epoch seconds of the emulator's clock: when it was asked for."""
    state: str = "unprotected"
    wrong: list[str] = field(default_factory=list)
    """What keeps it from being as expected."""
    role: str = ""
    regions: list[str] = field(default_factory=list)
    seconds: float | None = None
    """From the request that began it to the proof in the last region, on the emulator's clock."""
    seconds_one_region: float | None = None
    """The same to the proof in the first region."""
    api_calls: int = 0
    """Calls about this account alone: a listing is about none."""
    attempts: int = 0
    """Events about it that were dealt with, and sweeps that repaired something of it."""

    def judge(self, seen: Evidence) -> None:
        """Fill in how it ended."""
        self.wrong = list(STATES[self.expected](self.account_id, seen))
        self.state = next((state for state, why in STATES.items() if not list(why(self.account_id, seen))), self.state)
        self.role = seen.config.enrolment.role_name if seen.role(self.account_id) else ""
        self.regions = sorted(seen.records(self.account_id))
        self.api_calls = len(seen.about(self.account_id))
        self.attempts = sum(_concerns(answer, self.account_id) for answer in seen.answers)
        if self.state == "protected":
            proven = _protected_since(self.account_id, seen)
            self.seconds = round(max(proven.values()) - self.began, 3)
            self.seconds_one_region = round(min(proven.values()) - self.began, 3)


def _protected_since(account_id: str, seen: Evidence) -> dict[str, float]:
    """Region → when the account was first both registered and proven there."""
    registered, proven = seen.done(account_id, "AddCrossAccount"), seen.done(account_id, "CheckRole")
    return {region: max(registered[region], proven[region]) for region in seen.config.enrolment.regions}


def _concerns(answer: dict[str, Any], account_id: str) -> bool:
    repaired = [one for one in (answer.get("sweep") or {}).get("findings", []) if one["repaired"]]
    return account_id in [answer.get("account_id"), *(one["account_id"] for one in repaired)]


def not_protected(account_id: str, seen: Evidence) -> Iterator[str]:
    """What the account lacks to be protected, or has too much."""
    wanted = seen.config.enrolment
    role = seen.role(account_id)
    if role is None:
        yield f"there is no role {wanted.role_name}"
    else:
        principal = {"RAM": [seen.config.service_linked_role_arn]}
        trust = [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": principal}]
        if (found := json.loads(role["trust"])["Statement"]) != trust:
            yield f"the role's trust is {json.dumps(found)}"
        policies = {policy if ":" in policy else f"System:{policy}" for policy in wanted.policies}
        if set(role["attached"]) != policies:
            yield f"the role has the policies {sorted(role['attached'])}"
    records = seen.records(account_id)
    if records != {region: [("CROSS_ACCOUNT", wanted.role_name)] for region in wanted.regions}:
        yield f"its registrations are {records}"
    for action in ("AddCrossAccount", "CheckRole"):
        if missing := sorted(set(wanted.regions) - seen.done(account_id, action).keys()):
            yield f"no {action} has succeeded in {', '.join(missing)}"


def not_withdrawn(account_id: str, seen: Evidence) -> Iterator[str]:
    """What is left of the account's enrolment, and what was never there to be taken away."""
    if seen.role(account_id) is not None:
        yield "the role is still there"
    if records := seen.records(account_id):
        yield f"its registrations are {records}"
    for action in ("AddCrossAccount", "DeleteCrossAccount"):
        if missing := sorted(set(seen.config.enrolment.regions) - seen.done(account_id, action).keys()):
            yield f"no {action} has succeeded in {', '.join(missing)}"
    for action in ("CreateRole", "DeleteRole"):
        if not seen.done(account_id, action):
            yield f"no {action} has succeeded"


def not_refused(account_id: str, seen: Evidence) -> Iterator[str]:
    """What was done for an account that is none of ours, or that nobody has looked at it."""
    if account_id in seen.state["accounts"]:
        yield "there is such an account"
    if records := seen.records(account_id):
        yield f"its registrations are {records}"
    if "AddCrossAccount" in {entry["action"] for entry in seen.about(account_id)}:
        yield "it was to be registered"
    if [one["disposition"] for one in seen.answers if one.get("account_id") == account_id] != ["ignored"]:
        yield "no event about it was ignored"


STATES: dict[str, Callable[[str, Evidence], Iterator[str]]] = {
    "protected": not_protected,
    "withdrawn": not_withdrawn,
    "refused": not_refused,
}
"""How an account may end, and what keeps it from having ended so."""


def left_over(state: dict[str, Any]) -> dict[str, int]:
    """Queue → how many messages wait in it, of those that are not empty."""
    queues = [one for owned in state["mns"]["queues"].values() for one in owned.items()]
    return {name: len(queue["messages"]) for name, queue in queues if queue["messages"]}
