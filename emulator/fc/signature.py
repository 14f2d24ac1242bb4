"""Who signed a call to Function Compute: the product's own ``FC`` scheme, or ACS3 as every other product.

``FC {key}:{base64}`` is HMAC-SHA256 over method, content-md5, content-type, date, the ``x-fc-`` headers and the decoded
path (help page "Signature authentication"; SDK ``fc2/auth.py``). That the 2023-03-30 paths take it too is inferred:
the component fc3 signs some of its calls to them that way.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from typing import TYPE_CHECKING

from emulator import signatures
from emulator.errors import CloudError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from emulator.cloud import Cloud
    from emulator.state import Principal

_AUTHORIZATION = re.compile(r"FC ([^:\s]+):(\S+)")


def authenticate(cloud: Cloud, method: str, path: str, request: signatures.Request) -> Principal:
    """The principal whose secret signed the request; ``path`` is decoded, the request's own path is not.

    Raises:
        CloudError: codes and statuses of the help page "Error codes" of Function Compute, or the gateway's for ACS3.
    """
    headers = request.headers
    if headers.get("authorization", "").startswith("ACS3-HMAC-SHA256"):
        return signatures.authenticate(cloud, request)
    if "authorization" not in headers:
        raise CloudError("MissingRequiredHeader", "required HTTP header Authorization was not specified")
    match = _AUTHORIZATION.fullmatch(headers["authorization"])
    if match is None:
        raise CloudError("InvalidArgument", "the Authorization header is not of the form FC {key}:{signature}")
    _check_date(headers.get("date"))
    principal, secret = _identify(cloud, match.group(1), headers.get("x-fc-security-token", ""))
    if not signatures.same(sign(secret, method, path, headers), match.group(2)):
        text = "The request signature we calculated does not match the signature you provided. Check your access key"
        raise CloudError("SignatureNotMatch", f"{text} and signing method", 403)
    cloud.issued.add(match.group(2))
    return principal


def sign(secret: str, method: str, path: str, headers: Mapping[str, str]) -> str:
    """The base64 signature of a request whose header names are lower-case."""
    own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-fc-"))
    parts = (method, headers.get("content-md5", ""), headers.get("content-type", ""), headers.get("date", ""))
    text = "\n".join(parts) + "\n" + own + path
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()


def _identify(cloud: Cloud, key: str, token: str) -> tuple[Principal, str]:
    try:
        return cloud.identify(key, token)
    except CloudError as error:
        if error.code.startswith("InvalidAccessKeyId"):
            raise CloudError("InvalidAccessKeyID", f"invalid access key ID '{key}'", 403) from error
        raise CloudError("AccessDenied", error.message, 403) from error


def _check_date(text: str | None) -> None:
    if not text:
        raise CloudError("MissingRequiredHeader", "required HTTP header Date was not specified")
    try:
        sent = signatures.http_date(text)
    except ValueError as error:
        raise CloudError("InvalidArgument", "the Date header is not a date") from error
    if abs(time.time() - sent) > signatures.WINDOW:
        raise CloudError("AccessDenied", "the request's date is too far from the server's time", 403)
