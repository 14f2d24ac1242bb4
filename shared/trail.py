"""The directory's events in ActionTrail: which of them are about an account, and where its id is in them. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from shared.forms import TrailEvent
from shared.messages import Hint


def is_account_id(value: object) -> bool:
    """Whether it is sixteen ASCII digits."""
    return isinstance(value, str) and len(value) == 16 and value.isascii() and value.isdigit()  # noqa: PLR2004


def _in_response(event: TrailEvent) -> object:
    account = (event.responseElements or {}).get("Account")
    return account.get("AccountId") if isinstance(account, dict) else None


def _in_request(event: TrailEvent) -> object:
    return _parameters(event).get("AccountId")


def _parameters(event: TrailEvent) -> dict[str, Any]:
    """The request's parameters, which may be there only as JSON text."""
    try:
        written = json.loads(event.requestParameterJson or "{}")
    except (ValueError, RecursionError):
        written = {}
    return {**(written if isinstance(written, dict) else {}), **(event.requestParameters or {})}


def _in_response_or_request(event: TrailEvent) -> object:
    return _in_response(event) or _in_request(event)


def _caller(event: TrailEvent) -> object:
    """AcceptHandshake is called by the invited account itself (API page), and its TargetEntity may be an e-mail."""
    handshake = (event.responseElements or {}).get("Handshake")
    target = handshake.get("TargetEntity") if isinstance(handshake, dict) else None
    if is_account_id(target):
        return target
    return (event.userIdentity or {}).get("accountId") or event.recipientAccountId


ACCOUNT_EVENTS: dict[str, tuple[Hint, Callable[[TrailEvent], object]]] = {
    "CreateResourceAccount": (Hint.JOINED, _in_response),
    "CreateCloudAccount": (Hint.JOINED, _in_response),
    "PromoteResourceAccount": (Hint.JOINED, _in_response_or_request),
    "AcceptHandshake": (Hint.JOINED, _caller),
    "MoveAccount": (Hint.MOVED, _in_request),
    "RemoveCloudAccount": (Hint.LEFT, _in_request),
    "DeleteAccount": (Hint.LEFT, _in_request),
}
"""Event name = API name (page "Audit events of Resource Management"), and where the account's id is in it."""

SERVICES = frozenset(
    {None, "", "ResourceManager", "ResourceDirectory", "ResourceDirectoryMaster", "ResourceManagerMaster"}
)
"""Guess: ``serviceName`` of directory events; only "ResourceManager" has been seen. RDS has a DeleteAccount too."""


def idle(event: TrailEvent) -> str:
    """Why nothing is to be done, where that does not depend on the account; else nothing."""
    if event.eventName not in ACCOUNT_EVENTS:
        return "does not concern us"
    if event.serviceName not in SERVICES:
        return f"of {event.serviceName} does not concern us"
    if event.errorCode:
        return f"failed with {event.errorCode}"
    return "was a dry run" if str(_parameters(event).get("DryRun")).casefold() == "true" else ""
