"""Read everything that is compared, and write nothing: what the plan, the deep sweep and a withdrawal start from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from shared.enrolment import Enrolment, Registration, Role
from shared.outcome import NotReadyError
from shared.ports import Enter, Ports

Listed = Mapping[str, frozenset[Registration]]


def examine(want: Enrolment, listed: Listed, enter: Enter | None, ports: Ports) -> Enrolment:
    """The account as it is now, nothing unknown; ``listed`` are its registrations by region.

    Raises an AttemptError where the account cannot be read.
    """
    if not isinstance(want.role, Role):
        # A role of the usual name is there if its registration went and the sweep was stopped before its role did.
        names = named_by(listed) | {ports.config.enrolment.role_name} if want.registrations else named_by(listed)
        return Enrolment(want.account_id, None, listed, former=formers(sorted(names), enter))
    # Where nobody enters the account its owner makes the role.
    role = want.role if enter is None else enter(want.role.name).read_role(want.role.name)
    return Enrolment(
        want.account_id,
        role,
        listed,
        proven=_proven(want, want.role.name, ports) if role else frozenset(),
        service_linked_role=ports.backup.has_service_linked_role(),
        former=formers(sorted(named_by(listed) - {want.role.name}), enter),
    )


def formers(names: Iterable[str], enter: Enter | None) -> frozenset[Role]:
    """The roles of these names that are there; none where the account cannot be entered."""
    read = (enter(name).read_role(name) for name in names) if enter else ()
    return frozenset(role for role in read if role)


def named_by(listed: Listed) -> set[str]:
    """The roles by which the account is registered; settings that have changed since named others."""
    return {registration.role_name for found in listed.values() for registration in found} - {""}


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
