from __future__ import annotations

from tests.flows.conftest import process, world

__all__ = ["process", "world"]
