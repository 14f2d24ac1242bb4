"""One TLS context for all hosts of the cloud.

The core of the vendor's SDKs makes one for each host, and reads some hundred certificates for it: thirteen times where
an account is enrolled in ten regions. A context is made to be shared (docs.python.org, "ssl", SSLContext), and this one
verifies by the same certificates: the system's and certifi's. See docs/decisions/0026-one-tls-context.md.
"""

from __future__ import annotations

import ssl
import threading
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter


@cache
def prepare() -> None:
    """Begin to read the certificates: OpenSSL does it beside the import of an SDK, which takes about as long."""
    threading.Thread(target=_context, name="tls").start()


def share_context() -> None:
    """Let every session that the SDKs make from now on use the one context."""
    from darabonba.core import DaraCore

    DaraCore.get_adapter = staticmethod(_adapter)


_making = threading.Lock()


def _context() -> ssl.SSLContext:
    # A cache alone lets several threads make what is not there yet.
    with _making:
        return _made()


@cache
def _made() -> ssl.SSLContext:
    import certifi

    context = ssl.create_default_context()
    context.load_verify_locations(certifi.where())
    return context


def _adapter(_prefix: str, _tls_min_version: str | None = None, pool_size: int | None = None) -> HTTPAdapter:
    """Takes the place of ``DaraCore.get_adapter``. We ask for no other version of TLS than Python's default."""
    from darabonba.core import DEFAULT_POOL_MAXSIZE, DEFAULT_POOL_SIZE
    from requests.adapters import HTTPAdapter

    adapter = HTTPAdapter()
    adapter.init_poolmanager(DEFAULT_POOL_SIZE, pool_size or DEFAULT_POOL_MAXSIZE, ssl_context=_context())
    return adapter
