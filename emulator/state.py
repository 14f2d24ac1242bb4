"""Everything the emulated cloud remembers, in one tree of pydantic models, so that dump and load are one call each.

No behaviour here: actions live in the service files. Times are emulated epoch seconds.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from emulator.accounts import AccessKey, Account, Directory, Member, Policy, Principal, Role, Session, User
from emulator.bus.state import BusState
from emulator.faults import Faults
from emulator.fc.state import FcState
from emulator.guesses import Guesses
from emulator.hbr.state import HbrState
from emulator.logs.state import LogsState
from emulator.mns.state import MnsState
from emulator.quotas import Buckets
from emulator.trail.state import TrailState

__all__ = [
    "AccessKey",
    "Account",
    "Directory",
    "Member",
    "Policy",
    "Principal",
    "Role",
    "Session",
    "State",
    "User",
]


class State(BaseModel):
    """The whole emulated cloud. ``dump`` and ``load`` of the control API are this model as JSON."""

    model_config = ConfigDict(extra="forbid")

    clock_offset: float = 0.0
    """Seconds that the emulated time was ahead of the machine's when this was dumped."""
    clock_speed: float = 1.0
    chance: list[int] = Field(default_factory=list)
    """The inner state of the generator of ids and chances, so that a load gives no id a second time; empty at first."""
    guesses: Guesses = Field(default_factory=Guesses)
    quotas: Buckets = Field(default_factory=Buckets)
    faults: Faults = Field(default_factory=Faults)
    accounts: dict[str, Account] = Field(default_factory=dict)
    backup_account: str = ""
    """Which of them the landing zone means as the central backup account; only the ready line tells it."""
    system_policies: dict[str, Policy] = Field(default_factory=dict)
    keys: dict[str, AccessKey] = Field(default_factory=dict)
    sessions: dict[str, Session] = Field(default_factory=dict)
    directory: Directory | None = None
    hbr: HbrState = Field(default_factory=HbrState)
    mns: MnsState = Field(default_factory=MnsState)
    trail: TrailState = Field(default_factory=TrailState)
    bus: BusState = Field(default_factory=BusState)
    fc: FcState = Field(default_factory=FcState)
    logs: LogsState = Field(default_factory=LogsState)

    def whole(self) -> State:
        """Itself, as a dump has it. Raises ValueError where there is no account in it: then it was none."""
        if not self.accounts:
            raise ValueError("expected a state as GET state answers it; there is no account in this one")
        return self
