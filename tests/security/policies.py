"""The policies of ``policies/``, taken apart: each action and each resource of each statement by itself."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.cloud import ROOT, LocalCloud
from tests.flows.world import BACKUP, MANAGEMENT, PROD, SANDBOX, TEST

FOLDER = ROOT / "policies"
ACCESS_ROLE = "ResourceDirectoryAccountAccessRole"
HOLDERS: dict[str, list[tuple[str, str]]] = {
    "functions": [(MANAGEMENT, "cab-functions")],
    "backup-account": [(BACKUP, "cab-backup")],
    "member-account": [(account, ACCESS_ROLE) for account in (PROD, TEST, SANDBOX)],
}
"""File → the roles that hold it, as (account, role)."""


@dataclass(frozen=True)
class Element:
    """One action or one resource of one statement. ``statement`` counts from 0."""

    file: str
    statement: int
    kind: str
    text: str

    def __str__(self) -> str:
        return f"{self.file} {self.statement} {self.text}"


def read(file: str) -> Any:
    """A policy document."""
    return json.loads((FOLDER / f"{file}.json").read_text(encoding="utf-8"))


def texts(value: Any) -> list[str]:
    """A text or a list of them, as a list."""
    return value if isinstance(value, list) else [value]


def elements(file: str) -> Iterator[Element]:
    """Everything that could be taken away: each action, and each resource that restricts anything."""
    for number, statement in enumerate(read(file)["Statement"]):
        for kind in ("Action", "Resource"):
            for text in texts(statement[kind]):
                # Taking the only resource away takes every action of the statement away.
                if len(texts(statement[kind])) > 1 or kind == "Action":
                    yield Element(file, number, kind, text)


def without(element: Element) -> Any:
    """The document without one element; a statement that has no action left goes too."""
    document = read(element.file)
    statement = document["Statement"][element.statement]
    statement[element.kind] = [text for text in texts(statement[element.kind]) if text != element.text]
    if not statement[element.kind]:
        del document["Statement"][element.statement]
    return document


def grant(cloud: LocalCloud, file: str, document: Any) -> None:
    """Let the roles that the file is for hold exactly this document and nothing else."""
    state = cloud.state()
    for account_id, name in HOLDERS[file]:
        account = state["accounts"][account_id]
        policy = {"name": f"exact-{file}", "document": json.dumps(document)}
        account["policies"][policy["name"]] = policy
        account["roles"][name]["attached"] = {f"Custom:{policy['name']}": 0.0}
    cloud.load(state)


def grant_all(cloud: LocalCloud, **instead: Any) -> None:
    """Every role holds exactly its file, or the document that is given instead of it (under its name with ``_``)."""
    for file in HOLDERS:
        grant(cloud, file, instead.get(file.replace("-", "_")) or read(file))


def held(cloud: LocalCloud) -> list[Any]:
    """What the roles of all files hold now, with the documents."""
    accounts = cloud.state()["accounts"]
    roles = [
        (accounts[account], accounts[account]["roles"][name])
        for holders in HOLDERS.values()
        for account, name in holders
    ]
    return [{name: _document(account, name) for name in role["attached"]} for account, role in roles]


def _document(account: Any, name: str) -> Any:
    kind, _, name = name.partition(":")
    return account["policies"][name]["document"] if kind == "Custom" else kind
