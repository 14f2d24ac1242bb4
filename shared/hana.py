"""SAP HANA in the backup account (A): its registered instances, and the plans that back up their databases."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from shared.backups import PLAIN_MARK, Binding, HanaInstance, Place, named_ours
from shared.clients import Api
from shared.outcome import PermanentError, Reason
from shared.paging import numbered


class Hana:
    """``api`` makes the client of a region; ``owner`` is the backup account."""

    def __init__(self, api: Callable[[str], Api], owner: str) -> None:
        self._api = api
        self._owner = owner

    def instances(self, region: str) -> list[HanaInstance]:
        """Every registered instance."""
        rows = numbered(self._api(region), "DescribeHanaInstances", lambda body: body.hanas and body.hanas.hana)
        return [_instance(row, region, self._owner) for row in rows]

    def plans(self, region: str) -> Iterator[Binding]:
        """Every plan, as what is backed up by it."""
        for instance in self.instances(region):
            yield from self._plans_of(instance)

    def plan(self, region: str, binding: Binding) -> None:
        """Make the plan of one database, or resume the one that is there.

        Raises PermanentError where nobody has registered the instance: that needs its password.
        """
        if binding.id:
            known = next((one for one in self.plans(region) if one.id == binding.id), binding)
            self._switch("EnableHanaBackupPlan", region, known)
            return
        name, _, database = binding.source.partition("/")
        mine = [one for one in self.instances(region) if (one.name, one.place) == (name, binding.place)]
        if not mine:
            detail = f"SAP HANA instance {name} of account {binding.place.account_id} is not registered in {region}"
            raise PermanentError(Reason.BAD_CONFIGURATION, f"{detail}: `cab hana` does that, with its password")
        self._api(region).once(
            "CreateHanaBackupPlan",
            cluster_id=mine[0].id,
            vault_id=mine[0].vault_id,
            database_name=database,
            plan_name=binding.policy,
            backup_type="COMPLETE",
            schedule=binding.schedule,
        )

    def switch_off(self, region: str, binding: Binding) -> None:
        """Suspend a plan; nothing is deleted."""
        self._switch("DisableHanaBackupPlan", region, binding)

    def _switch(self, action: str, region: str, binding: Binding) -> None:
        fields = {"cluster_id": binding.cluster_id, "vault_id": binding.vault_id}
        self._api(region)(action, plan_id=binding.id, **fields)

    def _plans_of(self, instance: HanaInstance) -> Iterator[Binding]:
        rows = numbered(
            self._api(instance.region),
            "DescribeHanaBackupPlans",
            lambda body: body.hana_backup_plans and body.hana_backup_plans.hana_backup_plan,
            cluster_id=instance.id,
        )
        for row in rows:
            yield Binding(
                instance.place,
                "HANA",
                f"{instance.name}/{row.database_name}",
                row.plan_name,
                "hana_plan",
                disabled=bool(row.disabled),
                ours=named_ours(row.plan_name),
                id=row.plan_id,
                vault_id=row.vault_id or "",
                cluster_id=instance.id,
            )


def _instance(row: Any, region: str, owner: str) -> HanaInstance:  # noqa: ANN401 - an SDK model
    name = row.hana_name or ""
    shown = name.removeprefix(PLAIN_MARK).lstrip("-") if named_ours(name) else name
    return HanaInstance(row.cluster_id, shown, region, row.vault_id or "", Place.of(row, owner), named_ours(name))
