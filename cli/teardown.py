"""``cab teardown``: take one account out of central backup by hand."""

from __future__ import annotations

from cli.attempted import account_of, result_of
from cli.doors import through, where
from cli.output import Result, confirm, progress
from cli.session import Session
from cli.verb import Direct, Named, Yes, verb
from shared.messages import Hint


@verb("cab teardown 1000000000000013")
def teardown(session: Session, account: Named, *, direct: Direct = False, yes: Yes = False) -> Result:
    """Take one account out of central backup now, although it is still a member; its backups are kept.

    The sweep enrols it again unless config.yaml excludes it.
    """
    account = account_of(account, session)
    payload = {"accountId": account, "do": str(Hint.WITHDRAW)}
    confirm(f"Withdraw account {account} {where('teardown', session, direct=direct)}? Backups are kept.", yes=yes)
    with progress(f"withdrawing {account}"):
        return result_of(through("teardown", payload, session, direct=direct), session.config.prices)
