"""Checks of what came of it all: configuration against directory, coverage, dead letters."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from cli.advice import advise
from cli.doctor.finding import BY_HAND, DECIDE, IN_CONFIG, Finding, cause, ok, some, unknown, warning
from cli.letters import HIDDEN, look
from cli.selection import age
from cli.site import Site
from cli.survey import State, Surveyed, look_at_all
from shared.config import Config
from shared.drift import kind_of, telling
from shared.letters import Letter
from shared.outcome import Reason
from shared.policies import make
from shared.queue import QueueError
from shared.scope import Member, desired
from shared.settings import Rule
from shared.wording import counted

SAMPLE = 20
"""Accounts that are entered unless all are asked for."""
MOST_NAMED = 5
DELETED = frozenset({Reason.UNREADABLE, Reason.UNKNOWN_VERSION, Reason.BAD_REQUEST})
"""Letters that will never succeed: they are read and deleted, not brought back."""
EXPLAINED = frozenset(
    {Reason.ACCESS_DENIED, Reason.ACCESS_ROLE_MISSING, Reason.ACCOUNT_RESTRICTED, Reason.ROLE_NOT_USABLE}
)
"""Reasons that lie in the account: explaining it says what to do there."""


def configuration(site: Site) -> Iterator[Finding]:
    """What config.yaml names is there."""
    config = site.config
    members = list(site.cloud.ports.directory.members())
    folders = {folder for member in members for folder in member.folders} | {folder for folder, _, _ in site.folders}
    known = {member.account_id for member in members}
    for rule in config.scope:
        if rule.folder is not None and rule.folder not in folders:
            yield _wrong(rule, f"the folder {rule.folder} is not there")
        elif set(rule.accounts) - known:
            yield _wrong(rule, f"no member is {some(sorted(set(rule.accounts) - known))}")
        elif not any(_decides(rule, member, config) for member in members):
            yield _wrong(rule, "no account matches it, or another rule always wins")
    for external in config.external:
        if external.account_id in known:
            fix = f"{BY_HAND}remove {external.account_id} from `external` in config.yaml"
            yield cause(f"{external.account_id} is declared as external and is a member", fix)
    rules, among, within = counted(len(config.scope), "rule"), counted(len(members), "member"), len(folders)
    yield ok(f"{rules}, {among} in {counted(within, 'folder')}")


def _wrong(rule: Rule, why: str) -> Finding:
    fix = f"{BY_HAND}correct or remove the rule {rule.name!r} under `scope` in config.yaml"
    return cause(f"the rule {rule.name!r} does nothing: {why}", fix)


def _decides(rule: Rule, member: Member, config: Config) -> bool:
    """Whether the rule is the one that decides on some account."""
    return desired(member, config).rule == rule.name


def roles(site: Site) -> Iterator[Finding]:
    """In a sample of the registered accounts (in all of them with --deep) everything is as it should be.

    Where none is registered there is no role yet: then a sample of those that are wanted is entered, and no more.
    """
    registered = [one for one in site.surveyed if one.state is State.REGISTERED]
    able = [one for one in site.surveyed if one.wanted is not None and one.state is not State.UNWORKABLE]
    wanted = registered or able
    if not wanted:
        yield unknown("no account is wanted, so none was entered")
        return
    chosen = wanted if site.deep else wanted[:: -(-len(wanted) // SAMPLE)]
    accounts = [(one.account_id, one.member) for one in chosen]
    seen = look_at_all(accounts, site.listed, site.cloud.ports, lambda _: None)
    for one in [one for one in seen if one.state is State.UNREADABLE][:MOST_NAMED]:
        yield cause(f"account {one.account_id} cannot be looked into: {one.why}", f"cab explain {one.account_id}")
    differs = list(_drift(seen, site.config.sweep.observe)) if registered else []
    yield from differs
    entered = sum(one.state is not State.UNREADABLE for one in seen)
    more = "; --deep looks at all" if len(chosen) < len(wanted) else ""
    told = f"looked at in {entered} of {counted(len(wanted), 'account')}{more}"
    if entered and registered:
        yield unknown(told) if differs else ok(f"as they should be, and usable by Cloud Backup; {told}")
    elif entered:
        which = f"{entered} of {counted(len(wanted), 'wanted account')}"
        yield ok(f"no account is registered, so no role was looked at; {which} could be entered{more}")


def _drift(seen: list[Surveyed], observed: Collection[str]) -> Iterator[Finding]:
    """By kind: which accounts show it. The deep sweep repairs it, unless the configuration says otherwise."""
    by_kind: dict[str, dict[str, str]] = {}
    for one in seen:
        for step in telling(one.steps):
            by_kind.setdefault(str(kind_of(step)), {}).setdefault(one.account_id, str(step))
    for kind, found in by_kind.items():
        accounts = list(found)
        if kind == "service_linked_role_missing":
            what = f"the backup account has no service-linked role, which {counted(len(accounts), 'account')} need"
            yield cause(what if len(accounts) > 1 else f"{what}s", "cab bootstrap")
            continue
        kept = kind in observed
        fix = [f"cab explain {account}" for account in accounts[:1]] if kept else ["cab reconcile --all"]
        what = f"{kind.replace('_', ' ')} in {counted(len(accounts), 'account')}: {some(accounts)}"
        yield cause(f"{what}; to do in {accounts[0]}: {found[accounts[0]]}", *fix)


def coverage(site: Site) -> Iterator[Finding]:
    """Every wanted account is registered, and no other."""
    by_state: dict[State, list[str]] = {}
    for one in site.surveyed:
        if not (one.member and one.member.leaving):
            by_state.setdefault(one.state, []).append(one.account_id)
    wanted = sum(one.wanted is not None for one in site.surveyed)
    if missing := by_state.get(State.UNREGISTERED):
        what = f"{len(missing)} of {counted(wanted, 'wanted account')} not registered everywhere: {some(missing)}"
        yield cause(what, "cab reconcile", *(f"cab explain {account}" for account in missing[:1]))
    for account in by_state.get(State.UNWORKABLE, [])[:5]:
        (why,) = (one.why for one in site.surveyed if one.account_id == account)
        yield cause(f"account {account} cannot be worked on: {why}", f"cab explain {account}")
    if spare := by_state.get(State.UNDECLARED):
        what = f"{counted(len(spare), 'registered account')} not wanted any more: {some(spare)}"
        yield cause(what, *_release(site, len(spare)))
    yield from _going(site)
    for account, region, _ in site.listed.duplicates:
        yield cause(f"account {account} is registered more than once in {region}", "cab reconcile")
    yield from _shared(site)
    if not wanted:
        yield unknown("no account is wanted")
    elif not missing and State.UNWORKABLE not in by_state:
        yield ok(f"{counted(wanted, 'wanted account')}, all registered")


def _going(site: Site) -> Iterator[Finding]:
    """Accounts that are being deleted and not yet withdrawn: that waits for the end of the grace."""
    going = [one for one in site.surveyed if one.state is State.UNDECLARED and one.member and one.member.leaving]
    if going:
        hours = f"{site.config.teardown.grace_hours:g} h"
        what = (
            f"{counted(len(going), 'account')} being deleted, and still registered: {some(o.account_id for o in going)}"
        )
        yield warning(f"{what}; withdrawn by itself {hours} after the event of that, `cab teardown` does it now")


BY_A_PERSON = {
    "differs": "make config.yaml say what is there, or name another vault: a vault is never changed",
    "foreign": "rename it in the console of Cloud Backup, or choose another name in config.yaml",
    "doubled": "in the console of Cloud Backup, unbind what hangs on the spare one, and delete it once it is empty",
}
"""What of vaults and backup policies no sweep repairs, by the end of its name."""


def _shared(site: Site) -> Iterator[Finding]:
    """The vaults and backup policies that accounts share."""
    for one in make(site.cloud.ports, write=False) if site.config.backup_policies else ():
        if fix := by_a_person(one.kind):
            yield cause(f"{one.kind.replace('_', ' ')}: {one.detail}", *fix)


def by_a_person(kind: str) -> tuple[str, ...]:
    """What only a person can do about a shared vault or backup policy; nothing where the sweep repairs it."""
    fix = BY_A_PERSON.get(kind.rpartition("_")[2])
    return (f"{BY_HAND}{fix}",) if fix else ()


def _release(site: Site, count: int) -> tuple[str, ...]:
    fleet = sum(one.state in {State.REGISTERED, State.UNDECLARED} for one in site.surveyed)
    limits = site.config.teardown
    most = max(limits.brake_accounts, fleet * limits.brake_percent / 100)
    braked = (
        (f"{BY_HAND}know that the brake holds: of more than {most:g} at once nobody is withdrawn by itself",)
        if count > most
        else ()
    )
    return (*braked, *DECIDE)


def dead_letters(site: Site) -> Iterator[Finding]:
    """Nothing waits for a person."""
    try:
        with look(site.cloud.queues) as seen:
            letters = list(seen.letters)
    except QueueError as error:
        yield cause(f"the dead letters cannot be read: {error}", "cab bootstrap")
        return
    ending = [one for one in letters if one.ends_soon]
    if ending:
        left = age(min(one.left for one in ending))
        what = f"{counted(len(ending), 'dead letter')} will be lost within two days, the first in {left}"
        yield cause(what, *_way_back(ending[0], [one.id for one in ending]))
    for reason in dict.fromkeys(one.reason for one in letters):
        mine = [one for one in letters if one.reason == reason]
        accounts = some(dict.fromkeys(account for one in mine for account in one.account_ids))
        what = f"{counted(len(mine), 'dead letter')}, {reason}" + (f": {accounts}" if accounts else "")
        yield cause(what, *remedy(reason, mine))
    if not letters:
        yield ok(f"no dead letter is to be seen; {HIDDEN}")


def remedy(reason: Reason | str, letters: list[Letter], *, by_id: bool = False) -> tuple[str, ...]:
    """What to do about letters of one reason: what is in the way first, then the way back.

    ``by_id``: of these letters alone, which somebody has read already.
    """
    accounts = list(dict.fromkeys(account for one in letters for account in one.account_ids))
    advice = advise(str(reason))
    first: tuple[str, ...] = (f"{BY_HAND}{advice}",) if advice else ()
    # By a reason that this release does not know no letters can be chosen.
    by_reason = isinstance(reason, Reason) and not by_id
    which = f"--reason {reason}" if by_reason else " ".join(one.id for one in letters[:20])
    if reason in EXPLAINED:
        first = tuple(f"cab explain {account}" for account in accounts[:3])
    if reason in DELETED:
        read = first if by_id else tuple(f"cab dead-letters show {one.id}" for one in letters[:3])
        return (*read, f"cab dead-letters delete {which} --apply")
    if reason is Reason.MASS_REMOVAL:
        return (*DECIDE, f"cab dead-letters delete {which} --apply")
    if reason is Reason.RESTORABLE_DATA:
        first = (*first, f"{IN_CONFIG}teardown: {{mode: keep}}")
    return (*first, f"cab dead-letters redrive {which} --apply")


def _way_back(letter: Letter, ids: list[str]) -> tuple[str, ...]:
    if letter.reason in DELETED:
        return ()
    return (f"cab dead-letters redrive {' '.join(ids[:20])} --apply",)
