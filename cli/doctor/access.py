"""Checks of who we are and where we get in: credentials, clock, the backup account, a member account."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from functools import lru_cache
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener, urlopen

from cli.advice import NEXT
from cli.bootstrap import Part, surveyed
from cli.bootstrap.steps import MakeQueue, OpenCloudBackup, Refuse, let_in
from cli.doctor.finding import BY_HAND, Finding, cause, ok, unknown
from cli.output import NotDoneError
from cli.site import Site
from shared.config import Config
from shared.outcome import AttemptError, Reason
from shared.vendor import AbsentError

MOST_SKEW = 300.0
"""Seconds; from 900 on every signature is refused (page "Common error codes", InvalidTimeStamp.Expired)."""
SECONDS = 10.0
NOBODY = "doctor-looks-at-nothing"
"""An id that nothing has, for reads that must name something."""
READS = ("Describe", "Get", "List")
TRUSTED = "hbr.aliyuncs.com"
"""Cloud Backup as a trusted service of the Resource Directory (help page "Back up data sources across Alibaba Cloud
accounts"; the service principal is inferred)."""


def credentials(site: Site) -> Iterator[Finding]:
    """Whose credentials these are."""
    me, account = site.caller, site.config.management_account
    if me.account_id == account:
        yield ok(f"{me.arn}")
        return
    fix = f"{BY_HAND}use credentials of account {account}: ALIBABA_CLOUD_PROFILE, or `aliyun configure`"
    yield cause(f"these credentials are of account {me.account_id}, the management account is {account}", fix)


def clock(site: Site) -> Iterator[Finding]:
    """This machine's clock against the cloud's."""
    skew = time.time() - _cloud_time(site.config.endpoints.sts)
    if abs(skew) > MOST_SKEW:
        fix = f"{BY_HAND}set this machine's clock: `timedatectl set-ntp true`"
        yield cause(f"this machine's clock is wrong by {skew:.0f} s", fix)
    else:
        yield ok(f"differs by {abs(skew):.0f} s")


def _cloud_time(endpoint: str) -> float:
    """Epoch seconds by the Date header of any answer, a refusal too."""
    local = endpoint.startswith(("127.", "localhost:"))
    # Only a loopback address is spoken to without TLS, and through no proxy.
    url, ask = (
        (f"http://{endpoint}/", build_opener(ProxyHandler({})).open) if local else (f"https://{endpoint}/", urlopen)
    )
    try:
        with ask(url, timeout=SECONDS) as answer:
            date = answer.headers["Date"]
    except HTTPError as refusal:
        date = refusal.headers["Date"]
    return parsedate_to_datetime(date).timestamp()


@lru_cache(maxsize=1)
def _parts(site: Site) -> list[Part]:
    """Both accounts beside what `cab bootstrap` makes in them."""
    return surveyed(site.session, site.wanted, site.policies)


def _mend(parts: list[Part]) -> str:
    """The command that mends roles: of what others made it changes nothing unless it is told to."""
    foreign = any(isinstance(step, Refuse) for part in parts for step in part.steps)
    return "cab bootstrap --adopt" if foreign else "cab bootstrap"


def made(site: Site) -> Iterator[Finding]:
    """What ``cab bootstrap`` makes is there and as it should be."""
    for part in _parts(site):
        if part.left:
            yield unknown(f"account {part.account_id} could not be looked into: {part.left}")
            continue
        for breach in part.breaches:
            trail = f"{BY_HAND}see in ActionTrail who let it in, and what it did"
            yield cause(f"account {part.account_id}: {breach}", _mend([part]), trail)
        for step in part.steps:
            match step:
                case OpenCloudBackup():
                    what = "no vault is there and no trace of opening: `cab bootstrap` opens it, or finds it open"
                    yield unknown(f"whether Cloud Backup is open in {part.account_id} cannot be told: {what}")
                case Refuse(what):
                    yield cause(f"account {part.account_id}: {what}", "cab bootstrap --adopt")
                case MakeQueue(_, None):
                    lost = "what waited there, if it was there, is lost; a sweep finds what that was about"
                    yield cause(f"account {part.account_id}: to do: {step} ({lost})", "cab bootstrap")
                case _:
                    yield cause(f"account {part.account_id}: to do: {step}", "cab bootstrap")
        if not part.steps:
            management = site.config.management_account
            others = [*let_in(part.want, part.have, management)] if part.want and part.have else []
            yield ok(
                "; ".join([f"account {part.account_id}: all that `cab bootstrap` makes is as it should be", *others])
            )


def backup_account(site: Site) -> Iterator[Finding]:
    """The way into the backup account, and every read that the functions' role is to do there, in every region."""
    role = site.config.backup_account.role
    try:
        credentials = site.backup
    except AttemptError as error:
        fixes = (_mend(_parts(site)),)
        if error.reason is Reason.UNREACHABLE:
            fixes = (BY_HAND + NEXT[error.reason],)
        yield cause(f"role {role} of the backup account cannot be assumed: {error.detail}", *fixes)
        return
    reads = reads_of(site.policies)
    for region in site.config.every_region:
        api, refused = site.clients.hbr(credentials, region), False
        for action in reads:
            try:
                api(action, **harmless(action, region))
            except AbsentError:
                continue
            except AttemptError as error:
                # What was named is not there: so it was let in.
                if error.reason is not Reason.BAD_CONFIGURATION:
                    refused = True
                    yield _refused(region, action, error)
        if not refused:
            yield ok(f"{region}: {len(reads)} kinds of read are allowed; writes are compared by policy, not tried")


def reads_of(policies: Path) -> list[str]:
    """The actions of Cloud Backup that read, of those that the functions' role there may do. Raises NotDoneError."""
    try:
        document = json.loads((policies / "backup-account.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise NotDoneError(f"the policy cannot be read: {error}", "run this in the project's folder") from error
    named = [action for one in document["Statement"] for action in [one["Action"]] if isinstance(action, list)]
    actions = [action.removeprefix("hbr:") for some in named for action in some if action.startswith("hbr:")]
    return sorted(action for action in actions if action.startswith(READS))


def harmless(action: str, region: str) -> dict[str, object]:
    """Fields of a call that reads next to nothing (SDK models of the requests)."""
    match action:
        case "DescribePoliciesV2" | "DescribePolicyBindings" | "ListProtectedResources":
            return {"max_results": 10}
        case "DescribeBackupClients":
            return {"client_type": "ECS_CLIENT", "page_number": 1, "page_size": 1}
        case "DescribeHanaBackupPlans":
            return {"cluster_id": NOBODY, "page_number": 1, "page_size": 1}
        case "DescribeOtsTableSnapshots":
            return {"limit": 1}
        case "DescribeUdmSnapshots":
            return {"source_type": "UDM_ECS", "udm_region_id": region, "start_time": 0, "end_time": 1}
        case "ListSnapshots":
            return {"protected_resource_id": NOBODY, "source_type": "OSS", "max_results": 10}
        case _:
            return {"page_number": 1, "page_size": 1}


def _refused(region: str, action: str, error: AttemptError) -> Finding:
    if error.reason is Reason.THROTTLED:
        fix = f"{BY_HAND}wait a minute; if it stays, ask for a higher quota of Cloud Backup (quota center)"
        return cause(f"Cloud Backup throttles {action} in {region}", fix)
    fix = "cab bootstrap" if error.reason is Reason.ACCESS_DENIED else BY_HAND + NEXT[error.reason]
    return cause(f"{region}: {action}: {error.detail}", fix)


def resource_directory_mode(site: Site) -> Iterator[Finding]:
    """Where an authorization is by the Resource Directory: trusted service, delegated administrator."""
    if not _by_directory(site.config):
        yield ok("not used: every authorization is by a role")
        return
    directory, account = site.clients.directory(site.credentials), site.config.backup_account.id
    names = trusted_services(site)
    if TRUSTED not in names:
        fix = f"{BY_HAND}enable trusted access for Cloud Backup, in the Resource Directory's console, trusted services"
        yield cause("Cloud Backup is not a trusted service of the Resource Directory", fix)
    if account != site.config.management_account:
        found = directory("ListDelegatedAdministrators", page_number=1, page_size=100, service_principal=TRUSTED)
        known = {row.account_id for row in (found.accounts.account or [] if found.accounts else [])}
        if account not in known:
            fix = "aliyun resourcedirectorymaster RegisterDelegatedAdministrator"
            fix += f" --AccountId {account} --ServicePrincipal {TRUSTED}"
            yield cause(f"the backup account {account} is no delegated administrator of Cloud Backup", fix)
            return
    if TRUSTED in names:
        yield ok("Cloud Backup is a trusted service, and the backup account administers it")


def trusted_services(site: Site) -> set[str]:
    """The service principals of the Resource Directory's trusted services that are enabled."""
    directory = site.clients.directory(site.credentials)
    rows = directory("ListTrustedServiceStatus", page_number=1, page_size=100).enabled_service_principals
    return {row.service_principal for row in (rows.enabled_service_principal or [] if rows else [])}


def _by_directory(config: Config) -> bool:
    used = {config.enrolment.authorization, *(rule.authorization for rule in config.scope)}
    return "resource_directory" in used
