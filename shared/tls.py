"""One TLS context for all hosts of the cloud.

The core of the vendor's SDKs makes one for each host, and reads some hundred certificates for it: thirteen times where
an account is enrolled in ten regions. A context is made to be shared (docs.python.org, "ssl", SSLContext), and this one
verifies by the same certificates: the system's and certifi's. See docs/decisions/0026-one-tls-context.md.
"""

from __future__ import annotations

import ssl
from functools import cache
from typing import Any

import certifi
from darabonba.core import DEFAULT_POOL_MAXSIZE, DEFAULT_POOL_SIZE, DaraCore
from requests.adapters import HTTPAdapter


def share_context() -> None:
    """Let every session that the SDKs make from now on use the one context."""
    DaraCore.get_adapter = staticmethod(_adapter)


@cache
def _context() -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


class _Adapter(HTTPAdapter):
    def init_poolmanager(self, *args: Any, **kwargs: Any) -> Any:  # noqa: ANN401 - as in requests
        """Make the pools of connections with the shared context."""
        return super().init_poolmanager(*args, ssl_context=_context(), **kwargs)


def _adapter(_prefix: str, _tls_min_version: str | None = None, pool_size: int | None = None) -> HTTPAdapter:
    """Takes the place of ``DaraCore.get_adapter``. We ask for no other version of TLS than Python's default."""
    return _Adapter(pool_connections=DEFAULT_POOL_SIZE, pool_maxsize=pool_size or DEFAULT_POOL_MAXSIZE)
