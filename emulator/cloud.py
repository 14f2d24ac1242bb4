"""The emulated cloud as one object: state, time, and the questions that every service asks about a caller.

It holds no API action; those are in the service files, which receive it in their ``Call``.
"""

from __future__ import annotations

import random
import string
import uuid
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from emulator import identity
from emulator.accounts import Principal, Session
from emulator.clock import Clock
from emulator.effects import Holding
from emulator.guesses import Guesses
from emulator.invariants import Invariants
from emulator.issued import Issued
from emulator.journal import Journal
from emulator.permissions import Decision
from emulator.signatures import Nonces
from emulator.state import State

_SEED = 1
_LETTERS = string.ascii_letters + string.digits


async def _nothing() -> None:
    return


class Cloud:
    """Everything behind the endpoints. Touched from the event loop only, by plain functions, so nothing is locked."""

    def __init__(self, state: State) -> None:
        self.clock = Clock()
        self.holding = Holding()
        self.invariants = Invariants(self)
        self.issued = Issued()
        self.nonces = Nonces()
        self.connections: dict[str, set[Any]] = {}
        """Endpoint → the clients' addresses of all connections that ever carried a request to it."""
        self.endpoints: dict[str, Any] = {}
        """Exactly the ``endpoints`` object of the ready line."""
        self.actions: dict[str, frozenset[str]] = {}
        """Service → the names of its actions, as the journal has them."""
        self.refuse: Callable[[int], None] = lambda _: None
        """Close the endpoint at a port, so that connections to it are refused; the server says how."""
        self.accept: Callable[[], Awaitable[None]] = _nothing
        """Open again what was closed."""
        self.functions: Path | None = None
        """The ``s.yaml`` whose functions are to be deployed."""
        self.code: Path | None = None
        """The directory of their code, where it is not the one of ``s.yaml``."""
        self.on_reset: list[Callable[[], None]] = []
        """Called after start, reset and load, with the new state in place."""
        self.zone: Path = Path()
        """The landing zone of the start, to which a reset goes back."""
        self.first_guesses = state.guesses
        """Those of the start, to which a reset goes back."""
        self.reset(state)

    @property
    def guesses(self) -> Guesses:
        """What this cloud does where no document says it."""
        return self.state.guesses

    def reset(self, state: State) -> None:
        """Begin again with another state; ports and credentials' secrets in the state stay what they are."""
        self.state = state
        self.clock.clear()
        self.clock.advance(state.clock_offset)
        self.clock.speed = state.clock_speed
        # A new one: a request that is still under way belongs to the cloud that it was made in.
        self.journal = Journal(self.clock.now)
        self.holding.release()
        self.invariants.clear()
        self.issued.add(*(key.secret for key in state.keys.values()))
        self.rng = random.Random(_SEED)
        if state.chance:
            version, _, gauss = self.rng.getstate()
            self.rng.setstate((version, tuple(state.chance), gauss))
        self.started()

    def started(self) -> None:
        """Let the services set up what follows from the state (functions, timers, what was under way)."""
        for work in self.on_reset:
            work()

    def dump(self) -> str:
        """The state as JSON, to be loaded again."""
        self.state.clock_offset, self.state.clock_speed = self.clock.offset, self.clock.speed
        self.state.chance = list(self.rng.getstate()[1])
        return self.state.model_dump_json()

    def decide(
        self, principal: Principal, permission: str, resource: str, context: Mapping[str, str] | None = None
    ) -> Decision:
        """Whether a principal may do something, and which policy says so. See ``identity.decide``."""
        return identity.decide(self, principal, permission, resource, context)

    def require(
        self, principal: Principal, permission: str, resource: str, context: Mapping[str, str] | None = None
    ) -> Decision:
        """As ``decide``.

        Raises:
            CloudError: ``NoPermission`` 403 with ``AccessDeniedDetail``.
        """
        decision = self.decide(principal, permission, resource, context)
        if not decision.allowed:
            raise identity.no_permission(principal, permission, resource, decision)
        return decision

    def assume(
        self,
        caller: Principal,
        role_arn: str,
        *,
        session_name: str,
        duration: int = 3600,
        policy: str | None = None,
        context: Mapping[str, str] | None = None,
    ) -> tuple[str, Session]:
        """Access key id and session of an assumed role. See ``identity.assume``."""
        return identity.assume(
            self, caller, role_arn, session_name=session_name, duration=duration, policy=policy, context=context
        )

    def identify(self, access_key_id: str, security_token: str) -> tuple[Principal, str]:
        """The principal behind a key and its secret. See ``identity.identify``."""
        return identity.identify(self, access_key_id, security_token)

    def new_id(self) -> str:
        """A request id: an upper-case UUID, the same ones in every run."""
        return str(uuid.UUID(int=self.rng.getrandbits(128), version=4)).upper()

    def new_number(self) -> str:
        """An id of eighteen digits, as RAM gives roles and users, the same ones in every run."""
        return "3" + "".join(self.rng.choices(string.digits, k=17))

    def random_text(self, length: int) -> str:
        """Letters and digits, the same ones in every run."""
        return "".join(self.rng.choices(_LETTERS, k=length))
