"""What stands in the way of ``make`` on a fresh machine is said, and leaves nothing behind."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from tests.cloud import ROOT

WITHOUT_VENV = """#!/bin/sh
mkdir -p .venv/bin && touch .venv/pyvenv.cfg && ln -s /bin/false .venv/bin/python
echo 'The virtual environment was not created successfully because ensurepip is not available.'
exit 1
"""
"""What Debian's Python does without python3-venv: it fails half-way."""


def test_a_python_without_venv_is_named(tmp_path: Path) -> None:
    """Without Debian's python3-venv it is said what to install, and no half environment stays; so it is again."""
    for name in ("Makefile", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    python = tmp_path / "python3"
    python.write_text(WITHOUT_VENV, encoding="utf-8")
    python.chmod(0o755)
    for _ in range(2):
        command = [shutil.which("make") or "make", f"PYTHON={python}", "install"]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        assert ran.returncode != 0
        assert "apt-get install python3-venv" in ran.stderr
        assert not (tmp_path / ".venv").exists()


def test_a_half_environment_is_made_anew(tmp_path: Path) -> None:
    """An environment without pip, which an earlier failure left behind, is removed before another one is made."""
    for name in ("Makefile", "requirements-dev.lock", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (tmp_path / ".venv" / "left-behind").touch()
    command = [shutil.which("make") or "make", "PYTHON=/bin/false", "install"]
    subprocess.run(command, cwd=tmp_path, capture_output=True, check=False)  # noqa: S603 - our own
    assert not (tmp_path / ".venv").exists()
