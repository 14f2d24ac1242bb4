"""The checks, in the order in which a person would look. A new one is a function and a line here."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from cli.advice import explained, keeps_out
from cli.doctor import access, arrivals, deployed, fleet
from cli.doctor.backed_up import backed_up
from cli.doctor.finding import BY_HAND, Finding, cause
from cli.output import NotDoneError
from cli.site import Site
from shared.outcome import AttemptError
from shared.queue import QueueError


@dataclass(frozen=True)
class Check:
    """One check: its name, what it looks at, and how."""

    name: str
    what: str
    look: Callable[[Site], Iterator[Finding]]


CHECKS = (
    Check("credentials", "whose credentials these are", access.credentials),
    Check("clock", "this machine's clock against the cloud's", access.clock),
    Check("made", "queues, roles, policies, service-linked role, Cloud Backup opened", access.made),
    Check("backup account", "the functions' role there, and what it may read in every region", access.backup_account),
    Check("directory mode", "trusted service and delegated administrator", access.resource_directory_mode),
    Check("functions", "deployed with the settings of s.yaml", deployed.functions),
    Check("triggers", "there, enabled, with the settings of s.yaml", deployed.triggers),
    Check("quotas", "as many instances as the quotas are divided among", deployed.quotas),
    Check("event region", "the rule is in the region where the events are", arrivals.region),
    Check("events", "the last one, and whether a registration followed at once", arrivals.last),
    Check("configuration", "folders, accounts and rules of config.yaml against the directory", fleet.configuration),
    Check("coverage", "every wanted account is registered, and no other", fleet.coverage),
    Check("roles", "the way into some member accounts, and the roles there", fleet.roles),
    Check("backups", "every kind that is wanted of an account has a good backup", backed_up),
    Check("dead letters", "nothing waits for a person", fleet.dead_letters),
    Check("webhook", "who is told of dead letters, and whether the address answers", deployed.webhook),
)


SHUT_OUT = cause("could not be looked at, for the cause that is named under `backup account`")


def looked(check: Check, site: Site) -> list[Finding]:
    """What a check finds; that it could not look is a cause of its own."""
    found: list[Finding] = []
    try:
        found.extend(check.look(site))
    except (AttemptError, QueueError) as error:
        told = explained(error)
        found.append(SHUT_OUT if keeps_out(error) else _not_looked(told))
    except NotDoneError as error:
        found.append(_not_looked(error))
    except OSError as error:
        found.append(cause(f"could not be looked at: {error}", f"{BY_HAND}check the network and the endpoints"))
    return found


def _not_looked(error: NotDoneError) -> Finding:
    return cause(f"could not be looked at: {error.what}", f"{BY_HAND}{error.following}")
