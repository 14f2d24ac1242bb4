"""``cab explain``: one account's state, why, what happens next, and what a person can do. It changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import RenderableType
from rich.text import Text

from cli.attempted import account_of
from cli.bootstrap import ServicesFile
from cli.explain.facts import gather
from cli.explain.remedies import remedies
from cli.explain.sentences import NEXT, NOT_TOLD, STATE, WHY, sentences
from cli.output import Result, progress
from cli.session import Session
from cli.site import Site
from cli.verb import Named, verb

TITLES = {STATE: "What it is", WHY: "Why", NEXT: "What happens next"}


@verb("cab explain 1000000000000011")
def explain(session: Session, account: Named, *, services: ServicesFile = Path("s.yaml")) -> Result:
    """Say what an account's state is, why, what happens next, and what you can do; each sentence with its evidence.

    It tells what is true now, and what the cloud keeps of the past; what nobody keeps is said to be not kept.
    """
    account_id = account_of(account, session)
    with session.cloud() as cloud, progress(f"looking at {account_id}"):
        facts = gather(account_id, Site(session, cloud, services))
    said = [asdict(one) for one in sentences(facts, session.config)]
    document = {
        "account_id": account_id,
        "display_name": facts.surveyed.name,
        "state": facts.surveyed.state,
        "sentences": said,
        "fix": remedies(facts, session.config),
        "not_kept": [*facts.history.not_kept, *NOT_TOLD],
    }
    return Result(document, list(_shown(document)))


def _shown(document: dict[str, Any]) -> Iterator[RenderableType]:
    yield Text.assemble((document["account_id"], "bold"), f" {document['display_name']}")
    for about, title in TITLES.items():
        yield Text(title, "bold")
        for one in document["sentences"]:
            if one["about"] == about:
                yield Text.assemble(f"    {one['says']}  ", (f"[{one['evidence']}]", "dim"))
    yield Text("What you can do", "bold")
    yield from (Text.assemble(("    fix: ", "bold"), line) for line in document["fix"])
    if not document["fix"]:
        yield "    nothing: it needs nobody"
    yield Text("Not kept", "bold")
    yield from (Text(f"    {line}", "dim") for line in document["not_kept"])
