"""Tags of members and folders."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.directory.lookup import directory_of, folder_of, member_of, tagged, tokens_of
from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.accounts import Directory
    from emulator.service import Call

TAGS_PER_RESOURCE = 20
"""API page "TagResources"."""


def _tags_of(directory: Directory, kind: str, resource_id: str) -> dict[str, str]:
    """The tags of one resource, to be read or changed."""
    if kind == "Folder":
        return directory.folders[folder_of(directory, resource_id)].tags
    return member_of(directory, resource_id).tags


def add(call: Call) -> dict[str, Any]:
    """API page "TagResources"."""
    directory, sent = directory_of(call), call.params
    new = tagged(sent["Tag"])
    resources = [_tags_of(directory, sent["ResourceType"], resource_id) for resource_id in sent["ResourceId"]]
    if any(len({**known, **new}) > TAGS_PER_RESOURCE for known in resources):
        raise CloudError("QuotaExceeded.TagCount", f"A resource has {TAGS_PER_RESOURCE} tags at most.", 409)
    for known in resources:
        known.update(new)
    return {}


def remove(call: Call) -> dict[str, Any]:
    """API page "UntagResources": the keys given, or all of them."""
    directory, sent = directory_of(call), call.params
    for resource_id in sent["ResourceId"]:
        known = _tags_of(directory, sent["ResourceType"], resource_id)
        for key in list(known) if sent["All"] else sent["TagKey"] or []:
            known.pop(key, None)
    return {}


def list_tags(call: Call) -> dict[str, Any]:
    """API page "ListTagResources": one row per tag; all resources where none is named."""
    directory, sent = directory_of(call), call.params
    kind = sent["ResourceType"]
    known = directory.folders if kind == "Folder" else directory.members
    wanted = tagged(sent["Tag"])
    rows = [
        {"ResourceType": kind, "ResourceId": resource_id, "TagKey": key, "TagValue": value}
        for resource_id in sent["ResourceId"] or known
        for key, value in _tags_of(directory, kind, resource_id).items()
        if not wanted or wanted.get(key) in ("", value)
    ]
    page, answer = tokens_of(call, rows, default=10)
    return {**answer, "TagResources": page}
