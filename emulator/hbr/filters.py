"""``Filters`` as most listings take them: a key, an operator, values. Pure."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any

from emulator.hbr.answers import refuse
from emulator.service import Param
from emulator.shapes import Record, Shape

_SHAPE: Mapping[str, Shape] = {"Key": str, "Values": [str]}
PARAM = Param("maps", shape=Record({**_SHAPE, "Operator": str}))
WITHOUT_OPERATOR = Param("maps", shape=Record(_SHAPE))
"""Some listings compare in one way only (SDK models DescribeBackupPlansRequest, DescribeBackupClientsRequest)."""

Test = Callable[[Any, list[str]], bool]


def _compare(test: Callable[[Any, Any], bool]) -> Test:
    """A comparison with the first value; as numbers where the field is a number."""
    return lambda actual, values: bool(values) and test(actual, type(actual)(values[0]))


_OPERATORS: Mapping[str, Test] = {
    "EQUAL": _compare(operator.eq),
    "NOT_EQUAL": _compare(operator.ne),
    "GREATER_THAN": _compare(operator.gt),
    "GREATER_THAN_OR_EQUAL": _compare(operator.ge),
    "LESS_THAN": _compare(operator.lt),
    "LESS_THAN_OR_EQUAL": _compare(operator.le),
    "BETWEEN": lambda actual, values: type(actual)(values[0]) <= actual <= type(actual)(values[1]),
    "IN": lambda actual, values: str(actual) in values,
    "NOT_IN": lambda actual, values: str(actual) not in values,
    "MATCH_TERM": lambda actual, values: str(actual) in values,
}
"""As in SDK models DescribeBackupJobs2Request and SearchHistoricalSnapshotsRequest."""


def passes(fields: Mapping[str, Any], filters: list[dict[str, Any]] | None) -> bool:
    """Whether a record, as an answer shows it, fits every filter; keys may begin with a small letter too.

    Raises:
        CloudError: ``BadRequest`` for an unknown key or operator, or a value that is no number where one is needed.
    """
    return all(_passes(fields, item) for item in filters or [])


def _passes(fields: Mapping[str, Any], item: dict[str, Any]) -> bool:
    key, name = str(item.get("Key") or ""), str(item.get("Operator") or "IN")
    key = key[:1].upper() + key[1:]
    if key not in fields or name not in _OPERATORS:
        raise refuse("BadRequest", f"The filter {key} {name} is unknown.")
    try:
        return _OPERATORS[name](fields[key], item.get("Values") or [])
    except (ValueError, IndexError) as error:
        raise refuse("BadRequest", f"The values of the filter {key} are invalid.") from error
