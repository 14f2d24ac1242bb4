"""Calls per second, per account and API, as token buckets on the emulator's clock.

Off until switched on: most tests are about something else. The published numbers are the defaults then.
"""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict, Field, NonNegativeFloat

from emulator.errors import CloudError

PUBLISHED: Mapping[str, float] = {
    "ram:CreateRole": 20,
    "ram:DeleteRole": 20,
    "ram:AttachPolicyToRole": 10,
    "ram:DetachPolicyFromRole": 10,
    "ram:GetRole": 100,
    "ram:ListPoliciesForRole": 100,
    "sts:AssumeRole": 100,
    "sts:GetCallerIdentity": 100,
    "resourcedirectory:GetAccount": 50,
    "resourcedirectory:ListAccountsForParent": 50,
    "resourcedirectory:ListAccounts": 20,
    "actiontrail:LookupEvents": 2,
    "hbr:*": 10,
}
"""Calls per second. Help pages "Quotas" of RAM, STS and ResourceDirectoryMaster, "Limits" of ActionTrail; Cloud
Backup's page gives 600 per 60 s for the APIs it lists, and AddCrossAccount and DescribeCrossAccounts are not on it
(inferred to be the same)."""


class Quotas(BaseModel):
    """The switch, the limits, and how a refusal looks."""

    model_config = ConfigDict(extra="forbid")

    enabled: bool = False
    limits: dict[str, NonNegativeFloat] = {}
    """``service:Action`` or ``service:*`` → calls per second, over the published ones; 0 is none at all."""
    burst_seconds: float = 1.0
    """A bucket holds this many seconds' worth of calls (inferred)."""
    retry_after_ms: int | None = None
    """Sent as ``x-acs-retry-after`` where set; the cloud does not always send it."""
    status: int = 400
    """Older products answer 400, newer ones 429 (help page "Throttling")."""


class Buckets(BaseModel):
    """The buckets of every account, filled by time."""

    settings: Quotas = Field(default_factory=Quotas)
    levels: dict[str, tuple[float, float]] = Field(default_factory=dict)
    """``account/service:Action`` → what is left of a bucket, and when that was (emulated epoch seconds)."""

    def spend(self, now: float, service: str, action: str, account: str) -> None:
        """Take one call out of the account's bucket.

        Raises:
            CloudError: ``Throttling.User`` where it is empty.
        """
        if not self.settings.enabled:
            return
        api, rate = self._limit(service, action)
        if rate is None:
            return
        capacity = max(1.0, rate * self.settings.burst_seconds) if rate else 0.0
        bucket = f"{account}/{api}"
        level, since = self.levels.get(bucket, (capacity, now))
        level = min(capacity, level + (now - since) * rate)
        if level < 1:
            self.levels[bucket] = (level, now)
            raise self._refusal()
        self.levels[bucket] = (level - 1, now)

    def _limit(self, service: str, action: str) -> tuple[str, float | None]:
        """The limit of an API; one given for a whole service applies to each of its APIs by itself."""
        api = f"{service}:{action}"
        for name in (api, f"{service}:*"):
            for limits in (self.settings.limits, PUBLISHED):
                if name in limits:
                    return api, limits[name]
        return api, None

    def _refusal(self) -> CloudError:
        wait = self.settings.retry_after_ms
        return CloudError(
            "Throttling.User",
            "Request was denied due to user flow control.",
            self.settings.status,
            headers={"x-acs-retry-after": str(wait)} if wait else {},
        )
