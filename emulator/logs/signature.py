"""Who signed a request: signature v1 with HMAC-SHA256 (help pages "Request signatures" and "Error codes")."""

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
    from emulator.accounts import Principal
    from emulator.cloud import Cloud

AUTHORIZATION = re.compile(r"LOG ([^:\s]+):(\S+)")


def authenticate(cloud: Cloud, method: str, resource: str, headers: Mapping[str, str], body: bytes) -> Principal:
    """The principal whose secret signed the request; ``resource`` is the path: no action here has a query.

    Raises:
        CloudError: codes and statuses of the help page "Error codes".
    """
    match = AUTHORIZATION.fullmatch(headers.get("authorization", ""))
    if match is None or headers.get("x-log-signaturemethod") != "hmac-sha256":
        raise CloudError("ParameterInvalid", "Http extend authorization : authorization pair is invalid.")
    if headers.get("x-log-apiversion") != "0.6.0":
        raise CloudError("ParameterInvalid", "Http extend x-log-apiversion is invalid.")
    try:
        sent = signatures.http_date(headers.get("date", ""))
    except ValueError as error:
        raise CloudError("InvalidRequestTime", "Request time not follow RFC822 spec.") from error
    if abs(time.time() - sent) > signatures.WINDOW:
        raise CloudError("RequestTimeExpired", "Request time has been expired.")
    try:
        principal, secret = cloud.identify(match.group(1), headers.get("x-acs-security-token", ""))
    except CloudError as error:
        raise CloudError("Unauthorized", error.message, 401) from error
    digest = hashlib.md5(body).hexdigest().upper() if body else ""
    if digest != headers.get("content-md5", ""):
        raise CloudError("ParameterInvalid", "Http extend content-md5 is invalid.")
    if not signatures.same(_signature(secret, method, resource, headers), match.group(2)):
        raise CloudError("SignatureNotMatch", f"Signature {match.group(2)} not matched.", 401)
    cloud.issued.add(match.group(2))
    return principal


def _signature(secret: str, method: str, resource: str, headers: Mapping[str, str]) -> str:
    """Base64 of the HMAC over method, MD5, type, date, the ``x-log-`` and ``x-acs-`` headers, and the resource."""
    own = "".join(f"{name}:{headers[name]}\n" for name in sorted(headers) if name.startswith(("x-log-", "x-acs-")))
    first = [method, headers.get("content-md5", ""), headers.get("content-type", ""), headers.get("date", "")]
    text = "\n".join(first) + "\n" + own + resource
    return base64.b64encode(hmac.new(secret.encode(), text.encode(), hashlib.sha256).digest()).decode()
