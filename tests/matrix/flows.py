"""The flows that are spoiled: how each begins, and how it must end."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from tests.flows.world import PROD, SANDBOX, TEST
from tests.matrix.beginnings import (
    BUCKETS,
    BY_TAG,
    FILES,
    HANA,
    HERE,
    IN,
    INSTANCE,
    OUT,
    UNHEARD,
    Work,
    backed_up,
    backups_drifted,
    blocking,
    created_unheard,
    drifted,
    enrolled,
    every_account_is_due,
    hana_registered,
    planned_the_old_way,
    set_aside_before,
    swept,
    tagged,
    wanting,
    wide_role,
    withdrawn,
)
from tests.matrix.ends import End, Sources
from tests.matrix.platform import Platform, Worker

MINUTE = 60.0
Event = tuple[str, Any]
"""A door, and what it is told."""


def trail(name: str, account_id: str) -> dict[str, Any]:
    """A directory event in the shape of the trail."""
    return {
        "eventId": "e-1",
        "eventName": name,
        "serviceName": "ResourceManager",
        "requestParameters": {"AccountId": account_id},
        "responseElements": {"Account": {"AccountId": account_id}},
    }


CREATED: Event = ("onboard", trail("CreateResourceAccount", PROD))
FAST: Event = ("reconcile", {"sweep": "fast"})
DEEP: Event = ("reconcile", {"sweep": "deep"})
BEGAN = time.time()


def moment(seconds: float) -> str:
    """As ActionTrail writes it."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


WINDOW = {"start": moment(BEGAN - 3600), "end": moment(BEGAN + 86_400)}
"""Since before this process began; what has not happened yet is cut off."""


def replay(what: dict[str, Any]) -> Event:
    """A person wants to have it brought back."""
    return "replay", {"replay": what, "preview": False}


def withdraw(account_id: str) -> Event:
    """A person wants the account withdrawn."""
    return "teardown", {"accountId": account_id, "do": "withdraw"}


@dataclass(frozen=True)
class Flow:
    """One flow."""

    name: str
    events: tuple[Event, ...]
    """What sets it off, a minute between each; the queue's work follows by itself."""
    end: End
    prepare: tuple[Work, ...] = ()
    second_worker: Event = ("reconcile", {"sweep": "deep", "everything": True})
    """Somebody else who works on the same account at the same time."""
    out_of_scope: tuple[str, ...] = (SANDBOX,)
    set_aside: frozenset[str] = frozenset()
    """The reasons with which a message of this flow may wait for a person, whichever the failure was."""
    fails_at: dict[str, Any] = field(default_factory=dict)
    """A failure that is planned in every run, so that the message goes through the queue."""

    def begin(self, platform: Platform) -> None:
        """Deliver what sets it off, and let the queue do its work after each."""
        for number, (door, event) in enumerate(self.events):
            if number:
                platform.cloud.advance(MINUTE)
            platform.deliver(door, event)
            platform.work_the_queue()

    @property
    def sweeps(self) -> tuple[Event, ...]:
        """Those of its events that are their own retry: they send no messages, and the next one follows."""
        return tuple(event for event in self.events if event[0] == "reconcile")

    def again(self, worker: Worker) -> None:
        """The same event once more, by somebody else."""
        worker.deliver(*self.events[0])


PROTECTED = End(protected=(PROD,))
BOTH = End(protected=(PROD, TEST))
BUCKET: Sources = {PROD: ("prod-app-data",)}
OTHERS: Sources = {TEST: ("test-app-data",)}
LEFT = End(withdrawn=(PROD,), protected=(TEST,), regions=HERE, backed_up=OTHERS)
"""The production account is withdrawn; what backs up others goes on."""

