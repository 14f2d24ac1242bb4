from __future__ import annotations

import ast
import re
import sys
import time
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from alibabacloud_hbr20170908.models import DescribeCrossAccountsRequest

from tools import bill, package

if TYPE_CHECKING:
    from tests.cloud import LocalCloud
    from tests.package.conftest import Staged

ROOT = Path(__file__).parents[2]
MEMBER = "1000000000000011"
IGNORED = {"eventId": "e-1", "eventName": "DeleteDisk", "serviceName": "Ecs"}
MOST_ZIPPED_BYTES = 15_000_000
CONSOLE_ONLY = {"shared/invoke.py"}
"""Modules of ours that no handler imports, and whose imports are not staged."""


def handlers() -> list[str]:
    resources = yaml.safe_load((ROOT / "s.yaml").read_text(encoding="utf-8"))["resources"]
    return [resource["props"]["handler"].rpartition(".")[0] for resource in resources.values()]


def everything(now: float) -> list[tuple[str, object]]:
    """Calls that between them take every road of the handlers: enrol, try again, sweep, replay, set aside, withdraw."""
    times = [time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(moment)) for moment in (now - 3600, now)]
    retry = {"version": 1, "account_id": MEMBER, "hint": "joined", "attempt": 2}
    return [
        ("functions.onboard", {"accountId": MEMBER}),
        ("functions.retry", retry),
        ("functions.reconcile", {"sweep": "deep"}),
        ("functions.replay", {"replay": dict(zip(("start", "end"), times, strict=True)), "preview": False}),
        ("functions.onboard", {"no": "known form"}),
        ("functions.teardown", {"accountId": MEMBER, "do": "withdraw"}),
    ]


def registered(cloud: LocalCloud, region: str) -> list[int]:
    backup: Any = cloud.client("hbr", account="backup", region=region)
    return [
        one.cross_account_user_id
        for one in backup.describe_cross_accounts(DescribeCrossAccountsRequest()).body.cross_accounts.cross_account
    ]


@pytest.mark.parametrize("handler", handlers())
def test_handlers_load_from_the_package_alone(runnable: Staged, handler: str) -> None:
    """A handler that s.yaml names loads by that name and by its name at the root, and ignores what is not for it."""
    ran = runnable.run((handler, IGNORED), (handler.rpartition(".")[2], IGNORED))
    assert [answer["disposition"] for answer in ran["answers"]] == ["ignored", "ignored"]


def test_an_account_is_enrolled_by_the_package_alone(runnable: Staged, cloud: LocalCloud) -> None:
    """The staged onboard registers an account in every wanted region, with no other code on its path."""
    ran = runnable.run(("functions.onboard", {"accountId": MEMBER}), cloud=cloud)
    assert ran["answers"][0]["state"] == "protected"
    assert [registered(cloud, region) for region in ("cn-hangzhou", "cn-shanghai")] == [[int(MEMBER)]] * 2


def test_no_dependency_is_spare(runnable: Staged, cloud: LocalCloud) -> None:
    """Every distribution in the package is imported when the handlers take all their roads."""
    ran = runnable.run(*everything(time.time()), cloud=cloud)
    assert [answer["disposition"] for answer in ran["answers"]] == [*["done"] * 4, "dead_letter", "done"]
    tops = {file.split("/")[0].split(".")[0] for file in ran["imported"]}
    known = packages_distributions()
    imported = {bill.canonical(name) for top in tops for name in known.get(top, [])}
    assert {one.name for one in bill.Contents.of(runnable.place).components} - imported == set()


def test_no_import_of_ours_is_left_out(shipped: Staged) -> None:
    """What our modules import, also late and by name, is in the package; the console's are the only exception."""
    present = {path.name.split(".")[0] for path in shipped.place.iterdir()} | sys.stdlib_module_names
    ours = [path for folder in ("functions", "shared") for path in (shipped.place / folder).rglob("*.py")]
    missing = {
        f"{path.relative_to(shipped.place)}: {name}"
        for path in ours
        if path.relative_to(shipped.place).as_posix() not in CONSOLE_ONLY
        for name in imports(path)
        if name not in present
    }
    assert missing == set()


def imports(path: Path) -> set[str]:
    text = path.read_text(encoding="utf-8")
    nodes = list(ast.walk(ast.parse(text)))
    plain = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    named = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    spelt = set(re.findall(r'"(alibabacloud_\w+)"', text))
    return {name.split(".")[0] for name in plain | named | spelt}


