"""What the functions' log says of the past: the last sweep, repairs, how long it took until an account was protected.

The log is in the log project that ``s.yaml`` names. Where that is missing, or may not be read, the past is said to be
not kept, and why. Nothing is concluded from its absence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from cli.log_store import LogStore
from cli.output import NotDoneError
from cli.selection import age
from cli.site import Site, epoch
from shared.outcome import AttemptError
from shared.wording import counted

LOOKED_BACK = 30 * 86_400
"""Seconds; the log keeps what its logstore is told to."""
BOUNDS = (5, 15, 60, 300, 3600, 86_400)
"""Seconds: the classes in which times to protected are counted; what took longer is in a last one."""
MOST_RECENT = 10
MOST_REPAIRS = 50
SWEPT, FAILED, REPAIRED, IN_TIME, RETRIED, SET_ASIDE, DELIVERED = (
    "left_over",
    "disposition and failed",
    "left_over and true",
    "event_at and protected",
    "disposition and retry",
    "disposition and dead_letter",
    "event_source",
)
"""Words by which the log finds the lines of sweeps, of failed and of repairing ones, of attempts by their end, and of
what came through EventBridge."""
NOT_KEPT = (
    "since when an account has been protected or not, and how long that took",
    "when the last sweep ran, and what it repaired",
)


@dataclass(frozen=True)
class Turn:
    """That an account became protected, or was seen not to be. ``at`` is epoch seconds, exact to the second."""

    account_id: str
    at: float
    protected: bool
    how: str
    event_id: str = ""
    seconds: float | None = None
    """Since the event that began it; None where no event did."""


@dataclass(frozen=True)
class Sweep:
    """One run of the sweep."""

    at: float
    deep: bool
    members: int
    repaired: int
    left_over: int
    config: str
    """The fingerprint of its configuration; empty where an older release did not say it."""


@dataclass(frozen=True)
class Failure:
    """A sweep that came to nothing; the next one is its retry."""

    at: float
    reason: str
    detail: str


@dataclass(frozen=True)
class History:
    """What was found, or why there is nothing."""

    missing: str = ""
    sweeps: tuple[Sweep, ...] = ()
    """Oldest first, as the turns are."""
    turns: Mapping[str, tuple[Turn, ...]] = field(default_factory=dict)
    failures: tuple[Failure, ...] = ()

    @property
    def failure(self) -> Failure | None:
        """The newest failure of a sweep, if none has succeeded since."""
        since = self.sweeps[-1].at if self.sweeps else 0.0
        return self.failures[-1] if self.failures and self.failures[-1].at > since else None

    @property
    def not_kept(self) -> list[str]:
        """What nobody can tell, and why."""
        return [f"{what} ({self.missing})" for what in NOT_KEPT] if self.missing else []

    def since(self, account_id: str, *, protected: bool) -> float | None:
        """Since when the account has been so without a break, as far as the log goes; None: it does not tell."""
        began: float | None = None
        for turn in self.turns.get(account_id, ()):
            if turn.protected is not protected:
                began = None
            elif began is None:
                began = turn.at
        return began

    def took(self) -> list[Turn]:
        """One turn for each event that ended in a protected account: the first."""
        first: dict[tuple[str, str], Turn] = {}
        for turns in self.turns.values():
            for turn in turns:
                if turn.protected and turn.seconds is not None:
                    first.setdefault((turn.account_id, turn.event_id), turn)
        return sorted(first.values(), key=lambda turn: turn.at)

    def shown(self, now: float) -> dict[str, Any]:
        """As JSON."""
        if self.missing:
            return {"not_available": self.missing}
        took = self.took()
        repairs = [turn for turns in self.turns.values() for turn in turns if turn.how.startswith("the sweep repaired")]
        repairs.sort(key=lambda turn: -turn.at)
        return {
            "looked_back_days": LOOKED_BACK // 86_400,
            "last_sweep": _sweep(self.sweeps[-1], now) if self.sweeps else None,
            "failing": _failing(self.failure, now),
            "repairs": [
                {"account_id": turn.account_id, "at": written(turn.at), "what": turn.how}
                for turn in repairs[:MOST_REPAIRS]
            ],
            "time_to_protected": _times(sorted(turn.seconds or 0.0 for turn in took)),
            "recent": [
                {"account_id": turn.account_id, "at": written(turn.at), "seconds": turn.seconds}
                for turn in took[: -MOST_RECENT - 1 : -1]
            ],
        }


def _sweep(sweep: Sweep, now: float) -> dict[str, Any]:
    counts = {"members": sweep.members, "repaired": sweep.repaired, "left_over": sweep.left_over}
    return {"at": written(sweep.at), "age_seconds": round(max(now - sweep.at, 0.0)), "deep": sweep.deep, **counts}


def _failing(failure: Failure | None, now: float) -> dict[str, Any] | None:
    """The last sweep, where that failed."""
    if failure is None:
        return None
    ago = {"at": written(failure.at), "age_seconds": round(max(now - failure.at, 0.0))}
    return {**ago, "reason": failure.reason, "detail": failure.detail}


def _times(seconds: list[float]) -> dict[str, Any]:
    """How many, the middle one, the longest, and how many in each class (``up_to`` None: longer)."""
    if not seconds:
        return {"count": 0}
    edges = [0.0, *map(float, BOUNDS), float("inf")]
    classes = [
        {"up_to": high if high < float("inf") else None, "count": sum(low < one <= high for one in seconds)}
        for low, high in zip([-1.0, *edges[1:-1]], edges[1:], strict=True)
    ]
    middle, ninth = seconds[len(seconds) // 2], seconds[min(len(seconds) * 9 // 10, len(seconds) - 1)]
    return {"count": len(seconds), "median": middle, "p90": ninth, "longest": seconds[-1], "classes": classes}


def of_fleet(site: Site) -> History:
    """The last sweep, and every account's turns, as far as a few hundred lines of each kind go back."""
    return _read(site, [(SWEPT, 1), (FAILED, 1), *((query, 500) for query in (REPAIRED, IN_TIME, RETRIED, SET_ASIDE))])


