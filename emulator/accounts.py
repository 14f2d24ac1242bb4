"""What RAM and the Resource Directory remember, and who a caller is.

Apart from ``state.py`` so that the services' packages can import it before the whole state exists. No behaviour here.
Times are emulated epoch seconds.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Principal(BaseModel):
    """Who makes a call. ``arn`` is what trust policies and journals name."""

    model_config = ConfigDict(frozen=True)

    account_id: str
    kind: Literal["root", "user", "role", "service"]
    name: str = ""
    """User name, role name, or the service's domain (``fc.aliyuncs.com``)."""
    session: str = ""
    session_policy: str | None = None
    access_key_id: str = ""

    @property
    def arn(self) -> str:
        """``acs:ram::A:root``, ``acs:ram::A:user/n``, ``acs:ram::A:role/n`` (a session counts as its role)."""
        if self.kind == "service":
            return self.name
        return f"acs:ram::{self.account_id}:{self.kind}" + (f"/{self.name}" if self.kind != "root" else "")


class Policy(BaseModel):
    """A RAM policy, custom or system."""

    name: str
    kind: Literal["Custom", "System"] = "Custom"
    document: str
    """That of the default version."""
    version: int = 1
    """The number of the default version, which is the newest one: others are not kept."""
    description: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    created_at: float = 0.0


class Role(BaseModel):
    """A RAM role of one account."""

    role_id: str
    name: str
    trust: str
    """The AssumeRolePolicyDocument as it was sent."""
    previous_trust: str = ""
    """What it was before the last update, which STS may see for a while."""
    description: str = ""
    max_session_seconds: int = 3600
    console_login: bool = True
    tags: dict[str, str] = Field(default_factory=dict)
    created_at: float = 0.0
    updated_at: float = 0.0
    attached: dict[str, float] = Field(default_factory=dict)
    """``"System:AliyunHBRRolePolicy"`` → when it was attached."""
    service: str = ""
    """The service name of a service-linked role; empty for an ordinary role."""


class User(BaseModel):
    """A RAM user: only enough of one to hold an access key and policies."""

    name: str
    user_id: str
    attached: dict[str, float] = Field(default_factory=dict)


class Account(BaseModel):
    """One Alibaba Cloud account with what RAM knows in it. Backup state is in ``State.hbr``."""

    account_id: str
    display_name: str = ""
    roles: dict[str, Role] = Field(default_factory=dict)
    policies: dict[str, Policy] = Field(default_factory=dict)
    users: dict[str, User] = Field(default_factory=dict)
    deletion_tasks: dict[str, dict[str, Any]] = Field(default_factory=dict)
    """Deletions of service-linked roles: task id → ``{"Status": …, "Uses": {region: [what]}}``."""
    resources: list[dict[str, Any]] = Field(default_factory=list)
    """What can be backed up here: ``{"kind": "OSS"|"NAS"|"ECS_FILE"|…, "id": …, "region": …, "size": bytes}``."""


class AccessKey(BaseModel):
    """A long-lived key."""

    secret: str
    principal: Principal
    active: bool = True


class Session(BaseModel):
    """Credentials that AssumeRole gave out."""

    secret: str
    token: str
    principal: Principal
    expires_at: float


class Member(BaseModel):
    """An account's place in the Resource Directory."""

    account_id: str
    account_name: str = ""
    """The part before the ``@`` of its logon name, where it was chosen."""
    display_name: str
    folder_id: str
    kind: Literal["ResourceAccount", "CloudAccount"] = "ResourceAccount"
    join_method: Literal["created", "invited"] = "created"
    status: str = "CreateSuccess"
    joined_at: float = 0.0
    modified_at: float = 0.0
    tags: dict[str, str] = Field(default_factory=dict)
    deletion_status: str = ""
    used_by: list[str] = Field(default_factory=list)
    """Trusted services that hold the account, as the landing zone says; Cloud Backup's use is seen in its own state."""


class Folder(BaseModel):
    """A folder; the root's parent is empty."""

    name: str
    parent: str
    created_at: float = 0.0
    tags: dict[str, str] = Field(default_factory=dict)


class Deletion(BaseModel):
    """A member's deletion under way or done. ``kind`` is ``"0"`` for a direct one, ``"1"`` with a silence period."""

    kind: str
    status: str
    created_at: float
    ends_at: float


class Handshake(BaseModel):
    """An invitation of an account into the directory."""

    handshake_id: str
    target: str
    target_type: str
    note: str = ""
    folder_id: str = ""
    tags: dict[str, str] = Field(default_factory=dict)
    status: str = "Pending"
    created_at: float
    modified_at: float


class ControlPolicy(BaseModel):
    """A control policy of the directory's own. ``targets``: folder or account id → when it was attached."""

    policy_id: str
    name: str
    document: str
    description: str = ""
    scope: str = "RAM"
    tags: dict[str, str] = Field(default_factory=dict)
    targets: dict[str, float] = Field(default_factory=dict)
    created_at: float = 0.0


class Directory(BaseModel):
    """One Resource Directory."""

    directory_id: str
    management_account: str
    root_folder: str
    created_at: float = 0.0
    folders: dict[str, Folder] = Field(default_factory=dict)
    """The root is in it."""
    members: dict[str, Member] = Field(default_factory=dict)
    """Every account of the directory except the management account."""
    member_deletion_enabled: bool = True
    deletions: dict[str, Deletion] = Field(default_factory=dict)
    delegated: dict[str, list[str]] = Field(default_factory=dict)
    """Service principal → delegated administrator accounts."""
    trusted_services: list[str] = Field(default_factory=list)
    control_policies_enabled: bool = True
    control_policies: dict[str, ControlPolicy] = Field(default_factory=dict)
    handshakes: dict[str, Handshake] = Field(default_factory=dict)
