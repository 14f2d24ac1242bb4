"""Whether an account is any business of ours: who it is now, and what is wanted of it."""

from __future__ import annotations

from dataclasses import replace

from shared.config import Config
from shared.messages import Hint
from shared.outcome import Reason, TemporaryError
from shared.ports import Ports
from shared.scope import Member, Wanted, desired
from shared.settings import External

BEING_DELETED = "the account is being deleted"
"""Why nothing is wanted of an account, whatever the configuration says."""


def find(account_id: str, ports: Ports) -> Member | None:
    """The account as the configuration declares it or the directory lists it now."""
    for external in ports.config.external:
        if external.account_id == account_id:
            return declared(external)
    # Whether it is being deleted is told by a call of its own, beside the other; ListAccounts tells both.
    leaving = ports.pool.submit(ports.directory.is_leaving, account_id)
    member = ports.directory.look_up(account_id)
    return replace(member, leaving=leaving.result()) if member else None


def declared(external: External) -> Member:
    """An account outside the directory, as the configuration declares it."""
    return Member(external.account_id, external.display_name, "external", access_role=external.access_role)


ONLY_DECLARED = "the management and the backup account are enrolled only if the configuration declares them"


def is_own(account_id: str, config: Config) -> bool:
    """Whether it is the management or the backup account, which nobody has declared."""
    declared_too = {external.account_id for external in config.external}
    return account_id in {config.management_account, config.backup_account.id} - declared_too


def judge(member: Member | None, hint: Hint, config: Config) -> tuple[Wanted | None, str]:
    """What is wanted of the account, or why nothing is to be done for it. Pure."""
    if member is None:
        return None, "neither the directory lists this account nor the configuration declares it"
    if is_own(member.account_id, config):
        return None, ONLY_DECLARED
    if member.leaving:
        return None, BEING_DELETED
    wanted = desired(member, config)
    if wanted.in_scope:
        return wanted, ""
    if hint in {Hint.ENROL, Hint.CHECK}:
        # By hand, outside the scope: the sweep will report it as undeclared until the configuration says so.
        settings = _enrolling_all(config)
        return replace(desired(member, settings), rule="by hand, outside the scope"), ""
    return None, f"outside the scope by rule {wanted.rule!r}"


LEAVING = frozenset({Hint.LEFT, Hint.WITHDRAW})


def leaves(hint: Hint, member: Member | None, wanted: Wanted | None) -> bool:
    """Whether an account so judged is to be withdrawn: it has left, a person says so, or it was moved out of scope."""
    return hint in LEAVING or (hint is Hint.MOVED and member is not None and wanted is None)


def ready(member: Member) -> None:
    """Raise an AttemptError where the account cannot be worked on now; it is tried again for a while."""
    if member.unworkable:
        raise TemporaryError(Reason.UNWORKABLE, member.unworkable)


def _enrolling_all(config: Config) -> Config:
    """The same configuration with every account in scope."""
    return config.model_copy(
        update={
            "enrolment": config.enrolment.model_copy(update={"enrol": True}),
            "scope": tuple(rule.model_copy(update={"enrol": None}) for rule in config.scope),
        }
    )
