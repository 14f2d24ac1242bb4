"""Requests signed by hand, so that a test can spoil any part of one."""

from __future__ import annotations

import hashlib
import hmac
import time
import uuid
from typing import TYPE_CHECKING
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


def send(request: httpx.Request) -> httpx.Response:
    """The answer to a request, whatever its status."""
    with httpx.Client(trust_env=False) as client:
        return client.send(request)


def refusal(request: httpx.Request) -> tuple[int, str]:
    """Status and code of an answer that is a refusal."""
    response = send(request)
    return response.status_code, response.json().get("Code", "")
