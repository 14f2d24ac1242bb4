"""Read everything that is compared, and write nothing: what the plan, the deep sweep and a withdrawal start from."""

from __future__ import annotations

from collections.abc import Mapping

from shared.outcome import NotReadyError, PermanentError
from shared.plan import Enrolment, Registration, Role
from shared.ports import Enter, Ports

Listed = Mapping[str, frozenset[Registration]]


def examine(want: Enrolment, listed: Listed, enter: Enter | None, ports: Ports) -> Enrolment:
    """The account as it is now, nothing unknown; ``listed`` are its registrations by region.

    Raises an AttemptError where the account cannot be read.
    """
    if not isinstance(want.role, Role):
        return Enrolment(want.account_id, _role_of_before(listed, enter), listed)
    # Where nobody enters the account its owner makes the role.
    role = want.role if enter is None else enter(want.role.name).read_role(want.role.name)
    return Enrolment(
        want.account_id,
        role,
        listed,
        proven=_proven(want, want.role.name, ports) if role else frozenset(),
        service_linked_role=ports.backup.has_service_linked_role(),
    )


def _role_of_before(listed: Listed, enter: Enter | None) -> Role | None:
    """The role of an account that is registered with one but needs none any more: it is to be removed."""
    names = {registration.role_name for found in listed.values() for registration in found} - {""}
    return enter(min(names)).read_role(min(names)) if names and enter else None


def _proven(want: Enrolment, role_name: str, ports: Ports) -> frozenset[str]:
    regions = list(want.registrations)
    checks = [ports.pool.submit(ports.backup.check_role, region, want.account_id, role_name) for region in regions]
    proven = set()
    for region, check in zip(regions, checks, strict=True):
        try:
            check.result()
            proven.add(region)
        except NotReadyError:
            continue
    return frozenset(proven)


def listed_everywhere(account_id: str, ports: Ports) -> dict[str, frozenset[Registration]]:
    """The account's registrations in every region that the configuration names; costs a whole listing per region."""
    regions = ports.config.every_region
    found = ports.pool.map(lambda region: ports.backup.registrations_of(region, account_id), regions)
    return dict(zip(regions, found, strict=True))


def role_to_remove(enter: Enter | None, name: str, *, needed: bool, warnings: list[str]) -> Role | None:
    """The backup role of an account that is to be withdrawn, where the account can still be entered.

    An account that has left cannot be, and one that never let us in has no role of ours: where the role is not
    ``needed``, that is reported, and is not an error for ever.
    """
    if enter is None:
        warnings.append("the account cannot be entered: the role in it, if any, is left to its owner")
        return None
    try:
        return enter(name).read_role(name)
    except (PermanentError, NotReadyError) as error:
        if needed:
            raise
        warnings.append(f"the account could not be entered: the role in it, if any, is left: {error.detail}")
        return None
