"""``--live-checks``: answers, on a real account, what no document says, and tells what to put into the configuration.

The questions are those of docs/live-checks.md, word by word. Only those are answered that a read answers; for the
others the page's own way is printed. The one that writes (a second registration) needs ``--account`` and a yes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cli import history
from cli.doctor import access, arrivals
from cli.output import NotDoneError, moment
from cli.site import Record, Site
from cli.survey import State
from shared import events
from shared.enrolment import Registration
from shared.invoke import InvokeError, invoker
from shared.messages import AccountChanged
from shared.outcome import AttemptError
from shared.queue import QueueError
from shared.vendor import AbsentError
from shared.wording import counted

PAGE = Path(__file__).parents[2] / "docs" / "live-checks.md"
LARGE_REGIONS = ("cn-hangzhou", "cn-shanghai", "cn-beijing", "cn-shenzhen", "ap-southeast-1")
"""Some of those in which Cloud Backup is (API list of endpoints)."""
WAYS = ("fc2-3.0", "sdk-3.0", "fc2-2.0")


@dataclass(frozen=True)
class Answer:
    """What was found out, and what follows for the configuration; empty where it cannot be told from here."""

    told: str = ""
    put: str = ""


def rows() -> Iterator[tuple[str, str, str]]:
    """Question, how to find out, and what holds the answer, of every row of the page."""
    try:
        lines = PAGE.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise NotDoneError(
            f"no questions: {error}", "run this from a clone of the project", reason="no_page"
        ) from error
    for line in lines:
        cells = [cell.strip() for cell in line.strip("|").split(" | ")]
        if line.startswith("| ") and len(cells) > 3 and cells[0].endswith("?"):  # noqa: PLR2004 - columns of the page
            yield cells[0], cells[2], cells[3]


def asked(read: Callable[[Site], Answer], site: Site) -> Answer:
    """The answer; where the cloud refuses to be asked, why."""
    try:
        return read(site)
    except (AttemptError, QueueError, AbsentError) as error:
        return Answer(f"could not be asked: {error}")


def published(site: Site) -> Answer:
    """By what became of the newest account."""
    found = list(arrivals.late(site))
    if found and found[0].state == "ok":
        return Answer(f"yes: {found[0].seen}")
    return Answer(f"it does not look so: {found[0].cause}", "a shorter timer in s.yaml") if found[0].cause else Answer()


def named(site: Site) -> Answer:
    """By the functions' log, which has the names of whatever a rule let through."""
    found, missing = history.delivered(site)
    if missing:
        return Answer(f"the functions' log could not be read: {missing}")
    if not found:
        return Answer()
    told = "; ".join(f"{source}, {kind} (the last at {moment(at)})" for (source, kind), at in sorted(found.items()))
    return Answer(told, "nothing: the rule in s.yaml lets these through")


def service_name(site: Site) -> Answer:
    """Of all that were found; the search itself is by the name that is assumed."""
    names = {str(event.get("serviceName")) for found in site.trail.values() for event in found}
    return Answer(", ".join(sorted(names)), "nothing: it is as assumed") if names else Answer()


def region(site: Site) -> Answer:
    """Where they are kept, and which region they name themselves."""
    kept = [name for name, found in site.trail.items() if found]
    named = sorted({str(event.get("acsRegion")) for name in kept for event in site.trail[name]})
    if not kept:
        return Answer()
    put = f"region: {named[0]}; trail_regions: [{', '.join(kept)}]; DEPLOY_REGION={named[0]}"
    return Answer(f"kept in {', '.join(kept)}; acsRegion is {', '.join(named)}", put)


def account_id(site: Site) -> Answer:
    """Whether the id is found in every event that was kept."""
    found = [event for kept in site.trail.values() for event in kept if not event.get("errorCode")]
    lost = {str(event["eventName"]) for event in found if not _names_account(event)}
    if not found:
        return Answer()
    told = f"found in {counted(len(found), 'event')}" + (
        f", but not in those of {', '.join(sorted(lost))}" if lost else ""
    )
    return Answer(told, "ACCOUNT_EVENTS in shared/trail.py, for these" if lost else "nothing: it is as assumed")


def _names_account(event: dict[str, Any]) -> bool:
    return any(isinstance(one, AccountChanged) for one in events.read(json.dumps(event)))


def handshake(site: Site) -> Answer:
    """Where an account has been invited: whether its event is among ours."""
    invited = [one.account_id for one in site.surveyed if one.member and one.member.type == "invited"]
    seen = any(event["eventName"] == "AcceptHandshake" for found in site.trail.values() for event in found)
    if seen:
        return Answer("it is in the trail of M")
    return Answer(
        f"not in the trail of M, although of {counted(len(invited), 'invited member')} (perhaps of long ago)"
        * bool(invited)
    )


