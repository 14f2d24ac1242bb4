"""What no document says, each a switch: tests run every flow under every value.

A guess that the code under test and the emulator made in the same way would prove nothing.
"""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict


class Guesses(BaseModel):
    """The switchable guesses; defaults are what looks likeliest."""

    model_config = ConfigDict(extra="forbid")

    second_add_cross_account: Literal["refuse", "double", "update"] = "refuse"
    """A second AddCrossAccount with the same account and role."""
    duplicate_code: str = "CrossAccountExist"
    """The code of that refusal; the real one is in no document."""
    registrations: Literal["regional", "global"] = "regional"
    """Whether cross-account records belong to a region (the product page) or to the account."""
    both_types_coexist: bool = True
    """Whether CROSS_ACCOUNT and CROSS_ACCOUNT_BY_RD records of one account may stand side by side."""
    delete_unknown_cross_account: Literal["refuse", "succeed"] = "refuse"
    """DeleteCrossAccount for a record that is not there."""
    delete_unknown_code: str = "ResourceNotFound"
    """The code of that refusal."""
    delete_while_running_code: str = ""
    """The code with which DeleteCrossAccount is refused while a job on data of that account runs; empty: it is not."""
    check_role_needs_registration: bool = False
    """Whether CheckRole wants the account to be registered in the region; the console offers it before."""
    hbr_refusals: Literal["status", "ok"] = "status"
    """Whether a refusal of Cloud Backup's own has the HTTP status of its page "Error codes", or 200, as the one has
    whose status an API page tells (CrossAccountBackupSlrNotExist). Gateway and RAM refuse with their status anyway."""
    rd_trusted_service: Literal["hbr.aliyuncs.com", "rd.hbr.aliyuncs.com"] = "hbr.aliyuncs.com"
    """What the Resource Directory calls Cloud Backup as a trusted service: the service-linked role of this mode belongs
    to the latter (help page "AliyunServiceRolePolicyForHbrRd"), but Security Center pairs ``rd.sas.aliyuncs.com`` with
    ``sas.aliyuncs.com``."""
    hbr_authorises_cross_accounts: bool = False
    """Whether RAM is asked for AddCrossAccount, DeleteCrossAccount and CheckRole: their API pages of 2026-01 say "no
    authorization for this operation", a table of RAM actions names them."""
    role_propagation_seconds: float = 0.0
    """How long after CreateRole or UpdateRole STS still sees what was before."""
    trust_arn_case: Literal["ignored", "exact"] = "ignored"
    """Whether an ARN in a trust policy may differ in case from the caller's: the cloud lower-cases the names of
    service-linked roles in what it answers, while its help pages write them in mixed case."""
    trust_names_must_exist: bool = False
    """Whether RAM refuses a trust policy whose principal does not exist."""
    directory_events: Literal["delivered", "absent"] = "delivered"
    """Whether EventBridge publishes the Resource Directory's ActionTrail events at all."""
    directory_event_region: Literal["cn-hangzhou", "ap-southeast-1"] = "cn-hangzhou"
    """Where the directory's global events are published."""
    directory_service_name: Literal["ResourceManager", "ResourceDirectoryMaster"] = "ResourceManager"
    """Under which ``serviceName`` those events are in the trail; their source and type on the bus follow it."""
    handshake_trail: Literal["invited", "both"] = "invited"
    """Whether AcceptHandshake is in the invited account's trail only, or in the management account's too."""
    account_scope: Literal["honoured", "ignored"] = "honoured"
    """Whether a TAG rule's list of accounts in a backup policy is honoured."""
    async_invocation_type: Literal["true", "false"] = "true"
    """Which value of an eventbridge trigger's ``asyncInvocationType`` makes it call asynchronously: the pages of 2.0
    and 3.0 contradict each other."""
    function_errors_redelivered: bool = True
    """Whether EventBridge delivers again what a function answered with an error, or only what never reached it."""
    cloud_messages: Literal["plain", "base64"] = "plain"
    """How the cloud writes its own messages to MNS: dead letters and the records of asynchronous calls."""
