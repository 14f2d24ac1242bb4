"""A landing zone with the handlers around it: calls a door as the platform would, and reads the emulator's state."""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml
from alibabacloud_ram20150501.models import CreateServiceLinkedRoleRequest
from alibabacloud_resourcedirectorymaster20220419.models import CreateResourceAccountRequest

from shared.cloud import memory
from tests.cloud import ROOT, Key, LocalCloud
from tests.flows import guesses

MANAGEMENT, BACKUP = "1000000000000001", "1000000000000002"
PROD, TEST, SANDBOX = "1000000000000011", "1000000000000012", "1000000000000013"
REGIONS = ("cn-hangzhou", "cn-shanghai")
SLR = f"acs:ram::{BACKUP}:role/AliyunServiceRoleForHbrCrossAccountBackup"
WRITES = ("Create", "Update", "Delete", "Attach", "Detach", "Add")
UNPACED: dict[str, Any] = {"quotas": {"calls": {}}}
"""Tests call within a second what takes days: only those about pacing are paced."""


def registrations(state: dict[str, Any], account_id: str, owner: str = BACKUP) -> dict[str, list[str]]:
    """Region → type and role of each of the account's cross-account records there; a global record is in no region."""
    found: dict[str, list[str]] = {}
    for place, records in state["hbr"]["cross_accounts"].items():
        holder, _, region = place.partition("/")
        for one in (one["place"] for rows in records.values() for one in rows):
            if (holder, one["account_id"]) == (owner, account_id):
                found.setdefault(region, []).append(f"{one['kind']} {one['role_name']}".strip())
    return found


