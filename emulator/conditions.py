"""Matching in policy documents: wildcards, and the operators of Condition.

Operators as in the help page "Policy elements"; the set operators (``ForAllValues:``) are not emulated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from ipaddress import ip_address, ip_network

from emulator.errors import CloudError

Match = Callable[[str], bool]


def malformed(why: str) -> CloudError:
    """The refusal of a document (API error code ``MalformedPolicyDocument``, 400)."""
    return CloudError("MalformedPolicyDocument", f"The policy document is malformed: {why}.")


def glob(pattern: str, flags: int = 0) -> Match:
    """``*`` is any text, ``?`` is any one character."""
    if pattern == "*":
        return lambda _: True
    source = "".join({"*": ".*", "?": "."}.get(char, re.escape(char)) for char in pattern)
    match = re.compile(source, flags | re.DOTALL).fullmatch
    return lambda value: match(value) is not None


def _number(test: Callable[[float, float], bool]) -> Callable[[str], Match]:
    def compile_one(expected: str) -> Match:
        limit = float(expected)
        return lambda value: test(float(value), limit)

    return compile_one


def _date(test: Callable[[str, str], bool]) -> Callable[[str], Match]:
    """Dates are ISO 8601 in UTC, so that their order is the order of their texts."""
    return lambda expected: lambda value: test(value, expected)


def _network(expected: str) -> Match:
    network = ip_network(expected, strict=False)
    return lambda value: ip_address(value) in network


_POSITIVE: Mapping[str, Callable[[str], Match]] = {
    "StringEquals": lambda expected: expected.__eq__,
    "StringEqualsIgnoreCase": lambda expected: lambda value: value.lower() == expected.lower(),
    "StringLike": glob,
    "NumericEquals": _number(lambda value, limit: value == limit),
    "NumericLessThan": _number(lambda value, limit: value < limit),
    "NumericLessThanEquals": _number(lambda value, limit: value <= limit),
    "NumericGreaterThan": _number(lambda value, limit: value > limit),
    "NumericGreaterThanEquals": _number(lambda value, limit: value >= limit),
    "DateEquals": _date(lambda value, limit: value == limit),
    "DateLessThan": _date(lambda value, limit: value < limit),
    "DateLessThanEquals": _date(lambda value, limit: value <= limit),
    "DateGreaterThan": _date(lambda value, limit: value > limit),
    "DateGreaterThanEquals": _date(lambda value, limit: value >= limit),
    "Bool": lambda expected: lambda value: value.lower() == expected.lower(),
    "IpAddress": _network,
}
_NEGATED: Mapping[str, str] = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "NumericNotEquals": "NumericEquals",
    "NotIpAddress": "IpAddress",
}


def compile_conditions(value: object) -> Iterable[tuple[str, Match, bool]]:
    """Compile ``{"StringEquals": {"acs:SourceIp": [..]}}`` into (key, test, value where the key is missing)."""
    if not isinstance(value, dict):
        raise malformed("Condition must be an object")
    for operator, pairs in value.items():
        positive = _POSITIVE.get(_NEGATED.get(operator, operator))
        if positive is None or not isinstance(pairs, dict):
            raise malformed(f"the condition operator {operator!r} is unknown")
        for key, expected in pairs.items():
            values = expected if isinstance(expected, list) else [expected]
            yield key, *_test(positive, [_text(item) for item in values], negated=operator in _NEGATED)


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if not isinstance(value, str | int | float):
        raise malformed("a condition's value must be a text, a number or a boolean")
    return str(value)


def _test(positive: Callable[[str], Match], expected: list[str], *, negated: bool) -> tuple[Match, bool]:
    try:
        tests = [positive(item) for item in expected]
    except ValueError as error:
        raise malformed(f"{expected!r} does not fit its condition operator") from error
    if negated:
        return (lambda value: not _any(tests, value)), True
    return (lambda value: _any(tests, value)), False


def _any(tests: list[Match], value: str) -> bool:
    """Whether the request's value passes a test; one that is no number or address passes none of theirs (inferred)."""
    try:
        return any(test(value) for test in tests)
    except ValueError:
        return False
