"""A role's trust policy, as something that can be compared. Pure."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Trust:
    """A trust policy, compared as a parsed document: statements in canonical JSON, case-folded.

    The cloud lower-cases the names of service-linked roles, and writes one principal as a string or as a list; neither
    is a difference. Everything else is.
    """

    document: str = field(compare=False)
    statements: frozenset[str]

    @classmethod
    def parse(cls, document: str) -> Trust:
        """Read an AssumeRolePolicyDocument; what is not a policy at all becomes a trust that equals no other."""
        try:
            statements = json.loads(document)["Statement"]
            return cls(document, frozenset(json.dumps(_canonical(s), sort_keys=True) for s in statements))
        except (ValueError, KeyError, TypeError):
            return cls(document, frozenset({f"unreadable: {document}"}))

    @classmethod
    def only(cls, principal: str) -> Trust:
        """The product page's own document: exactly one RAM principal may assume the role."""
        statement = {"Action": "sts:AssumeRole", "Effect": "Allow", "Principal": {"RAM": [principal]}}
        return cls.parse(json.dumps({"Statement": [statement], "Version": "1"}))

    @property
    def principals(self) -> frozenset[str]:
        """Every principal named in an Allow statement, for people to read."""
        found: set[str] = set()
        for statement in map(_loads_or_empty, self.statements):
            if statement.get("effect") == "allow":
                principal = statement.get("principal", [])
                found.update(*(principal.values() if isinstance(principal, dict) else [principal]))
        return frozenset(found)

    def allows_more_than(self, other: Trust) -> bool:
        """Whether it lets anybody in whom the other does not, or in another way; what cannot be read may."""
        return any(_wider(statement, other) for statement in map(_loads_or_empty, self.statements - other.statements))


def _wider(statement: dict[str, Any], other: Trust) -> bool:
    if not statement:
        return True
    if statement.get("effect") != "allow":
        return False
    principal = statement.get("principal", [])
    named = set().union(*principal.values()) if isinstance(principal, dict) else set(principal)
    ways = set().union(*(known.get("action", []) for known in map(_loads_or_empty, other.statements)))
    return (
        bool(statement.keys() & {"notaction", "notprincipal"})
        or not named <= other.principals
        or not set(statement.get("action", [])) <= ways
    )


def _loads_or_empty(text: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(text) if text.startswith("{") else {}
    return loaded


def _canonical(value: Any) -> Any:  # noqa: ANN401 - JSON of any shape
    """Lower-case keys and strings, and make every scalar of a policy statement a sorted list."""
    if isinstance(value, dict):
        folded = {str(key).casefold(): _canonical(item) for key, item in value.items()}
        if len(folded) < len(value):
            # Keys that differ only in case: which one the cloud heeds is not known, so this equals nothing.
            raise ValueError("two keys are one")
        if folded.get("effect") and isinstance(folded["effect"], list):
            folded["effect"] = folded["effect"][0]
        return folded
    items = value if isinstance(value, list) else [value]
    return sorted(
        str(item).casefold() if not isinstance(item, dict) else json.dumps(_canonical(item)) for item in items
    )
