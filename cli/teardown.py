"""``cab teardown``: take one account out of central backup by hand."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import RenderableType

from cli.attempted import account_of, result_of, shown
from cli.doors import through, where
from cli.output import Result, confirm, progress
from cli.session import Session
from cli.verb import Direct, Named, Yes, verb
from shared.messages import Hint
from shared.review import review


@verb("cab teardown 1000000000000013")
def teardown(session: Session, account: Named, *, direct: Direct = False, yes: Yes = False) -> Result:
    """Take one account out of central backup now, although it is still a member; its backups are kept.

    The sweep enrols it again unless config.yaml excludes it.
    """
    account = account_of(account, session)
    payload = {"accountId": account, "do": str(Hint.WITHDRAW)}
    question = f"Withdraw account {account} {where('teardown', session, direct=direct)}? Backups are kept."
    confirm(question, yes=yes, seen=lambda: _planned(account, session))
    with progress(f"withdrawing {account}"):
        return result_of(through("teardown", payload, session, direct=direct), session.config.prices)


def _planned(account: str, session: Session) -> Iterator[RenderableType]:
    """What would be done, and the backups that stay, as `cab plan --withdraw` shows it."""
    with session.cloud() as cloud, progress("looking at what is there"):
        found = review(account, Hint.WITHDRAW, cloud.ports)
    yield from shown(found.shown(), session.config.prices)
