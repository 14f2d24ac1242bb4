"""``cab backup``: back up one account's data now, and follow the jobs to their end."""

from __future__ import annotations

from functools import partial
from typing import Annotated

import typer
from rich.text import Text

from cli.asked import HOUR, Asked, Kind, Minutes, NoWait, Region, Source
from cli.attempted import checked, named
from cli.follow import Look, document, follow, good, told
from cli.limits import place_of, refused
from cli.output import NotDoneError, Result, confirm, progress
from cli.session import Session
from cli.verb import AccountId, Yes, verb
from shared.backups import Binding, Policy
from shared.by_hand import ByHand
from shared.cloud import Cloud
from shared.limits import can_back_up

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
    keep_days: Annotated[
        int, typer.Option("--keep-days", metavar="DAYS", help="For an ECS instance that no policy has.")
    ] = 30,
    no_wait: NoWait = False,
    minutes: Minutes = HOUR,
    yes: Yes = False,
) -> Result:
    """Back up now what of an account is bound to a policy, and follow the jobs to their end.

    It runs with your own credentials of the backup account. An ECS instance may be backed up without being bound.
    """
    if kind:
        refused(lambda: can_back_up(kind))
    asked, seconds = Asked(checked(account), kind, source, region), 0.0 if no_wait else minutes * 60
    with session.backup_account(seconds) as (cloud, by_hand):
        with progress("looking for what is bound"):
            ready, name = _bound(asked, cloud), named(account, cloud.ports)
        once = not ready and kind == "ecs_instance" and source and region
        if not ready and not once:
            raise NotDoneError(
                f"nothing of account {name} is bound as asked for",
                f"`cab plan {account}` shows what is to be; an ECS instance also takes --source and --region",
            )
        sources = [f"{one.source_type} {one.source} in {where}" for where, one, _ in ready] or [
            f"UDM_ECS {source} in {region}"
        ]
        confirm(f"Back up now, of account {name}: {', '.join(sources)}?", yes=yes)
        with progress("starting the jobs"):
            looks = _started(ready, by_hand) if ready else _once(asked, keep_days, cloud, by_hand)
        ended = follow(looks, seconds)
        jobs = {name: document(job, name) for name, job in ended.items()}
    return Result({"account_id": account, "jobs": jobs}, [Text(name, "bold"), *told(jobs)], done=good(jobs, seconds))


def _bound(asked: Asked, cloud: Cloud) -> list[Ready]:
    found = []
    for where in asked.regions(cloud.ports.config):
        policies = {one.id: one for one in cloud.ports.protection.policies(where)}
        for one in cloud.ports.protection.bindings(where, policies.values()):
            mine = one.place.account_id == asked.account_id and not one.disabled
            if mine and asked.means(one.source_type, one.source):
                found.append((where, one, policies[one.id]))
    return found


def _started(ready: list[Ready], by_hand: ByHand) -> dict[str, Look]:
    looks: dict[str, Look] = {}
    for region, binding, policy in ready:
        job_id = by_hand.back_up(region, binding, policy)
        looks[f"{binding.source_type} {binding.source}"] = partial(by_hand.backup_job, region, job_id)
    return looks


def _once(asked: Asked, days: int, cloud: Cloud, by_hand: ByHand) -> dict[str, Look]:
    place = place_of(asked.account_id, asked.region, cloud)
    job_id = by_hand.back_up_instance(asked.region, place, asked.source, days)
    return {f"UDM_ECS {asked.source}": partial(by_hand.backup_job, asked.region, job_id)}
