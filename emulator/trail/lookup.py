"""LookupEvents (ActionTrail 2020-07-06) with the limits that make it a fallback and not a feed."""

from __future__ import annotations

import hashlib
import json
import re
from calendar import timegm
from collections.abc import Callable, Mapping
from time import strptime
from typing import Any

from emulator.clock import utc
from emulator.errors import CloudError
from emulator.service import Action, Call, Param, Service
from emulator.trail import KEPT_SECONDS
from emulator.trail.state import Recorded

DEFAULT_SECONDS = 7 * 86400
_WITH = {
    "ServiceName": {
        "EventName", "User", "PrincipalId", "RoleName", "ResourceName", "EventRW", "SensitiveAction", "EventType",
    },
    "ResourceName": {"ResourceType", "EventName", "User", "RoleName", "ServiceName"},
    "EventType": {"EventName"},
}  # fmt: skip
"""Which two attributes may be combined (help page "How to set the LookupAttribute parameter")."""
_READ: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    "ServiceName": lambda event: event["serviceName"],
    "EventName": lambda event: event["eventName"],
    "User": lambda event: event["userIdentity"]["userName"],
    "PrincipalId": lambda event: event["userIdentity"]["principalId"],
    "EventId": lambda event: event["eventId"],
    "ResourceType": lambda event: event["resourceType"],
    "ResourceName": lambda event: event["resourceName"],
    "EventRW": lambda event: event["eventRW"],
    "EventAccessKeyId": lambda event: event["userIdentity"].get("accessKeyId"),
    "SensitiveAction": lambda event: event.get("eventAttributes", {}).get("SensitiveAction"),
    "SourceIpAddress": lambda event: event["sourceIpAddress"],
    "EventType": lambda event: event["eventType"],
    "RoleName": lambda event: event["userIdentity"]["userName"].partition(":")[0],
}
"""Attribute key → where an event has it. Values are compared exactly (same help page)."""


def lookup_events(call: Call) -> dict[str, Any]:
    """The caller's own events within a window, newest first unless FORWARD.

    Both times or neither, else the last seven days (SDK model LookupEventsRequest; help page "LookupEvents").
    """
    wanted = _attributes(call.params["LookupAttribute"] or [])
    start, end = _window(call)
    forward = call.params["Direction"] == "FORWARD"
    digest = _digest(call)
    after = _position(call.params["NextToken"], digest)
    trail = call.cloud.state.trail
    newest = min(end, call.now - trail.lag_seconds)
    oldest = max(start, call.now - KEPT_SECONDS)
    events = trail.events.get(call.caller.account_id, [])
    found = [
        kept
        for kept in (events if forward else reversed(events))
        if oldest <= kept.at <= newest
        and (after is None or (kept.number > after if forward else kept.number < after))
        and all(_READ[key](kept.event) == value for key, value in wanted.items())
    ]
    return _page(found, call.params["MaxResults"], digest) | {"StartTime": utc(start), "EndTime": utc(end)}


def _page(found: list[Recorded], size: int, digest: str) -> dict[str, Any]:
    """The first events and, where more follow, the token to go on with."""
    answer: dict[str, Any] = {"Events": [kept.event for kept in found[:size]]}
    if len(found) > size:
        answer["NextToken"] = f"{digest}-{found[size - 1].number}"
    return answer


def _attributes(sent: list[dict[str, str]]) -> dict[str, str]:
    """At most two, of a pair that is allowed; a third is ignored, a key sent twice counts once, the second time."""
    wanted: dict[str, str] = {}
    for item in sent[:2]:
        if item.get("Key") not in _READ or "Value" not in item:
            raise CloudError("InvalidLookupAttribute", f"The LookupAttribute {item.get('Key')} is invalid.")
        wanted[item["Key"]] = item["Value"]
    if len(wanted) > 1:
        one, other = wanted
        if other not in _WITH.get(one, ()) and one not in _WITH.get(other, ()):
            raise CloudError("InvalidLookupAttribute", f"{one} and {other} cannot be combined.")
    return wanted


def _window(call: Call) -> tuple[float, float]:
    start, end = call.params["StartTime"], call.params["EndTime"]
    if (start is None) != (end is None):
        raise CloudError("InvalidParameterCombination", "StartTime and EndTime must be set together.")
    if start is None:
        return call.now - DEFAULT_SECONDS, call.now
    window = _seconds("StartTime", start), _seconds("EndTime", end)
    if window[0] > window[1]:
        raise CloudError("InvalidParameterCombination", "EndTime must not be earlier than StartTime.")
    return window


def _seconds(name: str, text: str) -> float:
    try:
        return float(timegm(strptime(text, "%Y-%m-%dT%H:%M:%SZ")))
    except ValueError as error:
        raise CloudError(f"InvalidParameter.{name}", f"{name} must look like 2026-11-22T02:03:04Z.") from error


def _digest(call: Call) -> str:
    """Of every parameter that must stay the same from page to page."""
    same = {name: value for name, value in call.params.items() if name not in ("NextToken", "MaxResults")}
    return hashlib.md5(json.dumps(same, sort_keys=True).encode()).hexdigest()


def _position(token: str | None, digest: str) -> int | None:
    """The number of the last event of the page before."""
    if not token:
        return None
    bound, _, number = token.partition("-")
    if bound != digest or not re.fullmatch("[0-9]{1,15}", number):
        raise CloudError("InvalidNextToken", "The NextToken does not belong to these parameters.")
    return int(number)


SERVICE = Service(
    name="actiontrail",
    product="ActionTrail",
    version="2020-07-06",
    actions={
        "LookupEvents": Action(
            lookup_events,
            params={
                "Direction": Param(choices=("FORWARD", "BACKWARD"), default="BACKWARD"),
                "StartTime": Param(),
                "EndTime": Param(),
                "LookupAttribute": Param("maps"),
                "MaxResults": Param("integer", minimum=1, maximum=50, default=20),
                "NextToken": Param(),
            },
            permission="actiontrail:LookupEvents",
            resource="acs:actiontrail:{region}:{account}:*",
            errors=(
                "InvalidLookupAttribute",
                "InvalidNextToken",
                "InvalidParameterCombination",
                "InvalidParameter.StartTime",
                "InvalidParameter.EndTime",
            ),
        )
    },
)
"""The codes of refusals are inferred: the product's error page names none for this action. So is the default of 20
events a page; the highest is 50 (SDK model LookupEventsRequest says 0 to 50, the help page 1 to 50)."""
