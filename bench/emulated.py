"""The emulator by itself: how many signed calls it answers, and how long a large landing zone takes to load."""

from __future__ import annotations

import http.client
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import repeat

from bench.figures import Figure
from bench.instance import memory_mb
from bench.landscape import Landscape
from tests.cloud import Key
from tests.emulator.signing import acs3

CALLS, CONNECTIONS = 6000, 4
LEAST_CALLS_A_SECOND = 1500.0
LOAD_SECONDS = 3.0
Signed = tuple[str, dict[str, str]]


def emulator(land: Landscape) -> list[Figure]:
    """Signed GetRole calls from this process, with RAM's decision about each; then a zone of 10,000 accounts."""
    land.cloud.control("reset", zone="small")
    seconds = _answered(land)
    began = time.perf_counter()
    land.cloud.control("reset", zone="large")
    loaded = time.perf_counter() - began
    held = memory_mb("VmRSS", land.cloud.pid)
    notes = f"{CALLS} GetRole over {CONNECTIONS} connections, signed beforehand"
    return [
        Figure(
            "emulator: signed calls answered",
            CALLS / seconds,
            "calls/s",
            LEAST_CALLS_A_SECOND,
            notes=notes,
            least=True,
        ),
        Figure("emulator: a zone of 10,000 accounts is loaded", loaded, "s", LOAD_SECONDS),
        Figure("emulator: memory with 10,000 accounts", held, "MB"),
    ]


def _answered(land: Landscape) -> float:
    """Seconds until all the calls are answered."""
    host: str = land.cloud.ready["endpoints"]["ram"]
    key = Key(**land.cloud.ready["credentials"]["management"])
    query = {"RoleName": "cab-functions"}
    signed = [acs3(host, key, "GetRole", "2015-05-01", query) for _ in range(CALLS)]
    calls: list[Signed] = [(str(request.url.raw_path, "ascii"), dict(request.headers)) for request in signed]
    began = time.perf_counter()
    with ThreadPoolExecutor(CONNECTIONS) as threads:
        shares = (calls[part::CONNECTIONS] for part in range(CONNECTIONS))
        for refused in threads.map(_send, repeat(host), shares):
            if refused:
                raise RuntimeError(f"{refused} calls were refused")
    return time.perf_counter() - began


def _send(host: str, calls: list[Signed]) -> int:
    """Send them one after another over one connection; how many were refused."""
    connection, refused = http.client.HTTPConnection(host), 0
    for path, headers in calls:
        connection.request("POST", path, headers=headers)
        answer = connection.getresponse()
        answer.read()
        refused += answer.status != http.HTTPStatus.OK
    connection.close()
    return refused
