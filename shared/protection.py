"""What is on schedule in the backup account (A): policies and their bindings, plans, SAP HANA plans, vaults.

Nothing here deletes a vault, a backup point, a client or a policy: that is ``purge.py``, and for persons only.
What is wanted, and what is ours, is decided elsewhere; here it is read and written.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from shared.backup_policy import VaultSettings
from shared.backups import PLAIN_MARK, BackupClient, Binding, HanaInstance, Place, Policy, Vault, marked, named_ours
from shared.clients import Api, Clients, Credentials
from shared.config import MARK
from shared.outcome import PermanentError, Reason
from shared.paging import by_token, numbered
from shared.vendor import AbsentError, ExistsError

OURS = f"{MARK} bound by central backup. Managed: changes by hand are undone."

GONE = frozenset({"DEACTIVATED", "UNINSTALLING", "UNINSTALLED"})
"""``Status`` of clients that are not there any more (SDK model DescribeBackupClientsResponseBody)."""


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
        return [_hana(row, region, self._owner) for row in rows]

    def clients(self, region: str, place: Place) -> list[BackupClient]:
        """The backup clients on one account's ECS instances; Cloud Backup enters the account for this."""
        fields = {"client_type": "ECS_CLIENT", **place.fields}
        rows = numbered(self.api(region), "DescribeBackupClients", lambda body: body.clients, **fields)
        return [BackupClient(row.client_id, row.instance_id or "", region, row.status or "") for row in rows]

    def bind(self, region: str, binding: Binding) -> None:
        """Bind one data source to the policy whose id the binding holds; one that is suspended is resumed.

        Raises PermanentError for a database of a SAP HANA instance that nobody has registered: that needs its password.
        """
        if binding.client:
            self._install_client(region, binding)
        if binding.way == "hana_plan":
            self._plan_hana(region, binding)
            return
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

    def _install_client(self, region: str, binding: Binding) -> None:
        """Install the client where there is none; it is a task of minutes, and nobody waits for it."""
        known = {one.instance_id for one in self.clients(region, binding.place) if one.status not in GONE}
        if binding.source not in known:
            fields = {"instance_ids": [binding.source], **binding.place.fields}
            self.api(region)("InstallBackupClients", **fields)

    def _plan_hana(self, region: str, binding: Binding) -> None:
        """Make the plan of one database, or resume the one that is there."""
        if binding.id:
            known = next((one for one in self.plans(region) if one.id == binding.id), binding)
            fields = {"cluster_id": known.cluster_id, "vault_id": known.vault_id}
            self.api(region)("EnableHanaBackupPlan", plan_id=binding.id, **fields)
            return
        name, _, database = binding.source.partition("/")
        mine = [one for one in self.hana_instances(region) if (one.name, one.place) == (name, binding.place)]
        if not mine:
            detail = f"SAP HANA instance {name} of account {binding.place.account_id} is not registered in {region}"
            raise PermanentError(Reason.BAD_CONFIGURATION, f"{detail}: `cab hana` does that, with its password")
        self.api(region)(
            "CreateHanaBackupPlan",
            cluster_id=mine[0].id,
            vault_id=mine[0].vault_id,
            database_name=database,
            plan_name=binding.policy,
            backup_type="COMPLETE",
            schedule=binding.schedule,
        )

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

    def create_vault(self, region: str, wanted: VaultSettings, kind: str) -> None:
        """Make a vault; it takes backups only when it is ready, which takes a while (API page "CreateVault")."""
        self.api(region)(
            "CreateVault",
            vault_name=wanted.name,
            vault_region_id=region,
            vault_type=kind,
            encrypt_type=wanted.encryption,
            kms_key_id=wanted.kms_key,
            worm_enabled=wanted.locked or None,
            description=f"{MARK} vault of central backup.",
        )

    def write_policy(self, region: str, name: str, rules: list[dict[str, Any]], policy_id: str | None = None) -> None:
        """Make a policy, or replace the rules of one of ours. ``rules`` are as the cloud writes them."""
        api = self.api(region)
        if policy_id is None:
            fields = {"policy_name": name, "policy_description": f"{MARK} backup policy of central backup. Managed."}
            api("CreatePolicyV2", rules=[api.model("CreatePolicyV2RequestRules").from_map(r) for r in rules], **fields)
        else:
            changed = [api.model("UpdatePolicyV2RequestRules").from_map(rule) for rule in rules]
            api("UpdatePolicyV2", policy_id=policy_id, rules=changed)

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


def _hana(row: Any, region: str, owner: str) -> HanaInstance:  # noqa: ANN401 - an SDK model
    name = row.hana_name or ""
    shown = name.removeprefix(PLAIN_MARK).lstrip("-") if named_ours(name) else name
    return HanaInstance(row.cluster_id, shown, region, row.vault_id or "", Place.of(row, owner), named_ours(name))


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
        row.encrypt_type or "",
        bool(row.worm_enabled),
        row.storage_size,
        row.snapshot_count,
    )
