"""One run of the console: its configuration, its credentials, and the way to the cloud or to a local one.

``--local`` talks to a running emulator; otherwise the vendor's default credential chain says who we are. Everything is
read when it is first needed, so a verb that needs no credentials asks for none.
"""

from __future__ import annotations

import json
import logging
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.request import ProxyHandler, build_opener

from cli.output import NotDoneError, WrongUseError
from cli.sdks import caller
from shared.by_hand import ByHand
from shared.clients import Credentials
from shared.cloud import Cloud, connect, connect_backup_account
from shared.config import Config, load
from shared.deadline import Deadline

PATIENCE = 3600.0
"""Seconds that one verb may take; nothing cuts it short but the person who waits."""
CONTROL = "CAB_EMULATOR"
"""The environment variable that holds a running emulator's control URL."""
READY = Path(".emulator.json")
"""Where `make emulator` writes the same, and more, for as long as it runs."""


@dataclass(frozen=True)
class Session:
    """What a verb works with."""

    local: bool = False
    config_file: Path | None = None
    """What ``--config`` names; None: the environment says, as in the functions."""

    @property
    def file(self) -> str:
        """The name of the configuration's file."""
        return str(self.config_file or os.environ.get("CAB_CONFIG", "config.yaml"))

    @cached_property
    def config(self) -> Config:
        """The configuration, with the endpoints of the cloud that we talk to. Raises ConfigError."""
        environ = dict(os.environ)
        if self.config_file:
            environ["CAB_CONFIG"] = str(self.config_file)
        if self.local:
            environ["CLOUD_ENDPOINTS"] = json.dumps(self._emulator["endpoints"])
        return load(environ)

    @cached_property
    def credentials(self) -> Credentials:
        """The operator's own credentials."""
        return Credentials(**self._emulator["credentials"]["management"]) if self.local else _default_credentials()

    @property
    def now(self) -> float:
        """Epoch seconds by the clock of the cloud that we talk to: an emulator's can be set."""
        if not self.local:
            return time.time()
        return float(self._asked("clock")["now"])

    @contextmanager
    def cloud(self) -> Iterator[Cloud]:
        """The cloud, wired up with the operator's credentials."""
        with connect(self.config, self.credentials, Deadline.after(PATIENCE)) as cloud:
            yield cloud

    @contextmanager
    def backup_account(self, following: float = 0.0) -> Iterator[tuple[Cloud, ByHand]]:
        """The backup account, entered with the operator's own credentials there; no role of ours is used.

        ``following`` are seconds for which jobs are followed beyond what a verb may take.
        Raises NotDoneError where the credentials are another account's.
        """
        config, given = self.config, self.credentials
        if self.local:
            given = Credentials(**self._emulator["credentials"]["backup"])
        with connect_backup_account(config, given, Deadline.after(PATIENCE + following)) as (cloud, by_hand):
            who = caller(config, given, cloud.calls).account_id
            if who != config.backup_account.id:
                what = f"your credentials are those of account {who}, not of the backup account"
                instead = "log in to it with `aliyun configure --profile backup`, then set ALIBABA_CLOUD_PROFILE=backup"
                raise NotDoneError(f"{what} {config.backup_account.id}", instead, reason="wrong_account")
            yield cloud, by_hand

    @cached_property
    def _emulator(self) -> dict[str, Any]:
        """What a running emulator says of itself; see docs/emulator.md."""
        return self._asked("endpoints")

    @cached_property
    def _control(self) -> str:
        """The emulator's control URL: what the environment says, else what the emulator wrote when it was ready."""
        control = os.environ.get(CONTROL, "")
        if not control and READY.exists():
            control = str(json.loads(READY.read_text(encoding="utf-8"))["endpoints"]["control"])
        if not control.startswith("http"):
            raise WrongUseError(
                f"--local found no running emulator: {CONTROL} is not its control URL, and there is no {READY} here",
                "start one with `make emulator` in the project's folder, then say this again there",
            )
        return control.rstrip("/")

    def _asked(self, what: str) -> dict[str, Any]:
        """The emulator's answer to a GET of its control API."""
        control = self._control
        try:
            # No proxy: the emulator is on this machine.
            with build_opener(ProxyHandler({})).open(f"{control}/{what}", timeout=10) as answer:
                found: dict[str, Any] = json.loads(answer.read())
        except (OSError, ValueError) as error:
            detail = f"no emulator answers at {control}: {error}"
            raise NotDoneError(
                detail, f"start one with `make emulator`, and put its control URL into {CONTROL}"
            ) from error
        return found


def _default_credentials() -> Credentials:
    """The official default chain: environment, OIDC, profiles, RAM role (help page "Manage access credentials")."""
    from alibabacloud_credentials.client import Client  # noqa: PLC0415 - slow, and needed only without --local
    from alibabacloud_credentials.exceptions import CredentialException  # noqa: PLC0415 - the same

    # Its own handlers would write past the redaction.
    logging.getLogger("credentials").handlers.clear()
    try:
        found = Client().get_credential()
    except CredentialException as error:
        logging.getLogger(__name__).info("credentials: %s", error)
        raise NotDoneError(
            "no credentials of yours were found: none in the environment or a profile, no RAM role of this machine",
            "log in with `aliyun configure`, or set ALIBABA_CLOUD_ACCESS_KEY_ID and ALIBABA_CLOUD_ACCESS_KEY_SECRET; "
            "for the emulator say --local; --verbose tells where they were looked for",
            reason="no_credentials",
            detail=str(error),
        ) from error
    return Credentials(found.access_key_id, found.access_key_secret, found.security_token or None)
