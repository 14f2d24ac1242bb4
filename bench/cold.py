"""A fresh process: from its start to the answer, and the memory that it takes; ours and the naive handler in turns."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from typing import Any

from bench.figures import Figure, paired
from bench.function import NAIVE, Code, Function
from bench.landscape import ROOT, Landscape, created
from bench.onboarding import LATENCY_MS, TEN_REGIONS

PAIRS = 15
IGNORED_SHARE, ONBOARDING_SHARE, MEMORY_SHARE = 0.35, 0.6, 0.75


def cold_starts(land: Landscape) -> list[Figure]:
    """An event that is ignored; a full onboarding in one region; and the latter's memory."""
    land.populate(2 * PAIRS + 2)
    environ = land.environ(enrolment={"regions": list(TEN_REGIONS[:1])}, quotas={"calls": {}})
    ignored = json.loads((ROOT / "events" / "create-role.cloudevent.json").read_bytes())
    fresh = map(created, land.accounts)
    # The first of each compiles what it imports.
    codes = land.ours("onboard"), NAIVE
    for code in codes:
        _started(code, environ, next(fresh))
    idle = list(_pairs(codes, environ, iter([ignored] * 2 * PAIRS)))
    land.latency(LATENCY_MS)
    busy = list(_pairs(codes, environ, fresh))
    land.latency(0)
    return [
        _figure("cold start to answer, ignored event (s)", idle, IGNORED_SHARE),
        _figure("cold start to protected, one region (s)", busy, ONBOARDING_SHARE),
        _figure("peak memory of a cold onboarding (MB)", busy, MEMORY_SHARE),
    ]


Pair = tuple[dict[str, Any], dict[str, Any]]


def _figure(name: str, pairs: list[Pair], share: float) -> Figure:
    """``name`` ends with the unit; ``share`` is the limit as a share of the peer."""
    plain, _, unit = name.rstrip(")").partition(" (")
    field = {"s": "seconds", "MB": "peak_mb"}[unit]
    ours, peers = ([float(pair[which][field]) for pair in pairs] for which in (0, 1))
    notes = f"peer: naive handler, all its packages imported at its top; limit {share} x the peer"
    return paired(plain, unit, ours, peers, limit_ratio=share, notes=notes)


def _pairs(codes: tuple[Code, Code], environ: Mapping[str, str], events: Iterator[Any]) -> Iterator[Pair]:
    for first, second in zip(events, events, strict=True):
        yield _started(codes[0], environ, first), _started(codes[1], environ, second)


def _started(code: Code, environ: Mapping[str, str], event: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON
    """The answer of a fresh process, with ``seconds`` from its start."""
    began = time.perf_counter()
    with Function(code, environ) as function:
        answer = function.call(event)
        return {**answer, "seconds": time.perf_counter() - began}
