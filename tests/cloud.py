"""A running local cloud for tests: starts the emulator as its own process and hands out official SDK clients for it.

``LocalCloud`` is all that a test needs to know about the emulator.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import urllib3
from alibabacloud_actiontrail20200706.client import Client as ActionTrail
from alibabacloud_hbr20170908.client import Client as Hbr
from alibabacloud_mns_open20220119.client import Client as MnsOpen
from alibabacloud_ram20150501.client import Client as Ram
from alibabacloud_resourcedirectorymaster20220419.client import Client as ResourceDirectory
from alibabacloud_resourcemanager20200331.client import Client as ResourceManager
from alibabacloud_sts20150401.client import Client as Sts
from alibabacloud_tea_openapi.utils_models import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
CLIENTS: dict[str, Any] = {
    "ram": Ram,
    "sts": Sts,
    "resourcedirectory": ResourceDirectory,
    "resourcemanager": ResourceManager,
    "actiontrail": ActionTrail,
    "hbr": Hbr,
    "mnsopen": MnsOpen,
}
TIMER_SECONDS = 300
"""Between two sweeps, as s.yaml declares them."""
QUIET_SECONDS = 90
"""Longer than a test takes, and less than the doctor finds wrong with a clock."""
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY")


class Key(NamedTuple):
    """Credentials; ``token`` only for those of an assumed role."""

    access_key_id: str
    access_key_secret: str
    token: str = ""


RUNNING: list[LocalCloud] = []
"""Clouds that have not been stopped."""
SECRETS: set[str] = set()
"""What the clouds of this run gave out; see ``tests/secrets.py``."""


class LocalCloud:
    """One emulator process. ``options`` are command-line options of ``python -m emulator``."""

    def __init__(self, *options: str) -> None:
        for name in _PROXIES:  # the SDKs would send calls to 127.0.0.1 through a proxy, whatever NO_PROXY says
            os.environ.pop(name, None)
            os.environ.pop(name.lower(), None)
        command = [sys.executable, "-m", "emulator", "--json", *options]
        self.process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)  # noqa: S603  # our own command
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the emulator did not start; its reason is on stderr"
        self.ready: dict[str, Any] = json.loads(line)
        self.endpoints: dict[str, Any] = self.ready["endpoints"]
        self.accounts: dict[str, Any] = self.ready["accounts"]
        self._secrets_seen = 0
        self._timers = "--functions" in options
        self.standing: dict[str, Any] = {}
        """Guesses that every reset keeps."""
        RUNNING.append(self)
        self._http = urllib3.PoolManager(timeout=120, retries=False)

    def stop(self) -> None:
        """End the process and wait for it."""
        self.leaks()
        RUNNING.remove(self)
        self._http.clear()
        self.process.terminate()
        self.process.wait(timeout=10)

    def key(self, account: str = "management") -> Key:
        """The operator's key in the ``management`` or ``backup`` account."""
        return Key(**self.ready["credentials"][account])

    def client(self, service: str, *, account: str = "management", key: Key | None = None, region: str = "") -> Any:
        """An official SDK client; ``hbr`` needs a region (cn-hangzhou unless told). ``key`` beats ``account``."""
        key = key or self.key(account)
        endpoint = self.endpoints[service]
        config = Config(
            access_key_id=key.access_key_id,
            access_key_secret=key.access_key_secret,
            security_token=key.token or None,
            endpoint=endpoint if isinstance(endpoint, str) else endpoint[region or "cn-hangzhou"],
            protocol="http",
        )
        return CLIENTS[service](config)

    def assume(self, role_arn: str, *, account: str = "management", key: Key | None = None, **more: Any) -> Key:
        """Credentials of a role, asked for with the official STS client; ``more`` are request fields."""
        from alibabacloud_sts20150401.models import AssumeRoleRequest  # noqa: PLC0415  # only this needs it

        request = AssumeRoleRequest(role_arn=role_arn, role_session_name="test", **more)
        answer = self.client("sts", account=account, key=key).assume_role(request).body.credentials
        return Key(answer.access_key_id, answer.access_key_secret, answer.security_token)

    def into(self, member: str) -> Key:
        """Credentials of the access role in a member account."""
        return self.assume(f"acs:ram::{member}:role/ResourceDirectoryAccountAccessRole")

    def as_function(self, role: str = "cab-functions") -> Key:
        """Credentials of a role of the management account as Function Compute is given them."""
        return Key(**self._post("assume", account=self.accounts["management"], role=role))

    def state(self) -> dict[str, Any]:
        """The whole emulated cloud as one document."""
        state: dict[str, Any] = self._get("state")
        return state

    def journal(self, **wanted: Any) -> list[dict[str, Any]]:
        """Answered requests whose fields equal ``wanted``; ``since=`` a sequence number."""
        entries: list[dict[str, Any]] = self._get("journal", **wanted)
        return entries

    def fault(self, **fault: Any) -> None:
        """Plan a failure (see docs/emulator.md)."""
        self._post("faults", **fault)

    def struck(self) -> dict[str, int]:
        """How many calls the planned failures have hit since they were last cleared, by the failures' names."""
        struck: dict[str, int] = self._get("faults")["struck"]
        return struck

    def connections(self) -> dict[str, int]:
        """Endpoint → how many connections have carried requests to it since the start."""
        counts: dict[str, int] = self._get("connections")
        return counts

    def clear_faults(self) -> None:
        """Forget planned failures; what was held goes on, what was closed opens."""
        self._post("faults", clear=True)

    def held(self, seconds: float = 10) -> bool:
        """Whether a call is held by the effect ``hold``, now or within so many seconds."""
        held: bool = self._get("held", seconds=seconds)["held"]
        return held

    def release(self) -> None:
        """Let what is held go on."""
        self._post("release")

    def watch(self, **watched: Any) -> None:
        """Begin to watch one program's requests; see ``emulator/invariants.py``."""
        self._post("invariants", **watched)

    def violations(self) -> list[dict[str, str]]:
        """What the watched program did and must not."""
        found: list[dict[str, str]] = self._get("invariants")["violations"]
        return found

    def secrets(self, since: int = 0) -> tuple[list[str], list[str]]:
        """Secrets issued after the first ``since``, and the places in the cloud where one lies open."""
        answer = self._get("secrets", since=since)
        return answer["secrets"], answer["leaks"]

    def leaks(self) -> list[str]:
        """Remember the secrets that were issued; the places in the cloud where one lies open."""
        try:
            answer = self._get("secrets", since=self._secrets_seen)
        except urllib3.exceptions.HTTPError:  # it was killed, or never came up
            return []
        SECRETS.update(answer["secrets"])
        self._secrets_seen = answer["count"]
        found: list[str] = answer["leaks"]
        return found

    def advance(self, seconds: float) -> float:
        """Move the clock, wait until all that fell due has been done, and tell the new time."""
        now: float = self._post("clock", advance=seconds, settle=True)["now"]
        return now

    def quotas(self, **settings: Any) -> None:
        """Switch quotas on or set them."""
        self._post("quotas", **settings)

    def guess(self, **guesses: Any) -> None:
        """Set guesses until the next reset."""
        self._post("guesses", **guesses)

    def reset(self, zone: str | dict[str, Any] | None = None, **guesses: Any) -> None:
        """Begin again, with the zone of the start or another; other guesses are the standing ones, or the start's."""
        self._post("reset", zone=zone, guesses={**self.standing, **guesses}, ahead=self._past_the_next_sweep())
        self.ready.update(self._get("endpoints"))
        self.accounts = self.ready["accounts"]

    def _past_the_next_sweep(self) -> float:
        """Seconds by which the clock begins ahead, so that a test does not meet the timer of s.yaml by chance.

        Without functions there is no timer, and the clock is the machine's, by which our own code counts in most tests.
        """
        if not self._timers:
            return 0.0
        due = TIMER_SECONDS - time.time() % TIMER_SECONDS
        return due + 1 if due < QUIET_SECONDS else 0.0

    def load(self, state: dict[str, Any]) -> None:
        """Replace the whole state."""
        self._post("load", **state)

    def _get(self, path: str, **params: Any) -> Any:
        return self._asked("GET", path, fields=params)

    def _post(self, path: str, **body: Any) -> Any:
        return self._asked("POST", path, json=body)

    def _asked(self, method: str, path: str, **sent: Any) -> Any:
        answer = self._http.request(method, f"{self.endpoints['control']}/{path}", **sent)
        assert answer.status == 200, answer.data.decode()
        return answer.json()


@contextmanager
def local_cloud(*options: str) -> Iterator[LocalCloud]:
    """A ``LocalCloud`` that is stopped at the end."""
    cloud = LocalCloud(*options)
    try:
        yield cloud
    finally:
        cloud.stop()
