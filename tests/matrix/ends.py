"""What must be true at the end of a flow, looked up in the emulator's own state."""

from __future__ import annotations

import base64
import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from shared.config import MARK
from tests.flows.backups import DAILY
from tests.flows.world import MANAGEMENT, REGIONS, registrations, unprotected

ROLE, POLICY = "hbrcrossrole", "System:AliyunHBRRolePolicy"
DEAD_LETTERS = "cab-dead-letters"
State = dict[str, Any]
Sources = Mapping[str, tuple[str, ...]]
"""Account → data sources."""


@dataclass(frozen=True)
class End:
    """How a flow must end, whatever fails in it."""

    protected: tuple[str, ...] = ()
    withdrawn: tuple[str, ...] = ()
    """Accounts of which nothing must be left but their backups."""
    gone: tuple[str, ...] = ()
    """Accounts that cannot be entered any more: what is in them is their owners'; only their registrations must go."""
    regions: tuple[str, ...] = REGIONS
    backed_up: Sources = field(default_factory=dict)
    """What must be on schedule, each once; of other accounts nothing may be."""
    asks: str = ""
    """The reason with which a person is asked instead; then nothing may have been changed."""

    def missed(self, state: State, before: State) -> list[str]:
        """What of it is not true."""
        return [
            *(why for account in self.protected for why in unprotected(state, account, self.regions)),
            *(why for account in self.withdrawn for why in _left(state, account)),
            *(f"{account} is still registered" for account in self.gone if registrations(state, account)),
            *self._off_schedule(state),
            *_doubled(state),
            *_rescheduled(state),
            *_points_gone(state, before),
            *(_changed(state, before) if self.asks else ()),
            *self._messages_left(state),
        ]

    def _off_schedule(self, state: State) -> Iterator[str]:
        for account in {*self.protected, *self.withdrawn}:
            wanted, found = sorted(self.backed_up.get(account, ())), sorted(_scheduled(state, account))
            if found != wanted:
                yield f"{account} has {found} on schedule instead of {wanted}"

    def _messages_left(self, state: State) -> Iterator[str]:
        for name, queue in state["mns"]["queues"][MANAGEMENT].items():
            if queue["messages"] and not (self.asks and name == DEAD_LETTERS):
                yield f"{len(queue['messages'])} messages are left in {name}"
        if self.asks and (found := {one["reason"] for one in letters(state)}) != {self.asks}:
            yield f"a person is asked because of {found}"


def letters(state: State) -> list[dict[str, Any]]:
    """What waits for a person; what the platform itself has put there, it could not deliver."""
    stored = state["mns"]["queues"][MANAGEMENT][DEAD_LETTERS]["messages"].values()
    bodies = [json.loads(base64.b64decode(one["body"])) for one in stored]
    return [one if "reason" in one else {"reason": "undelivered", "detail": str(one)} for one in bodies]


def _left(state: State, account: str) -> list[str]:
    registered = registrations(state, account)
    role = state["accounts"][account]["roles"].get(ROLE)
    rules = [rule for policy in state["hbr"]["policies"].values() for rule in policy["rules"]]
    return [
        *([f"{account} still has its role"] if role else []),
        *([f"{account} is still registered: {registered}"] if registered else []),
        *([f"a tag rule still names {account}"] if account in json.dumps(rules) else []),
    ]


def _scheduled(state: State, account: str) -> Iterator[str]:
    """What backs up an account's data sources now: bindings, plans, and plans of its SAP HANA instances."""
    found, hanas = state["hbr"], state["hbr"]["hanas"]
    for one in (*found["bindings"].values(), *found["plans"].values()):
        if one["place"]["account_id"] == account and not one["disabled"]:
            yield one["data_source"]
    for one in found["hana_plans"].values():
        if hanas[one["cluster_id"]]["place"]["account_id"] == account and not one["disabled"]:
            yield one["settings"]["DatabaseName"]


def _doubled(state: State) -> Iterator[str]:
    """A vault or policy of ours that a lost answer made twice."""
    for what in ("vaults", "policies"):
        ours = [one for one in state["hbr"][what].values() if one["description"].startswith(MARK)]
        for (region, name), times in Counter((one["region"], one["name"]) for one in ours).items():
            if times > 1:
                yield f"{times} {what} in {region} are called {name}"


def _rescheduled(state: State) -> Iterator[str]:
    """A policy of ours with another schedule than the configured one."""
    for one in state["hbr"]["policies"].values():
        found = {rule["Schedule"] for rule in one["rules"] if rule["RuleType"] == "BACKUP"}
        if one["description"].startswith(MARK) and found != {DAILY}:
            yield f"policy {one['name']} runs at {found}"


def _points_gone(state: State, before: State) -> Iterator[str]:
    if gone := set(before["hbr"]["snapshots"]) - set(state["hbr"]["snapshots"]):
        yield f"restorable points are gone: {sorted(gone)}"


def _changed(state: State, before: State) -> Iterator[str]:
    for what in ("cross_accounts", "vaults", "policies", "bindings", "plans", "hana_plans"):
        if state["hbr"][what] != before["hbr"][what]:
            yield f"the {what} were changed"
    roles = {
        account: (one["roles"], before["accounts"][account]["roles"]) for account, one in state["accounts"].items()
    }
    yield from (f"roles of {account} were changed" for account, (now, then) in roles.items() if now != then)
