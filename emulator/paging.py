"""One page of a list: by the page's number, by a place in the list, or behind what was shown last.

Pure. How products word numbers, tokens and totals is in their own files.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from emulator.service import Param

T = TypeVar("T")

PLACE = Param(pattern="[0-9]{1,9}")
"""A token or marker that is a place in the list; clients may not look into it, and nothing else is taken for one."""


def numbered(items: Sequence[T], number: int, size: int) -> Sequence[T]:
    """Page ``number``, counted from 1."""
    return items[(number - 1) * size : number * size]


def placed(items: Sequence[T], place: int | str | None, size: int) -> tuple[Sequence[T], str]:
    """The items from a place on, and the place of the next page, empty on the last."""
    start = int(place or 0)
    return items[start : start + size], str(start + size) if start + size < len(items) else ""


def behind(items: Sequence[T], last: str, size: int, key: Callable[[T], str]) -> tuple[Sequence[T], str]:
    """The items after the one whose key was ``last``, and the last key shown, empty on the last page.

    What is deleted between two pages shifts nothing. ``items`` are in the order of their keys.
    """
    start = next((place for place, item in enumerate(items) if key(item) > last), len(items)) if last else 0
    shown = items[start : start + size]
    return shown, key(shown[-1]) if start + size < len(items) else ""
