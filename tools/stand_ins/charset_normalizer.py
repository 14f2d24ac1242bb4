"""Stands in for charset_normalizer in the staged package.

`requests` imports it at its top, to find out how a text is encoded whose server does not say. The SDKs read bytes and
take them for UTF-8, so it would be loaded on every cold start and never asked. Whoever asks is told where it went.
"""

__version__ = "3.0.0"
"""`requests` warns at its import of one that is older than 2 or not older than 4."""


def detect(_: bytes) -> dict[str, object]:
    """Asked for the encoding of a text whose server does not say it."""
    raise NotImplementedError("charset_normalizer is not in this package; see docs/package.md")
