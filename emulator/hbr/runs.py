"""The runs of backup rules: a policy's over its bindings, a plan's over its one data source.

It decides whether a run takes place and what the job keeps; the job itself is in ``jobs.py``.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from emulator.hbr import bindings, jobs, rules

if TYPE_CHECKING:
    from emulator.cloud import Cloud
    from emulator.hbr.rules import Rule
    from emulator.hbr.state import Binding, HanaPlan, Job, Plan, Policy


def run_policy(cloud: Cloud, entry: str, due: float) -> None:
    """A BACKUP rule falls due: every binding that is not suspended, those by tag made first.

    A run is left out where the last one still goes on (SDK model CreatePolicyV2Request).
    """
    policy = cloud.state.hbr.policies.get(entry.split(" ", 1)[0])
    rule = rules.due_rule(policy.rules, entry) if policy else None
    if policy is None or rule is None:
        return
    bindings.bind_tagged(cloud, policy, due)
    busy = jobs.busy(cloud, policy.id)
    for binding in bindings.of(cloud.state.hbr, policy.id):
        if not binding.disabled and binding.data_source not in busy:
            run_binding(cloud, policy, rule, binding, due, trigger="SCHEDULE")
    rules.await_run(cloud, "policy", policy.id, rule, due)


def run_binding(cloud: Cloud, policy: Policy, rule: Rule, binding: Binding, now: float, *, trigger: str) -> Job:
    """One job for one binding."""
    return jobs.start(
        cloud,
        binding,
        binding.place,
        now,
        {
            "source_type": binding.source_type,
            "data_source": binding.data_source,
            "paths": _paths(binding),
            "vault_id": rule.get("VaultId") or "",
            "plan_id": policy.id,
            "name": policy.name,
            "trigger": trigger,
            "retention": rules.retention(policy, rule),
            "keep_latest": rule.get("KeepLatestSnapshots") or 0,
        },
    )


def _paths(binding: Binding) -> list[str]:
    """The directories of ECS files that are bound: one as text, several as JSON (SDK model CreatePolicyBindings…)."""
    source = binding.settings.get("Source") if binding.source_type == "ECS_FILE" else None
    if not source:
        return []
    sent = json.loads(source) if isinstance(source, str) and source.startswith("[") else source
    return [sent] if isinstance(sent, str) else list(sent)


def run_plan(cloud: Cloud, entry: str, due: float) -> None:
    """A plan's rule falls due."""
    plan = cloud.state.hbr.plans.get(entry.split(" ", 1)[0])
    rule = rules.due_rule(plan.rules, entry) if plan else None
    if plan is None or rule is None:
        return
    if not plan.disabled and not rule.get("Disabled") and not jobs.busy(cloud, plan.id):
        start_plan(cloud, plan, rule, due, trigger="SCHEDULE")
    rules.await_run(cloud, "plan", plan.id, rule, due)


def start_plan(cloud: Cloud, plan: Plan, rule: Rule, now: float, *, trigger: str) -> Job:
    """One job of a plan."""
    job = jobs.start(
        cloud,
        plan,
        plan.place,
        now,
        {
            "source_type": plan.source_type,
            "data_source": plan.data_source,
            "vault_id": plan.vault_id,
            "plan_id": plan.id,
            "name": plan.name,
            "trigger": trigger,
            "retention": rule.get("Retention") or plan.retention,
            "keep_latest": plan.keep_latest,
            "tables": plan.settings.get("TableNames", []),
            "paths": plan.settings.get("Path") or [],
        },
    )
    plan.latest_job = job.id
    return job


def run_hana_plan(cloud: Cloud, entry: str, due: float) -> None:
    """A plan of an SAP HANA instance falls due; the data source is the first of its ECS instances (inferred)."""
    hbr = cloud.state.hbr
    plan: HanaPlan | None = hbr.hana_plans.get(entry.split(" ", 1)[0])
    rule = rules.due_rule([hana_rule(plan)], entry) if plan else None
    hana = hbr.hanas.get(plan.cluster_id) if plan else None
    if plan is None or rule is None or hana is None:
        return
    if not plan.disabled and not jobs.busy(cloud, plan.id):
        jobs.start(
            cloud,
            plan,
            hana.place,
            due,
            {
                "source_type": "HANA",
                "data_source": hana.settings["EcsInstanceIds"][0],
                "vault_id": plan.vault_id,
                "plan_id": plan.id,
                "name": plan.name,
                "trigger": "SCHEDULE",
            },
        )
    rules.await_run(cloud, "hana_plan", plan.id, rule, due)


def hana_rule(plan: HanaPlan) -> Rule:
    """The one rule of such a plan, in the form that the agenda knows."""
    return {"RuleId": plan.id, "Schedule": plan.settings["Schedule"]}
