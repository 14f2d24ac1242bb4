"""What a measurement leaves: a number with its unit, its limit, what it is compared with. Nothing is measured here."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Figure:
    """One row of bench/results.json."""

    name: str
    value: float
    unit: str
    limit: float | None = None
    """At most this; with ``least``, at least."""
    peer: float | None = None
    """The same of what it is compared with, in the same run."""
    ratio_to_peer: float | None = None
    """The median over pairs, where both were measured in turns; else the quotient."""
    notes: str = ""
    least: bool = False

    @property
    def ratio_to_limit(self) -> float | None:
        """1 or less where the limit is kept."""
        if self.limit is None:
            return None
        return self.limit / self.value if self.least else self.value / self.limit

    def shown(self, part: str) -> dict[str, Any]:
        """The row, named after its part of the run, with numbers as precise as they are."""
        row = {**asdict(self), "name": f"{part}: {self.name}", "ratio_to_limit": self.ratio_to_limit}
        row["notes"] = "; ".join(filter(None, [self.notes, "limit: at least" if row.pop("least") else ""]))
        order = ("name", "value", "unit", "limit", "peer", "ratio_to_limit", "ratio_to_peer", "notes")
        return {name: float(f"{row[name]:.4g}") if isinstance(row[name], float) else row[name] for name in order}


def paired(
    name: str,
    unit: str,
    ours: Sequence[float],
    peers: Sequence[float],
    *,
    limit_ratio: float | None = None,
    notes: str = "",
) -> Figure:
    """A figure from pairs that were measured in turns: medians, and the median of the pairs' ratios with its spread.

    ``limit_ratio`` sets the limit as a share of the peer's median.
    """
    ratios = sorted(mine / other for mine, other in zip(ours, peers, strict=True))
    peer = statistics.median(peers)
    spread = f"{len(ratios)} pairs, ratio {ratios[0]:.2f} to {ratios[-1]:.2f}"
    return Figure(
        name,
        statistics.median(ours),
        unit,
        limit=limit_ratio * peer if limit_ratio else None,
        peer=peer,
        ratio_to_peer=statistics.median(ratios),
        notes="; ".join(filter(None, [notes, spread])),
    )
