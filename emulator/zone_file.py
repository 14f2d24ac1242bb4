"""What a landing zone's YAML file may say; whatever else it says is refused."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from emulator.accounts import ControlPolicy


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid")


class RoleEntry(_Entry):
    """A RAM role: whom it trusts and which policies are attached (``System:AliyunHBRRolePolicy``)."""

    name: str
    trusts: dict[Literal["RAM", "Service"], list[str]]
    policies: list[str] = []
    description: str = ""
    max_session_seconds: int = 3600


class UserEntry(_Entry):
    """A RAM user with an access key."""

    name: str
    access_key_id: str
    access_key_secret: str
    policies: list[str] = []


class PolicyEntry(_Entry):
    """A custom policy, its document inline or in a file relative to the zone's."""

    name: str
    document: dict[str, Any] | None = None
    policy_file: str = ""


class Template(_Entry):
    """What an account may have, named or generated."""

    folder: str = ""
    join: Literal["created", "invited"] = "created"
    tags: dict[str, str] = {}
    roles: list[RoleEntry] = []
    service_linked_roles: list[str] = []
    policies: list[PolicyEntry] = []
    users: list[UserEntry] = []
    queues: list[str] = []
    """Names of MNS queues, with the attributes that a queue has by default."""
    log_projects: dict[str, list[str]] = {}
    """Names of log projects → names of their logstores, each with a full-text index."""
    resources: list[dict[str, Any]] = []


class AccountEntry(Template):
    """One account; ``member: false`` leaves it outside the directory."""

    id: str
    name: str
    member: bool = True
    status: str = ""
    used_by: list[str] = []


class Generate(Template):
    """Many accounts alike, named ``<name>-00001`` … with ids counted up from ``first_id``, spread over ``folders``."""

    count: int
    first_id: int = 2000000000000001
    name: str = "member"
    folders: list[str]


class FolderEntry(_Entry):
    """A folder; without a parent it hangs below the root."""

    id: str
    name: str
    parent: str = ""


class Zone(_Entry):
    """A landing zone."""

    directory: str = "rd-Landing"
    root: str = "r-Landing"
    management: str
    backup: str
    trusted_services: list[str] = []
    delegated: dict[str, list[str]] = {}
    folders: list[FolderEntry] = []
    accounts: list[AccountEntry]
    generate: list[Generate] = []
    control_policies: list[ControlPolicy] = []
