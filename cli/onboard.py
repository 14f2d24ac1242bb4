"""``cab onboard``: bring one account under central backup by hand, or only prove that its role works."""

from __future__ import annotations

from typing import Annotated

import typer

from cli.attempted import account_of, result_of
from cli.doors import through, where
from cli.output import Result, confirm, progress
from cli.session import Session
from cli.verb import Direct, Named, Yes, verb
from shared.messages import Hint


@verb("cab onboard 1000000000000013")
def onboard(
    session: Session,
    account: Named,
    *,
    check: Annotated[
        bool, typer.Option("--check", help="Only prove the role in every region; change nothing.")
    ] = False,
    direct: Direct = False,
    yes: Yes = False,
) -> Result:
    """Bring one account under central backup, also one outside the scope.

    The sweep reports an account outside the scope as undeclared until config.yaml wants it.
    """
    hint = Hint.CHECK if check else Hint.ENROL
    account = account_of(account, session)
    payload = {"accountId": account, "do": str(hint)}
    if not check:
        confirm(f"Enrol account {account} {where('onboard', session, direct=direct)}?", yes=yes)
    with progress(f"{'checking' if check else 'enrolling'} {account}"):
        return result_of(through("onboard", payload, session, direct=direct), session.config.prices)
