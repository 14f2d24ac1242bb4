"""What Simple Log Service remembers: projects, their logstores and indexes. No behaviour.

The lines themselves are what the functions wrote, which Function Compute remembers.
"""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field


class Index(BaseModel):
    """One version of a logstore's index, as it was sent. Times are emulated epoch seconds."""

    since: float
    body: dict[str, Any]


class Logstore(BaseModel):
    """One logstore; ``settings`` have the names of the SDK's model Logstore."""

    settings: dict[str, Any]
    created_at: float
    indexes: list[Index] = Field(default_factory=list)
    """Oldest first: an index holds for the lines that are written while it is the last one."""


class Project(BaseModel):
    """One project, which belongs to one account; its name is unique among all of them."""

    name: str
    account_id: str
    description: str
    created_at: float
    redundancy: str = "LRS"
    recycle_bin: bool = False
    resource_group: str = ""
    stores: dict[str, Logstore] = Field(default_factory=dict)


class LogsState(BaseModel):
    """The state of Simple Log Service."""

    projects: dict[str, Project] = Field(default_factory=dict)
