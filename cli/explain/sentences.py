"""What is said about an account: plain sentences from facts, each with its evidence. Pure.

What the cloud does not keep is said to be not kept, and nothing is concluded from its absence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cli.advice import advise
from cli.covered import BACKED_UP
from cli.explain.facts import Facts
from cli.letters import HIDDEN
from cli.output import moment
from cli.selection import age
from cli.survey import State, cause
from shared.config import Config
from shared.messages import Hint
from shared.outcome import Reason
from shared.steps import CreateServiceLinkedRole, Deregister, Register
from shared.verdict import is_own
from shared.wording import counted

STATE, WHY, NEXT = "state", "why", "next"
MINUTES = re.compile(r"0 \*/(\d+) \* \* \* \*")
DAILY = re.compile(r"0 (\d+) (\d+) \* \* \*")


@dataclass(frozen=True)
class Said:
    """One sentence, what it is about, and where it was read."""

    about: str
    says: str
    evidence: str


NOT_TOLD = (
    "whether a message about it waits in the retry queue: the queue does not tell without handing it over",
    f"dead letters about it that are in somebody's hands: {HIDDEN}",
)

STATES = {
    State.PROTECTED: "It is protected: registered in every wanted region, and Cloud Backup can use its role.",
    State.UNPROTECTED: "It is wanted, and it is not protected.",
    State.UNREGISTERED: "It is wanted, and it is not registered in every wanted region.",
    State.UNREADABLE: "It is wanted, and it cannot be looked into.",
    State.UNWORKABLE: "It is wanted, and it cannot be worked on now.",
    State.UNDECLARED: "It is registered, although the configuration does not want it.",
    State.FOREIGN: "It is registered by somebody else, and none of our business.",
    State.OUT_OF_SCOPE: "It is not wanted, and not registered.",
    State.ABSENT: "Nobody knows it: neither the directory, nor the configuration, nor Cloud Backup.",
}
UNDONE = frozenset({State.UNPROTECTED, State.UNREGISTERED, State.UNREADABLE, State.UNWORKABLE})
"""States in which a sweep tries again."""


def sentences(facts: Facts, config: Config) -> Iterator[Said]:
    """State, then why, then what happens next."""
    one = facts.surveyed
    by_directory = one.wanted is not None and one.wanted.settings.authorization == "resource_directory"
    text = "It is registered, and it is being deleted." if _goes(facts) else STATES[one.state]
    if by_directory:
        text = text.replace(
            "Cloud Backup can use its role", "needs no role: the Resource Directory lets Cloud Backup in"
        )
    yield Said(STATE, text, f"{one.evidence}, just now")
    yield from _past(facts)
    for region, since in sorted(facts.registered.items()):
        yield Said(
            STATE, f"It has been registered in {region} since {moment(since)}.", "DescribeCrossAccounts: CreatedTime"
        )
    yield from _backed_up(facts)
    yield from _why(facts)
    yield from _letters(facts)
    yield from _history(facts)
    yield from _next(facts, config)


def _goes(facts: Facts) -> bool:
    """Whether an account that is being deleted is still to be withdrawn."""
    return facts.being_deleted and facts.surveyed.state is State.UNDECLARED


def _backed_up(facts: Facts) -> Iterator[Said]:
    """What registration is for: whether there is a backup of each wanted kind."""
    for kind in facts.backups.get("kinds", ()):
        name, promised = kind["kind"].replace("_", " "), f"{kind['promised_hours']:g} h"
        if kind["last_good"] is not None:
            text = f"the last good backup is {kind['age_hours']:g} h old, and {promised} are promised"
        elif kind["state"] == "none bound":
            text = (
                "nothing is bound to a backup policy, and no backup was ever seen: to be registered is not to be safe"
            )
        else:
            text = f"it is on schedule, no good backup was seen yet, and one in {promised} is promised"
        yield Said(STATE, f"Of its kind {name}, {text}.", BACKED_UP)


def _why(facts: Facts) -> Iterator[Said]:
    one = facts.surveyed
    if one.member is not None:
        where = " / ".join(one.member.folders) or "no folder"
        listed = one.member.type not in {"external", "management"}
        told = f"It is {one.member.display_name!r}, {one.member.type}, in {where}."
        yield Said(WHY, told, "GetAccount" if listed else "config.yaml")
    if one.wanted is not None:
        yield Said(WHY, f"The rule {one.wanted.rule!r} wants it.", "config.yaml, with the account's folders and tags")
    if one.why:
        evidence = "the same calls" if one.wanted or one.state is State.UNWORKABLE else "config.yaml"
        evidence = "GetAccountDeletionStatus" if facts.being_deleted else evidence
        yield Said(WHY, _sentence(one.why), evidence)
    for step in one.steps:
        yield Said(WHY, f"To do: {step} ({cause(step)}).", "what is wanted against what is there")
    if facts.refused_by_control_policy:
        yield Said(WHY, "A control policy of the Resource Directory refuses it.", "AccessDeniedDetail: ControlPolicy")
    if facts.reason is Reason.ACCESS_DENIED:
        for policy_id, name, target in facts.control_policies:
            evidence = "ListControlPolicyAttachmentsForTarget"
            yield Said(WHY, f"The control policy {name} ({policy_id}) is attached to {target}.", evidence)


def _sentence(why: str) -> str:
    """A clause as a sentence. A reason's name stays as it is; what the cloud said may have its full stop."""
    told = why.removesuffix(".")
    return f"It failed: {told}." if "_" in told.partition(":")[0] else f"{told[0].upper()}{told[1:]}."


