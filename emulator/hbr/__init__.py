"""Cloud Backup (HBR 2017-09-08): one endpoint per region, one table of actions made of one table per file.

What happened by itself since the last call (jobs that ended, vaults that became ready) is settled before every action.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import wraps
from typing import TYPE_CHECKING, Any

from emulator.errors import CloudError
from emulator.hbr import (
    account,
    agenda,
    binding_calls,
    clients,
    cross_accounts,
    hana,
    inventory,
    job_calls,
    jobs,
    ots,
    plan_calls,
    policies,
    restores,
    roles,
    runs,
    snapshot_calls,
    snapshots,
    tasks,
    udm,
    vaults,
)
from emulator.service import Service

if TYPE_CHECKING:
    from emulator.service import Action, Call

agenda.WORK.update(
    {
        "vault": vaults.become_ready,
        "client": clients.settle,
        "policy": runs.run_policy,
        "plan": runs.run_plan,
        "hana_plan": runs.run_hana_plan,
        "job": jobs.end,
        "restore": restores.end,
        "snapshot": snapshots.expire,
    }
)

_SUCCESS = {"Success": True, "Code": "200", "Message": "successful"}
"""In every answer; ``Code`` is a text (API pages). Not in OpenHbrService's (SDK model OpenHbrServiceResponseBody)."""


_PERHAPS_AUTHORISED = frozenset({"AddCrossAccount", "DeleteCrossAccount", "CheckRole"})
"""Where RAM may be asked or not: the guess ``hbr_authorises_cross_accounts``."""


def _complete(name: str, action: Action) -> Action:
    """The action as the gateway calls it: first what is due, then the action, then the words of success."""
    run: Callable[[Call], dict[str, Any]] = action.run
    success = {} if name == "OpenHbrService" else _SUCCESS

    @wraps(run)
    def settled(call: Call) -> dict[str, Any]:
        if name in _PERHAPS_AUTHORISED and call.cloud.guesses.hbr_authorises_cross_accounts:
            call.cloud.require(call.caller, f"hbr:{name}", "*")
        agenda.catch_up(call.cloud)
        try:
            return {**success, **run(call)}
        except CloudError as refusal:
            if call.cloud.guesses.hbr_refusals == "ok":
                refusal.status = 200
            raise

    return replace(action, run=settled)


_TABLES = (
    account.ACTIONS,
    cross_accounts.ACTIONS,
    roles.ACTIONS,
    vaults.ACTIONS,
    policies.ACTIONS,
    binding_calls.ACTIONS,
    plan_calls.ACTIONS,
    clients.ACTIONS,
    tasks.ACTIONS,
    hana.ACTIONS,
    job_calls.ACTIONS,
    snapshot_calls.ACTIONS,
    inventory.ACTIONS,
    udm.ACTIONS,
    ots.ACTIONS,
    restores.ACTIONS,
)

SERVICE = Service(
    name="hbr",
    product="Hbr",
    version="2017-09-08",
    actions={name: _complete(name, action) for table in _TABLES for name, action in table.items()},
    missing="Missing{name}",
    invalid="BadRequest",
    error_extra={"Success": False},
)
