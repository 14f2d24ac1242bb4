"""What is on schedule in the backup account (A): policies and their bindings, plans, vaults.

Nothing here deletes a vault, a backup point, a client or a policy: that is ``purge.py``, and for persons only.
What is wanted, and what is ours, is decided elsewhere; here it is read and written. What is special of
SAP HANA is in ``hana.py``, and how the cloud writes a policy's rules in ``rules.py``.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from typing import Any

from shared.backup_policy import VaultSettings
from shared.backups import BackupClient, Binding, HanaInstance, Place, Policy, Rule, Vault, marked, named_ours
from shared.clients import Api, Clients, Credentials
from shared.config import MARK
from shared.hana import Hana
from shared.paging import by_token, numbered
from shared.rules import read, written
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
        self._hana = Hana(self.api, owner)

    def policies(self, region: str) -> list[Policy]:
        """Every backup policy of the region, ours and foreign ones."""
        rows = by_token(self.api(region), "DescribePoliciesV2", lambda body: body.policies)
        return [self._policy(row, region) for row in rows]

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
        yield from self._hana.plans(region)

    def hana_instances(self, region: str) -> list[HanaInstance]:
        """Every registered SAP HANA instance."""
        return self._hana.instances(region)

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
            self._hana.plan(region, binding)
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
                self._hana.switch_off(region, binding)

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
        self.api(region).once(
            "CreateVault",
            vault_name=wanted.name,
            vault_region_id=region,
            vault_type=kind,
            encrypt_type=wanted.encryption,
            kms_key_id=wanted.kms_key,
            worm_enabled=wanted.locked or None,
            description=f"{MARK} vault of central backup.",
        )

    def write_policy(self, region: str, name: str, rules: Iterable[Rule], policy_id: str | None = None) -> None:
        """Make a policy, or replace the rules of one of ours."""
        api = self.api(region)
        if policy_id is None:
            fields = {"policy_name": name, "policy_description": f"{MARK} backup policy of central backup. Managed."}
            made = [api.model("CreatePolicyV2RequestRules").from_map(written(rule)) for rule in rules]
            api.once("CreatePolicyV2", rules=made, **fields)
        else:
            changed = [api.model("UpdatePolicyV2RequestRules").from_map(written(rule)) for rule in rules]
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

    def _policy(self, row: Any, region: str) -> Policy:  # noqa: ANN401 - an SDK model
        return Policy(
            row.policy_id,
            row.policy_name,
            region,
            marked(row.policy_description),
            row.policy_description or "",
            tuple(read(rule, self._owner) for rule in row.rules or []),
            frozenset(rule.vault_id for rule in row.rules or [] if rule.vault_id),
        )


def _source(binding: Binding) -> str | None:
    """``Source``: a prefix of OSS as text, several paths or tables as JSON (SDK model CreatePolicyBindingsRequest)."""
    if not binding.paths:
        return None
    return binding.paths[0] if binding.source_type == "OSS" else json.dumps(list(binding.paths))


def _vault(row: Any, region: str) -> Vault:  # noqa: ANN401 - an SDK model
    return Vault(
        row.vault_id,
        row.vault_name or "",
        region,
        row.vault_type or "STANDARD",
        marked(row.description),
        row.status == "CREATED",
        row.encrypt_type or "",
        row.kms_key_id or "",
        bool(row.worm_enabled),
        row.storage_size,
        row.snapshot_count,
    )
