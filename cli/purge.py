"""``cab purge``: delete one account's backup data for good. Reviewed, then confirmed with the account's id once more.

The functions cannot do this, and are not allowed to. It is the first step of the product page's "Disable cross-account
backup"; the others are ``cab teardown``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Annotated, Any

import typer
from rich.console import RenderableType
from rich.text import Text

from cli.attempted import checked, named
from cli.output import NotDoneError, Result, WrongUseError, confirm_again, following, progress
from cli.session import Session
from cli.verb import AccountId, verb
from shared.backups import Place
from shared.by_hand import ByHand
from shared.cloud import Cloud
from shared.examine import listed_everywhere
from shared.inventory import Inventory, take
from shared.outcome import AttemptError
from shared.purge import Purge, plan_purge, surroundings
from shared.wording import counted

Reviewed = Annotated[
    str, typer.Option("--reviewed", metavar="HASH", help="The hash of the plan that you reviewed: delete what it says.")
]
Again = Annotated[
    str, typer.Option("--again", metavar="ID", help="The account's id once more, where there is no terminal to ask on.")
]
Sids = Annotated[
    list[str] | None, typer.Option("--sid", metavar="NAME=SID", help="NAME=SID of a SAP HANA instance that is to go.")
]


@verb("cab purge 1000000000000011")
def purge(
    session: Session, account: AccountId, *, reviewed: Reviewed = "", again: Again = "", sid: Sids = None
) -> Result:
    """Show what of an account's backup data would be deleted for good; with --reviewed, delete it.

    Only what bears our mark, and no vault that other accounts use. It runs with your own credentials of the backup
    account. What is deleted cannot be restored.
    """
    sids = dict(_pair(one) for one in sid or [])
    with session.backup_account() as (cloud, by_hand):
        with progress("taking an inventory of every region"):
            plan, found = _planned(checked(account), sids, cloud)
            name = named(account, cloud.ports)
        told = [Text(name, "bold"), *_told(plan)]
        document = {
            "account_id": account,
            "hash": plan.hash,
            "delete": list(map(str, plan.deletions)),
            "left": plan.left,
        }
        if not reviewed:
            review = following(f"review this, then `cab purge {account} --reviewed {plan.hash[:12]}`")
            return Result({**document, "done": []}, [*told, *([review] if plan.deletions else [])])
        if len(reviewed) < SHORTEST or not plan.hash.startswith(reviewed):
            raise NotDoneError(
                f"the plan is now {plan.hash[:12]}: it is not the one that was reviewed, so nothing was deleted",
                f"review it again: `cab purge {account}`",
                reason="not_as_reviewed",
            )
        confirm_again(_question(name, plan, found), account, again)
        with progress("deleting") as tell:
            done, failed = _carried_out(plan, by_hand, tell)
    ended = {**document, "done": done, "failed": failed}
    return Result(ended, [Text(name, "bold"), *_ended(ended)], done=not failed)


SHORTEST = 12
"""Characters of a hash that pin a plan."""


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals:
        raise WrongUseError(f"expected NAME=SID, found {text!r}")
    return name, value


def _planned(account_id: str, sids: dict[str, str], cloud: Cloud) -> tuple[Purge, Inventory]:
    ports = cloud.ports
    registered = listed_everywhere(account_id, ports)
    found = take(account_id, registered, ports)
    regions = {region: surroundings(region, ports) for region in ports.config.backup_regions}
    places = {
        region: Place(account_id, one.type, one.role_name)
        for region, records in registered.items()
        for one in sorted(records, key=lambda one: one.type, reverse=True)
    }
    if account_id == ports.config.backup_account.id:
        places = {region: Place(account_id, "SELF_ACCOUNT") for region in ports.config.backup_regions}
    return plan_purge(found, regions, places, sids), found


def _question(name: str, plan: Purge, found: Inventory) -> str:
    points = counted(sum(one.points for one in found.restorable), "restorable point")
    things = counted(len(plan.deletions), "thing")
    return f"This deletes for good, of account {name}: {things}, of {points}. Type the account's id"


def _carried_out(plan: Purge, by_hand: ByHand, tell: Callable[[str], None]) -> tuple[list[str], list[str]]:
    """One that fails does not stop the others: each stands for itself, and what is left the next run finds."""
    done, failed = [], []
    for number, deletion in enumerate(plan.deletions, 1):
        tell(f"{number} of {len(plan.deletions)}: {deletion}")
        try:
            by_hand.delete(deletion)
            done.append(str(deletion))
        except AttemptError as error:
            failed.append(f"{deletion}: {error.detail}")
    return done, failed


def _told(plan: Purge) -> Iterator[RenderableType]:
    for deletion in plan.deletions:
        yield Text.assemble(("- ", "red"), str(deletion))
    for one in plan.left:
        yield Text.assemble(("! ", "yellow"), f"left: {one}")
    yield Text.assemble((f"{len(plan.deletions)} to delete for good, {len(plan.left)} left", "bold"))
    if plan.deletions:
        yield Text(f"hash {plan.hash}", "dim")


def _ended(ended: dict[str, Any]) -> Iterator[RenderableType]:
    yield from (Text.assemble(("- ", "red"), one) for one in ended["done"])
    yield from (Text.assemble(("! ", "bold red"), one) for one in ended["failed"])
    yield f"{len(ended['done'])} deleted, {len(ended['failed'])} failed, {len(ended['left'])} left"
    yield following(f"`cab teardown {ended['account_id']}` deregisters the account and removes its role")
