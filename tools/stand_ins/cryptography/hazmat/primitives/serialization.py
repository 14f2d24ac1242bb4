"""Stands in for cryptography in the staged package, together with the two modules beside it.

One module of the vendor's SDKs imports three names of cryptography at its top, for signatures with an RSA key pair. The
functions sign with the key of their role (HMAC), so cryptography and what it brings would be loaded on every cold start
and never called. Whoever signs with a key pair is told where it went.
"""


def load_pem_private_key(*_: object, **__: object) -> None:
    """Called first where a request is signed with an RSA key."""
    raise NotImplementedError("cryptography is not in this package; see docs/package.md")
