"""Checks of who we are and where we get in: credentials, clock, the backup account, a member account."""

from __future__ import annotations

import time
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from urllib.error import HTTPError
from urllib.request import ProxyHandler, build_opener, urlopen

from cli.advice import NEXT
from cli.bootstrap.steps import OpenCloudBackup, Refuse
from cli.doctor.finding import BY_HAND, Finding, cause, ok, unknown
from cli.doctor.site import Site
from shared.config import Config
from shared.outcome import AttemptError, Reason
from shared.session import assume

MOST_SKEW = 300.0
"""Seconds; from 900 on every signature is refused (page "Common error codes", InvalidTimeStamp.Expired)."""
SECONDS = 10.0
ONE = {"page_number": 1, "page_size": 1}
HARMLESS = {
    "DescribeCrossAccounts": ONE,
    "DescribeVaults": ONE,
    "DescribeBackupPlans": ONE,
    "DescribeHanaInstances": ONE,
    "DescribePoliciesV2": {"max_results": 10},
    "DescribePolicyBindings": {"max_results": 10},
    "ListProtectedResources": {"max_results": 10},
}
"""What the functions read in the backup account; that they may write is compared by policy, not tried."""
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


def made(site: Site) -> Iterator[Finding]:
    """What ``cab bootstrap`` makes is there and as it should be."""
    for part in site.parts:
        if part.left:
            yield unknown(f"account {part.account_id} could not be looked into: {part.left}")
            continue
        for step in part.steps:
            match step:
                case OpenCloudBackup():
                    what = "no vault is there and no trace of opening: `cab bootstrap` opens it, or finds it open"
                    yield unknown(f"whether Cloud Backup is open in {part.account_id} cannot be told: {what}")
                case Refuse(what):
                    yield cause(f"account {part.account_id}: {what}", "cab bootstrap --adopt")
                case _:
                    yield cause(f"account {part.account_id}: to do: {step}", "cab bootstrap")
        if not part.steps:
            yield ok(f"account {part.account_id}: queues, roles and policies are as they should be")


def backup_account(site: Site) -> Iterator[Finding]:
    """The way into the backup account, and each kind of read there, in every region."""
    role = site.config.backup_account.role
    try:
        credentials = site.backup
    except AttemptError as error:
        fixes = ("cab bootstrap",) if error.reason is not Reason.UNREACHABLE else (BY_HAND + NEXT[error.reason],)
        yield cause(f"role {role} of the backup account cannot be assumed: {error.detail}", *fixes)
        return
    for region in site.config.every_region:
        api, refused = site.clients.hbr(credentials, region), False
        for action, fields in HARMLESS.items():
            try:
                api(action, **fields)
            except AttemptError as error:
                refused = True
                yield _refused(region, action, error)
        if not refused:
            yield ok(f"{region}: {len(HARMLESS)} kinds of read are allowed")


def _refused(region: str, action: str, error: AttemptError) -> Finding:
    if error.reason is Reason.THROTTLED:
        fix = f"{BY_HAND}wait a minute; if it stays, ask for a higher quota of Cloud Backup (quota center)"
        return cause(f"Cloud Backup throttles {action} in {region}", fix)
    fix = "cab bootstrap" if error.reason is Reason.ACCESS_DENIED else BY_HAND + NEXT[error.reason]
    return cause(f"{region}: {action}: {error.detail}", fix)


def member_account(site: Site) -> Iterator[Finding]:
    """The way into one member account that is wanted."""
    wanted = [one for one in site.surveyed if one.wanted and one.member and one.member.access_role]
    created = [one for one in wanted if one.member and one.member.type == "created"] or wanted
    if not created:
        yield unknown("no account is wanted, so none was entered")
        return
    account = created[0].account_id
    role = created[0].member.access_role if created[0].member else None
    try:
        assume(site.clients.sts(site.credentials), account, role or site.config.access_role)
    except AttemptError as error:
        fix = f"cab explain {account}"
        yield cause(f"account {account} cannot be entered by {role}: {error.detail}", fix)
        return
    yield ok(f"account {account} can be entered by {role}")


def resource_directory_mode(site: Site) -> Iterator[Finding]:
    """Where an authorization is by the Resource Directory: trusted service, delegated administrator."""
    if not _by_directory(site.config):
        yield ok("not used: every authorization is by a role")
        return
    directory, account = site.clients.directory(site.credentials), site.config.backup_account.id
    rows = directory("ListTrustedServiceStatus", page_number=1, page_size=100).enabled_service_principals
    names = {row.service_principal for row in (rows.enabled_service_principal or [] if rows else [])}
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


def _by_directory(config: Config) -> bool:
    used = {config.enrolment.authorization, *(rule.authorization for rule in config.scope)}
    return "resource_directory" in used
