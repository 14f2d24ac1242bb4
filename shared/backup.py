"""The backup account (A): its service-linked role, and the cross-account registrations in each region."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from shared.clients import Api, Clients, Credentials
from shared.config import SERVICE_LINKED_ROLE, Assumptions
from shared.enrolment import Registered, Registration
from shared.outcome import AttemptError, Reason, TemporaryError
from shared.paging import MOST_NUMBERED, numbered
from shared.vendor import AbsentError, ExistsError

SERVICE = "crossbackup.hbr.aliyuncs.com"
SOME_ROLE_NAME = "hbrcrossrole"
"""DeleteCrossAccount demands a role name even where the record has none (API page); guess: any will do."""


class BackupAccount:
    """Cloud Backup in account A. ``credentials`` is called for each client, so that A is entered only when needed."""

    def __init__(self, clients: Clients, credentials: Callable[[], Credentials], assumptions: Assumptions) -> None:
        self._clients = clients
        self._credentials = credentials
        self._assumptions = assumptions

    def has_service_linked_role(self) -> bool:
        """Whether A's service-linked role is there."""
        try:
            self._clients.ram(self._credentials())("GetRole", role_name=SERVICE_LINKED_ROLE)
        except AbsentError:
            return False
        return True

    def ensure_service_linked_role(self) -> None:
        """Create A's service-linked role if it is not there (product page, step 1)."""
        if not self.has_service_linked_role():
            with suppress(ExistsError):
                # A description is refused for this service: InvalidParameter.Description.NotAllowed.
                self._clients.ram(self._credentials())("CreateServiceLinkedRole", service_name=SERVICE)

    def register(self, region: str, account_id: str, wanted: Registration) -> Registered:
        """Make sure of the cross-account record.

        A refusal that means "there already" is an observation. Which code means that is in no document: after a
        refusal that nobody knows, the listing decides.
        """
        if self._assumptions.second_registration == "doubled":
            have = self.registrations_of(region, account_id)
            if wanted in have:
                return Registered(new=False, listed=have)
        try:
            self._hbr(region)(
                "AddCrossAccount",
                cross_account_type=wanted.type,
                cross_account_user_id=int(account_id),
                cross_account_role_name=wanted.role_name or None,
                alias=wanted.alias,
            )
        except AttemptError as error:
            there = self._means_there(error.code, wanted)
            return Registered(new=False, listed=None if there else self._there_after_all(region, account_id, error))
        return Registered(new=True)

    def _means_there(self, code: str, wanted: Registration) -> bool:
        """Whether a refusal's code may be taken at its word: not where it could speak of a record of the other type."""
        known = code in self._assumptions.duplicate_codes
        return known and wanted.type == "CROSS_ACCOUNT" and self._assumptions.types_coexist

    def _there_after_all(self, region: str, account_id: str, error: AttemptError) -> frozenset[Registration]:
        if error.reason is not Reason.UNKNOWN_ERROR:
            raise error
        have = self.registrations_of(region, account_id)
        if not have:
            raise error
        # Perhaps a record of another kind stands in the way: the plan decides what to do about it.
        return have

    def deregister(self, region: str, account_id: str, registration: Registration) -> None:
        """Delete the cross-account record; not there is as good. The backups stay.

        A refusal that nobody knows, while the record is there, may be about a job that runs: it is tried again.
        """
        try:
            self._hbr(region)(
                "DeleteCrossAccount",
                cross_account_type=registration.type,
                cross_account_user_id=int(account_id),
                cross_account_role_name=registration.role_name or SOME_ROLE_NAME,
            )
        except AttemptError as error:
            if error.reason is not Reason.UNKNOWN_ERROR:
                raise
            if registration in self.registrations_of(region, account_id):
                raise TemporaryError(
                    Reason.DEREGISTRATION_REFUSED, error.detail, code=error.code, request_id=error.request_id
                ) from error

    def check_role(self, region: str, account_id: str, role_name: str) -> None:
        """Let Cloud Backup prove that it can assume the role in the member account; raise if it cannot."""
        self._hbr(region)(
            "CheckRole",
            check_role_type="CrossAccountRole",
            cross_account_user_id=int(account_id),
            cross_account_role_name=role_name,
        )

    def registrations_of(self, region: str, account_id: str) -> frozenset[Registration]:
        """The account's records in that region; costs the whole listing, since the API has no filter."""
        return frozenset(found for owner, found in self.registrations(region) if owner == account_id)

    def glimpse(self, region: str, account_id: str) -> frozenset[Registration] | None:
        """The account's records as one page of the listing shows them; None where they may be on another page."""
        body = self._hbr(region)("DescribeCrossAccounts", page_number=1, page_size=MOST_NUMBERED)
        rows = _rows(body)
        mine = frozenset(found for owner, found in map(_registration, rows) if owner == account_id)
        return mine if mine or (body.total_count or 0) <= len(rows) else None

    def registrations(self, region: str) -> Iterator[tuple[str, Registration]]:
        """Every record of the region as (account id, registration), page by page.

        Raises TemporaryError if the rows read are not as many as the listing says there are.
        """
        return map(_registration, numbered(self._hbr(region), "DescribeCrossAccounts", _rows))

    def _hbr(self, region: str) -> Api:
        return self._clients.hbr(self._credentials(), region)


def _rows(body: Any) -> list[Any]:  # noqa: ANN401 - an SDK model
    return list(body.cross_accounts.cross_account or []) if body.cross_accounts else []


def _registration(row: Any) -> tuple[str, Registration]:  # noqa: ANN401
    # Terraform never sends a type: what was made so has none, and is CROSS_ACCOUNT.
    if row.cross_account_type == "CROSS_ACCOUNT_BY_RD":
        return str(row.cross_account_user_id), Registration("CROSS_ACCOUNT_BY_RD", "", row.alias or "")
    return str(row.cross_account_user_id), Registration("CROSS_ACCOUNT", row.cross_account_role_name, row.alias or "")
