"""Trusted services and the members that administer them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.clock import utc
from emulator.directory.lookup import directory_of, member_of, page_of
from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.service import Call

ADMINISTRATORS_PER_SERVICE = 5
"""Inferred; the help page "Manage a delegated administrator account" gives a number for each service."""


def register(call: Call) -> dict[str, Any]:
    """API page "RegisterDelegatedAdministrator"."""
    directory, account_id = directory_of(call), call.params["AccountId"]
    if account_id == directory.management_account:
        message = "You can designate only a member account as a delegated administrator."
        raise CloudError("CannotRegisterMasterAsDelegatedAdministrator", message, 409)
    member_of(directory, account_id)
    administrators = directory.delegated.setdefault(call.params["ServicePrincipal"], [])
    if account_id in administrators:
        message = "The specified account is already a delegated administrator for this service."
        raise CloudError("AccountAlreadyRegistered", message, 409)
    if len(administrators) >= ADMINISTRATORS_PER_SERVICE:
        message = "The maximum number of delegated administrators for the service principal is exceeded."
        raise CloudError("DelegatedAccountNumberExceeded", message, 409)
    administrators.append(account_id)
    return {}


def deregister(call: Call) -> dict[str, Any]:
    """API page "DeregisterDelegatedAdministrator"."""
    administrators = directory_of(call).delegated.get(call.params["ServicePrincipal"], [])
    if call.params["AccountId"] not in administrators:
        message = "The specified account is not a delegated administrator for this service."
        raise CloudError("AccountNotRegistered", message, 409)
    administrators.remove(call.params["AccountId"])
    return {}


def list_administrators(call: Call) -> dict[str, Any]:
    """API page "ListDelegatedAdministrators": one row per account and service; times are those of joining."""
    directory, wanted = directory_of(call), call.params["ServicePrincipal"]
    rows = [
        {
            "AccountId": account_id,
            "DisplayName": directory.members[account_id].display_name,
            "JoinMethod": directory.members[account_id].join_method,
            "ServicePrincipal": service,
            "DelegationEnabledTime": str(int(directory.members[account_id].joined_at * 1000)),
        }
        for service, administrators in directory.delegated.items()
        if wanted in (None, service)
        for account_id in administrators
    ]
    page, answer = page_of(call, rows)
    return {**answer, "Accounts": {"Account": page}}


def list_trusted_services(call: Call) -> dict[str, Any]:
    """API page "ListTrustedServiceStatus"; with ``AdminAccountId``, those that this account administers."""
    directory, account_id = directory_of(call), call.params["AdminAccountId"]
    services = [
        service
        for service in directory.trusted_services
        if account_id in (None, directory.management_account) or account_id in directory.delegated.get(service, [])
    ]
    page, answer = page_of(call, services)
    enabled = [{"ServicePrincipal": service, "EnableTime": utc(directory.created_at)} for service in page]
    return {**answer, "EnabledServicePrincipals": {"EnabledServicePrincipal": enabled}}