FLOWS = (
    Flow("onboard", (CREATED,), PROTECTED),
    Flow(
        "onboard, role too wide",
        (("onboard", trail("AcceptHandshake", PROD) | {"userIdentity": {"accountId": PROD}}),),
        PROTECTED,
        prepare=(wide_role,),
    ),
    Flow("onboard again", (CREATED,), PROTECTED, prepare=(enrolled(PROD),)),
    Flow(
        "onboard, with data sources",
        (CREATED,),
        End(protected=(PROD,), regions=HERE, backed_up={PROD: ("prod-app-data", INSTANCE)}),
        prepare=(wanting(BUCKETS, FILES), OUT, swept, IN),
    ),
    Flow(
        "onboard, back again",
        (CREATED,),
        End(protected=(PROD,), regions=HERE, backed_up={PROD: ("prod-app-data", "SYSTEMDB")}),
        prepare=(wanting(BUCKETS), swept, hana_registered, wanting(BUCKETS, HANA), swept, backed_up, withdrawn),
    ),
    Flow("retry", (CREATED,), PROTECTED, fails_at={"service": "ram", "action": "CreateRole", "status": 500}),
    Flow(
        "replay, a window of the trail",
        (replay(WINDOW),),
        End(protected=(UNHEARD,)),
        prepare=(created_unheard,),
        set_aside=frozenset({"replay_stopped", "undelivered"}),
    ),
    Flow(
        "replay, dead letters",
        (replay({"dead_letters": {}}),),
        PROTECTED,
        prepare=(set_aside_before,),
        set_aside=frozenset({"access_denied", "undelivered"}),
    ),
    Flow(
        "withdraw by hand",
        (withdraw(SANDBOX),),
        End(withdrawn=(SANDBOX,), protected=(PROD,)),
        prepare=(enrolled(PROD, SANDBOX),),
        out_of_scope=(),
    ),
    Flow(
        "withdraw after the grace",
        (("onboard", trail("MoveAccount", PROD)),),
        End(withdrawn=(PROD,), protected=(TEST,)),
        prepare=(enrolled(PROD, TEST), OUT),
        out_of_scope=(PROD, SANDBOX),
    ),
    Flow(
        "withdraw, backups kept",
        (withdraw(PROD),),
        LEFT,
        prepare=(
            *(wanting(BUCKETS), swept, hana_registered, wanting(BUCKETS, HANA), swept),
            *(planned_the_old_way, backed_up, OUT),
        ),
        out_of_scope=(PROD, SANDBOX),
    ),
    Flow(
        "withdraw, under a tag rule",
        (withdraw(PROD), FAST),
        LEFT,
        prepare=(tagged, wanting(BY_TAG), swept, backed_up, OUT),
        out_of_scope=(PROD, SANDBOX),
    ),
    Flow(
        "withdraw, mode block",
        (withdraw(PROD),),
        End(protected=(PROD, TEST), regions=HERE, backed_up={**BUCKET, **OTHERS}, asks="restorable_data"),
        prepare=(wanting(BUCKETS), swept, backed_up, OUT, blocking),
        out_of_scope=(PROD, SANDBOX),
    ),
    Flow(
        "sweep, account missing",
        (FAST,),
        BOTH,
        prepare=(enrolled(TEST),),
        second_worker=("onboard", {"accountId": PROD}),
    ),
    Flow(
        "sweeps, no vault yet",
        (FAST, FAST),
        End(protected=(PROD, TEST), regions=HERE, backed_up={**BUCKET, **OTHERS}),
        prepare=(wanting(BUCKETS), enrolled(PROD, TEST)),
        second_worker=("onboard", {"accountId": PROD}),
    ),
    Flow(
        "sweep, backups drifted",
        (FAST,),
        End(protected=(PROD, TEST), regions=HERE, backed_up={PROD: ("prod-app-data", "SYSTEMDB"), **OTHERS}),
        prepare=(wanting(BUCKETS), swept, backed_up, wanting(BUCKETS, HANA), backups_drifted),
        second_worker=("onboard", {"accountId": PROD}),
    ),
    Flow(
        "deep sweep, drift",
        (DEEP,),
        BOTH,
        prepare=(enrolled(PROD, TEST), drifted, every_account_is_due),
        second_worker=("onboard", {"accountId": PROD}),
    ),
)
BY_NAME = {flow.name: flow for flow in FLOWS}
