"""The Resource Directory as the management account sees it: who is a member now."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

from shared.clients import Api, Clients, Credentials
from shared.paging import numbered
from shared.scope import Member
from shared.vendor import AbsentError

PAGE = 100
"""ListAccounts and ListFoldersForParent take at most 100 (ResourceDirectoryMaster 2022-04-19)."""

EVENTS_PAGE = 50
"""LookupEvents gives at most 50 (ActionTrail 2020-07-06)."""

LEAVING = frozenset({"Deleting", "Checking", "deleting", "checking"})
"""``DeletionStatus`` values of an account on its way out."""


class Directory:
    """Reads the Resource Directory; it never writes."""

    def __init__(self, clients: Clients, credentials: Credentials, access_role: str) -> None:
        self._clients, self._credentials = clients, credentials
        self._access_role = access_role

    @cached_property
    def _api(self) -> Api:
        """Its SDK is imported when it is asked first: by then a session in the member account is under way."""
        return self._clients.directory(self._credentials)

    def look_up(self, account_id: str) -> Member | None:
        """The account as it is now, or None if the directory does not list it."""
        try:
            account = self._api("GetAccount", account_id=account_id, include_tags=True).account
        except AbsentError:
            return None
        # rd-…/r-…/fd-…/account: the folders are what lies between the directory and the account.
        path = (account.resource_directory_path or "").split("/")[1:-1]
        return self._member(account, tuple(path) or (account.folder_id,))

    def is_leaving(self, account_id: str) -> bool:
        """Whether the account is being deleted, which GetAccount does not tell."""
        try:
            status = self._api("GetAccountDeletionStatus", account_id=account_id).rd_account_deletion_status
        except AbsentError:
            return False
        return bool(status and status.status in LEAVING)

    def members(self) -> Iterator[Member]:
        """Every member account, page by page."""
        folders = dict(self._folders(None, ()))
        for row in self._pages("ListAccounts", lambda body: body.accounts.account, include_tags=True):
            yield self._member(row, folders.get(row.folder_id, (row.folder_id,)))

    def lookup_events(
        self, region: str, name: str, start: str, end: str, token: str | None = None
    ) -> tuple[list[dict[str, Any]], str | None]:
        """One page of ActionTrail's events of that name, oldest first, and the token of the next page, if any.

        One name a query, since two attributes of a kind are not ANDed; with a token the rest must be the same again.
        """
        trail = self._clients.actiontrail(self._credentials, region)
        attribute = trail.model("LookupEventsRequestLookupAttribute", key="EventName", value=name)
        body = trail(
            "LookupEvents",
            start_time=start,
            end_time=end,
            direction="FORWARD",
            max_results=str(EVENTS_PAGE),
            next_token=token,
            lookup_attribute=[attribute],
        )
        return list(body.events or []), body.next_token or None

    def _folders(self, parent: str | None, above: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Folder id → the path of folder ids that ends in it."""
        for row in self._pages("ListFoldersForParent", lambda body: body.folders.folder, parent_folder_id=parent):
            path = (*above, row.folder_id)
            yield row.folder_id, path
            yield from self._folders(row.folder_id, path)

    def _pages(self, action: str, rows_of: Callable[[Any], Any], **fields: object) -> Iterator[Any]:
        yield from numbered(self._api, action, rows_of, PAGE, **fields)

    def _member(self, account: Any, folders: tuple[str, ...]) -> Member:  # noqa: ANN401 - an SDK model
        deletion = getattr(account, "deletion_status", None) or ""
        return Member(
            account.account_id,
            account.display_name or "",
            account.join_method or "created",
            folders,
            _tags(account.tags),
            account.status or "",
            leaving=deletion in LEAVING,
            access_role=self._access_role,
        )


def _tags(tags: Any) -> dict[str, str]:  # noqa: ANN401 - a list in GetAccount, a wrapper in ListAccounts
    rows = getattr(tags, "tag", tags) or []
    return {row.key: row.value for row in rows}
