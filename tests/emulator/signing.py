"""Requests signed by hand, so that a test can spoil any part of one."""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
import uuid
from email.utils import formatdate
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit

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


def own(url: str, key: Key, scheme: str, body: bytes = b"", **headers: str | None) -> httpx.Request:
    """A PUT as MNS signs it, or a GET as ``FC`` does; ``headers`` replace the usual ones, None leaves one out."""
    is_mns = scheme == "MNS"
    token = "security-token" if is_mns else "x-fc-security-token"
    usual = {"date": formatdate(usegmt=True), "content-type": "text/xml", token: key.token or None}
    given = {**usual, **{name.replace("_", "-"): value for name, value in headers.items() if name != "authorization"}}
    sent = {name: value for name, value in sorted(given.items()) if value is not None}
    method, prefix = ("PUT", "x-mns-") if is_mns else ("GET", "x-fc-")
    texts = [method, sent.get("content-md5", ""), sent.get("content-type", ""), sent.get("date", "")]
    texts += [f"{name}:{value}" for name, value in sent.items() if name.startswith(prefix)]
    to_sign = "\n".join([*texts, urlsplit(url).path]).encode()
    digest = hmac.new(key.access_key_secret.encode(), to_sign, hashlib.sha1 if is_mns else hashlib.sha256).digest()
    if "authorization" not in headers:
        sent["authorization"] = f"{scheme} {key.access_key_id}:{base64.b64encode(digest).decode()}"
    return httpx.Request(method, url, headers=sent, content=body)


def send(request: httpx.Request) -> httpx.Response:
    """The answer to a request, whatever its status."""
    with httpx.Client(trust_env=False) as client:
        return client.send(request)


def refusal(request: httpx.Request) -> tuple[int, str]:
    """Status and code of an answer that is a refusal."""
    response = send(request)
    return response.status_code, response.json().get("Code", "")
