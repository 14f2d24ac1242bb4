"""The README's path from nothing to a protected account, walked on a local cloud in which nobody has made anything yet.

``python -m tests.docs.landing_zone`` puts what each step prints into both pages. ``cab`` finds its credentials in the
environment, as on a real account, and the person says yes where it asks; ``s deploy`` makes the local cloud run what
``s.yaml`` says. Where a step waits for the timer, the cloud's clock moves on by the five minutes.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from textwrap import dedent, indent

import yaml

from tests.cloud import ROOT, LocalCloud
from tests.docs.documents import FENCE, NOT_RUN
from tests.drills.field import Field

PAGES = {"README.md": "## On a real landing zone\n", "README.zh-CN.md": "## 用于真实的 Landing Zone\n"}
"""Each page, and the heading of the section that has the path."""
LATER, SECONDS_LATER = "five minutes later", 300
SECONDS_AN_HOUR = 3600
INDENT = "   "
"""Of blocks within the numbered list."""


class Newcomer(Field):
    """A person who has this repository, an administrator's key, and accounts in which nothing of ours is."""

    def _start(self) -> LocalCloud:
        if not self.dump.exists():
            (self.folder / "config.yaml").write_text((ROOT / "config.yaml").read_text("utf-8"), encoding="utf-8")
            nothing = {**yaml.safe_load((ROOT / "s.yaml").read_text("utf-8")), "resources": {}}
            (self.folder / "deployed.yaml").write_text(yaml.safe_dump(nothing), encoding="utf-8")
        return super()._start()

    def variables(self) -> dict[str, str]:
        """The endpoints, and the key as the default chain of the SDKs finds it."""
        key = self.cloud.key()
        return {
            "CLOUD_ENDPOINTS": json.dumps(self.cloud.endpoints),
            "ALIBABA_CLOUD_ACCESS_KEY_ID": key.access_key_id,
            "ALIBABA_CLOUD_ACCESS_KEY_SECRET": key.access_key_secret,
        }


def section(name: str) -> tuple[str, str, str]:
    """A page before the path, the path, and what follows it."""
    before, heading, rest = (ROOT / name).read_text(encoding="utf-8").partition(PAGES[name])
    path, following, after = rest.partition("\n## ")
    return before + heading, path, following + after


def pairs(path: str) -> Iterator[tuple[re.Match[str], re.Match[str] | None]]:
    """Each block of commands that is run, with the block of what it prints, where the page has one."""
    fences = list(FENCE.finditer(path))
    for fence, following in zip(fences, [*fences[1:], None], strict=True):
        if fence["language"] == "sh" and not (fence["note"] or "").startswith(NOT_RUN):
            yield fence, following if following and following["language"] == "text" else None


def walk(newcomer: Newcomer, path: str) -> list[str]:
    """Do what the page says, block by block; what they printed, and how long it took."""
    outputs = []
    # The timer's first sweep comes at five past, when the walk has come to where it waits for that.
    newcomer.cloud.advance(SECONDS_AN_HOUR - newcomer.cloud.advance(0) % SECONDS_AN_HOUR + 1)
    for fence, printed in pairs(path):
        if fence["note"] == LATER:
            newcomer.cloud.advance(SECONDS_LATER)
        began, output = time.monotonic(), ""
        for line in filter(None, map(str.strip, fence["text"].splitlines())):
            ran = newcomer.run(line)
            assert ran.code == 0, f"{line}\n{ran.out}"
            output += ran.out
        if printed:
            lines = [line.rstrip() for line in output.strip("\n").splitlines()]
            outputs.append("\n".join([*lines, f"({time.monotonic() - began:.1f} s)"]))
    return outputs


def shown(path: str) -> list[str]:
    """What the page says that each block prints."""
    return [dedent(printed["text"]).rstrip("\n") for _, printed in pairs(path) if printed]


def written(path: str, outputs: list[str]) -> str:
    """The path with these outputs in the places of those that it has."""
    for old, new in zip(shown(path), outputs, strict=True):
        path = path.replace(indent(old, INDENT), indent(new, INDENT), 1)
    return path


def main() -> None:
    """Walk the English page, and rewrite both."""
    with TemporaryDirectory() as folder:
        newcomer = Newcomer(Path(folder))
        try:
            outputs = walk(newcomer, section("README.md")[1])
        finally:
            newcomer.cloud.stop()
    for name in PAGES:
        before, path, after = section(name)
        (ROOT / name).write_text(before + written(path, outputs) + after, encoding="utf-8")


if __name__ == "__main__":
    main()
