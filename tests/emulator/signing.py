"""Requests signed by hand, so that a test can spoil any part of one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

import httpx

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.cloud import Key

DATE = "%Y-%m-%dT%H:%M:%SZ"
VERSIONS = {"ram": "2015-05-01", "sts": "2015-04-01", "hbr": "2017-09-08", "resourcedirectory": "2022-04-19"}


def acs3(
    host: str, key: Key, action: str, version: str, query: Mapping[str, str], **spoilt: str | None
) -> httpx.Request:
    """A POST as the help page "V3 request structure and signature" says.

    ``spoilt`` replaces headers before signing (``x_acs_date="…"``); None leaves one out.
    """
    headers: dict[str, str | None] = {
        "host": host,
        "x-acs-action": action,
        "x-acs-version": version,
        "x-acs-date": time.strftime(DATE, time.gmtime()),
        "x-acs-signature-nonce": uuid.uuid4().hex,
        "x-acs-content-sha256": hashlib.sha256(b"").hexdigest(),
        "x-acs-security-token": key.token or None,
    }
    headers |= {name.replace("_", "-"): value for name, value in spoilt.items()}
    sent = {name: value for name, value in sorted(headers.items()) if value is not None}
    canonical_query = "&".join(f"{quote(name)}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()))
    canonical_headers = "".join(f"{name}:{value}\n" for name, value in sent.items())
    digest = sent.get("x-acs-content-sha256", "")
    canonical = f"POST\n/\n{canonical_query}\n{canonical_headers}\n{';'.join(sent)}\n{digest}"
    to_sign = "ACS3-HMAC-SHA256\n" + hashlib.sha256(canonical.encode()).hexdigest()
    signature = hmac.new(key.access_key_secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    sent["authorization"] = (
        f"ACS3-HMAC-SHA256 Credential={key.access_key_id},SignedHeaders={';'.join(sent)},Signature={signature}"
    )
    return httpx.Request("POST", f"http://{host}/?{canonical_query}", headers=sent)


def rpc(host: str, key: Key, action: str, version: str, **spoilt: str) -> httpx.Request:
    """A GET as the help page "V2 RPC request structure and signature" says; ``spoilt`` replaces parameters first."""
    sent = {
        "Action": action,
        "Version": version,
        "Format": "JSON",
        "AccessKeyId": key.access_key_id,
        "SignatureMethod": "HMAC-SHA1",
        "SignatureVersion": "1.0",
        "SignatureNonce": uuid.uuid4().hex,
        "Timestamp": time.strftime(DATE, time.gmtime()),
        **({"SecurityToken": key.token} if key.token else {}),
        **spoilt,
    }
    query = "&".join(f"{quote(name)}={quote(value, safe='-_.~')}" for name, value in sorted(sent.items()))
    to_sign = f"GET&%2F&{quote(query, safe='-_.~')}"
    digest = hmac.new(f"{key.access_key_secret}&".encode(), to_sign.encode(), hashlib.sha1).digest()
    signature = quote(base64.b64encode(digest).decode(), safe="")
    return httpx.Request("GET", f"http://{host}/?{query}&Signature={signature}")


class Scheme(NamedTuple):
    """How a product signs its own way: method unless told, header of the token, signed headers, digest."""

    method: str
    token: str
    prefixes: tuple[str, ...]
    digest: str


SCHEMES = {
    "MNS": Scheme("PUT", "security-token", ("x-mns-",), "sha1"),
    "FC": Scheme("GET", "x-fc-security-token", ("x-fc-",), "sha256"),
    "LOG": Scheme("POST", "x-acs-security-token", ("x-log-", "x-acs-"), "sha256"),
}
"""The word before the key in the header → how queues, functions and the log service sign."""


def own(url: str, key: Key, scheme: str, body: bytes = b"", method: str = "", **headers: str | None) -> httpx.Request:
    """A request to queues, functions or the log service; ``headers`` replace the usual ones, None leaves one out."""
    how, target = SCHEMES[scheme], httpx.URL(url)
    method = method or how.method
    usual = {"date": formatdate(usegmt=True), "content-type": "text/xml", how.token: key.token or None}
    if scheme == "LOG":
        digest = hashlib.md5(body).hexdigest().upper()  # noqa: S324 - the product's own
        usual |= {"content-md5": digest if body else None, "content-type": "application/json"}
        usual |= {"x-log-apiversion": "0.6.0", "x-log-signaturemethod": "hmac-sha256"}
    given = {**usual, **{name.replace("_", "-"): value for name, value in headers.items()}}
    sent = {name: value for name, value in sorted(given.items()) if value is not None}
    texts = [method, *(sent.get(name, "") for name in ("content-md5", "content-type", "date"))]
    texts += [f"{name}:{value}" for name, value in sent.items() if name.startswith(how.prefixes)]
    # Only queues sign the query, and the path as it is sent.
    texts.append(target.raw_path.decode() if scheme == "MNS" else target.path)
    signature = base64.b64encode(
        hmac.new(key.access_key_secret.encode(), "\n".join(texts).encode(), how.digest).digest()
    )
    if "authorization" not in headers:
        sent["authorization"] = f"{scheme} {key.access_key_id}:{signature.decode()}"
    raw = [(name.encode(), value.encode("latin-1")) for name, value in sent.items()]
    return httpx.Request(method, target, headers=raw, content=body)


def send(request: httpx.Request) -> httpx.Response:
    """The answer to a request, whatever its status."""
    with httpx.Client(trust_env=False) as client:
        return client.send(request)


def refusal(request: httpx.Request) -> tuple[int, str]:
    """Status and code of an answer that is a refusal."""
    response = send(request)
    return response.status_code, response.json().get("Code", "")
