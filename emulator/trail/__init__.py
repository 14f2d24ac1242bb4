"""ActionTrail: every write call becomes an event of the account that made it, failed calls too.

The shape is that of the help page "Management event structure" and of the samples on "Use ActionTrail to record
operations on resource groups" and "IMS event cases". What an event is used for is decided elsewhere: ``lookup.py``
answers questions about the past, ``emulator.bus`` delivers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from emulator import bus
from emulator.clock import utc
from emulator.trail.state import Recorded

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.errors import CloudError
    from emulator.service import Call
    from emulator.state import Principal

KEPT_SECONDS = 90 * 86400
"""Events can be looked up for 90 days (help page "Limits" of ActionTrail)."""
_IDENTITY = {"root": "root-account", "user": "ram-user", "role": "assumed-role", "service": "system"}
_RESOURCES = {
    "RoleName": "ACS::RAM::Role",
    "PolicyName": "ACS::RAM::Policy",
    "AccountId": "ACS::ResourceManager::Account",
    "FolderId": "ACS::ResourceManager::Folder",
    "QueueName": "ACS::MNS::Queue",
    "VaultId": "ACS::HBR::Vault",
    "PolicyId": "ACS::HBR::Policy",
}
"""Request parameter → resource type; the types of the directory and of Cloud Backup are inferred."""


def record(call: Call, answer: dict[str, Any], error: CloudError | None) -> None:
    """Keep the event of one write call and put it on the caller's default event bus.

    An account sees its own calls only: AcceptHandshake is in the invited account's trail (API page AcceptHandshake: it
    is the invited account that calls). Whether it is in the management account's too is the guess ``handshake_trail``.
    """
    event = describe(call, answer, error)
    _keep(call, event)
    directory = call.cloud.state.directory
    if call.action == "AcceptHandshake" and directory and call.cloud.guesses.handshake_trail == "both":
        _keep(call, {**event, "recipientAccountId": directory.management_account})


def _keep(call: Call, event: dict[str, Any]) -> None:
    state = call.cloud.state.trail
    state.last_number += 1
    events = state.events.setdefault(event["recipientAccountId"], [])
    events.append(Recorded(number=state.last_number, at=call.now, event=event))
    if events[0].at < call.now - KEPT_SECONDS:
        events[:] = [kept for kept in events if kept.at >= call.now - KEPT_SECONDS]
    bus.publish_event(call.cloud, event)


def describe(call: Call, answer: Mapping[str, Any], error: CloudError | None) -> dict[str, Any]:
    """The event of one call. Request parameters are texts; a failed call has an error and no response."""
    parameters = {name: _text(value) for name, value in call.params.items() if value is not None}
    resources = {_RESOURCES[name]: [value] for name, value in parameters.items() if name in _RESOURCES}
    outcome = (
        {"errorCode": error.code, "errorMessage": error.message}
        if error
        else {"responseElements": {**answer, "RequestId": call.request_id}}
    )
    return {
        "eventId": call.request_id,
        "eventVersion": 1,
        "eventCategory": "Management",
        "eventRW": "Write",
        "eventType": "ApiCall",
        "eventName": call.action,
        "eventSource": _host(call),
        "serviceName": _service_name(call),
        "apiVersion": call.service.version,
        "eventTime": utc(call.now),
        "acsRegion": call.region or call.cloud.guesses.directory_event_region,
        "isGlobal": not call.region,
        "requestId": call.request_id,
        "recipientAccountId": call.caller.account_id,
        "sourceIpAddress": call.source_ip,
        "userAgent": call.user_agent,
        "userIdentity": _identity(call.caller, utc(call.now)),
        "requestParameters": {**parameters, "RequestId": call.request_id},
        "requestParameterJson": json.dumps(parameters, ensure_ascii=False),
        "resourceType": ";".join(resources),
        "resourceName": ";".join(value for values in resources.values() for value in values),
        "referencedResources": resources,
        **outcome,
    }


def _text(value: object) -> str:
    """A parameter as it was on the wire: everything is a text there."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _service_name(call: Call) -> str:
    """The directory's calls are Resource Management's (help page "Audit events of Resource Management").

    That page knows the older product only: hence the guess ``directory_service_name``.
    """
    product = call.service.product
    return call.cloud.guesses.directory_service_name if product == "ResourceManager" else product


def _host(call: Call) -> str:
    """The host that was called; the directory's is as in the sample of CreateResourceGroup."""
    name = _service_name(call).lower()
    if name == "resourcemanager":
        return "resourcemanager-share.aliyuncs.com"
    return ".".join(part for part in (name, call.region, "aliyuncs.com") if part)


def _identity(caller: Principal, now: str) -> dict[str, Any]:
    identity: dict[str, Any] = {
        "type": _IDENTITY[caller.kind],
        "accountId": caller.account_id,
        "principalId": f"{caller.name}:{caller.session}" if caller.session else caller.name or caller.account_id,
        "userName": f"{caller.name}:{caller.session}" if caller.session else caller.name or "root",
    }
    if caller.access_key_id:
        identity["accessKeyId"] = caller.access_key_id
    if caller.kind == "role":
        identity["sessionContext"] = {"attributes": {"mfaAuthenticated": "false", "creationDate": now}}
    return identity


def _control(cloud: Cloud, given: Mapping[str, Any]) -> dict[str, Any]:
    """``POST /_emulator/trail {"lag_seconds": 600}``; the answer has the setting and the number of events."""
    if set(given) - {"lag_seconds"}:
        raise ValueError("only lag_seconds can be set")
    trail = cloud.state.trail
    trail.lag_seconds = float(given.get("lag_seconds", trail.lag_seconds))
    return {"lag_seconds": trail.lag_seconds, "events": {name: len(kept) for name, kept in trail.events.items()}}


CONTROL: dict[str, Callable[[Cloud, Mapping[str, Any]], Any]] = {"trail": _control}
"""Names under ``/_emulator/`` → what answers GET (nothing given) and POST there."""
