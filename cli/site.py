"""One landing zone as the verbs that only look see it: each thing is read once, when it is first needed."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from cli import deployment, sdks
from cli.session import Session
from cli.survey import Surveyed, all_accounts, glance
from shared import events
from shared.clients import Calls, Clients, Credentials
from shared.cloud import Cloud
from shared.fleet import Registrations
from shared.messages import AccountChanged
from shared.paging import numbered
from shared.session import assume
from shared.trail import ACCOUNT_EVENTS

GLOBAL_EVENT_REGIONS = ("cn-hangzhou", "ap-southeast-1")
"""The two in which ActionTrail can keep global events (API page "UpdateGlobalEventsStorageRegion")."""
KEPT = timedelta(days=90)
"""How long ActionTrail keeps events (its limits page)."""
TIME = "%Y-%m-%dT%H:%M:%SZ"
PAGE = 100
"""ListAccounts and ListFoldersForParent take at most 100 (ResourceDirectoryMaster 2022-04-19)."""
MOST_PAGES = 10
"""Of 50 events, in one region: enough to find those of the directory among other writes of Resource Management."""


@dataclass(frozen=True)
class Record:
    """One registration as Cloud Backup keeps it."""

    account_id: str
    type: str
    role_name: str
    alias: str
    since: float
    """Epoch seconds."""


@dataclass(frozen=True)
class Joined:
    """How and when an account came into the directory."""

    account_id: str
    how: str
    """``created`` or ``invited``."""
    at: str
    """As the directory writes it; empty where it does not tell."""


class Site:
    """One landing zone, seen from the management account. Each property may raise an AttemptError."""

    def __init__(
        self,
        session: Session,
        cloud: Cloud,
        services: Path = Path("s.yaml"),
        policies: Path = Path("policies"),
        *,
        deep: bool = False,
    ) -> None:
        self.session, self.cloud, self.config = session, cloud, session.config
        self.credentials: Credentials = session.credentials
        self.calls: Calls = cloud.calls
        self.clients = Clients(session.config, cloud.calls)
        self._services, self.policies, self.deep = services, policies, deep

    @cached_property
    def caller(self) -> Any:  # noqa: ANN401 - an SDK model
        """Who we are."""
        return sdks.caller(self.config, self.credentials, self.calls)

    @cached_property
    def wanted(self) -> deployment.Deployment:
        """What is to be deployed."""
        config = self.config
        return deployment.load(self._services, os.environ, config.management_account, config.region)

    @cached_property
    def deployed(self) -> sdks.Deployed:
        """What is deployed."""
        return sdks.Deployed(self.config, self.credentials, self.calls)

    @cached_property
    def backup(self) -> Credentials:
        """The functions' own way into the backup account; ours where that is the same account."""
        account = self.config.backup_account
        if account.role is None:
            return self.credentials
        return assume(self.clients.sts(self.credentials), account.id, account.role, "AssumeBackupRole")

    @cached_property
    def now(self) -> float:
        """Epoch seconds when this look began, by the clock of the cloud that we talk to."""
        return self.session.now

    @cached_property
    def surveyed(self) -> list[Surveyed]:
        """Every account at a glance."""
        ports = self.cloud.ports
        return [glance(account, self.listed, ports) for account in all_accounts(self.listed, ports)]

    @cached_property
    def joined(self) -> list[Joined]:
        """Every member as ListAccounts has it."""
        rows = self._pages("ListAccounts", lambda body: body.accounts.account)
        return [Joined(row.account_id, row.join_method or "", row.join_time or "") for row in rows]

    @cached_property
    def folders(self) -> list[tuple[str, str, str]]:
        """Every folder below the root: id, name, and the id of the folder above (empty for the root)."""
        found: list[tuple[str, str, str]] = []
        above = [""]
        while above:
            parent = above.pop()
            rows = self._pages(
                "ListFoldersForParent", lambda body: body.folders.folder, parent_folder_id=parent or None
            )
            below = [(row.folder_id, row.folder_name or row.folder_id, parent) for row in rows]
            found += below
            above += [folder for folder, _, _ in below]
        return found

    def _pages(self, action: str, rows_of: Callable[[Any], Any], **fields: object) -> Iterator[Any]:
        """The rows of every page of a listing of the directory."""
        directory, number, seen, total = self.clients.directory(self.credentials), 1, 0, 1
        while seen < total:
            body = directory(action, page_number=number, page_size=PAGE, **fields)
            rows = rows_of(body) or []
            yield from rows
            total, seen, number = body.total_count or 0, seen + max(len(rows), 1), number + 1

    @cached_property
    def listed(self) -> Registrations:
        """Every registration."""
        return Registrations(self.cloud.ports)

    def records(self, region: str) -> Iterator[Record]:
        """Every registration in a region, each as often as it is there."""
        api = self.clients.hbr(self.backup, region)
        rows = numbered(
            api, "DescribeCrossAccounts", lambda body: body.cross_accounts and body.cross_accounts.cross_account
        )
        for row in rows:
            account, since = str(row.cross_account_user_id), float(row.created_time)
            # What Terraform made has no type, and is CROSS_ACCOUNT.
            kind, role = row.cross_account_type or "CROSS_ACCOUNT", row.cross_account_role_name or ""
            yield Record(account, kind, role, row.alias or "", since)

    @cached_property
    def trail(self) -> dict[str, list[dict[str, Any]]]:
        """The directory's events of the last 90 days by the region that keeps them, newest first."""
        regions = dict.fromkeys([*self.config.trail_regions, *GLOBAL_EVENT_REGIONS])
        return {region: list(self._directory_events(region)) for region in regions}

    @cached_property
    def changes(self) -> list[tuple[float, AccountChanged, dict[str, Any]]]:
        """Of the regions that are configured: when an account changed, how, and the event; newest first."""
        found: dict[tuple[str, float], tuple[float, AccountChanged, dict[str, Any]]] = {}
        for region in self.config.trail_regions:
            for event in self.trail[region]:
                for change in events.read(json.dumps(event)):
                    if isinstance(change, AccountChanged):
                        at = epoch(event["eventTime"])
                        found[change.event_id, at] = (at, change, event)
        return sorted(found.values(), key=lambda one: -one[0])

    def _directory_events(self, region: str) -> Iterator[dict[str, Any]]:
        wanted = {"ServiceName": "ResourceManager", "EventRW": "Write"}
        for event in self.looked_up(region, wanted, self.now - KEPT.total_seconds(), self.now + 1):
            if event.get("eventName") in ACCOUNT_EVENTS:
                yield event

    def looked_up(self, region: str, wanted: dict[str, str], start: float, end: float) -> Iterator[dict[str, Any]]:
        """ActionTrail's events with these attributes in a window of epoch seconds, newest first, some pages of them."""
        trail = self.clients.actiontrail(self.credentials, region)
        attributes = [trail.model("LookupEventsRequestLookupAttribute", key=k, value=v) for k, v in wanted.items()]
        start_time, end_time = (datetime.fromtimestamp(at, timezone.utc).strftime(TIME) for at in (start, end))
        window = {"start_time": start_time, "end_time": end_time, "lookup_attribute": attributes}
        token = None
        for _ in range(MOST_PAGES):
            body = trail("LookupEvents", direction="BACKWARD", max_results="50", next_token=token, **window)
            yield from body.events or []
            token = body.next_token
            if not token:
                return


def epoch(text: str) -> float:
    """Epoch seconds of a time as the cloud writes it."""
    return datetime.strptime(text[:19], TIME[:-1]).replace(tzinfo=timezone.utc).timestamp()
