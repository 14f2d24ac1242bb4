"""The composition root: configuration and credentials in, everything wired out. Only this module names all adapters."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Hashable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from shared.backup import BackupAccount
from shared.clients import Calls, Clients, Credentials
from shared.config import Config
from shared.deadline import Deadline
from shared.directory import Directory
from shared.member import Members
from shared.pace import Pace, Share
from shared.ports import Ports
from shared.protection import Protection
from shared.queue import Queues
from shared.quotas import USED, Quotas
from shared.records import Records
from shared.session import assume

MOST_THREADS = 16
"""More regions than this are worked on in turns."""
PATIENT = frozenset({"reconcile", "replay"})
"""Functions whose work is in no queue: their calls wait for their turns, until the deadline."""
EARLY = 60.0
"""A remembered session is given up this many seconds before it expires."""
ROLE_REMEMBERED = 600.0
"""Seconds for which a warm instance takes the service-linked role for granted; a failed attempt forgets it."""


@dataclass(frozen=True)
class Cloud:
    """The cloud as one invocation uses it."""

    ports: Ports
    queues: Queues
    calls: Calls


@contextmanager
def connect(config: Config, credentials: Credentials, deadline: Deadline, function: str = "") -> Iterator[Cloud]:
    """Wire the adapters, at the pace of ``function`` (a door's name; none: not paced); no call is made here."""
    calls = Calls(deadline, _pace(_shares(function, config.quotas)), patient=function in PATIENT)
    clients = Clients(config, calls)
    directory = Directory(clients, credentials, config.access_role)
    members = Members(clients, credentials)
    backup = _Remembering(config, clients, credentials)
    protection = Protection(clients, backup.enter, config.backup_account.id)
    records = Records(clients, backup.enter, config.backup_account.id)
    queues = Queues(config, credentials, deadline)
    with ThreadPoolExecutor(MOST_THREADS, thread_name_prefix="cab") as pool:
        yield Cloud(Ports(config, directory, members, backup, protection, records, pool), queues, calls)


def _shares(function: str, quotas: Quotas) -> tuple[tuple[str, Share], ...]:
    """What one instance of a function may call while no other function is busy, and while all are; else nothing."""
    instances = {str(door): number for door, number in quotas.instances.items()}
    if function not in instances:
        return ()
    own, everyone = instances[function], sum(instances.values())
    used = {api: calls * USED for api, calls in quotas.calls.items()}
    return tuple((api, Share(calls / own, calls / everyone)) for api, calls in used.items())


class _Remembering(BackupAccount):
    """The backup account with what a warm instance remembers of it: its session and its service-linked role."""

    def __init__(self, config: Config, clients: Clients, credentials: Credentials) -> None:
        super().__init__(clients, self.enter, config.assumptions)
        self._key = (config.endpoints.sts, config.backup_account, credentials.access_key_id)
        self._config = config
        self._given = credentials

    def enter(self) -> Credentials:
        """Credentials for work in the backup account: a session there, or the given ones where it is our own."""
        account = self._config.backup_account
        if account.role is None:
            return self._given
        role_name = account.role

        def make() -> tuple[Credentials, float]:
            session = assume(self._clients.sts(self._given), account.id, role_name, "AssumeBackupRole")
            return session, session.expires_at - EARLY

        session: Credentials = memory().recall(("session", self._key), make)
        return session

    def ensure_service_linked_role(self) -> None:
        def make() -> tuple[bool, float]:
            super(_Remembering, self).ensure_service_linked_role()
            return True, time.time() + ROLE_REMEMBERED

        memory().recall(("service-linked role", self._key), make)


class Memory:
    """What a warm instance remembers between invocations, each thing until it expires."""

    def __init__(self) -> None:
        self._known: dict[Hashable, tuple[Any, float]] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def recall(self, key: Hashable, make: Callable[[], tuple[Any, float]]) -> Any:  # noqa: ANN401 - anything
        """The value of ``key``, made (once, however many threads ask) with its expiry in epoch seconds if unknown."""
        with self._lock:
            lock = self._locks.setdefault(key, threading.Lock())
        with lock:
            value, expires = self._known.get(key, (None, 0.0))
            if expires <= time.time():
                value, expires = make()
                self._known[key] = (value, expires)
            return value

    def forget(self) -> None:
        """Trust nothing that was remembered: an attempt has failed."""
        self._known.clear()


@cache
def _pace(shares: tuple[tuple[str, Share], ...]) -> Pace:
    """This process's pace; a failed attempt does not forget it."""
    return Pace(dict(shares))


@cache
def memory() -> Memory:
    """This process's memory; made on first use, so that importing has no effect."""
    return Memory()


@contextmanager
def connect_backup_account(config: Config, credentials: Credentials, deadline: Deadline) -> Iterator[tuple[Cloud, Any]]:
    """The same for a person who is logged in to the backup account itself, and what only such a person starts there."""
    from shared.by_hand import ByHand

    account = config.backup_account.model_copy(update={"role": None})
    with connect(config.model_copy(update={"backup_account": account}), credentials, deadline) as cloud:
        yield cloud, ByHand(Clients(config, cloud.calls), lambda: credentials, cloud.ports.records)
