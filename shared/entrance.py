"""The way to one member account: taken once, and ahead of need while the directory is still being asked.

What is begun ahead only reads (a session in B, a CheckRole in A): nothing is written before the directory has answered.
"""

from __future__ import annotations

from concurrent.futures import Future

from shared.outcome import NoTurnError, Reason
from shared.ports import Enter, EnteredAccount, Ports, Work, WorkOn


class Entrance:
    """Sessions and proofs of one account that have been begun, each by the names that it depends on.

    ``hurried``: so many accounts wait that nothing is proven ahead, which is a call more for each.
    """

    def __init__(self, account_id: str, ports: Ports, *, hurried: bool = False) -> None:
        self.account_id = account_id
        self._ports = ports
        self._hurried = hurried
        self._entered: dict[tuple[str, str, Work], Future[EnteredAccount]] = {}
        self._proofs: dict[tuple[str, str], Future[None]] = {}

    def open_ahead(self, *, remove: bool) -> None:
        """Begin with what most accounts need, without waiting for an answer; ``remove``: it may have to go, too."""
        settings = self._ports.config.enrolment
        if settings.authorization == "ram_role":
            work = Work(settings.attached, remove=remove)
            self._begin(self._ports.config.access_role, settings.role_name, work)
            self.proof(settings.regions[0], settings.role_name)

    def proof(self, region: str, role_name: str) -> Future[None]:
        """A CheckRole that has been begun; its result is None, or what it raised."""
        if (region, role_name) not in self._proofs:
            self._proofs[region, role_name] = self._prove(region, role_name)
        return self._proofs[region, role_name]

    def _prove(self, region: str, role_name: str) -> Future[None]:
        if self._hurried:
            refused = Future[None]()
            refused.set_exception(NoTurnError(Reason.NO_TURN, "a proof ahead would take another account's turn"))
            return refused
        return self._ports.pool.submit(self._ports.backup.check_role, region, self.account_id, role_name)

    def by(self, access_role: str | None, work: WorkOn) -> Enter | None:
        """How the account is entered by that role, for that work; None without one.

        Entering raises what AssumeRole raised.
        """
        if access_role is None:
            return None
        return lambda role_name: self._begin(access_role, role_name, work(role_name)).result()

    def _begin(self, access_role: str, role_name: str, work: Work) -> Future[EnteredAccount]:
        """A session that serves for the work: one that has been begun, or another."""
        for (by, on, begun_for), session in self._entered.items():
            if (by, on) == (access_role, role_name) and begun_for.includes(work):
                return session
        key = (access_role, role_name, work)
        self._entered[key] = self._ports.pool.submit(self._ports.members.enter, self.account_id, *key)
        return self._entered[key]
