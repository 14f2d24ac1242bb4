"""Whoever signs wrongly gets in nowhere: the same tries at every endpoint, in every kind of signature that it takes."""

from __future__ import annotations

import re
import time
from email.utils import formatdate
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from emulator.server import HBR_REGIONS, SERVICES
from tests.emulator.signing import DATE, acs3, own, rpc

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.cloud import Key, LocalCloud

VERSIONS = {service.name: service.version for service in SERVICES}
HOUR = 3600
ROLE = "acs:ram::1000000000000012:role/ResourceDirectoryAccountAccessRole"
REFUSALS: Mapping[str, Mapping[str, tuple[int, str]]] = {
    "gateway": {
        "unknown key": (404, "InvalidAccessKeyId.NotFound"),
        "wrong secret": (400, "SignatureDoesNotMatch"),
        "long ago": (400, "InvalidTimeStamp.Expired"),
        "no token": (400, "MissingSecurityToken"),
        "another token": (400, "InvalidSecurityToken.MismatchWithAccessKey"),
        "session is over": (400, "InvalidSecurityToken.Expired"),
        "key is off": (400, "InvalidAccessKeyId.Inactive"),
    },
    "mns": {
        "unknown key": (403, "InvalidAccessKeyId"),
        "wrong secret": (403, "SignatureDoesNotMatch"),
        "long ago": (408, "TimeExpired"),
        "key is off": (403, "InvalidAccessKeyId"),
    },
    "fc": {
        "unknown key": (403, "InvalidAccessKeyID"),
        "wrong secret": (403, "SignatureNotMatch"),
        "long ago": (403, "AccessDenied"),
        "key is off": (403, "InvalidAccessKeyID"),
    },
    "logs": {
        "unknown key": (401, "Unauthorized"),
        "wrong secret": (401, "SignatureNotMatch"),
        "long ago": (400, "RequestTimeExpired"),
        "no token": (401, "Unauthorized"),
        "another token": (401, "Unauthorized"),
        "session is over": (401, "Unauthorized"),
        "key is off": (401, "Unauthorized"),
    },
}
"""Protocol → try → status and code; what queues and functions do not tell apart is AccessDenied there."""
TRIES = tuple(REFUSALS["gateway"])
PLACES = [(name, kind) for name in VERSIONS if name != "hbr" for kind in ("acs3", "rpc")]
PLACES += [(f"hbr {region}", kind) for region in HBR_REGIONS for kind in ("acs3", "rpc")]
PLACES += [("mns", "mns"), ("fc", "2016-08-15/services/s/functions/f/invocations"), ("fc", "2023-03-30/functions")]
PLACES += [("logs", "logstores/functions")]


def request(cloud: LocalCloud, place: str, kind: str, key: Key, ago: float) -> httpx.Request:
    """A call that is dated so many seconds ago and could be anything: nobody gets as far as its action."""
    name, _, region = place.partition(" ")
    endpoint: Any = cloud.endpoints[name]
    at = time.time() - ago
    if kind == "acs3":
        date = time.strftime(DATE, time.gmtime(at))
        return acs3(endpoint[region] if region else endpoint, key, "Any", VERSIONS[name], {}, x_acs_date=date)
    if kind == "rpc":
        date = time.strftime(DATE, time.gmtime(at))
        return rpc(endpoint[region] if region else endpoint, key, "Any", VERSIONS[name], Timestamp=date)
    if name == "logs":
        return own(f"http://{endpoint}/{kind}", key, "LOG", method="GET", date=formatdate(at, usegmt=True))
    path = "queues/q" if name == "mns" else kind
    return own(f"{endpoint}/{path}", key, name.upper(), date=formatdate(at, usegmt=True))


def told(answer: httpx.Response) -> tuple[int, str]:
    """Status and code, in XML or in any form of JSON."""
    found = re.search(r'(?:<Code>|"(?:[Ee]rror)?Code": ?")([\w.]+)', answer.text)
    return answer.status_code, found.group(1) if found else ""


@pytest.fixture(scope="module")
def keys(running_cloud: LocalCloud) -> Iterator[dict[str, Key]]:
    """What each try is signed with."""
    running_cloud.reset()
    good, session = running_cloud.key(), running_cloud.assume(ROLE, duration_seconds=3600)
    over = running_cloud.assume(ROLE, duration_seconds=900)
    running_cloud.advance(1000)
    state = running_cloud.state()
    off = running_cloud.key("backup")
    state["keys"][off.access_key_id]["active"] = False
    running_cloud.load(state)
    yield {
        "unknown key": good._replace(access_key_id="LTAI5tNobody"),
        "wrong secret": good._replace(access_key_secret="x"),
        "long ago": good,
        "no token": session._replace(token=""),
        "another token": session._replace(token=over.token),
        "session is over": over,
        "key is off": off,
        "good": good,
        "good session": session,
    }
    running_cloud.reset()


@pytest.mark.parametrize("place", PLACES, ids=" ".join)
def test_nobody_gets_in_with_a_wrong_signature(
    running_cloud: LocalCloud, http: httpx.Client, keys: dict[str, Key], place: tuple[str, str]
) -> None:
    """Unknown and disabled keys, wrong secrets, old dates and sessions without their own living token are refused."""
    refusals = REFUSALS.get(place[0], REFUSALS["gateway"])
    since = len(running_cloud.journal())
    for name in TRIES:
        answer = http.send(request(running_cloud, *place, keys[name], HOUR if name == "long ago" else 0))
        assert told(answer) == refusals.get(name, (403, "AccessDenied")), name
    for name in ("good", "good session"):
        http.send(request(running_cloud, *place, keys[name], 0))
    known = [bool(entry["principal"]) for entry in running_cloud.journal(since=since)]
    assert known == [False] * len(TRIES) + [True, True]
