"""Who signed an MNS request: signature version 1, the only one that ``aliyun-mns-sdk`` 1.3.0 makes.

HMAC-SHA1 over method, content-md5, content-type, date, the ``x-mns-`` headers and the request target exactly as it was
sent (help page "Sign requests"; SDK ``mns/mns_client.py``). The token of a session travels unsigned.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from emulator import signatures
from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.state import Principal

_AUTHORIZATION = re.compile(r"MNS ([^:\s]+):(\S+)")


def authenticate(cloud: Cloud, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Principal:
    """The principal whose secret signed the request.

    Raises:
        CloudError: codes and statuses of the help page "Error codes" of Simple Message Queue.
    """
    if "authorization" not in headers:
        raise CloudError("MissingAuthorizationHeader", "Authorization header is required.")
    match = _AUTHORIZATION.fullmatch(headers["authorization"])
    if match is None:
        raise CloudError("InvalidAuthorizationHeader", "The Authorization header format is invalid.")
    _check_date(headers.get("date"))
    _check_digest(headers.get("content-md5"), body)
    principal, secret = _identify(cloud, match.group(1), headers.get("security-token", ""))
    if not signatures.same(sign(secret, method, target, headers), match.group(2)):
        raise CloudError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature "
            "you provided. Check your key and signing method.",
            403,
        )
    cloud.issued.add(match.group(2))
    return principal


def sign(secret: str, method: str, target: str, headers: Mapping[str, str]) -> str:
    """The base64 signature of a request whose header names are lower-case."""
    own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith("x-mns-"))
    parts = (method, headers.get("content-md5", ""), headers.get("content-type", ""), headers.get("date", ""))
    text = "\n".join(parts) + "\n" + own + target
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha1).digest()).decode()


def _identify(cloud: Cloud, key: str, token: str) -> tuple[Principal, str]:
    """The gateway's refusals in this product's words; the word for a bad token is inferred."""
    try:
        return cloud.identify(key, token)
    except CloudError as error:
        if error.code.startswith("InvalidAccessKeyId"):
            raise CloudError("InvalidAccessKeyId", "The AccessKey Id you provided is not exist.", 403) from error
        raise CloudError("AccessDenied", error.message, 403) from error


def _check_date(text: str | None) -> None:
    if not text:
        raise CloudError("MissingDateHeader", "Date header is required.")
    try:
        sent = signatures.http_date(text)
    except ValueError as error:
        raise CloudError("InvalidDateHeader", "The Date header format is invalid.") from error
    # By the machine's clock, which is the client's (help page "Common parameters").
    if abs(time.time() - sent) > signatures.WINDOW:
        raise CloudError("TimeExpired", "The http request you sent is expired.", 408)


def _check_digest(text: str | None, body: bytes) -> None:
    """The SDK sends base64 of the hexadecimal digest, RFC 1864 says base64 of the digest itself: both are taken."""
    if text is None:
        return
    digest = hashlib.md5(body)
    if text not in (base64.b64encode(digest.hexdigest().encode()).decode(), base64.b64encode(digest.digest()).decode()):
        raise CloudError("InvalidDegist", "The Content-MD5 you specified is invalid.")
