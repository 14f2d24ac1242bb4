"""Stands in for aiohttp in the staged package.

The vendor's SDKs import aiohttp at their top for their asynchronous clients and transports. The functions use the
synchronous ones with threads, so aiohttp and the eight packages that it brings would be loaded on every cold start and
never called. Only the names that the SDKs mention belong here; whoever uses one is told where it went.
"""


class _LeftOut:
    def __init__(self, *_: object, **__: object) -> None:
        raise NotImplementedError(f"{type(self).__name__}: aiohttp is not in this package; see docs/package.md")


class ClientResponse(_LeftOut):
    """Named in annotations of darabonba."""


class ClientSession(_LeftOut):
    """Named in annotations of darabonba, made by its asynchronous transport and by Tea's."""


class ClientTimeout(_LeftOut):
    """Made by the asynchronous transports."""


class TCPConnector(_LeftOut):
    """Made by the asynchronous transports."""
