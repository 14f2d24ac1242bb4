"""Whether an event fits a rule's pattern. Pure: a compiled pattern and an event in, yes or no out.

Operators and their meaning as in the help page "Event patterns" of EventBridge: keys are ANDed, the values of a list
are ORed, comparison is exact and minds case, and every field of the pattern must be in the event (but for
``exists: false``).
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from ipaddress import AddressValueError, IPv4Address, IPv4Network
from typing import TypeGuard

Test = Callable[[object], bool]
MAX_EXPRESSIONS = 5
"""Map expressions per field (help page "Limits" of EventBridge)."""
_ABSENT = object()
_NOTHING = object()
"""What is in an empty list: it equals no value, and the field exists."""
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class BadPatternError(ValueError):
    """The pattern is not one that EventBridge would take."""


def compile_pattern(pattern: object) -> Test:
    """A test for whole events.

    Raises:
        BadPatternError: an unknown operator, a value of the wrong kind, or a field that is neither object nor list.
    """
    if not isinstance(pattern, dict):
        raise BadPatternError("A pattern is a JSON object.")
    fields = {key: _field(key, wanted) for key, wanted in pattern.items()}

    def fits(event: object) -> bool:
        if not isinstance(event, dict):
            return all(test(_ABSENT) for test in fields.values())
        return all(test(event.get(key, _ABSENT)) for key, test in fields.items())

    return fits


def _field(key: str, wanted: object) -> Test:
    """An object goes one level deeper; a list holds the values of which one must fit."""
    if isinstance(wanted, dict):
        return compile_pattern(wanted)
    if not isinstance(wanted, list) or not wanted:
        raise BadPatternError(f"{key}: a field is an object or a list of values.")
    if sum(isinstance(value, dict) for value in wanted) > MAX_EXPRESSIONS:
        raise BadPatternError(f"{key}: at most {MAX_EXPRESSIONS} expressions are allowed.")
    tests = [_value(value) for value in wanted]
    return lambda actual: any(_any_of(test, actual) for test in tests)


def _any_of(test: Test, actual: object) -> bool:
    """A list in the event fits when one of its elements does (same help page, "Array"); an empty one is there, too."""
    if isinstance(actual, list):
        return any(test(element) for element in actual or [_NOTHING])
    return test(actual)


def _value(wanted: object) -> Test:
    if isinstance(wanted, dict):
        if len(wanted) != 1:
            raise BadPatternError(f"An expression has one operator, not {sorted(wanted)}.")
        ((name, argument),) = wanted.items()
        if name not in _OPERATORS:
            raise BadPatternError(f"{name!r} is not an operator.")
        return _OPERATORS[name](argument)
    if isinstance(wanted, list):
        raise BadPatternError("A list of values may not hold a list.")
    return lambda actual: _same(actual, wanted)


def _same(actual: object, wanted: object) -> bool:
    """Equality as the texts of JSON: ``true`` is not 1, and 300 is not 300.0 (help page "Event patterns", notes)."""
    return type(actual) is type(wanted) and bool(actual == wanted)


def _prefix(argument: object) -> Test:
    text = _text("prefix", argument)
    return lambda actual: isinstance(actual, str) and actual.startswith(text)


def _suffix(argument: object) -> Test:
    text = _text("suffix", argument)
    return lambda actual: isinstance(actual, str) and actual.endswith(text)


def _contains(argument: object) -> Test:
    text = _text("contains", argument)
    return lambda actual: isinstance(actual, str) and text in actual


def _anything_but(argument: object) -> Test:
    """A value, a list of values, or one ``prefix`` or ``suffix``; the field must be there."""
    if isinstance(argument, dict) and set(argument) - {"prefix", "suffix"}:
        raise BadPatternError(f"anything-but takes values, prefix or suffix, not {sorted(argument)}.")
    refused = [_value(item) for item in (argument if isinstance(argument, list) else [argument])]
    return lambda actual: actual is not _ABSENT and not any(test(actual) for test in refused)


def _numeric(argument: object) -> Test:
    """``[">", 0, "<=", 5]``: pairs of comparison and number, all of which must hold."""
    if not isinstance(argument, list) or not argument or len(argument) % 2:
        raise BadPatternError("numeric takes pairs of a comparison and a number.")
    pairs = list(zip(argument[::2], argument[1::2], strict=True))
    for name, limit in pairs:
        if name not in _COMPARE or not _is_number(limit):
            raise BadPatternError(f"numeric takes pairs of a comparison and a number, not {name!r}, {limit!r}.")

    def within(actual: object) -> bool:
        return _is_number(actual) and all(_COMPARE[name](actual, limit) for name, limit in pairs)

    return within


def _cidr(argument: object) -> Test:
    try:
        network = IPv4Network(_text("cidr", argument), strict=False)
    except ValueError as error:
        raise BadPatternError(f"{argument!r} is no IPv4 network.") from error

    def inside(actual: object) -> bool:
        try:
            return isinstance(actual, str) and IPv4Address(actual) in network
        except AddressValueError:
            return False

    return inside


def _exists(argument: object) -> Test:
    if not isinstance(argument, bool):
        raise BadPatternError("exists takes true or false.")
    return lambda actual: (actual is not _ABSENT) is argument


def _text(name: str, argument: object) -> str:
    if not isinstance(argument, str):
        raise BadPatternError(f"{name} takes a text.")
    return argument


def _is_number(value: object) -> TypeGuard[float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


_OPERATORS: Mapping[str, Callable[[object], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "contains": _contains,
    "anything-but": _anything_but,
    "numeric": _numeric,
    "cidr": _cidr,
    "exists": _exists,
}
