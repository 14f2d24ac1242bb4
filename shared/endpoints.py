"""Where each API answers, as the configuration says it; what cannot be an address is refused with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from shared.config_types import Frozen


def _filled(*names: str) -> Callable[[str], str]:
    """A check that a text has no placeholder but these."""
    allowed = " and ".join(f"{{{name}}}" for name in names) or "none"

    def check(text: str) -> str:
        try:
            text.format(**dict.fromkeys(names, "x"))
        except (LookupError, ValueError, AttributeError) as error:
            raise ValueError(f"expected no placeholder but {allowed}") from error
        return text

    return check


Host = Annotated[str, StringConstraints(pattern=r"^[^/\s]+$"), AfterValidator(_filled())]
"""A host, and a port or not; no scheme and no path."""
RegionalHost = Annotated[str, StringConstraints(pattern=r"^[^/\s]+$"), AfterValidator(_filled("region"))]
AccountUrl = Annotated[
    str, StringConstraints(pattern=r"^https?://[^/\s]+$"), AfterValidator(_filled("account", "region"))
]


class Endpoints(Frozen):
    """Where each API answers. Only a loopback address is spoken to without TLS."""

    ram: Host = "ram.aliyuncs.com"
    """Resource Access Management."""
    sts: Host = "sts.aliyuncs.com"
    """Security Token Service."""
    resourcedirectory: Host = "resourcedirectory.aliyuncs.com"
    """Resource Directory; the international site has resourcedirectory-intl.aliyuncs.com."""
    actiontrail: RegionalHost = "actiontrail.{region}.aliyuncs.com"
    """ActionTrail, in each of ``trail_regions``."""
    hbr: Mapping[str, Host] = Field(default_factory=dict)
    """Cloud Backup by region; ``hbr.<region>.aliyuncs.com`` where a region is not named."""
    mns: AccountUrl = "https://{account}.mns.{region}.aliyuncs.com"
    """Simple Message Queue (MNS), in the management account."""
    mnsopen: RegionalHost = "mns-open.{region}.aliyuncs.com"
    """Settings of queues (MNS-open), in the management account; only the console uses it."""
    metrics: RegionalHost = "metrics.{region}.aliyuncs.com"
    """CloudMonitor, in the management account; only the console uses it."""
    logs: RegionalHost = "{region}.log.aliyuncs.com"
    """Simple Log Service, in the management account; only the console uses it."""
    fc: AccountUrl = "https://{account}.{region}.fc.aliyuncs.com"
    """Function Compute, in the management account."""

    def hbr_in(self, region: str) -> str:
        """The Cloud Backup endpoint of a region."""
        return self.hbr.get(region, f"hbr.{region}.aliyuncs.com")
