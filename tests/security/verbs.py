"""Which verb needs which file of rights: every verb of the console, with arguments that make it do all it can."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.flows.world import PROD, SANDBOX, TEST

LOOKING, WORKING, SETTING_UP, BACKING_UP = "operator-read-only", "operator", "deployer", "backup-operator"


@dataclass(frozen=True)
class Verb:
    """A run of the console, and the landing zone in which it is run."""

    words: tuple[str, ...]
    """``{file}``, ``{hash}`` and ``{id}`` are what ``first`` answered: the document itself, and what is named in it."""
    zone: str
    config: dict[str, Any] = field(default_factory=dict)
    times: int = 1
    """Run so often; the last answer counts."""
    first: tuple[str, ...] = ()
    """Run before, by an administrator."""
    typed: str = ""
    """What is on standard input."""


INSTANCE = ("--kind", "ecs_instance", "--source", "i-test0000000000001", "--region", "cn-hangzhou")
OVER = ("--kind", "oss", "--to", TEST, "--target", "test-app-data")
HANA = (
    *("--region", "cn-hangzhou", "--name", "erp", "--instance", "i-prod0000000000001", "--host", "10.0.0.5"),
    *("--sid", "HXE", "--vault", "own"),
)
SID = ("--sid", "erp=HXE")
PURGE = ("purge", PROD, *SID)
WINDOW = ("--start", "2026-11-20T00:00:00Z", "--end", "2026-11-30T00:00:00Z")

VERBS: dict[str, list[Verb]] = {
    LOOKING: [
        Verb(("plan", "--all"), "used"),
        Verb(("status", "--deep"), "used"),
        Verb(("status", "--deep"), "backed_up"),
        Verb(("explain", PROD), "used"),
        Verb(("explain", SANDBOX), "used"),
        Verb(("dead-letters", "list"), "used", times=2),
        Verb(("dead-letters", "show", "{id}"), "used", first=("dead-letters", "list")),
        Verb(("doctor",), "used"),
        Verb(("report", "--deep"), "used"),
        Verb(("plan", TEST), "used"),
        Verb(("explain", TEST), "leaving"),
        Verb(("explain", TEST), "denied"),
        Verb(("doctor",), "used", {"enrolment": {"authorization": "resource_directory"}}),
        Verb(("replay", "--direct", *WINDOW), "used"),
    ],
    WORKING: [
        Verb(("onboard", TEST, "--yes"), "used"),
        Verb(("dead-letters", "redrive", "--all", "--apply", "--yes"), "used"),
        Verb(("dead-letters", "delete", "--all", "--apply", "--yes"), "used"),
        Verb(("teardown", PROD, "--yes"), "used"),
        Verb(("reconcile", "--yes"), "used"),
        Verb(("replay", *WINDOW, "--apply", "--yes"), "used"),
        Verb(("replay", "--dead-letters", "--apply", "--yes"), "used"),
        Verb(("apply", "{file}", "--yes"), "used", first=("plan", "--all")),
        Verb(("onboard", TEST, "--direct", "--yes"), "foreign"),
    ],
    SETTING_UP: [
        Verb(("bootstrap", "--yes"), "empty"),
        Verb(("bootstrap", "--yes"), "used"),
        Verb(("bootstrap", "--yes"), "differing"),
        Verb(("bootstrap", "--remove", "--yes"), "used", times=2),
        Verb(("bootstrap", "--remove", "--yes"), "set_up"),
    ],
    BACKING_UP: [
        Verb(("backup", PROD, "--no-wait", "--yes"), "backed_up"),
        Verb(("backup", TEST, *INSTANCE, "--no-wait", "--yes"), "backed_up"),
        Verb(("restore", PROD, *OVER, "--no-wait", "--yes"), "backed_up"),
        Verb(("hana", PROD, *HANA, "--yes"), "backed_up", typed="a password\n"),
        Verb((*PURGE, "--reviewed", "{hash}", "--again", PROD), "equipped", first=PURGE),
        Verb((*PURGE, "--reviewed", "{hash}", "--again", PROD), "uninstalled", first=PURGE),
    ],
}
NO_RIGHTS = [Verb(("config", one), "used") for one in ("check", "show", "schema")]
"""These ask no cloud."""
HELD = {LOOKING: [LOOKING], WORKING: [LOOKING, WORKING], SETTING_UP: [SETTING_UP], BACKING_UP: [BACKING_UP]}
"""File → the files that a person holds whose verbs these are."""
