"""What is searched for secrets: see ``tests/secrets.py``."""

from __future__ import annotations

from pathlib import Path

from tests import secrets

SECRET = "a-secret-that-no-cloud-ever-gave-out"


def test_what_a_child_prints_and_writes_is_searched(tmp_path: Path) -> None:
    """Whoever runs one hands over its output, and the files that its command line names."""
    report = tmp_path / "report.html"
    report.write_text(f"<p>{SECRET[:20]}</p>", encoding="utf-8")
    secrets.keep("nothing", f"token={SECRET}")
    secrets.keep_files(["report", "--file", str(report)])
    found = secrets.leaked({SECRET[: secrets.WIDTH]})
    assert len(found) == 2
    assert all("test_what_a_child_prints" in where for where in found)