def _letters(facts: Facts) -> Iterator[Said]:
    if facts.letters is None:
        yield Said(WHY, "Whether a dead letter is about it is not known: their queue cannot be read.", "ReceiveMessage")
    for one in facts.letters or ():
        tries = f" after {counted(one.attempts, 'attempt')}" if one.attempts else ""
        ids = f", requests {', '.join(one.request_ids)}" if one.request_ids else ""
        text = f"A message about it was set aside {age(one.age)} ago{tries}: {one.reason}: {one.detail}"
        yield Said(WHY, text, f"dead letter {one.id}{ids}")


def _past(facts: Facts) -> Iterator[Said]:
    """What the functions' log tells: nothing where it cannot be read."""
    evidence, account = "the functions' log (GetLogsV2)", facts.account_id
    enrolled = facts.surveyed.state.enrolled
    since = facts.history.since(account, protected=enrolled)
    if since is not None and (enrolled or facts.surveyed.wanted is not None):
        word = "protected" if enrolled else "unprotected"
        yield Said(STATE, f"By the log it has been {word} since {moment(since)}.", evidence)
    took = facts.history.took()
    if took:
        at, seconds = moment(took[-1].at), took[-1].seconds
        yield Said(STATE, f"At {at} it was protected {seconds:.0f} s after its event.", evidence)
    for turn in facts.history.turns.get(account, ())[:-4:-1]:
        if turn.how.startswith("the sweep"):
            yield Said(STATE, f"At {moment(turn.at)} {turn.how}.", evidence)
    if facts.history.sweeps:
        swept = age(max(facts.now - facts.history.sweeps[-1].at, 0.0))
        yield Said(STATE, f"The last sweep was {swept} ago.", evidence)
    if failed := facts.history.failure:
        ago = age(max(facts.now - failed.at, 0.0))
        yield Said(STATE, f"A sweep failed {ago} ago, and none has ended well since: {failed.reason}.", evidence)


def _history(facts: Facts) -> Iterator[Said]:
    for at, change, event in facts.changes[:3]:
        who = (event.get("userIdentity") or {}).get("userName") or "somebody"
        yield Said(WHY, f"{change.event_name} by {who} at {moment(at)}.", f"ActionTrail, event {change.event_id}")


def _next(facts: Facts, config: Config) -> Iterator[Said]:
    one, fast, deep = facts.surveyed, *_schedules(facts)
    evidence = "the timers of the deployed sweep"
    for letter in facts.letters or ():
        left = age(letter.left)
        yield Said(
            NEXT, f"The message is not tried again by itself, and is lost in {left}.", f"dead letter {letter.id}"
        )
    turn = f"in whose share each account is once in {counted(config.sweep.deep_days, 'day')}"
    if one.state is State.PROTECTED:
        yield Said(NEXT, f"A sweep compares it {fast}; its role is looked at by the one {deep}, {turn}.", evidence)
    elif one.state in UNDONE:
        listed = any(isinstance(step, Register | Deregister | CreateServiceLinkedRole) for step in one.steps)
        if one.state is State.UNPROTECTED and not listed:
            yield Said(NEXT, f"The sweep {fast} does not look at roles; the one {deep} does, {turn}.", evidence)
        else:
            yield Said(NEXT, f"A sweep tries again {fast}, for as long as it is wanted.", evidence)
    elif facts.being_deleted:
        yield from _deletion(facts, config)
    elif one.state is State.UNDECLARED:
        grace = f"{config.teardown.grace_hours:g} h"
        text = f"A sweep reports it and leaves it; only an event withdraws it by itself, {grace} later, or a person."
        yield Said(NEXT, text, "config.yaml, teardown")
    else:
        more = "; a rule in config.yaml brings it in, `cab onboard` does so once" if one.member else ""
        if is_own(one.account_id, config):
            more = "; it is brought in by being declared under `external` in config.yaml"
        yield Said(NEXT, f"Nothing happens to it by itself{more}.", "config.yaml")


def _deletion(facts: Facts, config: Config) -> Iterator[Said]:
    """When an account that is being deleted is withdrawn: the event of its deletion begins the grace."""
    if not _goes(facts):
        yield Said(NEXT, "Nothing happens to it: there is nothing to withdraw.", "the directory, DescribeCrossAccounts")
        return
    grace = config.teardown.grace_hours
    begun = next((at for at, change, _ in facts.changes if change.hint is Hint.LEFT), None)
    when = f", at {moment(begun + grace * 3600)}" if begun is not None else ""
    text = f"It is withdrawn by itself {grace:g} h after the event of its deletion{when}; a sweep only reports it."
    yield Said(NEXT, text, "config.yaml, teardown")
    kept = "Its backups are kept."
    if config.teardown.mode == "block":
        kept = "Its backups are kept: while anything can be restored, nothing is withdrawn, and a person is asked."
    yield Said(NEXT, kept, "config.yaml, teardown")


def _schedules(facts: Facts) -> tuple[str, str]:
    """When the fast and the deep sweep run, in words."""
    found = {"fast": "on no timer (none is switched on)", "deep": "on no timer (none is switched on)"}
    for payload, cron in facts.sweeps.items():
        found["deep" if "deep" in payload else "fast"] = worded(cron)
    return found["fast"], found["deep"]


def worded(cron: str) -> str:
    """A cron expression of Function Compute (six fields, UTC) in words, where it is one of the two usual forms."""
    if minutes := MINUTES.fullmatch(cron):
        return f"every {minutes[1]} minutes"
    if daily := DAILY.fullmatch(cron):
        return f"every day at {int(daily[2]):02}:{int(daily[1]):02} UTC"
    return f"by the timer {cron!r}"


def advice(facts: Facts) -> str:
    """The sentence of the reason, if there is one."""
    return advise(str(facts.reason)) if facts.reason else ""
