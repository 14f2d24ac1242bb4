"""What is on schedule in the backup account (A): policies and their bindings, plans, SAP HANA plans, vaults.

Nothing here deletes a vault, a backup point, a client or a policy: that is ``purge.py``, and for persons only.
What is wanted, and what is ours, is decided elsewhere; here it is read and written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from shared.backups import BackupClient, Binding, HanaInstance, Place, Policy, Vault, marked, named_ours
from shared.clients import Api, Clients, Credentials
from shared.config import MARK
from shared.paging import by_token, numbered
from shared.vendor import AbsentError, ExistsError

OURS = f"{MARK} bound by central backup. Managed: changes by hand are undone."


class Protection:
    """Cloud Backup in account A, region by region. ``credentials`` is called for each client, as in ``backup.py``."""

    def __init__(self, clients: Clients, credentials: Callable[[], Credentials], owner: str) -> None:
        self._clients = clients
        self._credentials = credentials
        self._owner = owner

    def policies(self, region: str) -> list[Policy]:
        """Every backup policy of the region, ours and foreign ones."""
        rows = by_token(self.api(region), "DescribePoliciesV2", lambda body: body.policies)
        return [_policy(row, region) for row in rows]

    def vaults(self, region: str) -> list[Vault]:
        """Every vault of the region; one that is not CREATED takes no backups yet (API page "CreateVault")."""
        rows = numbered(self.api(region), "DescribeVaults", lambda body: body.vaults and body.vaults.vault)
        return [_vault(row, region) for row in rows]

    def bindings(
        self, region: str, policies: Iterable[Policy], policy_id: str | None = None, sources: Iterable[str] = ()
    ) -> Iterator[Binding]:
        """What is bound to any policy, or to one, or of some data sources; ``policies`` are those of the region."""
        known = {policy.id: policy for policy in policies}
        fields = {"policy_id": policy_id, "data_source_ids": list(sources) or None}
        for row in by_token(self.api(region), "DescribePolicyBindings", lambda body: body.policy_bindings, **fields):
            yield self._binding(row, known.get(row.policy_id) or Policy(row.policy_id, row.policy_id, region))

    def plans(self, region: str) -> Iterator[Binding]:
        """Every backup plan, and every plan of SAP HANA, as what is backed up by it."""
        for row in numbered(
            self.api(region), "DescribeBackupPlans", lambda body: body.backup_plans and body.backup_plans.backup_plan
        ):
            yield self._plan(row)
        for instance in self.hana_instances(region):
            yield from self._hana_plans(instance)

    def hana_instances(self, region: str) -> list[HanaInstance]:
        """Every registered SAP HANA instance."""
        rows = numbered(self.api(region), "DescribeHanaInstances", lambda body: body.hanas and body.hanas.hana)
        return [
            HanaInstance(row.cluster_id, row.hana_name or "", region, row.vault_id or "", Place.of(row, self._owner))
            for row in rows
        ]

    def clients(self, region: str, place: Place) -> list[BackupClient]:
        """The backup clients on one account's ECS instances; Cloud Backup enters the account for this."""
        fields = {"client_type": "ECS_CLIENT", **place.fields}
        rows = numbered(self.api(region), "DescribeBackupClients", lambda body: body.clients, **fields)
        return [BackupClient(row.client_id, row.instance_id or "", region, row.status or "") for row in rows]

    def bind(self, region: str, binding: Binding) -> None:
        """Bind one data source to the policy whose id the binding holds; one that is suspended is resumed."""
        item = self.api(region).model(
            "CreatePolicyBindingsRequestPolicyBindingList",
            source_type=binding.source_type,
            data_source_id=binding.source,
            policy_binding_description=OURS,
            source=_source(binding),
            **binding.place.fields,
        )
        try:
            self.api(region)("CreatePolicyBindings", policy_id=binding.id, policy_binding_list=[item])
        except ExistsError:
            self._switch(region, binding, disabled=False)

    def unbind(self, region: str, binding: Binding) -> None:
        """Take the binding away; what was backed up stays (API page "DeletePolicyBinding")."""
        fields = {"source_type": binding.source_type, "data_source_ids": [binding.source]}
        with suppress(AbsentError):
            self.api(region)("DeletePolicyBinding", policy_id=binding.id, **fields)

    def switch_off(self, region: str, binding: Binding) -> None:
        """Suspend a binding or a plan: nothing is backed up by it any more, and nothing is deleted. Gone is as good."""
        with suppress(AbsentError):
            if binding.way == "policy":
                self._switch(region, binding, disabled=True)
            elif binding.way == "plan":
                fields = {"source_type": binding.source_type, "vault_id": binding.vault_id or None}
                self.api(region)("DisableBackupPlan", plan_id=binding.id, **fields)
            else:
                fields = {"cluster_id": binding.cluster_id, "vault_id": binding.vault_id}
                self.api(region)("DisableHanaBackupPlan", plan_id=binding.id, **fields)

    def _switch(self, region: str, binding: Binding, *, disabled: bool) -> None:
        self.api(region)(
            "UpdatePolicyBinding",
            policy_id=binding.id,
            source_type=binding.source_type,
            data_source_id=binding.source,
            disabled=disabled,
        )

    def api(self, region: str) -> Api:
        """The client of a region; building one takes microseconds."""
        return self._clients.hbr(self._credentials(), region)

    def _binding(self, row: Any, policy: Policy) -> Binding:  # noqa: ANN401 - an SDK model
        by_tag = bool(row.created_by_tag)
        return Binding(
            Place.of(row, self._owner),
            row.source_type,
            row.data_source_id,
            policy.name,
            disabled=bool(row.disabled),
            ours=marked(row.policy_binding_description) or (by_tag and policy.ours),
            by_tag=by_tag,
            id=policy.id,
            # One policy backs up to one vault (API page "CreatePolicyV2").
            vault_id=min(policy.vault_ids, default=""),
        )

    def _plan(self, row: Any) -> Binding:  # noqa: ANN401 - an SDK model
        named = (row.instance_id, row.bucket, row.file_system_id, row.instance_name, row.data_source_id)
        return Binding(
            Place.of(row, self._owner),
            row.source_type,
            next((name for name in named if name), ""),
            row.plan_name,
            "plan",
            disabled=bool(row.disabled),
            ours=named_ours(row.plan_name),
            id=row.plan_id,
            vault_id=row.vault_id or "",
        )

    def _hana_plans(self, instance: HanaInstance) -> Iterator[Binding]:
        rows = numbered(
            self.api(instance.region),
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


def _source(binding: Binding) -> str | None:
    """``Source``: a prefix of OSS as text, several paths or tables as JSON (SDK model CreatePolicyBindingsRequest)."""
    if not binding.paths:
        return None
    return binding.paths[0] if binding.source_type == "OSS" else json.dumps(list(binding.paths))


def _policy(row: Any, region: str) -> Policy:  # noqa: ANN401 - an SDK model
    rules = tuple(rule.to_map() for rule in row.rules or [])
    return Policy(
        row.policy_id,
        row.policy_name,
        region,
        marked(row.policy_description),
        row.policy_description or "",
        rules,
    )


def _vault(row: Any, region: str) -> Vault:  # noqa: ANN401 - an SDK model
    return Vault(
        row.vault_id,
        row.vault_name or "",
        region,
        row.vault_type or "STANDARD",
        marked(row.description),
        row.status == "CREATED",
        row.storage_size,
    )
