"""What only a person starts in the backup account, with rights of their own: backups, restores, SAP HANA instances.

The functions' role is not allowed any of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from shared.backups import Binding, Job, Place, Policy
from shared.clients import Api, Clients, Credentials
from shared.outcome import Reason, TemporaryError
from shared.ports import Records
from shared.purge import Deletion
from shared.restore import Restoration, request
from shared.vendor import AbsentError

UNANSWERED = frozenset({Reason.UNREACHABLE, Reason.CLOUD_FAULT})
"""Reasons that leave open whether the cloud did its work."""

BACKUPS = "DescribeBackupJobs2"
"""What lists the jobs of backups, newest first."""


class UnansweredError(TemporaryError):
    """What was to be started may have been; ``look`` is the command that tells."""

    def __init__(self, error: TemporaryError, look: str) -> None:
        super().__init__(error.reason, error.detail, code=error.code, request_id=error.request_id)
        self.look = look


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
        started = self._start(region, BACKUPS, "ExecutePolicyV2", policy_id=policy.id, rule_id=rule, **fields)
        return str(started.job_id)

    def back_up_instance(self, region: str, place: Place, instance: str, days: int) -> str:
        """Back up an ECS instance once, bound or not; the job's id (API page "CreateBackupJob")."""
        started = self._start(
            region,
            BACKUPS,
            "CreateBackupJob",
            source_type="UDM_ECS",
            backup_type="COMPLETE",
            instance_id=instance,
            retention=days,
            job_name=f"cab backup {instance}",
            **place.fields,
        )
        return str(started.job_id)

    def restore(self, restoration: Restoration) -> str:
        """Start a restore that was planned; the job's id."""
        fields = request(restoration)
        region = restoration.point.region
        if "target_table_name" in fields:
            overwriting = {"overwrite_existing": restoration.in_place}
            fields["ots_detail"] = self._api(region).model("OtsTableRestoreDetail", **overwriting)
        look = f"DescribeRestoreJobs2 --RestoreType {fields['restore_type']}"
        return str(self._start(region, look, "CreateRestoreJob", **fields).restore_id)

    def register_hana(self, region: str, place: Place, **settings: Any) -> str:  # noqa: ANN401 - the SDK's own fields
        """Register a SAP HANA instance; its id. Cloud Backup installs its clients (API page "CreateHanaInstance")."""
        look = "DescribeHanaInstances"
        return str(self._start(region, look, "CreateHanaInstance", **place.fields, **settings).cluster_id)

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

    def _start(self, region: str, look: str, action: str, /, **fields: object) -> Any:  # noqa: ANN401 - an SDK model
        """Start what the cloud would start a second time if asked again. Raises UnansweredError where it may have."""
        try:
            return self._api(region).once(action, **fields)
        except TemporaryError as error:
            if error.reason not in UNANSWERED:
                raise
            raise UnansweredError(error, f"aliyun hbr {look} --region {region}") from error

    def _api(self, region: str) -> Api:
        return self._clients.hbr(self._credentials(), region)
