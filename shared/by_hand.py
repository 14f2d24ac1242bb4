"""What only a person starts in the backup account, with rights of their own: backups, restores, SAP HANA instances.

The functions' role is not allowed any of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from shared.backups import Binding, Job, Place, Policy
from shared.clients import Api, Clients, Credentials
from shared.ports import Records
from shared.purge import Deletion
from shared.restore import Restoration, request
from shared.vendor import AbsentError


class ByHand:
    """Cloud Backup in account A, for persons. ``records`` reads how far what was started has come."""

    def __init__(self, clients: Clients, credentials: Callable[[], Credentials], records: Records) -> None:
        self._clients = clients
        self._credentials = credentials
        self._records = records

    def back_up(self, region: str, binding: Binding, policy: Policy) -> str:
        """Run a policy now, for one data source; the job's id (API page "ExecutePolicyV2": one BACKUP rule)."""
        rule = next(rule.id for rule in policy.rules if rule.type == "BACKUP")
        fields = {"source_type": binding.source_type, "data_source_id": binding.source}
        job: str = self._api(region)("ExecutePolicyV2", policy_id=policy.id, rule_id=rule, **fields).job_id
        return job

    def back_up_instance(self, region: str, place: Place, instance: str, days: int) -> str:
        """Back up an ECS instance once, bound or not; the job's id (API page "CreateBackupJob")."""
        job: str = self._api(region)(
            "CreateBackupJob",
            source_type="UDM_ECS",
            backup_type="COMPLETE",
            instance_id=instance,
            retention=days,
            job_name=f"cab backup {instance}",
            **place.fields,
        ).job_id
        return job

    def restore(self, restoration: Restoration) -> str:
        """Start a restore that was planned; the job's id."""
        fields = request(restoration)
        api = self._api(restoration.point.region)
        if "target_table_name" in fields:
            fields["ots_detail"] = api.model("OtsTableRestoreDetail", overwrite_existing=restoration.in_place)
        job: str = api("CreateRestoreJob", **fields).restore_id
        return job

    def register_hana(self, region: str, place: Place, **settings: Any) -> str:  # noqa: ANN401 - the SDK's own fields
        """Register a SAP HANA instance; its id. Cloud Backup installs its clients (API page "CreateHanaInstance")."""
        cluster: str = self._api(region)("CreateHanaInstance", **place.fields, **settings).cluster_id
        return cluster

    def delete(self, deletion: Deletion) -> None:
        """Carry out one step of a reviewed purge; gone already is as good."""
        with suppress(AbsentError):
            self._api(deletion.region)(deletion.action, **deletion.fields)

    def backup_job(self, region: str, job_id: str) -> Job | None:
        """A backup job as far as it has come."""
        return next(iter(self._records.jobs(region, JobId=job_id)), None)

    def restore_job(self, region: str, restore_type: str, job_id: str) -> Job | None:
        """The same for a restore job."""
        return self._records.restore_job(region, restore_type, job_id)

    def _api(self, region: str) -> Api:
        return self._clients.hbr(self._credentials(), region)
