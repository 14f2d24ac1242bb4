"""``cab hana``: register a SAP HANA instance of a member account, which needs its password. Its backups then follow.

The password is read once, sent once, and kept nowhere.
"""

from __future__ import annotations

import json
import sys
from typing import Annotated

import typer

from cli.attempted import checked, named
from cli.limits import place_of
from cli.output import NotDoneError, Result, WrongUseError, ask, confirm, following, progress
from cli.session import Session
from cli.verb import AccountId, Yes, verb
from shared.backups import PLAIN_MARK
from shared.cloud import Cloud


@verb(
    "cab hana 1000000000000011 --region cn-hangzhou --name erp --instance i-1 --host 10.0.0.5 --sid HXE --vault central"
)
def hana(
    session: Session,
    account: AccountId,
    *,
    region: Annotated[str, typer.Option("--region", metavar="REGION", help="Where it is.")],
    name: Annotated[
        str, typer.Option("--name", metavar="NAME", help="How it is called here, and in `backup_policies`.")
    ],
    instance: Annotated[list[str], typer.Option("--instance", metavar="ID", help="The ECS instances that it runs on.")],
    host: Annotated[str, typer.Option("--host", metavar="ADDRESS", help="The private address of its primary node.")],
    sid: Annotated[str, typer.Option("--sid", metavar="SID", help="Its system id.")],
    vault: Annotated[str, typer.Option("--vault", metavar="VAULT", help="The name or id of the vault.")],
    number: Annotated[int, typer.Option("--number", metavar="NUMBER", help="Its instance number.")] = 0,
    user: Annotated[str, typer.Option("--user", metavar="USER", help="A user of SYSTEMDB.")] = "SYSTEM",
    yes: Yes = False,
) -> Result:
    """Register a SAP HANA instance; the sweep then plans the backups of its databases. Asks for the password."""
    with session.backup_account() as (cloud, by_hand):
        with progress("looking for the account and the vault"):
            place, vault_id = place_of(checked(account), region, cloud), _vault(region, vault, cloud)
            whose = named(account, cloud.ports)
        confirm(f"Register SAP HANA instance {name} of account {whose} in {region}?", yes=yes)
        password = _password()
        with progress("registering it"):
            cluster = by_hand.register_hana(
                region,
                place,
                hana_name=f"{PLAIN_MARK}-{name}",
                ecs_instance_id=json.dumps(instance),
                host=host,
                sid=sid,
                vault_id=vault_id,
                instance_number=number,
                user_name=user,
                password=password,
            )
    document = {"account_id": account, "region": region, "name": name, "cluster_id": cluster}
    told = f"SAP HANA instance {name} of account {whose} is registered in {region} as {cluster}"
    return Result(document, [told, following(f"name it {name}/<database> under `sources` of a hana policy")])


def _vault(region: str, name: str, cloud: Cloud) -> str:
    found = [one for one in cloud.ports.protection.vaults(region) if name in {one.id, one.name} and one.ready]
    if len(found) != 1:
        raise NotDoneError(f"{len(found)} vaults in {region} are called {name} and ready", "name the vault by its id")
    return found[0].id


def _password() -> str:
    """From the terminal, unseen; or the first line of standard input."""
    if sys.stdin.isatty():
        return ask("Password of the user", unseen=True)
    if not (given := sys.stdin.readline().rstrip("\n")):
        raise WrongUseError("no password: there is no terminal to ask on", "give it on standard input")
    return given
