"""A landing zone in a folder of its own, as a team keeps it: configuration, s.yaml, and what is deployed of it."""

from __future__ import annotations

import os
import re
import shlex
import stat
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import yaml
from alibabacloud_resourcedirectorymaster20220419 import models as rd

from tests import secrets
from tests.cloud import ROOT, LocalCloud
from tests.flows.world import BACKUP, MANAGEMENT, unprotected

LINKED = ("functions", "shared", "policies", "docs")
ASKS = ("bootstrap", "apply", "onboard", "teardown", "reconcile", "replay", "redrive", "delete")
"""Verbs that ask before they change anything: the person says yes."""
FIX = re.compile(r"^\s*fix: (.*)$", re.MULTILINE)
SECONDS = 90
MOST_FIXES = 40


class Ran(NamedTuple):
    """What a command printed, and its exit status."""

    code: int
    out: str


class Field:
    """The zone, the emulator that it lives in, and a person at a shell there."""

    def __init__(self, folder: Path, state: Path | None = None, *options: str) -> None:
        self.folder, self.options = folder, options
        self.environment: dict[str, str] = {}
        for name in LINKED:
            (folder / name).symlink_to(ROOT / name)
        text = (ROOT / "s.yaml").read_text(encoding="utf-8")
        for name in ("s.yaml", "deployed.yaml"):
            (folder / name).write_text(text, encoding="utf-8")
        self._config: dict[str, Any] = yaml.safe_load((ROOT / "config.yaml").read_text(encoding="utf-8"))
        # One more attempt, a second later: nobody waits a day here.
        self.configure(retry={"delays": [1], "not_ready": [1]})
        self._commands()
        self.dump = folder / "state.json"
        if state:
            self.dump.write_bytes(state.read_bytes())
        self.cloud = self._start()
        self.done: list[str] = []
        """Every fix that was carried out."""

    def variables(self) -> dict[str, str]:
        """By what the console finds the cloud."""
        return {"CAB_EMULATOR": self.cloud.endpoints["control"]}

    def _start(self) -> LocalCloud:
        zone = self.folder / "zone.yaml"
        if not zone.exists():
            zone.write_text(yaml.safe_dump(empty_zone()), encoding="utf-8")
        before = dict(os.environ)
        os.environ.update(self.environment)
        try:
            functions = ("--functions", str(self.folder / "deployed.yaml"), "--code", str(self.folder))
            return LocalCloud("--zone", str(zone), "--state", str(self.dump), *functions, *self.options)
        finally:
            os.environ.clear()
            os.environ.update(before)

    def configure(self, **changes: Any) -> None:
        """Merge into config.yaml."""
        for name, value in changes.items():
            old = self._config.get(name)
            self._config[name] = {**old, **value} if isinstance(old, dict) and isinstance(value, dict) else value
        (self.folder / "config.yaml").write_text(yaml.safe_dump(self._config), encoding="utf-8")

    def deploy(self, **environment: str) -> None:
        """What ``s deploy`` does: from now on s.yaml is what runs. The cloud goes on as it was."""
        self.environment.update(environment)
        (self.folder / "deployed.yaml").write_text((self.folder / "s.yaml").read_text("utf-8"), encoding="utf-8")
        self.restart()

    def restart(self) -> None:
        """Start the emulator again with its state, and with what is deployed now."""
        self.cloud.stop()
        self.cloud = self._start()

    def _commands(self) -> None:
        """``cab``, ``aliyun``, ``make`` and ``s`` as the person finds them on the path."""
        python = shlex.quote(sys.executable)
        asks = "|".join(ASKS)
        scripts = {
            "cab": f'yes=; for word in "$@"; do case $word in {asks}) yes=--yes;; --plan) yes=; break;; esac; done\n'
            f'exec {python} -m cli.main "$@" $yes',
            "aliyun": f'exec {python} -m tests.drills.aliyun "$@"',
            "make": "exit 0",
            "s": 'echo "${DEPLOY_REGION:-}" > deploying',
        }
        (self.folder / "bin").mkdir()
        for name, body in scripts.items():
            script = self.folder / "bin" / name
            script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            script.chmod(script.stat().st_mode | stat.S_IXUSR)

    def run(self, command: str) -> Ran:
        """Run a line as the person types it, in the folder."""
        kept = {
            name: value for name, value in os.environ.items() if not name.startswith(("ALIBABA_", "CLOUD_", "CAB_"))
        }
        env = {
            **kept,
            "PATH": f"{self.folder / 'bin'}:{os.environ['PATH']}",
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.folder),
            **self.variables(),
        }
        ran = subprocess.run(  # noqa: S602 - the lines are those that our own console printed
            command, shell=True, cwd=self.folder, env=env, capture_output=True, text=True, timeout=SECONDS, check=False
        )
        secrets.keep(ran.stdout, ran.stderr)
        assert ran.returncode in {0, 1}, f"{command}\n{ran.stdout}{ran.stderr}"
        deploying = self.folder / "deploying"
        if deploying.exists():
            region = deploying.read_text("utf-8").strip()
            deploying.unlink()
            self.deploy(**({"DEPLOY_REGION": region} if region else {}))
        return Ran(ran.returncode, ran.stdout + ran.stderr)

    def follow(self, text: str, acts: Mapping[str, Callable[[], Any]]) -> None:
        """Do what the text says is to be done, line by line; ``acts`` is what a person does at some words."""
        for fix in dict.fromkeys(FIX.findall(text)):
            if fix in self.done:
                continue
            self.done.append(fix)
            assert len(self.done) < MOST_FIXES, self.done
            if fix.startswith("in config.yaml: "):
                self.configure(**yaml.safe_load(fix.removeprefix("in config.yaml: ")))
            elif fix.startswith("by hand: "):
                for words, act in acts.items():
                    if words in fix:
                        act()
            else:
                self.follow(self.run(fix).out, acts)
        self.cloud.advance(3)

    def create(self, name: str, folder: str = "fd-prod000001") -> str:
        """A new member account; what its event starts has ended."""
        request = rd.CreateResourceAccountRequest(display_name=name, parent_folder_id=folder)
        client = self.cloud.client("resourcedirectory")
        account: str = client.create_resource_account(request).body.account.account_id
        self.cloud.advance(0)
        return account

    def change(self, change: Callable[[dict[str, Any]], Any]) -> None:
        """Change the cloud's state by hand."""
        state = self.cloud.state()
        change(state)
        self.cloud.load(state)

    def unprotected(self) -> list[str]:
        """Members outside the sandbox that are not protected by the emulator's own state."""
        state = self.cloud.state()
        members = state["directory"]["members"].values()
        wanted = [m["account_id"] for m in members if m["folder_id"] != "fd-sandbox0001" and m["account_id"] != BACKUP]
        return [account for account in wanted if unprotected(state, account)]

    def letters(self) -> int:
        """How many dead letters there are."""
        return len(self.cloud.state()["mns"]["queues"][MANAGEMENT]["cab-dead-letters"]["messages"])


def empty_zone() -> dict[str, Any]:
    """The small landing zone, before anybody made anything of ours in it."""
    zone: dict[str, Any] = yaml.safe_load((ROOT / "emulator/zones/small.yaml").read_text(encoding="utf-8"))
    for account in zone["accounts"][:2]:
        for made in ("roles", "policies", "queues", "log_projects"):
            account.pop(made, None)
    return zone
