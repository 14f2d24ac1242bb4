"""Who signed this request, proved: the two signature schemes of the vendor's OpenAPI gateway.

ACS3-HMAC-SHA256 as in the help page "V3 request structure and signature", HMAC-SHA1 in the query or form as in "V2
RPC request structure and signature". Dates are judged by the machine's clock, not the emulated one: clients sign with
the time that they know.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
import time
from calendar import timegm
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, quote

from emulator.errors import CloudError

if TYPE_CHECKING:
    from emulator.accounts import Principal
    from emulator.cloud import Cloud

WINDOW = 15 * 60
"""Seconds that a request's date may differ from the server's, and that a nonce is remembered."""

_AUTHORIZATION = re.compile(r"ACS3-HMAC-SHA256 Credential=([^,]+), *SignedHeaders=([^,]+), *Signature=([0-9a-f]{64})")
_DATE_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_SIGNED_ALWAYS = ("host", "x-acs-date", "x-acs-signature-nonce", "x-acs-content-sha256")
"""Headers without which there is no signature. Other ``x-acs-`` headers and a content type must be signed where they
are sent (help page "V3 request structure and signature")."""


@dataclass(frozen=True)
class Request:
    """An HTTP request as its signature sees it. Header names are lower-case; ``query`` and ``form`` are decoded."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: Mapping[str, str]
    body: bytes = b""
    form: tuple[tuple[str, str], ...] = ()


def decoded(text: bytes) -> tuple[tuple[str, str], ...]:
    """The pairs of a query string or an urlencoded form, in their order."""
    return tuple(parse_qsl(text.decode("utf-8", "replace"), keep_blank_values=True)) if text else ()


def same(expected: str, given: str) -> bool:
    """Whether a signature is the expected one; it may hold whatever a header can."""
    return hmac.compare_digest(expected.encode(), given.encode())


def http_date(text: str) -> float:
    """Epoch seconds of a Date header (RFC 822), as all products read it that sign their own way.

    Raises:
        ValueError: it is not a date.
    """
    try:
        return parsedate_to_datetime(text).timestamp()
    except (TypeError, OverflowError) as error:
        raise ValueError(f"{text} is not a date") from error


@dataclass
class Nonces:
    """The nonces of the last quarter of an hour, so that none is accepted twice."""

    _known: set[str] = field(default_factory=set)
    _order: deque[tuple[float, str]] = field(default_factory=deque)

    def use(self, nonce: str, now: float) -> None:
        """Remember a nonce.

        Raises:
            CloudError: ``SignatureNonceUsed`` where it was seen before.
        """
        while self._order and self._order[0][0] < now - WINDOW:
            self._known.discard(self._order.popleft()[1])
        if nonce in self._known:
            raise CloudError("SignatureNonceUsed", "Specified signature nonce was used already.")
        self._known.add(nonce)
        self._order.append((now, nonce))


def authenticate(cloud: Cloud, request: Request) -> Principal:
    """The principal whose secret signed the request, by whichever of the two schemes it uses.

    Raises:
        CloudError: codes and statuses of the help pages "Common error codes" and "Client error codes".
    """
    if "authorization" in request.headers:
        return _acs3(cloud, request)
    return _rpc(cloud, request)


def access_key_id(request: Request) -> str:
    """The key that a request claims to be signed with, unproved (for faults of one account)."""
    match = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    return match.group(1) if match else dict(request.query + request.form).get("AccessKeyId", "")


def _acs3(cloud: Cloud, request: Request) -> Principal:
    headers = request.headers
    match = _AUTHORIZATION.fullmatch(headers["authorization"])
    if match is None:
        raise CloudError("IncompleteSignature", "The Authorization header is not of the form ACS3-HMAC-SHA256 ….")
    key, signed, signature = match.groups()
    names = signed.split(";")
    present = {name for name in headers if name.startswith("x-acs-") or name == "content-type"}
    for name in sorted(present.union(_SIGNED_ALWAYS)):
        if name not in headers or name not in names:
            raise CloudError("IncompleteSignature", f"The header {name} must be sent and signed.")
    _check_date(headers["x-acs-date"])
    principal, secret = cloud.identify(key, headers.get("x-acs-security-token", ""))
    if headers["x-acs-content-sha256"] != hashlib.sha256(request.body).hexdigest():
        raise _mismatch("x-acs-content-sha256 is not the digest of the body")
    canonical = _canonical(request, names, signed)
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    expected = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise _mismatch("server string to sign is:" + to_sign + ", of the canonical request " + repr(canonical))
    cloud.nonces.use(key + headers["x-acs-signature-nonce"], time.time())
    cloud.issued.add(signature)
    return principal


def _canonical(request: Request, names: list[str], signed: str) -> str:
    """The canonical request; on the wire a space is ``+``, here it is ``%20``."""
    query = "&".join(f"{_quote(name)}={_quote(value)}" for name, value in sorted(request.query))
    headers = "".join(f"{name}:{request.headers.get(name, '').strip()}\n" for name in names)
    digest = request.headers["x-acs-content-sha256"]
    return f"{request.method}\n{request.path}\n{query}\n{headers}\n{signed}\n{digest}"


def _rpc(cloud: Cloud, request: Request) -> Principal:
    """``HMAC-SHA1`` over method and all parameters, as ``aliyun-python-sdk-core`` and the command-line tools sign."""
    pairs = request.query + request.form
    sent = dict(pairs)
    for name in ("AccessKeyId", "Signature", "SignatureNonce", "Timestamp", "SignatureMethod", "SignatureVersion"):
        if not sent.get(name):
            raise CloudError(f"Missing{name}", f"{name} is mandatory for this action.")
    if sent["SignatureMethod"] != "HMAC-SHA1" or sent["SignatureVersion"] != "1.0":
        raise CloudError("InvalidSignatureMethod", "Only HMAC-SHA1, version 1.0, is emulated.")
    _check_date(sent["Timestamp"])
    principal, secret = cloud.identify(sent["AccessKeyId"], sent.get("SecurityToken", ""))
    query = "&".join(f"{_quote(name)}={_quote(value)}" for name, value in sorted(pairs) if name != "Signature")
    to_sign = f"{request.method}&%2F&{_quote(query)}"
    expected = base64.b64encode(hmac.new(f"{secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()).decode()
    if not same(expected, sent["Signature"]):
        raise _mismatch("server string to sign is:" + to_sign)
    cloud.nonces.use(sent["AccessKeyId"] + sent["SignatureNonce"], time.time())
    cloud.issued.add(sent["Signature"])
    return principal


def _quote(text: str) -> str:
    return quote(text, safe="-_.~")


def _check_date(text: str) -> None:
    try:
        sent = timegm(time.strptime(text, _DATE_FORMAT))
    except ValueError as error:
        raise CloudError("InvalidTimeStamp.Format", "The date must look like 2026-11-22T02:03:04Z, in UTC.") from error
    if abs(time.time() - sent) > WINDOW:
        raise CloudError("InvalidTimeStamp.Expired", "Specified time stamp or date value is expired.")


def _mismatch(why: str) -> CloudError:
    return CloudError("SignatureDoesNotMatch", f"Specified signature does not match our calculation. {why}")
