"""How often the cloud may be called, and by how many instances at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from shared.config_types import Frozen

Rate = Annotated[float, Field(gt=0)]
Instances = Annotated[int, Field(ge=1, le=300)]
"""Function Compute runs at most 300 instances in a region (page "Limits")."""
Door = Literal["onboard", "retry", "teardown", "reconcile", "replay"]
Paced = Literal[
    "AddCrossAccount",
    "DeleteCrossAccount",
    "DescribeCrossAccounts",
    "CheckRole",
    "AssumeRole",
    "GetAccount",
    "ListAccounts",
]
CALLS_A_SECOND: dict[Paced, Rate] = {
    "AddCrossAccount": 10,
    "DeleteCrossAccount": 10,
    "DescribeCrossAccounts": 10,
    "CheckRole": 10,
    "AssumeRole": 100,
    "GetAccount": 50,
    "ListAccounts": 20,
}
"""Help pages "Quotas" of Cloud Backup (600 a minute for what it lists; inferred for these four), STS and
ResourceDirectoryMaster. RAM's quotas are per member account, and far above what one account needs."""
INSTANCES: dict[Door, Instances] = {"onboard": 4, "retry": 4, "teardown": 2, "reconcile": 1, "replay": 1}
USED = 0.95
"""Share of a quota that the functions use; the rest is for the console and for people."""


class Quotas(Frozen):
    """How often the functions may call the cloud; see docs/performance.md. An API that is not named is not paced."""

    calls: Mapping[Paced, Rate] = Field(default_factory=lambda: dict(CALLS_A_SECOND))
    """Calls a second by API: those of Cloud Backup in the backup account, the others in the management account."""
    instances: Mapping[Door, Instances] = Field(default_factory=lambda: dict(INSTANCES))
    """How many instances of each function there are at most; `s.yaml` reserves as much concurrency."""
