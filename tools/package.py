"""``python -m tools.package`` stages build/, which ``s deploy`` uploads, and writes dist/sbom.json beside it.

Nothing outside the folder that ``s.yaml`` names as ``code`` is uploaded, so it must hold all that a handler imports,
and all of it is fetched before a cold start, so it must hold no more. What is left out is said here, with the reason,
and nowhere else. The same input gives the same bytes: ``s deploy`` skips a package whose checksum has not changed.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

from tools import bill

ROOT = Path(__file__).parent.parent
LOCK = ROOT / "requirements.lock"

ASYNCHRONOUS = (
    "the SDKs' asynchronous clients, which the functions do not use, are its only users: see stand_ins/aiohttp.py"
)
KEY_PAIRS = (
    "one module of the SDKs imports it for signatures with an RSA key pair, which the functions do not use: see "
    "stand_ins/cryptography"
)
INSTANCES = (
    "alibabacloud-credentials imports it to renew the keys of an ECS instance, and the functions hand in their own: "
    "see stand_ins/apscheduler"
)
LEFT_OUT = {
    "aiohappyeyeballs": ASYNCHRONOUS,
    "aiohttp": ASYNCHRONOUS,
    "aiosignal": ASYNCHRONOUS,
    "async-timeout": ASYNCHRONOUS,
    "attrs": ASYNCHRONOUS,
    "frozenlist": ASYNCHRONOUS,
    "multidict": ASYNCHRONOUS,
    "propcache": ASYNCHRONOUS,
    "yarl": ASYNCHRONOUS,
    "alibabacloud-tea-util": "alibabacloud-tea-openapi requires it, and imports it nowhere",
    "aliyun-fc2": "the operator's console calls functions by it; the functions call none",
    "apscheduler": INSTANCES,
    "cffi": "only cryptography requires it",
    "charset-normalizer": "requests imports it to find out encodings, which the SDKs never ask for: see "
    "stand_ins/charset_normalizer.py",
    "cryptography": KEY_PAIRS,
    "pycparser": "only cffi requires it",
    "pycryptodome": "aliyun-mns-sdk requires it, and imports it nowhere",
    "tzlocal": "only apscheduler requires it",
    "websocket-client": "darabonba imports it for web sockets, and the functions open none: see stand_ins/websocket",
}
"""Distributions of the lock that are not staged: no handler imports them."""

TRIMMED = re.compile(
    r"""
    ^bin/                                   # console scripts
    | (^|/)(tests?|docs|examples)/
    | -stubs/ | \.pyi$ | (^|/)py\.typed$    # for type checkers
    | \.(c|h|pxd|pxi|pyx|hash)$ | (^|/)_testcapi\.  # sources and tests of compiled modules
    | \.dist-info/(?!METADATA$|licenses/|sboms/|LICEN[CS]E|NOTICE|COPYING)
    | ^\.lock$
    """,
    re.VERBOSE,
)
"""Files of staged distributions that no import can reach. Modules that merely are not imported today stay."""

CODE = "/code"
"""Where Function Compute unpacks the folder (help page "Error handling": paths in its stack traces)."""
EPOCH = 1_577_836_800
"""Every staged file's time, 2020-01-01: times are part of the archive that is uploaded."""


class PackageError(Exception):
    """The package cannot be staged; says why and what to do."""


def main() -> None:
    """Stage, describe, report."""
    options = _options()
    compiled = stage(options.to, options.python)
    contents = bill.Contents.of(options.to)
    written = contents.write_bill(options.to.parent / "dist" / "sbom.json")
    print(contents.table())  # noqa: T201 - the report
    print(f"\nbytecode: {_bytecode(options.python, compiled=compiled)}")  # noqa: T201
    print(f"content:  sha256 {digest(options.to)}")  # noqa: T201
    print(f"staged:   {options.to}, bill of materials in {written}")  # noqa: T201
    if options.docs:
        bill.document(contents, LEFT_OUT, ROOT / "docs" / "package.md")


def stage(place: Path, python: str) -> bool:
    """Replace the folder ``place`` by a package for the runtime ``python`` ("3.10"); whether it holds bytecode."""
    if (place.exists() and not (place / "functions").is_dir()) or (place / "tools").exists():
        raise PackageError(f"{place} holds something else than a package")
    place.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=".staging-", dir=place.parent) as scratch:
        code = Path(scratch) / "code"
        _install(code, python, Path(scratch) / "requirements.txt")
        _trim(code)
        _add_ours(code)
        compiled = _compile(code, python)
        for path in sorted(code.rglob("*")):
            path.chmod(0o755 if path.is_dir() else 0o644)
            os.utime(path, (EPOCH, EPOCH))
        shutil.rmtree(place, ignore_errors=True)
        code.rename(place)
    return compiled


def digest(place: Path) -> str:
    """One number for all names and bytes below ``place``."""
    found = hashlib.sha256()
    for path in files(place):
        found.update(f"{path.relative_to(place).as_posix()}\0{path.stat().st_size}\0".encode() + path.read_bytes())
    return found.hexdigest()


def files(place: Path) -> Iterator[Path]:
    """Every file below ``place``, in the order of the archive."""
    return (path for path in sorted(place.rglob("*")) if path.is_file())


