"""An account's backups and their bill, in words: what a plan and a withdrawal show of them.

Who pays is the product page's word. Prices are only those that ``prices`` of the configuration holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

from shared.config import Prices
from shared.inventory import GIB, shown_size
from shared.kinds import kind_of, who_pays
from shared.wording import counted


def told(inventory: Mapping[str, Any], prices: Prices | None = None) -> Iterator[str]:
    """What there is, line by line; nothing where there is nothing."""
    for one in inventory.get("bindings", ()):
        state = "switched off" if one["disabled"] else "runs"
        yield f"{one['what']} in {one['region']}: {state}{'' if one['ours'] else ', not ours'}"
    for name in ("clients", "hana_instances"):
        for one in inventory.get(name, ()):
            yield f"{name[:-1].replace('_', ' ')} {one['id']} in {one['region']}"
    for one in inventory.get("restorable", ()):
        yield _restorable(one)
    for one in inventory.get("vaults", ()):
        yield _vault(one, prices)
    yield from bill(one["source_type"] for one in inventory.get("restorable", ()))


def bill(source_types: Iterator[str]) -> Iterator[str]:
    """Who pays for these kinds of backups."""
    for name in sorted({kind_of(source_type) for source_type in source_types}):
        yield who_pays(name)


def _restorable(one: Mapping[str, Any]) -> str:
    newest = datetime.fromtimestamp(one["newest"], timezone.utc).isoformat(timespec="minutes")
    size = f", {shown_size(one['bytes'])}" if one["bytes"] is not None else ""
    where = f"vault {one['vault_name']}" if one["vault_id"] else "disk snapshots"
    points = counted(one["points"], "restorable point")
    return f"{points} of {one['source']} in {one['region']}, {where}{size}, newest {newest}"


def _vault(one: Mapping[str, Any], prices: Prices | None) -> str:
    stored = one["stored_bytes"]
    size = f", {shown_size(stored)} stored, of every account in it" if stored is not None else ""
    cost = f", {stored / GIB * prices.vault_gib_month:.2f} {prices.currency} a month" if prices and stored else ""
    return f"vault {one['name']} ({one['id']}) in {one['region']}{'' if one['ours'] else ', not ours'}{size}{cost}"
