"""A local cloud with as many member accounts as one likes, and a configuration for the functions that work on it."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from bench.function import Code
from cli.local import LocalCloud, local_cloud
from tools import package

ROOT = package.ROOT
MANAGEMENT, BACKUP = "1000000000000001", "1000000000000002"
FIRST = 2_000_000_000_000_001
SERVICES = ("ram", "sts", "hbr", "resourcedirectory", "mns")


class Landscape:
    """The cloud, the accounts in it, and the environment of a function that works there."""

    def __init__(self, cloud: LocalCloud, folder: Path) -> None:
        self.cloud = cloud
        self.accounts: list[str] = []
        self._folder = folder

    def ours(self, door: str) -> Code:
        """One of our functions, staged as it is shipped."""
        return Code(f"functions.{door}", (str(self._folder / "code"),))

    def populate(self, accounts: int, registered: int = 0, regions: tuple[str, ...] = ()) -> None:
        """Begin again with so many members, the first of which are registered in these regions."""
        small = yaml.safe_load((ROOT / "emulator/zones/small.yaml").read_text(encoding="utf-8"))
        zone = {
            "management": MANAGEMENT,
            "backup": BACKUP,
            "accounts": [account for account in small["accounts"] if account["id"] in {MANAGEMENT, BACKUP}],
            "folders": [{"id": "fd-prod000001", "name": "prod"}],
            "generate": [{"count": accounts, "folders": ["fd-prod000001"]}],
        }
        self.cloud.control("reset", zone=zone)
        self.accounts = [str(FIRST + number) for number in range(accounts)]
        if registered:
            state = self.cloud.control("state")
            for region in regions:
                state["hbr"]["cross_accounts"][f"{BACKUP}/{region}"] = {
                    f"{account}:hbrcrossrole:CROSS_ACCOUNT": [_record(number, account)]
                    for number, account in enumerate(self.accounts[:registered])
                }
            self.cloud.control("load", **state)

    def latency(self, milliseconds: int) -> None:
        """Let every call take so much longer, and forget other planned failures."""
        self.cloud.control("faults", clear=True)
        for service in SERVICES if milliseconds else ():
            self.cloud.control("faults", service=service, latency_ms=milliseconds, count=None)

    def environ(self, **configuration: object) -> dict[str, str]:
        """The environment of a function: the shipped configuration with these keys over it, and its role's key."""
        document = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
        for name, value in configuration.items():
            old = document.get(name)
            document[name] = {**old, **value} if isinstance(value, Mapping) and isinstance(old, dict) else value
        path = self._folder / f"config-{len(list(self._folder.iterdir()))}.yaml"
        path.write_text(yaml.safe_dump(document), encoding="utf-8")
        key = self.cloud.control("assume", account=MANAGEMENT, role="cab-functions")
        return {
            **os.environ,
            "CAB_CONFIG": str(path),
            "CLOUD_ENDPOINTS": json.dumps(self.cloud.control("endpoints")["endpoints"]),
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key["access_key_id"],
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key["access_key_secret"],
            "ALIBABA_CLOUD_SECURITY_TOKEN": key["token"],
            "PYDANTIC_DISABLE_PLUGINS": "__all__",
            # For the naive handler, which reads no configuration.
            "BENCH_BACKUP_ACCOUNT": BACKUP,
            "BENCH_REGIONS": ",".join(document["enrolment"]["regions"]),
            "SLEEP_SECONDS": "0",
        }

    def protected(self, regions: tuple[str, ...]) -> set[str]:
        """The members that have the role, with its policy, and are registered in each of these regions."""
        state = self.cloud.control("state")
        registered = [
            {key.partition(":")[0] for key in state["hbr"]["cross_accounts"].get(f"{BACKUP}/{region}", {})}
            for region in regions
        ]
        return {
            account
            for account in self.accounts
            if state["accounts"][account]["roles"].get("hbrcrossrole", {}).get("attached")
            and all(account in found for found in registered)
        }


def _record(number: int, account: str) -> dict[str, Any]:
    """A cross-account record as the emulator keeps it."""
    place = {"account_id": account, "kind": "CROSS_ACCOUNT", "role_name": "hbrcrossrole"}
    alias = f"member-{account}"
    return {"id": number, "owner": BACKUP, "place": place, "alias": alias, "created_at": 0.0, "updated_at": 0.0}


@contextmanager
def landscape() -> Iterator[Landscape]:
    """An emulator of one's own, as its own process; it ends with the block."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        # The SDKs would send calls to 127.0.0.1 through a proxy.
        os.environ.pop(name, None)
        os.environ.pop(name.lower(), None)
    with TemporaryDirectory() as folder, local_cloud() as cloud:
        package.stage(Path(folder) / "code", f"{sys.version_info.major}.{sys.version_info.minor}")
        yield Landscape(cloud, Path(folder))


def created(account_id: str) -> dict[str, Any]:
    """The event of an account's creation as EventBridge delivers it."""
    text = (ROOT / "events/create-resource-account.cloudevent.json").read_text(encoding="utf-8")
    event: dict[str, Any] = json.loads(text)
    event["data"]["responseElements"]["Account"]["AccountId"] = account_id
    event["id"] = event["data"]["eventId"] = f"event-{account_id}"
    return event
