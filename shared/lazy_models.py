"""The models of an SDK, each imported when it is first named.

An SDK's client imports its package ``models``, and that imports every model of every action: 314 modules in the case of
Cloud Backup, of which enrolling an account needs six. That is a third of a cold start (docs/performance.md). Nothing
of an SDK is changed or replaced here: a model comes from the module in which the SDK has it, and what is found in none
makes the SDK's own ``models`` run as usual.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
import threading
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

_lock = threading.Lock()


def prepare(package: str) -> None:
    """Let ``package.models`` import its models one by one; to be called before the package's client is imported."""
    name = f"{package}.models"
    with _lock:
        if name in sys.modules:
            return
        spec = importlib.util.find_spec(name)
        if spec is None:
            return
        models = importlib.util.module_from_spec(spec)
        models.__class__ = _Models
        sys.modules[name] = models
        # As the import system does it for a module that is in a package.
        setattr(sys.modules[package], "models", models)  # noqa: B010 - a module has no such attribute for type checkers


class _Models(ModuleType):
    """A package of models that has run nothing yet."""

    @cached_property
    def _files(self) -> dict[str, str]:
        """Name without underscores → name of each module of the package."""
        found = {path.stem for folder in self.__path__ for path in Path(folder).glob("_[a-z]*.py")}
        return {name.replace("_", ""): name for name in found}

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - the SDKs ship no types
        """The model class ``name``: ``AbcRequest`` is in ``_abc_request``, its part ``AbcRequestPart`` as well."""
        if name.startswith("__"):
            raise AttributeError(name)
        value = self._find(name)
        setattr(self, name, value)
        return value

    def _find(self, name: str) -> Any:  # noqa: ANN401 - the same
        plain = name.lower()
        for length in range(len(plain), 0, -1):
            file = self._files.get(plain[:length])
            if file and hasattr(module := importlib.import_module(f"{self.__name__}.{file}"), name):
                return getattr(module, name)
        if self.__spec__ is not None and self.__spec__.loader is not None:
            self.__spec__.loader.exec_module(self)
        if name not in vars(self):
            raise AttributeError(f"{self.__name__} has no {name}")
        return vars(self)[name]
