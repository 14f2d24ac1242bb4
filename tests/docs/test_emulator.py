"""docs/emulator.md says what the emulator does, no more and no less."""

from __future__ import annotations

import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
import yaml

from emulator import control, coverage, zone
from emulator.faults import Fault
from emulator.quotas import Quotas
from emulator.server import HBR_REGIONS, SERVICES
from tests.cloud import ROOT

if TYPE_CHECKING:
    from pathlib import Path

DOCUMENT = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")


def test_the_coverage_is_that_of_the_tables() -> None:
    """Between the markers is what `python -m emulator --coverage docs/emulator.md` writes."""
    written = DOCUMENT.partition(coverage.BEGIN)[2].partition(coverage.END)[0]
    assert written.strip() == coverage.markdown().strip()


def test_every_action_is_covered() -> None:
    """No action is missing from the document."""
    assert [a for service in SERVICES for a in service.actions if not re.search(rf"\b{a}\b", DOCUMENT)] == []


def test_every_option_is_described() -> None:
    """What --help lists, the document explains."""
    command = [sys.executable, "-m", "emulator", "--help"]
    shown = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout  # noqa: S603  # our own
    options = set(re.findall(r"(--[a-z]+)", shown)) - {"--help"}
    assert options == set(re.findall(r"^\| `(--[a-z]+)", DOCUMENT, re.MULTILINE))


def test_every_control_call_is_described() -> None:
    """The table of the control API has every route."""
    assert [f"{verb} {path}" for verb, path, _ in control.ROUTES if f"{verb} {path}" not in DOCUMENT] == []


@pytest.mark.parametrize("model", [Fault, Quotas])
def test_every_setting_is_described(model: type[Fault | Quotas]) -> None:
    """Every field of a fault and of the quotas is named."""
    assert [name for name in model.model_fields if f"`{name}`" not in DOCUMENT and f'"{name}"' not in DOCUMENT] == []


def test_the_example_zone_can_be_built(tmp_path: Path) -> None:
    """The zone in the document is one."""
    (example,) = re.findall(r"```yaml\n(.*?)```", DOCUMENT, re.DOTALL)
    (tmp_path / "mine.json").write_text('{"Version": "1", "Statement": []}')
    state = zone.build(yaml.safe_load(example), tmp_path)
    assert state.directory is not None
    assert len(state.directory.members) == 101
    assert set(state.accounts["1000000000000011"].roles) == {
        "reader",
        "ResourceDirectoryAccountAccessRole",
        "AliyunServiceRoleForHbrCrossAccountBackup",
    }


def test_regions_are_named_once() -> None:
    """No region has two sockets."""
    assert len(set(HBR_REGIONS)) == len(HBR_REGIONS)


def test_the_example_program_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """The program in the document does what it says, against an emulator that it starts itself."""
    (example,) = re.findall(r"```python\n(.*?)```", DOCUMENT, re.DOTALL)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    ended = subprocess.run([sys.executable, "-c", example], capture_output=True, text=True, timeout=60, check=True)  # noqa: S603  # the document's
    assert ended.stdout == "['cab-functions']\n"


def test_the_zones_are_as_described() -> None:
    """Accounts, people, roles and folders of the small zone; number and kind of the large one's."""
    small = zone.load(zone.find("small"))
    backup, management = small.accounts["1000000000000002"], small.accounts["1000000000000001"]
    assert (set(management.users), set(management.roles)) == ({"operator"}, {"cab-functions"})
    assert set(backup.users) == {"backup-operator"}
    assert "cab-backup" in backup.roles
    assert small.directory is not None
    names = {folder: found.name for folder, found in small.directory.folders.items()}
    members = small.directory.members
    placed = {number: names[members[f"10000000000000{number}"].folder_id] for number in ("11", "12", "13")}
    assert placed == {"11": "prod", "12": "test", "13": "sandbox"}
    assert "1000000000000099" in small.accounts.keys() - members.keys()
    large = zone.load(zone.find("large")).directory
    assert large is not None
    made = sorted(large.members.keys() - {"1000000000000002"})
    assert len(made) == 10_000
    assert [large.members[number].join_method for number in made] == ["created"] * 9900 + ["invited"] * 100
