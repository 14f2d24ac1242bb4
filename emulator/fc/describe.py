"""Functions, triggers and settings as the 2023-03-30 API shows them (SDK models Function, Trigger, AsyncConfig …)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from emulator import paging
from emulator.clock import utc
from emulator.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from emulator.fc.compute import Compute
    from emulator.fc.functions import Function
    from emulator.fc.trigger_settings import Trigger

_NOT_SHOWN = {"code", "role", "triggers", "async_invoke_config", "concurrency_config", "endpoint", "vpc_binding"}
_NOT_SHOWN |= {"provision_config", "scaling_config", "region"}
_LONG_AGO = utc(0)


def function(compute: Compute, found: Function) -> dict[str, Any]:
    """SDK model Function; what was not declared and has no default is left out."""
    shown = found.model_dump(by_alias=True, exclude_none=True, exclude=_NOT_SHOWN)
    return {
        **shown,
        "functionArn": compute.arn(found),
        "functionId": found.function_name,
        "role": found.role,
        "codeChecksum": compute.checksum(found),
        "createdTime": _LONG_AGO,
        "lastModifiedTime": _LONG_AGO,
        "lastUpdateStatus": "Successful",
        "state": "Active",
    }


def functions(compute: Compute, query: Mapping[str, str]) -> dict[str, Any]:
    """SDK model ListFunctionsOutput; pages by name, 20 unless told, at most 100."""
    names = sorted(name for name in compute.functions if name.startswith(query.get("prefix", "")))
    page, following = _page(names, query)
    shown = {"functions": [function(compute, compute.functions[name]) for name in page]}
    return {**shown, **following}


def trigger(compute: Compute, owner: Function, found: Trigger) -> dict[str, Any]:
    """SDK model Trigger; its configuration is a JSON text."""
    config = found.trigger_config.model_dump(by_alias=True, exclude_none=True)
    return {
        "triggerName": found.trigger_name,
        "triggerType": found.trigger_type,
        "triggerConfig": json.dumps(config, ensure_ascii=False),
        "triggerId": f"{owner.function_name}/{found.trigger_name}",
        "description": found.description,
        "qualifier": found.qualifier,
        "sourceArn": found.source_arn,
        "invocationRole": found.invocation_role,
        "targetArn": compute.arn(owner),
        "status": "",
        "createdTime": _LONG_AGO,
        "lastModifiedTime": _LONG_AGO,
    }


def triggers(compute: Compute, owner: Function, query: Mapping[str, str]) -> dict[str, Any]:
    """SDK model ListTriggersOutput."""
    known = {found.trigger_name: found for found in owner.triggers}
    page, following = _page(sorted(name for name in known if name.startswith(query.get("prefix", ""))), query)
    return {"triggers": [trigger(compute, owner, known[name]) for name in page], **following}


def one_trigger(compute: Compute, owner: Function, name: str) -> dict[str, Any]:
    """``TriggerNotFound`` (404) when there is none of that name."""
    for found in owner.triggers:
        if found.trigger_name == name:
            return trigger(compute, owner, found)
    raise CloudError("TriggerNotFound", f"trigger '{name}' does not exist in function '{owner.function_name}'", 404)


def async_invoke_config(compute: Compute, owner: Function) -> dict[str, Any]:
    """SDK model AsyncConfig; ``AsyncConfigNotExists`` (404) where none was declared (the code is inferred)."""
    if "async_invoke_config" not in owner.model_fields_set:
        raise CloudError("AsyncConfigNotExists", f"function '{owner.function_name}' has no async config", 404)
    config = owner.async_invoke_config.model_dump(by_alias=True, exclude_none=True, exclude={"qualifier"})
    times = {"createdTime": _LONG_AGO, "lastModifiedTime": _LONG_AGO}
    return {**config, "functionArn": compute.arn(owner), **times}


def concurrency(compute: Compute, owner: Function) -> dict[str, Any]:
    """SDK model ConcurrencyConfig."""
    if owner.reserved is None:
        raise CloudError("ConcurrencyConfigNotFound", f"function '{owner.function_name}' has no reservation", 404)
    return {"functionArn": compute.arn(owner), "reservedConcurrency": owner.reserved}


def _page(names: list[str], query: Mapping[str, str]) -> tuple[Sequence[str], dict[str, str]]:
    text, after = query.get("limit", "20"), query.get("nextToken", "")
    if not re.fullmatch("[1-9][0-9]?|100", text):  # SDK model ListFunctionsRequest
        raise CloudError("InvalidArgument", "limit must be between 1 and 100")
    page, following = paging.behind(names, after, int(text), str)
    return page, ({"nextToken": following} if following else {})
