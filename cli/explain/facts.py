"""What there is to know about one account: read once, from directory, Cloud Backup, queue and ActionTrail."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cli.covered import backups
from cli.history import History, of_account
from cli.letters import look as look_at_letters
from cli.site import Site
from cli.survey import State, Surveyed, look, named_accounts
from shared.letters import Letter
from shared.messages import AccountChanged, Selection
from shared.outcome import AttemptError, Reason
from shared.queue import QueueError


@dataclass(frozen=True)
class Facts:
    """One account, and what surrounds it."""

    account_id: str
    now: float
    """Epoch seconds of the cloud's clock."""
    surveyed: Surveyed
    registered: dict[str, float]
    """Region → since when, in epoch seconds."""
    letters: tuple[Letter, ...] | None
    """None: they cannot be read."""
    changes: tuple[tuple[float, AccountChanged, dict[str, Any]], ...]
    """When, what, and the event; newest first."""
    control_policies: tuple[tuple[str, str, str], ...]
    """Custom ones above the account: id, name, and the folder or account that each is attached to."""
    history: History
    backups: dict[str, Any]
    """How far its backups are, as in the report; empty where none are wanted."""
    sweeps: dict[str, str]
    """Cron expression by what the sweep is told."""

    @property
    def reason(self) -> Reason | str | None:
        """Why the account cannot be read, or why its newest dead letter is there."""
        named = self.surveyed.why.partition(":")[0]
        if self.surveyed.state is State.UNREADABLE and named in set(map(str, Reason)):
            return Reason(named)
        return self.letters[-1].reason if self.letters else None

    @property
    def being_deleted(self) -> bool:
        """Whether the account is on its way out: what the configuration says of it counts no more."""
        return self.surveyed.member is not None and self.surveyed.member.leaving

    @property
    def refused_by_control_policy(self) -> bool:
        """Whether the cloud itself said so."""
        details = [
            one.body.get("access_denied_detail") or {} for one in self.letters or () if isinstance(one.body, dict)
        ]
        return any(detail.get("PolicyType") == "ControlPolicy" for detail in details)


def gather(account_id: str, site: Site) -> Facts:
    """Read everything. Raises an AttemptError where the cloud cannot be read at all."""
    (account,) = named_accounts([account_id], site.cloud.ports)
    surveyed = look(account, site.listed, site.cloud.ports)
    changes = tuple(one for one in site.changes if one[1].account_id == account_id)
    folders = surveyed.member.folders if surveyed.member else ()
    return Facts(
        account_id,
        site.now,
        surveyed,
        _registered(account_id, site),
        _letters(account_id, site),
        changes,
        tuple(_control_policies([*folders, account_id], site)) if folders else (),
        of_account(site, account_id),
        backups([surveyed], site.cloud.ports, site.now).get(account_id, {}),
        _sweeps(site),
    )


def _letters(account_id: str, site: Site) -> tuple[Letter, ...] | None:
    try:
        with look_at_letters(site.cloud.queues) as seen:
            return tuple(seen.chosen(Selection(accounts=frozenset({account_id}))))
    except QueueError:
        return None


def _registered(account_id: str, site: Site) -> dict[str, float]:
    """Only where the listing that was read already has the account: the times are in the rows alone."""
    found: dict[str, float] = {}
    for region, registrations in site.listed.of(account_id).items():
        if registrations:
            since = [one.since for one in site.records(region) if one.account_id == account_id]
            found[region] = min(since, default=0.0)
    return found


def _control_policies(targets: list[str], site: Site) -> list[tuple[str, str, str]]:
    directory, found = site.clients.directory(site.credentials), []
    for target in targets:
        try:
            rows = directory("ListControlPolicyAttachmentsForTarget", target_id=target).control_policy_attachments
        except AttemptError:
            continue
        attached = (rows.control_policy_attachment or []) if rows else []
        found += [(row.policy_id, row.policy_name, target) for row in attached if row.policy_type == "Custom"]
    return found


def _sweeps(site: Site) -> dict[str, str]:
    """As deployed; as s.yaml says where that cannot be read."""
    name = f"{site.config.functions.prefix}reconcile"
    try:
        rows = site.deployed.triggers(name)
    except AttemptError:
        rows = []
    rows = rows or list(site.wanted.functions.get(name, {}).get("triggers", []))
    configs = [row["triggerConfig"] for row in rows if row["triggerConfig"].get("enable")]
    return {str(config.get("payload", "")): str(config["cronExpression"]) for config in configs}
