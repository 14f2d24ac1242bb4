"""What differs, by name, and which of it is repaired. Pure.

The names are those that ``sweep.observe`` in the configuration takes, and that findings, plans and reports use.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from shared.binding import Bind, SwitchOff, Unbind
from shared.config_types import Drift
from shared.plan import AnyStep
from shared.steps import (
    AttachPolicy,
    CheckRole,
    CreateRole,
    CreateServiceLinkedRole,
    DeleteRole,
    Deregister,
    DetachPolicy,
    Refuse,
    Register,
    UpdateRole,
)

BY_STEP: dict[type[AnyStep], Drift] = {
    CreateServiceLinkedRole: Drift.SERVICE_LINKED_ROLE_MISSING,
    CreateRole: Drift.ROLE_MISSING,
    AttachPolicy: Drift.POLICY_MISSING,
    DetachPolicy: Drift.POLICY_EXTRA,
    Register: Drift.UNREGISTERED,
    Deregister: Drift.STALE_REGISTRATION,
    CheckRole: Drift.ROLE_NOT_USABLE,
    DeleteRole: Drift.ROLE_LEFT_BEHIND,
    Bind: Drift.NOT_BOUND,
    Unbind: Drift.BINDING_LEFT_BEHIND,
    SwitchOff: Drift.BINDING_LEFT_BEHIND,
}
"""The kind of drift that a step repairs, where the step's type says it all."""


def kind_of(step: AnyStep) -> Drift:
    """The kind of drift that a step repairs."""
    match step:
        case UpdateRole(role, was):
            return Drift.TRUST_TOO_WIDE if was.trust.allows_more_than(role.trust) else Drift.ROLE_CHANGED
        case Refuse():
            return Drift.FOREIGN_ROLE
        case _:
            return BY_STEP[type(step)]


def to_repair(steps: Iterable[AnyStep], observe: Collection[Drift]) -> tuple[AnyStep, ...]:
    """The steps that are carried out where some kinds of drift are only to be observed.

    What such a step would have prepared is left, too: no right is given to a role whose trust is left as it is, no role
    goes before its registration, and no policy is taken from a role that is left where it is.
    """
    planned = tuple(steps)
    left = [step for step in planned if kind_of(step) in observe]
    unready = any(isinstance(step, CreateRole | UpdateRole) for step in left)
    registered = {step.registration.role_name for step in left if isinstance(step, Deregister)}
    going = [step for step in planned if isinstance(step, DeleteRole)]
    kept = {step.role_name for step in going if step in left or step.role_name in registered}

    def waits(step: AnyStep) -> bool:
        return (unready and isinstance(step, AttachPolicy | CheckRole)) or (
            isinstance(step, DetachPolicy | DeleteRole) and step.role_name in kept
        )

    return tuple(step for step in planned if step not in left and not waits(step))


def telling(steps: Iterable[AnyStep]) -> tuple[AnyStep, ...]:
    """The steps that tell of drift. A check that is to follow a repair tells of none: nothing was checked yet."""
    planned = tuple(steps)
    return tuple(step for step in planned if not isinstance(step, CheckRole)) or planned


def drift_of(steps: Iterable[AnyStep]) -> set[str]:
    """The kinds of drift that the steps repair together."""
    return {str(kind_of(step)) for step in telling(steps)}