def test_staging_again_gives_the_same_bytes(shipped: Staged, tmp_path: Path) -> None:
    """The same input gives the same package, in another folder and at another time."""
    package.stage(tmp_path / "again", shipped.python)
    assert package.digest(tmp_path / "again") == package.digest(shipped.place)
    assert {path.stat().st_mtime for path in package.files(shipped.place)} == {package.EPOCH}


def test_the_package_is_small(shipped: Staged) -> None:
    """The archive is no larger than 15 MB, bytecode included."""
    assert bill.Contents.of(shipped.place).archive_bytes <= MOST_ZIPPED_BYTES


def test_bytecode_is_of_the_runtime_and_unchecked(packages: dict[str, Staged]) -> None:
    """Every module has bytecode for exactly the runtime's Python, or no module has any and staging said so."""
    for staged in packages.values():
        sources = [path for path in package.files(staged.place) if path.suffix == ".py"]
        compiled = [path for path in package.files(staged.place) if path.suffix == ".pyc"]
        tag = f".cpython-{staged.python.replace('.', '')}.pyc"
        assert staged.has_bytecode == (staged.interpreter is not None)
        assert len(compiled) == (len(sources) if staged.has_bytecode else 0)
        assert all(path.name.endswith(tag) and path.read_bytes()[4:8] == b"\1\0\0\0" for path in compiled)


def test_nothing_of_the_machine_is_in_the_package(shipped: Staged) -> None:
    """No staged file names a folder of the machine that staged it."""
    traces = [str(ROOT).encode(), str(shipped.place.parent).encode(), sys.prefix.encode()]
    assert [path for path in package.files(shipped.place) if any(trace in path.read_bytes() for trace in traces)] == []


def test_a_folder_that_is_no_package_is_left_alone(tmp_path: Path) -> None:
    """Staging replaces only what it staged."""
    (tmp_path / "precious.txt").write_text("keep me")
    with pytest.raises(package.PackageError, match="something else"):
        package.stage(tmp_path, package.runtime())
    assert (tmp_path / "precious.txt").read_text() == "keep me"


def test_the_bill_names_every_distribution(shipped: Staged) -> None:
    """The bill of materials lists each staged distribution with the lock's version, a licence and what it needs."""
    components = bill.Contents.of(shipped.place).bill()["components"]
    lock = package.locked()
    assert {one["name"] for one in components} == lock.keys() - package.LEFT_OUT.keys() - {"tzdata"}
    assert [one["name"] for one in components if f"=={one['version']} " not in lock[one["name"]]] == []
    assert [one["name"] for one in components if "not stated" in str(one["licenses"])] == []


@pytest.mark.parametrize(
    ("name", "pinned"),
    [("requirements.lock", ["requirements.txt"]), ("requirements-dev.lock", ["requirements.txt", "pyproject.toml"])],
)
def test_a_lock_holds_the_pins_and_no_address(name: str, pinned: list[str]) -> None:
    """Every direct pin is locked, every line of the lock is a pin with hashes, and it names no registry."""
    lock = package.locked(ROOT / name)
    text = "".join((ROOT / file).read_text(encoding="utf-8") for file in pinned)
    pins = re.findall(r"(?:^|\")([\w.-]+)==([\w.]+)", text, re.MULTILINE)
    assert len(pins) >= len(pinned)
    assert [pin for pin, version in pins if not re.search(f"=={version} ", lock.get(bill.canonical(pin), ""))] == []
    assert [pin for pin, part in lock.items() if "--hash=sha256:" not in part] == []
    assert "://" not in "".join(lock.values())


def test_what_is_tested_is_what_is_shipped() -> None:
    """The environment of the tests holds the shipped distributions in the shipped versions."""
    shipped, here = package.locked(), package.locked(ROOT / "requirements-dev.lock")
    pins = {name: set(re.findall(r"^\S+==\S+", part, re.MULTILINE)) for name, part in here.items()}
    assert [name for name in pins.keys() & shipped.keys() if not all(pin in shipped[name] for pin in pins[name])] == []
    assert package.LEFT_OUT.keys() <= shipped.keys()


def test_the_page_lists_what_is_shipped(shipped: Staged) -> None:
    """The table of distributions in docs/package.md is that of the package."""
    page = (ROOT / "docs" / "package.md").read_text(encoding="utf-8")
    listed = re.findall(r"^\| ([\w.-]+) \| (\d[\w.]*) \| ", page, re.MULTILINE)
    assert [(one.name, one.version) for one in bill.Contents.of(shipped.place).components] == listed
