"""What a person asked to have backed up or restored, and the options by which the verbs ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

import typer

from shared.config import Config
from shared.kinds import KINDS, kind_of

Kind = Annotated[str, typer.Option("--kind", metavar="KIND", help=f"Only this kind: {', '.join(KINDS)}.")]
Source = Annotated[
    str, typer.Option("--source", metavar="SOURCE", help="Only this data source: instance, bucket, file system.")
]
Region = Annotated[str, typer.Option("--region", metavar="REGION", help="Only in this region.")]
NoWait = Annotated[bool, typer.Option("--no-wait", help="Start it, and do not follow it to its end.")]
Minutes = Annotated[
    float, typer.Option("--minutes", metavar="MINUTES", min=0, help="Follow it for so long at most; it goes on then.")
]
HOUR = 60.0


@dataclass(frozen=True)
class Asked:
    """Which data of which account; empty where it was not said."""

    account_id: str
    kind: str = ""
    source: str = ""
    region: str = ""
    at: float | None = None
    """Restore only: no point later than this (epoch seconds)."""
    point: str = ""
    """Restore only: this point."""

    def regions(self, config: Config) -> Sequence[str]:
        """Where to look for it."""
        return (self.region,) if self.region else config.backup_regions

    def means(self, source_type: str, source: str) -> bool:
        """Whether a data source is one that was asked for."""
        return self.source in {"", source} and self.kind in {"", kind_of(source_type)}