def last_sweep(site: Site) -> Sweep | None:
    """The newest that the log tells of."""
    return next(iter(_read(site, [(SWEPT, 1)]).sweeps), None)


def of_account(site: Site, account_id: str) -> History:
    """The last sweep, and what is said of one account."""
    return _read(site, [(SWEPT, 1), (FAILED, 1), (account_id, 200)])


def delivered(site: Site) -> tuple[dict[tuple[str, str], float], str]:
    """Source and type of the newest events that EventBridge delivered, and when the last of each came; or why not."""
    found: dict[tuple[str, str], float] = {}
    lines, missing = _lines(site, [(DELIVERED, 100)])
    for at, line in lines:
        name = (str(line.get("event_source", "")), str(line.get("event_type", "")))
        if name[0]:
            found[name] = max(at, found.get(name, at))
    return found, missing


def _lines(site: Site, queries: Iterable[tuple[str, int]]) -> tuple[list[tuple[float, dict[str, Any]]], str]:
    """The log's newest lines that match one of the queries, oldest first, with their times; or why there are none."""
    try:
        logs = LogStore(site.config, site.credentials, site.calls, *site.wanted.log_store)
        lines: dict[tuple[float, str], dict[str, Any]] = {}
        for query, most in queries:
            found = logs.newest(query, site.now - LOOKED_BACK, site.now + 1, most)
            if found is None:
                return [], f"there is no log project {site.wanted.log_store[0]}, no log store in it, or no index"
            lines |= {(at, message): parsed for at, message in found if (parsed := _parsed(message)) is not None}
    except (AttemptError, NotDoneError) as error:
        return [], str(error)
    return [(at, line) for (at, _), line in sorted(lines.items(), key=lambda item: item[0][0])], ""


def _read(site: Site, queries: Iterable[tuple[str, int]]) -> History:
    lines, missing = _lines(site, queries)
    if missing:
        return History(missing)
    sweeps, failures, turns = list[Sweep](), list[Failure](), dict[str, list[Turn]]()
    for at, line in lines:
        if isinstance(line.get("sweep"), dict):
            swept = line["sweep"]
            said = {name: swept.get(name, 0) for name in ("deep", "members", "repaired", "left_over")}
            sweeps.append(Sweep(at, **said, config=str(line.get("config", ""))))
        elif line.get("disposition") == "failed":
            failures.append(Failure(at, str(line.get("reason", "")), str(line.get("detail", ""))))
        for turn in _turns(at, line):
            turns.setdefault(turn.account_id, []).append(turn)
    by_account = {account: tuple(found) for account, found in turns.items()}
    return History(sweeps=tuple(sweeps), turns=by_account, failures=tuple(failures))


def _parsed(message: str) -> dict[str, Any] | None:
    """The JSON object of a line; before it is what the runtime writes before every line."""
    try:
        found, _ = json.JSONDecoder().raw_decode(message[message.index("{") :])
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _turns(at: float, line: Mapping[str, Any]) -> Iterator[Turn]:
    account, event_id = str(line.get("account_id", "")), str(line.get("source_event_id", ""))
    if line.get("disposition") == "done" and line.get("state") == "protected":
        began = line.get("event_at")
        seconds = max(at - epoch(began), 0.0) if began else None
        yield Turn(account, at, True, f"{line.get('function')} made it so", event_id, seconds)  # noqa: FBT003 - named
    elif line.get("disposition") in {"retry", "dead_letter"} and account:
        why = f"{line.get('function')} failed: {line.get('reason')}"
        yield Turn(account, at, False, why, event_id)  # noqa: FBT003 - the same
    elif line.get("state") == "withdrawn":
        yield Turn(account, at, False, f"{line.get('function')} withdrew it", event_id)  # noqa: FBT003 - the same
    found = (line.get("sweep") or {}).get("findings", ())
    # What was found in several regions is told once.
    for account, kind, repaired in dict.fromkeys(
        (one["account_id"], one["kind"], bool(one["repaired"])) for one in found
    ):
        how = f"the sweep {'repaired' if repaired else 'found'}: {kind.replace('_', ' ')}"
        yield Turn(account, at, repaired, how)


def written(at: float) -> str:
    """A time as the cloud writes it."""
    return datetime.fromtimestamp(at, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def told(history: Mapping[str, Any]) -> Iterator[str]:
    """The same for people, in a few lines."""
    if "not_available" in history:
        yield f"last sweep, repairs, time to protected: not kept ({history['not_available']})"
        return
    swept, times = history["last_sweep"], history["time_to_protected"]
    if swept is None:
        yield f"last sweep: none in the log of the last {history['looked_back_days']} days"
    else:
        kind = "deep" if swept["deep"] else "fast"
        yield f"last sweep: {age(swept['age_seconds'])} ago ({kind}), {swept['repaired']} repaired"
    if history["failing"]:
        failed = history["failing"]
        yield f"the sweep fails: {age(failed['age_seconds'])} ago {failed['reason']}: {failed['detail']}"
    if not times["count"]:
        yield "time to protected: no account was protected by an event lately"
    else:
        yield (
            f"time to protected: {times['median']:.0f} s in the middle, {times['longest']:.0f} s at most, "
            f"of {counted(times['count'], 'account')}"
        )
