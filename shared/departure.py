"""How an account goes: whether it may, what is there of it, and what is left behind. Reads only.

The doors and the plans for people both start from here, so that what is reviewed is what is then done.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from shared.enrolment import Enrolment, Role
from shared.examine import Listed, formers, named_by
from shared.inventory import Inventory, kept
from shared.messages import Hint
from shared.outcome import NotReadyError, PermanentError
from shared.plan import AnyStep, plan
from shared.ports import Enter, Ports
from shared.scope import Member, desired, withdrawn
from shared.verdict import ONLY_DECLARED, is_own, judge

STILL_WANTED = (
    "config.yaml still wants it: the next sweep enrols it again, unless a rule with `enrol: false` excludes it"
)
"""Of what a person withdraws."""


@dataclass(frozen=True)
class Leaver:
    """An account that has left, is moved out of scope, or that a person wants withdrawn."""

    account_id: str
    member: Member | None
    hint: Hint
    ports: Ports

    @property
    def asked(self) -> bool:
        """Whether a person wants it withdrawn: nobody else is asked then, and nothing is waited for."""
        return self.hint is Hint.WITHDRAW

    @property
    def gone(self) -> bool:
        """Whether it is no member any more, or will be none: no matter of the scope."""
        return self.member is None or self.member.leaving

    @property
    def stays(self) -> str:
        """Why nothing is withdrawn; empty where it may be."""
        return "" if self.asked or not self._wanted else "the account is a member and in scope: nothing is withdrawn"

    def pointless(self, listed: Listed, inventory: Inventory) -> str:
        """Why nothing can be withdrawn of the account that a person names: a typing error, as it seems; else empty.

        ``listed`` are its registrations. Whatever is known, or has something in Cloud Backup, can be withdrawn.
        """
        if not self.asked or any(listed.values()) or any(inventory.shown().values()):
            return ""
        if is_own(self.account_id, self.ports.config):
            return f"nothing to withdraw: {ONLY_DECLARED}"
        return "" if self.member else "nothing to withdraw: nobody knows this id"

    @property
    def _wanted(self) -> bool:
        return judge(self.member, Hint.JOINED, self.ports.config)[0] is not None

    @property
    def display_name(self) -> str:
        """Its name, where it is known."""
        return self.member.display_name if self.member else ""

    @property
    def access_role(self) -> str | None:
        """The role by which it is entered. Rule: nothing is entered that is not a member or declared."""
        return self.member.access_role if self.member else None

    @property
    def role_name(self) -> str:
        """Its backup role, as settings have it now."""
        config = self.ports.config
        return (desired(self.member, config).settings if self.member else config.enrolment).role_name

    def depart(self, listed: Listed, inventory: Inventory, enter: Enter | None, *, begun: bool = False) -> Departure:
        """What is to go, and what is left. ``listed`` are its registrations, ``begun`` that it was to go before.

        Raises an AttemptError where the account must be entered and cannot be.
        """
        begun = begun or self.asked or any(listed.values())
        needed = begun and not (self.member and self.member.leaving)
        roles, warnings = _roles(enter, sorted({self.role_name, *named_by(listed)}), needed=needed)
        have = Enrolment(self.account_id, None, listed, bindings=inventory.bindings, former=roles)
        said = [STILL_WANTED] if self._wanted else []
        left = kept(inventory, self.ports.config.backup_account.id)
        return Departure(withdrawn(self.account_id), have, (*said, *warnings, *left))


@dataclass(frozen=True)
class Departure:
    """What is wanted of the account, which is nothing, and what is there."""

    want: Enrolment
    have: Enrolment
    warnings: tuple[str, ...]
    """What is left, and what undoes it."""

    @property
    def steps(self) -> tuple[AnyStep, ...]:
        """From what is there to nothing."""
        return plan(self.want, self.have)


def _roles(enter: Enter | None, names: Iterable[str], *, needed: bool) -> tuple[frozenset[Role], list[str]]:
    """The backup roles, where the account can still be entered; and what is to be said of those that are left.

    An account that has left cannot be, and one that never let us in has no role of ours: where the roles are not
    ``needed``, that is reported, and is not an error for ever.
    """
    if enter is None:
        return frozenset(), ["the account cannot be entered: the role in it, if any, is left to its owner"]
    try:
        return formers(names, enter), []
    except (PermanentError, NotReadyError) as error:
        if needed:
            raise
        return frozenset(), [f"the account could not be entered: the role in it, if any, is left: {error.detail}"]
