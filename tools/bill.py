"""What a staged package holds: sizes, versions, licences; as text, as a CycloneDX bill of materials, as documentation.

Written by hand since the document is small and a library for it would bring more packages than we ship. How the folder
comes about is not known here.
"""

from __future__ import annotations

import json
import re
import uuid
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import Distribution, distributions
from io import BytesIO
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PROJECT = "cross-account-backup"
SMALL = 50_000
"""Bytes in the archive below which a part is not told by itself."""
LICENCES = {
    "Apache License 2.0": "Apache-2.0",
    "Apache 2.0": "Apache-2.0",
    "Apache 2": "Apache-2.0",
}
"""What authors wrote → SPDX; anything else is SPDX already or shown as it is."""


def _first(found: Distribution, key: str) -> str:
    return str((found.metadata.get_all(key) or [""])[0] or "")


@dataclass(frozen=True)
class Component:
    """One distribution in the package."""

    name: str
    version: str
    licence: str
    requires: frozenset[str]
    """Names of distributions, as the author spelt them; extras left out."""

    @classmethod
    def of(cls, found: Distribution) -> Component:
        """Read a ``.dist-info`` folder."""
        # Not by subscript: for what is not there it is None or a KeyError, depending on who reads the metadata.
        stated = next(filter(None, (_first(found, key) for key in ("License-Expression", "License"))), "not stated")
        needs = (one for one in found.requires or [] if "extra ==" not in one)
        return cls(
            name=canonical(found.metadata["Name"]),
            version=found.version,
            licence=LICENCES.get(stated, stated),
            requires=frozenset(canonical(re.split(r"[^\w.-]", one, maxsplit=1)[0]) for one in needs),
        )

    @property
    def purl(self) -> str:
        """The package URL by which scanners know it."""
        return f"pkg:pypi/{self.name}@{self.version}"


@dataclass(frozen=True)
class Contents:
    """Everything in one staged folder."""

    components: tuple[Component, ...]
    sizes: Mapping[str, tuple[int, int]]
    """First part of the path → bytes raw and in the archive."""
    archive_bytes: int

    @classmethod
    def of(cls, place: Path) -> Contents:
        """Look at a staged folder."""
        entries, archive_bytes = _zipped(place)
        sizes: dict[str, tuple[int, int]] = {}
        for entry in entries:
            part = "metadata and licences" if ".dist-info/" in entry.filename else entry.filename.split("/")[0]
            raw, packed = sizes.get(part, (0, 0))
            sizes[part] = (raw + entry.file_size, packed + entry.compress_size)
        components = sorted(map(Component.of, distributions(path=[str(place)])), key=lambda one: one.name)
        return cls(tuple(components), sizes, archive_bytes)

    @property
    def raw_bytes(self) -> int:
        """Bytes on the instance's disk."""
        return sum(raw for raw, _ in self.sizes.values())

    def rows(self) -> list[tuple[str, str, str]]:
        """Name, raw and zipped size of each part, the largest first, small ones as one, and the total."""
        parts = sorted(self.sizes.items(), key=lambda part: (-part[1][1], part[0]))
        rows = [(name, raw, packed) for name, (raw, packed) in parts if packed >= SMALL]
        small = [size for size in self.sizes.values() if size[1] < SMALL]
        rows.append((f"{len(small)} smaller parts", sum(raw for raw, _ in small), sum(packed for _, packed in small)))
        rows.append(("total", self.raw_bytes, self.archive_bytes))
        return [(name, f"{raw / 1e6:.2f} MB", f"{packed / 1e6:.2f} MB") for name, raw, packed in rows]

    def table(self) -> str:
        """The sizes as text."""
        lines = [("", "raw", "zipped"), *self.rows()]
        return "\n".join(f"{name:<50} {raw:>10} {packed:>10}" for name, raw, packed in lines)

    def write_bill(self, path: Path) -> Path:
        """Write the bill of materials: CycloneDX 1.6, the same for the same contents (no time, no random number)."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(self.bill(), indent=2) + "\n", encoding="utf-8")
        return path

    def bill(self) -> dict[str, Any]:
        """The bill of materials (CycloneDX 1.6 specification, "JSON reference")."""
        ours = {"type": "application", "bom-ref": PROJECT, "name": PROJECT, "version": _version()}
        shipped = {one.name: one for one in self.components}
        needed = {
            one.purl: [shipped[name].purl for name in sorted(one.requires & shipped.keys())] for one in shipped.values()
        }
        document = {
            "metadata": {"component": {**ours, "licenses": [{"license": {"id": "Apache-2.0"}}]}},
            "components": [_described(one) for one in self.components],
            "dependencies": [{"ref": ref, "dependsOn": on} for ref, on in needed.items()],
        }
        serial = uuid.uuid5(uuid.NAMESPACE_OID, json.dumps(document))
        head = {"bomFormat": "CycloneDX", "specVersion": "1.6", "serialNumber": f"urn:uuid:{serial}", "version": 1}
        return {**head, **document}


def _version() -> str:
    """The project's own; it need not be installed, and Python 3.10 reads no TOML."""
    found = re.search(r'^version = "(.+)"$', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    return found[1] if found else "unknown"


def canonical(name: str) -> str:
    """A distribution's name as registries compare it (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def document(contents: Contents, left_out: Mapping[str, str], page: Path) -> None:
    """Write the tables between the markers of ``page``."""
    licences = [(one.name, one.version, one.licence) for one in contents.components]
    tables = {
        "sizes": _markdown(("part", "raw", "zipped"), contents.rows()),
        "components": _markdown(("distribution", "version", "licence"), licences),
        "left out": _markdown(("distribution", "why"), sorted(left_out.items())),
    }
    text = page.read_text(encoding="utf-8")
    for name, table in tables.items():
        begin, end = f"<!-- begin {name} -->", f"<!-- end {name} -->"
        before, _, rest = text.partition(begin)
        text = f"{before}{begin}\n{table}\n{end}{rest.partition(end)[2]}"
    page.write_text(text, encoding="utf-8")


def _markdown(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _described(one: Component) -> dict[str, Any]:
    expression = re.fullmatch(r"[\w.-]+( (AND|OR) [\w.-]+)*", one.licence)
    licence = {"expression": one.licence} if expression else {"license": {"name": one.licence}}
    known = {"type": "library", "bom-ref": one.purl, "name": one.name, "version": one.version}
    return {**known, "purl": one.purl, "licenses": [licence]}


def _zipped(place: Path) -> tuple[list[zipfile.ZipInfo], int]:
    """The archive's entries and its size; ``s deploy`` makes its own, of about this size."""
    target = BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(place.rglob("*")):
            if path.is_file():
                archive.writestr(path.relative_to(place).as_posix(), path.read_bytes())
    return archive.infolist(), len(target.getvalue())
