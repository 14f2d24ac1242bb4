"""Checks of the events: where they are, and whether anything comes of them.

EventBridge does not tell what it delivered. What is compared instead are times: ActionTrail's of an event, and Cloud
Backup's of the registration that should have followed within seconds.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from cli.advice import deploy
from cli.doctor.finding import BY_HAND, IN_CONFIG, Finding, cause, ok, unknown
from cli.output import moment
from cli.site import Site, epoch
from shared.messages import Hint

LATE_SECONDS = 120.0
"""An event is worked off within seconds, and a new account that is not ready within a minute or two."""
LOOKED_AT = 7 * 86_400.0
"""Seconds; older ones say little about today."""
LAG_SECONDS = 900.0
"""An event can be looked up after up to ten minutes (ActionTrail limits page)."""


def region(site: Site) -> Iterator[Finding]:
    """The rule is where the events are."""
    kept = {name: found for name, found in site.trail.items() if found}
    if not kept:
        yield unknown("ActionTrail has no event of the directory from the last 90 days, in any region it was asked in")
        return
    missing = [name for name in site.config.trail_regions if name not in kept]
    if missing:
        fix = f"{IN_CONFIG}trail_regions: [{', '.join(kept)}]"
        yield cause(f"directory events are kept in {', '.join(kept)}, not in {', '.join(missing)}", fix)
    newest = max((event for found in kept.values() for event in found), key=lambda event: str(event["eventTime"]))
    published = newest.get("acsRegion") or next(iter(kept))
    functions = [name for name, props in site.wanted.functions.items() if _listens(props)]
    for name in functions:
        place = str((site.deployed.function(name) or {}).get("functionArn", "")).split(":")[2:3]
        if place and place[0] != published:
            yield cause(
                f"the rule of {name} is in {place[0]}, but directory events are in {published}"
                f" (the last: {newest['eventName']}, {newest['eventTime']})",
                f"{IN_CONFIG}region: {published}",
                f"{IN_CONFIG}trail_regions: [{published}]",
                "cab bootstrap",
                deploy(site.config, published),
                f"{BY_HAND}then remove the functions in {place[0]}, or two sweeps run:"
                f" DEPLOY_ACCOUNT_ID={site.config.management_account} DEPLOY_REGION={place[0]} s remove",
            )
        elif place:
            yield ok(f"the rule of {name} is in {published}, where the last directory event was")


def _listens(props: Any) -> bool:  # noqa: ANN401 - YAML
    """Whether the function has a rule on the default bus."""
    return any(
        trigger["triggerConfig"].get("eventSourceConfig", {}).get("eventSourceType") == "Default"
        for trigger in props.get("triggers", [])
    )


def last(site: Site) -> Iterator[Finding]:
    """The last event, and whether an account's registration followed it at once."""
    if not site.changes:
        yield unknown("no account has changed in the last 90 days, as far as ActionTrail tells")
        yield from _untold(site, set())
        return
    at, change, _ = site.changes[0]
    yield ok(f"the last one: {change.event_name} of {change.account_id}, {moment(at)}")
    yield from _untold(site, {change.account_id for _, change, _ in site.changes})
    yield from late(site)


def _untold(site: Site, told: set[str]) -> Iterator[Finding]:
    """Accounts that were created lately and of which there is no event."""
    for one in site.joined:
        joined = epoch(one.at) if one.at else 0.0
        fresh = LAG_SECONDS < site.now - joined < LOOKED_AT
        # An invited account accepts in its own trail (API page "AcceptHandshake").
        if fresh and one.how == "created" and one.account_id not in told:
            regions = ", ".join(site.config.trail_regions)
            yield cause(
                f"account {one.account_id} was created at {one.at}, and ActionTrail in {regions} has no event",
                f"{BY_HAND}find the region that has it: `cab doctor --live-checks`",
            )
            return


def late(site: Site) -> Iterator[Finding]:
    """The newest accounts that have joined and are wanted: how long the first that tells anything took."""
    wanted = {one.account_id for one in site.surveyed if one.wanted}
    joined = [
        (at, one.account_id) for at, one, _ in site.changes if one.hint is Hint.JOINED and one.account_id in wanted
    ]
    recent = [(at, account) for at, account in joined if site.now - at < LOOKED_AT]
    since, registered = _changed(site), _registered(site) if recent else {}
    for at, account in recent:
        if at < since:
            break
        took = registered[account] - at if account in registered else None
        if took is not None and took <= LATE_SECONDS:
            yield ok(f"account {account} was registered {max(took, 0):.0f} s after it had joined")
            return
        if took is not None or site.now - at > LATE_SECONDS:
            worked = _worked_on(site, account, at)
            yield (
                ok(f"account {account} was worked on at once, and failed then")
                if worked
                else _silence(site, at, account, took)
            )
            return
    yield unknown("no account has joined lately (since the rule was changed), so nothing tells whether events arrive")


def _worked_on(site: Site, account: str, at: float) -> bool:
    """Whether somebody entered the account just after it had joined: then the event did arrive."""
    entered = {"EventName": "AssumeRole"}
    found = (e for name in site.config.trail_regions for e in site.looked_up(name, entered, at, at + LATE_SECONDS))
    return any(f"::{account}:" in str((event.get("requestParameters") or {}).get("RoleArn")) for event in found)


def _silence(site: Site, at: float, account: str, took: float | None) -> Finding:
    told = "is not registered yet" if took is None else f"was registered only {took:.0f} s later"
    return cause(
        f"events do not arrive: account {account} joined at {moment(at)} and {told}, by the sweep or by hand",
        deploy(site.config),
        f"{BY_HAND}create an account and see whether it is protected at once; if not: docs/live-checks.md, Events",
    )


def _changed(site: Site) -> float:
    """When a rule on the bus was last changed: what was before says nothing about it."""
    rows = [
        row for name, props in site.wanted.functions.items() if _listens(props) for row in site.deployed.triggers(name)
    ]
    return max((epoch(row["lastModifiedTime"]) for row in rows if row.get("lastModifiedTime")), default=0.0)


def _registered(site: Site) -> dict[str, float]:
    """Account → when it was first registered, in the region that is looked at first, in epoch seconds."""
    found: dict[str, float] = {}
    for one in site.records(site.config.every_region[0]):
        found[one.account_id] = min(one.since, found.get(one.account_id, one.since))
    return found
