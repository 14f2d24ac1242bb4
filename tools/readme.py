"""The real output of ``make run`` in both READMEs: ``python -m tools.readme`` runs it and puts what it prints there."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

PAGES = (Path("README.md"), Path("README.zh-CN.md"))
BEGIN, END = "<!-- output of make run -->", "<!-- end -->"


def output() -> str:
    """What ``make run`` prints where there is no terminal. Raises CalledProcessError unless every account ended well.

    Its times, and the retry's delay, are of that run.
    """
    command = [sys.executable, "-m", "cli.demo"]
    ran = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)  # noqa: S603 - our own command
    return "\n".join(line.rstrip() for line in ran.stdout.strip("\n").splitlines())


def main() -> None:
    """Rewrite the block in every page."""
    block = f"{BEGIN}\n```text\n{output()}\n```\n{END}"
    for path in PAGES:
        before, _, rest = path.read_text(encoding="utf-8").partition(BEGIN)
        path.write_text(f"{before}{block}{rest.partition(END)[2]}", encoding="utf-8")


if __name__ == "__main__":
    main()
