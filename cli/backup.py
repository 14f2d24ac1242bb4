"""``cab backup``: back up one account's data now, and follow the jobs to their end."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer

from cli.attempted import checked
from cli.follow import Look, document, follow, good, told
from cli.output import NotDoneError, Result, WrongUseError, confirm, progress
from cli.session import Session
from cli.verb import AccountId, Yes, verb
from shared.backups import Binding, Place, Policy
from shared.by_hand import ByHand
from shared.cloud import Cloud
from shared.kinds import KINDS, kind_of
from shared.limits import REGISTERED, LimitError, can_back_up, listed

Kind = Annotated[str, typer.Option("--kind", help=f"Only this kind: {', '.join(KINDS)}.")]
Source = Annotated[str, typer.Option("--source", help="Only this data source: instance, bucket, file system.")]
Region = Annotated[str, typer.Option("--region", help="Only in this region.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Start it, and do not follow it to its end.")]

Ready = tuple[str, Binding, Policy]
"""A region, a data source bound there, and the policy that it is bound to."""


@verb("cab backup 1000000000000011 --kind oss")
def backup(
    session: Session,
    account: AccountId,
    *,
    kind: Kind = "",
    source: Source = "",
    region: Region = "",
    keep_days: Annotated[int, typer.Option("--keep-days", help="For an ECS instance that no policy has.")] = 30,
    no_wait: NoWait = False,
    yes: Yes = False,
) -> Result:
    """Back up now what of an account is bound to a policy, and follow the jobs to their end.

    It runs with your own credentials of the backup account. An ECS instance may be backed up without being bound.
    """
    if kind:
        refused(lambda: can_back_up(kind))
    with session.backup_account() as (cloud, by_hand):
        with progress("looking for what is bound"):
            ready = _bound(checked(account), (kind, source, region), cloud)
        once = not ready and kind == "ecs_instance" and source and region
        if not ready and not once:
            raise NotDoneError(
                f"nothing of account {account} is bound as asked for",
                f"`cab plan {account}` shows what is to be; an ECS instance also takes --source and --region",
            )
        names = [f"{one.source_type} {one.source} in {where}" for where, one, _ in ready] or [
            f"UDM_ECS {source} in {region}"
        ]
        confirm(f"Back up now: {', '.join(names)}?", yes=yes)
        looks = _started(ready, by_hand) if ready else _once(account, source, (region, keep_days), cloud, by_hand)
        ended = follow(looks, wait=not no_wait)
        jobs = {name: document(job, name) for name, job in ended.items()}
    return Result({"account_id": account, "jobs": jobs}, list(told(jobs)), done=good(jobs, wait=not no_wait))


def refused(check: object) -> None:
    """Run a check of the product's limits; a refusal is wrong use, with what would work instead."""
    try:
        check()  # type: ignore[operator]
    except LimitError as error:
        raise WrongUseError(str(error), error.limit.instead) from error


def _bound(account_id: str, asked: tuple[str, str, str], cloud: Cloud) -> list[Ready]:
    kind, source, region = asked
    found = []
    for where in [region] if region else cloud.ports.config.backup_regions:
        policies = {one.id: one for one in cloud.ports.protection.policies(where)}
        for one in cloud.ports.protection.bindings(where, policies.values()):
            mine = one.place.account_id == account_id and not one.disabled
            if mine and source in {"", one.source} and kind in {"", kind_of(one.source_type)}:
                found.append((where, one, policies[one.id]))
    return found


def _started(ready: list[Ready], by_hand: ByHand) -> dict[str, Look]:
    looks: dict[str, Look] = {}
    for region, binding, policy in ready:
        job_id = by_hand.back_up(region, binding, policy)
        looks[f"{binding.source_type} {binding.source}"] = partial(by_hand.backup_job, region, job_id)
    return looks


def _once(account_id: str, instance: str, asked: tuple[str, int], cloud: Cloud, by_hand: ByHand) -> dict[str, Look]:
    region, days = asked
    place = place_of(account_id, region, cloud)
    job_id = by_hand.back_up_instance(region, place, instance, days)
    return {f"UDM_ECS {instance}": partial(by_hand.backup_job, region, job_id)}


def place_of(account_id: str, region: str, cloud: Cloud) -> Place:
    """How Cloud Backup reaches the account there: the backup account needs no road, the others are registered."""
    if account_id == cloud.ports.config.backup_account.id:
        return Place(account_id, "SELF_ACCOUNT")
    found = sorted(cloud.ports.backup.registrations_of(region, account_id), key=lambda one: one.type)
    if not found:
        error = LimitError(REGISTERED, f"account {account_id} in {region}")
        raise WrongUseError(str(error), REGISTERED.instead)
    return Place(account_id, found[0].type, found[0].role_name)


def kind_named(name: str) -> None:
    """Refuse what is no kind. Raises WrongUseError."""
    refused(lambda: listed(name))
