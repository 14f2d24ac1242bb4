"""The handler that one finds in public samples, for comparison: correct when nothing goes wrong, written in an hour.

Every SDK is imported at the top; one call comes after another; the list of registrations is read before the add;
nothing is remembered between invocations; a fixed sleep stands for "the role is there by now" (``SLEEP_SECONDS=0``
takes it away, for a fair comparison). It does the same job on the same cloud with the same packages, and shares no code
with ours.
"""

from __future__ import annotations

import json
import os
import time
from typing import Any

import fc2  # noqa: F401 - samples import what they were given
import mns.account  # noqa: F401 - the same
from alibabacloud_actiontrail20200706.client import Client as ActionTrail  # noqa: F401 - the same
from alibabacloud_hbr20170908 import models as hbr
from alibabacloud_hbr20170908.client import Client as Hbr
from alibabacloud_ram20150501 import models as ram
from alibabacloud_ram20150501.client import Client as Ram
from alibabacloud_resourcedirectorymaster20220419 import models as rd
from alibabacloud_resourcedirectorymaster20220419.client import Client as ResourceDirectory
from alibabacloud_sts20150401 import models as sts
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.utils_models import Config
from pydantic import BaseModel
from Tea.exceptions import TeaException

ROLE, POLICY = "hbrcrossrole", "AliyunHBRRolePolicy"
KEY = ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
SERVICE_LINKED_ROLE = "AliyunServiceRoleForHbrCrossAccountBackup"


class Event(BaseModel):
    """What EventBridge delivers."""

    data: dict[str, Any]


def handler(event: bytes, _context: object) -> str:
    """Enrol the account of one CreateResourceAccount event."""
    data = Event.model_validate_json(event).data
    if data.get("eventName") != "CreateResourceAccount":
        return json.dumps({"state": "ignored"})
    account_id = data["responseElements"]["Account"]["AccountId"]
    calls = Calls()
    own = {
        name: os.environ[f"ALIBABA_CLOUD_{name}"] for name in ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN")
    }
    directory = calls.client(ResourceDirectory, "resourcedirectory", own)
    calls.do(directory.get_account, rd.GetAccountRequest(account_id=account_id))

    backup_account = os.environ["BENCH_BACKUP_ACCOUNT"]
    backup = calls.assume(own, f"acs:ram::{backup_account}:role/cab-backup")
    try:
        calls.do(
            calls.client(Ram, "ram", backup).create_service_linked_role,
            ram.CreateServiceLinkedRoleRequest(service_name="crossbackup.hbr.aliyuncs.com"),
        )
    except TeaException as error:
        if error.code != "EntityAlreadyExists.Role":
            raise
    member = calls.assume(own, f"acs:ram::{account_id}:role/ResourceDirectoryAccountAccessRole")
    make_role(calls, member, f"acs:ram::{backup_account}:role/{SERVICE_LINKED_ROLE}")
    time.sleep(float(os.environ["SLEEP_SECONDS"]))  # wait for the role to be visible
    for region in os.environ["BENCH_REGIONS"].split(","):
        register(calls, calls.client(Hbr, "hbr", backup, region), int(account_id))
    return json.dumps({"state": "protected", "account_id": account_id, "api_calls": calls.made})


def make_role(calls: Calls, member: dict[str, str], principal: str) -> None:
    """The backup role, with its policy."""
    client = calls.client(Ram, "ram", member)
    statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [principal]}}
    trust = json.dumps({"Version": "1", "Statement": [statement]})
    calls.do(client.create_role, ram.CreateRoleRequest(role_name=ROLE, assume_role_policy_document=trust))
    request = ram.AttachPolicyToRoleRequest(policy_type="System", policy_name=POLICY, role_name=ROLE)
    calls.do(client.attach_policy_to_role, request)


def register(calls: Calls, client: Hbr, account_id: int) -> None:
    """Add the account unless the list has it, and check the role."""
    page, seen, found = 1, 0, False
    while True:
        listing = calls.do(
            client.describe_cross_accounts, hbr.DescribeCrossAccountsRequest(page_number=page, page_size=99)
        ).body
        rows = listing.cross_accounts.cross_account or []
        found = found or any(row.cross_account_user_id == account_id for row in rows)
        seen, page = seen + len(rows), page + 1
        if not rows or seen >= listing.total_count:
            break
    if not found:
        request = hbr.AddCrossAccountRequest(
            cross_account_type="CROSS_ACCOUNT",
            cross_account_user_id=account_id,
            cross_account_role_name=ROLE,
            alias=str(account_id),
        )
        calls.do(client.add_cross_account, request)
    check = hbr.CheckRoleRequest(
        check_role_type="CrossAccountRole", cross_account_user_id=account_id, cross_account_role_name=ROLE
    )
    answer = calls.do(client.check_role, check).body
    if not answer.success:
        raise RuntimeError(answer.message)


class Calls:
    """Counts the calls; a client for each, as samples make them."""

    def __init__(self) -> None:
        self.made = 0
        self._endpoints = json.loads(os.environ["CLOUD_ENDPOINTS"])

    def client(self, kind: Any, service: str, key: dict[str, str], region: str = "") -> Any:  # noqa: ANN401 - SDKs
        """An SDK client with this key."""
        endpoint = self._endpoints[service]
        return kind(
            Config(
                access_key_id=key["ACCESS_KEY_ID"],
                access_key_secret=key["ACCESS_KEY_SECRET"],
                security_token=key["SECURITY_TOKEN"],
                endpoint=endpoint[region] if region else endpoint,
                protocol="http",
            )
        )

    def do(self, method: Any, request: Any) -> Any:  # noqa: ANN401 - the same
        """One call."""
        self.made += 1
        return method(request)

    def assume(self, own: dict[str, str], arn: str) -> dict[str, str]:
        """The key of a role."""
        request = sts.AssumeRoleRequest(role_arn=arn, role_session_name="sample")
        given = self.do(self.client(Sts, "sts", own).assume_role, request).body.credentials
        return {
            "ACCESS_KEY_ID": given.access_key_id,
            "ACCESS_KEY_SECRET": given.access_key_secret,
            "SECURITY_TOKEN": given.security_token,
        }