def lower_case(site: Site) -> Answer:
    """The ARN of the service-linked role itself."""
    arn = site.clients.ram(site.backup)(
        "GetRole", role_name=site.config.service_linked_role_arn.rpartition("/")[2]
    ).role.arn
    return Answer(f"{'yes' if arn == arn.lower() else 'no'}: {arn}", "nothing: case is folded")


def way(site: Site) -> Answer:
    """Every way of invoking, with an event that changes nothing."""
    worked: dict[str, str] = {}
    for name in WAYS:
        config = site.config.model_copy(update={"functions": site.config.functions.model_copy(update={"way": name})})
        payload = {"accountId": site.config.management_account, "do": "check"}
        try:
            invoker(config, site.credentials).invoke(f"{config.functions.prefix}onboard", payload)
            worked[name] = "works"
        except InvokeError as error:
            worked[name] = f"does not ({error})"[:120]
    first = next((name for name in WAYS if worked[name] == "works"), "")
    return Answer(
        "; ".join(f"{name} {told}" for name, told in worked.items()), f"functions: {{way: {first}}}" * bool(first)
    )


def everywhere(site: Site) -> Answer:
    """Whether accounts that we register show up in a region where we never did."""
    other = next((name for name in LARGE_REGIONS if name not in site.config.every_region), None)
    ours = {one.account_id for one in site.surveyed if one.state is State.REGISTERED}
    if other is None or not ours:
        return Answer()
    elsewhere = {record.account_id for record in site.records(other)}
    if ours <= elsewhere:
        return Answer(f"everywhere: {other} lists them too", "assumptions: {registrations: global}")
    return Answer(f"in its region: {other} does not list them", "assumptions: {registrations: regional}")


def trusted(site: Site) -> Answer:
    """Of the enabled trusted services, those that could be Cloud Backup's."""
    names = sorted(name for name in access.trusted_services(site) if "hbr" in name or "backup" in name)
    if not names:
        return Answer()
    return Answer(", ".join(names), "nothing: it is as assumed" if access.TRUSTED in names else names[0])


READ: dict[str, Callable[[Site], Answer]] = {
    "Does EventBridge publish the Resource Directory's events?": published,
    "Under which source and type?": named,
    "Which `serviceName` have they?": service_name,
    "In which region are they published and kept?": region,
    "Where in the event is the account's id?": account_id,
    "Is AcceptHandshake in the trail of M, or only of the invited account?": handshake,
    "By which service principal is Cloud Backup a trusted service of the Resource Directory?": trusted,
    "Do ARNs of service-linked roles come back in lower case?": lower_case,
    "Does the 3.0 path accept the signature of fc2?": way,
    "Does a registration count in its region, or everywhere?": everywhere,
}
"""Question → what answers it by reading."""
SECOND = "Is a second AddCrossAccount refused?"
CODE = "With which code?"


def second(site: Site, account: str) -> dict[str, Answer]:
    """Register an account a second time that is registered already; what that makes double is made single again."""
    region = site.config.every_region[0]
    before = _mine(site, region, account)
    if not before:
        raise NotDoneError(f"account {account} is not registered in {region} with a role", f"cab onboard {account}")
    code = _again(site, region, before[0])
    if code:
        assumed = f"assumptions: {{second_registration: refused, duplicate_codes: [{code}]}}"
        return {SECOND: Answer("yes", "assumptions: {second_registration: refused}"), CODE: Answer(code, assumed)}
    if len(_mine(site, region, account)) == len(before):
        return {SECOND: Answer("no: it changes the one that is there", "nothing: that is as good")}
    site.cloud.ports.backup.deregister(region, account, Registration("CROSS_ACCOUNT", before[0].role_name))
    # Whether deleting removes one of two or both is not known: a second time it is refused or makes one.
    if not _mine(site, region, account):
        _again(site, region, before[0])
    return {SECOND: Answer("no: it makes a second record", "assumptions: {second_registration: doubled}")}


def _mine(site: Site, region: str, account: str) -> list[Record]:
    return [one for one in site.records(region) if one.account_id == account and one.type != "CROSS_ACCOUNT_BY_RD"]


def _again(site: Site, region: str, record: Record) -> str:
    """Add the record once more; the code of the refusal, or nothing."""
    try:
        site.clients.hbr(site.backup, region)(
            "AddCrossAccount",
            cross_account_type=record.type,
            cross_account_user_id=record.account_id,
            cross_account_role_name=record.role_name,
            alias=record.alias,
        )
    except AttemptError as error:
        return error.code
    return ""