def unprotected(
    state: dict[str, Any], account_id: str, regions: Sequence[str] = REGIONS, owner: str = BACKUP
) -> list[str]:
    """What is missing, or too much, for the account to be protected by the emulator's own state: role and records."""
    principal = f"acs:ram::{owner}:role/{SLR.rpartition('/')[2]}"
    trust = [{"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [principal]}}]
    role = state["accounts"][account_id]["roles"].get("hbrcrossrole") or {"trust": "{}", "attached": {}}
    trusted, attached = json.loads(role["trust"]).get("Statement"), list(role["attached"])
    registered, record = registrations(state, account_id, owner), ["CROSS_ACCOUNT hbrcrossrole"]
    conditions = (
        (trusted == trust, f"{account_id} trusts {trusted}"),
        (attached == ["System:AliyunHBRRolePolicy"], f"{account_id} has the policies {attached}"),
        (registered in (dict.fromkeys(regions, record), {"": record}), f"{account_id} is registered as {registered}"),
        (principal.rpartition("/")[2] in state["accounts"][owner]["roles"], f"{owner} has no service-linked role"),
    )
    return [text for holds, text in conditions if not holds]


class World:
    """The emulator, a configuration, and the five doors, called in this process."""

    def __init__(self, cloud: LocalCloud, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.cloud = cloud
        self.policies = ROOT / "policies"
        self._path = folder / "config.yaml"
        self._monkeypatch = monkeypatch
        self.config: dict[str, Any] = {}
        self.fresh_configuration()
        monkeypatch.setenv("CAB_CONFIG", str(self._path))
        monkeypatch.setenv("CLOUD_ENDPOINTS", json.dumps(cloud.endpoints))
        self.key: Key = cloud.as_function()
        memory().forget()

    def configure(self, **changes: Any) -> None:
        """Write the shipped configuration with ``changes`` at its top; a mapping is merged into what is there."""
        for name, value in changes.items():
            old = self.config.get(name)
            self.config[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        self._path.write_text(yaml.safe_dump(UNPACED | self.config), encoding="utf-8")

    def fresh_configuration(self) -> None:
        """Forget what ``configure`` changed; what must be known of the cloud is in it."""
        self.config = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
        self.configure(**({"assumptions": assumptions} if (assumptions := guesses.told(self.cloud)) else {}))

    def context(self, timeout: float = 300) -> SimpleNamespace:
        """The context object in its Python 3.10 form."""
        credentials = SimpleNamespace(
            access_key_id=self.key.access_key_id,
            access_key_secret=self.key.access_key_secret,
            security_token=self.key.token,
        )
        function = SimpleNamespace(name="f", handler="h", memory=512, timeout=timeout)
        return SimpleNamespace(request_id="request-1", credentials=credentials, function=function)

    def call(self, door: str, event: Any, context: Any = None) -> Any:
        """Invoke ``functions.<door>.handler`` with bytes, or with anything as JSON; return its answer."""
        raw = event if isinstance(event, bytes) else json.dumps(event).encode()
        handler = importlib.import_module(f"functions.{door}").handler
        return json.loads(handler(raw, context or self.context()))

    def enrol(self, account_id: str = PROD) -> Any:
        """Onboard by hand."""
        return self.call("onboard", {"accountId": account_id})

    def create(self, name: str = "new", **fields: Any) -> str:
        """A new member account, made with the official SDK."""
        request = CreateResourceAccountRequest(display_name=name, **fields)
        account: str = self.cloud.client("resourcedirectory").create_resource_account(request).body.account.account_id
        return account

    def link(self) -> None:
        """The backup account's service-linked role, as a person makes it: a trust policy may have to find it there."""
        if not self.role(BACKUP, SLR.rpartition("/")[2]):
            request = CreateServiceLinkedRoleRequest(service_name="crossbackup.hbr.aliyuncs.com")
            self.cloud.client("ram", account="backup").create_service_linked_role(request)

    def zone(self) -> dict[str, Any]:
        """The small landing zone's own description."""
        described: dict[str, Any] = yaml.safe_load((ROOT / "emulator/zones/small.yaml").read_text(encoding="utf-8"))
        return described

    def role(self, account_id: str, name: str = "hbrcrossrole") -> Any:
        """The backup role as the emulator knows it, or None."""
        return self.cloud.state()["accounts"][account_id]["roles"].get(name)

    def trusted(self, account_id: str) -> list[str]:
        """The principals that the backup role trusts."""
        statements = json.loads(self.role(account_id)["trust"])["Statement"]
        return [name for statement in statements for name in statement["Principal"].get("RAM", [])]

    def registered(self, account_id: str, owner: str = BACKUP) -> dict[str, list[str]]:
        """Region → the types of the account's cross-account records there; a global one is in every wanted region."""
        found: dict[str, list[str]] = {}
        for region, records in registrations(self.cloud.state(), account_id, owner).items():
            kinds = [record.partition(" ")[0] for record in records]
            found.update(dict.fromkeys([region] if region else self.config["enrolment"]["regions"], kinds))
        return found

    @property
    def regions(self) -> tuple[str, ...]:
        """The wanted regions in which an account is registered and checked: one where registrations are global."""
        return REGIONS[:1] if self.config.get("assumptions", {}).get("registrations") == "global" else REGIONS

    def records(self, region: str = REGIONS[0]) -> list[dict[str, Any]]:
        """The backup account's cross-account records that show in a region."""
        kept = self.cloud.state()["hbr"]["cross_accounts"]
        places = (f"{BACKUP}/{region}", f"{BACKUP}/")
        return [row for place in places for rows in kept.get(place, {}).values() for row in rows]

    def shelves(self, state: dict[str, Any]) -> list[dict[str, Any]]:
        """Where the emulator's state keeps the backup account's records: one for each wanted region, or one for all."""
        regions = REGIONS if self.regions == REGIONS else ("",)
        return [state["hbr"]["cross_accounts"].setdefault(f"{BACKUP}/{region}", {}) for region in regions]

    def messages(self, queue: str) -> list[Any]:
        """The bodies of all messages in a queue, delayed ones too."""
        stored = self.cloud.state()["mns"]["queues"][MANAGEMENT][queue]["messages"].values()
        bodies = [message["body"] for message in stored]
        # Ours are in base64; what the platform writes itself is not.
        return [json.loads(body if body.startswith("{") else base64.b64decode(body)) for body in bodies]

    def retries(self) -> list[Any]:
        """What waits in the retry queue."""
        return self.messages("cab-retry")

    def dead_letters(self) -> list[Any]:
        """What waits for a person."""
        return self.messages("cab-dead-letters")

    def mark(self) -> int:
        """A point in the journal, for ``calls``."""
        entries = self.cloud.journal()
        return int(entries[-1]["seq"]) if entries else 0

    def calls(self, since: int = 0) -> list[str]:
        """The actions that were called after a mark, in order."""
        return [entry["action"] for entry in self.cloud.journal() if entry["seq"] > since]

    def writes(self, since: int = 0) -> list[str]:
        """Those of them that write."""
        return [action for action in self.calls(since) if action.startswith(WRITES)]

    def is_protected(self, account_id: str, regions: Sequence[str] = REGIONS) -> bool:
        """What the emulator's own state says: exact trust, the policy, one record in every region."""
        return unprotected(self.cloud.state(), account_id, regions) == []
