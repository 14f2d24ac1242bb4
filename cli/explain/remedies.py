"""What a person can do about an account, in order: commands, or what only a person does. Pure."""

from __future__ import annotations

import json
from collections.abc import Iterator

from cli.doctor.finding import BY_HAND, DECIDE
from cli.doctor.fleet import DELETED
from cli.explain.facts import Facts
from cli.explain.sentences import UNDONE, advice
from cli.survey import State
from shared.config import Config
from shared.outcome import Reason


def remedies(facts: Facts, config: Config) -> list[str]:
    """Empty where nothing is to be done."""
    return list(dict.fromkeys([*_in_the_way(facts, config), *_by_state(facts), *_backups(facts), *_letters(facts)]))


def _in_the_way(facts: Facts, config: Config) -> Iterator[str]:
    """What must be done first, so that anything else can succeed."""
    reason, state = facts.reason, facts.surveyed.state
    if reason is Reason.ACCESS_ROLE_MISSING and state is not State.PROTECTED:
        yield from _access_role(facts, config)
    elif reason is Reason.ACCESS_DENIED and facts.control_policies:
        # No line to be pasted: the policy guards the whole folder, and somebody else has made it. The condition is that
        # of the page "Examples of custom access control policies".
        for policy_id, name, target in facts.control_policies:
            yield (
                f"{BY_HAND}ask whoever made the control policy {name} to exempt the role {config.access_role} from it"
                " (a condition on acs:PrincipalARN); only if it need not guard the others there either, detach it:"
                f" aliyun resourcedirectorymaster DetachControlPolicy --PolicyId {policy_id} --TargetId {target}"
            )
    elif state is State.UNWORKABLE:
        yield f"{BY_HAND}settle what keeps the account from working ({facts.surveyed.why}): its bills, or its creation"
    elif reason is not None and state is not State.PROTECTED and advice(facts):
        yield f"{BY_HAND}{advice(facts)}"


def _access_role(facts: Facts, config: Config) -> Iterator[str]:
    """The owner's commands; the profile is one of that account."""
    name, account = config.access_role, facts.account_id
    statement = {
        "Action": "sts:AssumeRole",
        "Effect": "Allow",
        "Principal": {"RAM": [f"acs:ram::{config.management_account}:root"]},
    }
    trust = json.dumps({"Statement": [statement], "Version": "1"}, separators=(",", ":"))
    yield f"{BY_HAND}ask the owner of account {account} for the access role (or exclude the account by a rule); there:"
    yield f"aliyun --profile {account} ram CreateRole --RoleName {name} --AssumeRolePolicyDocument '{trust}'"
    policy = "--PolicyType System --PolicyName AdministratorAccess"
    yield f"aliyun --profile {account} ram AttachPolicyToRole {policy} --RoleName {name}"


def _by_state(facts: Facts) -> Iterator[str]:
    account, state = facts.account_id, facts.surveyed.state
    # What a dead letter brings back is the same work: it is not asked for twice.
    brought_back = any(one.reason not in DELETED for one in facts.letters or ())
    if state in UNDONE and not brought_back:
        yield f"cab onboard {account}"
    elif state is State.UNDECLARED and facts.being_deleted:
        yield f"{BY_HAND}nothing, or take it out now, without waiting for that:"
        yield f"cab teardown {account}"
    elif state is State.UNDECLARED:
        yield f"{BY_HAND}add a rule for it to config.yaml if it is to stay; if not:"
        yield f"cab teardown {account}"
    elif state is State.ABSENT:
        yield f"{BY_HAND}check the id; `cab status --json` lists every account"


def _backups(facts: Facts) -> Iterator[str]:
    yield from (kind["fix"] for kind in facts.backups.get("kinds", ()) if kind["fix"])


def _letters(facts: Facts) -> Iterator[str]:
    account = facts.account_id
    if facts.letters is None:
        yield "cab bootstrap"
    for one in facts.letters or ():
        if one.reason in DELETED or facts.surveyed.state in {State.ABSENT, State.FOREIGN}:
            yield f"cab dead-letters delete {one.id} --apply"
        elif one.reason is Reason.MASS_REMOVAL:
            yield from DECIDE
            yield f"cab dead-letters delete --account {account} --reason {one.reason} --apply"
        else:
            yield f"cab dead-letters redrive --account {account} --apply"
