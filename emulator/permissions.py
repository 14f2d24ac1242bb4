"""RAM policy documents: what is well formed, and what they allow.

Pure: documents and requests in, decisions out. Who has which policy attached is known in ``identity.py``. Grammar and
evaluation as in the help pages "Policy elements", "Policy structure and syntax" and "Policy evaluation process".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from emulator.conditions import Match, compile_conditions, glob, malformed
from emulator.shapes import parsed


@dataclass(frozen=True)
class Statement:
    """One compiled statement; ``source`` is its text, for the journal."""

    allows: bool
    action: Match
    resource: Match
    conditions: tuple[tuple[str, Callable[[str], bool], bool], ...]
    principals: tuple[tuple[str, str], ...]
    source: Mapping[str, Any]

    def holds(self, context: Mapping[str, str]) -> bool:
        """Whether every condition is true of the request; a key that the request lacks makes a positive one false."""
        return all(test(context[key]) if key in context else missing for key, test, missing in self.conditions)


@dataclass(frozen=True)
class Decision:
    """The answer to "may this be done", the policy that gave it, and the statement in it that decided."""

    allowed: bool
    source: str
    statement: Mapping[str, Any] | None = None


def evaluate(
    policies: Iterable[tuple[str, str]], permission: str, resource: str, context: Mapping[str, str]
) -> Decision:
    """Explicit deny wins, then any allow, else an implicit deny. ``policies`` are (name, document) pairs."""
    permission = permission.lower()
    allowed: Decision | None = None
    for name, document in policies:
        for statement in parse(document):
            if (allowed and statement.allows) or not (statement.action(permission) and statement.resource(resource)):
                continue
            if statement.holds(context):
                decision = Decision(statement.allows, name, statement.source)
                if not statement.allows:
                    return decision
                allowed = decision
    return allowed or Decision(allowed=False, source="implicit deny")


def trusts(
    document: str, caller: Iterable[tuple[str, str]], context: Mapping[str, str], *, exact_case: bool = False
) -> Decision:
    """Whether a role's trust policy lets a caller in, who goes by any of these kinds and names of a principal.

    How ARNs are compared is the guess ``trust_arn_case``.
    """
    fold = str if exact_case else str.casefold
    wanted = {(kind, fold(name)) for kind, name in caller}
    allowed = Decision(allowed=False, source="trust policy")
    for statement in parse(document, trust=True):
        named = any((kind, fold(name)) in wanted for kind, name in statement.principals)
        if named and statement.action("sts:assumerole") and statement.holds(context):
            if not statement.allows:
                return Decision(allowed=False, source="trust policy", statement=statement.source)
            allowed = Decision(allowed=True, source="trust policy", statement=statement.source)
    return allowed


@lru_cache(maxsize=1 << 15)
def parse(document: str, *, trust: bool = False) -> tuple[Statement, ...]:
    """Compile a document; the 10,000 roles of a large directory share few texts, so the result is kept.

    Raises:
        CloudError: ``MalformedPolicyDocument`` for anything that the grammar does not know.
    """
    try:
        body = parsed(document)
    except ValueError as error:
        raise malformed("it is not JSON") from error
    if not isinstance(body, dict) or set(body) != {"Version", "Statement"} or body["Version"] != "1":
        raise malformed('it must hold exactly Version "1" and Statement')
    if not isinstance(body["Statement"], list):
        raise malformed("Statement must be a list")
    return tuple(_statement(entry, trust=trust) for entry in body["Statement"])


def _statement(entry: object, *, trust: bool) -> Statement:
    """Compile one statement."""
    known = {"Effect", "Action", "NotAction", "Condition"} | ({"Principal"} if trust else {"Resource", "NotResource"})
    if not isinstance(entry, dict) or set(entry) - known:
        raise malformed(f"a statement may hold {', '.join(sorted(known))}")
    if entry.get("Effect") not in ("Allow", "Deny"):
        raise malformed("Effect must be Allow or Deny")
    action = _either(entry, "Action", "NotAction", _action)
    resource: Match = (lambda _: True) if trust else _either(entry, "Resource", "NotResource", _resource)
    return Statement(
        allows=entry["Effect"] == "Allow",
        action=action,
        resource=resource,
        conditions=tuple(compile_conditions(entry.get("Condition", {}))),
        principals=_principals(entry.get("Principal")) if trust else (),
        source=entry,
    )


def _either(entry: dict[str, Any], name: str, negated: str, compile_one: Callable[[str], Match]) -> Match:
    """``Action`` or ``NotAction``, ``Resource`` or ``NotResource``: exactly one of the two."""
    if (name in entry) == (negated in entry):
        raise malformed(f"a statement must hold either {name} or {negated}")
    tests = [compile_one(text) for text in _texts(entry[name] if name in entry else entry[negated], name)]
    if name in entry:
        return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)
    return lambda value: not any(test(value) for test in tests)


def _texts(value: object, name: str) -> list[str]:
    """A text or a list of texts, as a list."""
    texts = [text for text in (value if isinstance(value, list) else [value]) if isinstance(text, str) and text]
    if not texts or (isinstance(value, list) and len(texts) != len(value)):
        raise malformed(f"{name} must be a text or a list of texts")
    return texts


def _action(pattern: str) -> Match:
    """``*`` or ``product:Operation``; case does not count."""
    if not re.fullmatch(r"\*|[A-Za-z0-9*-]+:[A-Za-z0-9*?/_-]+", pattern):
        raise malformed(f"{pattern!r} is not an action")
    return glob(pattern.lower())


def _resource(pattern: str) -> Match:
    """``*`` or ``acs:product:region:account:name``; a region left empty is any region.

    Roles are compared without regard to case: the vendor's pages name the access role both in mixed case (API page
    "CreateControlPolicy") and in lower case (help page "Access a member").
    """
    if pattern == "*":
        return glob(pattern)
    parts = pattern.split(":", 4)
    if parts[0] not in ("acs", "*") or len(parts) != len(("acs", "product", "region", "account", "name")):
        raise malformed(f"{pattern!r} is not a resource")
    return glob(":".join(part or "*" for part in parts), re.IGNORECASE if parts[1] == "ram" else 0)


def _principals(value: object) -> tuple[tuple[str, str], ...]:
    """``{"RAM": [...], "Service": [...], "Federated": [...]}`` as (kind, name) pairs."""
    if not isinstance(value, dict) or not value or set(value) - {"RAM", "Service", "Federated"}:
        raise malformed("Principal must hold RAM, Service or Federated")
    pairs = [(kind, name) for kind, names in value.items() for name in _texts(names, "Principal")]
    if any(kind == "RAM" and not _RAM_PRINCIPAL.fullmatch(name) for kind, name in pairs):
        raise malformed("a RAM principal is an ARN of an account, a user or a role")
    if any(kind == "Service" and not _SERVICE_PRINCIPAL.fullmatch(name) for kind, name in pairs):
        raise malformed("a service principal is the domain of a service")
    return tuple(pairs)


_RAM_PRINCIPAL = re.compile(r"acs:ram::\d+:(root|user/[^:*?]+|role/[^:*?]+)")
_SERVICE_PRINCIPAL = re.compile(r"(\d+@)?[a-z0-9-]+(\.[a-z0-9-]+)+")
