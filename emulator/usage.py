"""Whether an account or a service-linked role is still in use by Cloud Backup.

The only place where identity services look at another product's state.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from emulator.state import State


def registered_by(state: State, owner: str) -> dict[str, list[str]]:
    """The accounts that ``owner`` has registered for cross-account backup: region → account ids."""
    return {
        shelf.partition("/")[2]: [record.place.account_id for records in known.values() for record in records]
        for shelf, known in state.hbr.cross_accounts.items()
        if shelf.partition("/")[0] == owner and any(known.values())
    }


def trusted_services_using(state: State, member: str) -> list[str]:
    """The trusted services that still use a member account.

    They are those that the landing zone names, and Cloud Backup while the account is registered through the directory.
    API page "RemoveCloudAccount", error ``Deny.TrustedService``; that such registrations count is inferred.
    """
    records = (record for shelf in state.hbr.cross_accounts.values() for known in shelf.values() for record in known)
    used = any(each.place.account_id == member and each.place.kind == "CROSS_ACCOUNT_BY_RD" for each in records)
    known = state.directory.members[member].used_by if state.directory else []
    return [*known, *(["hbr.aliyuncs.com"] if used else [])]
