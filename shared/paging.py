"""Reads listings to their end, by page number or by token. What a row means the adapters know."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from shared.clients import Api
from shared.outcome import Reason, TemporaryError

MOST_NUMBERED = 99
"""PageSize: 1 to 99, default 10 (SDK model DescribeCrossAccountsRequest)."""
MOST_BY_TOKEN = 100
"""MaxResults: 10 to 100, default 10 (SDK model DescribePolicyBindingsRequest)."""

Rows = Callable[[Any], Any]
"""Takes the rows, or None, out of an answer."""


def numbered(api: Api, action: str, rows_of: Rows, size: int = MOST_NUMBERED, /, **fields: object) -> Iterator[Any]:
    """The rows of every page, by page number; ``size`` is the most that the action gives on one.

    Raises TemporaryError if they are not as many as the listing says there are: fewer, or (while it changes) more.
    """
    number, seen, total, rows = 1, 0, 1, [None]
    while rows and seen < total:
        body = api(action, page_number=number, page_size=size, **fields)
        rows = rows_of(body) or []
        yield from rows
        total, seen, number = body.total_count or 0, seen + len(rows), number + 1
    if seen != total:
        raise TemporaryError(Reason.INCOMPLETE_LISTING, f"{action}: {seen} rows of {total}")


def by_token(api: Api, action: str, rows_of: Rows, size: str = "max_results", /, **fields: object) -> Iterator[Any]:
    """The rows of every page, by token; ``size`` is what the action calls the size of a page.

    Raises TemporaryError if the same token comes back, which would go on for ever.
    """
    token = None
    while True:
        body = api(action, **{size: MOST_BY_TOKEN}, next_token=token, **fields)
        yield from rows_of(body) or []
        if not body.next_token:
            return
        if body.next_token == token:
            raise TemporaryError(Reason.INCOMPLETE_LISTING, f"{action}: the next page is the same one again")
        token = body.next_token
