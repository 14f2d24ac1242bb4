"""docs/security.md names tests that are there, files that are there, and a reason for every resource that is ``*``."""

from __future__ import annotations

import ast
import json
import re

import pytest

from tests.cloud import ROOT

DOCUMENT = (ROOT / "docs" / "security.md").read_text(encoding="utf-8")
NAMED = sorted(set(re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", DOCUMENT)))
PROMISES = [
    line for line in DOCUMENT.partition("## Promises")[2].partition("\n## ")[0].splitlines() if line[:2] == "| "
]


@pytest.mark.parametrize(("file", "name"), NAMED)
def test_every_proof_is_there(file: str, name: str) -> None:
    """A test that is named exists."""
    tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
    assert name in {node.name for node in tree.body if isinstance(node, ast.FunctionDef)}


@pytest.mark.parametrize("promise", PROMISES[2:])
def test_every_promise_has_a_proof(promise: str) -> None:
    """Each row names a test."""
    assert "`tests/" in promise


@pytest.mark.parametrize("path", sorted((ROOT / "policies").glob("*.json")), ids=lambda path: path.name)
def test_every_wide_resource_has_a_reason(path: object) -> None:
    """Each policy is described; each action on every resource has its row, and so has a name that is wild in part."""
    file = ROOT / "policies" / str(path).rpartition("/")[2]
    assert f"(../policies/{file.name})" in DOCUMENT
    for statement in json.loads(file.read_text(encoding="utf-8"))["Statement"]:
        actions = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        if statement["Resource"] == "*":
            assert [a for a in actions if f"`{a}`" not in DOCUMENT and not a.startswith("hbr:")] == []
        resources = statement["Resource"] if isinstance(statement["Resource"], list) else [statement["Resource"]]
        assert [r for r in resources if "*" in r.rpartition(":")[2] and r != "*" and f"| `{r}` |" not in DOCUMENT] == []


def test_every_test_of_safety_is_named() -> None:
    """A test in ``tests/security`` or of the matrix that proves something is named as a proof."""
    tests = [path for part in ("security", "matrix") for path in (ROOT / "tests" / part).glob("test_*.py")]
    assert {str(path.relative_to(ROOT)) for path in tests} - {file for file, _ in NAMED} == set()
