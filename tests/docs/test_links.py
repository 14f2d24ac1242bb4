from __future__ import annotations

import re

import pytest

from tests.cloud import ROOT
from tests.docs.documents import anchors, documents, prose, texts

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
ELSEWHERE = ("https://", "http://", "mailto:")


def links(name: str) -> list[str]:
    """The links of a document that stay within the project."""
    return [link for link in LINK.findall(prose(documents()[name])) if not link.startswith(ELSEWHERE)]


@pytest.mark.parametrize("name", sorted(documents()))
def test_links_lead_somewhere(name: str) -> None:
    """Every link within the project names a file or folder that exists and, after #, a heading that is in it."""
    broken = []
    for link in links(name):
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def test_documents_that_are_named_exist() -> None:
    """Each docs/….md that is named anywhere, in code too, is there."""
    named = {page for text in texts().values() for page in re.findall(r"\bdocs/[\w/-]+\.md\b", text)}
    assert [page for page in sorted(named) if not (ROOT / page).exists()] == []


def test_every_document_can_be_found() -> None:
    """Each page in docs/, each decision too, is linked from the README or from another page."""
    linked = {
        ((ROOT / name).parent / link.partition("#")[0]).resolve()
        for name in documents()
        for link in links(name)
        if link
    }
    pages = [path for path in ROOT.glob("docs/**/*.md") if path.resolve() not in linked]
    assert pages == []