def locked(lock: Path = LOCK) -> dict[str, str]:
    """Distribution → its part of the lock: pins with hashes, perhaps for several versions of Python."""
    parts = re.split(r"^(?=[a-z0-9])", lock.read_text(encoding="utf-8"), flags=re.MULTILINE)
    found: dict[str, str] = {}
    for part in parts[1:]:
        name = part.partition("==")[0]
        found[name] = found.get(name, "") + part
    return found


def _install(code: Path, python: str, requirements: Path) -> None:
    """Put the locked distributions for that runtime's Python and glibc into ``code``, every file's hash checked.

    uv, because pip judges environment markers by the Python that runs it and not by the one asked for, and because it
    builds what is published as source only on the way.
    """
    kept = {name: part for name, part in locked().items() if name not in LEFT_OUT}
    requirements.write_text("".join(kept.values()), encoding="utf-8")
    command = [
        *(sys.executable, "-m", "uv", "pip", "install", "--quiet"),
        *("--python", sys.executable, "--python-version", python, "--python-platform", "x86_64-manylinux2014"),
        *("--target", str(code), "--link-mode", "copy", "--no-deps", "--require-hashes"),
        *("--build-constraints", str(ROOT / "tools" / "build-constraints.txt"), "-r", str(requirements)),
    ]
    if subprocess.run(command, cwd=ROOT, check=False).returncode:  # noqa: S603 - our own command
        raise PackageError("the locked distributions cannot be installed; uv says why above")


def _trim(code: Path) -> None:
    for path in list(files(code)):
        if TRIMMED.search(path.relative_to(code).as_posix()):
            path.unlink()
    for path in sorted(code.rglob("*"), reverse=True):
        if path.is_dir() and not any(path.iterdir()):
            path.rmdir()


def _add_ours(code: Path) -> None:
    """Our code, the stand-ins, and a module at the root for each handler: that form loads on every runtime.

    The loader of python3.12 is in no document, so that a handler in a package may not load there.
    """
    skip = shutil.ignore_patterns("__pycache__", "__init__.py")
    shutil.copytree(ROOT / "tools" / "stand_ins", code, ignore=skip, dirs_exist_ok=True)
    for name in ("functions", "shared"):
        shutil.copytree(ROOT / name, code / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copy(ROOT / "config.yaml", code)
    for door in sorted((code / "functions").glob("[!_]*.py")):
        shim = code / door.name
        if shim.exists():
            raise PackageError(f"a dependency has a module {door.name} at the root, where the handler's must be")
        shim.write_text(
            f'"""For runtimes that load handlers from the root alone."""\n\nfrom functions.{door.stem} import handler\n'
        )


def _compile(code: Path, python: str) -> bool:
    """Compile for that Python, if this machine has it: another version's bytecode would be ignored by the runtime.

    Unchecked: the runtime then neither reads nor looks at the source. One process and a fixed hash seed, since what a
    process compiled before shows in the bytes.
    """
    interpreter = find_interpreter(python)
    if interpreter is None:
        return False
    command = [
        *(interpreter, "-s", "-S", "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"),
        *("-s", str(code), "-p", CODE, str(code)),
    ]
    environment = {**os.environ, "PYTHONHASHSEED": "0", "PYENV_VERSION": python}
    if subprocess.run(command, env=environment, check=False).returncode:  # noqa: S603 - our own command
        raise PackageError(f"some module does not compile for Python {python}; see above")
    return True


def find_interpreter(python: str) -> str | None:
    """A CPython of exactly that version: the one that runs, or the one on the PATH (also as a shim of pyenv)."""
    question = "import sys; print(sys.implementation.name, *sys.version_info[:2])"
    for candidate in (sys.executable, f"python{python}"):
        try:
            answer = subprocess.run(  # noqa: S603 - our own command
                [candidate, "-c", question],
                env={**os.environ, "PYENV_VERSION": python},
                capture_output=True,
                text=True,
                check=False,
            )
        except OSError:
            continue
        if answer.stdout.split() == ["cpython", *python.split(".")]:
            return candidate
    return None


def runtime() -> str:
    """The Python version that ``s.yaml`` asks the platform for."""
    found = re.search(r"^\s*runtime: python(3\.\d+)$", (ROOT / "s.yaml").read_text(encoding="utf-8"), re.MULTILINE)
    if found is None:
        raise PackageError("s.yaml names no Python runtime")
    return found[1]


def _bytecode(python: str, *, compiled: bool) -> str:
    if compiled:
        return f"compiled for Python {python}"
    return f"none, since this machine has no Python {python}: cold starts will compile (docs/package.md)"


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.package", description="Stage what `s deploy` uploads.")
    parser.add_argument("--to", type=Path, default=ROOT / "build", help="the folder to replace")
    parser.add_argument("--python", default=runtime(), help="the runtime's Python; s.yaml's unless told")
    parser.add_argument("--docs", action="store_true", help="write the tables of docs/package.md")
    return parser.parse_args()


if __name__ == "__main__":
    try:
        main()
    except PackageError as error:
        sys.exit(str(error))
